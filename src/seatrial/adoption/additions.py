"""What is added to pyproject.toml: the least that does, with comments and order kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.items import Array, Table

from seatrial.adoption import changelog
from seatrial.facts.project import PYTHON

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from seatrial.adoption.looking import Found

FRAGMENTS = "changelog.d"


def to_pyproject(found: Found, text: str, log: PurePosixPath | None, title: str) -> str:
    """Return pyproject.toml with what it lacks; ``log``: the changelog that towncrier is to keep, None for none."""
    document = tomlkit.parse(text)
    before = document.as_string()
    added = [
        _classifiers(found, document),
        _group(found, document),
        _tag(found, document),
        _towncrier(log, title) if log else "",
    ]
    changed = document.as_string()
    tail = "\n".join(one for one in added if one)
    text = changed if changed != before else text
    return f"{text.rstrip(chr(10))}\n\n{tail}" if tail and text.strip() else text or tail


def pythons(found: Found) -> tuple[int, ...]:
    """Return the minor versions of Python that the project admits, where its classifiers name none."""
    if any(PYTHON.fullmatch(text.strip()) for text in found.project.classifiers):
        return ()
    return found.project.pythons_admitted


def _classifiers(found: Found, document: tomlkit.TOMLDocument) -> str:
    """Add the classifiers of the Pythons, in the place where classifiers are."""
    project: Any = document.get("project")
    minors = pythons(found)
    if not minors or project is None or "classifiers" in project.get("dynamic", []):
        return ""
    if "classifiers" not in project:
        project["classifiers"] = tomlkit.array().multiline(multiline=True)
    array = project["classifiers"]
    if isinstance(array, Array):
        for minor in minors:
            array.append(f"Programming Language :: Python :: 3.{minor}")
    return ""


def _group(found: Found, document: tomlkit.TOMLDocument) -> str:
    """Add a dependency group for the tests where they say nowhere else what they need."""
    if not found.tests.copied:
        return ""
    group: Array = tomlkit.array()
    for requirement in found.tests.copied:
        group.append(requirement)
    if len(found.tests.copied) > len(("one", "two", "three")):
        group.multiline(multiline=True)
    groups = document.get("dependency-groups")
    if isinstance(groups, Table):
        groups["test"] = group
        return ""
    return f"[dependency-groups]\ntest = {group.as_string()}\n"


def _tag(found: Found, document: tomlkit.TOMLDocument) -> str:
    """Name the tag where several packages share a repository, and no tag says how theirs are told apart."""
    told: Any = document.get("tool", {}).get("seatrial", {})
    if not found.repository.prefix or found.has_tags or "tag" in told:
        return ""
    wanted = {"tag": found.tag_form, "message": "Release {name} {version}"}
    if "seatrial" in document.get("tool", {}):
        told.update({key: text for key, text in wanted.items() if key not in told})
        return ""
    return "[tool.seatrial]\n" + "".join(f'{key} = "{text}"\n' for key, text in wanted.items())


def _towncrier(log: PurePosixPath, title: str) -> str:
    table = tomlkit.table()
    table["directory"] = FRAGMENTS
    table["filename"] = str(log)
    table["title_format"] = title
    return f"[tool.towncrier]\n{table.as_string()}"


def title_of(text: str) -> tuple[str, str]:
    """Return the ``title_format`` that goes on with a changelog, and the sign under its headings."""
    found = changelog.releases(text)
    return (found[0].title_format, found[0].underline) if found else ("", "")
