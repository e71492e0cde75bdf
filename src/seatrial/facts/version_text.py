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
from seatrial.facts.setup_script import NAME as SCRIPT
from seatrial.facts.setup_script import SetupScript
from seatrial.refusals import FileNotUtf8

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from seatrial.facts.project import Project

ASSIGNMENT = re.compile(
    r"""^\ufeff?[ \t]*(?P<names>(?:(?:__version__|VERSION|version)(?:\s*:\s*[\w.\[\]]+)?\s*=\s*)+)"""
    r"""(?P<quote>["'])v?(?P<version>[^"'\n]+)(?P=quote)""",
    re.MULTILINE,
)
"""``__version__ = "1.2.3"`` alone on a line, annotated or not; hatch's default pattern takes VERSION too."""

PIECE = r"'(?:[^'\\\n]|\\.)*'|#[^\n]*\n|[^()'#]"
"""A string, a comment, or another character of meson.build but a bracket (Meson, "Syntax").

Each begins with a character of its own, so that there is one way to read a text.
"""

CALL = PIECE
for _ in range(3):
    CALL = rf"{PIECE}|\((?:{CALL})*\)"
"""A piece of a call: as before, or brackets, three deep."""

BY_NAME = {
    "setup.cfg": r"^\[metadata\][^\n]*\n(?:(?!\[).*\n)*?version[ \t]*[=:]\s*(?P<version>[^\s:]+)[ \t]*$",
    "setup.py": r"^(?:.*[(,])?[ \t]*version\s*=\s*(?P<quote>[\"'])(?P<version>[^\"'\n]+)(?P=quote)",
    "meson.build": rf"^[ \t]*project\s*\((?:{CALL})*?\bversion\s*:\s*'(?P<version>[^'\n]+)'",
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
    except (OSError, ValueError):
        # No file, or a text that can be the name of none.
        return None


def assigned(project: Project, path: PurePosixPath) -> Iterator[Place]:
    """Yield where a file assigns a version: one of `BY_NAME`, another module, or a file that holds nothing else."""
    text = read(project, path)
    if text is None:
        return
    script = SetupScript.read((project.root / path).parent) if path.name == SCRIPT else None
    if script and (literal := script.literal("version")):
        yield from _of_literal(path, text, literal)
        return
    if path.name in BY_NAME and not (script and script.has("version")):
        matches = list(re.finditer(BY_NAME[path.name], text, re.MULTILINE))[:1]
        if script and not matches:
            matches = list(ASSIGNMENT.finditer(text))[:1]
    elif script:
        matches = list(ASSIGNMENT.finditer(text))[:1]
    elif path.suffix == ".py":
        # What the backend reads first is the first one.
        matches = sorted(ASSIGNMENT.finditer(text), key=lambda match: "__version__" not in match["names"])
    else:
        matches = [found] if (found := re.match(r"(?P<version>\S+)(?=\s*\Z)", text)) else []
    for match in matches:
        if is_version(match["version"]):
            yield Place(path, _alone(text, match.end()), match["version"])


def in_table(project: Project, path: PurePosixPath, table: str, key: str, version: str) -> Iterator[Place]:
    """Yield where a table of a TOML file has ``key = "version"``. Raises `PyprojectInvalid` when it is not found."""
    place = find_in_table(read(project, path) or "", path, table, key, version)
    if not place:
        raise PyprojectInvalid(
            f'{project.root / path}: {key} = "{version}" is no version, or stands in an unusual way',
            fix=f'[{table}]\n{key} = "1.2.3"',
        )
    yield place


def find_in_table(text: str, path: PurePosixPath, table: str, key: str, version: str) -> Place | None:
    """Return where a table of a TOML file, whose ``text`` it is, has ``key = "version"``."""
    name = r"[ \t]*\.[ \t]*".join(rf"[\"']?{re.escape(part)}[\"']?" for part in table.split("."))
    header = rf"^[ \t]*\[[ \t]*{name}[ \t]*\][^\n]*\n(?:(?![ \t]*\[).*\n)*?"
    line = rf"[ \t]*(?P<mark>[\"']?){key}(?P=mark)[ \t]*=[ \t]*(?P<quote>[\"']){re.escape(version)}(?P=quote)"
    found = re.search(header + line, text, re.MULTILINE)
    return Place(path, _alone(text, found.end()), version) if found and is_version(version) else None


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


def _of_literal(path: PurePosixPath, text: str, literal: ast.Constant) -> Iterator[Place]:
    """Yield the place of a version that is one literal on one line of a script."""
    version, lines = str(literal.value), text.split("\n")
    if literal.end_lineno is None or not is_version(version):
        return
    last = lines[literal.end_lineno - 1].encode()[: literal.end_col_offset].decode()
    end = sum(len(line) + 1 for line in lines[: literal.end_lineno - 1]) + len(last)
    if last.endswith((f"'{version}'", f'"{version}"')):
        yield Place(path, _alone(text, end), version)


def _alone(text: str, end: int) -> str:
    """Return the shortest stretch of whole lines that ends at ``end`` and stands in ``text`` once."""
    starts = [0, *(found.end() for found in re.finditer(r"\n", text[:end]))]
    first, last = 0, len(starts) - 1
    while first < last:
        middle = (first + last + 1) // 2
        if text.count(text[starts[middle] : end]) > 1:
            last = middle - 1
        else:
            first = middle
    return text[starts[first] : end]


def is_version(text: str) -> bool:
    """Whether a text is a version as the specification has it."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
