"""The texts about checks and errors, from the checks themselves and from docs/errors.md."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.checks.registry import ALL_CHECKS, WORKFLOW_CHECKS

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def read_explanations() -> dict[str, Explanation]:
    """Return the texts about all checks and errors, by their codes."""
    return {explanation.code: explanation for explanation in (*_checks(), *_errors())}


def _checks() -> Iterator[Explanation]:
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
