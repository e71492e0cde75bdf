"""Installs a release from an index into an empty environment, as a user would."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.version import Version

from seatrial import process
from seatrial.errors import CommandFailed, NotUsable, ToolError
from seatrial.index.client import LOOPBACK
from seatrial.installer import best_installer, python_of
from seatrial.project.version_files import is_version
from seatrial.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from typing_extensions import Self

    from seatrial.distributions.distribution import Distribution
    from seatrial.process import Completed
    from seatrial.pythons import Interpreter


IMPORT_SCRIPT = """\
import importlib, importlib.metadata, json, sys
name, modules = sys.argv[1], sys.argv[2:]
found = importlib.metadata.distribution(name)
# An sdist does not tell what it brings: then it is what lies at the top of site-packages now.
tops = {file.parts[0].partition(".")[0] for file in found.files or () if file.suffix in (".py", ".so", ".pyd")
        and (len(file.parts) == 1 or file.parts[1:] == ("__init__.py",))}
modules = modules or sorted(top for top in tops if top.isidentifier())
told = {}
# What a module prints when it is imported is none of what is told here.
out, sys.stdout = sys.stdout, sys.stderr
for module in modules:
    said = getattr(importlib.import_module(module), "__version__", None)
    told[module] = said if isinstance(said, str) else None
scripts = [one.name for one in found.entry_points if one.group == "console_scripts"]
extras = found.metadata.get_all("Provides-Extra") or []
print(json.dumps({"version": found.version, "modules": told, "scripts": sorted(scripts), "extras": extras}), file=out)
"""
"""What is run in the new environment: it imports, and says what it has found."""

SCRIPT_TIMEOUT = 60
"""Seconds that a program may take to say how it is used."""


@dataclass(frozen=True)
class InstallRequest:
    """What is to be installed.

    ``modules``: those that it brings, none where that is not known; ``hashes``: the SHA-256 of its files; ``index``:
    the one that has it;
    ``is_ready``: whether there is a wheel, so that nothing has to be built first.
    """

    name: str
    version: str
    modules: tuple[str, ...]
    hashes: tuple[str, ...]
    index: str
    is_ready: bool = True

    @classmethod
    def of(cls, name: str, version: str, files: Sequence[Distribution], index: str) -> InstallRequest:
        """Return what the files of a release bring."""
        modules = next((one.modules() for one in files if one.is_wheel), ())
        importable = tuple(one for one in modules if all(part.isidentifier() for part in one.split(".")))
        is_ready = any(one.is_wheel for one in files)
        return cls(name, version, importable, tuple(one.sha256 for one in files), index, is_ready)


@dataclass(frozen=True)
class InstalledRelease:
    """What was installed on one Python: modules that were imported, and console scripts with what started them."""

    python: str
    version: str
    modules: tuple[str, ...]
    scripts: tuple[str, ...]


def install_release(place: IsolatedFolder, interpreter: Interpreter, wanted: InstallRequest) -> InstalledRelease:
    """Install, import and start what was published.

    The project itself comes from the index with pip, which knows of no other place and of the hashes; what it needs
    comes from where the user's packages come from. Raises `InstallFailed` or `NotUsable`.
    """
    folder = place.folder / f"installed-{interpreter.version}"
    made = (*process.module_command("virtualenv"), "--quiet", "--no-periodic-update", "--python", str(interpreter.path))
    _run_in(place, *made, str(folder))
    python = python_of(folder)
    requirement = f"{wanted.name}=={wanted.version}"
    pip = (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir")
    hashed = folder / "requirement.txt"
    # What an sdist is built with comes from where the user's packages come from; the hash says what else may be taken.
    which = "--index-url" if wanted.is_ready else "--extra-index-url"
    # The address can hold a password, and every user of the machine sees the arguments of a command.
    told = [f"{which} {wanted.index}", " ".join([requirement, *(f"--hash=sha256:{one}" for one in wanted.hashes)])]
    hashed.write_text("\n".join(told), encoding="utf-8")
    what = ("--no-deps", "--require-hashes", "--requirement", str(hashed))
    if wanted.is_ready:
        _run_in(place.asking_only(wanted.index), *pip, "--isolated", *what)
    else:
        _run_in(place, *pip, *what)
    hashed.unlink()
    _run_in(place, *best_installer().install(python, requirement))
    try:
        said = json.loads(
            place.run(
                str(python), "-I", "-c", IMPORT_SCRIPT, wanted.name, *wanted.modules, cwd=folder, seconds=SCRIPT_TIMEOUT
            )
        )
    except (CommandFailed, ValueError) as error:
        why = error.what if isinstance(error, CommandFailed) else "  a module of it ends the program"
        raise NotUsable(
            f"{requirement} is installed on Python {interpreter.version} and can't be imported:\n{why}",
            fix="add what is missing to the wheel, or to dependencies",
        ) from None
    _require_version(wanted, {"its metadata": said["version"], **said["modules"]}, interpreter.version)
    extras = {f"{wanted.name}[{extra}]=={wanted.version}": extra for extra in said["extras"]}
    scripts = tuple(_started_somehow(place, python, script, extras) for script in said["scripts"])
    return InstalledRelease(interpreter.version, said["version"], tuple(said["modules"]), scripts)


def _require_version(wanted: InstallRequest, said: Mapping[str, str | None], python: str) -> None:
    """Raise `NotUsable` for a module, or metadata, that names another version than the one that was asked for."""
    told = {name: text for name, text in said.items() if text is not None}
    wrong = [f"{text} in {name}" for name, text in told.items() if not _is_same(text, wanted.version)]
    if wrong:
        raise NotUsable(
            f"{wanted.name}=={wanted.version} says another version of itself on Python {python}: {', '.join(wrong)}",
            fix="let seatrial know the place: see docs/settings.md, Where the version stands",
        )


def _is_same(said: str, version: str) -> bool:
    return is_version(said) and Version(said) == Version(version)


def _started_somehow(place: IsolatedFolder, python: Path, script: str, extras: Mapping[str, str]) -> str:
    """Start a console script; where it says which extra it needs, with that extra. Raises `NotUsable`.

    ``extras``: those that there are, by the requirement that brings each.
    """
    try:
        return _started(place, python.parent, script)
    except NotUsable as error:
        named = [wanted for wanted, extra in extras.items() if f"[{extra}]" in error.what]
        if not named:
            raise
        _run_in(place, *best_installer().install(python, *named))
    return f"{_started(place, python.parent, script)}, with the extra {' and '.join(extras[one] for one in named)}"


def _started(place: IsolatedFolder, programs: Path, script: str) -> str:
    """Start a console script, and return what it was started with. Raises `NotUsable`."""
    said, cwd = "", programs.parent
    for option in ("--help", "--version"):
        try:
            done = place.attempt(str(programs / script), option, cwd=cwd, seconds=SCRIPT_TIMEOUT)
        except CommandFailed as error:
            raise NotUsable(f"the console script {script} does not start: {error.output}", fix="mend it") from None
        if not done.returncode:
            return f"{script} {option}"
        said = said or CommandFailed(f"{script} {option}", done.returncode, done.output + done.errors).what
    raise NotUsable(
        f"the console script {script} starts neither with --help nor with --version:\n{said}",
        fix="mend it, or what it is named as in [project.scripts]",
    )


def _run_in(place: IsolatedFolder, *args: str) -> None:
    try:
        place.run(*args, cwd=place.folder)
    except CommandFailed as error:
        raise ToolError(
            error.what, code="InstallFailed", fix="make the index reachable, or the requirements satisfiable"
        ) from None


PROXIES = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class IsolatedFolder:
    """``folder`` holds all of it; ``environment`` is for every child that is no upload."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def home(self) -> Path:
        """The folder in which a command runs that names none."""
        return self.folder

    def run(self, *args: str, cwd: Path | None = None, seconds: float | None = None) -> str:
        """Run a command here. Raises `CommandFailed`."""
        done = self.attempt(*args, cwd=cwd, seconds=seconds)
        if done.returncode:
            raise CommandFailed(process.render_command(args), done.returncode, redact(done.output + done.errors))
        return done.output

    def attempt(self, *args: str, cwd: Path | None = None, seconds: float | None = None) -> Completed:
        """Run a command here and return how it went. Raises `CommandFailed` as `shell.apart` does."""
        return process.run_detached(args, cwd=cwd or self.home, env=self.environment, seconds=seconds)

    def asking_only(self, index: str) -> Self:
        """Return the same place for a child that is to install from one index: no other, and no setting.

        An index on this machine is not behind a proxy.
        """
        is_here = index.startswith(LOOPBACK)
        leading = ("PIP_", "UV_", *(PROXIES if is_here else ()))
        kept = {name: value for name, value in self.environment.items() if not name.upper().startswith(leading)}
        alone = {"NO_PROXY": "127.0.0.1"} if is_here else {}
        return replace(self, environment={**kept, **alone, "PIP_CONFIG_FILE": os.devnull})
