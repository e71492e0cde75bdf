"""Renders results as text, Markdown and CI annotations. Nothing is printed here.

Annotations and job summaries: GitHub, "Workflow commands for GitHub Actions"; Forgejo and Gitea take the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.errors import count_text
from seatrial.findings import OUTCOMES, CheckResult, ReportEntry, Severity, Verdict, group_results
from seatrial.pythons import Interpreter, end_of_life_text
from seatrial.terminal import can_encode

if TYPE_CHECKING:
    from seatrial.distributions.distribution import Distribution
    from seatrial.events import Progress


class Status(Enum):
    """The results of a session, with the values of nox's ``--report``."""

    SUCCESS = "success"
    FAILED = "failed"
    ABORTED = "aborted"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Outcome:
    """A run of a session.

    ``python``: "" for a session that does not run once for each Python; ``seconds``: its duration; ``gives_reasons``:
    whether this release of nox reports reasons; the newest one for Python 3.9 does not.
    """

    session: str
    python: str
    status: Status
    seconds: float
    reason: str
    gives_reasons: bool = True

    @classmethod
    def from_report(cls, entry: Mapping[str, Any]) -> Outcome:
        """Read an entry of ``sessions`` in the file that ``nox --report`` writes.

        A run has several signatures, such as ``tests``, ``tests-3.12`` and ``tests-3.12(django='5')``.
        """
        name, signatures = entry["name"], entry["signatures"]
        with_python = (signature for signature in signatures if signature.startswith(f"{name}-"))
        pythons = (signature.partition("(")[0][len(name) + 1 :] for signature in with_python)
        _, bracket, parameters = next(iter(signatures), name).partition("(")
        return cls(
            session=name + bracket + parameters,
            python=next(iter(pythons), ""),
            status=Status(entry["result"]),
            seconds=float(entry.get("duration") or 0),
            reason=entry.get("reason") or "",
            gives_reasons="reason" in entry,
        )

    @property
    def name(self) -> str:
        """The name that selects this run: ``nox -s NAME``."""
        return f"{self.session}-{self.python}" if self.python else self.session


STATUS_SIGNS = {Status.SUCCESS: "✓", Status.FAILED: "✗", Status.ABORTED: "✗", Status.SKIPPED: "–"}
PLAIN_STATUS_SIGNS = {Status.SUCCESS: "ok", Status.FAILED: "FAILED", Status.ABORTED: "FAILED", Status.SKIPPED: "-"}
STATUS_WORDS = {
    Status.SUCCESS: "passed",
    Status.FAILED: "failed",
    Status.ABORTED: "failed",
    Status.SKIPPED: "skipped",
}
NO_PYTHON = "any"
"""The head of the column for sessions that do not run once for each Python."""


def run_summary(outcomes: Sequence[Outcome], seconds: float, missing: Mapping[str, str], encoding: str) -> str:
    """Return the summary of a run of nox: a table, the counts, and why sessions were skipped or failed.

    ``seconds``: the duration of the run; ``missing``: how to install each Python that is not installed; ``encoding``:
    that of the terminal, which decides between signs and words.
    """
    signs = STATUS_SIGNS if can_encode("".join(STATUS_SIGNS.values()), encoding) else PLAIN_STATUS_SIGNS
    pythons = _pythons(outcomes)
    rows = [["", *(python or NO_PYTHON for python in pythons)]]
    rows += (
        [session, *(_outcome_cell(_at(outcomes, session, python), signs) for python in pythons)]
        for session in dict.fromkeys(outcome.session for outcome in outcomes)
    )
    lines = _aligned(rows)
    return "\n".join([*lines, "", _count(outcomes, seconds), *_reasons(outcomes, missing)])


def run_summary_markdown(outcomes: Sequence[Outcome], seconds: float, missing: Mapping[str, str]) -> str:
    """Return the summary of a run of nox as Markdown, for the summary of a CI job."""
    pythons = _pythons(outcomes)
    lines = [
        "| session | " + " | ".join(python or NO_PYTHON for python in pythons) + " |",
        "|---|" + "---|" * len(pythons),
    ]
    for session in dict.fromkeys(outcome.session for outcome in outcomes):
        cells = (_outcome_cell(_at(outcomes, session, python), STATUS_SIGNS) for python in pythons)
        lines.append(f"| `{session}` | " + " | ".join(cells) + " |")
    reasons = [f"- {reason}".replace("\n", "\n  ") for reason in _reasons(outcomes, missing)]
    return "\n".join([*lines, "", _count(outcomes, seconds), *([""] if reasons else []), *reasons, ""])


def distributions_markdown(built: Iterable[Distribution]) -> str:
    """Return the distributions and their hashes as a table in Markdown."""
    rows = [f"| `{file.path.name}` | {file.size:,} | `{file.sha256}` |" for file in built]
    return "\n".join(["| file | bytes | sha256 |", "|---|--:|---|", *rows, "", ""])


def python_table(versions: Sequence[str], installed: Mapping[str, Interpreter], missing: Mapping[str, str]) -> str:
    """Return a line for each version of Python: its path, or how to install it, and whether it gets fixes."""
    rows = [
        [
            version,
            str(installed[version].path) if version in installed else f"not installed; to get it: {missing[version]}",
        ]
        for version in versions
    ]
    ended = end_of_life_text(versions)
    return "\n".join([*_aligned(rows), *([ended] if ended else [])])


def results_text(results: Sequence[CheckResult]) -> str:
    """Return what did not pass with its fix, by families and the worst first, and the counts."""
    rows = [line for entry in group_results(results) for line in _lines(entry)]
    return "\n".join([*rows, _counts(results)])


ALL_OUTCOMES = ("passed", *OUTCOMES, "skipped")
"""The outcomes of checks, in the order of the counts."""


def _counts(results: Sequence[CheckResult]) -> str:
    counts = Counter(result.outcome for result in results)
    return ", ".join(count_outcome(counts[outcome], outcome) for outcome in ALL_OUTCOMES if counts[outcome])


def report_results(results: Sequence[CheckResult], progress: Progress) -> None:
    """Report what did not pass as notes, what the project ignores as lines, and then the counts."""
    for entry in group_results(results):
        if entry.outcome == "ignored":
            progress.line("\n".join(_lines(entry)))
        else:
            progress.note("\n".join(_texts(entry)), "unknown" if entry.outcome == "unknown" else "warning")
    progress.line(_counts(results))


def results_json(results: Sequence[CheckResult]) -> list[dict[str, object]]:
    """Return all results for JSON: a list of objects with the same keys (docs/json.md)."""
    return [
        {
            "code": result.code,
            "subject": result.subject or None,
            "verdict": result.finding.verdict.value,
            "severity": result.severity.value,
            "blocks": result.blocks,
            "title": result.title,
            "why": result.why,
            "message": result.finding.message or None,
            "fix": result.finding.fix,
            "ignore_reason": result.ignore_reason,
            "url": result.url,
        }
        for result in results
    ]


def count_outcome(number: int, outcome: str) -> str:
    """Return a number of results with their outcome: "2 errors", "2 unknown"."""
    return count_text(number, outcome) if outcome in {"error", "warning"} else f"{number} {outcome}"


def _lines(entry: ReportEntry) -> list[str]:
    first, *more = _texts(entry)
    head = f"{entry.outcome:7}  "
    indent = " " * (len(head) + len(entry.codes) + 2)
    return [f"{head}{first}", *(f"{indent}{line}" for line in more)]


def _texts(entry: ReportEntry) -> list[str]:
    """Return the lines of an entry: its codes, what is wrong, and the fix."""
    fix = f"ignored: {entry.ignore_reason}" if entry.ignore_reason else f"fix: {entry.fix}" if entry.fix else ""
    names = ", ".join(entry.subjects)
    lines = [line for line in (*entry.message.splitlines(), *fix.splitlines()) if line]
    texts = [f"{names}:", *(f"  {line}" for line in lines)] if names else lines
    return [f"{entry.codes}  {texts[0]}", *texts[1:]] if texts else [entry.codes]


def untested_sessions(outcomes: Sequence[Outcome], matrices: Sequence[str]) -> tuple[str, ...]:
    """Return the sessions among ``matrices`` that were selected, and skipped on every Python."""
    return tuple(
        name
        for name in matrices
        if (runs := [outcome for outcome in outcomes if outcome.session == name])
        and all(run.status is Status.SKIPPED for run in runs)
    )


def _pythons(outcomes: Sequence[Outcome]) -> list[str]:
    pythons = {outcome.python for outcome in outcomes}
    return sorted(pythons, key=lambda python: (bool(python), _release(python), python))


def _release(python: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", python))


def _at(outcomes: Sequence[Outcome], session: str, python: str) -> Outcome | None:
    return next((outcome for outcome in outcomes if (outcome.session, outcome.python) == (session, python)), None)


def _outcome_cell(outcome: Outcome | None, signs: Mapping[Status, str]) -> str:
    if outcome is None:
        return ""
    sign = signs[outcome.status]
    return sign if outcome.status is Status.SKIPPED else f"{sign} {outcome.seconds:.1f} s"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def _count(outcomes: Sequence[Outcome], seconds: float) -> str:
    counts = Counter(STATUS_WORDS[outcome.status] for outcome in outcomes)
    words = dict.fromkeys(STATUS_WORDS.values())
    return ", ".join(f"{counts[word]} {word}" for word in words if counts[word]) + f" in {seconds:.1f} s"


def _reasons(outcomes: Sequence[Outcome], missing: Mapping[str, str]) -> list[str]:
    """Return why sessions did not pass, a line for all sessions with the same reason."""
    names: dict[tuple[str, str], list[str]] = {}
    for outcome in outcomes:
        if outcome.status is not Status.SUCCESS:
            reason = outcome.reason
            if outcome.python in missing:
                reason = f"Python {outcome.python} is not installed; to get it: {missing[outcome.python]}"
            names.setdefault((STATUS_WORDS[outcome.status], reason), []).append(outcome.name)
    return [
        f"{word}: {', '.join(sessions)}" + (f": {reason}" if reason else "")
        for (word, reason), sessions in names.items()
    ]


RESULT_SIGNS = {"error": "✗ error", "warning": "! warning", "unknown": "? unknown", "ignored": "– ignored"}


def annotate(
    title: str, results: Sequence[CheckResult], environ: Mapping[str, str], say: Callable[[str], None]
) -> None:
    """Print an annotation for each error and warning, and add a table to the summary of the job, in a CI job only.

    A summary that cannot be written is reported. ``environ``: the variables of the job.
    """
    if environ.get("GITHUB_ACTIONS") == "true":
        for result in results:
            if result.finding.verdict is Verdict.FAILED and not result.ignore_reason:
                say(annotation(result))
    try:
        add_to_job_summary(lambda: results_markdown(title, results), environ)
    except OSError as error:
        say(f"the summary of the job can't be written: {error}")


def add_to_job_summary(text: Callable[[], str], environ: Mapping[str, str]) -> None:
    """Add Markdown to the summary of the job, where the CI service has one; ``text`` is called only there.

    Raises `OSError`.
    """
    path = environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text())


def annotation(result: CheckResult) -> str:
    """Return the workflow command that shows a finding, in one line."""
    kind = "error" if result.severity is Severity.ERROR else "warning"
    finding = result.finding
    head = f"{result.code} {result.title}"
    text = "\n".join(
        part for part in (result.subject, finding.message, f"fix: {finding.fix}" * bool(finding.fix)) if part
    )
    return f"::{kind} title={_escaped(head, ',:')}::{_escaped(text)}"


def results_markdown(title: str, results: Sequence[CheckResult]) -> str:
    """Return what did not pass as a table in Markdown, the worst first, and the counts."""
    rows = []
    for entry in group_results(results):
        fix = f"ignored: {entry.ignore_reason}" if entry.ignore_reason else entry.fix
        cells = map(_markdown_cell, (", ".join(entry.subjects), f"{entry.message}\n{fix}" if fix else entry.message))
        rows.append(f"| {RESULT_SIGNS[entry.outcome]} | [{entry.codes}]({entry.url}) | {' | '.join(cells)} |")
    table = ["| | check | of | message and fix |", "|---|---|---|---|", *rows, ""] if rows else []
    return "\n".join([f"### {title}", "", *table, _counts(results), "", ""])


def _markdown_cell(text: str) -> str:
    """Return a text as a cell of a table, with everything escaped that could be markup."""
    escaped = (letter if letter.isalnum() or letter in " \n.,-" else f"&#{ord(letter)};" for letter in text)
    return "".join(escaped).replace("\n", "<br>")


def _escaped(text: str, more: str = "") -> str:
    """Return a text as a workflow command has it; ``more``: characters to escape beyond % and ends of lines."""
    return "".join(f"%{ord(letter):02X}" if letter in f"%\r\n{more}" else letter for letter in text)
