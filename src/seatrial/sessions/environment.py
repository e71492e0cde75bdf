"""Fills the environment that nox made for a session, and keeps one that is up to date."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nox.virtualenv import VirtualEnv
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from seatrial import process
from seatrial.errors import ToolError
from seatrial.git.command import is_hidden
from seatrial.installer import INSTALL_FIX, INSTALLER_VARIABLE, Pip, Uv, find_uv, install_requirements
from seatrial.project import requirements
from seatrial.project.requirements import find_lock_file, locked_requirements
from seatrial.pythons import Interpreter
from seatrial.sessions.build import built_distributions, state_folder
from seatrial.sessions.registration import current_project, log_of
from seatrial.sessions.wheel_finder import write_finder

if TYPE_CHECKING:
    from collections.abc import Sequence

    import nox

    from seatrial.distributions.cache import BuiltDistributions
    from seatrial.distributions.distribution import Distribution
    from seatrial.installer import Installer


def resolve_groups(groups: Sequence[str], *needed: str) -> tuple[str, ...]:
    """Resolve dependency groups; add each of ``needed``, names of projects, that none of them asks for.

    Raises `GroupMissing` or `GroupInvalid`.
    """
    found = current_project().requirements(groups)
    names = {canonicalize_name(Requirement(text).name) for text in found}
    return (*found, *(name for name in needed if name and canonicalize_name(name) not in names))


def locked_pins(session: nox.Session, *, locked: bool) -> tuple[str, ...]:
    """Return what the lock file of the project pins, nothing unless ``locked``. Raises `PyprojectUnreadable`.

    A lock file that git ignores pins nothing: a release, and CI, does not have it. What is read is kept beside nox's
    environments: a long one takes longer to be read than an environment that is ready.
    """
    path = find_lock_file(current_project()) if locked else None
    if path is None or is_hidden(path.parent, path.name):
        return ()
    try:
        # Another release of seatrial may read it in another way.
        content = hashlib.sha256(path.read_bytes() + Path(requirements.__file__).read_bytes()).hexdigest()
    except OSError:
        # This says what is wrong with it.
        return locked_requirements(path)
    kept = state_folder(session) / "lock.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(kept.read_text(encoding="utf-8"))
        if known["content"] == content:
            return tuple(map(str, known["pins"]))
    found = locked_requirements(path)
    kept.parent.mkdir(parents=True, exist_ok=True)
    new = kept.with_name(f".{kept.name}.{os.getpid()}")
    new.write_text(json.dumps({"content": content, "pins": found}), encoding="utf-8")
    new.replace(kept)
    return found


def fill_environment(session: nox.Session, wanted: Sequence[str], pins: Sequence[str] = ()) -> None:
    """Make sure that the environment of a session holds ``wanted``, as ``pins`` has it. Raises `InstallFailed`."""
    python, installer = _python(session), _installer(session)
    contents = EnvironmentContents(
        str(python.resolve()), repr(installer), requirements=tuple(wanted), constraints=tuple(pins)
    )
    _update(session, Environment(_folder(session), python, installer), contents, None)


def fill_with_wheel(
    session: nox.Session, wanted: Sequence[str], extras: Sequence[str], pins: Sequence[str] = ()
) -> BuiltDistributions:
    """Make sure that the environment of a session holds ``wanted`` and the wheel of the tree as it is now.

    Returns what was built. Raises `BuildError` or `InstallFailed`.
    """
    from seatrial.distributions.build import wheel_for_python  # noqa: PLC0415 - see artefacts.built()

    python, installer = _python(session), _installer(session)
    here = Interpreter(str(session.python), python.resolve()) if session.python else None
    made = built_distributions(session, here)
    wheel = made.wheel
    if here:
        wheel = wheel_for_python(made, here, state_folder(session), log_of(session))
    contents = EnvironmentContents(
        str(python.resolve()),
        repr(installer),
        requirements=tuple(wanted),
        extras=tuple(extras),
        needs=made.requirements,
        modules=made.modules,
        wheel=f"{wheel.path.name} {wheel.sha256}",
        constraints=tuple(pins),
    )
    _update(session, Environment(_folder(session), python, installer), contents, wheel)
    return made


def require_command(session: nox.Session, command: Sequence[str], groups: Sequence[str]) -> None:
    """Raise `CommandMissing` for a command that the environment does not hold.

    nox would run whichever lies on PATH, with another Python, on the source tree. A path is taken as it is.
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
    session: nox.Session, environment: Environment, contents: EnvironmentContents, wheel: Distribution | None
) -> None:
    held = EnvironmentContents.read(environment.path)
    work = contents.work(held)
    if work is Work.NOTHING:
        return
    if _installs_nothing(session):
        if wheel and (held is None or held.wheel != contents.wheel):
            raise ToolError(
                f"{session.name} has no environment with {wheel.path.name} as it is now, and -R installs nothing",
                code="EnvironmentMissing",
                fix=f"nox -s {session.name}",
            )
        session.warn("-R installs nothing: this runs with what an earlier run installed")
        return
    if work is Work.EVERYTHING and not is_bare(environment.path):
        _recreate(session)
    what = wheel.path.name if wheel and work is Work.WHEEL else _change_text(contents, wheel)
    if what:
        session.log(f"installing {what}")
    if environment.fill(contents, wheel, work):
        session.warn("the index can't be reached: installed from the cache of uv")


def _installs_nothing(session: nox.Session) -> bool:
    """Whether nox runs with ``--no-install`` (``-R``): then it does not run this question, and says None."""
    return session.run_install("python", "--version", silent=True, log=False) is None


def _change_text(contents: EnvironmentContents, wheel: Distribution | None) -> str:
    return ", ".join([*contents.requirements, *([wheel.path.name] if wheel else [])])


def _recreate(session: nox.Session) -> None:
    environment = session.virtualenv
    if isinstance(environment, VirtualEnv):
        environment.reuse_existing = False
        environment.create()


def _folder(session: nox.Session) -> Path:
    return Path(session.bin).parent


def _python(session: nox.Session) -> Path:
    """Return the interpreter of a session's environment, made anew if it runs another Python than PATH now leads to."""
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


def _installer(session: nox.Session) -> Uv | Pip:
    program = find_uv() if session.venv_backend == "uv" else None
    return Uv(program) if program else Pip()


STAMP = "seatrial.json"
"""The file in an environment that says what it holds; it is there only while that is true."""

CONSTRAINTS = "constraints.txt"
"""The file in an environment that has what a lock file pins."""

LOCK_FIX = "where the lock file is older than they are: lock again; to do without it: locked=False in the noxfile"
"""What mends an installation that fails, too, where a lock file had a say."""


class Work(Enum):
    """What has to be done to an environment."""

    NOTHING = "nothing"
    WHEEL = "wheel"
    EVERYTHING = "everything"


@dataclass(frozen=True)
class EnvironmentContents:
    """What an environment holds, or is to hold.

    ``python``: the real path of the interpreter; ``requirements``: those of the dependency groups; ``needs``: those
    of the wheel; ``modules``: what only the wheel may answer for; ``wheel``: its file name and SHA-256;
    ``constraints``: what a lock file pins; ``settings``: a hash of the environment variables that say what an installer
    chooses.
    """

    python: str
    installer: str
    requirements: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    wheel: str = ""
    constraints: tuple[str, ...] = ()
    settings: str = field(default_factory=lambda: process.hash_of_variables(INSTALLER_VARIABLE))

    @classmethod
    def read(cls, environment: Path) -> EnvironmentContents | None:
        """Return what an environment holds; None when that is not known, because filling it was cut short."""
        try:
            known = dict(json.loads((environment / STAMP).read_text(encoding="utf-8")))
            told: Any = {name: tuple(is_) if isinstance(is_, list) else is_ for name, is_ in known.items()}
            return cls(**told)
        except (OSError, ValueError, TypeError):
            return None

    def write(self, environment: Path) -> None:
        """Say what an environment holds from now on."""
        new = environment / f".{STAMP}.{os.getpid()}"
        new.write_text(json.dumps(asdict(self)), encoding="utf-8")
        new.replace(environment / STAMP)

    def work(self, held: EnvironmentContents | None) -> Work:
        """Return what makes ``held`` into this.

        A new wheel alone is exchanged; after any other change the environment is made anew, because what is no
        longer asked for has to go as well.
        """
        if held == self:
            return Work.NOTHING
        if held is not None and replace(held, wheel=self.wheel, modules=self.modules) == self:
            return Work.WHEEL
        return Work.EVERYTHING


@dataclass(frozen=True)
class Environment:
    """A virtual environment on disk, and the tool that fills it."""

    path: Path
    python: Path
    installer: Installer

    def fill(self, contents: EnvironmentContents, wheel: Distribution | None, work: Work) -> bool:
        """Install what ``work`` asks for, the wheel too if there is one, and have it answer for its modules.

        Returns True when the index could not be reached and everything came from the cache.
        Raises `InstallFailed`.
        """
        held = EnvironmentContents.read(self.path)
        (self.path / STAMP).unlink(missing_ok=True)
        extras = f"[{','.join(contents.extras)}]" if contents.extras else ""
        # An address, because a path with a # or a ; in it would be taken apart.
        wheels = [f"{wheel.project}{extras} @ {wheel.path.as_uri()}"] if wheel else []
        alone = ("--no-deps", "--force-reinstall")
        arguments = (*(alone if work is Work.WHEEL else self._pinned(contents)), *wheels)
        fix = f"{INSTALL_FIX}\n{LOCK_FIX}" if contents.constraints else INSTALL_FIX
        offline = bool(arguments) and install_requirements(
            self.installer, self.python, arguments, cwd=self.path, fix=fix
        )
        if work is Work.EVERYTHING or held is None or held.modules != contents.modules:
            write_finder(self._site_packages(), contents.modules)
        contents.write(self.path)
        return offline

    def _pinned(self, contents: EnvironmentContents) -> tuple[str, ...]:
        """Return what to install, with the constraints in a file of the environment."""
        if not contents.constraints:
            return contents.requirements
        file = self.path / CONSTRAINTS
        file.write_text("\n".join([*contents.constraints, ""]), encoding="utf-8")
        return (*contents.requirements, "--constraint", str(file))

    def _site_packages(self) -> Path:
        asked = (str(self.python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        return Path(process.run(asked, cwd=self.path, env=process.child_environment()).strip())


def site_packages(session: nox.Session) -> Path:
    """Return the folder that packages are installed into in the environment of a session."""
    return next(_folder(session).glob(SITE_PACKAGES))


SITE_PACKAGES = "Lib/site-packages" if sys.platform == "win32" else "lib/*/site-packages"


def is_bare(environment: Path) -> bool:
    """Whether nothing has been installed into an environment beyond what it was made with."""
    brought = ("pip-", "setuptools-", "wheel-", "_virtualenv")
    found = [info.name for folder in environment.glob(SITE_PACKAGES) for info in folder.glob("*.dist-info")]
    return all(name.startswith(brought) for name in found)
