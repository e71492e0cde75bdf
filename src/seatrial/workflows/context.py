"""What the workflows of a project are generated from: the project, its managed blocks, and the locked tools.

The CI matrix, from the sessions of a noxfile.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from seatrial.checks.workflows import PIN
from seatrial.ci.before_upload import tracks_lfs
from seatrial.ci.github import WORKFLOWS_FOLDER, Workflow, read_yaml, tables_at, text_at
from seatrial.ci.gitlab import PIPELINE_FILE
from seatrial.commands import Command
from seatrial.distributions.metadata import parse_requirement
from seatrial.errors import GroupInvalid, ProjectError, PyprojectInvalid
from seatrial.git.command import Git
from seatrial.project.config_files import table_at
from seatrial.project.find_versions import comes_from_tag
from seatrial.project.nox_sessions import (
    BLOCK,
    COVERAGE_SESSION,
    DEPENDENCIES,
    NoxSession,
    list_sessions,
)
from seatrial.project.settings import IMAGES, CiSettings, Config

if TYPE_CHECKING:
    from seatrial.git.repository import Repository
    from seatrial.project.project import Project


BEGIN = "# >>> seatrial: generated; `invoke workflows` rewrites it. The lines outside of this block are yours."
END = "# <<< seatrial"

OPENING = re.compile(r"^# >>> seatrial\b.*\n", re.MULTILINE)
CLOSING = re.compile(r"^# <<< seatrial(?: (?P<hash>[0-9a-f]+))?[^\n]*(?:\n|\Z)", re.MULTILINE)


@dataclass(frozen=True)
class ManagedBlock:
    """A file in three parts: the text ``above`` the generated lines, these, and the text ``below``.

    ``is_untouched``: whether the lines are those that were written, whatever would be written today.
    """

    above: str
    text: str
    below: str
    is_untouched: bool

    @classmethod
    def find(cls, text: str) -> ManagedBlock | None:
        """Find the region of a file; None if it has none, or more than one begins or ends."""
        openings, closings = list(OPENING.finditer(text)), list(CLOSING.finditer(text))
        if len(openings) != 1 or len(closings) != 1 or openings[0].end() > closings[0].start():
            return None
        inside = text[openings[0].end() : closings[0].start()]
        return cls(
            text[: openings[0].start()], inside, text[closings[0].end() :], closings[0]["hash"] == _short_hash(inside)
        )

    def whole(self) -> str:
        """Return the file with its marks."""
        return f"{self.above}{BEGIN}\n{self.text}{END} {_short_hash(self.text)}\n{self.below}"

    def with_text(self, text: str) -> ManagedBlock:
        """Return the region with other generated lines; the text around them stays."""
        return replace(self, text=text, is_untouched=True)


def jobs_below(block: ManagedBlock) -> tuple[str, ...]:
    """Return the names of the jobs below the generated ones; none of a file that can't be read."""
    if not f"{block.above}{block.below}".strip():
        return ()
    own, generated = (table_at(read_yaml(text)[0], "jobs") for text in (block.whole(), block.text))
    return tuple(str(name) for name in own if name not in generated)


def new_file(text: str) -> str:
    """Return a file that has nothing but generated lines."""
    return ManagedBlock("", text, "", is_untouched=True).whole()


def _short_hash(text: str) -> str:
    # What dependabot raises is no change of anything else.
    return hashlib.sha256(PIN.sub(lambda pin: pin["action"], text).encode()).hexdigest()[:16]


GROUP_ORDER = ("ci", "dev", "release", "nox", "test", "tests")
FALLBACK_PYTHON = "3.13"
"""What runs nox where the classifiers name no Python."""

BRANCH_RULE = re.compile(r'\$CI_COMMIT_BRANCH == "([^"]+)"')
WORKFLOW_FILE = re.compile(r"[\w.-]+\.ya?ml")
BRANCH_OR_NAME = re.compile(r"[\w./@+-]+")
"""What needs no quotes in YAML, in an expression and in a command."""

POSIX_BIN = 'echo "$PWD/.venv/bin"'
BIN = """python -c "import os; print(os.path.abspath('.venv/Scripts' if os.name == 'nt' else '.venv/bin'))\""""
"""What prints the folder of programs in an environment: bash on Windows has paths that no other program can read."""


@dataclass(frozen=True)
class WorkflowContext:
    """A project, as far as its workflows show it.

    ``prefix``: its folder in the repository, "" or ``packages/foo/``; ``branch``: the one that releases are made from;
    ``tags``: the pattern of their tags; ``python``: the one that runs nox; ``release``: the name of the workflow that
    publishes, and ``environment`` that of its environment; ``group``: the dependency group that holds seatrial, None
    for none; ``seatrial``: what a job installs without a group; ``is_locked``: whether there is a lock file for it;
    ``has_lfs``: whether files are in Git LFS; ``measures``: whether coverage is configured.
    """

    name: str
    branch: str = "main"
    tags: str = "v*"
    tag_form: str = "v{version}"
    prefix: str = ""
    python: str = FALLBACK_PYTHON
    release: str = "release.yml"
    environment: str = "pypi"
    group: str | None = None
    seatrial: str = "seatrial"
    is_locked: bool = False
    has_submodules: bool = False
    has_lfs: bool = False
    measures: bool = False
    settings: CiSettings = field(default_factory=CiSettings)

    @classmethod
    def of(
        cls, repository: Repository, project: Project, config: Config, form: str, *, has_lfs: bool | None = None
    ) -> WorkflowContext:
        """Read it; ``form``: that of the names of tags; ``has_lfs``: None where it is still to be read.

        Raises what `Project.pythons` does, and `PyprojectInvalid` for a name that has no place in a workflow.
        """
        plain = [python for python in project.pythons if not python.endswith("t")]
        made = cls(
            name=project.name,
            branch=config.branch or default_branch(repository),
            tags=pattern_of(form, project.name),
            tag_form=form.replace("{name}", project.name),
            prefix=repository.prefix,
            python=plain[-1] if plain else FALLBACK_PYTHON,
            release=release_file(repository, project, config),
            environment=config.publisher.get("environment", "pypi"),
            group=group_of(project),
            seatrial=address_of_seatrial(project.root) or "seatrial",
            is_locked=(project.root / "uv.lock").is_file(),
            has_submodules=(repository.root / ".gitmodules").is_file(),
            has_lfs=tracks_lfs(repository.root) if has_lfs is None else has_lfs,
            measures=project.measures_coverage,
            settings=config.workflows,
        )
        made.require_names(project)
        return made

    def require_names(self, project: Project) -> None:
        """Raise `PyprojectInvalid` for a name that would be another thing in a command, an expression or a path."""
        names = (self.name, self.branch, self.environment, self.tag_form.replace("{version}", "1"), self.prefix or "x")
        wrong = [repr(name) for name in names if not BRANCH_OR_NAME.fullmatch(name)]
        wrong += [] if WORKFLOW_FILE.fullmatch(self.release) else [repr(self.release)]
        if wrong:
            raise PyprojectInvalid(
                f"{project.path}: {', '.join(wrong)} cannot be written into a workflow",
                fix="use letters, digits, and - _ . / @ + in names, branches, tags and environments; "
                "publisher.workflow is the name of a file, such as release.yml",
            )

    @property
    def ci(self) -> str:
        """The name of the workflow that runs for every change."""
        return workflow_file("ci", self.name, self.prefix)

    @property
    def prepare(self) -> str:
        """The name of the workflow that opens the request of a release."""
        return workflow_file("prepare-release", self.name, self.prefix)

    @property
    def combines(self) -> bool:
        """Whether a job brings together what the tests on all Pythons measure."""
        return self.measures and self.settings.coverage

    @property
    def is_for_windows(self) -> bool:
        """Whether tests run on Windows, too."""
        return "windows" in self.settings.systems

    def installing(self) -> tuple[str, ...]:
        """Return the commands that bring seatrial into a job."""
        if self.settings.install:
            return self.settings.install
        if self.uses_uv:
            # What the job calls lies in the environment that uv makes.
            path = f'{BIN if self.is_for_windows else POSIX_BIN} >> "$GITHUB_PATH"'
            return (f"uv sync --locked --no-install-project --only-group {self.group}", path)
        return (f"python -m pip install {f'--group {self.group}' if self.group else shlex.quote(self.seatrial)} uv",)

    @property
    def uses_uv(self) -> bool:
        """Whether uv brings what its lock file says."""
        return self.is_locked and bool(self.group) and not self.settings.install


def require_version_in_files(project: Project) -> None:
    """Raise `PyprojectInvalid` where a merge shows no release: the version comes from the tag."""
    if comes_from_tag(project):
        raise PyprojectInvalid(
            f'tag = "on-merge" in [tool.seatrial.workflows] of {project.path}: the version comes from the tag, so no '
            "commit shows CI that a release was merged",
            fix=f'tag = "push" in [tool.seatrial.workflows], and after the merge: {Command("release")}',
        )


def release_file(repository: Repository, project: Project, config: Config) -> str:
    """Return the name of the workflow that publishes."""
    return config.publisher.get("workflow", workflow_file("release", project.name, repository.prefix))


def workflow_file(name: str, project: str, prefix: str) -> str:
    """Return the name of a workflow; that of a package in a folder of its repository has the name of the package."""
    return f"{name}-{canonicalize_name(project)}.yml" if prefix else f"{name}.yml"


def pattern_of(form: str, name: str) -> str:
    """Return the pattern of a forge for tags of this form."""
    filled = form.replace("{name}", name)
    return filled.replace("{version}", "*" if filled != "{version}" else "[0-9]*")


def default_branch(repository: Repository) -> str:
    """Return the branch that releases are made from without a setting; it must not matter which one is checked out.

    It is what the remote's HEAD was when it was cloned. CI clones in another way, and has the files to go by.
    """
    remote = repository.upstream.remote if repository.upstream else next(iter(repository.remotes), "origin")
    folder = f"refs/remotes/{remote}/"
    rows = Git(repository.root).line("for-each-ref", "--format=%(refname)%00%(symref)", folder, "refs/heads")
    refs = dict(row.split("\0") for row in rows.splitlines())
    remote_head = refs.get(f"{folder}HEAD", "").removeprefix(folder)
    usual = next((name for name in ("main", "master") if any(ref.endswith(f"/{name}") for ref in refs)), None)
    return remote_head or _written_branch(repository) or usual or repository.branch or "main"


def _written_branch(repository: Repository) -> str | None:
    """Return the branch that the files of CI were written for, or None."""
    root = repository.root
    for path in (*sorted((root / WORKFLOWS_FOLDER).glob("ci*.yml")), root / PIPELINE_FILE):
        block = ManagedBlock.find(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else None
        push = Workflow.from_text(path.name, block.text).trigger("push") if block else None
        rules = tables_at(table_at(read_yaml(block.text)[0], "workflow"), "rules") if block else ()
        matches = (BRANCH_RULE.fullmatch(text_at(rule, "if") or "") for rule in rules)
        branches = (*(push.branches if push else ()), *(match[1] for match in matches if match))
        if branches:
            return branches[0]
    return None


def group_of(project: Project) -> str | None:
    """Return the dependency group that holds seatrial, None if none does."""
    groups = [str(name) for name in project.table.get("dependency-groups", {})]
    for group in sorted(groups, key=lambda name: (GROUP_ORDER.index(name) if name in GROUP_ORDER else 99, name)):
        try:
            names = {canonicalize_name(Requirement(requirement).name) for requirement in project.requirements((group,))}
        except (GroupInvalid, InvalidRequirement):
            continue
        if "seatrial" in names:
            return group
    return None


def address_of_seatrial(root: Path) -> str | None:
    """Return seatrial as the script metadata of a noxfile requires it, where that is from an address; else None."""
    path = root / "noxfile.py"
    noxfile = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    block = BLOCK.search(noxfile)
    table = DEPENDENCIES.search(block["content"]) if block else None
    items = re.findall(r"\"[^\"]*\"|'[^']*'", table["inner"]) if table else []
    requirements = filter(None, (parse_requirement(item[1:-1]) for item in items))
    return next((str(each) for each in requirements if each.name == "seatrial" and each.url), None)


LOCKED_PYTHON = "3.13"
"""The Python of the wheels of the tools that a generated workflow installs next to a token.

Such a job has no checkout, so the hashes are written into the workflow. ``.ci/lock`` writes the files, for Linux;
newer ones come with a newer seatrial, which reports the workflows as outdated.
"""


def locked_install_lines(tool: str) -> tuple[str, ...]:
    """Return the lines of the command that installs a tool: wheels alone, for an sdist runs code when it is built."""
    requirements = Path(__file__).with_name(f"{tool}.txt").read_text(encoding="utf-8").splitlines()
    command = "python -m pip install --require-hashes --no-deps --only-binary :all: --requirement /dev/stdin <<'END'"
    return (command, *requirements, "END")


BUILD_SESSIONS = ("build", "check")
"""The sessions that the build job runs."""


def read_sessions(root: Path) -> tuple[NoxSession, ...]:
    """Ask nox for the sessions of a project. Raises `NoxfileBroken`."""
    listing = list_sessions(root)
    problem = listing.failure or (None if listing.is_there else "  the file is missing")
    if problem:
        raise ProjectError(
            f"nox can't list the sessions of {root / 'noxfile.py'}:\n{problem}", code="NoxfileBroken", fix="nox --list"
        )
    return listing.sessions


def require_build_sessions(listed: Iterable[NoxSession], *tags: str) -> None:
    """Raise `SessionMissing` where there is not what the workflows call."""
    sessions = tuple(listed)
    missing = [name for name in BUILD_SESSIONS if name not in {session.session for session in sessions}]
    if missing:
        raise ProjectError(
            f"the noxfile has no session {' and none '.join(missing)}, which the workflows run",
            code="SessionMissing",
            fix="\n".join(f"sessions.{name}()" for name in missing),
        )
    for tag in ("ci", *tags):
        tagged_sessions(sessions, tag)


def require_coverage_session(listed: Iterable[NoxSession]) -> None:
    """Raise `SessionMissing` where nothing brings together what the tests measure."""
    if COVERAGE_SESSION not in {session.session for session in listed}:
        raise ProjectError(
            f"the project measures coverage, and the noxfile has no session {COVERAGE_SESSION}",
            code="SessionMissing",
            fix="sessions.tests()\nor, in [tool.seatrial.workflows]: coverage = false",
        )


def tagged_sessions(listed: Iterable[NoxSession], tag: str, *, measures: bool = False) -> tuple[NoxSession, ...]:
    """Return the sessions with a tag. Raises `SessionMissing` when there is none.

    ``measures``: whether the project does; then the session that brings together what others measured is left out.
    """
    others = (*BUILD_SESSIONS, *((COVERAGE_SESSION,) if measures else ()))
    tagged = tuple(session for session in listed if tag in session.tags and session.name not in others)
    if not tagged:
        raise ProjectError(
            f"no session but {' and '.join(BUILD_SESSIONS)} has the tag {tag}, so nothing would be tested",
            code="SessionMissing",
            fix=f'sessions.tests()\nor, for a session of your own: @nox.session(tags=["{tag}"])',
        )
    return tagged


def github_matrix(chosen: Sequence[NoxSession], systems: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """Return the matrix of GitHub: each session on each system; one without a Python of its own on the first alone."""
    return {
        "include": [
            {"session": session.session, "python": session.python or "", "system": IMAGES[system]}
            for number, system in enumerate(systems)
            for session in chosen
            if session.python or number == 0
        ]
    }
