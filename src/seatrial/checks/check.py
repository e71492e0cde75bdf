"""A check: a row of data with a function of facts; and running checks, in the order of their needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Generic, TypeVar

from seatrial.distributions.metadata import FileKind
from seatrial.errors import printable
from seatrial.findings import CheckResult, Finding, Severity, Verdict
from seatrial.index.destination import pypi_host

if TYPE_CHECKING:
    from seatrial.commands import Command


Facts = TypeVar("Facts", contravariant=True)  # noqa: PLC0105 - it reads better than Facts_contra

ERROR, WARNING = Severity.ERROR, Severity.WARNING

ANY_FILE = tuple(FileKind)
BOTH = (FileKind.SDIST, FileKind.WHEEL)
SDIST = (FileKind.SDIST,)
WHEEL = (FileKind.WHEEL,)


@dataclass(frozen=True)
class Check(Generic[Facts]):
    """A check of one kind of facts: it gets what was gathered, and reads and changes nothing itself.

    ``title``: a statement that is true when all is well; ``why``: why it matters; ``needs``: the codes of checks
    without which it makes no sense; ``kinds``: of a check of a distribution, the kinds of file it is for.
    """

    code: str
    title: str
    why: str
    check: Callable[[Facts], Finding]
    severity: Severity = ERROR
    needs: tuple[str, ...] = ()
    kinds: tuple[FileKind, ...] = BOTH


def check(
    code: str,
    title: str,
    why: str,
    *,
    severity: Severity = ERROR,
    needs: tuple[str, ...] = (),
    kinds: tuple[FileKind, ...] = BOTH,
) -> Callable[[Callable[[Facts], Finding]], Check[Facts]]:
    """Return a decorator that makes a `Check` of a function of facts."""

    def decorate(function: Callable[[Facts], Finding]) -> Check[Facts]:
        return Check(code, title, why, function, severity, needs, kinds)

    return decorate


any_file_check = partial(check, kinds=ANY_FILE)


def run_checks(
    checks: Iterable[Check[Facts]],
    facts: Facts,
    *,
    subject: str = "",
    ignore_reasons: Mapping[str, str] | None = None,
) -> tuple[CheckResult, ...]:
    """Run every check, in the order given; a check whose need was not met is skipped, with the reason.

    ``subject``: what the facts are about, such as a file name; ``ignore_reasons``: codes that the project ignores, with
    its reasons.
    """
    results: dict[str, CheckResult] = {}
    for check in checks:
        needed = (code for code in check.needs if code in results)
        unmet = next((code for code in needed if results[code].finding.verdict is not Verdict.PASSED), None)
        finding = Finding.skipped(f"{unmet} did not pass") if unmet else check.check(facts)
        results[check.code] = _result(check, finding, subject, ignore_reasons)
    return tuple(results.values())


@dataclass(frozen=True)
class UnknownFacts:
    """Facts that could not be gathered: the reason, and how to fix it."""

    reason: str
    fix: str | None = None


def report_unknown(
    checks: Iterable[Check[Any]],
    unknown: UnknownFacts,
    *,
    subject: str = "",
    ignore_reasons: Mapping[str, str] | None = None,
) -> tuple[CheckResult, ...]:
    """Return for every check that its facts are unknown, and why."""
    finding = Finding.unknown(unknown.reason, unknown.fix)
    return tuple(_result(check, finding, subject, ignore_reasons) for check in checks)


def _result(check: Check[Any], finding: Finding, subject: str, ignore_reasons: Mapping[str, str] | None) -> CheckResult:
    reason = (ignore_reasons or {}).get(check.code)
    return CheckResult(
        code=check.code,
        title=check.title,
        why=check.why,
        severity=check.severity,
        finding=finding.with_texts(printable),
        subject=printable(subject),
        ignore_reason=printable(reason) if reason else None,
    )


MOST_LINES = 5
"""How many files a finding names."""


def finding_of(lines: Iterable[str], fix: str | Command) -> Finding:
    """Return a finding that failed with the lines, first PyPI's answer; passed without lines."""
    lines = list(lines)
    return Finding.failed("\n".join(lines), fix) if lines else Finding.passed()


def first_lines(lines: Iterable[str]) -> list[str]:
    """Return the first lines, and how many more there are; each as one line that can be printed."""
    every = [line if line.isprintable() else ascii(line)[1:-1] for line in lines]
    more = [f"and {len(every) - MOST_LINES} more"] if len(every) > MOST_LINES else []
    return [*every[:MOST_LINES], *more]


def help_page(anchor: str) -> str:
    """Return the address of a paragraph of PyPI's help."""
    return f"https://{pypi_host()}/help/#{anchor}"


def user_docs_page(path: str) -> str:
    """Return the address of a page of PyPI's documentation."""
    return f"https://docs.{pypi_host()}/{path}"
