"""Finding a version in the text of a file."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from seatrial.errors import PyprojectInvalid
from seatrial.refusals import FileNotUtf8

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.facts.project import Project

ASSIGNMENT = re.compile(
    r"""^\ufeff?[ \t]*(?P<names>(?:(?:__version__|VERSION|version)(?:\s*:\s*[\w.\[\]]+)?\s*=\s*)+)"""
    r"""(?P<quote>["'])v?(?P<version>[^"'\n]+)(?P=quote)""",
    re.MULTILINE,
)
"""``__version__ = "1.2.3"`` alone on a line, annotated or not; hatch's default pattern takes VERSION too."""

BY_NAME = {
    "setup.cfg": r"^\[metadata\]\n(?:(?!\[).*\n)*?version\s*=\s*(?P<version>[^\s:]+)$",
    "setup.py": r"^(?:.*[(,])?\s*version\s*=\s*(?P<quote>[\"'])(?P<version>[^\"'\n]+)(?P=quote)",
    "Cargo.toml": r"^\[(?:workspace\.)?package\][^\n]*\n(?:(?!\[).*\n)*?\s*version\s*=\s*(?P<quote>[\"'])"
    r"(?P<version>[^\"'\n]+)(?P=quote)",
    "meson.build": r"^\s*project\s*\((?:[^()]|\([^()]*\))*?\bversion\s*:\s*'(?P<version>[^'\n]+)'",
}
"""Where files of these names say the version, each once."""


@dataclass(frozen=True)
class Place:
    """One place that names the version.

    ``path``: the file, from the project's folder; ``text``: the shortest stretch of it that ends with the version's own
    line and stands in the file once, with LF for its line ends; ``version``: as it is written there;
    ``is_semantic``: whether it has to be one of Semantic Versioning, as Cargo's are.
    """

    path: PurePosixPath
    text: str
    version: str
    is_semantic: bool = False

    def said(self, version: Version) -> str:
        """Return the stretch with another version in it."""
        before, _, after = self.text.rpartition(self.version)
        return f"{before}{semantic(version) if self.is_semantic else version}{after}"

    def __str__(self) -> str:
        """Name the file and the line."""
        return f"{self.path}: {self.text.splitlines()[-1].strip()}"


def read(project: Project, path: PurePosixPath) -> str | None:
    """Return the text of a file with LF for its line ends; None when there is no such file. Raises `FileNotUtf8`."""
    try:
        return (project.root / path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileNotUtf8(
            f"{path} names the version, and is not UTF-8: {error}", fix=f"save {path} in UTF-8, and commit"
        ) from None
    except OSError:
        return None


def assigned(project: Project, path: PurePosixPath) -> Iterator[Place]:
    """Yield where a file assigns a version: one of `BY_NAME`, another module, or a file that holds nothing else."""
    text = read(project, path)
    if text is None:
        return
    if path.name in BY_NAME:
        matches = list(re.finditer(BY_NAME[path.name], text, re.MULTILINE))[:1]
        if path.name == "setup.py" and not matches:
            matches = list(ASSIGNMENT.finditer(text))[:1]
    elif path.suffix == ".py":
        # What the backend reads first is the first one.
        matches = sorted(ASSIGNMENT.finditer(text), key=lambda match: "__version__" not in match["names"])
    else:
        matches = [found] if (found := re.match(r"(?P<version>\S+)(?=\s*\Z)", text)) else []
    for match in matches:
        if is_version(match["version"]):
            yield Place(path, _alone(text, match.end()), match["version"], path.name == "Cargo.toml")


def in_table(project: Project, path: PurePosixPath, table: str, key: str, version: str) -> Iterator[Place]:
    """Yield where a table of a TOML file has ``key = "version"``. Raises `PyprojectInvalid` when it is not found."""
    text = read(project, path) or ""
    header = rf"^\[ *{re.escape(table)} *\][^\n]*\n(?:(?!\[).*\n)*?\s*\"?{key}\"?\s*=\s*(?P<quote>[\"'])"
    found = re.search(header + re.escape(version) + r"(?P=quote)", text, re.MULTILINE)
    if not found or not is_version(version):
        raise PyprojectInvalid(
            f'{project.path}: {key} = "{version}" is no version, or stands in an unusual way',
            fix=f'[{table}]\n{key} = "1.2.3"',
        )
    yield Place(path, _alone(text, found.end()), version)


def locked(project: Project) -> Iterator[Place]:
    """Yield the project's own entry in uv.lock, its own or that of the workspace above it (uv, "Workspaces")."""
    path = nearest(project, "uv.lock")
    text = read(project, path) or ""
    name = re.escape(canonicalize_name(project.name))
    entry = rf'^name = "{name}"\nversion = "(?P<version>[^"\n]+)"(?=\nsource = {{ (?:editable|virtual) )'
    found = re.search(entry, text, re.MULTILINE)
    if found and is_version(found["version"]):
        yield Place(path, found[0], found["version"])


def nearest(project: Project, name: str, start: str | PurePosixPath = "", holds: str = "") -> PurePosixPath:
    """Return the path of the nearest file of this name from ``start`` upwards, but not above the repository.

    ``holds``: what has to stand in it. Where there is none, it is the one in ``start``.
    """
    first = project.root / start
    for folder in (first, *first.parents):
        path = PurePosixPath(Path(os.path.relpath(folder / name, project.root)).as_posix())
        if (folder / name).is_file() and holds in (read(project, path) or ""):
            return path
        if (folder / ".git").exists():
            break
    return PurePosixPath(start, name)


def semantic(version: Version) -> str:
    """Return a version as Semantic Versioning has it: 1.3rc1 is 1.3.0-rc.1, which PEP 440 reads as the same."""
    release = ".".join(map(str, (*version.release, 0, 0)[: max(3, len(version.release))]))
    named = (*(version.pre or ()), *(("post", version.post) if version.post is not None else ()))
    named += ("dev", version.dev) if version.dev is not None else ()
    before = "-" + ".".join(map(str, named)) if named else ""
    return f"{release}{before}" + (f"+{version.local}" if version.local else "")


def _alone(text: str, end: int) -> str:
    """Return the shortest stretch of whole lines that ends at ``end`` and stands in ``text`` once."""
    line = text.rfind("\n", 0, end) + 1
    while text.count(text[line:end]) > 1 and line > 0:
        line = text.rfind("\n", 0, line - 1) + 1
    return text[line:end]


def is_version(text: str) -> bool:
    """Whether a text is a version as the specification has it."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
