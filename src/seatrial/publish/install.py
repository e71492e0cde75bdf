"""Installs a release from an index into an empty environment, as a user would."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import Version

from seatrial import process
from seatrial.errors import CommandFailed, NotUsable, ToolError
from seatrial.index.destination import LOOPBACK
from seatrial.installer import best_installer, python_of
from seatrial.project.version_places import is_version
from seatrial.pythons import Interpreter, find_interpreters, virtualenv_supports
from seatrial.redaction import redact

if TYPE_CHECKING:
    from typing_extensions import Self

    from seatrial.distributions.distribution import Distribution
    from seatrial.process import Completed


IMPORT_SCRIPT = """\
import importlib, importlib.metadata, json, sys
name, modules = sys.argv[1], sys.argv[2:]
distribution = importlib.metadata.distribution(name)
# The modules of an sdist are unknown: then they are those at the top of site-packages.
tops = {file.parts[0].partition(".")[0] for file in distribution.files or () if file.suffix in (".py", ".so", ".pyd")
        and (len(file.parts) == 1 or file.parts[1:] == ("__init__.py",))}
modules = modules or sorted(top for top in tops if top.isidentifier())
versions = {}
# Modules may print when they are imported.
out, sys.stdout = sys.stdout, sys.stderr
for module in modules:
    version = getattr(importlib.import_module(module), "__version__", None)
    versions[module] = version if isinstance(version, str) else None
scripts = [point.name for point in distribution.entry_points if point.group == "console_scripts"]
extras = distribution.metadata.get_all("Provides-Extra") or []
result = {"version": distribution.version, "modules": versions, "scripts": sorted(scripts), "extras": extras}
print(json.dumps(result), file=out)
"""
"""The script that imports the modules in the new environment, and prints what it finds as JSON."""

SCRIPT_TIMEOUT = 60
"""Seconds that a console script may take to print its help."""


@dataclass(frozen=True)
class InstallRequest:
    """A release to install.

    ``modules``: those that it contains, none where that is unknown; ``hashes``: the SHA-256 of its files; ``index``:
    the address of the index that has it; ``has_wheel``: whether it is installed without a build; ``members``: the
    requirements that the same repository has, for the case that no index has them.
    """

    name: str
    version: str
    modules: tuple[str, ...]
    hashes: tuple[str, ...]
    index: str
    has_wheel: bool = True
    members: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, version: str, files: Sequence[Distribution], index: str) -> InstallRequest:
        """Return the request for a release with these files."""
        modules = next((file.modules() for file in files if file.is_wheel), ())
        importable = tuple(module for module in modules if all(part.isidentifier() for part in module.split(".")))
        has_wheel = any(file.is_wheel for file in files)
        return cls(name, version, importable, tuple(file.sha256 for file in files), index, has_wheel)


@dataclass(frozen=True)
class StartedScript:
    """A console script: the command that started it, and the extras that it needed."""

    command: tuple[str, ...]
    extras: tuple[str, ...] = ()

    def __str__(self) -> str:
        extras = f", with the extra {' and '.join(self.extras)}" if self.extras else ""
        return f"{' '.join(self.command)}{extras}"


@dataclass(frozen=True)
class InstalledRelease:
    """An installation on one Python: the modules that were imported, and the console scripts that were started.

    ``members``: the requirements that came from the repository, because no index has them.
    """

    python: str
    version: str
    modules: tuple[str, ...]
    scripts: tuple[StartedScript, ...]
    members: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return {
            "python": self.python,
            "version": self.version,
            "modules": list(self.modules),
            "scripts": [{"command": list(script.command), "extras": list(script.extras)} for script in self.scripts],
        }

    def __str__(self) -> str:
        uses = [*(f"import {module}" for module in self.modules), *map(str, self.scripts)]
        return f"Python {self.python}: {', '.join(uses) or 'nothing to import'}"


def interpreters_to_install_on(pythons: Iterable[str], environ: Mapping[str, str]) -> tuple[Interpreter, ...]:
    """Return those of the Pythons that are installed, and for which `install_release` can make an environment."""
    return find_interpreters(filter(virtualenv_supports, pythons), environ)


def install_release(isolated: IsolatedFolder, interpreter: Interpreter, request: InstallRequest) -> InstalledRelease:
    """Install a release in a new environment, import its modules and start its console scripts.

    pip installs the project itself from the index alone, with the hashes of its files; its dependencies come from the
    user's own index. Raises `InstallFailed` or `NotUsable`.
    """
    folder = isolated.folder / f"installed-{interpreter.version}"
    options = ("--quiet", "--no-periodic-update", "--python", str(interpreter.path))
    _run(isolated, *process.module_command("virtualenv"), *options, str(folder))
    python, requirement = python_of(folder), f"{request.name}=={request.version}"
    _install_from_index(isolated, python, request, folder / "requirement.txt")
    members = install_dependencies(isolated, python, requirement, request.members)
    script = (str(python), "-I", "-c", IMPORT_SCRIPT, request.name, *request.modules)
    try:
        result = json.loads(isolated.run(*script, cwd=folder, seconds=SCRIPT_TIMEOUT))
    except (CommandFailed, ValueError) as error:
        why = error.what if isinstance(error, CommandFailed) else "  a module of it ends the program"
        raise NotUsable(
            f"{requirement} is installed on Python {interpreter.version} and can't be imported:\n{why}",
            fix="add what is missing to the wheel, or to dependencies",
        ) from None
    _require_version(request, {"its metadata": result["version"], **result["modules"]}, interpreter.version)
    extras = {f"{request.name}[{extra}]=={request.version}": extra for extra in result["extras"]}
    scripts = tuple(_start_with_extra(isolated, python, name, extras) for name in result["scripts"])
    return InstalledRelease(interpreter.version, result["version"], tuple(result["modules"]), scripts, members)


def install_dependencies(
    isolated: IsolatedFolder, python: Path, requirement: str, members: tuple[str, ...]
) -> tuple[str, ...]:
    """Install what a release requires; return what came from the repository. Raises `InstallFailed`."""
    try:
        _run(isolated, *best_installer().install(python, requirement))
    except ToolError:
        if not members:
            raise
        _run(isolated, *best_installer().install(python, requirement, *members))
        return members
    return ()


def _install_from_index(isolated: IsolatedFolder, python: Path, request: InstallRequest, path: Path) -> None:
    """Install the project without its dependencies; ``path``: a file for the requirement and its hashes."""
    # The requirements of an sdist's build come from the user's own index; the hashes keep any other sdist out.
    option = "--index-url" if request.has_wheel else "--extra-index-url"
    hashes = " ".join(f"--hash=sha256:{sha256}" for sha256 in request.hashes)
    # The address can hold a password, and every user of the machine sees the arguments of a command.
    path.write_text(f"{option} {request.index}\n{request.name}=={request.version} {hashes}", encoding="utf-8")
    pip = (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir")
    requirement = ("--no-deps", "--require-hashes", "--requirement", str(path))
    if request.has_wheel:
        _run(isolated.with_index(request.index), *pip, "--isolated", *requirement)
    else:
        _run(isolated, *pip, *requirement)
    path.unlink()


def _require_version(request: InstallRequest, versions: Mapping[str, str | None], python: str) -> None:
    """Raise `NotUsable` for a module, or metadata, with another version; None for a module without one."""
    named = {name: version for name, version in versions.items() if version is not None}
    others = {name: version for name, version in named.items() if not _is_same(version, request.version)}
    wrong = [f"{version} in {name}" for name, version in others.items()]
    if wrong:
        raise NotUsable(
            f"{request.name}=={request.version} says another version of itself on Python {python}: {', '.join(wrong)}",
            fix="list the file in the settings: see docs/settings.md, Version files",
        )


def _is_same(version: str, other: str) -> bool:
    return is_version(version) and Version(version) == Version(other)


def _start_with_extra(isolated: IsolatedFolder, python: Path, script: str, extras: Mapping[str, str]) -> StartedScript:
    """Start a console script; when it names an extra that it needs, with that extra. Raises `NotUsable`.

    ``extras``: the extras of the project by their requirements.
    """
    try:
        return StartedScript(_start(isolated, python.parent, script))
    except NotUsable as error:
        needed = {requirement: extra for requirement, extra in extras.items() if f"[{extra}]" in error.what}
        if not needed:
            raise
        _run(isolated, *best_installer().install(python, *needed))
    return StartedScript(_start(isolated, python.parent, script), tuple(needed.values()))


def _start(isolated: IsolatedFolder, folder: Path, script: str) -> tuple[str, str]:
    """Start the console script in a folder, and return the command that worked. Raises `NotUsable`."""
    failure = None
    for option in ("--help", "--version"):
        try:
            done = isolated.attempt(str(folder / script), option, cwd=folder.parent, seconds=SCRIPT_TIMEOUT)
        except CommandFailed as error:
            raise NotUsable(
                f"the console script {script} does not start: {error.output}", fix="correct the script"
            ) from None
        if not done.returncode:
            return (script, option)
        failure = failure or CommandFailed(f"{script} {option}", done.returncode, done.output + done.errors).what
    raise NotUsable(
        f"the console script {script} starts neither with --help nor with --version:\n{failure}",
        fix="correct the script, or its entry in [project.scripts]",
    )


def _run(isolated: IsolatedFolder, *args: str) -> None:
    try:
        isolated.run(*args, cwd=isolated.folder)
    except CommandFailed as error:
        raise ToolError(
            error.what, code="InstallFailed", fix="make the index reachable, or the requirements satisfiable"
        ) from None


PROXIES = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class IsolatedFolder:
    """A temporary folder, and the ``environment`` of the commands that run in it, uploads excepted."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def home(self) -> Path:
        """The folder in which a command runs by default."""
        return self.folder

    def run(self, *args: str, cwd: Path | None = None, seconds: float | None = None) -> str:
        """Run a command, and return its standard output. Raises `CommandFailed`."""
        done = self.attempt(*args, cwd=cwd, seconds=seconds)
        if done.returncode:
            raise CommandFailed(process.render_command(args), done.returncode, redact(done.output + done.errors))
        return done.output

    def attempt(self, *args: str, cwd: Path | None = None, seconds: float | None = None) -> Completed:
        """Run a command, and return how it went. Raises `CommandFailed` as `process.run_detached` does."""
        return process.run_detached(args, cwd=cwd or self.home, env=self.environment, seconds=seconds)

    def with_index(self, index: str) -> Self:
        """Return the same folder for a command that installs from one index alone, without the user's settings."""
        # An index on this machine is not behind a proxy.
        is_local = index.startswith(LOOPBACK)
        dropped = ("PIP_", "UV_", *(PROXIES if is_local else ()))
        kept = {name: value for name, value in self.environment.items() if not name.upper().startswith(dropped)}
        proxy = {"NO_PROXY": "127.0.0.1"} if is_local else {}
        return replace(self, environment={**kept, **proxy, "PIP_CONFIG_FILE": os.devnull})
