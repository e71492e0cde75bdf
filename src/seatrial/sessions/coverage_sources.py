"""What coverage measures: the wheel that the tests import, where a project names a folder of its source tree.

coverage takes a name for a folder where there is one, and passes over what is installed unless it is named as a source.
So in a project with ``source = ["pkg"]`` and a folder ``pkg``, nothing of the wheel would be measured. The same holds
for the patterns of ``include`` and ``omit``, for which the tests get a copy of the configuration.
"""

from __future__ import annotations

import configparser
import fnmatch
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import tomlkit
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from seatrial.project.project import runs_coverage

if TYPE_CHECKING:
    from seatrial.project.project import CoverageConfiguration, Project


INCLUDE, OMIT = "include", "omit"

TOKEN = re.compile(r"^\*+/|/\*+$|\*\*/|\*|\?|[^*?/]+|/")
TOKENS = {"*/": "(?:.*/)?", "**/": "(?:.*/)?", "/*": "/.*", "/**": "/.*", "*": "[^/]*", "?": "[^/]"}
"""What the tokens of a pattern of files mean (coverage, "File patterns")."""


def words_of(value: Any) -> tuple[str, ...]:
    """Return the words of a setting: a list in TOML, and lines or a line with commas in an ini file."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else tuple(map(str, value))


def sources_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the folders and packages that settings of coverage name as sources."""
    return tuple(word for name in ("source", "source_dirs") for word in words_of(settings.get(name, ())))


def coverage_plugins(project: Project, named: str | None = None) -> tuple[str, ...]:
    """Return the modules that the configuration of coverage names as its plugins, without those of the project.

    ``named``: the file with the configuration, where the tests name one.
    """
    tops = ("", "src", "tests")
    return tuple(
        name
        for name in words_of(project.coverage_configuration(named).run.get("plugins", ()))
        if not any(
            (project.root / top / name.partition(".")[0]).with_suffix(end).exists()
            for top in tops
            for end in ("", ".py")
        )
    )


def requirements_of_plugins(plugins: Sequence[str], installed: Sequence[str]) -> tuple[str, ...]:
    """Return what installs plugins of coverage: as ``installed`` has it, else the project of the module's name."""
    by_name = {canonicalize_name(Requirement(text).name): text for text in installed}
    names = [canonicalize_name(plugin.partition(".")[0]) for plugin in plugins]
    return tuple(dict.fromkeys(by_name.get(name, name) for name in names))


CONFIGURATION_OPTIONS = ("--rcfile", "--cov-config")
"""The options of coverage and of pytest-cov that name a file with the configuration."""


def named_configuration(command: Sequence[str], project: Project, variables: Mapping[str, str]) -> str | None:
    """Return the file with the configuration that a command, the options of pytest or a variable name, if any does.

    An option that names .coveragerc, which need not exist, is for coverage as none at all.
    """
    words = command if runs_coverage(command) else (*project.pytest_options, *command)
    options = ((*word.partition("="), following) for word, following in zip(words, (*words[1:], "")))
    named = [
        value if sign else following for option, sign, value, following in options if option in CONFIGURATION_OPTIONS
    ]
    return named[-1] if named and named[-1] != ".coveragerc" else variables.get("COVERAGE_RCFILE")


def write_configuration(
    project: Project, configuration: CoverageConfiguration, modules: Sequence[str], site: Path, folder: Path
) -> Path | None:
    """Write the configuration of coverage with patterns that match the installed wheel; None where it has no such.

    ``modules`` and ``site``: as for `measure_wheel`; ``folder``: where the file is written.
    """
    tables, is_ini, run = dict(configuration.tables), configuration.is_ini, configuration.run
    sources = WheelSources(project.root, tuple(modules), site)
    written = {name: words_of(run[name]) for name in (INCLUDE, OMIT) if run.get(name)}
    changed = {name: sources.patterns(words, is_omitted=name == OMIT) for name, words in written.items()}
    if changed == written:
        return None
    lists = {name: "\n".join(words) if is_ini else list(words) for name, words in changed.items()}
    tables["run"] = {**{name: value for name, value in run.items() if name not in lists}, **lists}
    path = folder / f"{site.parts[-2]}.{'ini' if is_ini else 'toml'}"
    if is_ini:
        parser = configparser.RawConfigParser()
        parser.read_dict(tables)
        with path.open("w", encoding="utf-8") as file:
            parser.write(file)
    else:
        path.write_text(tomlkit.dumps({"tool": {"coverage": tables}}), encoding="utf-8")
    return path


def with_configuration(command: Sequence[str], project: Project, path: Path) -> tuple[str, ...]:
    """Return a command without the name of another configuration, which would win over that of a variable."""
    if named_configuration(command, project, {}) is None:
        return tuple(command)
    if not runs_coverage(command):
        return (*command, f"--cov-config={path}")
    pairs = zip(("", *command), command)
    return tuple(word for before, word in pairs if "--rcfile" not in {before, word.partition("=")[0]})


def measure_wheel(
    command: Sequence[str], project: Project, configuration: CoverageConfiguration, modules: Sequence[str], site: Path
) -> tuple[str, ...]:
    """Return a command that measures the wheel; ``modules``: dotted names in it; ``site``: where it is installed."""
    sources = WheelSources(project.root, tuple(modules), site)
    named = sources_of(configuration.run)
    # Of sources and patterns, coverage obeys the sources. A package that is named as such is the installed one.
    limits = configuration.run.get(INCLUDE) or configuration.run.get("source_pkgs")
    installed = sources.with_namespaces if runs_coverage(command) else sources.installed
    every = installed(named or (".",)) if named or not limits else ()
    if runs_coverage(command):
        return tuple(_of_coverage(command, sources, () if named and every == named else every))
    words = tuple(_of_pytest(command, sources, every))
    options = project.pytest_options
    changed = tuple(_of_pytest(options, sources, every))
    return words if changed == options else (*words, "-o", f"addopts={shlex.join(changed)}")


@dataclass(frozen=True)
class WheelSources:
    """Where the modules of a wheel are installed; ``root``: the folder of the project."""

    root: Path
    modules: tuple[str, ...]
    site: Path

    def installed(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return sources with the installed folder for each folder of the source tree that is in the wheel."""
        return tuple(dict.fromkeys(source for name in names for source in self._installed(name)))

    def with_namespaces(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the installed sources, and the folders of namespaces in the source tree.

        unittest can find the tests in such a folder there alone, and what it runs is combined with what is installed.
        """
        names = tuple(names)
        return (*self.installed(names), *(name for name in names if self._in_namespace(name)))

    def _installed(self, name: str) -> Iterator[str]:
        if not (self.root / name).is_dir():
            yield name
        elif PurePosixPath(name).parts in {(), ("src",)}:
            yield from (str(self._path(module)) for module in self.modules)
        else:
            dotted = self._dotted(name)
            is_in_wheel = any(f"{dotted}.".startswith(f"{module}.") for module in self.modules)
            named = (dotted,) if is_in_wheel else self._in_namespace(name)
            yield from (str(self._path(module)) for module in named) if named else (name,)

    def _in_namespace(self, name: str) -> tuple[str, ...]:
        """Return the modules of the wheel in a folder that is a namespace; it has those of other packages, too."""
        dotted = self._dotted(name)
        return tuple(module for module in self.modules if dotted and module.startswith(f"{dotted}."))

    @staticmethod
    def _dotted(name: str) -> str:
        parts = PurePosixPath(name).parts
        return ".".join(parts[1:] if parts[:1] == ("src",) else parts)

    def patterns(self, written: Sequence[str], *, is_omitted: bool) -> tuple[str, ...]:
        """Return patterns of files, those of the source tree with the same ones for what is installed.

        ``is_omitted``: whether they leave files out; then those for all that is installed would leave the wheel out.
        """
        kept = (pattern for pattern in written if not (is_omitted and self._is_of_all_installed(pattern)))
        return tuple(dict.fromkeys(name for pattern in kept for name in (pattern, *self._of_installed(pattern))))

    def _is_of_all_installed(self, pattern: str) -> bool:
        whole = pattern if pattern.startswith(("*", "?")) else (self.root / pattern).as_posix()
        form = "".join(TOKENS.get(token) or re.escape(token) for token in TOKEN.findall(whole))
        return re.fullmatch(form, (self.site / "of_another_package/module.py").as_posix()) is not None

    def _of_installed(self, pattern: str) -> Iterator[str]:
        """Yield a pattern of the source tree as it matches what is installed."""
        if pattern.startswith(("*", "?")):
            return
        path = os.path.relpath(self.root / pattern, self.root).replace(os.sep, "/")
        # The folder of the project has no parts, and is not installed.
        parts = PurePosixPath(path).parts
        if not parts:
            return
        parts = parts[1:] if parts[:1] == ("src",) and len(parts) > 1 else parts
        for module in self.modules:
            names = module.split(".")
            if parts[0] != "**" and not all(map(fnmatch.fnmatchcase, names, parts)):
                if len(names) == len(parts) == 1 and fnmatch.fnmatchcase(f"{module}.py", parts[0]):
                    yield (self.site / f"{module}.py").as_posix()
                continue
            below = parts if parts[0] == "**" else parts[len(names) :] or parts[-1:] * (parts[-1] == "*")
            yield self.site.joinpath(*names, *below).as_posix()

    def _path(self, module: str) -> Path:
        folder = self.site / module.replace(".", "/")
        # A single module is named by its file's folder, and as a package: coverage takes its name.
        return folder if folder.is_dir() else Path(module)


def _of_coverage(command: Sequence[str], sources: WheelSources, every: Sequence[str]) -> Iterator[str]:
    """Yield the words of ``coverage run`` with its sources."""
    is_named = any(word.startswith("--source") for word in command)
    for place, word in enumerate(command):
        option, sign, value = word.partition("=")
        before = command[place - 1] if place else ""
        if option == "--source" and sign:
            yield f"--source={','.join(sources.with_namespaces(value.split(',')))}"
        elif before == "--source":
            yield ",".join(sources.with_namespaces(word.split(",")))
        else:
            yield word
        if (before, word) == ("coverage", "run") and every and not is_named:
            yield f"--source={','.join(every)}"


def _of_pytest(words: Sequence[str], sources: WheelSources, every: Sequence[str]) -> Iterator[str]:
    """Yield options of pytest with the sources of pytest-cov."""
    skips = False
    for place, word in enumerate(words):
        if skips:
            skips = False
            continue
        following = next(iter(words[place + 1 : place + 2]), "-")
        if word.startswith("--cov="):
            yield from (f"--cov={source}" for source in sources.installed([word[len("--cov=") :]]))
        elif word == "--cov" and not following.startswith("-"):
            skips = True
            yield from (f"--cov={source}" for source in sources.installed([following]))
        elif word == "--cov" and every:
            yield from (f"--cov={source}" for source in every)
        else:
            yield word
