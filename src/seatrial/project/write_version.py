"""Writes the version of a release into the files of a project.

seatrial computes the version, because bump-my-version's arithmetic is not that of PEP 440. bump-my-version writes the
files that it is configured for, in the way that it is configured to, and refuses what it can't write; all places are
read again afterwards.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from seatrial import process
from seatrial.errors import PyprojectInvalid, ReleaseError, SeatrialError, last_lines
from seatrial.project.config_files import read_ini, read_toml
from seatrial.project.find_versions import find_version_files
from seatrial.project.project import Project, require_inside
from seatrial.project.version_places import as_semantic_version, is_spelled_semantically, read_text
from seatrial.project.versions import spelled_as
from seatrial.storage import leaves_repository, put_back_on_failure

if TYPE_CHECKING:
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


CONFIGURATIONS = (".bumpversion.cfg", ".bumpversion.toml", "setup.cfg", "pyproject.toml")
"""Where bump-my-version looks for its settings, in its order (bump-my-version, "Configuration file")."""

NO_COMMIT_OPTIONS = ("--no-commit", "--no-tag", "--allow-dirty")

PARTS = ("major", "minor", "patch")
PARSE = r"(?P<version>(?:\d+!)?(?P<major>\d+)(?:\.(?P<minor>\d+))?(?:\.(?P<patch>\d+))?\S*)"
"""A version in one piece, so that none is written otherwise, and its parts for ``{new_major}`` and the like."""

WHOLE_VERSION_OPTIONS = ("--parse", PARSE, "--serialize", "{version}")

HOOKS = re.compile(rb"(?<![\w-])(?:setup|pre_commit|post_commit)_hooks(?=[\"']?[ \t]*[=:])")
"""The keys of commands in a configuration: what they do belongs to a commit of bump-my-version, or publishes it."""

DISABLED = b"_not_run_by_seatrial"

INI_FILES = re.compile(r"bumpversion:(?P<kind>file|glob)\s*(?:\([^)]*\))?:(?P<path>.*)")
"""The name of a section of an ini file that names files: ``[bumpversion:file(another entry):setup.py]``."""


def configuration(project: Project) -> PurePosixPath | None:
    """Return the file that configures bump-my-version, None when none does."""
    for name in CONFIGURATIONS:
        path = project.root / name
        if name == "pyproject.toml":
            if "bumpversion" in project.table.get("tool", {}):
                return PurePosixPath(name)
        elif path.is_file() and (name.endswith(".toml") or "bumpversion" in read_ini(path)):
            return PurePosixPath(name)
    return None


def configured_files(project: Project) -> tuple[PurePosixPath, ...]:
    """Return the files that bump-my-version is configured to change, its own among them. Raises `PyprojectInvalid`."""
    name = configuration(project)
    if name is None:
        return ()
    entries = read_settings(project)["files"]
    named = [str(entry["filename"]) for entry in entries if "filename" in entry]
    patterns = [str(entry["glob"]) for entry in entries if "glob" in entry]
    with contextlib.suppress(ValueError, NotImplementedError):
        # A pattern that pathlib does not take.
        paths = [path for pattern in patterns for path in project.root.glob(pattern)]
        named += [path.relative_to(project.root).as_posix() for path in paths]
    return tuple(dict.fromkeys((name, PurePosixPath("pyproject.toml"), *map(PurePosixPath, named))))


def takes_the_usual_spelling(project: Project, path: PurePosixPath) -> bool:
    """Return whether bump-my-version changes a file without a spelling that is configured for it."""
    entries = (entry for entry in read_settings(project)["files"] if str(entry.get("filename", path)) == str(path))
    return path in configured_files(project) and not any("serialize" in entry for entry in entries)


def configured_hooks(project: Project) -> tuple[str, ...]:
    """Return the names of the settings with commands, which do not run."""
    name = configuration(project)
    text = (project.root / name).read_bytes() if name else b""
    return tuple(dict.fromkeys(match[0].decode() for match in HOOKS.finditer(text)))


def write_configured(project: Project, current: str | None, version: Version) -> None:
    """Have the files changed that bump-my-version is configured for; ``current``: the version as it is written now.

    Hooks do not run. Raises `VersionNotWritten` with the words of bump-my-version, or `PyprojectInvalid`.
    """
    name, settings = configuration(project), read_settings(project)
    if name is None:
        return
    old = str(settings.get("current_version") or current or "")
    text, pattern = _spelled(version, old, settings)
    options = [*NO_COMMIT_OPTIONS, "--config-file", str(name), "--new-version", text]
    if "current_version" not in settings and current:
        options += ["--current-version", current]
    if pattern == PARSE:
        options += WHOLE_VERSION_OPTIONS
    if any({"include_bumps", "exclude_bumps"} & entry.keys() for entry in settings["files"]):
        with contextlib.suppress(re.error):
            options += filter(None, [_raised_part(pattern, old, text)])
    # Its variables (BUMPVERSION_COMMIT, BUMPVERSION_TAG, …) would win over all of this.
    environ = process.child_environment(NO_COLOR="1", COLUMNS="1000")
    env = {key: value for key, value in environ.items() if not key.upper().startswith("BUMPVERSION_")}
    with _without_hooks(project.root / name):
        done = process.attempt((*process.module_command("bumpversion"), "bump", *options), cwd=project.root, env=env)
    if done.returncode:
        raise ReleaseError(
            f"bump-my-version does not write {version}, as {name} configures it:\n{_words(done.output + done.errors)}",
            code="VersionNotWritten",
            fix=f"correct that in {name}; to try it: bump-my-version bump --dry-run --new-version {text} --verbose",
        )


def read_settings(project: Project) -> dict[str, Any]:
    """Return bump-my-version's configuration, in the shape of ``[tool.bumpversion]``. Raises `PyprojectInvalid`."""
    name = configuration(project)
    if name is None:
        return {"files": []}
    if name.suffix == ".toml":
        table = project.table if name.name == "pyproject.toml" else read_toml(project.root / name)
        settings = dict(table.get("tool", {}).get("bumpversion", {}))
        files = settings.setdefault("files", [])
        if not isinstance(files, list) or not all(isinstance(entry, dict) for entry in files):
            raise PyprojectInvalid(
                f"[tool.bumpversion] in {project.root / name}: files has to be an array of tables, not {files!r}",
                fix='[[tool.bumpversion.files]]\nfilename = "README.md"',
            )
        return settings
    sections = read_ini(project.root / name)
    settings = sections.get("bumpversion", {})
    if "files" in settings:
        raise PyprojectInvalid(
            f"[bumpversion] in {project.root / name}: bump-my-version does not take files there, which bumpversion did",
            fix="\n".join(f"[bumpversion:file:{path}]" for path in settings["files"].split()),
        )
    kinds = {"file": "filename", "glob": "glob"}
    matches = ((INI_FILES.fullmatch(section), values) for section, values in sections.items())
    files = [{kinds[match["kind"]]: match["path"].strip(), **values} for match, values in matches if match]
    return {**settings, "files": files}


def _spelled(version: Version, current: str, settings: Mapping[str, Any]) -> tuple[str, str]:
    """Return a version as the configuration can parse it, and the pattern that parses it.

    Where it parses neither spelling in one piece, as the usual configuration does not parse a pre-release, or leaves
    that to bump-my-version, the pattern is `PARSE`.
    """
    forms = [spelled_as(version, [current])]
    semantic = as_semantic_version(version)
    # Semantic Versioning has no epochs.
    if Version(semantic) == version:
        forms.insert(0 if is_spelled_semantically(current) else 1, semantic)
    pattern = settings.get("parse")
    if not isinstance(pattern, str):
        return forms[0], PARSE
    parsed = (form for form in forms if (match := _search(pattern, form)) and match[0] == form)
    try:
        form = next(parsed, None)
    except re.error:
        return forms[0], pattern
    return (form, pattern) if form else (forms[0], PARSE)


def _search(pattern: str, text: str) -> re.Match[str] | None:
    return re.compile(pattern, re.VERBOSE).search(text)


def _raised_part(pattern: str, current: str, new: str) -> str | None:
    """Return the part of a version that a release raises: the first that differs, or that led to a pre-release."""
    before, after = (match.groupdict() if (match := _search(pattern, text)) else {} for text in (current, new))
    changed = next((name for name in after if name != "version" and before.get(name) != after[name]), None)
    return changed or next((name for name in reversed(PARTS) if int(after.get(name) or 0)), None)


@contextlib.contextmanager
def _without_hooks(path: Path) -> Iterator[None]:
    """Rename the keys of hooks, which bump-my-version then passes over, and rename them back at the end."""
    text = path.read_bytes()
    if not HOOKS.search(text):
        yield
        return
    path.write_bytes(HOOKS.sub(rb"\g<0>" + DISABLED, text))
    try:
        yield
    finally:
        path.write_bytes(path.read_bytes().replace(DISABLED, b""))


def _words(output: str) -> str:
    """Return what bump-my-version says, without the frame around it and how it is called."""
    framed = re.findall(r"^\u256d[^\n]*Error[^\n]*\n((?:\u2502[^\n]*\n)+)", output, re.MULTILINE)
    lines = "".join(framed).replace("\u2502", " ").splitlines()
    return "\n".join(f"  {line.strip()}" for line in lines if line.strip()) or last_lines(output)
