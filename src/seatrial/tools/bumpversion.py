"""bump-my-version, which writes a version that was computed here: its own arithmetic is not that of PEP 440.

It is told to parse a version as one word, so that every version is written exactly, and neither to commit nor to tag.
"""

from __future__ import annotations

import configparser
import json
import sys
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from seatrial import shell
from seatrial.errors import PyprojectInvalid
from seatrial.facts import pyproject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.version import Version

    from seatrial.facts.project import Project
    from seatrial.facts.version_places import Place

EXACTLY = ("--parse", r"(?P<version>\S+)", "--serialize", "{version}")
ALONE = ("--no-commit", "--no-tag", "--allow-dirty")
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
    if name.endswith(".toml"):
        entries = _settings_of(project).get("files", [])
        named = [str(entry["filename"]) for entry in entries if "filename" in entry]
        patterns = [str(entry["glob"]) for entry in entries if "glob" in entry]
        named += [path.relative_to(project.root).as_posix() for one in patterns for path in project.root.glob(one)]
    else:
        found = (section.split(":", 2) for section in _ini(project.root / name).sections())
        named = [parts[2] for parts in found if parts[:2] == ["bumpversion", "file"]]
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
    """Have the files changed that bump-my-version is configured for. Raises `CommandFailed` or `PyprojectInvalid`."""
    name = configuration(project)
    if _settings_of(project).get("post_commit_hooks"):
        raise PyprojectInvalid(
            f"post_commit_hooks in {project.root / name} would run before there is a commit, which seatrial makes",
            fix="take them out: a release pushes by itself, and CI does what comes after",
        )
    _bump(project.root, str(current), str(version), "--config-file", configuration(project))


def write(root: Path, places: Iterable[Place], version: Version) -> None:
    """Have ``places`` changed, files below ``root``, whatever bump-my-version is configured for.

    Raises `CommandFailed`.
    """
    wanted = list(places)
    if not wanted:
        return
    with tempfile.TemporaryDirectory(prefix="seatrial-bump-") as folder:
        settings = Path(folder, "places.toml")
        settings.write_text(_settings(root, wanted, version), encoding="utf-8")
        _bump(root, wanted[0].version, str(version), "--config-file", str(settings))


def _bump(root: Path, current: str, version: str, *more: str) -> None:
    told = ("--current-version", current, "--new-version", version)
    args = (sys.executable, "-m", "bumpversion", "bump", *more, *told, *EXACTLY, *ALONE)
    # Its variables (BUMPVERSION_COMMIT, BUMPVERSION_TAG, …) would win over all of this.
    env = {name: value for name, value in shell.environment().items() if not name.upper().startswith("BUMPVERSION_")}
    shell.run(args, cwd=root, env={**env, "NO_COLOR": "1", "COLUMNS": "1000"})


def _settings(root: Path, places: Iterable[Place], version: Version) -> str:
    """Return a configuration in which each place is a search and its replacement."""
    lines = ["[tool.bumpversion]"]
    for place in places:
        lines += (
            "[[tool.bumpversion.files]]",
            f"filename = {_quoted(str(root / place.path))}",
            f"search = {_quoted(_plain(place.text))}",
            # The replacement is one of re.sub, in which a backslash has a meaning.
            f"replace = {_quoted(_plain(place.said(version)).replace(chr(92), chr(92) * 2))}",
        )
    return "\n".join(lines) + "\n"


def _settings_of(project: Project) -> dict[str, Any]:
    """Return ``[tool.bumpversion]`` of the file that configures bump-my-version, empty where that is no TOML."""
    name = configuration(project)
    if not name.endswith(".toml"):
        return {}
    table = project.table if name == "pyproject.toml" else pyproject.read(project.root / name)
    return dict(table.get("tool", {}).get("bumpversion", {}))


def _plain(text: str) -> str:
    """Return a text for str.format() that comes out as it is."""
    return text.replace("{", "{{").replace("}", "}}")


def _quoted(text: str) -> str:
    """Return a TOML basic string: JSON's are, but for a character that JSON leaves alone."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _ini(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, OSError):
        return configparser.RawConfigParser()
    return parser
