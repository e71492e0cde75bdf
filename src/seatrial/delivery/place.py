"""A folder in which commands run, and what they find in their environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial import shell
from seatrial.errors import CommandFailed
from seatrial.masking import mask
from seatrial.tools.web import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from typing_extensions import Self

    from seatrial.shell import Completed

PROXIES = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class Place:
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
            raise CommandFailed(shell.shown(args), done.returncode, mask(done.output + done.errors))
        return done.output

    def attempt(self, *args: str, cwd: Path | None = None, seconds: float | None = None) -> Completed:
        """Run a command here and return how it went. Raises `CommandFailed` as `shell.apart` does."""
        return shell.apart(args, cwd=cwd or self.home, env=self.environment, seconds=seconds)

    def asking_only(self, index: str) -> Self:
        """Return the same place for a child that is to install from one index: no other, and no setting.

        An index on this machine is not behind a proxy.
        """
        is_here = index.startswith(LOOPBACK)
        leading = ("PIP_", "UV_", *(PROXIES if is_here else ()))
        kept = {name: value for name, value in self.environment.items() if not name.upper().startswith(leading)}
        alone = {"NO_PROXY": "127.0.0.1"} if is_here else {}
        return replace(self, environment={**kept, **alone, "PIP_CONFIG_FILE": os.devnull})
