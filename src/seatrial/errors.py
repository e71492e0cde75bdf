"""What a person can mend: each error says what happened, how to fix it and where to read about it."""

from __future__ import annotations

import re
from typing import ClassVar

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
DOCUMENTATION = "https://github.com/seatrial/seatrial/blob/main/docs"
"""The folder of the pages that errors point to."""


class SeatrialError(Exception):
    """The root of everything that seatrial raises on purpose.

    ``what`` names the file, key, ref or version that it is about; ``fix`` is a command or the lines to paste.
    Only the faces (`seatrial.sessions`, `seatrial.tasks`) catch it; an exception nobody foresaw keeps its
    traceback.
    """

    exit_code: ClassVar[int] = 1
    page: ClassVar[str] = "errors.md"

    def __init__(self, what: str, *, fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix

    @property
    def url(self) -> str:
        """The address of the paragraph about this error: its page, and its class name as the anchor."""
        return f"{DOCUMENTATION}/{self.page}#{type(self).__name__.lower()}"

    def __str__(self) -> str:
        """Say what, fix and url: a line each, further lines of a text indented below their first."""
        said = [self.what]
        if self.fix:
            said.append("fix:  " + self.fix.replace("\n", "\n      "))
        said.append(f"read: {self.url}")
        return "\n".join(said)


class ProjectError(SeatrialError):
    """The project itself says something wrong, or not enough."""

    exit_code = 2


class PyprojectMissing(ProjectError):
    """There is no pyproject.toml where the noxfile lies."""


class PyprojectUnreadable(ProjectError):
    """pyproject.toml is not UTF-8, not TOML, or can't be opened."""


class PyprojectInvalid(ProjectError):
    """A key of pyproject.toml holds something of the wrong kind."""


class NoxfileInvalid(ProjectError):
    """A keyword argument in the noxfile is of the wrong kind."""


class NoPythonsNamed(ProjectError):
    """No classifier names a Python version, so there is no matrix."""


class PythonsContradict(ProjectError):
    """A classifier names a Python that ``requires-python`` excludes."""


class GroupMissing(ProjectError):
    """No dependency group says what a session needs."""


class GroupInvalid(ProjectError):
    """A dependency group can't be resolved (PEP 735)."""


class RequirementsUnusable(ProjectError):
    """A requirements file holds something else than requirements, or can't be read."""


class NotAProject(ProjectError):
    """There is nothing here that builds a Python package."""


class NotMine(ProjectError):
    """A file that would be written has unfinished work in it, or lies outside of the repository."""


class NameUnfit(ProjectError):
    """No package can have this name."""


class FolderTaken(ProjectError):
    """There is something in the folder where a package is to be."""


class PythonUnproved(ProjectError):
    """seatrial is not proved on this Python."""


class NothingToLint(ProjectError):
    """No linter is configured."""


class NothingToCheck(ProjectError):
    """There are no distributions to judge."""


class NoxfileBroken(ProjectError):
    """nox can't list the sessions of the noxfile."""


class SessionMissing(ProjectError):
    """The noxfile has no session that the workflows call."""


class WorkflowUnknown(ProjectError):
    """The forge is none for which there are workflows."""


class WorkflowsDrifted(ProjectError):
    """The files of CI are not what they should be."""


class WorkflowsUnsafe(ProjectError):
    """A workflow does what no workflow should."""


class TagUnfit(ProjectError):
    """A tag does not fit the project, or what was built from it."""


class BuildError(SeatrialError):
    """The distributions can't be built, or are not what they should be."""

    exit_code = 3


class BackendFailed(BuildError):
    """The build backend stopped with an error."""


class ForeignFiles(BuildError):
    """``dist/`` holds files that seatrial did not put there."""


class PackageMissing(BuildError):
    """The wheel does not contain the package."""


class WheelUnfit(BuildError):
    """The name of the wheel does not fit the Python that it is to be tested on."""


class DistributionsRefused(BuildError):
    """An index would not take the distributions."""


class NotAsBuilt(BuildError):
    """The files in ``dist/`` are not those that the build job of CI has told of."""


class NothingMeasured(BuildError):
    """The jobs of CI that run the tests have handed no coverage over."""


class ToolError(SeatrialError):
    """A tool that seatrial runs failed."""

    exit_code = 4


class CommandFailed(ToolError):
    """A command ended with an exit code other than 0, or could not be started.

    ``args_shown`` is the command line with its secrets masked, ``returncode`` its exit code (-N: killed by
    signal N; 127: not found) and ``output`` what it printed, masked too.
    """

    def __init__(self, args_shown: str, returncode: int, output: str, *, fix: str = "") -> None:
        self.args_shown = args_shown
        self.returncode = returncode
        self.output = output
        ended = f"{args_shown} ended with exit code {returncode}"
        super().__init__(f"{ended}:\n{last_lines(output)}" if output.strip() else ended, fix=fix)


class InstallFailed(ToolError):
    """An environment could not be filled."""


class UploadFailed(ToolError):
    """An index did not take the distributions, or could not be reached."""


class CredentialMissing(ToolError):
    """twine knows no token or password for the index, and there is no terminal to ask on."""


class CredentialUnfit(ToolError):
    """What twine would send to say who uploads can't be right for the index."""


class IndexUnreachable(ToolError):
    """An index does not answer, or answers something else than the simple API."""


class CommandMissing(ToolError):
    """The command of a session is not in its environment."""


class FileUnusable(ToolError):
    """A file or a folder can't be read or written."""


class EnvironmentMissing(ToolError):
    """A session that installs something has no environment of its own, or may not bring it up to date."""


def last_lines(output: str, count: int = 20) -> str:
    """Return the last ``count`` lines of ``output`` that are not blank, each indented by two spaces.

    Of a Python traceback only the last line is kept, which says what was wrong. Colours are left out: a command may
    write them into a pipe too (FORCE_COLOR, which Python itself honours since 3.13).
    """
    lines: list[str] = []
    in_traceback = False
    for line in COLOUR.sub("", output).splitlines():
        in_traceback = line.startswith("Traceback (most") or (in_traceback and line.startswith("  "))
        if line.strip() and not in_traceback:
            lines.append(f"  {line.rstrip()}")
    return "\n".join(lines[-count:])
