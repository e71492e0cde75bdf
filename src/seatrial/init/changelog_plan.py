"""How a project that gets seatrial keeps its changelog: as it does today, unless its maintainer chooses another way."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal, get_args

import tomlkit

from seatrial.commands import Command
from seatrial.errors import ProjectError
from seatrial.git.command import listed_files
from seatrial.init.changelog import insert_marker, release_headings, unreleased_line, with_unreleased_heading
from seatrial.init.files import ProposedFile
from seatrial.init.write import UNFINISHED_SUFFIX
from seatrial.project.changelog import (
    UnreleasedChangelog,
    changelog_candidates,
    default_marker,
    find_changelog,
    new_changelog,
)
from seatrial.project.changelog_entries import read_headings, underline
from seatrial.project.project import Project
from seatrial.project.settings import CHANGELOG_SOURCES, Config
from seatrial.project.unreleased import CATEGORIES, find_unreleased

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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

MOST_KINDS = 8
"""More headings than these in the latest entries are not the types of changes."""


@dataclass(frozen=True)
class ChangelogPlan:
    """How the changelog is to be kept.

    ``source``: what entries are made from; ``file``: the changelog, None for none; ``tables``: the lines of
    ``[tool.towncrier]``, None where they are not needed; ``settings``: those of ``[tool.seatrial.changelog]``;
    ``remarks``: what is left to the user.
    """

    source: ChangelogSource
    file: PurePosixPath | None = None
    tables: str | None = None
    settings: dict[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def require_source(text: str) -> ChangelogSource | None:
    """Return the way to keep a changelog that a text names, None for no text. Raises `ChangelogUnknown`."""
    sources = get_args(ChangelogSource)
    if text and text not in sources:
        raise ProjectError(
            f"--changelog {text} is none of {', '.join(sources)}",
            code="ChangelogUnknown",
            fix="--changelog unreleased, for entries from the notes below an Unreleased heading",
        )
    return next((source for source in sources if source == text), None)


def plan_changelog(detected: DetectedProject, source: ChangelogSource | None = None) -> ChangelogPlan:
    """Return how the changelog is to be kept; ``source``: what the maintainer chooses, None for what fits.

    A project with towncrier keeps its fragments; one with a changelog kept by hand goes on so, and the notes below its
    Unreleased heading become the entry of a release; one without a changelog gets none.
    """
    configured = detected.project.table.get("tool", {}).get("seatrial", {}).get("changelog", {}).get("source")
    if source is None and configured in CHANGELOG_SOURCES:
        return ChangelogPlan(configured, detected.log)
    if source == "none":
        return ChangelogPlan("none", settings={} if _automatic_source(detected) is None else {"source": "none"})
    if source == "fragments" or (source is None and detected.news is not None):
        return _plan_fragments(detected)
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
        bare = re.search(r"^\W*v?\d+\.\d+", text, re.MULTILINE)
        place = f"{log}:{text[: bare.start()].count(chr(10)) + 1}" if bare else str(log)
        choice = Command("init", "--changelog", "unreleased", program_only=True)
        remark = (
            f"{place}: no heading names a release, so releases go without a changelog; "
            f"to get an Unreleased heading in it: {choice}"
        )
        return ChangelogPlan("none", remarks=(remark,))
    if log != _usual_log(detected):
        settings["file"] = str(log)
    return ChangelogPlan("unreleased", log, settings=settings)


def _plan_fragments(detected: DetectedProject) -> ChangelogPlan:
    news = detected.news
    if news is not None:
        path = PurePosixPath(news.filename)
        remarks = _remarks_on_notes(path, detected.read(path) or "")
        return ChangelogPlan("fragments", path if news.single else None, remarks=remarks)
    log = detected.log or DEFAULT_LOG
    text = detected.read(log) if detected.log is not None else ""
    if text is None:
        return ChangelogPlan("none", remarks=(f"{log} is not UTF-8: releases go without a changelog",))
    return ChangelogPlan("fragments", log, _towncrier_tables(log, text), remarks=_remarks_on_notes(log, text))


def _remarks_on_notes(path: PurePosixPath, text: str) -> tuple[str, ...]:
    line = unreleased_line(text)
    return (f"{path}:{line}: these notes are in no fragment: move them into fragments",) if line else ()


def _towncrier_tables(log: PurePosixPath, text: str) -> str:
    """Return the settings of towncrier for entries that look like those of a changelog."""
    headings, lines = release_headings(text), text.splitlines()
    default = DEFAULT_TITLE if log.suffix == ".md" else DEFAULT_TITLE.removeprefix("## ")
    table = tomlkit.table()
    table["directory"] = FRAGMENTS
    table["filename"] = str(log)
    table["title_format"] = headings[0].title_format if headings else default
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
        for kind, title in kinds_of_titles(tuple(inner)).items()
    )
    return f"[tool.towncrier]\n{table.as_string()}{types}"


def _category_headings(text: str) -> dict[str, int]:
    """Return the headings below those of the releases, and the first line of each."""
    headings = read_headings(text)
    top = min((heading.level for heading in headings if heading.versions), default=None)
    if top is None:
        return {}
    titles: dict[str, int] = {}
    for heading in headings:
        if heading.level == top + 1:
            titles.setdefault(heading.text.strip("#").strip(), heading.line)
    return titles


def kinds_of_titles(titles: tuple[str, ...]) -> dict[str, str]:
    """Return the types of fragments for the headings of a changelog; none where these are no types of changes.

    Those of Keep a Changelog are all there; two headings that mean the same type are one, the first.
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


def changelog_files(detected: DetectedProject, plan: ChangelogPlan) -> Iterator[ProposedFile]:
    """Yield the changelog with what a release looks for, and the folder of the fragments."""
    path = plan.file
    if path is None or plan.source == "none":
        return
    old = detected.read(path)
    if plan.source == "unreleased":
        new = with_unreleased_heading(path, old or "# Changelog\n") if old is None or not find_unreleased(old) else old
        if new != old:
            yield ProposedFile(path, old, new)
        return
    news = detected.news
    marker = default_marker(path)
    if news is None or news.marker == marker:
        if old is not None and (new := insert_marker(path, old)) != old:
            yield ProposedFile(path, old, new)
        elif old is None and news is None:
            yield ProposedFile(path, None, new_changelog(marker, is_markdown=path.suffix == ".md"))
    if news is None and not _has_fragments(detected):
        # git does not store empty folders, and towncrier asks for the folder.
        yield ProposedFile(PurePosixPath(FRAGMENTS, ".gitkeep"), None, "")


def _has_fragments(detected: DetectedProject) -> bool:
    """Whether the project has fragments; an empty folder may be left from a run that was killed."""
    folder = detected.project.root / FRAGMENTS
    return folder.is_dir() and any(path.suffix != UNFINISHED_SUFFIX for path in folder.iterdir())
