"""The errors that a user can fix: each says what happened, how to fix it and which code explains it.

One class where a caller or an exit code distinguishes it; only the faces (`seatrial.sessions`, `seatrial.tasks`)
catch them.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, ClassVar

from seatrial.commands import Command

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class SeatrialError(Exception):
    """The root of everything that seatrial raises on purpose.

    ``what`` names the file, key, ref or version that it is about; ``fix`` is a command or the lines to paste; a face
    renders the commands of seatrial in both;
    ``code`` names the section of docs/errors.md about it: the name of the class where it has one of its own. An error
    has a class of its own only where a caller distinguishes it; the families have one each, for their exit codes.
    Only the faces (`seatrial.sessions`, `seatrial.tasks`) catch it; an exception nobody foresaw keeps its
    traceback.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, code: str | None = None, fix: str | Command = "") -> None:
        super().__init__(what)
        self.what = what
        self.code = code or type(self).__name__
        self.fix = str(fix)

    @property
    def explained(self) -> tuple[str, ...]:
        """The codes that ``seatrial explain`` explains this error by."""
        return (self.code,)

    def __str__(self) -> str:
        """Return what is wrong and the fix, with further lines indented below the first."""
        fix = self.fix.replace("\n", "\n      ")
        return f"{self.what}\nfix:  {fix}" if fix else self.what

    @property
    def explained_text(self) -> str:
        """What is wrong, the fix, and the command that explains it."""
        return f"{self}\nmore: {Command('explain', *self.explained, program_only=True)}"


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


def count_text(count: int, noun: str) -> str:
    """Return a number with its noun: "1 commit", "2 commits"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


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


class ReleaseError(SeatrialError):
    """There is no release; unless the text says otherwise, nothing has changed anywhere."""

    exit_code = 5


class SeveralReasons(ReleaseError):
    """More than one thing stands in the way of a release; all of them are told."""

    def __init__(self, reasons: Sequence[SeatrialError]) -> None:
        self.reasons = tuple(reasons)
        told = "\n".join(f"- {str(reason).replace(chr(10), chr(10) + '  ')}" for reason in reasons)
        super().__init__(f"there are {len(reasons)} reasons why this can't be released:\n{told}")

    @property
    def explained(self) -> tuple[str, ...]:
        """The codes that explain the reasons."""
        return tuple(dict.fromkeys(code for reason in self.reasons for code in reason.explained))


class Reasons:
    """What stands in the way of a release, gathered so that all of it is told together."""

    def __init__(self, known: Iterable[SeatrialError] = ()) -> None:
        self._found = list(known)

    def __iter__(self) -> Iterator[SeatrialError]:
        return iter(self._found)

    @contextlib.contextmanager
    def gather(self) -> Iterator[None]:
        """Keep what is raised instead of letting it out."""
        try:
            yield
        except SeveralReasons as error:
            self._found += error.reasons
        except SeatrialError as error:
            self._found.append(error)

    def extend(self, known: Iterable[SeatrialError]) -> None:
        """Keep what is known from elsewhere, too."""
        self._found += known

    def raise_together(self) -> None:
        """Raise what was gathered, if anything was."""
        if self._found:
            raise together(self._found)


def together(reasons: Sequence[SeatrialError]) -> SeatrialError:
    """Return the one error that there is, or one that has them all."""
    return reasons[0] if len(reasons) == 1 else SeveralReasons(reasons)


class RemoteUnreachable(ReleaseError):
    """The remote does not answer, or does not know who asks."""


class VersionNotFound(ReleaseError):
    """The project does not say its version in a place that is known."""


class FileNotUtf8(ReleaseError):
    """A file that the release has to change is not UTF-8."""


class PushRefused(ReleaseError):
    """The remote did not take the push."""


class RehearsalError(SeatrialError):
    """A rehearsal found out what would have gone wrong."""

    exit_code = 6


class StepFailed(RehearsalError):
    """A step of a rehearsal failed; ``cause``: the error that ended it, None for a command that failed."""

    def __init__(self, what: str, *, fix: str = "", cause: SeatrialError | None = None) -> None:
        super().__init__(what, fix=fix)
        self.cause = cause

    @property
    def explained(self) -> tuple[str, ...]:
        """The codes that explain the cause."""
        return self.cause.explained if self.cause else super().explained


class PipelineInvalid(RehearsalError):
    """GitLab would make no pipeline of what the file says."""


class DeliveryError(SeatrialError):
    """A release was pushed, and an index does not serve what was proved."""

    exit_code = 7


class NotUsable(DeliveryError):
    """What was published can be installed, but not imported or started, or is of another version."""
