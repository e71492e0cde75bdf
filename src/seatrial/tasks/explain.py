"""The task ``explain``, which prints the texts about checks and errors, from the checks and from docs/errors.md.

It needs no network.
"""

# The imports of a task are in its function, because `invoke -l` and `--help` start faster without them.
# ruff: noqa: ARG001, PLC0415

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.commands import Command
from seatrial.errors import CLOSE_CODE, ProjectError, did_you_mean, nearest
from seatrial.tasks.check import FAMILIES
from seatrial.tasks.command import command
from seatrial.tasks.console import errors_as_messages, show

if TYPE_CHECKING:
    from invoke.context import Context


@command(
    words=["code"],
    iterable=["code"],
    help={"code": "codes of checks or errors, or a family such as DIST; without one, the families are listed"},
)
def explain(context: Context, code: Sequence[str]) -> None:
    """Explain checks and errors by their codes.

    Example: seatrial explain DIST206
    """
    from seatrial.redaction import redact

    with errors_as_messages():
        explanations = read_explanations()
        families = by_family(explanations.values())
        if not code:
            about = {name: f"checks of {text}" for name, text in FAMILIES.items()}
            about[ERRORS] = "what ends a command, with its fix"
            show("\n".join(f"{name:7} {len(members):>3}  {about[name]}" for name, members in families.items()))
            show(f"\nthe codes of a family, or the text of a code: {Command('explain', 'DIST', program_only=True)}")
            return
        by_name = {name.casefold(): str(explanation) for name, explanation in explanations.items()}
        by_name |= {name.casefold(): list_text(members) for name, members in families.items()}
        for text in code:
            if text.casefold() not in by_name:
                near = nearest(text, (*explanations, *families), CLOSE_CODE)
                raise ProjectError(
                    f"unknown code {redact(text)!r}{did_you_mean(near)}",
                    code="CodeUnknown",
                    fix=Command("explain", *near[:1], program_only=True),
                )
        show("\n\n".join(by_name[text] for text in dict.fromkeys(map(str.casefold, code))))


PACKAGE = Path(__file__).resolve().parents[1]
PAGES = (PACKAGE / "errors.md", PACKAGE.parents[1] / "docs" / "errors.md")
"""The page of errors: in a built package, and in the repository."""

SECTION = re.compile(r"^## .+ \(exit code (?P<exit_code>\d+)\)$", re.MULTILINE)
LINK = re.compile(r"\[(?P<text>[^]]+)\]\([^)]*\)")
WIDTH = 100

IGNORING = """\
To ignore it, with a reason, in pyproject.toml:

[tool.seatrial.ignore]
{code} = "why it does not apply here\""""


@dataclass(frozen=True)
class Explanation:
    """The text about a code; ``kind``: check or error, with its severity or exit code; ``text``: with wrapped lines."""

    code: str
    kind: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.code} ({self.kind})\n\n{self.text}"


ERRORS = "errors"
"""The family of the codes that are of no check."""


def by_family(explanations: Iterable[Explanation]) -> dict[str, list[Explanation]]:
    """Return explanations by the names of their families."""
    families: dict[str, list[Explanation]] = {name: [] for name in (*sorted(FAMILIES), ERRORS)}
    for explanation in explanations:
        name = explanation.code.rstrip("0123456789")
        families[name if name in families else ERRORS].append(explanation)
    return families


def list_text(explanations: Iterable[Explanation]) -> str:
    """Return a line for each code, with its title."""
    rows = {explanation.code: explanation.title for explanation in explanations}
    column = max(map(len, rows))
    return "\n".join(f"{code:{column}}  {title}" for code, title in rows.items())


def read_explanations() -> dict[str, Explanation]:
    """Return the texts about all checks and errors, by their codes."""
    return {explanation.code: explanation for explanation in (*_checks(), *_errors())}


def _checks() -> Iterator[Explanation]:
    from seatrial.checks.registry import ALL_CHECKS, WORKFLOW_CHECKS

    for check in sorted((*ALL_CHECKS, *WORKFLOW_CHECKS), key=lambda check: check.code):
        title = check.title
        paragraphs = (title, *check.why.split("\n\n"))
        text = "\n\n".join(_wrapped(paragraph) for paragraph in paragraphs)
        kind = f"check, {check.severity.value}"
        yield Explanation(check.code, kind, title, f"{text}\n\n{IGNORING.format(code=check.code)}")


def _errors() -> Iterator[Explanation]:
    page = next(path for path in PAGES if path.is_file()).read_text(encoding="utf-8")
    starts = list(SECTION.finditer(page))
    for section, following in zip(starts, (*starts[1:], None)):
        body = page[section.end() : following.start() if following else None]
        for paragraph in body.split("\n### ")[1:]:
            code, _, markdown = paragraph.partition("\n")
            text = "\n\n".join(map(_wrapped, LINK.sub(r"\g<text>", markdown).strip().split("\n\n")))
            title = re.split(r"(?<=\.)\s", " ".join(text.split()))[0]
            yield Explanation(code, f"error, exit code {section['exit_code']}", title, text)


def _wrapped(paragraph: str) -> str:
    """Return a paragraph with wrapped lines; code, lists and tables stay as they are."""
    if paragraph.startswith(("```", "    ", "- ", "|", "1. ")):
        return paragraph
    return textwrap.fill(" ".join(paragraph.split()), WIDTH, break_on_hyphens=False, break_long_words=False)
