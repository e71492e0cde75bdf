"""Writes a version into all places of a project, and reads them again afterwards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.version import Version

from seatrial import process
from seatrial.errors import ReleaseError, SeatrialError
from seatrial.project.bumpversion import configured_files, takes_the_usual_spelling, write_configured
from seatrial.project.file_backup import put_back_on_failure
from seatrial.project.outside_links import leaves_repository, require_inside
from seatrial.project.project import Project
from seatrial.project.toml import read_toml
from seatrial.project.version_places import find_version_files, read_text

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from seatrial.project.snapshot import ProjectSnapshot


def raise_version(snapshot: ProjectSnapshot, version: Version) -> None:
    """Write ``version`` into every place of the project, and run the commands of ``lock``.

    What bump-my-version is configured for it writes; then follow the places that still have the old version. (Only
    where it is configured, because starting it takes longer than all else that a release does to files and to git.)
    Raises `VersionNotWritten` or `CommandFailed`, and leaves the files as they were.
    """
    if snapshot.comes_from_tag:
        return
    project, places = snapshot.project, snapshot.places.places
    paths = [project.root / path for path in (*configured_files(project), *(place.path for place in places))]
    require_inside(project.root, paths)
    with put_back_on_failure(paths) as backup:
        current = places[0].version if places else None
        for place in places:
            # bump-my-version has one spelling for all files, and would not find 1.5.0-rc.1.
            if place.is_semantic and current and takes_the_usual_spelling(project, place.path):
                _replace(project, place.path, place.text, place.with_text(current))
        write_configured(project, current, version)
        for place in places:
            olds = [place.text]
            olds += [place.with_text(text) for text in (current, str(version)) if text and place.is_semantic]
            for old in dict.fromkeys(olds):
                if _replace(project, place.path, old, place.with_version(version)):
                    break
        backup.restore_line_ends()
        require_version(snapshot, version)
        _require_rest_unchanged(snapshot)
        _refresh_locks(snapshot)


def _replace(project: Project, path: PurePosixPath, old: str, new: str) -> bool:
    """Replace a text in a file, and return whether it was there."""
    text = read_text(project, path) or ""
    # What bump-my-version has written is another text, of which this may be the beginning: 1.2.3.post1.
    match = re.search(rf"{re.escape(old)}(?![\w.+-])", text)
    if match:
        (project.root / path).write_bytes((text[: match.start()] + new + text[match.end() :]).encode())
    return match is not None


def _refresh_locks(snapshot: ProjectSnapshot) -> None:
    """Run the commands of ``lock``; when one fails, the files next to pyproject.toml are as they were."""
    root = snapshot.project.root
    if snapshot.config.lock:
        files = (path for path in sorted(root.iterdir()) if path.is_file() and not leaves_repository(root, path))
        with put_back_on_failure(files):
            for command in snapshot.config.lock:
                process.run(command, cwd=root, env=process.user_environment())


def require_version(snapshot: ProjectSnapshot, version: Version) -> None:
    """Read every place again; raise `VersionNotWritten` when one does not name ``version``, however it is spelled."""
    if snapshot.comes_from_tag:
        return
    fix = "write the version there in the common way, or name the place in [[tool.bumpversion.files]]"
    try:
        after = find_version_files(Project.from_directory(snapshot.project.root), snapshot.files)
    except SeatrialError as error:
        what = f"{version} was not written everywhere: {error.what}"
        raise ReleaseError(what, code="VersionNotWritten", fix=fix) from None
    written = {place.path for place in after.places if Version(place.version) == version}
    missing = [str(place) for place in snapshot.places.places if place.path not in written]
    if missing or after.version != version:
        files = ", ".join(missing) or f"{snapshot.project.path.name}, which has {after.version}"
        what = f"these places do not contain {version} after bumping: {files}"
        raise ReleaseError(what, code="VersionNotWritten", fix=fix)


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
