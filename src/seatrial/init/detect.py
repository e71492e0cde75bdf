"""What `seatrial init` finds in a project: backend, version, tests, changelog and CI."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from packaging.version import Version

from seatrial.ci.forge import branch_protection
from seatrial.commands import Command
from seatrial.distributions.cache import SourceTree
from seatrial.distributions.metadata import Metadata
from seatrial.errors import FileNotUtf8, ProjectError, SeatrialError, VersionNotFound
from seatrial.git.command import listed_files
from seatrial.git.repository import FORGE, PACKAGE_FILES, Repository, read_repository, read_tags
from seatrial.init.changelog import release_headings
from seatrial.init.detect_tests import TEST_FILE, DetectedTests, detect_tests
from seatrial.init.runners import Runner, read_runners
from seatrial.init.tox import as_list
from seatrial.installer import best_installer
from seatrial.project.changelog import ChangelogSettings, changelog_candidates
from seatrial.project.config_files import is_computed, sets_version
from seatrial.project.find_versions import VersionFiles, VersionSource, find_version_files
from seatrial.project.project import PYTHON_CLASSIFIER, Project, admits
from seatrial.project.settings import Config
from seatrial.project.snapshot import tag_form_of
from seatrial.project.tag_form import released_versions
from seatrial.project.version_places import VersionPlace, find_assignments, is_version
from seatrial.workflows.context import default_branch


@dataclass(frozen=True)
class PreCommitHook:
    """A hook of pre-commit.

    ``version``: that of its tool, from the revision of its repository; ``args``: None for those that the hook has
    itself; ``files`` and ``exclude``: patterns of paths.
    """

    name: str
    version: str | None = None
    args: tuple[str, ...] | None = None
    requirements: tuple[str, ...] = ()
    files: str = ""
    exclude: str = "^$"

    def takes(self, path: str) -> bool:
        """Whether it is run on a file; patterns that Python can't read match (pre-commit, "Filtering files")."""
        try:
            return bool(re.search(self.files, path)) and not re.search(self.exclude, path)
        except re.error:
            return True


def read_hooks(root: Path) -> tuple[PreCommitHook, ...]:
    """Return the hooks of pre-commit, none where it is not configured or its file can't be read."""
    try:
        settings = yaml.safe_load((root / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        return ()
    repositories = settings.get("repos") if isinstance(settings, dict) else None
    return tuple(
        PreCommitHook(
            str(hook["id"]),
            _version_of(repository, root),
            tuple(map(str, as_list(hook["args"]))) if "args" in hook else None,
            tuple(map(str, as_list(hook.get("additional_dependencies")))),
            str(hook.get("files", "")),
            str(hook.get("exclude", "^$")),
        )
        for repository in as_list(repositories)
        if isinstance(repository, dict)
        for hook in as_list(repository.get("hooks"))
        if isinstance(hook, dict) and "id" in hook
    )


def _version_of(repository: Mapping[str, Any], root: Path) -> str | None:
    """Return the version that a repository is pinned to: its tag, or the comment behind a commit."""
    revision = str(repository.get("rev", ""))
    match = re.fullmatch(r"v?(\d+(?:\.\d+)+)", revision)
    if match is None and revision:
        text = (root / ".pre-commit-config.yaml").read_text(encoding="utf-8")
        match = re.search(rf"{re.escape(revision)}\S*\s*#.*?v?(\d+(?:\.\d+)+)", text)
    return match[1] if match else None


@dataclass(frozen=True)
class BackendAnswers:
    """The answers of the build backend, each only where no file has it.

    ``name``: the name of the project; ``version``: its version, and ``places``: where files have that version.
    """

    name: str | None = None
    version: str | None = None
    places: tuple[VersionPlace, ...] = ()

    def added_to(self, project: Project) -> Project:
        """Return the project with the answers in its pyproject.toml."""
        tool = dict(project.table.get("tool", {}))
        if self.name:
            tool["seatrial"] = {**tool.get("seatrial", {}), "name": self.name}
        if self.places:
            tool["bumpversion"] = {**tool.get("bumpversion", {}), "current_version": self.version}
        return replace(project, table={**project.table, "tool": tool})

    @property
    def version_files(self) -> VersionFiles | None:
        """The places of the version, or None."""
        if self.version is None:
            return None
        return VersionFiles(VersionSource.FILES, self.places, Version(self.version))


def needs_name(project: Project) -> bool:
    """Whether the name is known only when setup.py runs."""
    is_configured = "name" in project.table.get("tool", {}).get("seatrial", {})
    return not is_configured and is_computed(project.root, project.table, "name")


def ask_backend(project: Project, files: Iterable[PurePosixPath], *, needs_version: bool) -> BackendAnswers:
    """Have the build backend prepare the metadata; ``files``: those of the project.

    It works on a copy of the files. Raises `BackendFailed`, `InstallFailed` or `PyprojectInvalid`.
    """
    # Loaded here because most projects need no answer of the backend.
    from seatrial.distributions.build import BuildEnvironment, prepare_metadata  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="seatrial-init-") as folder:
        source = Path(folder, project.root.name)
        existing = tuple(path for path in files if (project.root / path).is_file())
        for path in existing:
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            # With its mode: setup.py may run a script.
            shutil.copy(project.root / path, source / path)
        environment = BuildEnvironment(Path(folder, "environment"), best_installer())
        epoch = SourceTree.scan(project).epoch
        metadata = Metadata.from_bytes(prepare_metadata(source, environment, epoch)).raw
    name = str(metadata.get("name", "")) if needs_name(project) else None
    version = str(metadata.get("version", ""))
    places = _places_of(version, project, existing) if needs_version and is_version(version) else ()
    return BackendAnswers(name, version if places else None, places)


def _places_of(version: str, project: Project, files: Iterable[PurePosixPath]) -> tuple[VersionPlace, ...]:
    """Return the places that assign the version, at most one in each file, without those in tests."""
    places: list[VersionPlace] = []
    for path in files:
        if not TEST_FILE.fullmatch(path.name) and path.suffix in {".py", "", ".txt"}:
            with contextlib.suppress(FileNotUtf8):
                places += islice(find_assignments(project, path), 1)
    return tuple(place for place in places if place.version == version and not place.separators)


BEGUN_PYPROJECT = '[build-system]\nrequires = ["setuptools"]\n'
"""The build system of a project without pyproject.toml.

Without a backend, setup.py runs as it does today (PEP 517); setuptools.build_meta would hide the modules next to it.
"""

TYPE_CHECKERS = {
    "pyright": ("pyrightconfig.json",),
    "basedpyright": (),
    "ty": ("ty.toml",),
    "pyrefly": ("pyrefly.toml",),
    "pyre": (".pyre_configuration",),
    "pytype": ("pytype.toml", "pytype.cfg"),
}
"""The other tools that check types: their names in ``[tool]`` and among the hooks, and their own files."""

SHARED_FORM = "{name}-v{version}"
"""The form of the tags in a repository that several packages share."""


@dataclass(frozen=True)
class DetectedProject:
    """The facts about a project.

    ``files``: those that git tracks or would track, relative to the project; ``news``: the settings of towncrier;
    ``log``: an existing changelog; ``tag_form``: the form of the tags, and ``has_tags``: whether existing tags have it;
    ``places``: where the version is written, and ``trouble``: why that is unknown; ``runners``: how the project runs
    its tests, type checks and linters today; ``hooks``: those of pre-commit; ``excluded``: classifiers of Pythons that
    requires-python excludes, and that ``project`` is read without; ``released``: the newest version that has a tag;
    ``protection``: what shows that the branch of releases takes no direct push, None when nothing does.
    """

    project: Project
    repository: Repository
    files: tuple[PurePosixPath, ...]
    tests: DetectedTests
    news: ChangelogSettings | None
    log: PurePosixPath | None
    tag_form: str
    has_tags: bool
    places: VersionFiles | None = None
    trouble: SeatrialError | None = None
    backend_answers: BackendAnswers = field(default_factory=BackendAnswers)
    runners: tuple[Runner, ...] = ()
    hooks: tuple[PreCommitHook, ...] = ()
    excluded: tuple[str, ...] = ()
    released: Version | None = None
    protection: str | None = None

    @property
    def layout(self) -> str:
        """The layout of the package: src, flat or single module."""
        inits = [path.parent.parts for path in self.files if path.name == "__init__.py"]
        name = self.project.import_name
        if any(parts[0] == "src" for parts in (path.parts for path in self.files)) and (
            any(parts[:1] == ("src",) for parts in inits) or any(path.parts[:1] == ("src",) for path in self.files)
        ):
            spaces = [parts for parts in inits if parts[:1] == ("src",) and parts[1:]]
            return "src, namespace" if spaces and min(map(len, spaces)) > len(("src", "package")) else "src"
        if any(path.parts == (f"{name}.py",) for path in self.files):
            return "single module"
        own = [parts for parts in inits if parts and parts[0] not in {"tests", "test", "docs", "examples"}]
        return "flat, namespace" if own and min(map(len, own)) > 1 else "flat"

    def read(self, path: PurePosixPath) -> str | None:
        """Return the text of a file of the project with LF for its line ends; None when it is missing or not UTF-8."""
        try:
            return (self.project.root / path).read_bytes().decode("utf-8").replace("\r\n", "\n")
        except (OSError, UnicodeDecodeError):
            return None

    @property
    def asks_for_mypy(self) -> bool:
        """Whether the project configures mypy."""
        return bool(self.project.mypy_settings) or self.project.configures("mypy", "mypy.ini", ".mypy.ini")

    @property
    def has_other_type_checker(self) -> bool:
        """Whether the project checks its types with another tool than mypy."""
        # A project can keep the files in a folder, and name them in a command.
        names = {*(hook.name for hook in self.hooks), *(path.name for path in self.files)}
        return any(names & {name, *files} or self.project.configures(name) for name, files in TYPE_CHECKERS.items())

    @property
    def names_files_for_mypy(self) -> bool:
        """Whether the configuration of mypy names what it checks."""
        return bool({"files", "packages", "modules"} & set(self.project.mypy_settings))

    @property
    def linter(self) -> str | None:
        """The linter that is configured, None for none."""
        if (self.project.root / ".pre-commit-config.yaml").is_file():
            return "pre-commit"
        return "ruff" if self.project.configures("ruff", "ruff.toml", ".ruff.toml") else None

    @property
    def forge(self) -> str | None:
        """The host of the remote, None when it is no forge."""
        hosts = (match["host"] for address in self.repository.forge_addresses if (match := FORGE.fullmatch(address)))
        return next((host for host in hosts if "." in host), None)

    @property
    def version_source(self) -> str:
        """The places of the version, in words."""
        if self.places is None:
            return "not found"
        if self.places.source is VersionSource.TAG:
            return "the tag"
        return ", ".join(str(place) for place in self.places.places) or "bump-my-version"


def detect_project(folder: Path) -> DetectedProject:
    """Read the project in ``folder``. Raises `NotAProject`, `NoRepository` or `ProjectError`."""
    if not any((folder / name).is_file() for name in PACKAGE_FILES):
        raise ProjectError(
            f"{folder} has none of {', '.join(PACKAGE_FILES)}, so it holds no Python package",
            code="NotAProject",
            fix=f"go to the folder of the package, or: {Command('init', '--project', 'FOLDER', program_only=True)}; "
            f"to begin one: {Command('new', 'NAME', program_only=True)}",
        )
    repository = read_repository(folder)
    project = Project.from_directory(folder) if (folder / "pyproject.toml").exists() else Project(folder, {})
    files = listed_files(folder) or ()
    places, trouble = _version_files(project, files)
    backend_answers, unknown = _ask_backend(project, files, trouble)
    if backend_answers.version_files:
        places, trouble = backend_answers.version_files, None
    excluded = excluded_classifiers(project)
    project = without_classifiers(backend_answers.added_to(project), excluded)
    config = Config.from_project(project)
    tags = read_tags(repository)
    form = tag_form_of(project, config, files, tags)
    has_tags = bool(_matching_tags(form, tags, project.name))
    if repository.prefix and not (has_tags or config.tag):
        form = SHARED_FORM
    news = ChangelogSettings.from_project(project)
    runners = read_runners(project, repository.root)
    return DetectedProject(
        project, repository, files, detect_tests(project, files, runners), news, _changelog_file(project, files), form,
        has_tags, places, unknown or trouble, backend_answers, runners, read_hooks(project.root), excluded,
        max(released_versions(tags, form, project.name, places.version if places else None), default=None),
        _protection(project, repository, config),
    )  # fmt: skip


def _protection(project: Project, repository: Repository, config: Config) -> str | None:
    """Return what shows that the branch is protected; None as well where the project has decided how it releases."""
    if "through" in project.table.get("tool", {}).get("seatrial", {}):
        return None
    return branch_protection(repository, config.branch or default_branch(repository))


def excluded_classifiers(project: Project) -> tuple[str, ...]:
    """Return the classifiers in ``[project]`` of Pythons that requires-python excludes."""
    named = project.table.get("project", {}).get("classifiers", ())
    bound = project.requires_python
    matches = [match for match in map(PYTHON_CLASSIFIER.fullmatch, named) if match]
    excluded = tuple(match[0] for match in matches if bound and not admits(bound, f"3.{match[1]}"))
    # Where none is left, it is requires-python that is wrong.
    return excluded if len(excluded) < len(matches) else ()


def without_classifiers(project: Project, excluded: Iterable[str]) -> Project:
    """Return a project without some of its classifiers."""
    left_out = frozenset(excluded)
    if not left_out:
        return project
    table = project.table["project"]
    kept = [classifier for classifier in table["classifiers"] if classifier not in left_out]
    return replace(project, table={**project.table, "project": {**table, "classifiers": kept}})


def _version_files(
    project: Project, files: tuple[PurePosixPath, ...]
) -> tuple[VersionFiles | None, SeatrialError | None]:
    try:
        return find_version_files(project, files), None
    except SeatrialError as error:
        return None, error


def _ask_backend(
    project: Project, files: tuple[PurePosixPath, ...], trouble: SeatrialError | None
) -> tuple[BackendAnswers, SeatrialError | None]:
    """Ask the build backend for what only setup.py computes; return its answers, and the error where it failed."""
    is_computed_version = "version" in project.table.get("project", {}).get("dynamic", ())
    needs_version = isinstance(trouble, VersionNotFound) and (
        is_computed_version or sets_version(project.root, project.table)
    )
    if not needs_version and not needs_name(project):
        return BackendAnswers(), None
    try:
        return ask_backend(project, files, needs_version=needs_version), None
    except SeatrialError as error:
        return BackendAnswers(), error


def _matching_tags(form: str, tags: dict[str, str], name: str) -> list[str]:
    before, _, after = form.replace("{name}", name).partition("{version}")
    return [tag for tag in tags if tag.startswith(before) and tag.endswith(after) and tag[len(before) :][:1].isdigit()]


def _changelog_file(project: Project, files: tuple[PurePosixPath, ...]) -> PurePosixPath | None:
    """Return the changelog: of several, the first with a release, else the first."""
    paths = [path for path in changelog_candidates(files) if (project.root / path).is_file()]
    texts = {path: (project.root / path).read_text(encoding="utf-8", errors="replace") for path in paths}
    return next((path for path in paths if release_headings(texts[path])), paths[0] if paths else None)
