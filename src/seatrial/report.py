"""Values into text and Markdown."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from seatrial.checks.judging import title, why
from seatrial.facts.outcome import Outcome, Status
from seatrial.findings import WORDS, entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from seatrial.checks.judging import Check
    from seatrial.facts.distribution import Distribution
    from seatrial.findings import Entry, Judgement
    from seatrial.interpreters import Interpreter

SIGNS = {Status.SUCCESS: "✓", Status.FAILED: "✗", Status.ABORTED: "✗", Status.SKIPPED: "–"}
PLAIN_SIGNS = {Status.SUCCESS: "ok", Status.FAILED: "FAILED", Status.ABORTED: "FAILED", Status.SKIPPED: "-"}
NO_PYTHON = "any"
"""The head of the column for sessions that do not run once for each Python."""


def summary(outcomes: Sequence[Outcome], seconds: float, missing: Mapping[str, str], encoding: str) -> str:
    """Return the closing summary for a person: a table, a count, and what was skipped or failed and why.

    ``seconds``: how long all of it took; ``missing``: for each Python that is not installed how to get it;
    ``encoding``: that of the terminal, which gets no sign that it can't show.
    """
    signs = _fit(SIGNS, encoding)
    pythons = _pythons(outcomes)
    rows = [["", *(python or NO_PYTHON for python in pythons)]]
    rows += (
        [session, *(_cell(_at(outcomes, session, python), signs) for python in pythons)]
        for session in dict.fromkeys(outcome.session for outcome in outcomes)
    )
    lines = _aligned(rows)
    return "\n".join([*lines, "", _count(outcomes, seconds), *_reasons(outcomes, missing)])


def summary_markdown(outcomes: Sequence[Outcome], seconds: float, missing: Mapping[str, str]) -> str:
    """Return the same as Markdown, for the summary of a CI job."""
    pythons = _pythons(outcomes)
    lines = [
        "| session | " + " | ".join(python or NO_PYTHON for python in pythons) + " |",
        "|---|" + "---|" * len(pythons),
    ]
    for session in dict.fromkeys(outcome.session for outcome in outcomes):
        cells = (_cell(_at(outcomes, session, python), SIGNS) for python in pythons)
        lines.append(f"| `{session}` | " + " | ".join(cells) + " |")
    reasons = [f"- {reason}".replace("\n", "\n  ") for reason in _reasons(outcomes, missing)]
    return "\n".join([*lines, "", _count(outcomes, seconds), *([""] if reasons else []), *reasons, ""])


def distributions_markdown(built: Iterable[Distribution]) -> str:
    """Return the distributions and their hashes as a table in Markdown."""
    rows = [f"| `{one.path.name}` | {one.size:,} | `{one.sha256}` |" for one in built]
    return "\n".join(["| file | bytes | sha256 |", "|---|--:|---|", *rows, "", ""])


def pythons(versions: Sequence[str], found: Mapping[str, Interpreter], missing: Mapping[str, str]) -> str:
    """Return a line for each version: where it is installed, or how to get it."""
    rows = [
        [
            version,
            str(found[version].path) if version in found else f"not installed; to get it: {missing[version]}",
        ]
        for version in versions
    ]
    return "\n".join(_aligned(rows))


def findings(judgements: Sequence[Judgement]) -> str:
    """Return what did not pass, with what mends it, and a count: by families, in each and of all the worst first."""
    rows = [line for entry in entries(judgements) for line in _lines(entry)]
    counts = ((word, sum(one.outcome == word for one in judgements)) for word in ("passed", *WORDS, "skipped"))
    return "\n".join([*rows, ", ".join(_counted(number, word) for word, number in counts if number)])


def findings_json(judgements: Sequence[Judgement]) -> str:
    """Return all judgements as JSON: a list of objects with the same keys each."""
    return json.dumps(
        [
            {
                "code": one.code,
                "subject": one.subject,
                "verdict": one.finding.verdict.value,
                "weight": one.weight.value,
                "blocks": one.blocks,
                "title": one.title,
                "why": one.why,
                "seen": one.finding.seen,
                "fix": one.finding.fix,
                "excuse": one.excuse,
                "url": one.url,
            }
            for one in judgements
        ],
        indent=2,
    )


def page_of_checks(checks: Sequence[Check[Any]]) -> str:
    """Return the Markdown of docs/checks.md but its head: what each check holds, and why it matters."""
    in_order = sorted(checks, key=lambda one: one.code)
    return "\n".join(f"### {one.code}\n\n**{title(one)}** ({one.weight.value}) {why(one)}\n" for one in in_order)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}s" if number > 1 and word in {"error", "warning"} else f"{number} {word}"


def _lines(entry: Entry) -> list[str]:
    head = f"{entry.outcome:7}  {entry.codes}"
    mend = f"ignored: {entry.excuse}" if entry.excuse else f"fix: {entry.fix}" if entry.fix else ""
    names = ", ".join(entry.subjects)
    said = [*entry.seen.splitlines(), *mend.splitlines()]
    lines = [f"{names}:" if names else "", *(f"  {line}" if names else line for line in said if line)]
    shown = [line for line in lines if line]
    return [f"{head}  {shown[0]}" if shown else head, *(f"{'':{len(head)}}  {line}" for line in shown[1:])]


def untested(outcomes: Sequence[Outcome], matrices: Sequence[str]) -> tuple[str, ...]:
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


def _cell(outcome: Outcome | None, signs: Mapping[Status, str]) -> str:
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
        return PLAIN_SIGNS
    return signs
