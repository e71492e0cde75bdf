"""The card that a rehearsal ends with: what was released, published and installed, and what nobody can know here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.delivery.installation import Installed
    from seatrial.facts.publisher import Publisher
    from seatrial.release.proof import Proof


@dataclass(frozen=True)
class Card:
    """What a rehearsal found.

    ``seconds``: how long each leg took; ``publisher``: whose token the upload was made with; ``remarks``: what was
    otherwise than in a real release; ``not_run``: the commands of CI that a rehearsal leaves out.
    """

    project: str
    proof: Proof
    installed: tuple[Installed, ...]
    seconds: Mapping[str, float]
    publisher: Publisher
    remarks: tuple[str, ...] = ()
    not_run: tuple[str, ...] = ()

    @property
    def unknown(self) -> tuple[str, ...]:
        """What a rehearsal can't know."""
        owner, who = self.publisher.owner, self.publisher
        environment = f", environment {who.environment}" if who.environment else ", no environment"
        asks = f"the environment {who.environment}" if who.environment else "the workflow"
        return (
            f"whether the name {self.project} is free on PyPI, or yours",
            f"whether PyPI knows the publisher: owner {owner}, repository {who.repository}, workflow {who.workflow}"
            + environment,
            f"whether {asks} waits for a reviewer, and who may push tags",
        )

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON has it; durations are seconds."""
        return {
            "project": self.project,
            **self.proof.as_dict(),
            "installed": [one.__dict__ for one in self.installed],
            "seconds": {name: round(taken, 3) for name, taken in self.seconds.items()},
            "publisher": self.publisher.__dict__,
            "remarks": list(self.remarks),
            "not_run": list(self.not_run),
            "unknown": list(self.unknown),
        }

    def __str__(self) -> str:
        """Return it as text."""
        rows = [
            ("tag", [f"{self.proof.tag} at {self.proof.commit[:12]}"]),
            ("files", [f"{one.path.name}  {one.size:,} bytes  sha256 {one.sha256}" for one in self.proof.files]),
            ("installed", [_installed(one) for one in self.installed]),
            ("took", [" · ".join(f"{name} {taken:.1f} s" for name, taken in self.seconds.items())]),
            ("remarks", list(self.remarks)),
            ("not run", list(self.not_run)),
            ("unknown", list(self.unknown)),
        ]
        what = f"{self.project} {self.proof.version}"
        lines = [f"{what} was released, published and installed: on this machine alone", ""]
        for head, said in rows:
            lines += [f"{head if not number else '':10} {line}" for number, line in enumerate(said)]
        return "\n".join(lines)


def _installed(one: Installed) -> str:
    brought = [f"import {module}" for module in one.modules] + list(one.scripts)
    return f"Python {one.python}: {', '.join(brought) or 'nothing to import'}"
