"""Whether the page of the project shows the description as it is meant."""

from __future__ import annotations

import email.message
import io
import re
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from packaging.utils import canonicalize_name

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


class NotOfPython(MetadataRule):
    """The project is not named like a module of Python."""

    code: ClassVar[str] = "DIST143"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: Archive) -> Finding:
        """PyPI does not make a project of that name; those that there are, such as backports, may go on."""
        name = metadata_of(facts).name
        said = f"{name} is, or once was, a module of Python's standard library"
        return verdict([said] if name and is_of_python(name) else [], "choose another name")


def is_of_python(name: str) -> bool:
    """Whether a module of Python's standard library, of any version, or a package above one, is named so."""
    return canonicalize_name(name) in _modules_of_python()


@lru_cache(maxsize=1)
def _modules_of_python() -> frozenset[str]:
    # Loaded here because the lists are long.
    from stdlib_list import short_versions, stdlib_list  # noqa: PLC0415

    modules = {module for version in short_versions for module in stdlib_list(version)}
    parts = [module.split(".") for module in modules]
    names = {".".join(part[: count + 1]) for part in parts for count in range(len(part))}
    return frozenset(canonicalize_name(name.strip("-_.")) for name in names)


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
