"""Installs into the environment that nox created for a session, unless it is up to date."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from seatrial import process
from seatrial.errors import ToolError
from seatrial.git.command import is_hidden
from seatrial.installer import (
    INSTALL_FIX,
    RESOLUTION_VARIABLE,
    Installer,
    Pip,
    StampedEnvironment,
    Uv,
    create_environment,
    find_uv,
)
from seatrial.project import requirements
from seatrial.project.requirements import find_lock_file, has_sources, locked_requirements
from seatrial.pythons import Interpreter
from seatrial.sessions.build import built_distributions, state_folder
from seatrial.sessions.registration import current_project, log_of
from seatrial.storage import read_json, write_json

if TYPE_CHECKING:
    import nox

    from seatrial.distributions.cache import BuiltDistributions
    from seatrial.distributions.distribution import Distribution


def resolve_groups(groups: Sequence[str], *needed: str | None) -> tuple[str, ...]:
    """Return the requirements of dependency groups, and those of ``needed``, names of projects, that they lack.

    Raises `GroupMissing` or `GroupInvalid`.
    """
    in_groups = current_project().requirements(groups)
    names = {canonicalize_name(Requirement(text).name) for text in in_groups}
    return (*in_groups, *(name for name in needed if name and canonicalize_name(name) not in names))


def locked_pins(session: nox.Session, *, locked: bool) -> tuple[str, ...]:
    """Return the versions in the lock file of the project, none unless ``locked``. Raises `PyprojectUnreadable`.

    A lock file that git ignores does not count, because a release and CI do not have it. The result is kept next to
    nox's environments, because reading a long lock file takes longer than using an environment that is up to date.
    """
    path = find_lock_file(current_project()) if locked else None
    if path is None or is_hidden(path.parent, path.name):
        return ()
    try:
        # Another release of seatrial may read it differently.
        content = hashlib.sha256(path.read_bytes() + Path(requirements.__file__).read_bytes()).hexdigest()
    except OSError:
        # This raises an error that names the file.
        return locked_requirements(path)
    kept = state_folder(session) / "lock.json"
    before = read_json(kept) or {}
    if before.get("content") == content and isinstance(before.get("pins"), list):
        return tuple(map(str, before["pins"]))
    pins = locked_requirements(path)
    write_json(kept, {"content": content, "pins": pins})
    return pins


def fill_environment(session: nox.Session, installed: Sequence[str], pins: Sequence[str] = ()) -> None:
    """Make sure that the environment of a session has the requirements ``installed``, in the versions of ``pins``.

    Raises `InstallFailed`.
    """
    python, installer = _python(session), _installer(session)
    contents = EnvironmentContents(
        str(python.resolve()),
        repr(installer),
        requirements=(*_from_sources(session, installed, None), *installed),
        constraints=tuple(pins),
    )
    _update(session, StampedEnvironment(_folder(session), installer), contents, None)


def fill_with_wheel(
    session: nox.Session, installed: Sequence[str], extras: Sequence[str], pins: Sequence[str] = ()
) -> BuiltDistributions:
    """Make sure that the environment of a session has the requirements ``installed`` and the wheel of the current tree.

    Returns the distributions. Raises `BuildError` or `InstallFailed`.
    """
    from seatrial.distributions.build import wheel_for_python  # noqa: PLC0415 - as in built_distributions()

    python, installer = _python(session), _installer(session)
    here = Interpreter(str(session.python), python.resolve()) if session.python else None
    built = built_distributions(session, here)
    wheel = built.wheel
    if here:
        wheel = wheel_for_python(built, here, state_folder(session), log_of(session))
    contents = EnvironmentContents(
        str(python.resolve()),
        repr(installer),
        # pip looks at an index for a name before it reads that a later argument has its address.
        requirements=(*_from_sources(session, (*installed, *built.requirements), here), *installed),
        extras=tuple(extras),
        needs=built.requirements,
        modules=built.modules,
        wheel=f"{wheel.path.name} {wheel.sha256}",
        constraints=tuple(pins),
    )
    _update(session, StampedEnvironment(_folder(session), installer), contents, wheel)
    return built


def _from_sources(session: nox.Session, needed: Sequence[str], python: Interpreter | None) -> tuple[str, ...]:
    """Return the requirements that come from the sources that the project names, most projects none."""
    if not has_sources(current_project()):
        return ()
    from seatrial.distributions.build import source_requirements  # noqa: PLC0415 - as in built_distributions()

    return source_requirements(current_project(), needed, python, state_folder(session), log_of(session))


def require_command(session: nox.Session, command: Sequence[str], groups: Sequence[str]) -> None:
    """Raise `CommandMissing` for a command that the environment lacks, unless it is a path.

    nox would run one from PATH, with another Python, on the source tree.
    """
    program = command[0]
    if os.path.dirname(program) or shutil.which(program, path=session.bin):  # noqa: PTH120 - "./x" keeps its dot
        return
    group = next(iter(groups), "test")
    raise ToolError(
        f"{program} is not in the environment of {session.name}: nothing in the group {group} brings it",
        code="CommandMissing",
        fix=f'[dependency-groups]\n{group} = ["{program}"]',
    )


def _update(
    session: nox.Session, environment: StampedEnvironment, contents: EnvironmentContents, wheel: Distribution | None
) -> None:
    current = EnvironmentContents.of(environment)
    work = contents.work(current)
    if work is Work.NOTHING:
        return
    if _installs_nothing(session):
        if wheel and (current is None or current.wheel != contents.wheel):
            raise ToolError(
                f"{session.name} has no environment with {wheel.path.name} as it is now, and -R installs nothing",
                code="EnvironmentMissing",
                fix=f"nox -s {session.name}",
            )
        session.warn("-R installs nothing: this runs with what an earlier run installed")
        return
    if work is Work.EVERYTHING and not is_bare(environment.path):
        _recreate(session)
    names = [wheel.path.name] if wheel else []
    what = ", ".join(names if work is Work.WHEEL else [*contents.requirements, *names])
    if what:
        session.log(f"installing {what}")
    if _fill(environment, contents, wheel, work):
        session.warn("the index can't be reached: installed from the cache of uv")


def _installs_nothing(session: nox.Session) -> bool:
    """Whether nox runs with ``--no-install`` (``-R``): then `run_install` runs nothing and returns None.

    The option itself is not public; what `run_install` does with it is (nox, "Session").
    """
    return session.run_install("python", "--version", silent=True, log=False) is None


def _recreate(session: nox.Session) -> None:
    """Make the environment of a session anew, where uv or virtualenv can make it."""
    if session.venv_backend in {"uv", "virtualenv", "venv"}:
        python = shutil.which(f"python{session.python}") or session.python or sys.executable
        create_environment(_installer(session), _folder(session), str(python))


def _folder(session: nox.Session) -> Path:
    return Path(session.bin).parent


def _python(session: nox.Session) -> Path:
    """Return the interpreter of a session's environment, which is recreated if it has another Python than PATH."""
    if session.venv_backend == "none":
        raise ToolError(
            f"{session.name} needs an environment of its own",
            code="EnvironmentMissing",
            fix="run nox without --no-venv",
        )
    python = Path(session.bin, "python.exe" if sys.platform == "win32" else "python")
    first = shutil.which(f"python{session.python}")
    is_another = first and python.is_symlink() and python.resolve() != Path(first).resolve()
    if is_another and not _installs_nothing(session):
        _recreate(session)
    return python


def _installer(session: nox.Session) -> Installer:
    program = find_uv() if session.venv_backend == "uv" else None
    return Uv(program) if program else Pip()


CONSTRAINTS = "constraints.txt"
"""The file in an environment with the versions of a lock file."""

LOCK_FIX = "where the lock file is older than they are: lock again; to do without it: locked=False in the noxfile"
"""A further fix for an installation that fails, if a lock file is used."""


class Work(Enum):
    """The work that an environment needs."""

    NOTHING = "nothing"
    WHEEL = "wheel"
    EVERYTHING = "everything"


@dataclass(frozen=True)
class EnvironmentContents:
    """The contents of an environment.

    ``python``: the real path of the interpreter; ``requirements``: those of the dependency groups; ``needs``: those
    of the wheel; ``modules``: those that only the wheel provides; ``wheel``: its file name and SHA-256;
    ``constraints``: the versions of a lock file; ``settings``: a hash of the environment variables that decide what an
    installer chooses.
    """

    python: str
    installer: str
    requirements: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    wheel: str = ""
    constraints: tuple[str, ...] = ()
    settings: str = field(default_factory=lambda: process.hash_of_variables(RESOLUTION_VARIABLE))

    @classmethod
    def of(cls, environment: StampedEnvironment) -> EnvironmentContents | None:
        """Return the contents of an environment; None if they are unknown, because an installation was interrupted."""
        stamp = environment.read() or {}
        fields: Any = {key: tuple(value) if isinstance(value, list) else value for key, value in stamp.items()}
        try:
            return cls(**fields)
        except TypeError:
            return None

    def work(self, current: EnvironmentContents | None) -> Work:
        """Return the work that turns the current contents of an environment into these.

        If only the wheel differs, only the wheel is replaced; otherwise the environment is recreated, because
        requirements that were removed must be gone too.
        """
        if current == self:
            return Work.NOTHING
        if current is not None and replace(current, wheel=self.wheel, modules=self.modules) == self:
            return Work.WHEEL
        return Work.EVERYTHING


def _fill(
    environment: StampedEnvironment, contents: EnvironmentContents, wheel: Distribution | None, work: Work
) -> bool:
    """Do the work: install the requirements and the wheel, and write the finder for its modules.

    Returns whether the index could not be reached, and everything came from the cache. Raises `InstallFailed`.
    """
    before = EnvironmentContents.of(environment)
    extras = f"[{','.join(contents.extras)}]" if contents.extras else ""
    # A URL, because # and ; in a path have a meaning in a requirement.
    wheels = [f"{wheel.project}{extras} @ {wheel.path.as_uri()}"] if wheel else []
    fix = f"{INSTALL_FIX}\n{LOCK_FIX}" if contents.constraints else INSTALL_FIX
    wheel_options = ("--no-deps", "--force-reinstall")
    with environment.changing(asdict(contents)):
        arguments = (*(wheel_options if work is Work.WHEEL else _pinned(environment, contents)), *wheels)
        is_offline = environment.install(arguments, fix)
        if work is Work.EVERYTHING or before is None or before.modules != contents.modules:
            write_finder(site_packages(environment.path), contents.modules)
    return is_offline


def _pinned(environment: StampedEnvironment, contents: EnvironmentContents) -> tuple[str, ...]:
    """Return the arguments of the installer, with the constraints in a file of the environment."""
    if not contents.constraints:
        return contents.requirements
    file = environment.path / CONSTRAINTS
    file.write_text("\n".join([*contents.constraints, ""]), encoding="utf-8")
    return (*contents.requirements, "--constraint", str(file))


def site_packages(environment: Path) -> Path:
    """Return the folder that packages are installed into in an environment."""
    return next(environment.glob(SITE_PACKAGES))


SITE_PACKAGES = "Lib/site-packages" if sys.platform == "win32" else "lib/*/site-packages"


def is_bare(environment: Path) -> bool:
    """Whether an environment has only the packages that it was created with."""
    initial = ("pip-", "setuptools-", "wheel-", "_virtualenv")
    names = [info.name for folder in environment.glob(SITE_PACKAGES) for info in folder.glob("*.dist-info")]
    return all(name.startswith(initial) for name in names)


NAME = "_seatrial_wheel_finder"
"""A finder that makes tests import the wheel, whatever ``sys.path`` contains.

pytest puts the folder of a ``conftest.py`` at the front of ``sys.path``, ``pythonpath = ["src"]`` does so with
the sources, ``python -m pytest`` with the current folder. Then the source tree is tested, which never lacks a file,
and not the wheel. So each test environment gets a finder that comes first for the wheel's modules. Tests inside the
package that the wheel lacks are found in the source tree.
"""

TREE_VARIABLE = "SEATRIAL_SOURCE_TREE"
"""The environment variable that names the folder of the source tree, in which tests are found."""

SOURCE = '''\
"""Written by seatrial: the modules of the wheel are found in site-packages, wherever sys.path leads."""
import os
import sys
from importlib.machinery import PathFinder

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = frozenset({modules!r})
TESTS = frozenset(("tests", "test", "conftest"))


def find_tests(name, target):
    """Find tests inside a package of the wheel that the wheel lacks."""
    tree, (head, _, last) = os.environ.get("{variable}"), name.rpartition(".")
    if not tree or last not in TESTS or not any((head + ".").startswith(module + ".") for module in MODULES):
        return None
    parts = head.split(".")
    if PathFinder.find_spec(name, [os.path.join(HERE, *parts)], target):
        return None
    return PathFinder.find_spec(name, [os.path.join(tree, top, *parts) for top in ("src", "")], target)


class WheelFinder:
    """Answers for MODULES before anybody else does."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in MODULES:
            return find_tests(name, target)
        folder = os.path.join(HERE, *name.split(".")[:-1])
        spec = PathFinder.find_spec(name, [folder], target)
        if spec is None:
            raise ModuleNotFoundError("No module named %r in the wheel" % name, name=name)
        return spec


sys.meta_path.insert(0, WheelFinder)
'''


def write_finder(site_packages: Path, modules: Sequence[str]) -> None:
    """Write the finder for ``modules``, dotted names, into an environment; for none, remove it.

    A ``.pth`` file loads it whenever that Python starts (the site module's documentation).
    """
    source, loader = site_packages / f"{NAME}.py", site_packages / f"{NAME}.pth"
    loader.unlink(missing_ok=True)
    source.unlink(missing_ok=True)
    if modules:
        source.write_text(SOURCE.format(modules=sorted(modules), variable=TREE_VARIABLE), encoding="utf-8")
        loader.write_text(f"import {NAME}\n", encoding="utf-8")
