"""What an environment holds, what it is to hold, and what has to be done about the difference."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial import shell, wheel_finder
from seatrial.tools import installer as installers

if TYPE_CHECKING:
    from seatrial.facts.distribution import Distribution
    from seatrial.tools.installer import Installer

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
class Contents:
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
    settings: str = field(default_factory=lambda: shell.hash_of_variables(installers.SETTINGS))

    @classmethod
    def read(cls, environment: Path) -> Contents | None:
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

    def work(self, held: Contents | None) -> Work:
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

    def fill(self, contents: Contents, wheel: Distribution | None, work: Work) -> bool:
        """Install what ``work`` asks for, the wheel too if there is one, and have it answer for its modules.

        Returns True when the index could not be reached and everything came from the cache.
        Raises `InstallFailed`.
        """
        held = Contents.read(self.path)
        (self.path / STAMP).unlink(missing_ok=True)
        extras = f"[{','.join(contents.extras)}]" if contents.extras else ""
        # An address, because a path with a # or a ; in it would be taken apart.
        wheels = [f"{wheel.project}{extras} @ {wheel.path.as_uri()}"] if wheel else []
        alone = ("--no-deps", "--force-reinstall")
        arguments = (*(alone if work is Work.WHEEL else self._pinned(contents)), *wheels)
        fix = f"{installers.FIX}\n{LOCK_FIX}" if contents.constraints else installers.FIX
        offline = bool(arguments) and installers.install(self.installer, self.python, arguments, cwd=self.path, fix=fix)
        if work is Work.EVERYTHING or held is None or held.modules != contents.modules:
            wheel_finder.write(self._site_packages(), contents.modules)
        contents.write(self.path)
        return offline

    def _pinned(self, contents: Contents) -> tuple[str, ...]:
        """Return what to install, with the constraints in a file of the environment."""
        if not contents.constraints:
            return contents.requirements
        file = self.path / CONSTRAINTS
        file.write_text("\n".join([*contents.constraints, ""]), encoding="utf-8")
        return (*contents.requirements, "--constraint", str(file))

    def _site_packages(self) -> Path:
        asked = (str(self.python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        return Path(shell.run(asked, cwd=self.path, env=shell.environment()).strip())


def is_bare(environment: Path) -> bool:
    """Whether nothing has been installed into an environment beyond what it was made with."""
    brought = ("pip-", "setuptools-", "wheel-", "_virtualenv")
    pattern = "Lib/site-packages" if sys.platform == "win32" else "lib/*/site-packages"
    found = [info.name for folder in environment.glob(pattern) for info in folder.glob("*.dist-info")]
    return all(name.startswith(brought) for name in found)
