"""bump-my-version, which writes a version that was computed here: its own arithmetic is not that of PEP 440.

It is told to parse a version as one word, so that every version is written exactly, and neither to commit nor to tag.
"""

from __future__ import annotations

import configparser
import json
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from seatrial import shell
from seatrial.errors import PyprojectInvalid
from seatrial.facts import pyproject, version_text
from seatrial.refusals import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.version import Version

    from seatrial.facts.project import Project

EXACTLY = ("--parse", r"(?P<version>\S+)", "--serialize", "{version}")
ALONE = ("--no-commit", "--no-tag", "--allow-dirty")
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
        _insist_on_search(project, one, str(current))
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


def _insist_on_search(project: Project, entry: Mapping[str, Any], current: str) -> None:
    """Raise `VersionNotWritten` for a file without the text that is to be replaced in it: older releases skip it."""
    if "filename" not in entry or any(entry.get(key) for key in ("regex", "key_path", *IGNORING)):
        return
    text = version_text.read(project, PurePosixPath(str(entry["filename"])))
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
    args = (*shell.module("bumpversion"), "bump", *more, *told, *EXACTLY, *ALONE)
    # Its variables (BUMPVERSION_COMMIT, BUMPVERSION_TAG, …) would win over all of this.
    env = {name: value for name, value in shell.environment().items() if not name.upper().startswith("BUMPVERSION_")}
    shell.run(args, cwd=root, env={**env, "NO_COLOR": "1", "COLUMNS": "1000"})


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
        table = project.table if name == "pyproject.toml" else pyproject.read(project.root / name)
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
