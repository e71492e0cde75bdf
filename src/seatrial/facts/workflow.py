"""A workflow that publishes, as far as an index and a rehearsal have to know it.

GitHub, "Workflow syntax for GitHub Actions".
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seatrial.facts import pins
from seatrial.facts.chain import Chain
from seatrial.facts.ref_patterns import matches
from seatrial.facts.session_names import sessions_of
from seatrial.facts.steps import Step, awaited, steps_of, table_at, table_of, tables_at, text_at, texts_at
from seatrial.facts.uploading import ADDRESS, PASSWORD_IN_COMMAND, PUBLISHES, TESTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

FOLDER = ".github/workflows"
"""Where GitHub looks for workflows."""

PASSWORD = re.compile(r"(TWINE_|UV_PUBLISH_|HATCH_INDEX_|FLIT_|PDM_PUBLISH_|POETRY_PYPI_)\w*|password")
"""What a stored password is handed over in: a variable or an input of that name."""

PYTHON = re.compile(r"(?<![\d.])3\.\d+(?![\d.])")
"""A minor version of Python."""

ACTION = pins.PUBLISH.partition("@")[0]
"""The action that publishes; it makes attestations unless it is told not to, or has a password."""


@dataclass(frozen=True)
class Job:
    """A job.

    ``commands``: the texts of its ``run``; ``may_ask``: whether it may ask for an identity token; ``has_password``:
    whether a stored password is handed to one of its steps; ``leads_elsewhere``: whether it names another index than
    PyPI; ``pythons``: the versions, such as 3.12, that its matrix or its steps name; ``addresses``: those that it
    uploads to; ``makes_attestations``: whether its steps do; ``needs``: the jobs that it waits for; ``steps``: its
    steps; ``condition``: its ``if``, and ``call`` the workflow that it is, as the file has them, "" for none.
    """

    name: str
    environment: str = ""
    commands: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    may_ask: bool = False
    has_password: bool = False
    leads_elsewhere: bool = False
    pythons: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    makes_attestations: bool = False
    needs: tuple[str, ...] = field(default=(), compare=False)
    steps: tuple[Step, ...] = field(default=(), compare=False, repr=False)
    condition: str = field(default="", compare=False)
    call: str = field(default="", compare=False)

    @property
    def attests(self) -> bool:
        """Whether what it uploads has attestations (PEP 740): only who is trusted by an index can make them."""
        return self.makes_attestations and self.may_ask and not self.has_password

    @property
    def publishes(self) -> bool:
        """Whether one of its steps uploads to an index."""
        return any(PUBLISHES.search(text) for text in (*self.commands, *self.uses))


@dataclass(frozen=True)
class Workflow:
    """A workflow of GitHub: ``name`` of the file; ``tags``: the patterns of tags that start it.

    ``events``: what starts it; ``tags_ignored``: the patterns of tags that do not; ``only_branches``: whether a push
    starts it to a branch alone; ``calls``: the workflows of the repository that its jobs are;
    ``folder``: where its commands run unless they say otherwise, "" for the top; ``chain``: what it starts after.
    """

    name: str
    tags: tuple[str, ...] = ()
    jobs: tuple[Job, ...] = ()
    events: tuple[str, ...] = ()
    tags_ignored: tuple[str, ...] = ()
    only_branches: bool = False
    calls: tuple[str, ...] = ()
    folder: str = ""
    chain: Chain = field(default_factory=Chain, compare=False)

    @classmethod
    def from_text(cls, name: str, text: str) -> Workflow | None:
        """Read a file; None when it is no workflow."""
        told = table_of(text)
        if told is None:
            return None
        push = table_at(table_at(told, "on"), "push")
        jobs = tuple(_job(str(key), job, told) for key, job in told["jobs"].items() if isinstance(job, dict))
        return cls(
            name=name,
            tags=texts_at(push, "tags"),
            jobs=jobs,
            events=tuple(map(str, table_at(told, "on"))) or texts_at(told, "on"),
            tags_ignored=texts_at(push, "tags-ignore"),
            only_branches=any(key in push for key in ("branches", "branches-ignore")),
            calls=tuple(_called(told["jobs"].values())),
            folder=_folder(table_at(table_at(told, "defaults"), "run").get("working-directory")),
            chain=Chain.of(told, f"{FOLDER}/{name}"),
        )

    def listens_to(self, tag: str) -> bool:
        """Whether a push of a tag starts it."""
        if "push" not in self.events:
            return False
        if self.tags:
            return matches(self.tags, tag)
        return not matches(self.tags_ignored, tag) if self.tags_ignored else not self.only_branches

    @property
    def waits_for_more(self) -> bool:
        """Whether something that comes after a tag is meant to start it, and no push of a tag."""
        names_tags = "push" in self.events and (self.tags or self.tags_ignored)
        return not names_tags and bool({"release", "workflow_dispatch"} & set(self.events))

    def started_by_hand(self, tag: str) -> str:
        """Return the command that starts it for a tag, "" where there is none (GitHub, "gh release", "gh workflow")."""
        if "release" in self.events:
            return f"gh release create {tag} --verify-tag --generate-notes"
        return f"gh workflow run {self.name} --ref {tag}" if "workflow_dispatch" in self.events else ""

    @classmethod
    def in_tree(cls, top: Path) -> tuple[Workflow, ...]:
        """Read those of a repository, sorted by the names of their files; ``top`` is that of the work tree."""
        paths = sorted(path for path in (top / FOLDER).glob("*.y*ml") if path.is_file())
        read = (cls.from_text(path.name, path.read_text(encoding="utf-8", errors="replace")) for path in paths)
        return tuple(workflow for workflow in read if workflow)

    def publishing_job(self, environments: Iterable[str] = ()) -> Job | None:
        """Return the job that uploads; of several, one of these environments, or else the last."""
        jobs = [job for job in self.jobs if job.publishes and not job.leads_elsewhere]
        wanted = [job for job in jobs if job.environment in set(environments)] or jobs
        return wanted[-1] if wanted else None

    def up_to(self, job: Job) -> tuple[Job, ...]:
        """Return the jobs that a job waits for, and those that they wait for, then the job itself."""
        waited = awaited(job.needs, {one.name: one.needs for one in self.jobs}) - {job.name}
        return (*(one for one in self.jobs if one.name in waited), job)

    def sessions(self) -> tuple[str, ...]:
        """Return the nox sessions that its steps name; those that stand in a variable are not known here."""
        texts = (text for job in self.jobs for text in job.commands)
        return tuple(dict.fromkeys(name for text in texts for name in sessions_of(text)))


def _job(name: str, told: Mapping[str, Any], workflow: Mapping[str, Any]) -> Job:
    steps = tables_at(told, "steps")
    environment = told.get("environment", "")
    commands = tuple(_texts(step.get("run") for step in steps))
    keys = {
        *table_at(workflow, "env"),
        *(key for one in (told, *steps) for key in (*table_at(one, "env"), *table_at(one, "with"))),
    }
    return Job(
        name=name,
        environment=next(_texts([environment.get("name") if isinstance(environment, dict) else environment]), ""),
        commands=commands,
        uses=tuple(_texts(step.get("uses") for step in steps)),
        may_ask=_grants_identity(told.get("permissions", workflow.get("permissions"))),
        has_password=any(map(PASSWORD.fullmatch, map(str, keys)))
        or any(PASSWORD_IN_COMMAND.search(text) for text in commands if PUBLISHES.search(text)),
        leads_elsewhere=any("repository-url" in table_at(step, "with") for step in steps)
        or any(TESTS.search(text) for text in commands if PUBLISHES.search(text)),
        addresses=tuple(_texts(table_at(step, "with").get("repository-url") for step in steps))
        + tuple(address for text in commands for address in ADDRESS.findall(text)),
        makes_attestations=any(map(_attests, steps)),
        pythons=tuple(dict.fromkeys(_pythons(told, steps))),
        needs=texts_at(told, "needs"),
        steps=steps_of(told),
        condition=text_at(told, "if"),
        call=text_at(told, "uses"),
    )


def _called(jobs: Iterable[object]) -> Iterator[str]:
    for uses in _texts(job.get("uses") for job in jobs if isinstance(job, dict)):
        if uses.startswith(f"./{FOLDER}/"):
            yield uses.rpartition("/")[2]


def _folder(told: object) -> str:
    return posixpath.normpath(told).strip("./") if isinstance(told, str) and told else ""


def _pythons(told: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the versions that a job names where Pythons are named: ``python-version``, or a like key of its matrix."""
    matrix = table_at(table_at(told, "strategy"), "matrix")
    tables = (matrix, *(table_at(step, "with") for step in steps), *tables_at(matrix, "include"))
    named = ((table, key) for table in tables for key in table if "python" in key.lower())
    for table, key in named:
        for text in texts_at(table, key):
            yield from PYTHON.findall(text)


def _texts(told: Iterable[object]) -> Iterator[str]:
    """Yield what is a text: anything else, written out, could be as long as its aliases multiply it."""
    return (one for one in told if isinstance(one, str) and one)


def _attests(step: Mapping[str, Any]) -> bool:
    """Whether a step uploads attestations, as the action does unless it is told not to."""
    if any(text.startswith(ACTION) for text in texts_at(step, "uses")):
        attestations = table_at(step, "with").get("attestations")
        return attestations is not False and not (isinstance(attestations, str) and attestations.lower() == "false")
    return any(PUBLISHES.search(text) and "--attestations" in text for text in _texts([step.get("run")]))


def _grants_identity(permissions: object) -> bool:
    if isinstance(permissions, dict):
        return permissions.get("id-token") == "write"
    return permissions == "write-all"
