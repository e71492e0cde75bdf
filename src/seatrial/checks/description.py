"""Whether the page of the project shows the description as it is meant."""

from __future__ import annotations

import email.message
import io
import re
from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.rule import help_page, verdict
from seatrial.checks.standard import MetadataRule, metadata_of
from seatrial.facts.metadata import FAILURES
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from seatrial.facts.archive import Archive

LONGEST = 1 << 20
"""Longer descriptions, in characters, are not rendered here: a renderer may take minutes."""

SHOWN = 3


class Renders(MetadataRule):
    """The description can be rendered."""

    code: ClassVar[str] = "DIST141"
    needs: ClassVar[tuple[str, ...]] = ("DIST101", "DIST107")

    def check(self, facts: Archive) -> Finding:
        """PyPI does not take a file whose description it can't show."""
        text = metadata_of(facts).text("description")
        declared = metadata_of(facts).text("description_content_type")
        if len(text) > LONGEST:
            return Finding.unknown(f"the description has more than {LONGEST:,} characters", "shorten it")
        if not text:
            return Finding.passed()
        problems = _problems(text, _plain(declared or "text/x-rst"))
        if problems is None:
            return Finding.passed()
        how = f"for '{declared}'." if declared else "in the default format of reStructuredText."
        page = help_page("description-content-type")
        said = f"The description failed to render {how} See {page} for more information."
        fix = 'mend it, and if it is Markdown say so: readme = "README.md" in [project]'
        return verdict([said, *problems], fix)


class Described(MetadataRule):
    """There is a description, and it says in which format it is."""

    code: ClassVar[str] = "DIST142"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: Archive) -> Finding:
        """It is all that most people read before they install something."""
        if not metadata_of(facts).text("description").strip():
            return Finding.failed("the page of the project would be empty", 'readme = "README.md" in [project]')
        if not metadata_of(facts).text("description_content_type"):
            said = "the description does not say its format, and is taken for reStructuredText"
            return Finding.failed(said, 'readme = "README.md" in [project]')
        return Finding.passed()


def _plain(content_type: str) -> str:
    message = email.message.EmailMessage()
    try:
        message["content-type"] = content_type
        return message.get_content_type()
    except FAILURES:
        return "text/plain"


def _problems(text: str, content_type: str) -> list[str] | None:
    """Say why the text can't be rendered, None if it can: what the renderer said, if it said something."""
    # Loaded here because docutils takes its time.
    from readme_renderer import markdown, rst  # noqa: PLC0415

    said = io.StringIO()
    try:
        if content_type == "text/markdown":
            rendered = markdown.render(text)
        elif content_type == "text/x-rst":
            rendered = rst.render(text, stream=said)
        else:
            return None
    except FAILURES as error:
        return [str(error) or type(error).__name__]
    if rendered is not None:
        return None
    found = re.findall(r"^<string>:(\d+): \(\w+/\d\) (.+)$", said.getvalue(), re.MULTILINE)
    return [f"line {line}: {what}" for line, what in found[:SHOWN]]
