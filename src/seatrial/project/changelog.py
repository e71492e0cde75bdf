"""How a project keeps its changelog: with the fragments of towncrier, or with an Unreleased section.

towncrier is run by its command line: it has no public Python API.
"""

from __future__ import annotations

import contextlib
import fnmatch
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Union

from seatrial.errors import CommandFailed, FileNotUtf8, PyprojectInvalid
from seatrial.process import WaitingCommand, child_environment, render_command, script_command, start_waiting
from seatrial.project.config_files import read_toml
from seatrial.project.project import Project, require_inside
from seatrial.project.settings import ChangelogConfig, Config
from seatrial.project.unreleased_section import CATEGORIES, CATEGORY_OF_KIND, find_unreleased, unreleased_notes

if TYPE_CHECKING:
    from seatrial.project.read_changelog import EntryHeading

DEFAULT_KINDS = ("feature", "bugfix", "doc", "removal", "misc")
DEFAULT_TITLES = ("Features", "Bugfixes", "Improved Documentation", "Deprecations and Removals", "Misc")
ALWAYS_IGNORED = (".gitignore", ".gitkeep", ".keep", "readme", "readme.md", "readme.rst")
MARKER = "towncrier release notes start"

STEMS = ("changelog", "changes", "history", "news", "release_notes", "release-notes", "releasenotes", "versionhistory")
SUFFIXES = (".md", ".rst", ".txt", "", ".adoc", ".asciidoc")
FOLDERS = (".", "docs", "doc", "docs/source")
"""The usual names of a changelog, and where it is, the likeliest first."""


@dataclass(frozen=True)
class Fragment:
    """A news file: its path below the project, the issue that it is about (None for an orphan), its type.

    ``counter`` distinguishes fragments of the same issue and type.
    """

    path: PurePosixPath
    issue: str | None
    kind: str
    counter: int = 0


@dataclass(frozen=True)
class ChangelogSettings:
    """The settings of towncrier that matter here (towncrier, "Configuration reference").

    ``source``: the file with them; ``folders``: those of the fragments, one for each section; ``filename``: the
    news file; ``marker``: the line below which the entry of a release goes; ``single``: whether all releases share
    the news file; ``lists_ignored``: whether ``ignore`` is set, without which towncrier skips a misnamed fragment.
    """

    source: str
    folders: tuple[PurePosixPath, ...]
    filename: str
    marker: str
    kinds: tuple[str, ...] = DEFAULT_KINDS
    ignored: tuple[str, ...] = ALWAYS_IGNORED
    single: bool = True
    orphan_prefix: str = "+"
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_project(cls, project: Project) -> ChangelogSettings | None:
        """Read ``towncrier.toml``, or ``[tool.towncrier]``; None when the project has neither.

        Raises `PyprojectUnreadable` or `PyprojectInvalid`.
        """
        separate = project.root / "towncrier.toml"
        source = separate if separate.is_file() else project.path
        table = read_toml(source) if source == separate else project.table
        settings = table.get("tool", {}).get("towncrier")
        if settings is None:
            return None
        try:
            return cls._from_table(project, source, settings)
        except (AttributeError, KeyError, TypeError) as error:
            raise PyprojectInvalid(
                f"[tool.towncrier] in {source}: {error}", fix="towncrier build --draft --version 0 says more"
            ) from None

    @classmethod
    def _from_table(cls, project: Project, source: Path, settings: Mapping[str, Any]) -> ChangelogSettings:
        filename = str(settings.get("filename", "NEWS.rst"))
        comment = default_marker(PurePosixPath(filename))
        package = str(settings.get("package") or project.table.get("project", {}).get("name", ""))
        sections = [str(section["path"]) for section in settings.get("section", [{"path": ""}])]
        if settings.get("directory") is not None:
            folders = [PurePosixPath(settings["directory"], section) for section in sections]
        else:
            base = PurePosixPath(settings.get("package_dir", "."), package)
            folders = [base / section / "newsfragments" for section in sections]
        template = PurePosixPath(str(settings.get("template", ""))).name
        return cls(
            source=source.name,
            folders=tuple(folders),
            filename=filename,
            marker=(settings.get("start_string") or comment).strip("\n"),
            kinds=_fragment_types(settings),
            ignored=(*ALWAYS_IGNORED, *(name.lower() for name in (*settings.get("ignore", ()), template) if name)),
            single=bool(settings.get("single_file", True)),
            orphan_prefix=str(settings.get("orphan_prefix", "+")),
            extra=settings,
        )

    def is_ignored(self, name: str) -> bool:
        """Whether towncrier passes over a file of this name on purpose."""
        return any(fnmatch.fnmatch(name.lower(), pattern) for pattern in self.ignored)

    def fragment(self, path: PurePosixPath) -> Fragment | None:
        """Return the fragment that a file is, None when its name has no type of towncrier.

        The last part of the name that is a type is the type; the text before it is the issue.
        """
        parts = path.name.split(".")
        for index in range(len(parts) - 1, 0, -1):
            if parts[index] in self.kinds:
                issue = ".".join(parts[:index]).strip()
                is_orphan = bool(self.orphan_prefix) and issue.startswith(self.orphan_prefix)
                counter = parts[index + 1] if index + 1 < len(parts) else ""
                number = int(counter) if counter.isdecimal() else 0
                return Fragment(path, None if is_orphan else issue.lstrip("0") or issue, parts[index], number)
        return None

    def among(self, files: Iterable[PurePosixPath]) -> tuple[PurePosixPath, ...]:
        """Return those of ``files`` that towncrier takes for fragments, well named or not."""
        folders = {str(folder) for folder in self.folders}
        # A repository has many files, and the parent of a path takes long to make.
        listed = (path for path in files if (str(path).rpartition("/")[0] or ".") in folders)
        return tuple(path for path in listed if not self.is_ignored(path.name))

    def fragments_in(self, root: Path) -> tuple[PurePosixPath, ...]:
        """Return the files below ``root`` that are named as fragments are, whether git has them or not."""
        folders = (folder for folder in dict.fromkeys(self.folders) if (root / folder).is_dir())
        paths = (folder / path.name for folder in folders for path in sorted((root / folder).iterdir()))
        return tuple(path for path in self.among(paths) if (root / path).is_file() and self.fragment(path))

    def entry_file(self, version: str, name: str, date: str) -> str:
        """Return the path of the file that the entry of a version goes into; ``name`` is that of the project."""
        called = str(self.extra.get("name") or self.extra.get("package") or name)
        return self.filename if self.single else self.filename.format(version=version, name=called, project_date=date)

    def kind_of(self, word: str) -> str:
        """Return the type of fragment that a word means."""
        return word

    @property
    def titles(self) -> tuple[str, ...]:
        """The headings of the types, in the order of an entry."""
        names = [table.get("name") for table in (*self.extra.get("type", ()), *self.extra.get("fragment", {}).values())]
        return tuple(map(str, filter(None, names))) or DEFAULT_TITLES

    def missing_notes(self) -> str:
        """Return what a release without fragments is refused for."""
        return f"{self.folders[0]} has no fragments"

    @property
    def is_markdown(self) -> bool:
        """Whether the news file is Markdown; else it is reStructuredText."""
        return PurePosixPath(self.filename).suffix == ".md"

    @property
    def suffix(self) -> str:
        """The end of a fragment's name."""
        return ".md" if self.is_markdown else ".rst"


@dataclass(frozen=True)
class UnreleasedChangelog:
    """A changelog whose Unreleased section becomes the entry of a release (`seatrial.project.unreleased_section`).

    ``kinds``: what ``news`` takes, the categories of Keep a Changelog.
    """

    filename: str
    kinds: tuple[str, ...] = tuple(category.lower() for category in CATEGORIES)

    def entry_file(self, _version: str, _name: str, _date: str) -> str:
        """Return the path of the file that the entry of a version goes into."""
        return self.filename

    @property
    def source(self) -> str:
        """The file that the types are from."""
        return self.filename

    def kind_of(self, word: str) -> str:
        """Return the category that a word means; the usual types of fragments have one."""
        return CATEGORY_OF_KIND.get(word.lower(), word).lower()

    def notes(self, root: Path) -> tuple[Fragment, ...]:
        """Return the notes that wait for a release; those below a heading of their own have it as their type."""
        notes = unreleased_notes(read_changelog_file(root / self.filename))
        return tuple(Fragment(PurePosixPath(self.filename), None, note.category) for note in notes)

    def next_heading(self, root: Path) -> EntryHeading | None:
        """Return the heading of the section for the next release, None where there is none."""
        path = root / self.filename
        return find_unreleased(read_changelog_file(path)) if path.is_file() else None

    def missing_notes(self) -> str:
        """Return what a release without notes is refused for."""
        return f"{self.filename} has no notes for the next release"


Changelog = Union[ChangelogSettings, UnreleasedChangelog]


def find_changelog(project: Project, config: ChangelogConfig, files: Iterable[PurePosixPath]) -> Changelog | None:
    """Return how a project keeps its changelog, None where it keeps none.

    Without a setting: fragments where towncrier is configured, else the Unreleased section where a changelog has one.
    Raises `PyprojectUnreadable`, `PyprojectInvalid` or `FileNotUtf8`.
    """
    if config.source == "none":
        return None
    settings = None if config.source == "unreleased" else ChangelogSettings.from_project(project)
    if settings or config.source == "fragments":
        return settings
    usual = changelog_candidates(files)
    path = PurePosixPath(config.file) if config.file else _with_unreleased(project.root, usual)
    if path is None or not (project.root / path).is_file():
        if config.source is None:
            return None
        raise PyprojectInvalid(
            f"[tool.seatrial.changelog] in {project.path}: {path or 'CHANGELOG.md'} does not exist",
            fix='create it, or name another: file = "docs/changes.md"',
        )
    if config.source is None and find_unreleased(read_changelog_file(project.root / path)) is None:
        return None
    return UnreleasedChangelog(path.as_posix())


def _with_unreleased(root: Path, paths: tuple[PurePosixPath, ...]) -> PurePosixPath | None:
    """Return the first of some files that has an Unreleased section, else the first one of a format that is known."""
    first = next((path for path in paths if path.suffix.lower() in {".md", ".rst"}), None)
    for path in paths:
        is_named = path == first
        with contextlib.suppress(*() if is_named else (FileNotUtf8,)):
            if (root / path).is_file() and find_unreleased(read_changelog_file(root / path)):
                return path
    return first


def read_changelog(project: Project) -> Changelog | None:
    """Return how a project in a working tree keeps its changelog. Raises as `find_changelog` does."""
    return find_changelog(project, Config.from_project(project).changelog, files_of_changelogs(project.root))


def files_of_changelogs(root: Path) -> tuple[PurePosixPath, ...]:
    """Return the files of a working tree that may be the changelog, the likeliest first."""
    files = (path.relative_to(root) for folder in FOLDERS for path in (root / folder).glob("*") if path.is_file())
    return changelog_candidates(map(PurePosixPath, files))


def read_changelog_file(path: Path) -> str:
    """Return the text of a changelog, with LF for its line ends. Raises `FileNotUtf8`."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileNotUtf8(f"{path.name} is not UTF-8: {error}", fix=f"save {path.name} in UTF-8") from None


def how_to_keep(root: Path) -> str:
    """Return the lines that have a project keep its changelog, in the file that it has."""
    name = next(iter(files_of_changelogs(root)), PurePosixPath("CHANGELOG.md"))
    sign = "## " if name.suffix == ".md" else ""
    return (
        f'[tool.towncrier]\ndirectory = "changelog.d"\nfilename = "{name}"\n'
        f'title_format = "{sign}{{version}} ({{project_date}})"\nignore = []\n'
        f'or, without fragments: write a heading "{sign}Unreleased" above the latest release in {name}'
    )


def changelog_candidates(files: Iterable[PurePosixPath]) -> tuple[PurePosixPath, ...]:
    """Return the files that may be the changelog, the likeliest first."""
    candidates = [
        path
        for path in files
        if path.parent.as_posix() in FOLDERS and path.suffix.lower() in SUFFIXES and path.stem.lower() in STEMS
    ]
    return tuple(
        sorted(candidates, key=lambda path: (FOLDERS.index(path.parent.as_posix()), STEMS.index(path.stem.lower())))
    )


def default_marker(path: PurePosixPath) -> str:
    """Return the line that towncrier looks for in a news file of this name."""
    return f"<!-- {MARKER} -->" if path.suffix == ".md" else f".. {MARKER}"


def new_changelog(marker: str, *, is_markdown: bool) -> str:
    """Return a news file with nothing in it yet."""
    title = "# Changelog" if is_markdown else "Changelog\n========="
    return f"{title}\n\n{marker}\n"


def _fragment_types(settings: Mapping[str, Any]) -> tuple[str, ...]:
    if settings.get("type"):
        return tuple(str(kind.get("directory", kind["name"].lower())) for kind in settings["type"])
    if settings.get("fragment"):
        return tuple(sorted(settings["fragment"]))
    return DEFAULT_KINDS


IN_ORDER = """\
import contextlib
import json
import os
import pathlib
import re
import runpy
import sys
with contextlib.suppress(ImportError):
    import towncrier.build, towncrier.create
    import jinja2
listed = os.listdir
def key(name):
    parts = [(int(part), "") if part.isdigit() else (0, part) for part in re.split("[.]", os.fsdecode(name))]
    return [(-1, "") if part == (0, "md") or part == (0, "rst") else part for part in parts]
os.listdir = lambda *args: sorted(listed(*args), key=key)
task = json.load(sys.stdin)
os.chdir(task["folder"])
sys.argv = ["towncrier", *task["args"]]
runpy.run_module("towncrier", run_name="__main__", alter_sys=True)
"""
"""towncrier keeps several fragments of one issue in the order in which the folder lists them, which is another on every
machine. Run so, it finds them sorted. (pathlib is loaded first, because before Python 3.10 it makes a method of what it
finds in os.) What to do, and where, it reads when it has loaded what it needs: half of its time it can spend ahead."""


@contextlib.contextmanager
def start_towncrier(folder: Path) -> Iterator[WaitingCommand]:
    """Start towncrier, which takes a tenth of a second before it does anything, ahead of its work."""
    with start_waiting(script_command(IN_ORDER), cwd=folder, env=child_environment(NO_COLOR="1")) as process:
        yield process


def render_entry(root: Path, version: str, date: str, ahead: WaitingCommand | None = None) -> str:
    """Return the entry of ``version``; nothing is written, and git is not used.

    ``ahead``: a towncrier that was begun before. Raises `CommandFailed`.
    """
    return _run_towncrier(root, ("build", "--draft", "--version", version, "--date", date), ahead)


def create_fragment(root: Path, settings: ChangelogSettings, name: str, content: str) -> str:
    """Write a fragment and return the output of towncrier. Raises `NotMine` or `CommandFailed`."""
    require_inside(root, [root / folder for folder in settings.folders])
    before = settings.fragments_in(root)
    try:
        return _run_towncrier(root, ("create", name, "--content", content))
    except CommandFailed:
        # A fragment that could not be written is empty, and would be one all the same.
        written = re.compile(_names_of_fragment(settings, name))
        for path in settings.fragments_in(root):
            if path not in before and written.fullmatch(path.name) and not (root / path).stat().st_size:
                (root / path).unlink()
        raise


def _names_of_fragment(settings: ChangelogSettings, name: str) -> str:
    """Return a pattern of the names that towncrier gives a fragment: a random word, or a number, makes it a new one."""
    stem, _, suffix = name.rpartition(".")
    issue, _, kind = stem.rpartition(".")
    word = "[0-9a-f]+" if issue == settings.orphan_prefix else ""
    return rf"{re.escape(issue)}{word}\.{re.escape(kind)}(\.[0-9]+)?\.{re.escape(suffix)}"


def _run_towncrier(root: Path, args: tuple[str, ...], ahead: WaitingCommand | None = None) -> str:
    with contextlib.ExitStack() as stack:
        process = ahead or stack.enter_context(start_towncrier(root))
        try:
            return process.finish(json.dumps({"folder": str(root), "args": args}))
        except CommandFailed as error:
            # Shown by its name.
            raise CommandFailed(render_command(("towncrier", *args)), error.returncode, error.output) from None
