"""Writes the changelog of a project: the entry of a release, and notes for the next one."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from seatrial.commands import Command
from seatrial.errors import CommandFailed, ReleaseError, count_text
from seatrial.project.changelog import (
    Changelog,
    ChangelogSettings,
    UnreleasedChangelog,
    create_fragment,
    new_changelog,
    read_changelog_file,
    render_entry,
)
from seatrial.project.project import require_inside
from seatrial.project.read_changelog import find_entry, has_entry, read_entry
from seatrial.project.release_section import Release, release_unreleased, with_comparison, with_pre_releases
from seatrial.project.unreleased_section import (
    CATEGORIES,
    add_note,
    begins_with_release,
    cut_unreleased,
    find_unreleased,
    unreleased_headings,
    unreleased_notes,
    with_unreleased_heading,
)
from seatrial.storage import put_back_on_failure

if TYPE_CHECKING:
    from packaging.version import Version

    from seatrial.process import WaitingCommand
    from seatrial.project.snapshot import ProjectSnapshot


def assemble_changelog(
    snapshot: ProjectSnapshot, version: Version, date: str, ahead: WaitingCommand | None = None
) -> str:
    """Write the entry of ``version`` into the changelog, remove the fragments, and return the entry.

    The entry of a final release has what is new since the last final one, the notes of its pre-releases included.
    ``date``: the day of the release, as ``2026-01-31``; ``ahead``: a towncrier that was begun before.
    Raises `MarkerMissing`, `FileNotUtf8`, `UnreleasedNotes` or `CommandFailed`, and leaves the files as they were.
    """
    news, root = snapshot.news, snapshot.project.root
    if news is None:
        return ""
    release = Release(version, date, snapshot.tag)
    if isinstance(news, UnreleasedChangelog):
        return _release_unreleased(snapshot, root / news.filename, release)
    path = root / news.entry_file(str(version), snapshot.project.name, date)
    fragments = [root / fragment.path for fragment in snapshot.fragments]
    require_inside(root, [path, *(fragment.parent for fragment in fragments)])
    above, earlier = _around(news, path)
    if not fragments and snapshot.has_entry(version):
        # The changelog was written with the version, in a commit of its own.
        return read_entry(earlier, version, with_heading=True).strip("\n")
    _require_no_unreleased_notes(news, path)
    _require_no_others(news, snapshot)
    for fragment in fragments:
        # towncrier fails on any other encoding, in words of its own.
        read_changelog_file(fragment)
    entry = render_entry(root, snapshot.spelled(version), date, ahead).strip("\n")
    title = find_entry(earlier, version) if has_entry(entry, version) else None
    if title:
        is_current = version == snapshot.current
        first = f"{Command('bump', '--part', 'auto')}, then again; or " if is_current else ""
        last = f"; or, if it was merged by a request: {Command('tag', '--merged')}" if is_current else ""
        raise ReleaseError(
            f"{path.name} has an entry {title!r} already",
            code="EntryExists",
            fix=f"{first}remove that entry and commit{last}",
        )
    entry, earlier = with_pre_releases(entry, earlier, version, news.titles, merge=snapshot.config.changelog.merges)
    with put_back_on_failure([path, *fragments]) as backup:
        path.parent.mkdir(parents=True, exist_ok=True)
        # As towncrier writes it: two blank lines between entries.
        text = above + entry + ("\n\n\n" + earlier if earlier else "\n")
        path.write_text(with_comparison(text, release), encoding="utf-8")
        backup.restore_line_ends()
        for fragment in fragments:
            fragment.unlink()
        for folder in dict.fromkeys(fragment.parent for fragment in fragments):
            if not any(folder.iterdir()):
                # git keeps no empty folders, and the next fragment needs this one.
                (folder / ".gitkeep").touch()
    return entry


def write_note(root: Path, news: Changelog, kind: str, text: str, issue: str = "", word: str = "") -> PurePosixPath:
    """Write a note for the next release: a fragment, or a line below Unreleased. Return the file, relative to ``root``.

    ``issue``: its number; ``word``: what makes a note of its own, which is written once: without one, towncrier names
    the fragment. Raises `NotMine`, `FileNotUtf8` or `CommandFailed`.
    """
    if isinstance(news, UnreleasedChangelog):
        return _write_unreleased(root, news, kind, f"{text} ({'#' * issue.isdecimal()}{issue})" if issue else text)
    name = f"{issue or news.orphan_prefix + word}.{kind}{news.suffix}"
    if word and (root / news.folders[0] / name).exists():
        return news.folders[0] / name
    # The last word of towncrier is the path of the file.
    try:
        created = create_fragment(root, news, name, text).split(" at ", 1)[1].strip()
    except CommandFailed as error:
        error.fix = error.fix or f"correct what towncrier reports; it writes into {root / news.folders[0]}"
        raise
    return PurePosixPath(Path(os.path.relpath(root / created, root)).as_posix())


def _write_unreleased(root: Path, news: UnreleasedChangelog, kind: str, note: str) -> PurePosixPath:
    path = root / news.filename
    require_inside(root, [path])
    old = read_changelog_file(path)
    if any(written.text.lstrip("-*+ ") == note for written in unreleased_notes(old)):
        return PurePosixPath(news.filename)
    category = next(title for title in CATEGORIES if title.lower() == kind)
    with put_back_on_failure([path]) as backup:
        path.write_text(add_note(old, category, note), encoding="utf-8")
        backup.restore_line_ends()
    return PurePosixPath(news.filename)


def _release_unreleased(snapshot: ProjectSnapshot, path: Path, release: Release) -> str:
    """Give the Unreleased section of a changelog to a release, and return the entry. Raises `EntryExists`."""
    require_inside(snapshot.project.root, [path])
    text = read_changelog_file(path)
    if find_unreleased(text) is None and find_entry(text, release.version) is None:
        text = with_unreleased_heading(text)
    heading = find_unreleased(text, release.version)
    above, _, below = cut_unreleased(text, heading) if heading else (text.splitlines(), (), ())
    # The heading of the next release can have its version already, with "Unreleased" in it or below it.
    title = find_entry("\n".join((*above, *below)), release.version)
    if title and not snapshot.fragments:
        return read_entry(text, release.version, with_heading=True).strip("\n")
    if title:
        raise ReleaseError(
            f"{path.name} has an entry {title!r} already",
            code="EntryExists",
            fix="move the notes of the next release into it, or remove it, and commit",
        )
    others = (other for other in unreleased_headings(text) if other != heading and not other.own_version)
    other = next((other for other in others if unreleased_notes(text, other)), None)
    if heading and other:
        raise ReleaseError(
            f"{path.name}:{other.line + 1}: the notes below a second {other.text!r} would not be in the entry, "
            f"which is made from those below line {heading.line + 1}",
            code="UnreleasedNotes",
            fix=f"move them below {heading.text!r} in line {heading.line + 1}, and commit",
        )
    new, entry = release_unreleased(text, release, merge=snapshot.config.changelog.merges)
    with put_back_on_failure([path]) as backup:
        path.write_text(new, encoding="utf-8")
        backup.restore_line_ends()
    return entry


def _require_no_unreleased_notes(news: ChangelogSettings, path: Path) -> None:
    """Raise `UnreleasedNotes` for notes in the changelog itself, which no entry would have."""
    text = read_changelog_file(path) if news.single and path.is_file() else ""
    notes, heading = unreleased_notes(text), find_unreleased(text)
    if notes and heading:
        raise ReleaseError(
            f"{path.name}:{heading.line + 1}: {count_text(len(notes), 'note')} below {heading.text!r} would be lost: "
            f"the entry is made from {news.folders[0]}",
            code="UnreleasedNotes",
            fix=f"move them into fragments, such as: {Command('news', news.kinds[0], notes[0].text.lstrip('-*+ '))}; "
            'or release them as they are:\n[tool.seatrial.changelog]\nsource = "unreleased"',
        )


def _require_no_others(news: ChangelogSettings, snapshot: ProjectSnapshot) -> None:
    """Raise `FragmentInvalid` for a file that towncrier takes and git ignores: it would be in each entry anew."""
    root, waiting = snapshot.project.root, {fragment.path for fragment in snapshot.fragments}
    others = [str(path) for path in news.fragments_in(root) if path not in waiting]
    if others:
        raise ReleaseError(
            f"git ignores {', '.join(others)}, which towncrier would take: it would be in this entry and in the next",
            code="FragmentInvalid",
            fix=f"remove it, or have git keep it: git add --force {shlex.quote(others[0])}",
        )


def _around(news: ChangelogSettings, path: Path) -> tuple[str, str]:
    """Return the text above a new entry in the news file, the marker included, and the text below it.

    Without a marker, towncrier writes at the top, where an entry belongs if the file has no title.
    Raises `MarkerMissing` or `FileNotUtf8`.
    """
    if not news.single:
        return "", ""
    if not path.exists():
        return new_changelog(news.marker, is_markdown=news.is_markdown) + "\n", ""
    text = read_changelog_file(path)
    marker = re.search(rf"^{re.escape(news.marker)}[ \t]*$", text, re.MULTILINE)
    if not marker and begins_with_release(text):
        return "", text.lstrip()
    if not marker:
        raise ReleaseError(
            f"{path.name} does not have the line below which the entry of a release goes",
            code="MarkerMissing",
            fix=f"put it above the latest release in {path.name}, and commit:\n{news.marker}",
        )
    return text[: marker.end()] + "\n\n", text[marker.end() :].lstrip()
