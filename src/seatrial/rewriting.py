"""Writing a version into a project and its fragments into the changelog, whichever folder the project is in.

What the tools do is read again afterwards; when one of them fails half-way, the files are put back.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial import line_ends, shell
from seatrial.command_line import typed
from seatrial.facts import pyproject, version_text
from seatrial.facts.news import begun
from seatrial.refusals import FileNotUtf8, ReleaseError
from seatrial.tools import bumpversion, towncrier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from packaging.version import Version

    from seatrial.facts.news import News
    from seatrial.outlook import Outlook
    from seatrial.shell import Begun


@dataclass(frozen=True)
class Kept:
    """Files as they were: contents by path, None for one that was not there."""

    contents: tuple[tuple[Path, bytes | None], ...]

    @classmethod
    def of(cls, paths: Iterable[Path]) -> Kept:
        """Read the files."""
        return cls(tuple((path, path.read_bytes() if path.is_file() else None) for path in dict.fromkeys(paths)))

    def put_back(self) -> None:
        """Write them as they were."""
        for path, content in self.contents:
            if content is None:
                path.unlink(missing_ok=True)
            elif not path.is_file() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)

    def has(self, path: Path) -> bool:
        """Whether a file is as it was."""
        return any(known == path and path.is_file() and path.read_bytes() == old for known, old in self.contents)

    def restore_line_ends(self) -> None:
        """Give each file that was rewritten the line ends that it had."""
        for path, old in self.contents:
            if old is not None and path.is_file():
                new = path.read_bytes()
                kept = line_ends.restored(old, new)
                if kept != new:
                    path.write_bytes(kept)


def raise_version(outlook: Outlook, version: Version) -> None:
    """Write ``version`` into every place of the project, and run the commands of ``lock``.

    What bump-my-version is configured for it writes; then follow the places that still have the old version. (Only
    where it is configured, because starting it takes longer than all else that a release does to files and to git.)
    Raises `VersionNotWritten` or `CommandFailed`, and leaves the files as they were.
    """
    if outlook.comes_from_tag:
        return
    project = outlook.project
    configured = bumpversion.configured_files(project)
    paths = [project.root / path for path in (*configured, *(place.path for place in outlook.places.places))]
    with _put_back_on_failure(paths) as kept:
        if configured:
            bumpversion.write_configured(project, outlook.current, version)
            untouched = [path for path in bumpversion.required_files(project) if kept.has(project.root / path)]
            if untouched:
                raise ReleaseError(
                    f"bump-my-version is configured for {', '.join(map(str, untouched))}, and left it as it was",
                    code="VersionNotWritten",
                    fix="older releases need [tool.bumpversion] above [[tool.bumpversion.files]]; or take the file out",
                )
        for place in outlook.places.places:
            if not _says(outlook, place, version):
                _write(outlook, place, version)
        kept.restore_line_ends()
        insist_on_version(outlook, version)
        _insist_on_the_rest(outlook)
        _refresh_locks(outlook)


def _refresh_locks(outlook: Outlook) -> None:
    """Run the commands of ``lock``; when one fails, the files beside pyproject.toml are as they were."""
    root = outlook.project.root
    if outlook.config.lock:
        with _put_back_on_failure(path for path in sorted(root.iterdir()) if path.is_file()):
            for command in outlook.config.lock:
                shell.run(command, cwd=root, env=shell.environment())


def insist_on_version(outlook: Outlook, version: Version) -> None:
    """Raise `VersionNotWritten` when a place does not name ``version``."""
    wrong = [place for place in outlook.places.places if not _says(outlook, place, version)]
    if wrong:
        raise ReleaseError(
            f"{version} is not what stands, after all that the tools and hooks did, in "
            + ", ".join(str(place) for place in wrong),
            code="VersionNotWritten",
            fix="write the version there in the common way, or name the place in [[tool.bumpversion.files]]",
        )


def _insist_on_the_rest(outlook: Outlook) -> None:
    """Raise `VersionNotWritten` when more than the version has changed in pyproject.toml, such as a requirement."""
    before, after = (dict(table) for table in (outlook.project.table, pyproject.read(outlook.project.path)))
    for table in (before, after):
        table["project"] = {**table.get("project", {}), "version": ""}
    changed = [key for key in ("project", "build-system", "dependency-groups") if before.get(key) != after.get(key)]
    if changed:
        raise ReleaseError(
            f"bump-my-version changed more than the version in [{changed[0]}] of {outlook.project.path.name}: "
            "a requirement has the same number",
            code="VersionNotWritten",
            fix="take pyproject.toml out of [[tool.bumpversion.files]]: its version is written anyway; "
            "or give that entry a search",
        )


def assemble(outlook: Outlook, version: Version, date: str, ahead: Begun | None = None) -> str:
    """Write the entry of ``version`` into the news file, remove the fragments, and return the entry.

    ``date``: the day of the release, as ``2026-01-31``; ``ahead``: a towncrier that was begun before.
    Raises `MarkerMissing`, `FileNotUtf8` or `CommandFailed`, and leaves the files as they were.
    """
    news, root = outlook.news, outlook.project.root
    if news is None:
        return ""
    path = root / news.entry_file(str(version), outlook.project.name, date)
    fragments = [root / one.path for one in outlook.fragments]
    above, earlier = _around(news, path)
    for fragment in fragments:
        _insist_on_utf8(fragment)
    entry = towncrier.render(root, str(version), date, ahead).strip("\n")
    title = _title(entry)
    if title and title in map(str.strip, earlier.splitlines()):
        first = f"{typed('bump --part auto')} first, or " if version == outlook.current else ""
        raise ReleaseError(
            f"{path.name} has an entry {title!r} already",
            code="EntryExists",
            fix=f"{first}remove that entry and commit",
        )
    with _put_back_on_failure([path, *fragments]) as kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        # As towncrier writes it: two blank lines between entries.
        path.write_text(above + entry + ("\n\n\n" + earlier if earlier else "\n"), encoding="utf-8")
        kept.restore_line_ends()
        for fragment in fragments:
            fragment.unlink()
        for folder in dict.fromkeys(fragment.parent for fragment in fragments):
            if not any(folder.iterdir()):
                # git knows no empty folders, and towncrier would not find the next fragment a place.
                (folder / ".gitkeep").touch()
    return entry


def _title(entry: str) -> str:
    """Return the title of an entry, "" for none: in reStructuredText, a line of signs may stand over it."""
    return next((line.strip() for line in entry.splitlines() if re.search(r"\w", line)), "")


def _write(outlook: Outlook, place: version_text.Place, version: Version) -> None:
    """Write a version into a place. What stands there once is all that changes; line ends are LF after it."""
    text = version_text.read(outlook.project, place.path) or ""
    (outlook.project.root / place.path).write_bytes(text.replace(place.text, place.said(version), 1).encode())


def _says(outlook: Outlook, place: version_text.Place, version: Version) -> bool:
    text = version_text.read(outlook.project, place.path) or ""
    said = place.said(version)
    # 1.2.3 stands in 1.2.3.post1, too.
    return said in text and place.text not in text.replace(said, "")


def _around(news: News, path: Path) -> tuple[str, str]:
    """Return what stands above a new entry in the news file, the marker too, and what stands below it.

    Raises `MarkerMissing` or `FileNotUtf8`.
    """
    if not news.single:
        return "", ""
    if not path.exists():
        return begun(news.marker, is_markdown=news.is_markdown) + "\n", ""
    _insist_on_utf8(path)
    text = path.read_text(encoding="utf-8")
    marker = re.search(rf"^{re.escape(news.marker)}[ \t]*$", text, re.MULTILINE)
    if not marker:
        raise ReleaseError(
            f"{path.name} does not have the line below which the entry of a release goes",
            code="MarkerMissing",
            fix=f"put it above the latest release in {path.name}, and commit:\n{news.marker}",
        )
    return text[: marker.end()] + "\n\n", text[marker.end() :].lstrip()


def _insist_on_utf8(path: Path) -> None:
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileNotUtf8(f"{path.name} is not UTF-8: {error}", fix=f"save {path.name} in UTF-8") from None


@contextlib.contextmanager
def _put_back_on_failure(paths: Iterable[Path]) -> Iterator[Kept]:
    kept = Kept.of(paths)
    try:
        yield kept
    except BaseException:
        kept.put_back()
        raise
