"""Creates virtual environments and installs into them: with uv where it is installed, else virtualenv and pip."""

from __future__ import annotations

import contextlib
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Union

from seatrial import process
from seatrial.errors import MAKE_ROOM, ToolError, lacks_room, last_lines
from seatrial.redaction import redact
from seatrial.storage import read_json, write_json

RESOLUTION_VARIABLE = (
    r"UV_(BUILD_CONSTRAINT|CONSTRAINT|OVERRIDE|EXCLUDE|RESOLUTION|PRERELEASE|DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL"
    r"|FIND_LINKS|NO_BINARY|NO_BINARY_PACKAGE|NO_BUILD|NO_BUILD_PACKAGE|EXCLUDE_NEWER|INDEX_STRATEGY|FORK_STRATEGY"
    r"|NO_SOURCES|TORCH_BACKEND)"
    r"|PIP_(CONSTRAINT|BUILD_CONSTRAINT|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|PRE|NO_BINARY|ONLY_BINARY|PREFER_BINARY"
    r"|UPLOADED_PRIOR_TO)"
)
"""The environment variables that decide which releases uv and pip choose: a pattern, compiled when it is used."""

REDIRECTING_VARIABLE = (
    r"PIP_(?i:TARGET|USER|PREFIX|ROOT|DRY_RUN|NO_DEPS|NO_DEPENDENCIES|EDITABLE|REQUIREMENT|GROUP"
    r"|PYTHON|PYTHON_VERSION|PLATFORM|IMPLEMENTATION|ABI)"
    r"|UV_(SYSTEM_PYTHON|PYTHON|PROJECT|WORKING_DIR)"
    r"|VIRTUALENV_(PYTHON|NO_PIP|WITHOUT_PIP|SYSTEM_SITE_PACKAGES)"
    r"|SOURCE_DATE_EPOCH"
)
"""The environment variables with which an installation ends elsewhere than in the environment that is named.

SOURCE_DATE_EPOCH is for the project's own build; one that is out of range stops the build of a requirement."""

FILE_VARIABLE = (
    r"PIP_(?i:CONSTRAINT|BUILD_CONSTRAINT|FIND_LINKS|CERT|CLIENT_CERT|CONFIG_FILE)"
    r"|UV_(CONSTRAINT|BUILD_CONSTRAINT|OVERRIDE|EXCLUDE|FIND_LINKS|CONFIG_FILE)"
)
"""The environment variables that name files for uv and pip."""

INDEX_UNREACHABLE = (
    r"failed to fetch|error sending request|dns error|connection (refused|reset|error)|timed out|network|tunnel"
    r"|max retries exceeded|name resolution"
)
"""What uv and pip say when an index can't be reached."""

INSTALL_FIX = "make the index reachable, or the requirements satisfiable, and run the session again"


@dataclass(frozen=True)
class Uv:
    """uv, found as nox finds it."""

    program: str
    offline: ClassVar[dict[str, str]] = {"UV_OFFLINE": "1"}
    """The environment variables with which uv answers from its cache, however old the answer."""

    def create(self, environment: Path, python: str) -> tuple[str, ...]:
        """Return the command that makes ``environment`` anew, with this Python."""
        return (self.program, "venv", "--quiet", "--clear", "--python", python, str(environment))

    def install(self, python: Path, *arguments: str) -> tuple[str, ...]:
        """Return the command that installs into the environment of ``python``; arguments are those of pip."""
        return (self.program, "pip", "install", "--quiet", "--python", str(python), *arguments)


@dataclass(frozen=True)
class Pip:
    """virtualenv, which brings a pip of its own into each environment that it makes."""

    offline: ClassVar[dict[str, str]] = {}
    """Empty: pip has no such option."""

    def create(self, environment: Path, python: str) -> tuple[str, ...]:
        """See `Uv`."""
        options = ("--quiet", "--no-periodic-update", "--clear", "--python", python)
        return (*process.module_command("virtualenv"), *options, str(environment))

    def install(self, python: Path, *arguments: str) -> tuple[str, ...]:
        """See `Uv`."""
        quiet = ("--quiet", "--disable-pip-version-check")
        return (str(python), "-m", "pip", "install", *quiet, *arguments)


Installer = Union[Uv, Pip]
"""A tool that makes an environment and installs into it; both give the command, and run nothing."""


def best_installer() -> Installer:
    """Return uv where it is there, else virtualenv and pip."""
    program = find_uv()
    return Uv(program) if program else Pip()


def find_uv() -> str | None:
    """Return the program of uv: of ``$UV``, of the package uv in this environment, or of PATH, as nox looks for it."""
    named = process.user_environment().get("UV")
    if named is None:
        with contextlib.suppress(ImportError, FileNotFoundError):
            # The package of a tool that need not be there.
            from uv import find_uv_bin  # noqa: PLC0415

            return str(find_uv_bin())
    return shutil.which(named or "uv")


def installer_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment of variables in which no variable redirects the installations of uv, pip and virtualenv."""
    kept = {name: value for name, value in environ.items() if not re.fullmatch(REDIRECTING_VARIABLE, name)}
    # The value of a variable wins over that of a pip.conf.
    return {**kept, "PIP_USER": "0"}


def create_environment(installer: Installer, environment: Path, python: str = sys.executable) -> None:
    """Make a virtual environment anew, with the running Python by default. Raises `InstallFailed`."""
    environment.parent.mkdir(parents=True, exist_ok=True)
    command, env = installer.create(environment, python), installer_environment(process.user_environment())
    done = process.attempt(command, cwd=environment.parent, env=env)
    if done.returncode:
        missing = _missing_files(env, environment.parent, done.output + done.errors)
        unset = f"unset {' '.join(missing)}; or " if missing else ""
        raise ToolError(
            f"{environment} could not be made:\n{last_lines(redact(done.output + done.errors))}",
            code="InstallFailed",
            fix=MAKE_ROOM
            if lacks_room(done.output + done.errors)
            else f"{unset}correct what the message names; if that is the Python, install another and seatrial in it",
        )


def install_requirements(
    installer: Installer, python: Path, arguments: Sequence[str], *, cwd: Path, fix: str = INSTALL_FIX
) -> bool:
    """Install into the environment of ``python``; arguments are those of pip.

    An index that can't be reached does no harm when the cache has everything: returns True when it was so.
    Raises `InstallFailed` with the last lines of the tool.
    """
    command, env = installer.install(python, *arguments), installer_environment(process.user_environment())
    done = process.attempt(command, cwd=cwd, env=env)
    if not done.returncode:
        return False
    if installer.offline and re.search(INDEX_UNREACHABLE, done.errors + done.output, re.IGNORECASE):
        again = process.attempt(command, cwd=cwd, env={**env, **installer.offline})
        if not again.returncode:
            return True
    output = last_lines(redact(done.output + done.errors))
    if lacks_room(output):
        fix = MAKE_ROOM
    # The variables with which pip and uv are given the options that the output names.
    options = sorted(set(re.findall(r"(?<![\w-])--([a-z][a-z-]*[a-z])", output)))
    variables = (f"{tool}_{option.upper().replace('-', '_')}" for option in options for tool in ("PIP", "UV"))
    switches = [name for name in variables if name in env] + _missing_files(env, cwd, output)
    raise ToolError(
        f"{process.render_command(command)} failed:\n{output}",
        code="InstallFailed",
        fix=f"unset {' '.join(switches)}; or {fix}" if switches else fix,
    )


def _missing_files(environ: Mapping[str, str], cwd: Path, output: str) -> list[str]:
    """Return the variables of uv and pip with files that an output names, and that do not exist."""
    named = (name for name in environ if re.fullmatch(FILE_VARIABLE, name))
    words = [(name, word) for name in named for word in environ[name].split() if "://" not in word]
    return sorted({name for name, word in words if Path(word).name in output and not (cwd / word).exists()})


def python_of(environment: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


STAMP = "seatrial.json"
"""The file in an environment that says what it holds; it is there only while that is true."""


@dataclass(frozen=True)
class StampedEnvironment:
    """A virtual environment with a note of what it holds.

    The note is removed before a change and written after it, so that a change that is cut short is noticed.
    """

    path: Path
    installer: Installer

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return python_of(self.path)

    def read(self) -> dict[str, Any] | None:
        """Return what it holds; None when that is not known."""
        return read_json(self.path / STAMP)

    @contextlib.contextmanager
    def changing(self, contents: Mapping[str, Any]) -> Iterator[None]:
        """Remove the note, and write one with ``contents`` when the change is complete."""
        (self.path / STAMP).unlink(missing_ok=True)
        yield
        write_json(self.path / STAMP, contents)

    def install(self, arguments: Sequence[str], fix: str = INSTALL_FIX) -> bool:
        """Install into it; see `install_requirements`."""
        if not arguments:
            return False
        return install_requirements(self.installer, self.python, arguments, cwd=self.path, fix=fix)
