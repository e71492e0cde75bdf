"""Renders results as text, Markdown and CI annotations. Nothing is printed here.

Annotations and job summaries: GitHub, "Workflow commands for GitHub Actions"; Forgejo and Gitea take the same.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.findings import OUTCOMES, Severity, Verdict, group_results
from seatrial.outcome import Outcome, Status
from seatrial.pythons import end_of_life_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from seatrial.distributions.distribution import Distribution
    from seatrial.events import Progress
    from seatrial.findings import CheckResult, ReportEntry
    from seatrial.pythons import Interpreter


STATUS_SIGNS = {Status.SUCCESS: "✓", Status.FAILED: "✗", Status.ABORTED: "✗", Status.SKIPPED: "–"}
PLAIN_STATUS_SIGNS = {Status.SUCCESS: "ok", Status.FAILED: "FAILED", Status.ABORTED: "FAILED", Status.SKIPPED: "-"}
NO_PYTHON = "any"
"""The head of the column for sessions that do not run once for each Python."""


def run_summary(outcomes: Sequence[Outcome], seconds: float, missing: Mapping[str, str], encoding: str) -> str:
    """Return the closing summary for a person: a table, a count, and what was skipped or failed and why.

    ``seconds``: how long all of it took; ``missing``: for each Python that is not installed how to get it;
    ``encoding``: that of the terminal, which gets no sign that it can't show.
    """
    signs = _fit(STATUS_SIGNS, encoding)
    pythons = _pythons(outcomes)
    rows = [["", *(python or NO_PYTHON for python in pythons)]]
    rows += (
        [session, *(_outcome_cell(_at(outcomes, session, python), signs) for python in pythons)]
        for session in dict.fromkeys(outcome.session for outcome in outcomes)
    )
    lines = _aligned(rows)
    return "\n".join([*lines, "", _count(outcomes, seconds), *_reasons(outcomes, missing)])


def run_summary_markdown(outcomes: Sequence[Outcome], seconds: float, missing: Mapping[str, str]) -> str:
    """Return the same as Markdown, for the summary of a CI job."""
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
    rows = [f"| `{one.path.name}` | {one.size:,} | `{one.sha256}` |" for one in built]
    return "\n".join(["| file | bytes | sha256 |", "|---|--:|---|", *rows, "", ""])


def python_table(versions: Sequence[str], found: Mapping[str, Interpreter], missing: Mapping[str, str]) -> str:
    """Return a line for each version, where it is installed, or how to get it; and which get no fixes any more."""
    rows = [
        [
            version,
            str(found[version].path) if version in found else f"not installed; to get it: {missing[version]}",
        ]
        for version in versions
    ]
    ended = end_of_life_text(versions)
    return "\n".join([*_aligned(rows), *([ended] if ended else [])])


def results_text(results: Sequence[CheckResult]) -> str:
    """Return what did not pass, with what mends it, and a count: by families, in each and of all the worst first."""
    rows = [line for entry in group_results(results) for line in _lines(entry)]
    return "\n".join([*rows, _counts(results)])


def _counts(results: Sequence[CheckResult]) -> str:
    counts = ((word, sum(one.outcome == word for one in results)) for word in ("passed", *OUTCOMES, "skipped"))
    return ", ".join(_counted(number, word) for word, number in counts if number)


def report_results(results: Sequence[CheckResult], progress: Progress) -> None:
    """Report what did not pass: as notes, but for what the project ignores; then the counts."""
    for entry in group_results(results):
        if entry.outcome == "ignored":
            progress.line("\n".join(_lines(entry)))
        else:
            progress.note("\n".join(_texts(entry)), "unknown" if entry.outcome == "unknown" else "warning")
    progress.line(_counts(results))


def results_json(results: Sequence[CheckResult]) -> list[dict[str, object]]:
    """Return all results for JSON: a list of objects with the same keys each."""
    return [
        {
            "code": one.code,
            "subject": one.subject or None,
            "verdict": one.finding.verdict.value,
            "severity": one.severity.value,
            "blocks": one.blocks,
            "title": one.title,
            "why": one.why,
            "seen": one.finding.seen or None,
            "fix": one.finding.fix or None,
            "ignore_reason": one.ignore_reason or None,
            "url": one.url,
        }
        for one in results
    ]


def _counted(number: int, word: str) -> str:
    return f"{number} {word}s" if number > 1 and word in {"error", "warning"} else f"{number} {word}"


def _lines(entry: ReportEntry) -> list[str]:
    first, *more = _texts(entry)
    head = f"{entry.outcome:7}  "
    indent = " " * (len(head) + len(entry.codes) + 2)
    return [f"{head}{first}", *(f"{indent}{line}" for line in more)]


def _texts(entry: ReportEntry) -> list[str]:
    """Return the lines about an entry: its codes, what was seen, and the fix."""
    fix = f"ignored: {entry.ignore_reason}" if entry.ignore_reason else f"fix: {entry.fix}" if entry.fix else ""
    names = ", ".join(entry.subjects)
    lines = [line for line in (*entry.seen.splitlines(), *fix.splitlines()) if line]
    texts = [f"{names}:", *(f"  {line}" for line in lines)] if names else lines
    return [f"{entry.codes}  {texts[0]}", *texts[1:]] if texts else [entry.codes]


def untested_sessions(outcomes: Sequence[Outcome], matrices: Sequence[str]) -> tuple[str, ...]:
    """Return which of ``matrices``, names of sessions, were to run and ran on no Python at all."""
    return tuple(
        name
        for name in matrices
        if (runs := [outcome for outcome in outcomes if outcome.session == name])
        and all(run.status is Status.SKIPPED for run in runs)
    )


def _pythons(outcomes: Sequence[Outcome]) -> list[str]:
    found = {outcome.python for outcome in outcomes}
    return sorted(found, key=lambda text: (bool(text), _release(text), text))


def _release(python: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", python))


def _at(outcomes: Sequence[Outcome], session: str, python: str) -> Outcome | None:
    return next((one for one in outcomes if (one.session, one.python) == (session, python)), None)


def _outcome_cell(outcome: Outcome | None, signs: Mapping[Status, str]) -> str:
    if outcome is None:
        return ""
    sign = signs[outcome.status]
    return sign if outcome.status is Status.SKIPPED else f"{sign} {outcome.seconds:.1f} s"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def _count(outcomes: Sequence[Outcome], seconds: float) -> str:
    failed = (Status.FAILED, Status.ABORTED)
    counts = (
        ("passed", sum(one.status is Status.SUCCESS for one in outcomes)),
        ("failed", sum(one.status in failed for one in outcomes)),
        ("skipped", sum(one.status is Status.SKIPPED for one in outcomes)),
    )
    return ", ".join(f"{number} {word}" for word, number in counts if number) + f" in {seconds:.1f} s"


def _reasons(outcomes: Sequence[Outcome], missing: Mapping[str, str]) -> list[str]:
    """Say why sessions did not pass; sessions with the same reason are named together."""
    said: dict[tuple[str, str], list[str]] = {}
    for one in outcomes:
        if one.status is not Status.SUCCESS:
            word = "skipped" if one.status is Status.SKIPPED else "failed"
            reason = one.reason
            if one.python in missing:
                reason = f"Python {one.python} is not installed; to get it: {missing[one.python]}"
            said.setdefault((word, reason), []).append(one.name)
    return [f"{word}: {', '.join(names)}" + (f": {why}" if why else "") for (word, why), names in said.items()]


def _fit(signs: Mapping[Status, str], encoding: str) -> Mapping[Status, str]:
    try:
        "".join(signs.values()).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return PLAIN_STATUS_SIGNS
    return signs


RESULT_SIGNS = {"error": "✗ error", "warning": "! warning", "unknown": "? unknown", "ignored": "– ignored"}


def annotate(
    title: str, results: Sequence[CheckResult], environ: Mapping[str, str], say: Callable[[str], None]
) -> None:
    """Say a workflow command for each error and warning, and add a table to the summary, where a CI service takes them.

    A summary that can't be written is no reason to fail. ``environ``: the variables of the job.
    """
    if environ.get("GITHUB_ACTIONS") == "true":
        for one in results:
            if one.finding.verdict is Verdict.FAILED and not one.ignore_reason:
                say(annotation(one))
    try:
        add_to_job_summary(lambda: results_markdown(title, results), environ)
    except OSError as error:
        say(f"the summary of the job can't be written: {error}")


def add_to_job_summary(text: Callable[[], str], environ: Mapping[str, str]) -> None:
    """Add Markdown to the summary of the job, where a CI service has one; only there, ``text`` is made.

    Raises `OSError`.
    """
    page = environ.get("GITHUB_STEP_SUMMARY")
    if page:
        with Path(page).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text())


def annotation(result: CheckResult) -> str:
    """Return the workflow command that shows a finding: one line, whatever its text has in it."""
    kind = "error" if result.severity is Severity.ERROR else "warning"
    finding = result.finding
    head = f"{result.code} {result.title}"
    text = "\n".join(part for part in (result.subject, finding.seen, f"fix: {finding.fix}" * bool(finding.fix)) if part)
    return f"::{kind} title={_escaped(head, ',:')}::{_escaped(text)}"


def results_markdown(title: str, results: Sequence[CheckResult]) -> str:
    """Return the Markdown of what did not pass, the worst first, and a count."""
    rows = [
        f"| {RESULT_SIGNS[one.outcome]} | [{one.codes}]({one.url}) | {_markdown_cell(', '.join(one.subjects))} | "
        f"{_markdown_cell(_cells(one))} |"
        for one in group_results(results)
    ]
    counted = {word: sum(one.outcome == word for one in results) for word in ("passed", *OUTCOMES, "skipped")}
    table = ["| | check | of | seen, and how to mend it |", "|---|---|---|---|", *rows, ""] if rows else []
    counts = ", ".join(f"{number} {word}" for word, number in counted.items() if number)
    return "\n".join([f"### {title}", "", *table, counts, "", ""])


def _cells(entry: ReportEntry) -> str:
    more = f"ignored: {entry.ignore_reason}" if entry.ignore_reason else entry.fix
    return f"{entry.seen}\n{more}" if more else entry.seen


def _markdown_cell(text: str) -> str:
    """Return a text as one cell of a table, in which nothing of it is taken for markup."""
    plain = "".join(sign if sign.isalnum() or sign in " \n.,-" else f"&#{ord(sign)};" for sign in text)
    return plain.replace("\n", "<br>")


def _escaped(text: str, more: str = "") -> str:
    """Return a text as a workflow command has it."""
    return "".join(f"%{ord(sign):02X}" if sign in f"%\r\n{more}" else sign for sign in text)
