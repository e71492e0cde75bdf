"""What is found in a project before anything is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seatrial.adoption import asking, changelog, testing
from seatrial.adoption.asking import Learned
from seatrial.command_line import typed_to_program
from seatrial.config import Config
from seatrial.errors import ProjectError, SeatrialError
from seatrial.facts import old_style, version_places
from seatrial.facts.news import News
from seatrial.facts.project import Project
from seatrial.facts.repository import FORGE
from seatrial.outlook import tag_form
from seatrial.refusals import VersionNotFound
from seatrial.tools import checkout, git

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath

    from seatrial.facts.repository import Repository
    from seatrial.facts.version_places import Places

BEGUN_PYPROJECT = '[build-system]\nrequires = ["setuptools>=61"]\nbuild-backend = "setuptools.build_meta"\n'
"""What a project without pyproject.toml is built with by default (PEP 517), written down."""

SHARED_FORM = "{name}-v{version}"
"""The name of a tag in a repository that several packages share."""


@dataclass(frozen=True)
class Found:
    """What a project is made of.

    ``files``: those that git knows or would know, relative to the project; ``places``: where the version stands, and
    ``trouble`` why that can't be told; ``log``: the changelog that is there, None for none; ``tag_form``: the name of
    a tag; ``has_tags``: whether that comes from history; ``learned``: what the build backend was asked for.
    """

    project: Project
    repository: Repository
    files: tuple[PurePosixPath, ...]
    tests: testing.Tests
    news: News | None
    log: PurePosixPath | None
    tag_form: str
    has_tags: bool
    places: Places | None = None
    trouble: SeatrialError | None = None
    learned: Learned = field(default_factory=Learned)

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
        names = (self.repository.remote, *self.repository.remotes)
        addresses = [self.repository.setting(f"remote.{name}.url") for name in names if name]
        found = FORGE.fullmatch(addresses[0]) if addresses else None
        return found["host"] if found and "." in found["host"] else ""

    @property
    def version_source(self) -> str:
        """Where the version stands, in words."""
        if self.places is None:
            return "not found"
        if self.places.source is version_places.Source.TAG:
            return "the tag"
        return ", ".join(str(place) for place in self.places.places) or "bump-my-version"


def look(folder: Path) -> Found:
    """Look at the project in ``folder``. Raises `NotAProject`, `NoRepository`, or what its pyproject.toml is not."""
    if not any((folder / name).is_file() for name in checkout.PACKAGE_FILES):
        raise ProjectError(
            f"{folder} has none of {', '.join(checkout.PACKAGE_FILES)}, so there is no Python package in it",
            code="NotAProject",
            fix=f"go to the folder of the package, or: {typed_to_program('init --project FOLDER')}; "
            f"to begin one: {typed_to_program('new NAME')}",
        )
    repository = checkout.look(folder)
    project = Project.from_directory(folder) if (folder / "pyproject.toml").exists() else Project(folder, {})
    files = git.listed_files(folder) or ()
    places, trouble = _places(project, files)
    learned, unknown = _learned(project, files, trouble)
    if learned.places:
        places, trouble = learned.known, None
    project = learned.into(project)
    config = Config.from_project(project)
    tags = checkout.tags(repository)
    form = config.tag or tag_form(tags, project.name)
    has_tags = bool(_fitting(form, tags, project.name))
    if repository.prefix and not (has_tags or config.tag):
        form = SHARED_FORM
    news = News.from_project(project)
    return Found(
        project, repository, files, testing.find(project, files), news, _log(project, files), form,
        has_tags, places, unknown or trouble, learned,
    )  # fmt: skip


def _places(project: Project, files: tuple[PurePosixPath, ...]) -> tuple[Places | None, SeatrialError | None]:
    try:
        return version_places.find(project, files), None
    except SeatrialError as error:
        return None, error


def _learned(
    project: Project, files: tuple[PurePosixPath, ...], trouble: SeatrialError | None
) -> tuple[Learned, SeatrialError | None]:
    """Ask the build backend where a setup.py computes what nobody says; return what it said, or why it could not."""
    asks = isinstance(trouble, VersionNotFound) and old_style.hands_version(project.root, project.table)
    if not asks and not asking.wants_name(project):
        return Learned(), None
    try:
        return asking.ask(project, files, version=asks), None
    except SeatrialError as error:
        return Learned(), error


def _fitting(form: str, tags: dict[str, str], name: str) -> list[str]:
    before, _, after = form.replace("{name}", name).partition("{version}")
    return [tag for tag in tags if tag.startswith(before) and tag.endswith(after) and tag[len(before) :][:1].isdigit()]


def _log(project: Project, files: tuple[PurePosixPath, ...]) -> PurePosixPath | None:
    """Return the changelog: of several the first in which a release is, else the first."""
    found = [path for path in changelog.candidates(files) if (project.root / path).is_file()]
    texts = {path: (project.root / path).read_text(encoding="utf-8", errors="replace") for path in found}
    return next((path for path in found if changelog.releases(texts[path])), found[0] if found else None)
