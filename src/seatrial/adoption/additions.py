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
    from seatrial.facts.version_text import Place

FRAGMENTS = "changelog.d"
FIELDS = (("search", "current_version"), ("replace", "new_version"))
"""What stands for the version in either text of bump-my-version (its "Configuration")."""


def to_pyproject(found: Found, text: str, log: PurePosixPath | None, title: str) -> str:
    """Return pyproject.toml with what it lacks; ``log``: the changelog that towncrier is to keep, None for none."""
    document = tomlkit.parse(text)
    before = document.as_string()
    added = [
        _classifiers(found, document),
        _group(found, document),
        _settings(found, document),
        _bumpversion(found, document),
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


def _settings(found: Found, document: tomlkit.TOMLDocument) -> str:
    """Add what seatrial is told: the name that setup.py computes; the tag where several packages share a repository.

    The latter where no tag says how theirs are told apart.
    """
    told: Any = document.get("tool", {}).get("seatrial", {})
    wanted = {"name": found.learned.name} if found.learned.name else {}
    if found.repository.prefix and not found.has_tags and "tag" not in told:
        wanted |= {"tag": found.tag_form, "message": "Release {name} {version}"}
    if "seatrial" in document.get("tool", {}):
        told.update({key: text for key, text in wanted.items() if key not in told})
        return ""
    lines = (f"{key} = {tomlkit.item(text).as_string()}\n" for key, text in wanted.items())
    return "".join(("[tool.seatrial]\n", *lines)) if wanted else ""


def _bumpversion(found: Found, document: tomlkit.TOMLDocument) -> str:
    """Tell bump-my-version where the version stands that setup.py computes."""
    learned, told = found.learned, document.get("tool", {}).get("bumpversion")
    if not learned.places:
        return ""
    if isinstance(told, Table):
        # The files are those that it has named.
        told["current_version"] = learned.version
        return ""
    text = f"[tool.bumpversion]\ncurrent_version = {tomlkit.item(learned.version).as_string()}\n"
    for place in learned.places:
        table = {"filename": str(place.path), **_search(place)}
        text += "\n[[tool.bumpversion.files]]\n"
        text += "".join(f"{key} = {_quoted(value)}\n" for key, value in table.items())
    return text


def _quoted(text: str) -> str:
    is_literal = '"' in text and "'" not in text and text.isprintable()
    return tomlkit.string(text, literal=is_literal).as_string()


def _search(place: Place) -> dict[str, str]:
    """Return what is to be replaced in a file: the line alone, unless braces in it would be fields."""
    line = place.text.splitlines()[-1]
    before, _, after = line.rpartition(place.version)
    if "{" in line or not before:
        return {}
    return {key: f"{before}{{{field}}}{after}" for key, field in FIELDS}


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
