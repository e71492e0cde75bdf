"""What coverage measures: the wheel that the tests import, where a project names a folder of its source tree.

coverage takes a name for a folder where there is one, and passes over what is installed unless it is named as a source.
So in a project with ``source = ["pkg"]`` and a folder ``pkg``, nothing of the wheel would be measured.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seatrial.project.project import Project


def sources_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the sources that settings of coverage name."""
    value = settings.get("source", ())
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else tuple(map(str, value))


def measure_wheel(command: Sequence[str], project: Project, modules: Sequence[str], site: Path) -> tuple[str, ...]:
    """Return a command that measures the wheel; ``modules``: dotted names in it; ``site``: where it is installed."""
    sources = WheelSources(project.root, tuple(modules), site)
    configured = project.coverage_settings
    named = sources_of(configured)
    every = sources.installed(named or (".",)) if "include" not in configured else ()
    if command[0] == "coverage":
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

    def _installed(self, name: str) -> Iterator[str]:
        parts = PurePosixPath(name).parts
        if not (self.root / name).is_dir():
            yield name
        elif parts in {(), ("src",)}:
            yield from (str(self._path(module)) for module in self.modules)
        else:
            dotted = ".".join(parts[1:] if parts[0] == "src" else parts)
            is_in_wheel = any(f"{dotted}.".startswith(f"{module}.") for module in self.modules)
            yield str(self._path(dotted)) if is_in_wheel else name

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
        if option in {"--source", "--source-pkgs"} and sign:
            yield f"--source={','.join(sources.installed(value.split(',')))}"
        elif before == "--source":
            yield ",".join(sources.installed(word.split(",")))
        else:
            yield word
        if word == "run" and place == 1 and every and not is_named:
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
