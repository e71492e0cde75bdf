"""Finds the installed Python interpreters, without running or downloading one.

nox looks for interpreters on PATH. Version managers keep all but the active one elsewhere and put *shims* on PATH:
small scripts that take half a second to start the real program. So this module reads the folders in which the
managers keep their Pythons, and makes a folder of links to the real programs for PATH.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path

from packaging.version import Version

from seatrial.storage import replacing

OLDEST_MINOR = 9
"""The oldest minor version of Python 3 that seatrial and its tools run on."""

YEARS_OF_FIXES = 5
"""How many years a Python gets fixes (PEP 602)."""


def newest_minor(today: date | None = None) -> int:
    """Return the newest minor version of Python 3 that is released: one follows every October (PEP 602)."""
    today = today or datetime.now(timezone.utc).date()
    # 3.9 came in October 2020, some came at the end of the month.
    return today.year - 2020 + 9 - (today < date(today.year, 10, 31))


def virtualenv_supports(python: str) -> bool:
    """Whether virtualenv makes environments with pip for a Python such as 3.9: uv does for older ones, too."""
    match = re.fullmatch(r"3\.(\d+)t?", python)
    return match is None or int(match[1]) >= OLDEST_MINOR


def end_of_life(pythons: Iterable[str], today: date | None = None) -> tuple[str, ...]:
    """Return those of the Pythons, such as 3.9, that get no fixes any more."""
    last = newest_minor(today) - YEARS_OF_FIXES
    return tuple(python for python in pythons if int(python.rstrip("t").partition(".")[2]) <= last)


def end_of_life_text(pythons: Iterable[str]) -> str | None:
    """Return a sentence, without its full stop, about those of the Pythons that get no fixes any more."""
    ended = end_of_life(pythons)
    verb = "gets" if len(ended) == 1 else "get"
    return f"Python {', '.join(ended)} {verb} no fixes any more (end of life)" if ended else None


RELEASE = re.compile(r"(\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?)(t|\+freethreaded)?(-dev)?")
"""What version managers call a release: ``3.12.1``, ``3.14.0rc2``, ``3.13.0t``, ``3.15-dev``."""


@dataclass(frozen=True)
class Interpreter:
    """An installed Python: ``version`` as in ``"3.12"`` or ``"3.14t"``, and the real program."""

    version: str
    path: Path


@dataclass(frozen=True)
class ManagerFolder:
    """A folder where a tool keeps one folder for each Python.

    ``root`` may begin with ``~`` or with ``$NAME``; ``entry`` is a regular expression whose first group is the
    version of the Python in a folder of that name.
    """

    tool: str
    root: str
    entry: str
    program: str = "bin/python{version}"


MANAGER_FOLDERS = (
    ManagerFolder("pyenv", "$PYENV_ROOT/versions", r"(\d[\w.-]*)"),
    ManagerFolder("pyenv", "~/.pyenv/versions", r"(\d[\w.-]*)"),
    ManagerFolder("uv", "$UV_PYTHON_INSTALL_DIR", r"cpython-([\d.]+\w*(?:\+freethreaded)?)-.+"),
    ManagerFolder("uv", "$XDG_DATA_HOME/uv/python", r"cpython-([\d.]+\w*(?:\+freethreaded)?)-.+"),
    ManagerFolder("uv", "~/.local/share/uv/python", r"cpython-([\d.]+\w*(?:\+freethreaded)?)-.+"),
    ManagerFolder("uv", "~/Library/Application Support/uv/python", r"cpython-([\d.]+\w*(?:\+freethreaded)?)-.+"),
    ManagerFolder("mise", "$MISE_DATA_DIR/installs/python", r"(\d[\w.]*)"),
    ManagerFolder("mise", "~/.local/share/mise/installs/python", r"(\d[\w.]*)"),
    ManagerFolder("asdf", "$ASDF_DATA_DIR/installs/python", r"(\d[\w.]*)"),
    ManagerFolder("asdf", "~/.asdf/installs/python", r"(\d[\w.]*)"),
    ManagerFolder("hatch", "~/.local/share/hatch/pythons", r"(\d[\w.]*)", "python/bin/python{version}"),
    ManagerFolder("nox", "~/.local/share/nox/pythons", r"cpython@(\d[\w.]*)"),
    ManagerFolder("python.org", "/Library/Frameworks/Python.framework/Versions", r"(\d\.\d+)"),
    ManagerFolder("Homebrew", "/opt/homebrew/opt", r"python@(\d\.\d+)"),
    ManagerFolder("Homebrew", "/usr/local/opt", r"python@(\d\.\d+)"),
)
"""Where the tools keep their Pythons, the first that has one wins; from each tool's documentation."""


def find_interpreters(versions: Iterable[str], environ: Mapping[str, str]) -> tuple[Interpreter, ...]:
    """Return an interpreter for each of ``versions`` that is installed, in that order.

    Asked in turn: the Python that runs this, PATH without its shims, `MANAGER_FOLDERS`. On Windows, where no program is
    named ``pythonX.Y``, that finds next to nothing, and nox asks the py launcher and the registry (PEP 514).
    """
    interpreters = []
    for version in versions:
        for path in _candidates(version, environ):
            if os.path.isfile(path) and os.access(path, os.X_OK) and not _is_shim(path):  # noqa: PTH113
                interpreters.append(Interpreter(version, path))
                break
    return tuple(interpreters)


def path_with(interpreters: Sequence[Interpreter], environ: Mapping[str, str], into: Path | None = None) -> str:
    """Return a value for PATH on which the name ``pythonX.Y`` leads to each of the interpreters.

    A folder that holds those names and nothing else goes to the front, so that no other program of that Python (pip,
    pytest …) covers the user's. It lies in ``into``, else in the user's cache folder, and its name is a hash of what
    its links lead to: it is never changed, only made. Where it can't be made, the Pythons' own folders go to the
    front.
    """
    path = environ.get("PATH", os.defpath)
    missing = [interpreter for interpreter in interpreters if not _is_on_path(interpreter, environ)]
    if not missing or sys.platform == "win32":
        return path
    try:
        folders = [str(_links(missing, into))]
    except OSError:
        folders = [str(interpreter.path.parent) for interpreter in missing]
    return os.pathsep.join([*folders, path])


def how_to_install(version: str, environ: Mapping[str, str]) -> str:
    """Return the command, or the address, that brings a Python which is missing."""
    name = version.replace("t", "+freethreaded") if version.endswith("t") else version
    path = environ.get("PATH", os.defpath)
    if shutil.which("uv", path=path):
        return f"uv python install {name}"
    if shutil.which("pyenv", path=path):
        return f"pyenv install {version}"
    return f"install uv and run: uv python install {name}"


def _candidates(version: str, environ: Mapping[str, str]) -> Iterator[Path]:
    yield from _running(version)
    for path in _named_on_path(version, environ):
        if _is_shim(path):
            # The user's own choice, were it active: the newest that a manager has.
            yield from _managed(version, environ)
        elif not _is_in_virtual_environment(path):
            yield path
    yield from _managed(version, environ)


def _running(version: str) -> Iterator[Path]:
    """Yield the Python that runs this, outside of its virtual environment."""
    if version == "{}.{}".format(*sys.version_info) and "t" not in getattr(sys, "abiflags", ""):
        base = Path(sys.base_exec_prefix)
        yield base / "python.exe" if sys.platform == "win32" else base / "bin" / f"python{version}"


def _named_on_path(version: str, environ: Mapping[str, str]) -> Iterator[Path]:
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        if folder:
            yield Path(folder, f"python{version}")


def _is_on_path(interpreter: Interpreter, environ: Mapping[str, str]) -> bool:
    # os.path answers no where pathlib raises, for a folder that may not be searched.
    first = next((path for path in _named_on_path(interpreter.version, environ) if os.path.isfile(path)), None)  # noqa: PTH113
    # uv makes no environment of one that is in an environment itself, which an activated one is.
    return first is not None and not _is_in_virtual_environment(first) and first.samefile(interpreter.path)


def _managed(version: str, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield what the version managers have, of each place the newest first."""
    for place in MANAGER_FOLDERS:
        root = _expanded(place.root, environ)
        entries = []
        for folder in _subfolders(root):
            match = re.fullmatch(place.entry, folder.name)
            if match and (release := _release(match[1], version)) is not None:
                entries.append((release, folder))
        for _, folder in sorted(entries, reverse=True):
            if not os.path.exists(folder / "pyvenv.cfg"):  # noqa: PTH110
                yield folder / place.program.format(version=version)


def _subfolders(root: Path | None) -> list[Path]:
    try:
        return sorted(root.iterdir()) if root else []
    except OSError:
        return []


def _expanded(root: str, environ: Mapping[str, str]) -> Path | None:
    if root.startswith("$"):
        name, _, subfolder = root[1:].partition("/")
        return Path(environ[name], subfolder) if environ.get(name) else None
    if root.startswith("~"):
        home = environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - pathlib raises where there is none
        return Path(home, root[2:])
    return Path(root)


def _release(text: str, version: str) -> Version | None:
    """Return what ``text`` names if that is a release of ``version``: "3.12.1" of "3.12", "3.14.0t" of "3.14t"."""
    match = RELEASE.fullmatch(text)
    if not match:
        return None
    release = Version(match[1] + (".dev0" if match[3] else ""))
    same = f"{release.major}.{release.minor}{'t' if match[2] else ''}" == version
    return release if same else None


def _is_shim(path: Path) -> bool:
    """Whether a file is a script: the Python that it starts, if any, is found without it."""
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False


def _is_in_virtual_environment(path: Path) -> bool:
    return os.path.exists(path.parent.parent / "pyvenv.cfg")  # noqa: PTH110


def _links(interpreters: Sequence[Interpreter], into: Path | None) -> Path:
    # Not needed where PATH leads to everything, as it does in each child of `nox -j`.
    from platformdirs import user_cache_path  # noqa: PLC0415

    listing = "\n".join(f"{interpreter.version} {interpreter.path}" for interpreter in interpreters)
    name = hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    folder = (into or user_cache_path("seatrial") / "pythons") / name
    folder.mkdir(parents=True, exist_ok=True)
    for interpreter in interpreters:
        link = folder / f"python{interpreter.version}"
        if link.exists():
            continue
        with replacing(link) as new:
            new.unlink(missing_ok=True)
            new.symlink_to(interpreter.path)
    return folder
