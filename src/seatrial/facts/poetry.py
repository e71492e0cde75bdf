"""Poetry's own notation of requirements, in that of everybody else (Poetry, "Dependency specification")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def requirement(name: str, told: Any) -> Iterator[str]:
    """Yield an entry of a table as a requirement; what has a path or a repository instead of a version is left out."""
    if isinstance(told, list):
        for one in told:
            yield from requirement(name, one)
    elif isinstance(told, dict):
        if isinstance(told.get("version"), str):
            named = told.get("extras")
            extras = f"[{','.join(map(str, named))}]" if named and isinstance(named, list) else ""
            python = told.get("python")
            condition = _markers(python) if isinstance(python, str) else str(told.get("markers", ""))
            yield f"{name}{extras}{specifier(told['version'])}" + (f" ; {condition}" if condition else "")
    elif isinstance(told, str):
        yield f"{name}{specifier(told)}"


def python(table: Mapping[str, Any]) -> str:
    """Return which Pythons a table admits, as a specifier, "" where it does not say."""
    needed = table.get("dependencies")
    told = needed.get("python") if isinstance(needed, dict) else None
    return specifier(told) if isinstance(told, str) else ""


def classifiers(table: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the classifiers of a table."""
    told = table.get("classifiers")
    return tuple(text for text in told if isinstance(text, str)) if isinstance(told, list) else ()


def specifier(constraint: str) -> str:
    """Return a constraint as a specifier (PEP 440), "" for any version."""
    words = [
        word for word in re.split(r"[,\s]+(?=[^\d])|,", constraint.rpartition("||")[2].strip()) if word.strip(" *")
    ]
    return ",".join(filter(None, (_one(word.strip()) for word in words)))


def _one(word: str) -> str:
    sign, version = word[:1], word[1:].strip()
    if sign in "^~" and not re.search(r"\d", version):
        return ""
    if sign == "^":
        return f">={version},<{_above(version, _first_that_counts(version))}"
    if sign == "~" and not version.startswith("="):
        return f">={version},<{_above(version, min(1, version.count('.')))}"
    return word.replace(" ", "") if sign in "<>=!~" else f"=={word}"


def _above(version: str, place: int) -> str:
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    return ".".join(str(number) for number in [*numbers[:place], numbers[place] + 1])


def _first_that_counts(version: str) -> int:
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    return next((place for place, number in enumerate(numbers) if number), len(numbers) - 1)


def _markers(python: str) -> str:
    words = specifier(python).split(",")
    pairs = (re.match(r"([<>=!~]+)(.+)", word) for word in words if word)
    return " and ".join(f'python_version {pair[1]} "{pair[2]}"' for pair in pairs if pair)
