"""How a project that gets seatrial keeps its changelog: as it does today, unless its maintainer chooses another way."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal, get_args

import tomlkit

from seatrial.commands import Command
from seatrial.errors import ProjectError
from seatrial.git.command import listed_files
from seatrial.init.files import UNFINISHED_SUFFIX, ProposedFile
from seatrial.project.changelog import (
    DEFAULT_KINDS,
    DEFAULT_TITLES,
    ChangelogSettings,
    UnreleasedChangelog,
    changelog_candidates,
    default_marker,
    find_changelog,
    new_changelog,
)
from seatrial.project.project import Project
from seatrial.project.read_changelog import DATE, LINK, UNRELEASED, level_of_releases, read_headings, underline
from seatrial.project.settings import CHANGELOG_SOURCES, Config
from seatrial.project.unreleased_section import (
    BULLET,
    CATEGORIES,
    begins_with_release,
    cut_unreleased,
    find_unreleased,
    first_line_with_names,
    line_below_title,
    read_categories,
    released_headings,
    section_lines,
    unreleased_notes,
    with_unreleased_heading,
)

if TYPE_CHECKING:
    from seatrial.init.detect import DetectedProject


ChangelogSource = Literal["fragments", "unreleased", "none"]
"""What the entry of a release is made from."""

FRAGMENTS = "changelog.d"
DEFAULT_LOG = PurePosixPath("CHANGELOG.md")
DEFAULT_TITLE = "## {version} ({project_date})"
DEFAULT_UNDERLINES = "=-~"
"""What towncrier underlines headings with (towncrier, "underlines")."""

KINDS = (
    ("breaking", ("breaking", "incompatib")),
    ("removal", ("remov", "deprecat")),
    ("feature", ("feature", "enhance", "new")),
    ("bugfix", ("bug", "fix")),
    ("doc", ("doc",)),
)
"""The type of fragment for a heading, by what is in its text; any other is ``misc``."""

KIND_OF_CATEGORY = {"added": "feature", "changed": "change"}
"""The type of fragment for a category of Keep a Changelog that `KINDS` has no word for."""

MOST_KINDS = 8
"""More headings than these in the latest entries are not the types of changes."""


@dataclass(frozen=True)
class ChangelogPlan:
    """How the changelog is to be kept.

    ``source``: what entries are made from; ``file``: the changelog, None for none; ``tables``: the lines of
    ``[tool.towncrier]``, None where they are not needed; ``settings``: those of ``[tool.seatrial.changelog]``;
    ``text``: the changelog without the notes that become ``fragments``, by their paths; None where none are moved;
    ``remarks``: what is left to the user.
    """

    source: ChangelogSource
    file: PurePosixPath | None = None
    tables: str | None = None
    settings: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    fragments: dict[PurePosixPath, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def require_source(*texts: str) -> ChangelogSource | None:
    """Return the way to keep a changelog that the texts name, None for no text. Raises `ChangelogUnknown`."""
    sources, texts = get_args(ChangelogSource), tuple(dict.fromkeys(filter(None, texts)))
    text = next(iter(texts), None)
    if len(texts) > 1:
        raise ProjectError(
            f"the changelog can't be kept in two ways: {' and '.join(texts)}",
            code="ChangelogUnknown",
            fix="name one of them",
        )
    if text is not None and text not in sources:
        raise ProjectError(
            f"invalid --changelog {text!r}: choose from {', '.join(sources)}",
            code="ChangelogUnknown",
            fix="--changelog unreleased, for entries from the notes below an Unreleased heading",
        )
    return next((source for source in sources if source == text), None)


def plan_changelog(
    detected: DetectedProject, source: ChangelogSource | None = None, *, moves_notes: bool = False
) -> ChangelogPlan:
    """Return how the changelog is to be kept; ``source``: what the maintainer chooses, None for what fits.

    ``moves_notes``: whether notes below an Unreleased heading become fragments, where the project has or gets these.

    A project with towncrier keeps its fragments; one with a changelog kept by hand goes on so, and the notes below its
    Unreleased heading become the entry of a release; one without a changelog gets none.
    """
    configured = detected.project.table.get("tool", {}).get("seatrial", {}).get("changelog", {}).get("source")
    if source is None and configured in CHANGELOG_SOURCES:
        return ChangelogPlan(configured, detected.log)
    if source == "none":
        return ChangelogPlan("none", settings={} if _automatic_source(detected) is None else {"source": "none"})
    if source == "fragments" or (source is None and detected.news is not None):
        settings = {"source": "fragments"} if configured in {"unreleased", "none"} else {}
        return replace(_plan_fragments(detected, moves_notes=moves_notes), settings=settings)
    return _plan_unreleased(detected, is_chosen=source is not None)


def _automatic_source(detected: DetectedProject) -> ChangelogSource | None:
    """Return what a release makes its entry from without a setting, None for nothing."""
    if detected.news is not None:
        return "fragments"
    path = _usual_log(detected)
    text = detected.read(path) if path else None
    return "unreleased" if text is not None and find_unreleased(text) else None


def _usual_log(detected: DetectedProject) -> PurePosixPath | None:
    """Return the changelog that a release finds without a setting."""
    usual = (path for path in changelog_candidates(detected.files) if path.suffix in {".md", ".rst"})
    return next((path for path in usual if (detected.project.root / path).is_file()), None)


def _plan_unreleased(detected: DetectedProject, *, is_chosen: bool) -> ChangelogPlan:
    settings = {"source": "unreleased"} if is_chosen and detected.news is not None else {}
    log = detected.log
    if log is None:
        if is_chosen:
            return ChangelogPlan("unreleased", DEFAULT_LOG, settings=settings)
        choice = Command("init", "--changelog", "unreleased", program_only=True)
        return ChangelogPlan("none", remarks=(f"releases go without a changelog; to begin one: {choice}",))
    text = detected.read(log)
    if text is None:
        return ChangelogPlan("none", remarks=(f"{log} is not UTF-8: releases go without a changelog",))
    if not release_headings(text) and not find_unreleased(text) and not is_chosen:
        bare = re.search(r"^[^\w\n]*v?\d+\.\d+", text, re.MULTILINE)
        place = f"{log}:{text[: bare.start()].count(chr(10)) + 1}" if bare else str(log)
        choice = Command("init", "--changelog", "unreleased", program_only=True)
        remark = (
            f"{place}: no heading names a release, so releases go without a changelog; "
            f"to get an Unreleased heading in it: {choice}"
        )
        return ChangelogPlan("none", remarks=(remark,))
    elsewhere = None if is_chosen else kept_elsewhere(detected, text)
    if elsewhere:
        settings = {"source": "none"} if find_unreleased(text) else {}
        return ChangelogPlan("none", settings=settings, remarks=(f"{log} was left alone: {elsewhere}",))
    if log != _usual_log(detected):
        settings["file"] = str(log)
    return ChangelogPlan("unreleased", log, settings=settings)


OTHER_TOOLS = (
    ("jupyter-releaser", "<!-- <START NEW CHANGELOG ENTRY> -->", ("jupyter-releaser",), ()),
    ("python-semantic-release", "<!-- version list -->", ("semantic_release",), ()),
    ("git-cliff", "<!-- generated by git-cliff -->", ("git-cliff",), ("cliff.toml", ".cliff.toml")),
    ("release-please", None, (), ("release-please-config.json", ".release-please-manifest.json")),
    ("git-changelog", "<!-- insertion marker -->", ("git-changelog",), ()),
    ("scriv", "scriv-insert-here", ("scriv",), ("changelog.d/scriv.ini",)),
    ("reno", None, ("reno",), ("reno.yaml", "releasenotes/config.yaml")),
    ("auto-changelog", None, ("auto-changelog",), (".auto-changelog",)),
)
"""Tools that write changelogs: a text in one, the tables of pyproject.toml that set them up, and their files."""

CLOSED = re.compile(
    r"github releases|releases? (?:page|notes) (?:on|at|of) git(?:hub|lab)|https?://\S+/releases\b", re.IGNORECASE
)
MOST_LINES_OF_CLOSED = 4
"""An entry with more lines than these has notes next to a link to the releases of a forge."""


def kept_elsewhere(detected: DetectedProject, text: str) -> str | None:
    """Return why a changelog gets no notes by hand, None where it does: another tool writes it, or it ended."""
    tables = detected.project.table.get("tool", {})
    for tool, mark, names, files in OTHER_TOOLS:
        has_file = any((detected.project.root / name).is_file() for name in files)
        if (mark and mark in text) or has_file or any(name in tables for name in names):
            return f"{tool} writes it"
    fragments = tables.get("hatch", {}).get("metadata", {}).get("hooks", {}).get("fancy-pypi-readme", {})
    is_read = any(
        each.get("path") == str(detected.log) and "pattern" in each for each in fragments.get("fragments", ())
    )
    if is_read and not find_unreleased(text):
        # As jsonschema has it: the pattern begins at the latest release.
        return "the description of the package takes a part of it, which another heading could change"
    latest = next(iter(released_headings(text)), None)
    lines = [line for line in section_lines(text, latest) if line.strip()] if latest else []
    if lines and len(lines) <= MOST_LINES_OF_CLOSED and CLOSED.search("\n".join(lines)):
        return f"its entry {latest.text.strip('# ')!r} leads to the releases of the forge" if latest else None
    return None


def _plan_fragments(detected: DetectedProject, *, moves_notes: bool) -> ChangelogPlan:
    news = detected.news
    log = PurePosixPath(news.filename) if news else detected.log or DEFAULT_LOG
    text = detected.read(log) if news or detected.log is not None else ""
    if text is None and news is None:
        return ChangelogPlan("none", remarks=(f"{log} is not UTF-8: releases go without a changelog",))
    text = text or ""
    moved = move_notes(text) if moves_notes else MovedNotes(text)
    titles = tuple(dict.fromkeys(note.title for note in moved.notes))
    kinds = (
        _kinds_of_towncrier(news)
        if news
        else kinds_with_titles(kinds_of_titles(tuple(_category_headings(text))), titles)
    )
    kind_of_title = {
        title: kind_for_title(kinds or dict(zip(DEFAULT_KINDS, DEFAULT_TITLES)), title) for title in titles
    }
    remarks = _remarks_on_notes(log, moved) + tuple(
        f"the notes below {title} have the type {kind} now"
        for title, kind in kind_of_title.items()
        if title and title.lower() not in {kind, kinds.get(kind, "").lower()}
    )
    folder = news.folders[0] if news else PurePosixPath(FRAGMENTS)
    ends = (news.orphan_prefix, news.suffix) if news else ("+", ".md" if log.suffix == ".md" else ".rst")
    existing = {path.name: detected.read(path) or "" for path in detected.files if path.parent == folder}
    fragments = name_fragments(moved.notes, kind_of_title.__getitem__, ends, existing)
    return ChangelogPlan(
        "fragments",
        log if news is None or news.single else None,
        None if news else _towncrier_tables(log, text, kinds),
        text=moved.text if moves_notes and not moved.obstacle else None,
        fragments={folder / name: content for name, content in fragments.items()},
        remarks=remarks,
    )


def _remarks_on_notes(path: PurePosixPath, moved: MovedNotes) -> tuple[str, ...]:
    if moved.obstacle:
        return (f"{path}:{moved.obstacle}: no fragment can have a heading: move these notes into fragments by hand",)
    line, move = unreleased_line(moved.text), Command("init", "--fragments", program_only=True)
    return (f"{path}:{line}: these notes are in no fragment; to move them into fragments: {move}",) if line else ()


def _kinds_of_towncrier(news: ChangelogSettings) -> dict[str, str]:
    """Return the types of fragments, and their headings."""
    tables = news.extra.get("fragment", {})
    names = {str(table.get("directory", table["name"].lower())): table["name"] for table in news.extra.get("type", ())}
    names = names or {kind: table.get("name", kind.capitalize()) for kind, table in tables.items()}
    return {str(kind): str(name) for kind, name in names.items()} or dict(zip(DEFAULT_KINDS, DEFAULT_TITLES))


def kinds_with_titles(kinds: dict[str, str], titles: Iterable[str]) -> dict[str, str]:
    """Return types of fragments with one for each heading that none of them fits."""
    others = [title for title in titles if title and not _fitting_kind(kinds, title)]
    if others and not kinds:
        kinds = dict(zip(DEFAULT_KINDS, DEFAULT_TITLES))
        others = [title for title in others if not _fitting_kind(kinds, title)]
    return {**kinds, **{re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-"): title for title in others}}


def kind_for_title(kinds: Mapping[str, str], title: str) -> str:
    """Return the type of fragment for a heading: the one that fits, else the one for everything else."""
    usual = (kind for kind in ("misc", "changed", "change") if kind in kinds)
    return _fitting_kind(kinds, title) or next(usual, list(kinds)[-1])


def _fitting_kind(kinds: Mapping[str, str], title: str) -> str | None:
    """Return the type of fragment whose heading or name a heading is, or that means the same; None for none."""
    word = title.lower()
    exact = (kind for kind, name in kinds.items() if word in {kind, name.lower()})
    by_meaning = (kind for kind, words in KINDS if kind in kinds and any(part in word for part in words))
    category = KIND_OF_CATEGORY.get(word, "")
    return next(exact, None) or next(by_meaning, None) or (category if category in kinds else None)


def _towncrier_tables(log: PurePosixPath, text: str, kinds: Mapping[str, str]) -> str:
    """Return the settings of towncrier for entries that look like those of a changelog."""
    headings, lines = release_headings(text), text.splitlines()
    default = DEFAULT_TITLE if log.suffix == ".md" else DEFAULT_TITLE.removeprefix("## ")
    table = tomlkit.table()
    table["directory"] = FRAGMENTS
    table["filename"] = str(log)
    table["title_format"] = headings[0].title_format if headings else default
    if headings and (label := re.search(r"\[([^\]]+)\]", headings[0].text)):
        # With the target of the latest release's link, that of the next one is written, too.
        is_linked = re.search(rf"^\[{re.escape(label[1])}\]:", text, re.MULTILINE)
        table["title_format"] = re.sub(r"v?\{version\}", r"[\g<0>]" if is_linked else r"\g<0>", table["title_format"])
    inner = _category_headings(text)
    if headings and headings[0].underline:
        below = next((sign for line in inner.values() if (sign := underline(lines, line))), None)
        signs = [headings[0].underline, *([below] if below else []), *DEFAULT_UNDERLINES]
        table["underlines"] = "".join(dict.fromkeys(signs))[: len(DEFAULT_UNDERLINES)]
        if table["underlines"] == DEFAULT_UNDERLINES:
            del table["underlines"]
    types = "".join(
        f"\n[[tool.towncrier.type]]\ndirectory = {tomlkit.item(kind).as_string()}\n"
        f"name = {tomlkit.item(title).as_string()}\nshowcontent = true\n"
        for kind, title in kinds.items()
    )
    return f"[tool.towncrier]\n{table.as_string()}{types}"


def _category_headings(text: str) -> dict[str, int]:
    """Return the headings below those of the releases, and the first line of each."""
    headings = read_headings(text)
    top = level_of_releases(headings)
    if top is None:
        return {}
    titles: dict[str, int] = {}
    for heading in headings:
        if heading.level == top + 1:
            titles.setdefault(heading.text.strip("#").strip(), heading.line)
    return titles


def kinds_of_titles(titles: tuple[str, ...]) -> dict[str, str]:
    """Return the types of fragments for the headings of a changelog; none where these are no types of changes.

    Those of Keep a Changelog are all there; of two headings that mean the same type, the first counts.
    """
    if set(titles) & set(CATEGORIES):
        return {category.lower(): category for category in CATEGORIES}
    if len(titles) > MOST_KINDS:
        return {}
    kinds: dict[str, str] = {}
    for title in titles:
        kind = next((kind for kind, words in KINDS if any(word in title.lower() for word in words)), "misc")
        kinds.setdefault(kind, title)
    # Headings that mean nothing are names of parts, such as "Core".
    return {**kinds, "misc": kinds.get("misc", "Misc")} if set(kinds) - {"misc"} else {}


def lacks_notes(root: Path) -> bool:
    """Whether a project keeps a changelog that has nothing for the next release."""
    project = Project.from_directory(root)
    files = listed_files(root) or ()
    changelog = find_changelog(project, Config.from_project(project).changelog, files)
    if isinstance(changelog, UnreleasedChangelog):
        return not changelog.notes(root)
    return changelog is not None and not changelog.among(files)


UNRELEASED_TITLE = "# Changelog\n"
"""How a changelog by hand begins that init writes."""


def changelog_files(detected: DetectedProject, plan: ChangelogPlan) -> Iterator[ProposedFile]:
    """Yield the changelog with what a release looks for, and the folder of the fragments."""
    path = plan.file
    if path is None or plan.source == "none":
        return
    # Before the changelog loses them.
    for fragment, content in plan.fragments.items():
        if (existing := detected.read(fragment)) != content:
            yield ProposedFile(fragment, existing, content)
    old = detected.read(path)
    if plan.source == "unreleased":
        new = old or UNRELEASED_TITLE
        new = new if find_unreleased(new) else with_unreleased_heading(new, is_rst=path.suffix == ".rst")
        if new != old:
            yield ProposedFile(path, old, new)
        return
    news = detected.news
    marker = default_marker(path)
    uses_marker = news is None or (news.marker == marker and not begins_with_release(old or ""))
    if old is not None:
        text = old if plan.text is None else plan.text
        new = insert_marker(path, text) if uses_marker else text
        if new != old:
            yield ProposedFile(path, old, new)
    elif news is None:
        yield ProposedFile(path, None, new_changelog(marker, is_markdown=path.suffix == ".md"))
    if news is None and not plan.fragments and not _has_fragments(detected):
        # git does not store empty folders, and towncrier asks for the folder.
        yield ProposedFile(PurePosixPath(FRAGMENTS, ".gitkeep"), None, "")


def _has_fragments(detected: DetectedProject) -> bool:
    """Whether the project has fragments; an empty folder may be left from a run that was killed."""
    folder = detected.project.root / FRAGMENTS
    return folder.is_dir() and any(path.suffix != UNFINISHED_SUFFIX for path in folder.iterdir())


VERSION = r"(?P<version>v?\d+(?:\.\d+)+(?:[.-]?(?:a|b|rc|post|dev)\d*)?)"
HEADING = re.compile(rf"^(?P<before>(?:#+ +)?[^\d\n]{{0,40}}?)\b{VERSION}(?P<after>(?![\d.]*\d)[^\n]*)$")


@dataclass(frozen=True)
class Heading:
    """The heading of a release.

    ``line``: its first line, counted from 0, with an anchor above it; ``text``: its line of text; ``underline``: the
    character below it, None for a heading with hashes.
    """

    line: int
    text: str
    underline: str | None = None

    @property
    def title_format(self) -> str:
        """The form of the heading, as towncrier's ``title_format``."""
        match = HEADING.match(self.text)
        if match is None:
            return "{version}"
        prefix = "v" if match["version"].startswith("v") else ""
        before = match["before"].rstrip("[`*_\"' ") if "[" in match["before"] else match["before"]
        before = f"{before} " if before and not before.endswith((" ", "-", "/")) else before
        date = DATE.search(match["after"])
        dated = (
            " ({project_date})" if date and f"({date[0]})" in match["after"] else " - {project_date}" if date else ""
        )
        plain = before if self.underline or before.startswith("#") else ""
        return f"{_escaped(plain)}{prefix}{{version}}{dated}"


def release_headings(text: str) -> tuple[Heading, ...]:
    """Return the headings of the releases, in the order of the file, without those of unreleased versions."""
    lines = text.splitlines()
    return tuple(
        Heading(first_line_with_names(lines, heading.line), heading.text, underline(lines, heading.line))
        for heading in released_headings(text)
    )


def unreleased_line(text: str) -> int | None:
    """Return the number of the line, from 1, of a heading with unreleased notes, or None."""
    heading = find_unreleased(text)
    return heading.line + 1 if heading and unreleased_notes(text) else None


def insert_marker(path: PurePosixPath, text: str) -> str:
    """Return a changelog with the marker above its latest release, or below the title where it has no release."""
    if re.search(rf"^{re.escape(default_marker(path))}[ \t]*$", text, re.MULTILINE):
        return text
    lines = text.splitlines(keepends=True)
    headings = release_headings(text)
    position = headings[0].line if headings else line_below_title(text.splitlines())
    above, below = "".join(lines[:position]).rstrip("\n"), "".join(lines[position:]).lstrip("\n")
    return (f"{above}\n\n" if above else "") + default_marker(path) + (f"\n\n{below}" if below else "\n")


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


FENCE = re.compile(r"(`{3,}|~{3,})")
COMMENT = re.compile(r"^<!--.*?-->[ \t]*$|^\.\. (?!_|\S+::).*$", re.MULTILINE | re.DOTALL)
TARGET = re.compile(rf"{LINK.pattern}|^\.\. _.*:.*$")
"""A line that names the target of a link, which is in no note."""

MOST_WORDS = 6
"""How many words of a note are in the name of its fragment."""


@dataclass(frozen=True)
class MovedNote:
    """A note: ``title``, the heading that it was below, "" for none; ``text``, without the sign of a list."""

    title: str
    text: str

    @property
    def slug(self) -> str:
        """The first words of the note, for the name of a file."""
        plain = re.sub(r"\]\([^)]*\)|<[^>]*>|:\w+:", " ", self.text.partition("\n\n")[0])
        words = re.findall(r"[a-z0-9]+", plain.lower())
        return "-".join(words[:MOST_WORDS]) or "note"


@dataclass(frozen=True)
class MovedNotes:
    """What is left of a changelog without its Unreleased section, and the notes of that section.

    ``obstacle``: the number of the line, from 1, that can't be part of a fragment: then nothing is moved.
    """

    text: str
    notes: tuple[MovedNote, ...] = ()
    obstacle: int | None = None


def move_notes(text: str) -> MovedNotes:
    """Take the Unreleased section out of a changelog.

    Comments in it stay where they are. The targets of links go to the end of the file, below every entry to come.
    """
    heading = find_unreleased(text)
    if heading is None:
        return MovedNotes(text)
    above, body, below = cut_unreleased(text, heading)
    headings = read_headings("\n".join(body))
    deeper = (each.line for each in headings if each.level > headings[0].level)
    obstacle = next((heading.body + number + 1 for number in deeper), None)
    if obstacle is not None:
        return MovedNotes(text, obstacle=obstacle)
    comments = [match[0] for match in COMMENT.finditer("\n".join(body))]
    lines = COMMENT.sub("", "\n".join(body)).splitlines()
    targets = [line for line in lines if TARGET.match(line)]
    notes = tuple(
        MovedNote(category.title, note)
        for category in read_categories([line for line in lines if line not in targets])
        for note in split_notes(category.lines)
        if not (heading.versions and UNRELEASED.fullmatch(note.strip(" *_()")))
    )
    parts = [part for part in ("\n".join(above).rstrip("\n"), *comments, "\n".join(below).strip("\n")) if part]
    gap = "\n" if parts and TARGET.match(parts[-1].splitlines()[-1]) else "\n\n"
    whole = gap.join(filter(None, ("\n\n".join(parts), "\n".join(targets))))
    return MovedNotes(f"{whole}\n", notes)


def split_notes(lines: Sequence[str]) -> Iterator[str]:
    """Yield the notes of a category: each item of a list with all that is in it, and each paragraph without one."""
    note: list[str] = []
    indent, fence, is_after_blank = "", None, False
    for line in lines:
        mark, bullet = FENCE.match(line), None if fence else BULLET.match(line)
        is_paragraph = is_after_blank and not (fence or mark) and line[:1].strip() and not line.startswith((".. ", "|"))
        if note and (bullet or is_paragraph):
            yield "\n".join(note).rstrip("\n")
            note = []
        if not note:
            indent = " " * len(bullet[0]) if bullet else ""
        first = len(bullet[0]) if bullet else len(indent) if line.startswith(indent) else 0
        note.append(line[first:])
        if mark:
            fence = None if fence == mark[1][:3] else fence or mark[1][:3]
        is_after_blank = not line.strip()
    if "".join(note).strip():
        yield "\n".join(note).rstrip("\n")


def name_fragments(
    notes: Iterable[MovedNote], kind_of: Callable[[str], str], ends: tuple[str, str], existing: Mapping[str, str]
) -> dict[str, str]:
    """Return the contents of a fragment for each note, by their names.

    An issue stays in the text, where the maintainer linked it, and is not in the name. ``kind_of``: the type for a
    heading; ``ends``: how a name begins without an issue, and its suffix; ``existing``: the fragments that there are.
    """
    fragments: dict[str, str] = {}
    for note in notes:
        stem, tail, content = ends[0] + note.slug, f".{kind_of(note.title)}{ends[1]}", f"{note.text}\n"
        names = (f"{stem}{f'-{number}' if number > 1 else ''}{tail}" for number in itertools.count(1))
        taken = {**existing, **fragments}
        fragments[next(name for name in names if taken.get(name, content) == content)] = content
    return fragments
