"""What a person can mend: each error says what happened, how to fix it and where to read about it."""

from __future__ import annotations

import re
from typing import ClassVar

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
DOCUMENTATION = "https://github.com/seatrial/seatrial/blob/main/docs"
"""The folder of the pages that errors point to."""


class SeatrialError(Exception):
    """The root of everything that seatrial raises on purpose.

    ``what`` names the file, key, ref or version that it is about; ``fix`` is a command or the lines to paste;
    ``code`` names the paragraph of docs/errors.md about it: the name of the class where it has one of its own. An error
    has a class of its own only where a caller distinguishes it; the families have one each, for their exit codes.
    Only the faces (`seatrial.sessions`, `seatrial.tasks`) catch it; an exception nobody foresaw keeps its
    traceback.
    """

    exit_code: ClassVar[int] = 1
    page: ClassVar[str] = "errors.md"

    def __init__(self, what: str, *, code: str | None = None, fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.code = code or type(self).__name__
        self.fix = fix

    @property
    def url(self) -> str:
        """The address of the paragraph about this error: its page, and its code as the anchor."""
        return f"{DOCUMENTATION}/{self.page}#{self.code.lower()}"

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


class PyprojectInvalid(ProjectError):
    """A key of pyproject.toml holds something of the wrong kind."""


class GroupInvalid(ProjectError):
    """A dependency group can't be resolved (PEP 735)."""


class WorkflowUnknown(ProjectError):
    """The forge is none for which there are workflows."""


class BuildError(SeatrialError):
    """The distributions can't be built, or are not what they should be."""

    exit_code = 3


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


class UploadFailed(ToolError):
    """An index did not take the distributions, or could not be reached."""


class CredentialMissing(ToolError):
    """twine knows no token or password for the index, and there is no terminal to ask on."""


class IndexUnreachable(ToolError):
    """An index does not answer, or answers something else than the simple API."""


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
