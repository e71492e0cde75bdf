"""The result of a check: its verdict, what it saw, and how to fix it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from seatrial.commands import PLACEHOLDERS, Command
from seatrial.errors import COLOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


DOCUMENTATION = "https://github.com/seatrial/seatrial/blob/main/docs"
"""The folder of the pages that results point to, where they are shown as a web page."""


KEPT = frozenset(("\n", "\t", *PLACEHOLDERS))
"""What `printable` keeps: ends of lines, tabs, and the placeholders of commands, which a face renders."""


def printable(text: str) -> str:
    """Return a text without colours, and with other control characters as Python writes them.

    The text of a finding comes from files, hooks and servers, and must not move the cursor of a terminal.
    """
    if text.isprintable():
        return text
    plain = COLOUR.sub("", text)
    return "".join(sign if sign.isprintable() or sign in KEPT else ascii(sign)[1:-1] for sign in plain)


class Verdict(Enum):
    """How a check ended. What could not be learned is unknown, never passed."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


class Severity(Enum):
    """What a failed check means: an error blocks a release, a warning is shown."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """What one check says.

    ``seen``: what is the matter here, in the words of the index where it would refuse that; ``fix``: a command or the
    lines to paste.
    """

    verdict: Verdict
    seen: str = ""
    fix: str = ""

    @classmethod
    def passed(cls, seen: str = "") -> Finding:
        """Say that all is well."""
        return cls(Verdict.PASSED, seen)

    @classmethod
    def failed(cls, seen: str, fix: str | Command) -> Finding:
        """Say what is wrong, and what fixes it."""
        return cls(Verdict.FAILED, seen, str(fix))

    @classmethod
    def skipped(cls, why: str) -> Finding:
        """Say why the check makes no sense here."""
        return cls(Verdict.SKIPPED, why)

    @classmethod
    def unknown(cls, why: str, fix: str = "") -> Finding:
        """Say why it could not be learned."""
        return cls(Verdict.UNKNOWN, why, fix)


@dataclass(frozen=True)
class CheckResult:
    """A finding, and the check that it comes from.

    ``code`` and ``title``: those of the check; ``why``: why it matters; ``subject``: the file or the like that was
    judged; ``ignore_reason``: the reason why the project ignores it, "" when it does not.
    """

    code: str
    title: str
    why: str
    severity: Severity
    finding: Finding
    subject: str = ""
    ignore_reason: str = ""

    @property
    def family(self) -> str:
        """The letters of the code: what the check is about."""
        return self.code.rstrip("0123456789")

    @property
    def url(self) -> str:
        """The address of the paragraph about the check."""
        return f"{DOCUMENTATION}/checks.md#{self.code.lower()}"

    @property
    def blocks(self) -> bool:
        """Whether there can be no release while this stands."""
        return self.finding.verdict is Verdict.FAILED and self.severity is Severity.ERROR and not self.ignore_reason

    @property
    def outcome(self) -> str:
        """What became of it, in one word: error, warning or ignored for what failed, else the verdict."""
        if self.finding.verdict is not Verdict.FAILED:
            return str(self.finding.verdict.value)
        return "ignored" if self.ignore_reason else str(self.severity.value)


def render_results(results: Iterable[CheckResult], render: Callable[[str], str]) -> tuple[CheckResult, ...]:
    """Return results with the commands of seatrial in their texts rendered."""
    return tuple(
        replace(
            result, finding=replace(result.finding, seen=render(result.finding.seen), fix=render(result.finding.fix))
        )
        for result in results
    )


OUTCOMES = ("error", "warning", "unknown", "ignored")
"""What can become of a check that did not pass, the worst first."""


@dataclass(frozen=True)
class ReportEntry:
    """What is told once, of however many files or checks: mended once, it is mended in all.

    ``codes``: the one check that has found it, or how many could not learn what they ask for; ``subjects``: the files
    that it was found in.
    """

    family: str
    outcome: str
    codes: str
    seen: str
    fix: str = ""
    ignore_reason: str = ""
    url: str = ""
    subjects: tuple[str, ...] = ()


def group_results(results: Iterable[CheckResult]) -> tuple[ReportEntry, ...]:
    """Return what did not pass: by families, in each and of all the worst first."""
    wrong = [one for one in results if one.outcome in OUTCOMES]
    worst = {one.family: _rank(one) for one in sorted(wrong, key=_rank, reverse=True)}
    groups: dict[tuple[str, ...], list[CheckResult]] = {}
    for one in sorted(wrong, key=lambda one: (worst[one.family], one.family, _rank(one))):
        finding, is_known = one.finding, one.finding.verdict is not Verdict.UNKNOWN
        key = (one.family, one.outcome, one.code if is_known else "", finding.seen, finding.fix, one.ignore_reason)
        groups.setdefault(key, []).append(one)
    return tuple(map(_merge, groups.values()))


def _merge(group: Sequence[CheckResult]) -> ReportEntry:
    first, codes = group[0], sorted({one.code for one in group})
    names = dict.fromkeys(one.subject for one in group if one.subject and len(codes) == 1)
    return ReportEntry(
        family=first.family,
        outcome=first.outcome,
        codes=codes[0] if len(codes) == 1 else f"{codes[0]} to {codes[-1]} ({len(codes)} checks)",
        seen=first.finding.seen,
        fix=first.finding.fix,
        ignore_reason=first.ignore_reason,
        url=first.url,
        subjects=tuple(names),
    )


def _rank(result: CheckResult) -> int:
    return OUTCOMES.index(result.outcome)
