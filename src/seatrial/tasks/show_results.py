"""Shows the results of checks: what did not pass, the worst first, then a line for each file or family."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from seatrial.commands import Command
from seatrial.console import Form
from seatrial.errors import count_text
from seatrial.findings import OUTCOMES, group_results
from seatrial.report import count_outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seatrial.console import Console
    from seatrial.findings import CheckResult, ReportEntry


STYLES = {"error": "error", "warning": "warning", "unknown": "note", "ignored": "dim"}
SIGNS = {"error": "failed", "warning": "warning", "unknown": "unknown", "ignored": "skipped"}

FAMILIES = {
    "GIT": "the repository and its remote",
    "META": "the project and its next version",
    "CI": "what the tag starts",
    "INDEX": "the index",
    "DIST": "the distributions",
}
"""The subjects of checks, by the letters of their codes."""


def by_file(result: CheckResult) -> str:
    """Return the heading of a result: the file that it is about."""
    return result.subject if result.subject.endswith((".whl", ".gz", ".zip")) else "the files together"


def by_family(result: CheckResult) -> str:
    """Return the heading of a result: the subject of its family."""
    return FAMILIES[result.family]


def by_subject(result: CheckResult) -> str:
    """Return the heading of a result: the file or workflow that it is about."""
    return result.subject


def show_results(console: Console, results: Sequence[CheckResult], heading: Callable[[CheckResult], str]) -> None:
    """Show what did not pass, the worst first, and unless ``--quiet``, a line for each heading."""
    entries = sorted(group_results(results), key=lambda entry: OUTCOMES.index(entry.outcome))
    for entry in entries:
        console.show(_entry_text(console, entry))
    if console.form is Form.QUIET:
        return
    if entries:
        console.show("")
    for name in dict.fromkeys(map(heading, results)):
        console.show(_heading_text(console, name, [result for result in results if heading(result) == name]))
    if entries:
        code = entries[0].codes.partition(" ")[0]
        console.show(f"\nWhat a code means: {Command('explain', code, program_only=True)}")


def _entry_text(console: Console, entry: ReportEntry) -> str:
    sign = console.styled(console.sign(SIGNS[entry.outcome]), STYLES[entry.outcome])
    lines = [*([f"{', '.join(entry.subjects)}:"] if entry.subjects else []), *entry.message.splitlines()]
    if entry.ignore_reason:
        lines.append(f"ignored: {entry.ignore_reason}")
    elif entry.fix:
        first, *more = entry.fix.splitlines()
        lines += [f"{console.styled('fix:', 'strong')} {first}", *(f"  {line}" for line in more)]
    lines = [line for line in lines if line] or [""]
    head = f"{sign} {console.styled(entry.codes, 'strong')}  {lines[0]}".rstrip()
    return "\n".join([head, *(f"  {line}" for line in lines[1:])])


def _heading_text(console: Console, name: str, results: Sequence[CheckResult]) -> str:
    counts = Counter(result.outcome for result in results)
    run = sum(counts.values()) - counts["skipped"] - counts["unknown"]
    worst = next((outcome for outcome in OUTCOMES if counts[outcome] and outcome != "ignored"), "")
    sign, style = (SIGNS[worst], STYLES[worst]) if worst else ("done", "ok")
    parts = [count_text(run, "check"), *(count_outcome(counts[word], word) for word in OUTCOMES if counts[word])]
    return f"{console.styled(console.sign(sign), style)} {name}  {', '.join(parts)}"
