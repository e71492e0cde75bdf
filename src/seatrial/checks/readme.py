"""Whether the README can become the page of the project."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.project import SourceRule
from seatrial.checks.rule import shown, verdict
from seatrial.facts.sources import TYPES
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.facts.sources import Sources

LINES, ALL = re.MULTILINE, re.MULTILINE | re.DOTALL

LINKS = {
    "text/markdown": re.compile(
        r"""\]\(\s*<?([^)\s>]+)|(?:href|src)=["']([^"']+)|^\[[^\]]+\]:\s*<?(\S+?)>?\s*$""", LINES
    ),
    "text/x-rst": re.compile(r"^\s*\.\. (?:image|figure):: (\S+)|`[^`]*<([^`>]+)>`__?|^\.\. _[^:]+: (\S+)$", LINES),
}
"""What a link or an image looks like."""

CODE = {
    "text/markdown": re.compile(r"^ *(```+|~~~+).*?^ *\1|`[^`\n]+`|<!--.*?-->", ALL),
    "text/x-rst": re.compile(r"``[^`\n]+``|^\.\. code(?:-block)?::.*?(?=^\S|\Z)", ALL),
}
"""What shows text as it is."""

ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#|.*_$", re.IGNORECASE)
"""A link that leads to another place, or to one on the page itself; in reStructuredText, to another link."""


class ReadmeThere(SourceRule):
    """The README is named, and there."""

    code: ClassVar[str] = "META013"
    weight: ClassVar[Weight] = Weight.ERROR

    def check(self, facts: Sources) -> Finding:
        """It becomes the page of the project; a build stops when the file is missing."""
        path = facts.readme
        if path is None:
            return Finding.skipped("[project] names none")
        bad = path not in facts.files and not str(path).startswith("..")
        fix = f"git add {shlex.quote(str(path))}, and commit; or name one that is there"
        return verdict([f"git knows no {path}, which readme names"] if bad else [], fix)


class ReadmeNamed(SourceRule):
    """There is a README for the page of the project."""

    code: ClassVar[str] = "META014"

    def check(self, facts: Sources) -> Finding:
        """It is all that most people read before they install something."""
        told = facts.table.get("readme")
        if not facts.says_all or facts.is_open("readme") or told:
            return Finding.passed() if told else Finding.skipped("the README stands elsewhere")
        return Finding.failed("[project] has no readme", 'readme = "README.md"')


class ReadmeFormat(SourceRule):
    """The format of the README is the one that its name says."""

    code: ClassVar[str] = "META015"

    def check(self, facts: Sources) -> Finding:
        """PyPI renders what it is told: Markdown taken for reStructuredText is refused, or looks like noise."""
        path = facts.readme
        if path is None:
            return Finding.skipped("[project] names none")
        meant = TYPES.get(path.suffix.lower(), "")
        bad = meant and facts.readme_type != meant
        said = f"{path} is told to be {facts.readme_type or 'of no format'}, and is named like {meant}"
        return verdict([said] if bad else [], f'readme = "{path}"')


class ReadmeLinks(SourceRule):
    """Links and images of the README lead somewhere from the page of the project, too."""

    code: ClassVar[str] = "META016"

    def check(self, facts: Sources) -> Finding:
        """There are no files beside that page: a relative link is dead there, and an image is missing."""
        bad = shown(dict.fromkeys(_relative(facts.readme_text, facts.readme_type)))
        return verdict(bad, "write them with the whole address of the file on the forge")


def _relative(text: str, content_type: str) -> Iterator[str]:
    if content_type in LINKS:
        plain = CODE[content_type].sub("", text)
        for found in LINKS[content_type].finditer(plain):
            target = next(group for group in found.groups() if group)
            if not ELSEWHERE.match(target):
                yield target
