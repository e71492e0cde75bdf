"""The errors that a user can fix: each says what happened, how to fix it and which code explains it.

One class where a caller or an exit code distinguishes it; only the faces (`seatrial.sessions`, `seatrial.tasks`)
catch them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from seatrial.commands import PLACEHOLDERS, Command

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
"""A sequence that begins or ends a style (ECMA-48, SGR)."""

SPECIAL = re.compile(
    rf"(?P<style>{COLOUR.pattern})"
    r"|(?P<sequence>\r+(?=\n|\Z)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\))"
    r"|[^ -~\n\t]"
)
"""A style, the end of a line of Windows, a sequence of a terminal (ECMA-48, CSI and OSC), or a letter to look at."""

CONTROL = re.compile("[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""A letter that controls a terminal: those of C0 and C1, and the direction of writing."""

KEPT = frozenset(PLACEHOLDERS)
"""What is kept though it is not printable: the placeholders of commands, which a face renders."""


def printable(text: str, *, with_styles: bool = False) -> str:
    """Return a text without the sequences of a terminal, and with other control characters as Python writes them.

    The text of an error or a finding comes from files, hooks and servers, and must not move the cursor of a terminal.
    ``with_styles``: for what goes to a terminal itself, which takes styles, and letters that are not printable alone,
    such as those that join others.
    """

    def escape(match: re.Match[str]) -> str:
        if match["style"] or match["sequence"]:
            return (match["style"] or "") if with_styles else ""
        letter = match[0]
        is_safe = not CONTROL.match(letter) if with_styles else letter.isprintable() or letter in KEPT
        return letter if is_safe else ascii(letter)[1:-1]

    return text if text.isprintable() else SPECIAL.sub(escape, text)


FULL = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT))
"""What git, Python and most tools say of a disk that is full, or of a user who may not write more."""

MAKE_ROOM = "make room on the disk that is full: df -h shows it"


def lacks_room(output: str) -> bool:
    """Whether a tool reports that a disk of this machine is full; git puts ``remote:`` before what a remote reports."""
    lines = (line for line in output.splitlines() if not line.lstrip().startswith("remote:"))
    return any(text in line for line in lines for text in FULL)


class SeatrialError(Exception):
    """The root of everything that seatrial raises on purpose.

    ``what`` names the file, key, ref or version that it is about; ``fix`` is a command or the lines to paste; a face
    renders the commands of seatrial in both. ``log``: the path of the log with all that the tools have printed, None
    where a face has shown it. ``code`` names the section of docs/errors.md about it, by default the name
    of the class. An error has a class of its own only if a caller distinguishes it; the families have one each, for
    their exit codes. Only the faces (`seatrial.sessions`, `seatrial.tasks`) catch it; an unexpected exception keeps its
    traceback.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, code: str | None = None, fix: str | Command = "") -> None:
        super().__init__(what)
        self.what = what
        self.code = code or type(self).__name__
        self.fix = str(fix)
        self.log: str | None = None

    @property
    def headline(self) -> str:
        """The first line of what is wrong."""
        return self.what.splitlines()[0].rstrip(":")

    @property
    def explained(self) -> tuple[str, ...]:
        """The codes that ``seatrial explain`` explains this error by."""
        return (self.code,)

    def __str__(self) -> str:
        fix = self.fix.replace("\n", "\n      ")
        return f"{self.what}\nfix:  {fix}" if fix else self.what

    @property
    def explained_text(self) -> str:
        """What is wrong, the fix, the log that has more of it, and the command that explains it."""
        log = f"\nlog:  {self.log}" if self.log else ""
        return printable(f"{self}{log}\nmore: {Command('explain', *self.explained, program_only=True)}")


class ProjectError(SeatrialError):
    """The files of the project are wrong or incomplete."""

    exit_code = 2


class PyprojectInvalid(ProjectError):
    """A key of pyproject.toml has a value of the wrong type."""


class GroupInvalid(ProjectError):
    """A dependency group cannot be resolved (PEP 735)."""


class WorkflowUnknown(ProjectError):
    """seatrial writes no workflows for the forge."""


class BuildError(SeatrialError):
    """The distributions cannot be built, or are wrong."""

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
        ended = f"{args_shown} {ending_text(returncode)}"
        # A tool that ran out of room has nothing else to be fixed.
        fix = fix or (MAKE_ROOM if lacks_room(output) else "")
        super().__init__(f"{ended}:\n{last_lines(output)}" if output.strip() else ended, fix=fix)


class UploadFailed(ToolError):
    """An index rejected the distributions, or could not be reached."""


class CredentialMissing(ToolError):
    """twine has no token or password for the index, and there is no terminal to ask on."""


class IndexUnreachable(ToolError):
    """An index does not answer, or not with the simple API."""


ENDING_SIGNALS = (signal.SIGTERM, *((signal.SIGHUP, signal.SIGQUIT) if sys.platform != "win32" else ()))
"""Requests to end besides Ctrl-C: the last two of a terminal that is closed, and of Ctrl-\\."""


def ending_text(returncode: int) -> str:
    """Say how a command ended: with an exit code, or by a signal, such as that of a system without memory."""
    if returncode >= 0:
        return f"ended with exit code {returncode}"
    try:
        return f"was ended by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"was ended by signal {-returncode}"


def count_text(count: int, noun: str) -> str:
    """Return a number with its noun: "1 commit", "2 commits"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def first_names(names: Sequence[str], count: int = 5) -> str:
    """Return the first ``count`` names, and how many more there are."""
    more = len(names) - count
    return ", ".join(names[:count]) + (f" and {more} more" if more > 0 else "")


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


FILE_FIXES = {
    errno.ELOOP: "replace the link, which leads to itself, with a file",
    errno.EISDIR: "move the folder away: a file belongs there",
    errno.ENOTDIR: "move it away",
    errno.EEXIST: "move it away",
}
"""How to fix what prevents a file from being read or written, other than a lack of space or of permissions."""


OF_A_DISK = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO))
"""What a disk refuses: Python names no file when one that is open can't be written."""


def file_error(error: OSError) -> ToolError | None:
    """Return the error about a file that can't be read or written, None for what is no fault of files."""
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list):
        # Each row has a file, its copy, and why there is none.
        source, _, why = error.args[0][0]
        what = f"{source} is not copied: {why}"
    elif error.filename is not None:
        what = f"{error.filename}: {error.strerror}"
    elif error.errno in OF_A_DISK:
        what = str(error.strerror)
    else:
        return None
    fix = FILE_FIXES.get(error.errno or 0, "make room, or let yourself read and write it")
    fix = MAKE_ROOM if lacks_room(what) else fix
    return ToolError(what, code="FileUnusable", fix=fix)


class ReleaseError(SeatrialError):
    """The release was refused; unless the text says otherwise, nothing has changed."""

    exit_code = 5


class SeveralReasons(ReleaseError):
    """Several reasons prevent a release."""

    def __init__(self, reasons: Sequence[SeatrialError]) -> None:
        self.reasons = tuple(reasons)
        lines = "\n".join(f"- {str(reason).replace(chr(10), chr(10) + '  ')}" for reason in reasons)
        super().__init__(f"there are {len(reasons)} reasons why this can't be released:\n{lines}")

    @property
    def explained(self) -> tuple[str, ...]:
        """The codes that explain the reasons."""
        return tuple(dict.fromkeys(code for reason in self.reasons for code in reason.explained))


class Reasons:
    """The reasons that prevent a release, gathered to be reported together."""

    def __init__(self, reasons: Iterable[SeatrialError] = ()) -> None:
        self._reasons = list(reasons)

    def __iter__(self) -> Iterator[SeatrialError]:
        return iter(self._reasons)

    @contextlib.contextmanager
    def gather(self) -> Iterator[None]:
        """Keep an error that is raised, and go on after the block."""
        try:
            yield
        except SeveralReasons as error:
            self._reasons += error.reasons
        except SeatrialError as error:
            self._reasons.append(error)

    def extend(self, reasons: Iterable[SeatrialError]) -> None:
        """Add further reasons."""
        self._reasons += reasons

    def raise_together(self) -> None:
        """Raise the reasons as one error, if there are any."""
        if self._reasons:
            raise together(self._reasons)


def together(reasons: Sequence[SeatrialError]) -> SeatrialError:
    """Return the only reason, or an error with all of them."""
    return reasons[0] if len(reasons) == 1 else SeveralReasons(reasons)


class RemoteUnreachable(ReleaseError):
    """The remote does not answer, or rejects the credentials."""


class VersionNotFound(ReleaseError):
    """No file that seatrial reads has the version of the project."""


class FileNotUtf8(ReleaseError):
    """A file that the release must change is not UTF-8."""


class PushRefused(ReleaseError):
    """The remote refused the push."""


class RehearsalError(SeatrialError):
    """A rehearsal found a reason why the release would fail."""

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
    """GitLab would create no pipeline from the file."""


class DeliveryError(SeatrialError):
    """A release was pushed, and the index does not serve the verified files."""

    exit_code = 7


class NotUsable(DeliveryError):
    """The published release can be installed, but not imported or started, or has another version."""


MOST = 3
"""How many words are suggested."""

CLOSE, CLOSE_CODE = 0.6, 0.8
"""The least likeness of a word that is suggested (`difflib.SequenceMatcher.ratio`); codes of checks are all alike."""

MARGIN = 0.15
"""How much less alike than the nearest a word may be that is suggested too."""


def nearest(word: str, choices: Iterable[str], close: float = CLOSE) -> tuple[str, ...]:
    """Return the choices that ``word`` may mean: first those that resemble it, then those that begin with it."""
    # Loaded here because only a mistake takes it.
    from difflib import SequenceMatcher  # noqa: PLC0415

    bare = word.casefold().lstrip("-")
    matcher = SequenceMatcher(b=bare)
    likeness = {}
    for choice in choices:
        matcher.set_seq1(choice.casefold().lstrip("-"))
        likeness[choice] = matcher.ratio()
    begun = [choice for choice in likeness if len(bare) > 1 and choice.casefold().lstrip("-").startswith(bare)]
    best = max(likeness.values(), default=0)
    least = max(close, best - MARGIN) if best < 1 else 1
    alike = [choice for choice, ratio in likeness.items() if ratio >= least]
    alike.sort(key=lambda choice: (-likeness[choice], choice not in begun))
    return tuple(dict.fromkeys((*alike, *begun)))[:MOST]


def did_you_mean(words: Iterable[str]) -> str:
    """Return the question that ends a message, "" without words: ``; did you mean release or rehearse?``."""
    *first, last = tuple(words) or ("",)
    return f"; did you mean {', '.join(first)}{' or ' if first else ''}{last}?" if last else ""
