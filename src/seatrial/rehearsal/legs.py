"""The legs of a rehearsal: what each of those does who take part in a release, on this machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from seatrial import shell
from seatrial.errors import CommandFailed, last_lines
from seatrial.facts.distribution import SUFFIXES, Distribution
from seatrial.mishaps import BytesDiffer, LegFailed
from seatrial.rehearsal.members import differing
from seatrial.release.proof import Proof

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from seatrial.rehearsal.world import World

ALWAYS = ("build", "check")
"""The sessions that CI runs on a tag, whatever else its workflow names."""


def release(world: World, options: Sequence[str], say: Callable[[str], None]) -> Proof:
    """Release as the user would, and return what was proved. Raises `LegFailed`."""
    _follow((sys.executable, "-m", "seatrial", "release", "--yes", *options), world, world.project, say)
    proof = Proof.recall(world.project)
    if proof is None:
        raise LegFailed("the release ended well, but kept no proof of what it built", fix="make room in the folder")
    return proof


def continuous_integration(
    world: World, proof: Proof, sessions: Sequence[str], say: Callable[[str], None]
) -> tuple[Distribution, ...]:
    """Check the tag out and run what CI runs on it; return the files that it publishes. Raises `LegFailed`."""
    project = world.checkout(proof.tag, "ci")
    _follow((sys.executable, "-m", "nox", "-s", *sessions_of_ci(sessions)), world, project, say)
    paths = sorted(path for path in (project / "dist").iterdir() if path.name.endswith(SUFFIXES))
    return tuple(Distribution.from_path(path) for path in paths)


def sessions_of_ci(named: Sequence[str]) -> tuple[str, ...]:
    """Return the sessions that CI runs on a tag: those that its workflow names, and those that always run."""
    return tuple(dict.fromkeys((*named, *ALWAYS)))


def insist_on_bytes(proof: Proof, served: Mapping[str, str], published: Sequence[Distribution]) -> None:
    """Raise `BytesDiffer` unless the index serves the files that were proved.

    ``served``: names to SHA-256, as the index tells them; ``published``: the files as CI built them.
    """
    known = {one.path.name: one for one in published}
    told = []
    for one in proof.files:
        name = one.path.name
        if name not in served:
            told.append(f"{name} is not there")
        elif served[name] != one.sha256:
            members = differing(one.path, known[name].path) if name in known else ()
            told.append(f"{name} has other bytes: {', '.join(members) or 'the same members, packed in another way'}")
    told += [
        f"{name} is there, and was not proved" for name in sorted(set(served) - {p.path.name for p in proof.files})
    ]
    if told:
        raise BytesDiffer(
            "the index serves something else than what the release proved:\n" + "\n".join(f"  {line}" for line in told),
            fix="find out what the build takes from outside the commit: the clock, the folder, the machine",
        )


def _follow(args: tuple[str, ...], world: World, cwd: Path, say: Callable[[str], None]) -> None:
    done = shell.follow(args, cwd=cwd, env=world.environment, say=say)
    if done.returncode:
        # Its own message has said what mends it.
        command = " ".join(("seatrial" if word == sys.executable else word) for word in args if word != "-m")
        failure = CommandFailed(command.replace("seatrial seatrial", "seatrial"), done.returncode, "")
        raise LegFailed(f"{failure.what}:\n{last_lines(done.output)}", fix="mend that, commit, and rehearse again")
