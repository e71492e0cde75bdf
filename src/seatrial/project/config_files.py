"""Reads configuration files of a project: TOML such as pyproject.toml, INI such as setup.cfg, and modules in Python.

Metadata outside ``[project]`` are read here, too: setup.py, which is parsed and never run, setup.cfg, and the tables of
Poetry (setuptools, "Keywords"; Poetry, "Dependency specification").
"""

from __future__ import annotations

import ast
import configparser
import functools
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from seatrial.commands import Command
from seatrial.errors import ProjectError, PyprojectInvalid

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLES = ("build-system", "project", "dependency-groups", "tool")


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds. Raises `PyprojectMissing` or `PyprojectUnreadable`."""
    try:
        text = path.read_text(encoding="utf-8")
        if text.startswith("\N{BYTE ORDER MARK}"):
            why = "begins with a byte order mark, which build backends do not take"
            raise _unreadable(path, why, "save it without")
        return tomllib.loads(text)
    except FileNotFoundError:
        is_project = any((path.parent / name).is_file() for name in ("setup.py", "setup.cfg"))
        elsewhere = f"go to the project's folder; or: {Command('--project', 'FOLDER', program_only=True)}"
        raise ProjectError(
            f"{path} does not exist",
            code="PyprojectMissing",
            fix=f"write it: {Command('init', program_only=True)}" if is_project else elsewhere,
        ) from None
    except UnicodeDecodeError as error:
        why = f"is not UTF-8, which TOML has to be: {error}"
        raise _unreadable(path, why, "save the file in UTF-8") from None
    except OSError as error:
        raise _unreadable(path, f"can't be read: {error.strerror}", "make it a file that you may read") from None
    except tomllib.TOMLDecodeError as error:
        fix = "correct that line, then run the command again"
        raise _unreadable(path, f"is not TOML: {error}", fix) from None
    except RecursionError:
        raise _unreadable(path, "is nested too deeply to be read", "write it flatter") from None


def _unreadable(path: Path, why: str, fix: str) -> ProjectError:
    return ProjectError(f"{path} {why}", code="PyprojectUnreadable", fix=fix)


def find_string(text: str, path: Sequence[str], value: str) -> int | None:
    """Return the end of the string ``value``, with its quotes, at a key of a text in TOML; None where it is not found.

    ``path``: the names of the tables and of the key. The place is that whose change is read at the key, however the
    tables are written.
    """
    ends = [match.end() for match in re.finditer(rf"(?P<quote>[\"']){re.escape(value)}(?P=quote)", text)]
    first, last = 0, len(ends)
    if not _is_changed(text, path, value, ends):
        return None
    while last - first > 1:
        middle = (first + last) // 2
        first, last = (first, middle) if _is_changed(text, path, value, ends[first:middle]) else (middle, last)
    return ends[first]


def _is_changed(text: str, path: Sequence[str], value: str, ends: Sequence[int]) -> bool:
    """Return whether the value at a key is another when the strings with these ends are."""
    starts = (0, *(end - 1 for end in ends))
    changed = "?".join(text[start:end] for start, end in zip(starts, (*starts[1:], len(text))))
    try:
        content: Any = tomllib.loads(changed)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    for name in path:
        content = content.get(name) if isinstance(content, dict) else None
    return bool(content == f"{value}?")


def build_backend(table: Mapping[str, Any]) -> str:
    """Return the build backend's import path, setuptools' when none is named (PEP 517)."""
    return str(table.get("build-system", {}).get("build-backend", "setuptools.build_meta"))


def require_types(path: Path, table: Mapping[str, Any]) -> None:
    """Raise `PyprojectInvalid` for values of the wrong kind, one error for all of them."""
    tables = {key: table[key] for key in TABLES if key in table}
    tables |= {f"tool.{key}": value for key, value in table_at(table, "tool").items()}
    wrong = [
        f"[{key}] has to be a table, not {value!r}" for key, value in tables.items() if not isinstance(value, dict)
    ]
    project = table_at(table, "project")
    texts = [key for key in ("name", "requires-python") if not isinstance(project.get(key, ""), str)]
    wrong += [f"[project] {key} has to be a string, not {project[key]!r}" for key in texts]
    names = project.get("classifiers", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        wrong.append(f"[project] classifiers has to be an array of strings, not {names!r}")
    if wrong:
        raise PyprojectInvalid(f"{path}: " + "; ".join(wrong), fix="write it as the pyproject.toml specification says")


class IniError(ValueError):
    """A file can't be read. The message is what follows its name: ``is no ini file: …``; ``fix``: what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.fix = fix


def parse_ini(path: Path) -> dict[str, dict[str, str]]:
    """Return the sections of an ini file, none where it is not there. Raises `IniError`."""
    parser = configparser.RawConfigParser()
    try:
        parser.read(str(path), encoding="utf-8")
    except configparser.Error as error:
        what = f"is not a valid ini file: {' '.join(error.message.split())}"
        raise IniError(what, fix="correct that line, then run the command again") from None
    except UnicodeDecodeError as error:
        raise IniError(f"is not UTF-8: {error}", fix="save the file in UTF-8") from None
    return {name: dict(parser[name]) for name in parser.sections()}


def read_ini(path: Path) -> dict[str, dict[str, str]]:
    """Return the sections of an ini file, none where it is not there or can't be read."""
    try:
        return parse_ini(path)
    except IniError:
        return {}


def read_module(path: Path) -> ast.Module | None:
    """Return what a file in Python has; None where it can't be read."""
    try:
        return parse_module(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return None


@functools.lru_cache(maxsize=32)
def parse_module(text: str) -> ast.Module | None:
    """Return what a module has; None where it is no Python."""
    try:
        with warnings.catch_warnings():
            # Invalid escape sequences, for instance, are for the authors of the module to read.
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


SETUP_CFG, SETUP_PY = "setup.cfg", "setup.py"
CLASSIFIER_EXAMPLES = {
    SETUP_CFG: """\
[metadata]
classifiers =
    Programming Language :: Python :: 3.12
    Programming Language :: Python :: 3.13""",
    SETUP_PY: """\
    classifiers=[
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
    ],""",
}
"""How each names the Pythons that are supported."""


def file_of_metadata(root: Path, table: Mapping[str, Any]) -> str:
    """Return the file with the metadata; ``table``: pyproject.toml.

    What setup.py has, setup.cfg does not change (setuptools, "setup.cfg"). Raises `PyprojectUnreadable`.
    """
    if "project" in table:
        return "pyproject.toml"
    if _has_script(table) and SetupScript.read(root).has("classifiers"):
        return SETUP_PY
    if _of_metadata(root, "metadata") is not None:
        return SETUP_CFG
    return SETUP_PY if _has_script(table) else "pyproject.toml"


def legacy_value(root: Path, table: Mapping[str, Any], part: str, key: str) -> str:
    """Return what setup.py says, or setup.cfg in its section ``part``; "" where the metadata are elsewhere.

    A version in setup.py is left out: which file has it is another question.
    Raises `PyprojectUnreadable`.
    """
    if "project" in table:
        return ""
    from_script = SetupScript.read(root).text(key) if key != "version" and _has_script(table) else ""
    section = _of_metadata(root, part) if not from_script and _of_metadata(root, "metadata") is not None else None
    return from_script or str((section or {}).get(key, "")).strip()


def is_computed(root: Path, table: Mapping[str, Any], key: str) -> bool:
    """Whether setup.py computes a value, which only running it shows."""
    return _has_script(table) and SetupScript.read(root).computes(key)


def sets_version(root: Path, table: Mapping[str, Any]) -> bool:
    """Whether setup.py has the version, or may have it; also a version that ``[project]`` lists as dynamic."""
    return build_backend(table).startswith("setuptools") and SetupScript.read(root).hands("version")


def takes_version_from_tag(root: Path, table: Mapping[str, Any], *, has_plugin: bool) -> bool:
    """Whether the version comes from a tag; ``has_plugin``: whether the build requires setuptools-scm or its like."""
    if not _has_script(table):
        return False
    script = SetupScript.read(root)
    is_open = not script.hands("version") and not legacy_value(root, table, "metadata", "version")
    is_versioneer = ast.unparse(script.value("version") or ast.Constant("")).startswith("versioneer.get_version(")
    return script.has("use_scm_version") or script.has("pbr") or is_versioneer or (has_plugin and is_open)


def _of_metadata(root: Path, name: str) -> dict[str, str] | None:
    """Return a section of setup.cfg, None where it is not there. Raises `PyprojectUnreadable`."""
    path = root / SETUP_CFG
    try:
        return parse_ini(path).get(name)
    except IniError as error:
        raise _unreadable(path, str(error), error.fix) from None


def _has_script(table: Mapping[str, Any]) -> bool:
    """Whether setup.py is read: setuptools builds, and takes the metadata from there."""
    is_poetry = "poetry" in table.get("tool", {})
    return "project" not in table and not is_poetry and build_backend(table).startswith("setuptools")


@dataclass(frozen=True)
class SetupScript:
    """The script of the project in ``root``; ``tree`` is None where there is none, or none that is Python."""

    root: Path
    tree: ast.Module | None

    @classmethod
    def read(cls, root: Path) -> SetupScript:
        """Read it."""
        return cls(root, read_module(root / SETUP_PY))

    def has(self, keyword: str) -> bool:
        """Whether the call has a keyword, whatever its value."""
        return self.value(keyword) is not None

    def value(self, keyword: str) -> ast.expr | None:
        """Return the expression that the call has for a keyword, None for none."""
        call = self._call
        arguments = call.keywords if call else ()
        return next((argument.value for argument in arguments if argument.arg == keyword), None)

    def literal(self, keyword: str) -> ast.Constant | None:
        """Return the string that the call has for a keyword, None for anything else."""
        value = self.value(keyword)
        return value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None

    def text(self, keyword: str) -> str:
        """Return the value of a keyword, items of a list a line each, "" where it is computed, or not there."""
        value = self.value(keyword)
        content = self._value(value) if value else None
        return content if isinstance(content, str) else "\n".join(content or ())

    def hands(self, keyword: str) -> bool:
        """Whether the call may have a keyword: ``setup(**settings)`` may have any."""
        call = self._call
        return call is not None and any(argument.arg in {keyword, None} for argument in call.keywords)

    def computes(self, keyword: str) -> bool:
        """Whether the value of a keyword can only be had by running the script."""
        return self.hands(keyword) and not self.text(keyword)

    @functools.cached_property
    def files(self) -> tuple[PurePosixPath, ...]:
        """The files that it names, in the order in which it does, and the modules that it imports."""
        named = (name for node in ast.walk(self.tree) for name in self._named(node)) if self.tree else ()
        paths = dict.fromkeys(PurePosixPath(name.lstrip("/")) for name in named if name and "\0" not in name)
        return tuple(path for path in paths if ".." not in path.parts and self._is_file(path))

    @property
    def _call(self) -> ast.Call | None:
        """The call of ``setup``."""
        calls = [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)] if self.tree else []
        of_setup = (call for call in calls if _last_name(call.func) == "setup")
        return max(of_setup, key=lambda call: len(call.keywords), default=None)

    @functools.cached_property
    def _constants(self) -> Mapping[str, str | list[str]]:
        """The literals that the script assigns at its top."""
        return dict(_assigned(self.tree)) if self.tree else {}

    def _value(self, node: ast.expr) -> str | list[str] | None:
        """Return a string, or a list of strings, None for anything that has to be run."""
        literal = _literal(node, self._constants)
        if literal is not None:
            return literal
        if isinstance(node, ast.Name):
            return self._elsewhere(node.id)
        if isinstance(node, ast.Attribute):
            return self._elsewhere(node.attr)
        # about["__title__"], after exec(open("about.py").read(), about)
        key = node.slice if isinstance(node, ast.Subscript) else None
        return self._elsewhere(key.value) if isinstance(key, ast.Constant) and isinstance(key.value, str) else None

    def _elsewhere(self, name: str) -> str | list[str] | None:
        """Return what the modules that it names assign to a name, if they all assign the same."""
        trees = (read_module(self.root / path) for path in self.files if path.suffix == ".py")
        values = [value for tree in trees if tree for key, value in _assigned(tree) if key == name]
        return values[0] if values and all(value == values[0] for value in values) else None

    def _named(self, node: ast.AST) -> Iterator[str]:
        """Yield what can be the path of a file in a piece of the script."""
        modules = []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        for module in modules:
            path = module.replace(".", "/")
            yield from (f"{top}{path}{end}" for top in ("", "src/") for end in ("/__init__.py", ".py"))
        if isinstance(node, ast.Call):
            yield "/".join(self._texts(node.args))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            yield "/".join(self._texts(_divided(node)))
        elif isinstance(node, ast.expr):
            yield from self._texts([node])

    def _texts(self, nodes: list[ast.expr]) -> Iterator[str]:
        values = (_literal(node, self._constants) for node in nodes)
        return (value for value in values if isinstance(value, str))

    def _is_file(self, path: PurePosixPath) -> bool:
        try:
            return path.name != SETUP_PY and (self.root / path).is_file()
        except OSError:
            # A text that is too long for a name.
            return False


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _assigned(tree: ast.Module) -> Iterator[tuple[str, str | list[str]]]:
    """Yield the names that a module assigns a literal to at its top, and these."""
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value:
            value = _literal(node.value, {})
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if value is not None:
                yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))


def _literal(node: ast.expr, constants: Mapping[str, str | list[str]]) -> str | list[str] | None:
    """Return what an expression of literals and ``constants`` is: a string or a list of them, None for all else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_literal(part, constants) for part in node.elts]
        texts = [part for part in items if isinstance(part, str)]
        return texts if len(texts) == len(items) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _sum(_literal(node.left, constants), _literal(node.right, constants))
    if isinstance(node, ast.JoinedStr):
        inner = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        parts = [_literal(part, constants) for part in inner]
        return "".join(map(str, parts)) if all(isinstance(part, str) for part in parts) else None
    return None


def _sum(first: str | list[str] | None, second: str | list[str] | None) -> str | list[str] | None:
    if isinstance(first, str) and isinstance(second, str):
        return first + second
    return [*first, *second] if isinstance(first, list) and isinstance(second, list) else None


def _divided(node: ast.expr) -> list[ast.expr]:
    """Return the parts of ``a / b / c``, in this order."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return [*_divided(node.left), node.right]
    return [node]


def poetry_requirements(name: str, constraint: Any) -> Iterator[str]:
    """Yield an entry of a table as a requirement; what has a path or a repository instead of a version is left out."""
    if isinstance(constraint, list):
        for alternative in constraint:
            yield from poetry_requirements(name, alternative)
    elif isinstance(constraint, dict):
        if isinstance(constraint.get("version"), str):
            named = constraint.get("extras")
            extras = f"[{','.join(map(str, named))}]" if named and isinstance(named, list) else ""
            python = constraint.get("python")
            condition = _markers(python) if isinstance(python, str) else str(constraint.get("markers", ""))
            yield f"{name}{extras}{poetry_specifier(constraint['version'])}" + (f" ; {condition}" if condition else "")
    elif isinstance(constraint, str):
        yield f"{name}{poetry_specifier(constraint)}"


def groups_of_tools(tools: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the dependency groups in the tables of tools, in the form of PEP 735; ``tools``: ``[tool]``.

    Poetry, "Managing dependencies"; PDM and uv, "Development dependencies"; hatch, "Environments". Of several with one
    name, the first counts. What comes from a path or a repository is left out.
    """
    groups: dict[str, list[Any]] = {}
    poetry = table_at(tools, "poetry")
    for name, group in table_at(poetry, "group").items():
        included = [{"include-group": other} for other in _list(group, "include-groups")]
        groups.setdefault(name, [*included, *_poetry_lines(table_at(group, "dependencies"))])
    tables = [
        ("dev", _poetry_lines(table_at(poetry, "dev-dependencies"))),
        *((name, list(lines)) for name, lines in table_at(table_at(tools, "pdm"), "dev-dependencies").items()),
        ("dev", _list(table_at(tools, "uv"), "dev-dependencies")),
        *(
            (name, [*_list(environment, "dependencies"), *_list(environment, "extra-dependencies")])
            for name, environment in table_at(table_at(tools, "hatch"), "envs").items()
        ),
    ]
    for name, lines in tables:
        # hatch fills in fields such as {root:uri}, PDM has editable projects.
        texts = (line for line in lines if isinstance(line, str))
        requirements = [text for text in texts if "{" not in text and not text.startswith("-e")]
        if requirements:
            groups.setdefault(name, requirements)
    return groups


def _poetry_lines(table: Mapping[str, Any]) -> list[str]:
    return [line for name, value in table.items() if name != "python" for line in poetry_requirements(name, value)]


def table_at(table: Any, key: str) -> Mapping[str, Any]:
    """Return a table in a table, by default an empty one."""
    value = table.get(key) if isinstance(table, dict) else None
    return value if isinstance(value, dict) else {}


def _list(table: Any, key: str) -> list[Any]:
    value = table.get(key) if isinstance(table, dict) else None
    return value if isinstance(value, list) else []


def poetry_python(table: Mapping[str, Any]) -> str:
    """Return which Pythons a table admits, as a specifier, "" where it does not say."""
    needed = table.get("dependencies")
    constraint = needed.get("python") if isinstance(needed, dict) else None
    return poetry_specifier(constraint) if isinstance(constraint, str) else ""


def poetry_classifiers(table: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the classifiers of a table."""
    classifiers = table.get("classifiers")
    return tuple(text for text in classifiers if isinstance(text, str)) if isinstance(classifiers, list) else ()


def poetry_specifier(constraint: str) -> str:
    """Return a constraint as a specifier (PEP 440), "" for any version."""
    words = [
        word for word in re.split(r"[,\s]+(?=[^\d])|,", constraint.rpartition("||")[2].strip()) if word.strip(" *")
    ]
    return ",".join(filter(None, (_clause(word.strip()) for word in words)))


def _clause(word: str) -> str:
    sign, version = word[:1], word[1:].strip()
    if sign in "^~" and not re.search(r"\d", version):
        return ""
    if sign == "^":
        return f">={version},<{_above(version, _first_that_counts(version))}"
    if sign == "~" and not version.startswith("="):
        return f">={version},<{_above(version, min(1, version.count('.')))}"
    return word.replace(" ", "") if sign in "<>=!~" else f"=={word}"


def _above(version: str, place: int) -> str:
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    return ".".join(str(number) for number in [*numbers[:place], numbers[place] + 1])


def _first_that_counts(version: str) -> int:
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    return next((place for place, number in enumerate(numbers) if number), len(numbers) - 1)


def _markers(python: str) -> str:
    words = poetry_specifier(python).split(",")
    pairs = (re.match(r"([<>=!~]+)(.+)", word) for word in words if word)
    return " and ".join(f'python_version {pair[1]} "{pair[2]}"' for pair in pairs if pair)
