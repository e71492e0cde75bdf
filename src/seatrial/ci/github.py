"""A GitHub workflow, read from its text: what starts it, what its jobs run, and whether they publish.

GitHub, "Workflow syntax for GitHub Actions", "Events that trigger workflows", and the filter pattern cheat sheet:
``*`` and ``**`` (over ``/`` too), ``?`` and ``+`` for the character before, ``[]`` for one of several, ``!`` at the
beginning to exclude again.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seatrial.ci.commands import PASSWORD_IN_COMMAND, PUBLISHES, UPLOAD_ADDRESS, UPLOADS_TO_TESTPYPI, sessions_of
from seatrial.ci.pins import PUBLISH_PIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path


WORKFLOW_RUN = "workflow_run"
CHECKOUT_ACTION = "actions/checkout@"


@dataclass(frozen=True)
class WorkflowRunTrigger:
    """After which other workflows one starts.

    ``title``: what others call it; ``after``: the titles of those that it starts after;
    ``branches`` and ``branches_ignored``: patterns of what the run before was for, a branch or a tag;
    ``checks_branch_out``: whether a step checks out without saying what, which is the default branch then.
    """

    title: str = ""
    after: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    branches_ignored: tuple[str, ...] = ()
    checks_branch_out: bool = False

    @classmethod
    def of(cls, told: Mapping[str, Any], path: str) -> WorkflowRunTrigger:
        """Read the table of a workflow; ``path``: that of its file, which is its title where it has none."""
        title, run = told.get("name"), table_at(table_at(told, "on"), WORKFLOW_RUN)
        return cls(
            title=title if isinstance(title, str) and title else path,
            after=texts_at(run, "workflows"),
            branches=texts_at(run, "branches"),
            branches_ignored=texts_at(run, "branches-ignore"),
            checks_branch_out=any(not inputs.get("ref") for inputs in _checkouts(told)),
        )

    def follows(self, other: WorkflowRunTrigger, tag: str) -> bool:
        """Whether it starts after a run of another one that a tag has started."""
        if other.title not in self.after:
            return False
        return ref_matches(self.branches, tag) if self.branches else not ref_matches(self.branches_ignored, tag)


def _checkouts(told: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the inputs of each step that checks out."""
    for name in told["jobs"]:
        for step in tables_at(table_at(told["jobs"], name), "steps"):
            if any(text.startswith(CHECKOUT_ACTION) for text in texts_at(step, "uses")):
                yield table_at(step, "with")


WORKFLOWS_FOLDER = ".github/workflows"
"""Where GitHub looks for workflows."""

PASSWORD_VARIABLE = re.compile(r"(TWINE_|UV_PUBLISH_|HATCH_INDEX_|FLIT_|PDM_PUBLISH_|POETRY_PYPI_)\w*|password")
"""What a stored password is handed over in: a variable or an input of that name."""

PYTHON_VERSION = re.compile(r"(?<![\d.])3\.\d+(?![\d.])")
"""A minor version of Python."""

PUBLISH_ACTION = PUBLISH_PIN.partition("@")[0]
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
    chain: WorkflowRunTrigger = field(default_factory=WorkflowRunTrigger, compare=False)

    @classmethod
    def from_text(cls, name: str, text: str) -> Workflow | None:
        """Read a file; None when it is no workflow."""
        told = parse_workflow(text)
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
            chain=WorkflowRunTrigger.of(told, f"{WORKFLOWS_FOLDER}/{name}"),
        )

    def listens_to(self, tag: str) -> bool:
        """Whether a push of a tag starts it."""
        if "push" not in self.events:
            return False
        if self.tags:
            return ref_matches(self.tags, tag)
        return not ref_matches(self.tags_ignored, tag) if self.tags_ignored else not self.only_branches

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
        paths = sorted(path for path in (top / WORKFLOWS_FOLDER).glob("*.y*ml") if path.is_file())
        read = (cls.from_text(path.name, path.read_text(encoding="utf-8", errors="replace")) for path in paths)
        return tuple(workflow for workflow in read if workflow)

    def publishing_job(self, environments: Iterable[str] = ()) -> Job | None:
        """Return the job that uploads; of several, one of these environments, or else the last."""
        jobs = [job for job in self.jobs if job.publishes and not job.leads_elsewhere]
        wanted = [job for job in jobs if job.environment in set(environments)] or jobs
        return wanted[-1] if wanted else None

    def up_to(self, job: Job) -> tuple[Job, ...]:
        """Return the jobs that a job waits for, and those that they wait for, then the job itself."""
        waited = jobs_awaited(job.needs, {one.name: one.needs for one in self.jobs}) - {job.name}
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
        has_password=any(map(PASSWORD_VARIABLE.fullmatch, map(str, keys)))
        or any(PASSWORD_IN_COMMAND.search(text) for text in commands if PUBLISHES.search(text)),
        leads_elsewhere=any("repository-url" in table_at(step, "with") for step in steps)
        or any(UPLOADS_TO_TESTPYPI.search(text) for text in commands if PUBLISHES.search(text)),
        addresses=tuple(_texts(table_at(step, "with").get("repository-url") for step in steps))
        + tuple(address for text in commands for address in UPLOAD_ADDRESS.findall(text)),
        makes_attestations=any(map(_attests, steps)),
        pythons=tuple(dict.fromkeys(_pythons(told, steps))),
        needs=texts_at(told, "needs"),
        steps=steps_of(told),
        condition=text_at(told, "if"),
        call=text_at(told, "uses"),
    )


def _called(jobs: Iterable[object]) -> Iterator[str]:
    for uses in _texts(job.get("uses") for job in jobs if isinstance(job, dict)):
        if uses.startswith(f"./{WORKFLOWS_FOLDER}/"):
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
            yield from PYTHON_VERSION.findall(text)


def _texts(told: Iterable[object]) -> Iterator[str]:
    """Yield what is a text: anything else, written out, could be as long as its aliases multiply it."""
    return (one for one in told if isinstance(one, str) and one)


def _attests(step: Mapping[str, Any]) -> bool:
    """Whether a step uploads attestations, as the action does unless it is told not to."""
    if any(text.startswith(PUBLISH_ACTION) for text in texts_at(step, "uses")):
        attestations = table_at(step, "with").get("attestations")
        return attestations is not False and not (isinstance(attestations, str) and attestations.lower() == "false")
    return any(PUBLISHES.search(text) and "--attestations" in text for text in _texts([step.get("run")]))


def _grants_identity(permissions: object) -> bool:
    if isinstance(permissions, dict):
        return permissions.get("id-token") == "write"
    return permissions == "write-all"


USES = re.compile(
    r"^[ \t-]*uses:[ \t]*['\"]?(?P<action>[^\s'\"#@]+)@(?P<ref>[^\s'\"#]+)['\"]?[ \t]*(?P<comment>#.*)?$", re.MULTILINE
)


@dataclass(frozen=True)
class ActionUse:
    """An action as it is named in the text: ``ref`` stands behind its at sign, ``version`` in the comment after it."""

    action: str
    ref: str
    version: str

    @property
    def is_pinned(self) -> bool:
        """Whether it is named by a commit."""
        return bool(re.fullmatch(r"[0-9a-f]{40}", self.ref))


@dataclass(frozen=True)
class WorkflowFileJob:
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
class WorkflowFile:
    """A workflow: ``uses`` are the actions of its text, ``table`` what it holds, ``trouble`` why it is none, or ""."""

    name: str
    uses: tuple[ActionUse, ...]
    jobs: tuple[WorkflowFileJob, ...]
    table: Mapping[str, Any] = field(default_factory=dict, repr=False)
    trouble: str = ""

    @classmethod
    def from_text(cls, name: str, text: str) -> WorkflowFile:
        """Read a file; one that is no workflow has no jobs."""
        trouble, told = workflow_problem(text), parse_workflow(text)
        if told is None:
            return cls(name, (), (), trouble=trouble or "it is no workflow")
        jobs = tuple(WorkflowFileJob(str(key), job) for key, job in told["jobs"].items() if isinstance(job, dict))
        uses = (ActionUse(one["action"], one["ref"], _version(one["comment"])) for one in USES.finditer(text))
        return cls(name, tuple(uses), jobs, told, trouble)

    @property
    def publishing(self) -> tuple[WorkflowFileJob, ...]:
        """The jobs that upload to an index."""
        return tuple(one for one in self.jobs if one.uploads)

    @property
    def triggers(self) -> frozenset[str]:
        """The names of the events that start it."""
        on = self.table.get("on", [])
        # Anything else than a text, written out, could be as long as its aliases multiply it.
        return frozenset(one for one in ([on] if isinstance(on, str) else on) if isinstance(one, str))

    def before(self, job: WorkflowFileJob) -> tuple[WorkflowFileJob, ...]:
        """Return the jobs that a job waits for, and those that they wait for."""
        waited = jobs_awaited(job.needs, {one.name: one.needs for one in self.jobs})
        return tuple(one for one in self.jobs if one.name in waited)


def _version(comment: str | None) -> str:
    found = re.match(r"#\s*(v?\d\S*)", comment or "")
    return found[1] if found else ""


def parse_workflow(text: str) -> dict[str, Any] | None:
    """Return what the text of a workflow holds, its jobs in a table of their own; None when it is no workflow."""
    # Only a rehearsal and the checks of CI files need it.
    import yaml  # noqa: PLC0415

    try:
        # Every scalar is a string then: no dates, no numbers, and no "on" that is a truth.
        told = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes nothing but strings, lists and dicts
    except (yaml.YAMLError, RecursionError):
        return None
    return told if isinstance(told, dict) and isinstance(told.get("jobs"), dict) else None


def workflow_problem(text: str) -> str:
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


def jobs_awaited(names: Iterable[str], needs: Mapping[str, Iterable[str]]) -> frozenset[str]:
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


PATTERN_TOKEN = re.compile(r"\*\*|[*?+]|\[[^\]]+\]|\\?.", re.DOTALL)
PATTERN_MEANING = {"**": ".*", "*": "[^/]*", "?": "?", "+": "+"}


def ref_matches(patterns: Iterable[str], ref: str) -> bool:
    """Whether a name is among those that patterns choose; the last pattern that fits decides."""
    chosen = False
    for pattern in patterns:
        is_negative = pattern.startswith("!")
        if _expression(pattern[is_negative:]).fullmatch(ref):
            chosen = not is_negative
    return chosen


def _expression(pattern: str) -> re.Pattern[str]:
    parts = PATTERN_TOKEN.findall(pattern)
    told = "".join(_meant(part, before) for part, before in zip(parts, ["", *parts]))
    try:
        return re.compile(told, re.DOTALL)
    except re.error:
        # What means nothing, such as a range from z to a, is meant literally.
        return re.compile(re.escape(pattern))


def _meant(part: str, before: str) -> str:
    if part in PATTERN_MEANING:
        # A sign that counts the character before counts none at the beginning, and no other sign.
        return re.escape(part) if part in "?+" and (not before or before in PATTERN_MEANING) else PATTERN_MEANING[part]
    if part.startswith("["):
        return "[" + part[1:-1].replace("\\", "\\\\").replace("^", "\\^").replace("[", "\\[") + "]"
    return re.escape(part[-1])
