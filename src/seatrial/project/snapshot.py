"""A project at one commit before its next release: its version, its fragments, its tags."""

from __future__ import annotations

import contextlib
import functools
import re
import shlex
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from packaging.version import Version

from seatrial.commands import RELEASE, Command
from seatrial.errors import Reasons, ReleaseError, SeatrialError
from seatrial.project.changelog import Changelog, ChangelogSettings, Fragment, UnreleasedChangelog, find_changelog
from seatrial.project.find_versions import VersionFiles, VersionSource, find_version_files
from seatrial.project.project import Project
from seatrial.project.read_changelog import has_entry
from seatrial.project.settings import Config
from seatrial.project.tag_form import released_versions, resolve_tag_form, version_in_tag
from seatrial.project.versions import (
    CALENDAR,
    LABELS,
    PARTS,
    RequestedPart,
    first_towards,
    next_version,
    part_for_fragments,
    spelled_as,
)


@dataclass(frozen=True)
class ProjectSnapshot:
    """A project at one commit, and what its next release has to reckon with.

    ``files``: those of the project, relative to its folder; ``current``: the version that it has, that of the last tag
    where it comes from there; ``news`` is None for a project without a changelog; ``fragments``: those that wait;
    ``requested``: the part that they ask for; ``tag_form``: the name of a tag, with ``{version}`` and ``{name}`` in it;
    ``last_tag`` and ``last_version``: those of the newest release which the commit contains, None for none;
    ``tags``: those of all its releases; ``announced``: the version in the heading of the Unreleased section, None where
    that has none, or one which is in the files already.
    """

    project: Project
    config: Config
    files: tuple[PurePosixPath, ...]
    places: VersionFiles
    current: Version
    news: Changelog | None
    fragments: tuple[Fragment, ...]
    requested: RequestedPart
    tag_form: str
    last_tag: str | None
    last_version: Version | None = None
    tags: tuple[str, ...] = ()
    announced: Version | None = None

    @classmethod
    def of(cls, root: Path, files: tuple[PurePosixPath, ...], tags: Collection[str]) -> ProjectSnapshot:
        """Read the project in ``root``; ``tags`` are the names of those that its commit contains.

        Raises `ProjectError`, `VersionNotFound`, `VersionsDisagree`, `TagFormUnclear`, `FileNotUtf8` or
        `FragmentInvalid`, and
        `SeveralReasons` for more than one of them.
        """
        project = Project.from_directory(root)
        config = Config.from_project(project)
        reasons = Reasons()
        with reasons.gather():
            places = find_version_files(project, files)
            form = resolve_tag_form(project, config, tags, places.version)
            released = released_versions(tags, form, project.name, places.version)
        with reasons.gather():
            news = find_changelog(project, config.changelog, files)
            fragments = _waiting_notes(project, news, files)
        reasons.raise_together()
        current = places.version or max(released, default=Version("0.0.0"))
        requested = part_for_fragments((fragment.kind for fragment in fragments), config.parts, current)
        newest = max(released, default=None)
        announced = _announced_version(project, news, current, newest)
        if announced is not None:
            # What the heading says, the categories below it do not change.
            parts = (part for part in PARTS if next_version(current, part) == announced)
            requested = RequestedPart(next(parts, requested.part), requested.kinds)
        if config.scheme:
            requested, announced = RequestedPart(CALENDAR), None
        last_tag = released[newest] if newest else None
        all_tags = tuple(released.values())
        return cls(
            project, config, files, places, current, news, fragments, requested, form, last_tag, newest, all_tags,
            announced,
        )  # fmt: skip

    @property
    def comes_from_tag(self) -> bool:
        """Whether no file names the version."""
        return self.places.source is VersionSource.TAG

    @property
    def is_untagged(self) -> bool:
        """Whether the version in the files is ahead of the last release: it was written, and not released."""
        if self.comes_from_tag or self.current.is_devrelease:
            return False
        return self.last_version is None or self.current > self.last_version

    def has_entry(self, version: Version) -> bool:
        """Return whether the changelog has the version in the files, and an entry for it."""
        if self.news is None or version != self.current or not self.is_untagged:
            return False
        path = self.project.root / self.news.entry_file(str(version), self.project.name, "")
        return path.is_file() and has_entry(path.read_text(encoding="utf-8", errors="replace"), version)

    def version_for(self, part: str, again: Command = RELEASE) -> Version:
        """Return the version that a part leads to: the one in the files where that has no tag yet, else the next.

        ``again``: the command that a fix names. Raises as `next_version` does.
        """
        if part == "auto":
            if self.is_untagged and self.last_version:
                return self.current
            if self.announced:
                return self.announced
            part = "final" if self.current.is_prerelease and not self.fragments else self.requested.part
        if self.announced and (part in LABELS or part == "dev"):
            first = first_towards(self.announced, part)
            if first > self.current:
                return first
        if self.is_untagged and part in PARTS:
            first = next_version(self.last_version or Version("0.0.0"), part)
            if first == self.current:
                return self.current
        return next_version(self.current, part, self.requested.part, self._written(self.released), again)

    def choices(self) -> tuple[tuple[str, Version], ...]:
        """Return the parts to choose from and where each leads: the announced version first, else what is asked for."""
        parts = (*(("auto",) if self.announced else ()), self.requested.part, *reversed(PARTS), "rc")
        choices = dict[Version, str]()
        for part in parts:
            choices.setdefault(self.version_for(part), part)
        return tuple((part, version) for version, part in choices.items())

    def tag(self, version: Version) -> str:
        """Return the name of the tag that a version has or would get."""
        return self.released.get(version) or self.tag_form.format(version=self.spelled(version), name=self.project.name)

    def spelled(self, version: Version) -> str:
        """Return a version as the newest tags are spelled, else as the files are, such as 2026.06.01."""
        return spelled_as(version, self._written(sorted(self.released, reverse=True)[:FEW]))

    def _written(self, released: Iterable[Version]) -> tuple[str, ...]:
        """Return how versions are written in their tags, and that of the files there."""
        tags = [self.released[version] for version in released]
        texts = [version_in_tag(tag, self.tag_form, self.project.name) for tag in tags]
        return (*texts, *(place.version for place in self.places.places[:1]))

    def released_among(self, tags: Iterable[str]) -> dict[Version, str]:
        """Return the versions of the project whose tags are among ``tags``, and these tags."""
        return released_versions(tags, self.tag_form, self.project.name, self.places.version)

    @functools.cached_property
    def released(self) -> dict[Version, str]:
        """The versions of the releases that the commit contains, and their tags."""
        return self.released_among(self.tags)


FEW = 12
"""How many tags show how versions are written: those of a year of months."""


def tag_form_of(project: Project, config: Config, files: Iterable[PurePosixPath], tags: Collection[str]) -> str:
    """Return the form of a project's tags. Raises `TagFormUnclear`.

    ``files``: those of the project, relative to it; where they do not say the version, the tags alone decide.
    """
    return resolve_tag_form(project, config, tags, None if config.tag else _written_version(project, files))


def releases_of(
    project: Project, config: Config, files: Iterable[PurePosixPath], tags: Collection[str]
) -> dict[Version, str]:
    """Return the versions of a project whose tags are among ``tags``, and these tags. Raises `TagFormUnclear`."""
    version = _written_version(project, files)
    return released_versions(tags, resolve_tag_form(project, config, tags, version), project.name, version)


def _written_version(project: Project, files: Iterable[PurePosixPath]) -> Version | None:
    """Return the version in the files of a project, None where they do not say it."""
    with contextlib.suppress(SeatrialError):
        return find_version_files(project, files).version
    return None


def _announced_version(
    project: Project, news: Changelog | None, current: Version, last: Version | None
) -> Version | None:
    """Return the version that a changelog names as the next one, as long as the one in the files."""
    heading = news.next_heading(project.root) if isinstance(news, UnreleasedChangelog) else None
    version = heading.own_version if heading else None
    if version is None:
        return None
    # 1.1.0.dev0 leads to 1.1.0, and 1.1 is 1.1.0 where releases have three numbers.
    numbers = [*version.release, *(0 for _ in current.release[len(version.release) :])]
    pre = "".join(map(str, version.pre or ()))
    version = Version(
        f"{version.epoch}!{'.'.join(map(str, numbers))}{pre}" + (f".post{version.post}" if version.post else "")
    )
    is_next = version > current or (version == current and last is None)
    return version if is_next and (last is None or version > last) else None


def _waiting_notes(project: Project, news: Changelog | None, files: Iterable[PurePosixPath]) -> tuple[Fragment, ...]:
    if isinstance(news, UnreleasedChangelog):
        return news.notes(project.root)
    return _fragments(news, files) if news else ()


def _fragments(news: ChangelogSettings, files: Iterable[PurePosixPath]) -> tuple[Fragment, ...]:
    paths = news.among(files)
    unwanted = [shlex.quote(str(path)) for path in paths if _is_left_behind(path.name, news.kinds)]
    if unwanted:
        raise ReleaseError(
            f"{unwanted[0]} was left by a program, and is no fragment",
            code="FragmentInvalid",
            fix=f"remove it, and commit: git rm {' '.join(unwanted)}",
        )
    unnamed = next((path for path in map(str, paths) if re.search("[\udc80-\udcff]", path)), None)
    if unnamed:
        text = unnamed.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        raise ReleaseError(
            f"the name of {text} is not UTF-8, and the entry would have it",
            code="FragmentInvalid",
            fix=f"rename it to ISSUE.{news.kinds[0]}{news.suffix}, and commit",
        )
    fragments = [fragment for path in paths if (fragment := news.fragment(path))]
    misnamed = [str(path) for path in paths if news.fragment(path) is None]
    if misnamed:
        raise ReleaseError(
            f"towncrier skips {', '.join(misnamed)}: no part of the name is a type",
            code="FragmentInvalid",
            fix=f"name it ISSUE.TYPE.md or +WORD.TYPE.md, TYPE being one of {', '.join(news.kinds)}, and commit:\n"
            f"git mv {shlex.quote(str(misnamed[0]))} {news.folders[0]}/+WORD.{news.kinds[0]}{news.suffix}\n"
            f"or, if it is not a fragment, add it to ignore in {news.source}",
        )
    by_name: dict[tuple[PurePosixPath, str, str, int], list[str]] = {}
    for fragment in fragments:
        if fragment.issue:
            key = (fragment.path.parent, fragment.issue, fragment.kind, fragment.counter)
            by_name.setdefault(key, []).append(str(fragment.path))
    for (_, issue, kind, _), names in by_name.items():
        if len(names) > 1:
            raise ReleaseError(
                f"{' and '.join(names)} are number {issue} of type {kind}, which towncrier does not take",
                code="FragmentInvalid",
                fix=f"number them: {issue}.{kind}.md, {issue}.{kind}.1.md; or remove one, and commit",
            )
    return tuple(fragments)


LEFT_BEHIND = re.compile(
    r"\.(?:orig|rej|bak|old|save|sw[a-p]|tmp|mine|r\d+|dpkg-\w+|part|patch|diff)$|~$|^#.*#$"
    r"|[ _-]copy(?: \d+)?\.\w+$|\(\w+\)\.\w+$|[._](?:backup|base|local|remote)[._]\d+|sync-conflict",
    re.IGNORECASE,
)
"""The names of what editors, merges and file managers leave next to a file."""

LEFT_BEFORE = re.compile(r"\.[#_]|copy of |(?:\.DS_Store|Thumbs\.db|desktop\.ini)$", re.IGNORECASE)
"""Those that have it before the name of the file, and those that belong to no file."""


def _is_left_behind(name: str, kinds: Collection[str]) -> bool:
    """Whether a program has left a file; +fix_remote_12.bugfix.md is a fragment: it ends in a type."""
    ends_in_type = re.search(rf"\.(?:{'|'.join(map(re.escape, kinds))})(?:\.\d+)?(?:\.(?:md|rst|txt))?$", name)
    return bool(LEFT_BEFORE.match(name) or (LEFT_BEHIND.search(name) and not ends_in_type))
