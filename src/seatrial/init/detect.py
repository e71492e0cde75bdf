"""What `seatrial init` finds in a project: backend, version, tests, changelog and CI."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from packaging.version import Version

from seatrial.distributions.cache import SourceTree
from seatrial.distributions.metadata import Metadata
from seatrial.errors import FileNotUtf8, ProjectError, SeatrialError, VersionNotFound
from seatrial.git.command import listed_files
from seatrial.git.repository import FORGE, PACKAGE_FILES, read_repository, read_tags
from seatrial.init.changelog import changelog_candidates, release_headings
from seatrial.init.detect_tests import TEST_FILE, DetectedTests, detect_tests
from seatrial.installer import best_installer
from seatrial.invocation import program_command
from seatrial.project.changelog import ChangelogSettings
from seatrial.project.legacy import is_computed, sets_version
from seatrial.project.project import Project
from seatrial.project.settings import Config
from seatrial.project.snapshot import usual_tag_form
from seatrial.project.version_files import VersionFiles, VersionSource, find_assignments, find_version_files, is_version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seatrial.git.repository import Repository
    from seatrial.project.version_files import VersionPlace


@dataclass(frozen=True)
class BackendAnswers:
    """What the backend has said: ``name``, "" where a file says it; ``places``: those of the version, likewise."""

    name: str = ""
    places: tuple[VersionPlace, ...] = ()
    version: str = ""

    def into(self, project: Project) -> Project:
        """Return the project as it is with that in its pyproject.toml."""
        tool = dict(project.table.get("tool", {}))
        if self.name:
            tool["seatrial"] = {**tool.get("seatrial", {}), "name": self.name}
        if self.places:
            tool["bumpversion"] = {**tool.get("bumpversion", {}), "current_version": self.version}
        return replace(project, table={**project.table, "tool": tool})

    @property
    def known(self) -> VersionFiles:
        """Where the version stands."""
        return VersionFiles(VersionSource.FILES, self.places, Version(self.version))


def needs_name(project: Project) -> bool:
    """Whether nobody says the name but setup.py when it is run."""
    told = "name" in project.table.get("tool", {}).get("seatrial", {})
    return not told and is_computed(project.root, project.table, "name")


def ask_backend(project: Project, files: Iterable[PurePosixPath], *, version: bool) -> BackendAnswers:
    """Ask the backend; ``files``: those of the project; ``version``: whether nobody says where the version stands.

    It works on a copy of the files, where it may leave what it likes.
    Raises `BackendFailed`, `InstallFailed` or `PyprojectInvalid`.
    """
    # Loaded here because it is seldom asked.
    from seatrial.distributions.build import BuildEnvironment, prepare_metadata  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="seatrial-init-") as folder:
        source = Path(folder, project.root.name)
        own = tuple(path for path in files if (project.root / path).is_file())
        for path in own:
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            # With its mode: setup.py may run a script that is beside it.
            shutil.copy(project.root / path, source / path)
        environment = BuildEnvironment(Path(folder, "environment"), best_installer())
        epoch = SourceTree.scan(project).epoch
        told = Metadata.from_bytes(prepare_metadata(source, environment, epoch)).raw
    said = str(told.get("version", ""))
    places = _places_of_answer(project, own, said) if version and is_version(said) else ()
    return BackendAnswers(str(told.get("name", "")) if needs_name(project) else "", places, said if places else "")


def _places_of_answer(project: Project, files: Iterable[PurePosixPath], said: str) -> tuple[VersionPlace, ...]:
    """Return the places that name the version, in files that are no tests."""
    kept = (path for path in files if not TEST_FILE.fullmatch(path.name) and path.suffix in {".py", "", ".txt"})
    found = (place for path in kept for place in _assigned(project, path))
    return tuple(place for place in found if place.version == said)


def _assigned(project: Project, path: PurePosixPath) -> list[VersionPlace]:
    """Return the first place of a file, none where it can't be read."""
    with contextlib.suppress(FileNotUtf8):
        return list(islice(find_assignments(project, path), 1))
    return []


BEGUN_PYPROJECT = '[build-system]\nrequires = ["setuptools>=61"]\nbuild-backend = "setuptools.build_meta"\n'
"""What a project without pyproject.toml is built with by default (PEP 517), written down."""

SHARED_FORM = "{name}-v{version}"
"""The name of a tag in a repository that several packages share."""


@dataclass(frozen=True)
class DetectedProject:
    """What a project is made of.

    ``files``: those that git knows or would know, relative to the project; ``places``: where the version stands, and
    ``trouble`` why that can't be told; ``log``: the changelog that is there, None for none; ``tag_form``: the name of
    a tag; ``has_tags``: whether that comes from history; ``backend_answers``: what the build backend was asked for.
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

    @property
    def layout(self) -> str:
        """How the package lies in its folder."""
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

    @property
    def is_typed(self) -> bool:
        """Whether the package promises types (PEP 561)."""
        return any(path.name == "py.typed" for path in self.files) or "Typing :: Typed" in self.project.classifiers

    @property
    def asks_for_mypy(self) -> bool:
        """Whether the project configures mypy."""
        return bool(self.project.mypy_settings) or self.project.configures("mypy", "mypy.ini", ".mypy.ini")

    @property
    def names_files_for_mypy(self) -> bool:
        """Whether the configuration of mypy says what has to pass."""
        return bool({"files", "packages", "modules"} & set(self.project.mypy_settings))

    @property
    def lints(self) -> str:
        """The linter that is configured, "" for none."""
        if (self.project.root / ".pre-commit-config.yaml").is_file():
            return "pre-commit"
        return "ruff" if self.project.configures("ruff", "ruff.toml", ".ruff.toml") else ""

    @property
    def forge(self) -> str:
        """The host of the remote, "" when it has no forge's address."""
        address = next(iter(self.repository.addresses), "")
        match = FORGE.fullmatch(address)
        return match["host"] if match and "." in match["host"] else ""

    @property
    def version_source(self) -> str:
        """Where the version stands, in words."""
        if self.places is None:
            return "not found"
        if self.places.source is VersionSource.TAG:
            return "the tag"
        return ", ".join(str(place) for place in self.places.places) or "bump-my-version"


def detect_project(folder: Path) -> DetectedProject:
    """Look at the project in ``folder``. Raises `NotAProject`, `NoRepository`, or what its pyproject.toml is not."""
    if not any((folder / name).is_file() for name in PACKAGE_FILES):
        raise ProjectError(
            f"{folder} has none of {', '.join(PACKAGE_FILES)}, so there is no Python package in it",
            code="NotAProject",
            fix=f"go to the folder of the package, or: {program_command('init --project FOLDER')}; "
            f"to begin one: {program_command('new NAME')}",
        )
    repository = read_repository(folder)
    project = Project.from_directory(folder) if (folder / "pyproject.toml").exists() else Project(folder, {})
    files = listed_files(folder) or ()
    places, trouble = _version_files(project, files)
    backend_answers, unknown = _ask_backend(project, files, trouble)
    if backend_answers.places:
        places, trouble = backend_answers.known, None
    project = backend_answers.into(project)
    config = Config.from_project(project)
    tags = read_tags(repository)
    form = config.tag or usual_tag_form(tags, project.name)
    has_tags = bool(_matching_tags(form, tags, project.name))
    if repository.prefix and not (has_tags or config.tag):
        form = SHARED_FORM
    news = ChangelogSettings.from_project(project)
    return DetectedProject(
        project, repository, files, detect_tests(project, files), news, _changelog_file(project, files), form,
        has_tags, places, unknown or trouble, backend_answers,
    )  # fmt: skip


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
    """Ask the build backend where a setup.py computes what nobody says; return what it said, or why it could not."""
    asks = isinstance(trouble, VersionNotFound) and sets_version(project.root, project.table)
    if not asks and not needs_name(project):
        return BackendAnswers(), None
    try:
        return ask_backend(project, files, version=asks), None
    except SeatrialError as error:
        return BackendAnswers(), error


def _matching_tags(form: str, tags: dict[str, str], name: str) -> list[str]:
    before, _, after = form.replace("{name}", name).partition("{version}")
    return [tag for tag in tags if tag.startswith(before) and tag.endswith(after) and tag[len(before) :][:1].isdigit()]


def _changelog_file(project: Project, files: tuple[PurePosixPath, ...]) -> PurePosixPath | None:
    """Return the changelog: of several the first in which a release is, else the first."""
    found = [path for path in changelog_candidates(files) if (project.root / path).is_file()]
    texts = {path: (project.root / path).read_text(encoding="utf-8", errors="replace") for path in found}
    return next((path for path in found if release_headings(texts[path])), found[0] if found else None)
