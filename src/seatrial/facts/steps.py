"""What the tables of a workflow hold (GitHub, "Workflow syntax for GitHub Actions")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def table_of(text: str) -> dict[str, Any] | None:
    """Return what the text of a workflow holds, its jobs in a table of their own; None when it is no workflow."""
    # Only a rehearsal and the checks of CI files need it.
    import yaml  # noqa: PLC0415

    try:
        # Every scalar is a string then: no dates, no numbers, and no "on" that is a truth.
        told = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes nothing but strings, lists and dicts
    except (yaml.YAMLError, RecursionError):
        return None
    return told if isinstance(told, dict) and isinstance(told.get("jobs"), dict) else None


def trouble_in(text: str) -> str:
    """Return why a text is no workflow that GitHub would run, "" where nothing of that kind is to be seen."""
    import yaml  # noqa: PLC0415 - see table_of()

    try:
        top = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        at = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        return f"{at}{error.problem or error.context}"
    except (yaml.YAMLError, RecursionError):
        return "it is no YAML"
    keys = _pairs(top)
    jobs = next((value for key, value in keys if key == "jobs"), None)
    if not isinstance(jobs, yaml.MappingNode):
        return "it has no jobs"
    # A parser takes the last of them for all; GitHub refuses the file.
    names = [name for name, _ in (*keys, *_pairs(jobs))]
    twice = dict.fromkeys(name for name in names if names.count(name) > 1)
    return f"{' and '.join(twice)} stands there twice" if twice else ""


def _pairs(node: Any) -> list[tuple[str, Any]]:
    pairs = node.value if node is not None and node.id == "mapping" else []
    return [(key.value, value) for key, value in pairs if isinstance(key.value, str)]


def table_at(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a table in a table, an empty one where there is none."""
    found = told.get(name)
    return found if isinstance(found, dict) else {}


def tables_at(told: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], ...]:
    """Return the tables of a list in a table, none where there is no list."""
    found = told.get(name)
    return tuple(one for one in found if isinstance(one, dict)) if isinstance(found, list) else ()


def texts_at(told: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return texts in a table, of which there is one or a list."""
    found = told.get(name)
    return tuple(one for one in (found if isinstance(found, list) else [found]) if isinstance(one, str) and one)


def text_at(told: Mapping[str, Any], name: str) -> str:
    """Return a text in a table, "" for none: anything else, written out, could multiply by its aliases."""
    found = told.get(name)
    return found if isinstance(found, str) else ""


def awaited(names: Iterable[str], needs: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Return these jobs and all that they wait for, as far as they are known; ``needs``: what each job waits for."""
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found and name in needs:
            found.add(name)
            left += needs[name]
    return frozenset(found)


@dataclass(frozen=True)
class Step:
    """A step: what it runs and what action it uses, "" for none, and its ``if``, as the file has it."""

    run: str = ""
    uses: str = ""
    condition: str = ""


def steps_of(job: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return the steps of a job."""
    return tuple(Step(*(text_at(one, key) for key in ("run", "uses", "if"))) for one in tables_at(job, "steps"))
