"""The result of a check: its verdict, what it saw, and how to fix it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seatrial.commands import Command


DOCUMENTATION = "https://github.com/seatrial/seatrial/blob/main/docs"
"""The folder of the pages that results point to, where they are shown as a web page."""


class Verdict(Enum):
    """How a check ended. What could not be found out is unknown, never passed."""

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
    """The result of one check.

    ``message``: what is wrong, in the words of the index if it would refuse it; ``fix``: a command or lines to paste.
    """

    verdict: Verdict
    message: str | None = None
    fix: str | None = None

    @classmethod
    def passed(cls, message: str | None = None) -> Finding:
        """Return that nothing is wrong."""
        return cls(Verdict.PASSED, message)

    @classmethod
    def failed(cls, message: str, fix: str | Command) -> Finding:
        """Return what is wrong, and what fixes it."""
        return cls(Verdict.FAILED, message, str(fix))

    @classmethod
    def skipped(cls, why: str) -> Finding:
        """Return why the check does not apply."""
        return cls(Verdict.SKIPPED, why)

    @classmethod
    def unknown(cls, why: str, fix: str | None = None) -> Finding:
        """Return why it could not be found out."""
        return cls(Verdict.UNKNOWN, why, fix)

    def with_texts(self, change: Callable[[str], str]) -> Finding:
        """Return it with changed texts."""
        message, fix = (text if text is None else change(text) for text in (self.message, self.fix))
        return replace(self, message=message, fix=fix)


@dataclass(frozen=True)
class CheckResult:
    """A finding, and the check that it comes from.

    ``code`` and ``title``: those of the check; ``why``: why it matters; ``subject``: the file or the like that was
    checked; ``ignore_reason``: the reason why the project ignores the check, None if it does not.
    """

    code: str
    title: str
    why: str
    severity: Severity
    finding: Finding
    subject: str = ""
    ignore_reason: str | None = None

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
        """Whether it stops a release."""
        return self.finding.verdict is Verdict.FAILED and self.severity is Severity.ERROR and not self.ignore_reason

    @property
    def outcome(self) -> str:
        """The result in one word: error, warning or ignored for a check that failed, else the verdict."""
        if self.finding.verdict is not Verdict.FAILED:
            return str(self.finding.verdict.value)
        return "ignored" if self.ignore_reason else str(self.severity.value)


def render_results(results: Iterable[CheckResult], render: Callable[[str], str]) -> tuple[CheckResult, ...]:
    """Return results with the commands of seatrial in their texts rendered."""
    return tuple(replace(result, finding=result.finding.with_texts(render)) for result in results)


OUTCOMES = ("error", "warning", "unknown", "ignored")
"""The outcomes of checks that did not pass, the worst first."""


@dataclass(frozen=True)
class ReportEntry:
    """An entry of a report: what is wrong in one or more files, or unknown to one or more checks.

    ``codes``: the check that failed, or the range of those that are unknown; ``subjects``: the files.
    """

    family: str
    outcome: str
    codes: str
    message: str
    fix: str | None = None
    ignore_reason: str | None = None
    url: str = ""
    subjects: tuple[str, ...] = ()


def group_results(results: Iterable[CheckResult]) -> tuple[ReportEntry, ...]:
    """Return what did not pass: by families, the worst family first, and in each the worst first."""
    wrong = [result for result in results if result.outcome in OUTCOMES]
    worst = {result.family: _rank(result) for result in sorted(wrong, key=_rank, reverse=True)}
    groups: dict[tuple[str | None, ...], list[CheckResult]] = {}
    for result in sorted(wrong, key=lambda result: (worst[result.family], result.family, _rank(result))):
        finding = result.finding
        code = "" if finding.verdict is Verdict.UNKNOWN else result.code
        key = (result.family, result.outcome, code, finding.message, finding.fix, result.ignore_reason)
        groups.setdefault(key, []).append(result)
    return tuple(map(_merge, groups.values()))


def _merge(group: Sequence[CheckResult]) -> ReportEntry:
    first, codes = group[0], sorted({result.code for result in group})
    names = dict.fromkeys(result.subject for result in group if result.subject and len(codes) == 1)
    return ReportEntry(
        family=first.family,
        outcome=first.outcome,
        codes=codes[0] if len(codes) == 1 else f"{codes[0]} to {codes[-1]} ({len(codes)} checks)",
        message=first.finding.message or first.title,
        fix=first.finding.fix,
        ignore_reason=first.ignore_reason,
        url=first.url,
        subjects=tuple(names),
    )


def _rank(result: CheckResult) -> int:
    return OUTCOMES.index(result.outcome)
