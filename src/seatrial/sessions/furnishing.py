"""Filling the environment that nox made for a session, and leaving alone one that is as it should be."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nox.virtualenv import VirtualEnv
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from seatrial import environments
from seatrial.environments import Contents, Environment, Work
from seatrial.errors import ToolError
from seatrial.facts import lock_file
from seatrial.interpreters import Interpreter
from seatrial.sessions.artefacts import built, state
from seatrial.sessions.registering import project
from seatrial.tools import git
from seatrial.tools.installer import Pip, Uv, find_uv

if TYPE_CHECKING:
    from collections.abc import Sequence

    import nox

    from seatrial.build_record import Built
    from seatrial.facts.distribution import Distribution


def requirements(groups: Sequence[str], *needed: str) -> tuple[str, ...]:
    """Resolve dependency groups; add each of ``needed``, names of projects, that none of them asks for.

    Raises `GroupMissing` or `GroupInvalid`.
    """
    found = project().requirements(groups)
    names = {canonicalize_name(Requirement(text).name) for text in found}
    return (*found, *(name for name in needed if name and canonicalize_name(name) not in names))


def pins(session: nox.Session, *, locked: bool) -> tuple[str, ...]:
    """Return what the lock file of the project pins, nothing unless ``locked``. Raises `PyprojectUnreadable`.

    A lock file that git ignores pins nothing: a release, and CI, does not have it. What is read is kept beside nox's
    environments: a long one takes longer to be read than an environment that is ready.
    """
    path = lock_file.find(project()) if locked else None
    if path is None or git.hides(path.parent, path.name):
        return ()
    try:
        # Another release of seatrial may read it in another way.
        content = hashlib.sha256(path.read_bytes() + Path(lock_file.__file__).read_bytes()).hexdigest()
    except OSError:
        # This says what is wrong with it.
        return lock_file.pins(path)
    kept = state(session) / "lock.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(kept.read_text(encoding="utf-8"))
        if known["content"] == content:
            return tuple(map(str, known["pins"]))
    found = lock_file.pins(path)
    kept.parent.mkdir(parents=True, exist_ok=True)
    new = kept.with_name(f".{kept.name}.{os.getpid()}")
    new.write_text(json.dumps({"content": content, "pins": found}), encoding="utf-8")
    new.replace(kept)
    return found


def furnish(session: nox.Session, wanted: Sequence[str], pins: Sequence[str] = ()) -> None:
    """Make sure that the environment of a session holds ``wanted``, as ``pins`` has it. Raises `InstallFailed`."""
    python, installer = _python(session), _installer(session)
    contents = Contents(str(python.resolve()), repr(installer), requirements=tuple(wanted), constraints=tuple(pins))
    _bring_to(session, Environment(_folder(session), python, installer), contents, None)


def furnish_with_wheel(
    session: nox.Session, wanted: Sequence[str], extras: Sequence[str], pins: Sequence[str] = ()
) -> Built:
    """Make sure that the environment of a session holds ``wanted`` and the wheel of the tree as it is now.

    Returns what was built. Raises `BuildError` or `InstallFailed`.
    """
    from seatrial import distributions  # noqa: PLC0415 - see artefacts.built()

    python, installer = _python(session), _installer(session)
    here = Interpreter(str(session.python), python.resolve()) if session.python else None
    made = built(session, here)
    wheel = made.wheel
    if here:
        wheel = distributions.wheel_for(made, here, state(session), session.log)
    contents = Contents(
        str(python.resolve()),
        repr(installer),
        requirements=tuple(wanted),
        extras=tuple(extras),
        needs=made.needs,
        modules=made.modules,
        wheel=f"{wheel.path.name} {wheel.sha256}",
        constraints=tuple(pins),
    )
    _bring_to(session, Environment(_folder(session), python, installer), contents, wheel)
    return made


def insist_on(session: nox.Session, command: Sequence[str], groups: Sequence[str]) -> None:
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


def _bring_to(session: nox.Session, environment: Environment, contents: Contents, wheel: Distribution | None) -> None:
    held = Contents.read(environment.path)
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
    if work is Work.EVERYTHING and not environments.is_bare(environment.path):
        _make_anew(session)
    what = wheel.path.name if wheel and work is Work.WHEEL else _told(contents, wheel)
    if what:
        session.log(f"installing {what}")
    if environment.fill(contents, wheel, work):
        session.warn("the index can't be reached: installed from the cache of uv")


def _installs_nothing(session: nox.Session) -> bool:
    """Whether nox runs with ``--no-install`` (``-R``): then it does not run this question, and says None."""
    return session.run_install("python", "--version", silent=True, log=False) is None


def _told(contents: Contents, wheel: Distribution | None) -> str:
    return ", ".join([*contents.requirements, *([wheel.path.name] if wheel else [])])


def _make_anew(session: nox.Session) -> None:
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
        _make_anew(session)
    return python


def _installer(session: nox.Session) -> Uv | Pip:
    program = find_uv() if session.venv_backend == "uv" else None
    return Uv(program) if program else Pip()
