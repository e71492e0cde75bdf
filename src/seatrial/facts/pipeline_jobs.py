"""The jobs of a pipeline of GitLab, each as it is for one tag (GitLab, "CI/CD YAML syntax reference")."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.facts.pipeline_rules import ALWAYS, NEVER, Start, expanded, start_of, texts
from seatrial.facts.pipeline_text import FILE, PipelineText, flat, invalid, table_in
from seatrial.facts.uploading import ADDRESS, PASSWORD_IN_COMMAND, PUBLISHES, TESTS
from seatrial.facts.workflow import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

INHERITED = ("image", "before_script")
"""What a job has from ``default``, as far as it matters here."""

MOST_ROWS = 200
"""How many jobs GitLab makes of one, at most."""


@dataclass(frozen=True)
class Need:
    """A job that another waits for; ``hands_on``: whether its files and variables are taken, too."""

    job: str
    hands_on: bool = True
    is_optional: bool = False


@dataclass(frozen=True)
class PipelineJob:
    """A job, as it is for one tag.

    ``commands``: those of ``before_script`` and ``script``, which one shell runs; ``rows``: the variables of each of
    the jobs that ``parallel: matrix`` makes of it, else one without any; ``needs``: None where it waits for all earlier
    stages; ``artifacts`` and ``dotenv``: the paths of what it hands on; ``takes``: the jobs that it takes files from,
    None for all that it waits for; ``tokens``: the identity tokens that it asks for and whom each is for.
    """

    name: str
    stage: str
    commands: tuple[str, ...]
    start: Start = ALWAYS
    image: str = ""
    environment: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[tuple[str, str], ...], ...] = ((),)
    needs: tuple[Need, ...] | None = None
    takes: tuple[str, ...] | None = None
    artifacts: tuple[str, ...] = ()
    dotenv: tuple[str, ...] = ()
    tokens: tuple[tuple[str, tuple[str, ...]], ...] = ()
    may_fail: bool = False

    @property
    def starts(self) -> bool:
        """Whether it runs where all goes well; by hand counts, too."""
        return self.start.when not in {NEVER, "on_failure"}

    @property
    def publishes(self) -> bool:
        """Whether it uploads to PyPI."""
        names = dict(self.variables)
        return any(map(publishes, self.commands)) and not names.get("TWINE_REPOSITORY_URL")

    @property
    def has_password(self) -> bool:
        """Whether it is handed a stored password: in the file, or, as it asks for no token, in the settings."""
        names = [name for name, _ in self.variables]
        told = (text for text in self.commands if publishes(text))
        return not self.tokens or any(map(PASSWORD.fullmatch, names)) or any(map(PASSWORD_IN_COMMAND.search, told))


def publishes(command: str) -> bool:
    """Whether a command uploads to PyPI and to no other index."""
    return bool(PUBLISHES.search(command)) and not TESTS.search(command) and not ADDRESS.search(command)


def job_of(name: str, read: PipelineText, stages: tuple[str, ...], values: Mapping[str, str]) -> PipelineJob:
    """Return a job of a pipeline; ``values``: the variables of all its jobs. Raises `PipelineInvalid`."""
    told = _with_defaults(read.job(name), read)
    stage = str(told.get("stage", "test"))
    if stage not in stages:
        raise invalid(f"the job {name} of {FILE} is in the stage {stage}, which is not there", f"stages: [{stage}]")
    if not {"script", "trigger", "run"} & set(told):
        raise invalid(f"the job {name} of {FILE} has no script", f"{name}:\n  script: …")
    variables = texts(told.get("variables"))
    rules = read.values(told["rules"]) if "rules" in told else None
    start = start_of(told, rules, {**values, **dict(variables)})
    environment = told.get("environment", "")
    needed = told.get("needs")
    taken = told.get("dependencies")
    artifacts = table_in(told.get("artifacts"))
    return PipelineJob(
        name=name,
        stage=stage,
        commands=_texts(read, told.get("before_script")) + _texts(read, told.get("script")),
        start=start,
        image=_named(told.get("image", "")),
        environment=expanded(_named(environment), {**values, **dict(variables)}),
        variables=(*variables, *start.variables),
        rows=_rows(table_in(told.get("parallel")).get("matrix")),
        needs=None if needed is None else tuple(_needs(read.values(needed))),
        takes=None if taken is None else _texts(read, taken),
        artifacts=_texts(read, artifacts.get("paths")),
        dotenv=_texts(read, table_in(artifacts.get("reports")).get("dotenv")),
        tokens=tuple((str(key), _audiences(one)) for key, one in table_in(told.get("id_tokens")).items()),
        may_fail=str(told.get("allow_failure", "false")) == "true",
    )


def _with_defaults(told: Mapping[str, Any], read: PipelineText) -> dict[str, Any]:
    """Return a job with what is told once for all of them: under ``default``, or at the edge of the file."""
    defaults = {**read.table, **table_in(read.table.get("default"))}
    inherits = table_in(told.get("inherit")).get("default", "true")
    names = inherits if isinstance(inherits, list) else INHERITED if inherits != "false" else ()
    return {**{key: defaults[key] for key in INHERITED if key in defaults and key in names}, **told}


def _texts(read: PipelineText, told: object) -> tuple[str, ...]:
    return tuple(one for one in read.values(told) if isinstance(one, str))


def _named(told: object) -> str:
    """Return the name of an image or an environment, which may stand in a table with more about it."""
    return str(table_in(told).get("name", "")) if isinstance(told, dict) else str(told)


def _needs(told: Iterable[object]) -> list[Need]:
    """Return what is waited for; a job of another pipeline, or of another project, is none of this one."""
    found = []
    for one in told:
        if isinstance(one, str):
            found.append(Need(one))
        elif isinstance(one, dict) and "job" in one and not {"project", "pipeline"} & set(one):
            hands_on = one.get("artifacts", "true") != "false"
            found.append(Need(str(one["job"]), hands_on, one.get("optional", "false") == "true"))
    return found


def _audiences(told: object) -> tuple[str, ...]:
    return tuple(str(one) for one in flat(table_in(told).get("aud", [])))


def _rows(told: object) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Return the variables of each job that a matrix makes."""
    rows: list[tuple[tuple[str, str], ...]] = []
    for table in map(table_in, told if isinstance(told, list) else []):
        columns = [[(str(key), str(one)) for one in flat(value)] for key, value in table.items()]
        rows += itertools.islice(itertools.product(*columns), MOST_ROWS)
    return tuple(rows[:MOST_ROWS]) or ((),)
