"""A workflow of GitHub as its text has it: what reading it as YAML alone would lose is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seatrial.facts.steps import awaited, table_at, table_of, tables_at, texts_at, trouble_in
from seatrial.facts.uploading import PUBLISHES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

USES = re.compile(
    r"^[ \t-]*uses:[ \t]*['\"]?(?P<action>[^\s'\"#@]+)@(?P<ref>[^\s'\"#]+)['\"]?[ \t]*(?P<comment>#.*)?$", re.MULTILINE
)


@dataclass(frozen=True)
class Use:
    """An action as it is named in the text: ``ref`` stands behind its at sign, ``version`` in the comment after it."""

    action: str
    ref: str
    version: str

    @property
    def is_pinned(self) -> bool:
        """Whether it is named by a commit."""
        return bool(re.fullmatch(r"[0-9a-f]{40}", self.ref))


@dataclass(frozen=True)
class CiJob:
    """A job: ``table`` is what stands below its name, and is not to be written to."""

    name: str
    table: Mapping[str, Any] = field(repr=False)

    @property
    def steps(self) -> tuple[Mapping[str, Any], ...]:
        """Its steps."""
        return tables_at(self.table, "steps")

    @property
    def commands(self) -> tuple[str, ...]:
        """What its steps run."""
        return tuple(one["run"] for one in self.steps if isinstance(one.get("run"), str))

    def inputs(self, action: str) -> Iterator[Mapping[str, Any]]:
        """Yield what each step that uses an action hands to it."""
        for one in self.steps:
            uses = one.get("uses")
            if isinstance(uses, str) and uses.partition("@")[0].lower() == action:
                yield table_at(one, "with")

    @property
    def uploads(self) -> int:
        """How many of its steps upload to an index."""
        texts = [text for one in self.steps for text in (one.get("run"), one.get("uses")) if isinstance(text, str)]
        return sum(bool(PUBLISHES.search(text)) for text in texts)

    @property
    def needs(self) -> tuple[str, ...]:
        """The jobs that it waits for."""
        return texts_at(self.table, "needs")


@dataclass(frozen=True)
class CiFile:
    """A workflow: ``uses`` are the actions of its text, ``table`` what it holds, ``trouble`` why it is none, or ""."""

    name: str
    uses: tuple[Use, ...]
    jobs: tuple[CiJob, ...]
    table: Mapping[str, Any] = field(default_factory=dict, repr=False)
    trouble: str = ""

    @classmethod
    def from_text(cls, name: str, text: str) -> CiFile:
        """Read a file; one that is no workflow has no jobs."""
        trouble, told = trouble_in(text), table_of(text)
        if told is None:
            return cls(name, (), (), trouble=trouble or "it is no workflow")
        jobs = tuple(CiJob(str(key), job) for key, job in told["jobs"].items() if isinstance(job, dict))
        uses = (Use(one["action"], one["ref"], _version(one["comment"])) for one in USES.finditer(text))
        return cls(name, tuple(uses), jobs, told, trouble)

    @property
    def publishing(self) -> tuple[CiJob, ...]:
        """The jobs that upload to an index."""
        return tuple(one for one in self.jobs if one.uploads)

    @property
    def triggers(self) -> frozenset[str]:
        """The names of the events that start it."""
        on = self.table.get("on", [])
        # Anything else than a text, written out, could be as long as its aliases multiply it.
        return frozenset(one for one in ([on] if isinstance(on, str) else on) if isinstance(one, str))

    def before(self, job: CiJob) -> tuple[CiJob, ...]:
        """Return the jobs that a job waits for, and those that they wait for."""
        waited = awaited(job.needs, {one.name: one.needs for one in self.jobs})
        return tuple(one for one in self.jobs if one.name in waited)


def _version(comment: str | None) -> str:
    found = re.match(r"#\s*(v?\d\S*)", comment or "")
    return found[1] if found else ""
