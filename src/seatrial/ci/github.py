"""A GitHub workflow, read once from its YAML: what starts it, its jobs, their steps, and what these use.

GitHub, "Workflow syntax for GitHub Actions", "Events that trigger workflows", "Metadata syntax for GitHub Actions" and
the filter pattern cheat sheet: ``*`` and ``**`` (over ``/`` too), ``?`` and ``+`` for the character before, ``[]`` for
one of several, ``!`` at the beginning to exclude again. `evaluation` decides which jobs run, and what they may do.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from seatrial.ci.expressions import contexts_of
from seatrial.ci.job_commands import TOP, sessions_of
from seatrial.project.config_files import table_at

WORKFLOWS_FOLDER = ".github/workflows"
"""Where GitHub looks for workflows."""

PYTHON_VERSION = re.compile(r"(?<![\d.])3\.\d+(?![\d.])")
"""A minor version of Python."""

COMMIT = re.compile(r"[0-9a-f]{40}")

SHELLS = frozenset(("bash", "sh", "pwsh", "powershell", "cmd"))


@dataclass(frozen=True)
class Uses:
    """An action, a workflow or an image that a step or a job uses.

    ``name``: what it is without its version, such as ``actions/checkout`` or ``./.github/workflows/x.yml``; ``ref``:
    what is behind the at sign; ``version``: what the comment after it says of the version.
    """

    name: str
    ref: str | None = None
    version: str | None = None

    @classmethod
    def from_text(cls, text: str, comment: str = "") -> Uses:
        """Read the value of ``uses``, and the comment behind it."""
        version = re.match(r"#\s*(v?\d\S*)", comment)
        name, _, ref = text.partition("@")
        return cls(name, ref or None, version[1] if version else None)

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.name}@{self.ref}" if self.ref else self.name

    @property
    def is_local(self) -> bool:
        """Whether it is in the repository of the workflow."""
        return self.name.startswith("./")

    @property
    def is_image(self) -> bool:
        """Whether it is an image of a container."""
        return self.name.startswith("docker://")

    @property
    def is_pinned(self) -> bool:
        """Whether it is named by a commit."""
        return self.ref is not None and bool(COMMIT.fullmatch(self.ref))

    def is_action(self, name: str) -> bool:
        """Whether it is an action, whatever its version; GitHub ignores case."""
        return self.name.lower() == name.lower()


@dataclass(frozen=True)
class Step:
    """A step of a job or of a composite action.

    ``run``: its script; ``condition``: its ``if``; ``inputs`` and ``variables``: its ``with`` and ``env``; ``folder``:
    where its script runs, None for where those of its job do. All as the file has them, with the expressions.
    """

    run: str | None = None
    uses: Uses | None = None
    condition: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    id: str | None = None
    folder: str | None = None
    shell: str | None = None

    @property
    def has_shell(self) -> bool:
        """Whether its script is of a shell, and not of Python or the like."""
        return (self.shell or "bash").split()[0] in SHELLS

    def uses_action(self, name: str) -> bool:
        """Whether it uses an action, whatever its version."""
        return self.uses is not None and self.uses.is_action(name)


@dataclass(frozen=True)
class CompositeAction:
    """An action of the repository that is made of steps; ``defaults``: those of its inputs."""

    steps: tuple[Step, ...]
    defaults: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Permissions:
    """The permissions that a workflow or a job states; ``all``: ``write-all`` or ``read-all``."""

    scopes: Mapping[str, str] = field(default_factory=dict)
    all: str | None = None

    @property
    def may_get_token(self) -> bool:
        """Whether they let a job ask for an identity token."""
        return self.all == "write-all" or self.scopes.get("id-token") == "write"


@dataclass(frozen=True)
class Job:
    """A job.

    ``condition``: its ``if``; ``environment``: the name of its environment; ``call``: the workflow that it is, with
    ``inputs`` and ``secrets`` (``inherit``, or the values by name); ``permissions``: None where it states none;
    ``matrix``: its table, empty where there is none, None where it is computed; ``machine``: its ``runs-on``;
    ``has_services``: whether databases and the like run next to it.
    """

    name: str
    steps: tuple[Step, ...] = ()
    needs: tuple[str, ...] = ()
    condition: str | None = None
    environment: str | None = None
    permissions: Permissions | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    call: Uses | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] | str = field(default_factory=dict)
    matrix: Mapping[str, Any] | None = field(default_factory=dict)
    machine: str | None = None
    folder: str | None = None
    shell: str | None = None
    has_timeout: bool = False
    has_services: bool = False
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def scripts(self) -> tuple[str, ...]:
        """What its steps run."""
        return tuple(step.run for step in self.steps if step.run)

    @property
    def pythons(self) -> tuple[str, ...]:
        """The Pythons, such as 3.12, that its matrix or its steps name: ``python-version``, or a key like that."""
        matrix = self.matrix or {}
        tables = (matrix, *(step.inputs for step in self.steps), *tables_at(matrix, "include"))
        texts = (text for table in tables for key in table if "python" in key.lower() for text in texts_at(table, key))
        return tuple(dict.fromkeys(version for text in texts for version in PYTHON_VERSION.findall(text)))


@dataclass(frozen=True)
class Trigger:
    """An event that starts a workflow.

    ``tags``, ``branches`` and the like: the patterns of what is pushed, or of what the run before was for;
    ``types``: of the event; ``workflows``: the titles of those after which it starts; ``inputs``: their names, and
    whether they have to be given.
    """

    event: str
    tags: tuple[str, ...] = ()
    tags_ignored: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    branches_ignored: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    inputs: Mapping[str, WorkflowInput] = field(default_factory=dict)

    @property
    def names_tags(self) -> bool:
        """Whether it says for which tags it starts."""
        return bool(self.tags or self.tags_ignored)

    def matches_tag(self, tag: str) -> bool:
        """Whether a push of a tag is meant."""
        if self.tags:
            return ref_matches(self.tags, tag)
        if self.tags_ignored:
            return not ref_matches(self.tags_ignored, tag)
        return not (self.branches or self.branches_ignored)


@dataclass(frozen=True)
class WorkflowInput:
    """An input of a workflow; ``default``: None for none; ``type``: string, boolean, number, choice or environment."""

    is_required: bool = False
    default: str | None = None
    type: str = "string"


DECISION = re.compile(r"^seatrial ci\.release\b", re.MULTILINE)
"""The command that decides whether a push to the branch has brought a release, in a generated workflow."""


@dataclass(frozen=True)
class Workflow:
    """A workflow; ``name``: of its file; ``title``: what others call it; ``folder``, ``shell``: where its scripts run.

    ``problem``: why GitHub can't read the file, None where it can; then the rest is what can be read of it.
    """

    name: str
    title: str = ""
    triggers: tuple[Trigger, ...] = ()
    jobs: tuple[Job, ...] = ()
    permissions: Permissions | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    folder: str | None = None
    shell: str | None = None
    problem: str | None = None

    @classmethod
    def from_text(cls, name: str, text: str) -> Workflow:
        """Read a file."""
        return read_workflow(name, text)

    @property
    def path(self) -> str:
        """The path of its file in the repository."""
        return f"{WORKFLOWS_FOLDER}/{self.name}"

    @property
    def events(self) -> tuple[str, ...]:
        """The names of the events that start it."""
        return tuple(trigger.event for trigger in self.triggers)

    @property
    def uses(self) -> tuple[Uses, ...]:
        """All actions, workflows and images that it uses."""
        used = [uses for job in self.jobs for uses in (job.call, *(step.uses for step in job.steps))]
        return tuple(uses for uses in used if uses is not None)

    def trigger(self, event: str) -> Trigger | None:
        """Return the trigger of an event, None if that does not start it."""
        return next((trigger for trigger in self.triggers if trigger.event == event), None)

    @property
    def merge_branch(self) -> str | None:
        """The branch whose pushes it publishes and tags when they bring a release, None for any other workflow."""
        push = self.trigger("push")
        if push is None or push.names_tags or not push.branches or not self.deciding_job:
            return None
        return None if re.search(r"[*?+\[\]!\\]", push.branches[0]) else push.branches[0]

    @property
    def deciding_job(self) -> str | None:
        """The job that decides whether a push has brought a release, None where none does (``seatrial ci.release``)."""
        scripts = ((job.name, step.run or "") for job in self.jobs for step in job.steps)
        return next((name for name, script in scripts if DECISION.search(script)), None)

    def listens_to(self, tag: str) -> bool:
        """Whether a push of a tag starts it."""
        push = self.trigger("push")
        return push is not None and push.matches_tag(tag)

    def follows(self, other: Workflow, ref: str) -> bool:
        """Whether it starts after a run of another workflow for a branch or a tag."""
        run = self.trigger("workflow_run")
        if run is None or other.title not in run.workflows:
            return False
        return ref_matches(run.branches, ref) if run.branches else not ref_matches(run.branches_ignored, ref)

    def sessions(self, folder: str = TOP) -> tuple[str, ...]:
        """Return the nox sessions that its steps name; those in a variable, and in another folder, are not known.

        ``folder``: that of the project.
        """
        steps = (self.with_defaults(job, step) for job in self.jobs for step in job.steps)
        sessions = (
            session
            for step in steps
            if step.run and step.has_shell
            for session in sessions_of(step.run, step.folder, folder)
        )
        return tuple(dict.fromkeys(sessions))

    def with_defaults(self, job: Job, step: Step) -> Step:
        """Return a step of a job with the folder and the shell that it has from the job or the workflow."""
        return replace(
            step,
            folder=step.folder or job.folder or self.folder or TOP,
            shell=step.shell or job.shell or self.shell,
        )


@dataclass(frozen=True)
class WorkflowFiles:
    """The workflows of a repository, and its composite actions by their path, such as ``./.github/actions/publish``."""

    workflows: tuple[Workflow, ...] = ()
    actions: Mapping[str, CompositeAction] = field(default_factory=dict)

    @classmethod
    def in_tree(cls, top: Path) -> WorkflowFiles:
        """Read those of a work tree, sorted by the names of their files."""
        paths = sorted(path for path in (top / WORKFLOWS_FOLDER).glob("*.y*ml") if path.is_file())
        texts = {path.name: path.read_text(encoding="utf-8", errors="replace") for path in paths}

        def read(folder: str) -> str | None:
            for name in ("action.yml", "action.yaml"):
                path = top / folder / name
                if path.is_file():
                    return path.read_text(encoding="utf-8", errors="replace")
            return None

        return cls.from_texts(texts, read)

    @classmethod
    def from_texts(cls, texts: Mapping[str, str], read: Callable[[str], str | None] = lambda _: None) -> WorkflowFiles:
        """Read workflows from their texts by file name; ``read`` returns the text of an action in a folder."""
        workflows = tuple(Workflow.from_text(name, text) for name, text in texts.items())
        actions: dict[str, CompositeAction] = {}
        pending = [uses for workflow in workflows for uses in workflow.uses]
        while pending:
            uses = pending.pop()
            if not uses.is_local or uses.name in actions or uses.name.startswith(f"./{WORKFLOWS_FOLDER}/"):
                continue
            text = read(uses.name)
            action = read_action(text) if text is not None else None
            if action is not None:
                actions[uses.name] = action
                pending += [step.uses for step in action.steps if step.uses]
        return cls(workflows, actions)

    def __iter__(self) -> Iterator[Workflow]:
        """Iterate over the workflows."""
        return iter(self.workflows)

    def __len__(self) -> int:
        """Return how many workflows there are."""
        return len(self.workflows)

    def called(self, call: Uses) -> Workflow | None:
        """Return the workflow of the repository that a job is, None for one of another."""
        folder, _, name = call.name.rpartition("/")
        is_here = folder == f"./{WORKFLOWS_FOLDER}"
        return next((workflow for workflow in self.workflows if is_here and workflow.name == name), None)

    def chosen(self, is_chosen: Callable[[Workflow], bool]) -> WorkflowFiles:
        """Return some of the workflows, with all actions."""
        return WorkflowFiles(tuple(filter(is_chosen, self.workflows)), self.actions)


def jobs_awaited(names: Iterable[str], needs: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Return these jobs and all that they wait for, as far as they are known; ``needs``: what each job waits for."""
    awaited: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in awaited and name in needs:
            awaited.add(name)
            pending += needs[name]
    return frozenset(awaited)


def read_yaml(text: str) -> tuple[dict[str, Any], str | None]:
    """Return the table of a YAML file, by default empty, and what is wrong with it, None for nothing.

    Every scalar is a text: no numbers, no dates, and no ``on`` that is a truth value.
    """
    # Only what reads the files of CI needs it.
    import yaml  # noqa: PLC0415

    repeated: dict[str, None] = {}

    class Loader(yaml.BaseLoader):
        """A loader that keeps where scalars end, and which keys are repeated: it would take the last of them."""

        def construct_scalar(self, node: Any) -> str:
            value = ScalarText(super().construct_scalar(node))
            value.line, value.column = node.end_mark.line, node.end_mark.column
            value.is_quoted = node.style is not None
            return value

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
            keys = [key.value for key, _ in node.value if isinstance(key.value, str)]
            repeated.update((key, None) for key in keys if keys.count(key) > 1)
            return dict(super().construct_mapping(node, deep))

    try:
        table = yaml.load(text, Loader=Loader)  # noqa: S506 - it makes nothing but strings, lists and dicts
    except yaml.MarkedYAMLError as error:
        place = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        return {}, f"{place}{error.problem or error.context}"
    except (yaml.YAMLError, RecursionError, ValueError, TypeError):
        return {}, "it is not YAML"
    keys = ", ".join(repeated)
    return table if isinstance(table, dict) else {}, f"it has more than one {keys}" if keys else None


class ScalarText(str):
    """A scalar of YAML: where it ends (``line`` and ``column`` count from 0), and whether it is quoted."""

    __slots__ = ("column", "is_quoted", "line")
    line: int
    column: int
    is_quoted: bool


def read_workflow(name: str, text: str) -> Workflow:
    """Read a workflow; one that can't be read has a problem."""
    table, problem = read_yaml(text)
    jobs = table.get("jobs")
    if not isinstance(jobs, dict):
        return Workflow(name, f"{WORKFLOWS_FOLDER}/{name}", problem=problem or "it has no jobs")
    lines = text.splitlines()
    defaults = table_at(table_at(table, "defaults"), "run")
    read_jobs = tuple(_job(str(key), job, lines) for key, job in jobs.items() if isinstance(job, dict))
    return Workflow(
        name=name,
        title=text_at(table, "name") or f"{WORKFLOWS_FOLDER}/{name}",
        triggers=_triggers(table),
        jobs=read_jobs,
        permissions=_permissions(table),
        variables=variables_at(table, "env"),
        folder=_folder(defaults),
        shell=text_at(defaults, "shell"),
        problem=problem or next(_problems(read_jobs), None),
    )


CONTEXTS_OF_JOB = frozenset(("github", "needs", "vars", "inputs"))
CONTEXTS_OF_STEP = CONTEXTS_OF_JOB | {"strategy", "matrix", "job", "runner", "env", "steps"}
"""What an ``if`` may name (GitHub, "Context availability"): with another, GitHub refuses the whole file."""


def _problems(jobs: Iterable[Job]) -> Iterator[str]:
    """Yield the conditions that GitHub does not take."""
    for job in jobs:
        conditions = [(job.condition, CONTEXTS_OF_JOB), *((step.condition, CONTEXTS_OF_STEP) for step in job.steps)]
        for condition, available in conditions:
            contexts = contexts_of(condition) if condition else frozenset()
            text = " ".join((condition or "").split())
            if contexts is None:
                yield f"GitHub can't read the condition of the job {job.name}: if: {text}"
            elif contexts - available:
                yield f"the condition of the job {job.name} can't use {', '.join(contexts - available)}: if: {text}"


def read_action(text: str) -> CompositeAction | None:
    """Read an action; None for one that is not made of steps."""
    table, _ = read_yaml(text)
    runs = table_at(table, "runs")
    if text_at(runs, "using") != "composite":
        return None
    inputs = table_at(table, "inputs")
    defaults = {str(name): text_at(table_at(inputs, name), "default") or "" for name in inputs}
    return CompositeAction(tuple(_step(step, text.splitlines()) for step in tables_at(runs, "steps")), defaults)


def _triggers(table: Mapping[str, Any]) -> tuple[Trigger, ...]:
    by_event = table_at(table, "on")
    return tuple(_trigger(event, table_at(by_event, event)) for event in by_event or texts_at(table, "on"))


def _trigger(event: str, table: Mapping[str, Any]) -> Trigger:
    inputs = table_at(table, "inputs")
    return Trigger(
        event,
        tags=texts_at(table, "tags"),
        tags_ignored=texts_at(table, "tags-ignore"),
        branches=texts_at(table, "branches"),
        branches_ignored=texts_at(table, "branches-ignore"),
        types=texts_at(table, "types"),
        workflows=texts_at(table, "workflows"),
        inputs={str(name): _input(table_at(inputs, name)) for name in inputs},
    )


def _input(table: Mapping[str, Any]) -> WorkflowInput:
    is_required = text_at(table, "required") == "true"
    return WorkflowInput(is_required, text_at(table, "default"), text_at(table, "type") or "string")


def _job(name: str, table: Mapping[str, Any], lines: list[str]) -> Job:
    environment, secrets = table.get("environment"), table.get("secrets")
    matrix = table_at(table, "strategy").get("matrix", {})
    defaults = table_at(table_at(table, "defaults"), "run")
    return Job(
        name=name,
        steps=tuple(_step(step, lines) for step in tables_at(table, "steps")),
        needs=texts_at(table, "needs"),
        condition=text_at(table, "if"),
        environment=text_at(environment if isinstance(environment, dict) else {"name": environment}, "name"),
        permissions=_permissions(table),
        variables=variables_at(table, "env"),
        call=_uses(table, lines),
        inputs=variables_at(table, "with"),
        secrets=secrets if isinstance(secrets, str) else variables_at(table, "secrets"),
        matrix=matrix if isinstance(matrix, dict) else None,
        machine=next(iter(texts_at(table, "runs-on")), None),
        folder=_folder(defaults),
        shell=text_at(defaults, "shell"),
        has_timeout="timeout-minutes" in table,
        has_services="services" in table,
        outputs=variables_at(table, "outputs"),
    )


def _step(table: Mapping[str, Any], lines: list[str]) -> Step:
    return Step(
        run=text_at(table, "run"),
        uses=_uses(table, lines),
        condition=text_at(table, "if"),
        inputs=variables_at(table, "with"),
        variables=variables_at(table, "env"),
        id=text_at(table, "id"),
        folder=_folder(table),
        shell=text_at(table, "shell"),
    )


def _uses(table: Mapping[str, Any], lines: list[str]) -> Uses | None:
    text = text_at(table, "uses")
    if text is None:
        return None
    comment = lines[text.line][text.column :].strip() if isinstance(text, ScalarText) and text.line < len(lines) else ""
    return Uses.from_text(str(text), comment.lstrip(" ,]}"))


def _permissions(table: Mapping[str, Any]) -> Permissions | None:
    permissions = table.get("permissions")
    if isinstance(permissions, dict):
        return Permissions(variables_at(table, "permissions"))
    return Permissions(all=permissions or None) if isinstance(permissions, str) else None


def _folder(table: Mapping[str, Any]) -> str | None:
    """Return a ``working-directory``, None for none."""
    folder = text_at(table, "working-directory")
    return posixpath.normpath(folder) if folder else None


def tables_at(table: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], ...]:
    """Return the tables of a list in a table, none where there is no list."""
    value = table.get(name)
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def texts_at(table: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return texts in a table, where they are a text or a list."""
    value = table.get(name)
    return tuple(item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str) and item)


def text_at(table: Mapping[str, Any], name: str) -> str | None:
    """Return a text in a table, None for none: anything else, written out, could multiply by its aliases."""
    value = table.get(name)
    return value if isinstance(value, str) and value else None


def variables_at(table: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return the texts of a table in a table, by their names."""
    return {str(key): value for key, value in table_at(table, name).items() if isinstance(value, str)}


PATTERN_TOKEN = re.compile(r"\*\*|[*?+]|\[[^\]]+\]|\\?.", re.DOTALL)
PATTERN_MEANING = {"**": ".*", "*": "[^/]*", "?": "?", "+": "+"}


def ref_matches(patterns: Iterable[str], ref: str) -> bool:
    """Whether a name is among those that patterns choose; the last pattern that fits decides."""
    chosen = False
    for pattern in patterns:
        is_negative = pattern.startswith("!")
        if _pattern(pattern[is_negative:]).fullmatch(ref):
            chosen = not is_negative
    return chosen


def _pattern(pattern: str) -> re.Pattern[str]:
    parts = PATTERN_TOKEN.findall(pattern)
    expression = "".join(_meaning(part, before) for part, before in zip(parts, ["", *parts]))
    try:
        return re.compile(expression, re.DOTALL)
    except re.error:
        # What means nothing, such as a range from z to a, is meant literally.
        return re.compile(re.escape(pattern))


def _meaning(part: str, before: str) -> str:
    if part in PATTERN_MEANING:
        # A sign that counts the character before counts none at the beginning, and no other sign.
        return re.escape(part) if part in "?+" and (not before or before in PATTERN_MEANING) else PATTERN_MEANING[part]
    if part.startswith("["):
        return "[" + part[1:-1].replace("\\", "\\\\").replace("^", "\\^").replace("[", "\\[") + "]"
    return re.escape(part[-1])
