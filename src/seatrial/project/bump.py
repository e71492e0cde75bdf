"""Writes a version into a project's files, and its fragments into the changelog.

seatrial computes the version, because bump-my-version's arithmetic is not that of PEP 440; bump-my-version is told to
parse a version as one word and to make neither commit nor tag. The results are read again afterwards; when a tool
fails half-way, the files are restored.
"""

from __future__ import annotations

import configparser
import contextlib
import difflib
import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from seatrial import process
from seatrial.commands import Command
from seatrial.errors import FileNotUtf8, PyprojectInvalid, ReleaseError, count_text
from seatrial.project.changelog import (
    UnreleasedChangelog,
    create_fragment,
    new_changelog,
    read_changelog_file,
    render_entry,
)
from seatrial.project.changelog_entries import find_entry, has_entry, read_entry
from seatrial.project.links import leaves_repository, require_inside
from seatrial.project.toml import read_toml
from seatrial.project.unreleased import (
    CATEGORIES,
    UNRELEASED,
    Release,
    add_note,
    find_unreleased,
    release_unreleased,
    unreleased_notes,
    with_comparison,
    with_pre_releases,
)
from seatrial.project.version_files import VersionPlace, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.version import Version

    from seatrial.process import WaitingCommand
    from seatrial.project.changelog import Changelog, ChangelogSettings
    from seatrial.project.project import Project
    from seatrial.project.snapshot import ProjectSnapshot


@dataclass(frozen=True)
class FileBackup:
    """Files as they were: contents by path, None for one that was not there."""

    contents: tuple[tuple[Path, bytes | None], ...]

    @classmethod
    def of(cls, paths: Iterable[Path]) -> FileBackup:
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
                kept = restore_line_ends(old, new)
                if kept != new:
                    path.write_bytes(kept)


def raise_version(snapshot: ProjectSnapshot, version: Version) -> None:
    """Write ``version`` into every place of the project, and run the commands of ``lock``.

    What bump-my-version is configured for it writes; then follow the places that still have the old version. (Only
    where it is configured, because starting it takes longer than all else that a release does to files and to git.)
    Raises `VersionNotWritten` or `CommandFailed`, and leaves the files as they were.
    """
    if snapshot.comes_from_tag:
        return
    project = snapshot.project
    configured = configured_files(project)
    paths = [project.root / path for path in (*configured, *(place.path for place in snapshot.places.places))]
    require_inside(project.root, paths)
    with _put_back_on_failure(paths) as kept:
        if configured:
            write_configured(project, snapshot.current, version)
            untouched = [path for path in required_files(project) if kept.has(project.root / path)]
            if untouched:
                raise ReleaseError(
                    f"bump-my-version is configured for {', '.join(map(str, untouched))}, and left it as it was",
                    code="VersionNotWritten",
                    fix="older releases need [tool.bumpversion] above [[tool.bumpversion.files]]; or take the file out",
                )
        for place in snapshot.places.places:
            if not _contains(snapshot, place, version):
                _write(snapshot, place, version)
        kept.restore_line_ends()
        require_version(snapshot, version)
        _require_rest_unchanged(snapshot)
        _refresh_locks(snapshot)


def _refresh_locks(snapshot: ProjectSnapshot) -> None:
    """Run the commands of ``lock``; when one fails, the files beside pyproject.toml are as they were."""
    root = snapshot.project.root
    if snapshot.config.lock:
        files = (path for path in sorted(root.iterdir()) if path.is_file() and not leaves_repository(root, path))
        with _put_back_on_failure(files):
            for command in snapshot.config.lock:
                process.run(command, cwd=root, env=process.user_environment())


def require_version(snapshot: ProjectSnapshot, version: Version) -> None:
    """Raise `VersionNotWritten` when a place does not name ``version``."""
    wrong = [place for place in snapshot.places.places if not _contains(snapshot, place, version)]
    if wrong:
        raise ReleaseError(
            f"{version} is not what stands, after all that the tools and hooks did, in "
            + ", ".join(str(place) for place in wrong),
            code="VersionNotWritten",
            fix="write the version there in the common way, or name the place in [[tool.bumpversion.files]]",
        )


def _require_rest_unchanged(snapshot: ProjectSnapshot) -> None:
    """Raise `VersionNotWritten` when more than the version has changed in pyproject.toml, such as a requirement."""
    before, after = (dict(table) for table in (snapshot.project.table, read_toml(snapshot.project.path)))
    for table in (before, after):
        table["project"] = {**table.get("project", {}), "version": ""}
    changed = [key for key in ("project", "build-system", "dependency-groups") if before.get(key) != after.get(key)]
    if changed:
        raise ReleaseError(
            f"bump-my-version changed more than the version in [{changed[0]}] of {snapshot.project.path.name}: "
            "a requirement has the same number",
            code="VersionNotWritten",
            fix="take pyproject.toml out of [[tool.bumpversion.files]]: its version is written anyway; "
            "or give that entry a search",
        )


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
    fragments = [root / one.path for one in snapshot.fragments]
    require_inside(root, [path, *(fragment.parent for fragment in fragments)])
    above, earlier = _around(news, path)
    if not fragments and snapshot.has_entry(version):
        # The changelog was written with the version, in a commit of its own.
        return read_entry(earlier, version, with_heading=True).strip("\n")
    _require_no_unreleased_notes(news, path)
    for fragment in fragments:
        _require_utf8(fragment)
    entry = render_entry(root, str(version), date, ahead).strip("\n")
    title = find_entry(earlier, version) if has_entry(entry, version) else None
    if title:
        first = f"{Command('bump', '--part', 'auto')} first, or " if version == snapshot.current else ""
        raise ReleaseError(
            f"{path.name} has an entry {title!r} already",
            code="EntryExists",
            fix=f"{first}remove that entry and commit",
        )
    entry, earlier = with_pre_releases(entry, earlier, version, news.titles, merge=snapshot.config.changelog.merges)
    with _put_back_on_failure([path, *fragments]) as kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        # As towncrier writes it: two blank lines between entries.
        text = above + entry + ("\n\n\n" + earlier if earlier else "\n")
        path.write_text(with_comparison(text, release), encoding="utf-8")
        kept.restore_line_ends()
        for fragment in fragments:
            fragment.unlink()
        for folder in dict.fromkeys(fragment.parent for fragment in fragments):
            if not any(folder.iterdir()):
                # git knows no empty folders, and towncrier would not find the next fragment a place.
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
    created = create_fragment(root, news, name, text).split(" at ", 1)[1].strip()
    return PurePosixPath(Path(os.path.relpath(root / created, root)).as_posix())


def _write_unreleased(root: Path, news: UnreleasedChangelog, kind: str, note: str) -> PurePosixPath:
    path = root / news.filename
    require_inside(root, [path])
    old = read_changelog_file(path)
    if any(written.text.lstrip("-*+ ") == note for written in unreleased_notes(old)):
        return PurePosixPath(news.filename)
    category = next(title for title in CATEGORIES if title.lower() == kind)
    with _put_back_on_failure([path]) as kept:
        path.write_text(add_note(old, category, note), encoding="utf-8")
        kept.restore_line_ends()
    return PurePosixPath(news.filename)


def _release_unreleased(snapshot: ProjectSnapshot, path: Path, release: Release) -> str:
    """Give the Unreleased section of a changelog to a release, and return the entry. Raises `EntryExists`."""
    require_inside(snapshot.project.root, [path])
    text = read_changelog_file(path)
    if not snapshot.fragments and has_entry(text, release.version):
        return read_entry(text, release.version, with_heading=True).strip("\n")
    title = find_entry(text, release.version)
    if title and not UNRELEASED.search(title):
        raise ReleaseError(
            f"{path.name} has an entry {title!r} already",
            code="EntryExists",
            fix="move the notes of the next release into it, or remove it, and commit",
        )
    new, entry = release_unreleased(text, release, merge=snapshot.config.changelog.merges)
    with _put_back_on_failure([path]) as kept:
        path.write_text(new, encoding="utf-8")
        kept.restore_line_ends()
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


def _write(snapshot: ProjectSnapshot, place: VersionPlace, version: Version) -> None:
    """Write a version into a place. What stands there once is all that changes; line ends are LF after it."""
    text = read_text(snapshot.project, place.path) or ""
    (snapshot.project.root / place.path).write_bytes(text.replace(place.text, place.said(version), 1).encode())


def _contains(snapshot: ProjectSnapshot, place: VersionPlace, version: Version) -> bool:
    text = read_text(snapshot.project, place.path) or ""
    said = place.said(version)
    # 1.2.3 stands in 1.2.3.post1, too.
    return said in text and place.text not in text.replace(said, "")


def _around(news: ChangelogSettings, path: Path) -> tuple[str, str]:
    """Return what stands above a new entry in the news file, the marker too, and what stands below it.

    Raises `MarkerMissing` or `FileNotUtf8`.
    """
    if not news.single:
        return "", ""
    if not path.exists():
        return new_changelog(news.marker, is_markdown=news.is_markdown) + "\n", ""
    _require_utf8(path)
    text = path.read_text(encoding="utf-8")
    marker = re.search(rf"^{re.escape(news.marker)}[ \t]*$", text, re.MULTILINE)
    if not marker:
        raise ReleaseError(
            f"{path.name} does not have the line below which the entry of a release goes",
            code="MarkerMissing",
            fix=f"put it above the latest release in {path.name}, and commit:\n{news.marker}",
        )
    return text[: marker.end()] + "\n\n", text[marker.end() :].lstrip()


def _require_utf8(path: Path) -> None:
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileNotUtf8(f"{path.name} is not UTF-8: {error}", fix=f"save {path.name} in UTF-8") from None


@contextlib.contextmanager
def _put_back_on_failure(paths: Iterable[Path]) -> Iterator[FileBackup]:
    kept = FileBackup.of(paths)
    try:
        yield kept
    except BaseException:
        kept.put_back()
        raise


WHOLE_VERSION_OPTIONS = ("--parse", r"(?P<version>\S+)", "--serialize", "{version}")
NO_COMMIT_OPTIONS = ("--no-commit", "--no-tag", "--allow-dirty")
TEMPLATES = ("search", "replace", "regex", "ignore_missing_version")
IGNORING = ("ignore_missing_version", "ignore_missing_file", "ignore_missing_files")
OTHERS = ("filename", "glob", "key_path", "ignore_missing_file")
"""The keys of ``[[tool.bumpversion.files]]`` that say what changes; the first also stand in ``[tool.bumpversion]``."""

CONFIGURATIONS = (".bumpversion.cfg", ".bumpversion.toml", "setup.cfg", "pyproject.toml")
"""Where bump-my-version looks for its settings, in its order (bump-my-version, "Configuration file")."""


def configuration(project: Project) -> str:
    """Return the name of the file that configures bump-my-version, "" when none does."""
    for name in CONFIGURATIONS:
        path = project.root / name
        if name == "pyproject.toml":
            if "bumpversion" in project.table.get("tool", {}):
                return name
        elif path.is_file() and (name.endswith(".toml") or _ini(path).has_section("bumpversion")):
            return name
    return ""


def configured_files(project: Project) -> tuple[PurePosixPath, ...]:
    """Return the files that bump-my-version is configured to change, its own among them."""
    name = configuration(project)
    if not name:
        return ()
    entries = _settings_of(project).get("files", [])
    named = [str(entry["filename"]) for entry in entries if "filename" in entry]
    patterns = [str(entry["glob"]) for entry in entries if "glob" in entry]
    named += [path.relative_to(project.root).as_posix() for one in patterns for path in project.root.glob(one)]
    return tuple(PurePosixPath(one) for one in dict.fromkeys([name, "pyproject.toml", *named]))


def required_files(project: Project) -> tuple[PurePosixPath, ...]:
    """Return the files of ``[[tool.bumpversion.files]]`` that have to name the version."""
    settings = _settings_of(project)
    return tuple(
        PurePosixPath(str(entry["filename"]))
        for entry in settings.get("files", [])
        if "filename" in entry
        and not any({**settings, **entry}.get(key) for key in ("ignore_missing_version", "ignore_missing_files"))
        and not {"ignore_missing_file", "key_path", "include_bumps", "exclude_bumps"} & set(entry)
    )


def write_configured(project: Project, current: Version, version: Version) -> None:
    """Have the files changed that bump-my-version is configured for.

    Its hooks are not run, because nothing is committed here. Raises `CommandFailed` or `PyprojectInvalid`.
    """
    name, settings = configuration(project), _settings_of(project)
    usual = {key: settings[key] for key in TEMPLATES if key in settings}
    entries = [{**usual, **one} for one in settings.get("files", [])]
    bound = [one for one in entries if {"parse", "serialize"} & set(one)]
    if bound:
        raise PyprojectInvalid(
            f"parse and serialize of {bound[0].get('filename') or bound[0].get('glob')} in {project.root / name} "
            "make another version of the one that is released",
            fix='write it with replace: replace = "{new_major}.{new_minor}"',
        )
    for one in entries:
        _require_search_text(project, one, str(current))
    if name != "pyproject.toml" and "current_version" in settings:
        quote = '"' if name.endswith(".toml") else ""
        said = f"current_version = {quote}{{}}{quote}"
        entries.append(
            {"filename": name, "search": said.format("{current_version}"), "replace": said.format("{new_version}")}
        )
    if entries:
        numbers = {f"current_{part}": number for part, number in _numbers(current)}
        numbers |= {f"new_{part}": number for part, number in _numbers(version)}
        _bump_with(project.root, [_entry(project.root, one, numbers) for one in entries], str(current), str(version))


def _require_search_text(project: Project, entry: Mapping[str, Any], current: str) -> None:
    """Raise `VersionNotWritten` for a file without the text that is to be replaced in it: older releases skip it."""
    if "filename" not in entry or any(entry.get(key) for key in ("regex", "key_path", *IGNORING)):
        return
    text = read_text(project, PurePosixPath(str(entry["filename"])))
    search = str(entry.get("search", "{current_version}"))
    said = search.replace("{current_version}", current)
    if text is None or (said not in text and "{" not in said):
        what = "is not there" if text is None else f"does not have {said!r}"
        raise ReleaseError(
            f"{entry['filename']} {what}, and {configuration(project)} tells bump-my-version to change that",
            code="VersionNotWritten",
            fix="write the version there, or take the file out of [[tool.bumpversion.files]]",
        )


def _bump_with(root: Path, entries: Iterable[Mapping[str, object]], current: str, version: str) -> None:
    """Run bump-my-version with a configuration that has these files and nothing else."""
    lines = ["[tool.bumpversion]"]
    for entry in entries:
        lines += ["[[tool.bumpversion.files]]", *(f"{key} = {_toml(value)}" for key, value in entry.items())]
    with tempfile.TemporaryDirectory(prefix="seatrial-bump-") as folder:
        settings = Path(folder, "places.toml")
        settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
        _bump(root, current, version, "--config-file", str(settings))


def _bump(root: Path, current: str, version: str, *more: str) -> None:
    told = ("--current-version", current, "--new-version", version)
    args = (*process.module_command("bumpversion"), "bump", *more, *told, *WHOLE_VERSION_OPTIONS, *NO_COMMIT_OPTIONS)
    # Its variables (BUMPVERSION_COMMIT, BUMPVERSION_TAG, …) would win over all of this.
    env = {
        name: value
        for name, value in process.child_environment().items()
        if not name.upper().startswith("BUMPVERSION_")
    }
    process.run(args, cwd=root, env={**env, "NO_COLOR": "1", "COLUMNS": "1000"})


def _entry(root: Path, told: Mapping[str, Any], numbers: Mapping[str, str]) -> dict[str, object]:
    """Return an entry of the user's, its paths absolute and its numbers filled in."""
    entry: dict[str, object] = {
        key: told[key] for key in (*TEMPLATES, *OTHERS) if isinstance(told.get(key), (str, bool))
    }
    entry.update({key: str(root / str(entry[key])) for key in ("filename", "glob") if key in entry})
    for key in ("search", "replace"):
        for name, number in numbers.items():
            if key in entry:
                entry[key] = str(entry[key]).replace(f"{{{name}}}", number)
    return entry


def _numbers(version: Version) -> Iterator[tuple[str, str]]:
    yield from (("major", str(version.major)), ("minor", str(version.minor)), ("patch", str(version.micro)))


def _settings_of(project: Project) -> dict[str, Any]:
    """Return what bump-my-version is told, in the shape of ``[tool.bumpversion]``."""
    name, settings = configuration(project), dict[str, Any]()
    if name.endswith(".toml"):
        table = project.table if name == "pyproject.toml" else read_toml(project.root / name)
        settings = dict(table.get("tool", {}).get("bumpversion", {}))
        files = settings.get("files", [])
        if not isinstance(files, list) or not all(isinstance(one, dict) for one in files):
            raise PyprojectInvalid(
                f"[tool.bumpversion] in {project.root / name}: files has to be an array of tables, not {files!r}",
                fix='[[tool.bumpversion.files]]\nfilename = "README.md"',
            )
        return settings
    parser = _ini(project.root / name)
    settings = dict(parser["bumpversion"]) if parser.has_section("bumpversion") else {}
    kinds = {"file": "filename", "glob": "glob"}
    settings["files"] = [
        {kinds[parts[1]]: parts[2], **dict(parser[":".join(parts)])}
        for parts in (section.split(":", 2) for section in parser.sections())
        if len(parts) == len(("bumpversion", "kind", "name")) and parts[0] == "bumpversion" and parts[1] in kinds
    ]
    return settings


def _toml(value: object) -> str:
    """Return a string or a truth in TOML; JSON's strings are TOML's, but for a character that JSON leaves alone."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _ini(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, OSError):
        return configparser.RawConfigParser()
    return parser


def restore_line_ends(old: bytes, new: bytes) -> bytes:
    """Return ``new`` with the line ends of ``old``: a line that stayed keeps its own, a new one gets the usual one."""
    if b"\r\n" not in old:
        return new
    ends = [line.endswith(b"\r") for line in old.split(b"\n")[:-1]] or [False]
    usual = ends.count(True) * 2 >= len(ends)
    *before, _ = _without_line_ends(old)
    *after, rest = _without_line_ends(new)
    carriage = [usual] * len(after)
    if not all(ends):
        for block in difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
            carriage[block.b : block.b + block.size] = ends[block.a : block.a + block.size]
    return b"".join(line + (b"\r\n" if has else b"\n") for line, has in zip(after, carriage)) + rest


def _without_line_ends(text: bytes) -> list[bytes]:
    """Return the lines without their ends, the last one being what follows the last end."""
    return text.replace(b"\r\n", b"\n").split(b"\n")
