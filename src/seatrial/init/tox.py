"""The environments of tox, from tox.ini, setup.cfg, tox.toml or ``[tool.tox]``, read without tox.

tox, "Configuration": values that exist only during a run, such as a temporary folder, are left out of a command
together with their option. Positional arguments count with their default.
"""

from __future__ import annotations

import ast
import configparser
import contextlib
import functools
import itertools
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from seatrial.ci.github import variables_at
from seatrial.errors import ProjectError
from seatrial.project.config_files import read_toml, table_at


@dataclass(frozen=True)
class ToxEnvironment:
    """An environment: its commands, and what is installed for them.

    ``where``: the file, and the section that says most of it; ``requirements``: lines of ``deps``, files included;
    ``folder``: where its commands run, seen from the project.
    """

    name: str
    where: str
    commands: tuple[tuple[str, ...], ...] = ()
    requirements: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    folder: str = "."

    @property
    def python(self) -> str | None:
        """The Python that its name has, such as 3.12, None for the one that runs tox."""
        return next(filter(None, map(python_of_factor, self.name.split("-"))), None)

    @property
    def variant(self) -> tuple[str, ...]:
        """The parts of its name that are no Python."""
        parts = self.name.split("-")
        return tuple(part for part in parts if python_of_factor(part) is None and not PYTHON_FACTOR.fullmatch(part))


PYTHON_FACTOR = re.compile(r"(?:py|pypy|cpython|jython|graalpy)?(?:(3)\.?(\d*)|py3?)?(t?)|py|pypy\d*")


def python_of_factor(factor: str) -> str | None:
    """Return the Python that a part of a name means: ``py312``, ``py3.12`` and ``3.12`` are 3.12."""
    match = re.fullmatch(r"(?:py|cpython)?3\.?(\d{1,2})(t?)", factor)
    return f"3.{match[1]}{match[2]}" if match else None


def read_tox(root: Path) -> tuple[ToxEnvironment, ...]:
    """Return the environments of tox that its list names, then the others; none where tox is not configured.

    The first file that configures tox is the one that it reads.
    """
    for name in ("tox.ini", "setup.cfg"):
        with contextlib.suppress(configparser.Error, OSError, UnicodeDecodeError):
            ini = IniSettings.from_text(name, (root / name).read_text(encoding="utf-8"))
            is_tox = name == "tox.ini" and any(section.startswith("testenv") for section in ini.parser.sections())
            if is_tox or ini.parser.has_section(ini.core):
                return ini.environments()
    for name in ("pyproject.toml", "tox.toml"):
        with contextlib.suppress(ProjectError):
            table: Any = read_toml(root / name)
            table = table if name == "tox.toml" else table.get("tool", {}).get("tox", {})
            if isinstance(table.get("legacy_tox_ini"), str):
                return IniSettings.from_text(name, table["legacy_tox_ini"]).environments()
            if table:
                return TomlSettings(name, table).environments()
    return ()


FACTORS = re.compile(r"(?P<factors>[!\w.{},\s+-]*\w[!\w.{},\s+-]*?)\s*:(?:\s+|$)(?P<value>.*)")
"""A line for some environments only: ``py{39,310}: NAME``."""


@dataclass(frozen=True)
class IniSettings:
    """The settings in an ini file; ``core``: the section of tox itself."""

    name: str
    parser: configparser.RawConfigParser
    core: str = "tox"

    @classmethod
    def from_text(cls, name: str, text: str) -> IniSettings:
        """Parse a file. Raises `configparser.Error`."""
        parser = configparser.RawConfigParser(strict=False)
        parser.read_string(text)
        return cls(name, parser, "tox:tox" if name == "setup.cfg" else "tox")

    def environments(self) -> tuple[ToxEnvironment, ...]:
        """Return the environments."""
        listed = self._value(self.core, "env_list", "envlist") or ""
        names = [name for entry in split_list(listed) for name in expand_braces(entry)]
        sections = [section[len("testenv:") :] for section in self.parser.sections() if section.startswith("testenv:")]
        names = names or ["py"]
        names += [name for section in sections for name in expand_braces(section)]
        return tuple(self._environment(name) for name in dict.fromkeys(names))

    def _environment(self, name: str) -> ToxEnvironment:
        sections = [*self._sections(name), "testenv"]
        factors = frozenset(name.split("-"))

        def lines(*keys: str) -> list[str]:
            texts = (self._value(section, *keys) for section in sections)
            text = next((text for text in texts if text is not None), "")
            return list(chosen_lines(self._filled(text, sections[0], factors), factors))

        variables = dict(variables_in(lines("set_env", "setenv")))
        fields = re.compile(r"\{env:(\w+)(?::[^{}]*)?\}")
        text = fields.sub(lambda match: variables.get(match[1], match[0]), "\n".join(lines("commands")))
        # A backslash at its end continues a line.
        commands = re.sub(r"[ \t]*\\(?:\n|\Z)", " ", text).splitlines()
        with_commands = (section for section in sections if self._value(section, "commands") is not None)
        where = next(with_commands, sections[0])
        return ToxEnvironment(
            name,
            f"{self.name} [{where}]",
            tuple(filter(None, (words_of(line) for line in commands))),
            tuple(filter(None, map(requirement_of, (*lines("deps"), *self._of_pythons(name, sections))))),
            tuple(word for line in lines("extras") for word in split_list(line)),
            tuple(word for line in lines("dependency_groups") for word in split_list(line)),
            tuple(variables.items()),
            _folder_of("".join(lines("change_dir", "changedir"))),
        )

    def _of_pythons(self, name: str, sections: Sequence[str]) -> Iterator[str]:
        """Yield the requirements for some Pythons, with a marker, of an environment that has no Python in its name."""
        if any(map(python_of_factor, name.split("-"))):
            return
        text = next((text for section in sections if (text := self._value(section, "deps")) is not None), "")
        for match in filter(None, (FACTORS.fullmatch(line.strip()) for line in text.splitlines())):
            named = [factor for condition in split_list(match["factors"]) for factor in expand_braces(condition)]
            pythons = [python_of_factor(factor) for factor in named]
            if match["value"] and all(pythons) and not match["value"].startswith("-"):
                marker = " or ".join(f'python_version == "{python}"' for python in pythons)
                yield f"{match['value'].strip()} ; {marker}"

    def _sections(self, name: str) -> list[str]:
        """Return the sections of an environment: its own, and those that it is based on."""
        named = (section for section in self.parser.sections() if section.startswith("testenv:"))
        own = [section for section in named if name in expand_braces(section[len("testenv:") :])]
        bases = [base for section in own for base in split_list(self._value(section, "base") or "")]
        based = [base if base.startswith("testenv") else f"testenv:{base}" for base in bases]
        return [*own, *(base for base in based if self.parser.has_section(base))]

    def _value(self, section: str, *keys: str) -> str | None:
        if not self.parser.has_section(section):
            return None
        return next((self.parser.get(section, key) for key in keys if self.parser.has_option(section, key)), None)

    def _filled(self, text: str, section: str, factors: frozenset[str], depth: int = 0) -> str:
        """Return a text with the values of other settings (``{[testenv]deps}``) filled in."""

        def value(match: re.Match[str]) -> str:
            named = match["section"] or section
            text = self._value(named, match["key"])
            if text is None or depth > len(self.parser.sections()):
                return match[0]
            return self._filled("\n".join(chosen_lines(text, factors)), named, factors, depth + 1)

        return re.sub(r"\{\[(?P<section>[^\]{}]*)\](?P<key>\w+)\}", value, text)


@dataclass(frozen=True)
class TomlSettings:
    """The settings in a TOML file."""

    name: str
    table: Mapping[str, Any]

    def environments(self) -> tuple[ToxEnvironment, ...]:
        """Return the environments."""
        listed = [name for entry in as_list(self.table.get("env_list")) for name in _names(entry)]
        made = [name for names in self._templates().values() for name in names]
        names = [*(listed or made or ["py"]), *made, *self._table("env")]
        return tuple(self._environment(name) for name in dict.fromkeys(names))

    def _environment(self, name: str) -> ToxEnvironment:
        tables = list(self._tables(name))
        merged = {key: value for _, table in reversed(tables) for key, value in table.items()}
        factors = frozenset(name.split("-"))

        def values(key: str) -> list[Any]:
            return as_list(self._replaced(merged.get(key), factors))

        words = [[fill_fields(str(word)) for word in as_list(line)] for line in values("commands")]
        variables = {key: text for key, text in variables_at(merged, "set_env").items() if "{" not in text}
        top = "" if self.name == "tox.toml" else "tool.tox."
        where = next((place for place, table in tables if "commands" in table), "env_run_base")
        return ToxEnvironment(
            name,
            f"{self.name} [{top}{where}]",
            tuple(filter(None, (cleaned(line) for line in words))),
            tuple(filter(None, (requirement_of(line) for line in values("deps") if isinstance(line, str)))),
            tuple(map(str, values("extras"))),
            tuple(map(str, values("dependency_groups"))),
            tuple(variables.items()),
            _folder_of(str(merged.get("change_dir", ""))),
        )

    def _table(self, *keys: str) -> Mapping[str, Any]:
        return functools.reduce(table_at, keys, self.table)

    def _templates(self) -> dict[str, list[str]]:
        """Return the environments that each table below ``env_base`` makes of its factors."""
        factors = {name: as_list(self._table("env_base", name).get("factors")) for name in self._table("env_base")}
        return {
            name: list(_names({"product": groups if isinstance(groups[0], (list, dict)) else [groups]}))
            for name, groups in factors.items()
            if groups
        }

    def _tables(self, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the tables of an environment and their places: its own, and those that it is based on."""
        own = self._table("env", name)
        yield f"env.{name}", own
        made = [f"env_base.{template}" for template, names in self._templates().items() if name in names]
        for base in as_list(own.get("base")) or [*made, "env_run_base"]:
            keys = str(base).split(".", 1)
            yield str(base), self._table(*keys) or self._table("env", str(base))

    def _replaced(self, value: Any, factors: frozenset[str], depth: int = 0) -> Any:
        """Return a value with what its tables named ``replace`` are for an environment with these factors."""
        if isinstance(value, list):
            pairs = [(item, self._replaced(item, factors, depth)) for item in value]
            return [each for item, inner in pairs for each in (as_list(inner) if isinstance(item, dict) else [inner])]
        if not isinstance(value, dict) or depth > MOST_REPLACEMENTS:
            return value
        kind, default = value.get("replace"), value.get("default")
        if kind == "if":
            default = value.get("then" if _is_true(str(value.get("condition")), factors) else "else")
        elif kind == "ref":
            keys = list(map(str, as_list(value.get("of")) or ["env", value.get("env"), value.get("key")]))
            keys = keys[2:] if keys[:2] == ["tool", "tox"] else keys
            default = self._table(*keys[:-1]).get(keys[-1])
        return self._replaced(default, factors, depth + 1)


MOST_REPLACEMENTS = 9
"""How many replacements inside of each other are followed."""


def _is_true(condition: str, factors: frozenset[str]) -> bool:
    """Whether a condition (``factor.django and not env.CI``) is true where no variable is set."""

    def is_true(node: ast.AST) -> bool:
        if isinstance(node, ast.BoolOp):
            return (all if isinstance(node.op, ast.And) else any)(map(is_true, node.values))
        if isinstance(node, ast.UnaryOp):
            return not is_true(node.operand)
        name = ast.unparse(node)
        return name.startswith("factor") and re.sub(r"\W|^factor", "", name) in factors

    with contextlib.suppress(SyntaxError):
        return is_true(ast.parse(condition, mode="eval").body)
    return False


def _names(entry: Any) -> Iterator[str]:
    """Yield the names of an entry of ``env_list``, which may be a product of factors."""
    if isinstance(entry, str):
        yield from expand_braces(entry)
    elif isinstance(entry, dict) and isinstance(entry.get("product"), list):
        names = ("-".join(parts) for parts in itertools.product(*map(_factors_of, entry["product"])))
        yield from (name for name in names if name not in as_list(entry.get("exclude")))


def _factors_of(group: Any) -> list[str]:
    """Return the factors of a group: a list, ``{ django = ["42", "52"] }``, or the range of ``{ prefix = "py3" }``."""
    if not isinstance(group, dict):
        return list(map(str, as_list(group)))
    if "prefix" in group:
        ends = (group.get("start"), group.get("stop"))
        numbers = [number for number in ends if isinstance(number, int)] or [0]
        return [f"{group['prefix']}{number}" for number in range(numbers[0], numbers[-1] + 1)]
    return [str(value) for values in group.values() for value in as_list(values)]


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, nothing for None, and anything else as its one item."""
    return value if isinstance(value, list) else [] if value is None else [value]


def split_list(text: str) -> list[str]:
    """Return the items of a list: separated by commas outside of braces, or by lines."""
    items = re.split(r",(?![^{}]*\})|\n", re.sub(r"(?m)\s*(?<!\S)#.*$", "", text))
    return [re.sub(r"\s+", "", item) for item in items if item.strip()]


def expand_braces(text: str) -> list[str]:
    """Return the names that a pattern such as ``py{39,310}-{a,b}`` or ``py{310-314}`` expands to."""
    parts = re.split(r"\{([^{}]*)\}", re.sub(r"\s+", "", text))
    choices = [[part] if number % 2 == 0 else list(_choices(part)) for number, part in enumerate(parts)]
    return ["".join(combination) for combination in itertools.product(*choices)]


def _choices(text: str) -> Iterator[str]:
    for part in text.split(","):
        ends = re.fullmatch(r"(\d+)-(\d+)", part)
        yield from map(str, range(int(ends[1]), int(ends[2]) + 1)) if ends else (part,)


def chosen_lines(text: str, factors: frozenset[str]) -> Iterator[str]:
    """Yield the lines of a value that are for an environment with these factors, without their condition."""
    for line in text.splitlines():
        match = FACTORS.fullmatch(line.strip())
        # The colon of "pytest {posargs: tests}" ends no condition.
        if match is None or match["factors"].count("{") != match["factors"].count("}"):
            yield line.strip()
        elif any(_holds(condition, factors) for condition in split_list(match["factors"])):
            yield match["value"].strip()


def _holds(condition: str, factors: frozenset[str]) -> bool:
    return any(
        all((part[1:] not in factors) if part.startswith("!") else part in factors for part in name.split("-"))
        for name in expand_braces(condition)
    )


def requirement_of(line: str) -> str:
    """Return a line of ``deps`` without a comment at its end, "" where it has a value that only a run has."""
    text = _from_top(fill_fields(re.sub(r"(^|\s)#.*", "", line).strip()))
    return "" if UNKNOWN in text else text


def _folder_of(text: str) -> str:
    """Return a folder of the project, its top for one that only a run has."""
    folder = _from_top(fill_fields(text))
    return "." if not folder or UNKNOWN in folder or SITE in folder or folder.startswith(("/", "..")) else folder


def _from_top(text: str) -> str:
    return text.replace(f"{ROOT}/", "").replace(ROOT, ".")


def variables_in(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield variables as they are assigned; those with a field that only a run fills in are left out."""
    for line in lines:
        name, sign, value = line.partition("=")
        if sign and re.fullmatch(r"\w+", name.strip()) and "{" not in value:
            yield name.strip(), value.strip()


ROOT, SITE, PROGRAM, UNKNOWN = "\0root", "\0site", "\0program", "\0unknown"
FOLDERS = {
    **dict.fromkeys(("toxinidir", "tox_root"), ROOT),
    **dict.fromkeys(("envsitepackagesdir", "env_site_packages_dir"), SITE),
    **dict.fromkeys(("envbindir", "env_bin_dir"), PROGRAM),
}
PROGRAMS = {"envpython": "python", "env_python": "python", "/": "/"}
NO_FIELD = re.compile(r"\\([{}])")


def fill_fields(text: str) -> str:
    """Return a text with its fields (``{posargs:tests}``) filled in, the inner ones first."""

    def value(match: re.Match[str]) -> str:
        name, colon, default = match[1].partition(":")
        if name == "posargs":
            return default
        if name == "env":
            return default.partition(":")[2] or UNKNOWN
        if match[1] in PROGRAMS:
            return PROGRAMS[match[1]]
        return FOLDERS.get(name, UNKNOWN) if not colon else UNKNOWN

    text = NO_FIELD.sub(lambda match: {"{": "\1", "}": "\2"}[match[1]], text)
    before = None
    while before != text:
        before, text = text, re.sub(r"\{([^{}]*)\}", value, text)
    return text.replace("\1", "{").replace("\2", "}")


def words_of(line: str) -> tuple[str, ...]:
    """Return the words of a command; none where it can't be read."""
    try:
        words = shlex.split(fill_fields(re.sub(r"\{env_?dir\}/bin\b", "{envbindir}", line)), comments=True)
    except ValueError:
        return ()
    return cleaned(words)


def cleaned(words: Sequence[str]) -> tuple[str, ...]:
    """Return the words of a command without values that exist only during a run, and without the prefix signs."""
    kept: list[str] = []
    for word in words:
        if UNKNOWN in word:
            if kept and kept[-1].startswith("-") and "=" not in kept[-1] and not word.startswith("-"):
                kept.pop()
            continue
        if word == "[]":
            # An older form of {posargs}.
            continue
        if word.startswith(PROGRAM):
            # Python starts it, or coverage, which can do so by the name of its module alone.
            name = PurePosixPath(word).name
            if "run" in kept:
                kept += ["-m", MODULES_OF_PROGRAMS.get(name, name)]
            else:
                kept = [*(() if kept[:1] == ["python"] else kept), name]
            continue
        if SITE in word:
            # An installed package is named as such to pytest.
            kept += ["--pyargs", PurePosixPath(word.replace(SITE, "").lstrip("/")).as_posix().replace("/", ".")]
        else:
            kept.append(_from_top(word))
    while kept and not kept[0].lstrip("-!"):
        del kept[0]
    return (kept[0].lstrip("-!"), *kept[1:]) if kept else ()


MODULES_OF_PROGRAMS = {"trial": "twisted.trial", "py.test": "pytest"}
"""The modules of programs whose names are others."""


def requirements_of(group: Sequence[ToxEnvironment]) -> Iterator[str]:
    """Yield the requirements of environments that differ in their Python alone, with markers where they differ."""
    lines = dict.fromkeys(line for environment in group for line in environment.requirements)
    counted = [environment for environment in group if environment.python] or list(group)
    for line in lines:
        having = [environment.python for environment in counted if line in environment.requirements]
        named = sorted({python.rstrip("t") for python in having if python}, key=minor_of)
        if len(having) in {0, len(counted)} or line.startswith("-"):
            yield line
        else:
            marker = " or ".join(f'python_version == "{python}"' for python in named)
            requirement, _, condition = line.partition(";")
            yield f"{requirement.strip()} ; ({condition.strip()}) and ({marker})" if condition else f"{line} ; {marker}"


def minor_of(python: str) -> int:
    """Return the number of a Python: 12 for 3.12."""
    return int(re.sub(r"\D", "", python.partition(".")[2]) or 0)
