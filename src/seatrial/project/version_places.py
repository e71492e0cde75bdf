"""Where a file contains a version: in TOML, in JSON, as a name in a module, and as what leads to it over other names.

For Rust crates: the Cargo Book, "The Manifest Format" and "Workspaces"; maturin's guide, "Python metadata". For
packages of npm: its documentation of package.json.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from seatrial.errors import FileNotUtf8, PyprojectInvalid
from seatrial.project.config_files import SETUP_PY, SetupScript, find_string, parse_module, read_toml
from seatrial.project.read_changelog import BYTE_ORDER_MARK
from seatrial.project.versions import spelled_as

if TYPE_CHECKING:
    from seatrial.project.project import Project


NPM_FILES = ("package.json", "package-lock.json", "npm-shrinkwrap.json")
"""The files of npm that name the version of a package (npm, "package.json", "package-lock.json")."""

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
class VersionPlace:
    """One place that names the version.

    ``path``: the file, from the project's folder; ``text``: the shortest stretch of it that ends with the version's own
    line and occurs in the file once, with LF for its line ends; ``version``: as it is written there;
    ``is_semantic``: whether it has to follow Semantic Versioning, as Cargo's do; ``separators``: what is between its
    numbers, none where it is a string.
    """

    path: PurePosixPath
    text: str
    version: str
    is_semantic: bool = False
    separators: tuple[str, ...] = ()

    def with_version(self, version: Version) -> str:
        """Return the stretch with another version in it, spelled as the old one is."""
        is_semantic = self.is_semantic or is_spelled_semantically(self.version)
        return self.with_text(as_semantic_version(version) if is_semantic else spelled_as(version, [self.version]))

    def with_text(self, version: str) -> str:
        """Return the stretch with another version in it, spelled as given."""
        before, _, after = self.text.rpartition(self._written(self.version))
        return f"{before}{self._written(version)}{after}"

    def _written(self, version: str) -> str:
        if not self.separators:
            return version
        # What joins the numbers makes 1.3.0rc1 of 1, 3, "0rc1".
        first, *parts = (part if part.isdecimal() else f'"{part}"' for part in version.split("."))
        pairs = zip_longest(self.separators[: len(parts)], parts, fillvalue=self.separators[-1])
        return first + "".join(f"{separator}{part}" for separator, part in pairs)

    def __str__(self) -> str:
        """Name the file and the line."""
        line = self.text.splitlines()[-1].strip()
        # The stretch can end at the version, within its quotes.
        quote = re.search(rf"([\"']){re.escape(self.version)}$", line)
        return f"{self.path}: {line}{quote[1] if quote else ''}"


def read_text(project: Project, path: PurePosixPath) -> str | None:
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


def find_assignments(project: Project, path: PurePosixPath, attribute: str = "__version__") -> Iterator[VersionPlace]:
    """Yield where a file assigns a version: one of `BY_NAME`, another module, or a file that holds nothing else.

    ``attribute``: the name in a module that comes first; it can be another than those by custom.
    """
    text = read_text(project, path)
    if text is None:
        return
    script = SetupScript.read((project.root / path).parent) if path.name == SETUP_PY else None
    if script and (literal := script.literal("version")):
        yield from _of_literal(path, text, literal)
        return
    if path.name in BY_NAME and not (script and script.has("version")):
        flags = re.MULTILINE | (re.IGNORECASE if path.suffix == ".cfg" else 0)
        matches = list(re.finditer(BY_NAME[path.name], text, flags))[:1]
        if script and not matches:
            matches = list(ASSIGNMENT.finditer(text))[:1]
    elif script:
        matches = list(ASSIGNMENT.finditer(text))[:1]
    elif path.suffix == ".py":
        # What the backend reads first is the first one.
        names = re.escape(attribute)
        pattern = re.compile(ASSIGNMENT.pattern.replace("__version__|", f"__version__|{names}|", 1), ASSIGNMENT.flags)
        own = re.compile(rf"\b{names}\b")
        matches = sorted(pattern.finditer(text), key=lambda match: not own.search(match["names"]))
    else:
        matches = [match] if (match := re.match(r"(?P<version>\S+)(?=\s*\Z)", text)) else []
    assignments = [match for match in matches if is_version(match["version"])]
    for match in assignments:
        yield VersionPlace(path, stretch_up_to(text, match.end()), match["version"])
    value = script.value("version") if script else None
    expression = ast.unparse(value) if value else attribute
    if path.suffix == ".py" and not assignments and (only := find_literal(text, expression)):
        yield VersionPlace(path, stretch_up_to(text, only.end, only.start), only.version, separators=only.separators)


def find_required_in_table(
    project: Project, path: PurePosixPath, table: str, key: str, version: str
) -> Iterator[VersionPlace]:
    """Yield where a table of a TOML file has ``key = "version"``. Raises `PyprojectInvalid` when it is not found."""
    place = find_in_table(read_text(project, path) or "", path, table, key, version)
    if not place:
        raise PyprojectInvalid(
            f'{project.root / path}: {key} = "{version}" is not a version, or is written in an unusual way',
            fix=f'[{table}]\n{key} = "1.2.3"',
        )
    yield place


def find_in_table(text: str, path: PurePosixPath, table: str, key: str, version: str) -> VersionPlace | None:
    """Return where a table of a TOML file, whose ``text`` it is, has ``key = "version"``."""
    end = find_string(text, (*table.split("."), key), version)
    return VersionPlace(path, stretch_up_to(text, end), version) if end and is_version(version) else None


def find_in_uv_lock(project: Project) -> Iterator[VersionPlace]:
    """Yield the project's own entry in uv.lock, its own or that of the workspace above it (uv, "Workspaces")."""
    path = nearest_file(project, "uv.lock")
    text = read_text(project, path) or ""
    name = re.escape(canonicalize_name(project.name))
    entry = rf'^name = "{name}"\nversion = "(?P<version>[^"\n]+)"(?=\nsource = {{ (?:editable|virtual|directory) )'
    match = re.search(entry, text, re.MULTILINE)
    if match and is_version(match["version"]):
        yield VersionPlace(path, match[0], match["version"])


def nearest_file(project: Project, name: str, start: str | PurePosixPath = "", holds: str = "") -> PurePosixPath:
    """Return the path of the nearest file of this name from ``start`` upwards, but not above the repository.

    ``holds``: the text that it has to contain. Without such a file, the file in ``start`` is returned.
    """
    first = project.root / start
    for folder in (first, *first.parents):
        path = PurePosixPath(Path(os.path.relpath(folder / name, project.root)).as_posix())
        if (folder / name).is_file() and holds in (read_text(project, path) or ""):
            return path
        if (folder / ".git").exists():
            break
    return PurePosixPath(start, name)


def as_semantic_version(version: Version) -> str:
    """Return a version as Semantic Versioning has it: 1.3rc1 is 1.3.0-rc.1, which PEP 440 reads as the same."""
    release = ".".join(map(str, (*version.release, 0, 0)[: max(3, len(version.release))]))
    named = (*(version.pre or ()), *(("post", version.post) if version.post is not None else ()))
    named += ("dev", version.dev) if version.dev is not None else ()
    before = "-" + ".".join(map(str, named)) if named else ""
    return f"{release}{before}" + (f"+{version.local}" if version.local else "")


def is_spelled_semantically(text: str) -> bool:
    """Whether a version is written as Semantic Versioning has it, and not in its normal form, such as 1.3.0-rc.1."""
    return is_version(text) and str(Version(text)) != text == as_semantic_version(Version(text))


def _of_literal(path: PurePosixPath, text: str, literal: ast.Constant) -> Iterator[VersionPlace]:
    """Yield the place of a version that is a single literal on a single line of a script."""
    version, lines = str(literal.value), text.split("\n")
    if literal.end_lineno is None or not is_version(version):
        return
    last = lines[literal.end_lineno - 1].encode()[: literal.end_col_offset].decode()
    end = sum(len(line) + 1 for line in lines[: literal.end_lineno - 1]) + len(last)
    if last.endswith((f"'{version}'", f'"{version}"')):
        yield VersionPlace(path, stretch_up_to(text, end), version)


def stretch_up_to(text: str, end: int, start: int | None = None) -> str:
    """Return the shortest stretch of whole lines that ends at ``end`` and is in ``text`` once; with ``start`` in it."""
    starts = [0, *(match.end() for match in re.finditer(r"\n", text[: end if start is None else start]))]
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


def find_in_crate(project: Project) -> Iterator[VersionPlace]:
    """Yield the place of the version of the crate; nothing for another build backend than maturin.

    Raises `FileNotUtf8` or `PyprojectUnreadable`.
    """
    manifest = _manifest(project)
    if manifest is not None:
        yield from find_in_manifest(project, manifest)


def find_in_manifest(project: Project, manifest: PurePosixPath) -> Iterator[VersionPlace]:
    """Yield where a Cargo.toml, or that of its workspace, names the version, and the entries in Cargo.lock."""
    if read_text(project, manifest) is None:
        return
    package = _package(project, manifest, "package")
    # The crate takes the version of its workspace.
    is_shared = isinstance(package.get("version"), dict)
    table = "workspace.package" if is_shared else "package"
    holder = nearest_file(project, "Cargo.toml", manifest.parent, f"[{table}]") if is_shared else manifest
    version = _package(project, holder, table).get("version")
    place = find_in_table(read_text(project, holder) or "", holder, table, "version", version) if version else None
    if place:
        yield replace(place, is_semantic=True)
        path = nearest_file(project, "Cargo.lock", manifest.parent)
        yield from _locked(project, path, place, None if is_shared else package.get("name"))
        yield from _required_by_path(project, holder, place) if is_shared else ()


def _required_by_path(project: Project, workspace: PurePosixPath, place: VersionPlace) -> Iterator[VersionPlace]:
    """Yield where crates of a workspace require another by its path, and by the version that they share.

    Cargo refuses ``{ path = "core", version = "=1.2.3" }`` where that crate has another version.
    """
    patterns, folders = _package(project, workspace, "workspace").get("members"), list[Path]()
    with contextlib.suppress(ValueError, NotImplementedError):
        # A pattern that pathlib does not take.
        for pattern in patterns if isinstance(patterns, list) else ():
            folders += sorted((project.root / workspace.parent).glob(str(pattern)))
    relative = (Path(os.path.relpath(folder / workspace.name, project.root)).as_posix() for folder in folders)
    for manifest in (workspace, *map(PurePosixPath, relative)):
        text = read_text(project, manifest) or ""
        for keys, entry in _dependencies(_package(project, manifest, "")):
            folder, required = entry.get("path"), entry.get("version")
            crate = PurePosixPath(manifest.parent, str(folder), workspace.name)
            is_own = folder is not None and isinstance(_package(project, crate, "package").get("version"), dict)
            if is_own and isinstance(required, str) and required.lstrip("=^~ ") == place.version:
                end = find_string(text, (*keys, "version"), required)
                if end:
                    yield VersionPlace(manifest, stretch_up_to(text, end), place.version, is_semantic=True)


def _dependencies(
    table: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield the tables of the dependencies in a Cargo.toml, with the keys that lead to each."""
    for key, value in table.items():
        is_dependency = path[-1:] and path[-1].endswith("dependencies")
        if isinstance(value, dict):
            yield from [((*path, key), value)] if is_dependency else _dependencies(value, (*path, key))


JSON_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|[{}\[\]:,]')


def find_in_npm_file(project: Project, path: PurePosixPath) -> Iterator[VersionPlace]:
    """Yield where a file of npm names the version of its package: on top, and in a lock file among the packages.

    The versions of other packages are deeper, or below another key. Raises `FileNotUtf8`.
    """
    text = read_text(project, path) or ""
    keys, key, is_value = list[str](), "", False
    for match in JSON_TOKEN.finditer(text):
        sign = match[0]
        if sign in {"{", "["}:
            keys, key, is_value = [*keys, key], "", False
        elif sign in {"}", "]"}:
            keys, is_value = keys[:-1], False
        elif sign in {":", ","}:
            is_value = sign == ":"
        elif is_value:
            is_own = keys == [""] or (keys == ["", "packages", ""] and path.name != NPM_FILES[0])
            if key == "version" and is_own and is_version(match[1]):
                yield VersionPlace(path, stretch_up_to(text, match.end()), match[1], is_semantic=True)
            is_value = False
        else:
            key = match[1]


def _package(project: Project, path: PurePosixPath, table: str) -> Mapping[str, Any]:
    """Return a table of a Cargo.toml, for ``table`` "" the whole, an empty one where it is not there."""
    value: Any = read_toml(project.root / path) if read_text(project, path) is not None else {}
    for part in filter(None, table.split(".")):
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _locked(project: Project, path: PurePosixPath, place: VersionPlace, name: object) -> Iterator[VersionPlace]:
    """Yield the entry of the crate in Cargo.lock, for ``name`` None those of all crates that share its version.

    What comes from an index has a source there.
    """
    entry = rf'^name = "(?P<name>[^"\n]+)"\nversion = "{re.escape(place.version)}"$(?!\nsource = )'
    for match in re.finditer(entry, read_text(project, path) or "", re.MULTILINE):
        if name in {None, match["name"]}:
            yield VersionPlace(path, match[0], place.version, is_semantic=True)


def _manifest(project: Project) -> PurePosixPath | None:
    """Return the path of the Cargo.toml that maturin reads."""
    if project.backend != "maturin":
        return None
    configured = project.table.get("tool", {}).get("maturin", {}).get("manifest-path")
    if isinstance(configured, str):
        return PurePosixPath(configured)
    usual = (PurePosixPath("Cargo.toml"), PurePosixPath("rust/Cargo.toml"))
    return next((path for path in usual if (project.root / path).is_file()), None)


@dataclass(frozen=True)
class VersionLiteral:
    """A version in a text: ``start`` and ``end`` are the offsets of its signs, without quotes and brackets.

    ``version``: ``1.2.3``, also for the numbers ``1, 2, 3``, or for those of ``MAJOR = 1``, ``MINOR = 2`` and
    ``PATCH = 3``. ``separators``: what is between its numbers, none for a string.
    """

    start: int
    end: int
    version: str
    separators: tuple[str, ...] = ()


QUOTE = re.compile(r"[uU]?(?P<quote>\"\"\"|'''|[\"'])")

PART = re.compile(r"_*(?:version_?)?(?P<part>major|minor|patch|micro)_*", re.IGNORECASE)
WHOLE = re.compile(r"_*version_?(?:info|tuple)?_*", re.IGNORECASE)
"""Names of a number of a version, and of all of its numbers."""

PARTS = ("major", "minor", "patch")


@dataclass(frozen=True)
class _Source:
    """A module: its ``text``, with LF for its line ends, and what it assigns to each name."""

    text: str
    tree: ast.Module

    @functools.cached_property
    def values(self) -> dict[str, list[ast.expr]]:
        """What is assigned to each name, and what each function returns."""
        values: dict[str, list[ast.expr]] = {}
        for name, value in _assignments(self.tree):
            values.setdefault(name, []).append(value)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef):
                returned = (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return) and inner.value)
                values.setdefault(node.name, []).extend(returned)
        return values

    @functools.cached_property
    def lines(self) -> list[str]:
        """The lines, as Python counts them."""
        return self.text.split("\n")

    def offset(self, line: int, column: int) -> int:
        """Return the place of a column, which counts bytes, in the text."""
        before = sum(len(text) + 1 for text in self.lines[: line - 1])
        return before + len(self.lines[line - 1].encode()[:column].decode())

    def span(self, node: ast.expr) -> tuple[int, int]:
        """Return the offsets of the beginning and the end of an expression."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self.offset(node.lineno, node.col_offset), self.offset(end_line, end_column)


def find_literal(text: str, expression: str) -> VersionLiteral | None:
    """Return the only literal that an expression, such as a name, leads to in a module; None where there are others."""
    source, tree = _source(text.lstrip(BYTE_ORDER_MARK)), parse_module(expression)
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)] if tree else []
    literals = {*_of_names(source, names), *_of_parts(source, tree)} if source and tree else set()
    if len(literals) != 1:
        return None
    literal, marks = literals.pop(), len(text) - len(text.lstrip(BYTE_ORDER_MARK))
    return replace(literal, start=literal.start + marks, end=literal.end + marks)


def old_lines(text: str, old: Version, new: Version) -> Iterator[int]:
    """Yield the lines, counted from 1, that assign the numbers of a version which ``new`` changes."""
    tree = parse_module(text.lstrip(BYTE_ORDER_MARK))
    for name, value in _assignments(tree) if tree else ():
        part, numbers = PART.fullmatch(name), tuple(_numbers(value))
        first = PARTS.index(part["part"].lower().replace("micro", "patch")) if part else 0
        span = slice(first, first + (1 if part else len(PARTS)))
        is_whole = WHOLE.fullmatch(name) and len(numbers) > 1
        numbers = numbers[: span.stop - span.start]
        span = slice(first, first + len(numbers))
        if (is_whole or (part and numbers)) and numbers == _three(old)[span] != _three(new)[span]:
            yield value.lineno


def _three(version: Version) -> tuple[int, ...]:
    return (version.major, version.minor, version.micro)


def _numbers(value: ast.expr) -> Iterator[int]:
    """Yield the numbers that an expression begins with: itself, or its items, arguments, or the text of a version."""
    items = value.elts if isinstance(value, (ast.Tuple, ast.List)) else [value]
    if isinstance(value, ast.Call):
        items = [*value.args, *(keyword.value for keyword in value.keywords)]
    for item in items:
        content = item.value if isinstance(item, ast.Constant) else None
        if isinstance(content, str) and len(items) == 1 and is_long_version(content):
            yield from _three(Version(content))
        elif isinstance(content, (int, str)) and not isinstance(content, bool) and str(content).isdecimal():
            yield int(content)
        else:
            return


def is_long_version(text: str) -> bool:
    """Whether a text is a version of more than one number."""
    return is_version(text) and len(Version(text).release) > 1


def _source(text: str) -> _Source | None:
    tree = parse_module(text)
    return _Source(text, tree) if tree else None


def _assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a module assigns to, and the values; of ``a, b = 1, 2`` each its own."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts))
                yield from ((name.id, value) for name, value in pairs if isinstance(name, ast.Name))


def _of_names(source: _Source, names: Iterable[str]) -> Iterator[VersionLiteral]:
    """Yield the literals that names lead to, over other names, each of which is followed once."""
    waiting, followed = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        values = source.values.get(name, ()) if name not in followed else ()
        # Of several values, such as one to fall back on, the place that counts is not clear.
        for node in _pieces(values[0]) if len(values) == 1 else ():
            if isinstance(node, ast.Name):
                waiting.append(node.id)
            elif literal := _literal(source, node):
                yield literal
        if len(values) == 1:
            yield from _of_parts(source, values[0])
        followed.add(name)


def _pieces(value: ast.AST) -> Iterator[ast.AST]:
    """Yield the names and literals in an expression, but not those that are only a piece of what it makes."""
    if isinstance(value, (ast.Name, ast.Constant, ast.Tuple, ast.List)):
        yield value
    elif isinstance(value, ast.BinOp):
        is_format = isinstance(value.op, ast.Mod) and isinstance(value.left, ast.Constant)
        yield from _pieces(value.right) if is_format else ()
    elif not isinstance(value, (ast.JoinedStr, ast.Subscript)):
        for node in ast.iter_child_nodes(value):
            yield from _pieces(node)


def _literal(source: _Source, node: ast.AST) -> VersionLiteral | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and is_long_version(node.value):
        start, end = source.span(node)
        quote = QUOTE.match(source.text, start, end)
        if quote and source.text[quote.end() : end] == node.value + quote["quote"]:
            return VersionLiteral(quote.end(), end - len(quote["quote"]), node.value)
    if isinstance(node, (ast.Tuple, ast.List)) and node.elts and isinstance(node.elts[0], ast.Constant):
        version = ".".join(str(item.value) if isinstance(item, ast.Constant) else "" for item in node.elts)
        if isinstance(node.elts[0].value, int) and is_long_version(version):
            spans = [source.span(item) for item in node.elts]
            return _of_spans(source, spans, version)
    return None


def _of_spans(source: _Source, spans: list[tuple[int, int]], version: str) -> VersionLiteral:
    separators = tuple(source.text[end:start] for (_, end), (start, _) in zip(spans, spans[1:]))
    return VersionLiteral(spans[0][0], spans[-1][1], version, separators)


JOINING = {"str", "map", "tuple", "list"}
"""The functions that join the parts of a version, which change none of them."""

FIELD = re.compile(r"%[sdi]|\{\w*\}")


def _of_parts(source: _Source, value: ast.AST) -> Iterator[VersionLiteral]:
    """Yield the numbers that names have, each its own, where an expression joins them with points."""
    nodes = list(_leaves(value))
    names = [node.id for node in nodes if isinstance(node, ast.Name) and node.id not in JOINING]
    points = "".join(FIELD.sub("", str(node.value)) for node in nodes if isinstance(node, ast.Constant))
    parts = [source.values[name][0] for name in names if len(source.values.get(name, ())) == 1]
    numbers = [str(part.value) for part in parts if isinstance(part, ast.Constant)]
    spans = [source.span(part) for part in parts]
    is_joined = points.strip(".") == "" != points and len(set(names)) == len(names) == len(numbers) > 1
    if is_joined and all(number.isdecimal() for number in numbers) and spans == sorted(spans):
        if any(isinstance(part.value, str) for part in parts if isinstance(part, ast.Constant)):
            spans = [(start + 1, end - 1) for start, end in spans]
        yield _of_spans(source, spans, ".".join(numbers))


def _leaves(node: ast.AST) -> Iterator[ast.Name | ast.Constant]:
    """Yield the names and constants of an expression in their order."""
    if isinstance(node, (ast.Name, ast.Constant)):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from _leaves(child)
