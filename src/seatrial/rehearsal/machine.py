"""A machine of CI, as far as the steps of a workflow can tell (GitHub, "Default environment variables")."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from seatrial import shell
from seatrial.errors import last_lines
from seatrial.mishaps import LegFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.facts.steps import Step
    from seatrial.rehearsal.world import World
    from seatrial.release.proof import Proof
    from seatrial.shell import Completed

FILES = ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")
"""The variables that name files which steps write to."""


@dataclass(frozen=True)
class Machine:
    """A machine with the tag of a release checked out in ``project``, a folder of ``world``."""

    world: World
    project: Path
    environment: Mapping[str, str]

    @classmethod
    def of(cls, world: World, proof: Proof, project: Path) -> Machine:
        """Set it up."""
        folder = world.folder / "runner"
        folder.mkdir()
        files = {name: folder / name.lower() for name in FILES}
        for path in files.values():
            path.touch()
        environment = {
            **world.environment,
            **{name: str(path) for name, path in files.items()},
            "PATH": path_of(world),
            "GITHUB_REF": f"refs/tags/{proof.tag}",
            "GITHUB_REF_NAME": proof.tag,
            "GITHUB_REF_TYPE": "tag",
            "GITHUB_SHA": proof.commit,
            "GITHUB_WORKSPACE": str(project),
            "RUNNER_TEMP": str(folder),
        }
        return cls(world, project, environment)

    def know_branch(self, branch: str) -> None:
        """Let the branch that was released from stand for ``branch``: a rehearsal can be begun on another."""
        done = self.world.attempt("git", "rev-parse", "--verify", f"refs/remotes/origin/{branch}", cwd=self.project)
        if done.returncode:
            self.world.run("git", "update-ref", f"refs/remotes/origin/{branch}", "HEAD", cwd=self.project)

    def run(self, step: Step, say: Callable[[str], None]) -> None:
        """Run a step as GitHub does: a script for bash, which ends with the first command that fails.

        Raises `LegFailed`.
        """
        script = self.world.folder / "runner/step.sh"
        script.write_bytes(step.commands.encode())
        for line in step.commands.strip().splitlines():
            say(f"$ {line}")
        command = (*bash(self.environment), "-eo", "pipefail", str(script))
        done = shell.follow(command, cwd=self.project, env={**self.environment, **dict(step.variables)}, say=say)
        insist_on_success(step.commands.strip(), done)


def insist_on_success(what: str, done: Completed) -> None:
    """Raise `LegFailed` where something of CI, ``what``, did not end well."""
    if done.returncode:
        raise LegFailed(
            f"{what} ended with exit code {done.returncode}:\n{last_lines(done.output)}",
            fix="mend that, commit, and rehearse again",
        )


def bash(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the command that runs a script with bash and none of its settings. Raises `LegFailed`."""
    found = shutil.which("bash", path=environment["PATH"])
    if found is None:
        raise LegFailed("what CI runs is written for bash, which is not here", fix="install bash")
    return (found, "--noprofile", "--norc")


def path_of(world: World) -> str:
    """Return the path of a machine of CI: the tools of this Python come first, as they are named without a folder."""
    return os.pathsep.join((str(Path(sys.executable).parent), world.environment["PATH"]))
