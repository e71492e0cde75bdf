"""What a CI service shows beside its log: annotations, and the summary of a job.

GitHub, "Workflow commands for GitHub Actions"; Forgejo and Gitea take the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.findings import WORDS, Verdict, Weight, entries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from seatrial.findings import Entry, Judgement

SIGNS = {"error": "✗ error", "warning": "! warning", "unknown": "? unknown", "ignored": "– ignored"}


def announce(
    title: str, judgements: Sequence[Judgement], environ: Mapping[str, str], say: Callable[[str], None]
) -> None:
    """Say a workflow command for each error and warning, and add a table to the summary, where a CI service takes them.

    A summary that can't be written is no reason to fail. ``environ``: the variables of the job.
    """
    if environ.get("GITHUB_ACTIONS") == "true":
        for one in judgements:
            if one.finding.verdict is Verdict.FAILED and not one.excuse:
                say(command(one))
    try:
        add_to_summary(lambda: summary(title, judgements), environ)
    except OSError as error:
        say(f"the summary of the job can't be written: {error}")


def add_to_summary(text: Callable[[], str], environ: Mapping[str, str]) -> None:
    """Add Markdown to the summary of the job, where a CI service has one; only there, ``text`` is made.

    Raises `OSError`.
    """
    page = environ.get("GITHUB_STEP_SUMMARY")
    if page:
        with Path(page).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text())


def command(judgement: Judgement) -> str:
    """Return the workflow command that shows a finding: one line, whatever its text has in it."""
    kind = "error" if judgement.weight is Weight.ERROR else "warning"
    finding = judgement.finding
    head = f"{judgement.code} {judgement.title}"
    text = "\n".join(
        part for part in (judgement.subject, finding.seen, f"fix: {finding.fix}" * bool(finding.fix)) if part
    )
    return f"::{kind} title={_escaped(head, ',:')}::{_escaped(text)}"


def summary(title: str, judgements: Sequence[Judgement]) -> str:
    """Return the Markdown of what did not pass, the worst first, and a count."""
    rows = [
        f"| {SIGNS[one.outcome]} | [{one.codes}]({one.url}) | {_cell(', '.join(one.subjects))} | {_cell(_said(one))} |"
        for one in entries(judgements)
    ]
    counted = {word: sum(one.outcome == word for one in judgements) for word in ("passed", *WORDS, "skipped")}
    table = ["| | check | of | seen, and how to mend it |", "|---|---|---|---|", *rows, ""] if rows else []
    counts = ", ".join(f"{number} {word}" for word, number in counted.items() if number)
    return "\n".join([f"### {title}", "", *table, counts, "", ""])


def _said(entry: Entry) -> str:
    more = f"ignored: {entry.excuse}" if entry.excuse else entry.fix
    return f"{entry.seen}\n{more}" if more else entry.seen


def _cell(text: str) -> str:
    """Return a text as one cell of a table, in which nothing of it is taken for markup."""
    plain = "".join(sign if sign.isalnum() or sign in " \n.,-" else f"&#{ord(sign)};" for sign in text)
    return plain.replace("\n", "<br>")


def _escaped(text: str, more: str = "") -> str:
    """Return a text as a workflow command has it."""
    return "".join(f"%{ord(sign):02X}" if sign in f"%\r\n{more}" else sign for sign in text)
