"""What the text of a pipeline says, brought together where it stands in several places.

GitLab, "CI/CD YAML syntax reference": ``extends``, ``!reference``, ``include: local``, and the anchors of YAML.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

from seatrial.mishaps import PipelineInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FILE = ".gitlab-ci.yml"
"""Where GitLab looks for the pipeline, unless a setting of the project says otherwise."""

DEEPEST = 11
"""How deep one may refer to another; GitLab refuses more."""

MOST = 1000
"""How many commands of a job are read: what refers to itself again and again has no end."""


def files_below(top: Path) -> Callable[[str], str | None]:
    """Return what reads the text of a file below ``top``, None for one that is not there."""

    def read(path: str) -> str | None:
        found = (top / path).resolve()
        is_inside = top.resolve() in found.parents
        return found.read_text(encoding="utf-8", errors="replace") if is_inside and found.is_file() else None

    return read


class Reference(tuple[str, ...]):
    """The path of a value that stands elsewhere: ``!reference [.setup, script]``."""

    __slots__ = ()


@dataclass(frozen=True)
class PipelineText:
    """``table``: the keys of the file and of those that it includes; ``elsewhere``: includes that lie elsewhere."""

    table: Mapping[str, Any]
    elsewhere: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str, files: Callable[[str], str | None]) -> PipelineText:
        """Read it; ``files`` returns the text of a file of the repository, None where there is none.

        Raises `PipelineInvalid`.
        """
        return cls._read(text, files, FILE, 0)

    @classmethod
    def _read(cls, text: str, files: Callable[[str], str | None], name: str, depth: int) -> PipelineText:
        told = _loaded(text, name)
        included: dict[str, Any] = {}
        elsewhere: list[str] = []
        for path, where in _includes(told.get("include", [])):
            if not path:
                elsewhere.append(where)
                continue
            found = files(path)
            if found is None:
                raise invalid(f"{name} includes {path}, which is not there", "commit it, or take it out of include")
            if depth == DEEPEST:
                raise invalid(f"{name} includes {path}, too deep: one may lead back to itself", "include less")
            one = cls._read(found, files, path, depth + 1)
            included = _merged(included, one.table)
            elsewhere += one.elsewhere
        return cls(_merged(included, told), tuple(dict.fromkeys(elsewhere)))

    def job(self, name: str, depth: int = 0) -> Mapping[str, Any]:
        """Return a job together with what it extends. Raises `PipelineInvalid`."""
        told = self.table.get(name)
        if not isinstance(told, dict):
            raise invalid(f"{FILE} extends {name}, which is not there", "name a job in extends that is there")
        if depth > DEEPEST:
            raise invalid(f"{name} of {FILE} extends itself", "name another job in extends")
        merged: dict[str, Any] = {}
        for parent in flat(told.get("extends", [])):
            merged = _merged(merged, self.job(str(parent), depth + 1))
        return _merged(merged, told)

    def values(self, told: object) -> tuple[object, ...]:
        """Return the values of a list, or one that stands for a list, with those that it refers to in their places."""
        return tuple(itertools.islice(self._values(told, 0), MOST))

    def _values(self, told: object, depth: int) -> Iterator[object]:
        if depth > DEEPEST:
            return
        if isinstance(told, Reference):
            yield from self._values(self._referred(told), depth + 1)
        elif isinstance(told, list):
            for one in told:
                yield from self._values(one, depth + 1)
        elif told is not None and told != "":
            yield told

    def _referred(self, path: Reference) -> object:
        value: object = self.job(path[0]) if path and path[0] in self.table else None
        for key in path[1:]:
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            raise invalid(f"{FILE} refers to {', '.join(path)}, which is not there", "name in !reference what is there")
        return value


def invalid(what: str, fix: str) -> PipelineInvalid:
    """Return the error of a pipeline that GitLab would not make."""
    return PipelineInvalid(what, fix=fix)


def flat(told: object) -> list[object]:
    """Return a list, or the one value that stands for it."""
    return told if isinstance(told, list) else [told]


def table_in(told: object) -> Mapping[str, Any]:
    """Return a table, an empty one where there is none."""
    return told if isinstance(told, dict) else {}


def _loaded(text: str, name: str) -> dict[str, Any]:
    # Only a rehearsal needs it.
    import yaml  # noqa: PLC0415

    class Loader(yaml.SafeLoader):
        """Every scalar is a string; of what YAML makes of scalars, ``<<`` alone is kept."""

        yaml_implicit_resolvers = {"<": yaml.SafeLoader.yaml_implicit_resolvers["<"]}  # noqa: RUF012 - as in the base

    def referred(loader: Any, node: Any) -> Reference:
        return Reference(str(one) for one in loader.construct_sequence(node))

    Loader.add_constructor("!reference", referred)
    try:
        documents = list(yaml.load_all(text, Loader=Loader))
    except yaml.MarkedYAMLError as error:
        at = f" line {error.problem_mark.line + 1}:" if error.problem_mark else ""
        raise invalid(f"{name}:{at} {error.problem or error.context}", "mend the YAML") from None
    except (yaml.YAMLError, RecursionError, TypeError, ValueError):
        raise invalid(f"{name} is no YAML", "mend the YAML") from None
    # A file may begin with a document of its inputs.
    told = documents[-1] if documents else {}
    if not isinstance(told, dict):
        raise invalid(f"{name} is no table of jobs", "name a job, with its script")
    return {str(key): value for key, value in told.items()}


def _includes(told: object) -> Iterator[tuple[str, str]]:
    """Yield what is included: the path of a file in the repository or "", and what stands there."""
    for one in flat(told):
        if isinstance(one, dict):
            yield (
                str(one["local"]).lstrip("/") if "local" in one else "",
                ", ".join(f"{key} {value}" for key, value in one.items() if isinstance(value, str)),
            )
        elif isinstance(one, str) and one:
            yield "" if "://" in one else one.lstrip("/"), one


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return two tables as one: tables in both are merged, all else is the second's."""
    merged = dict(first)
    for key, value in second.items():
        known = merged.get(key)
        merged[key] = _merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged
