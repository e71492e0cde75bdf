"""How a workflow starts after another one (GitHub, "Events that trigger workflows", ``workflow_run``).

GitHub runs it as it is on the default branch, and there: its ref is that branch, whatever started the other one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.facts.ref_patterns import matches
from seatrial.facts.steps import table_at, tables_at, texts_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EVENT = "workflow_run"
CHECKOUT = "actions/checkout@"


@dataclass(frozen=True)
class Chain:
    """After which other workflows one starts.

    ``title``: what others call it; ``after``: the titles of those that it starts after;
    ``branches`` and ``branches_ignored``: patterns of what the run before was for, a branch or a tag;
    ``checks_branch_out``: whether a step checks out without saying what, which is the default branch then.
    """

    title: str = ""
    after: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    branches_ignored: tuple[str, ...] = ()
    checks_branch_out: bool = False

    @classmethod
    def of(cls, told: Mapping[str, Any], path: str) -> Chain:
        """Read the table of a workflow; ``path``: that of its file, which is its title where it has none."""
        title, run = told.get("name"), table_at(table_at(told, "on"), EVENT)
        return cls(
            title=title if isinstance(title, str) and title else path,
            after=texts_at(run, "workflows"),
            branches=texts_at(run, "branches"),
            branches_ignored=texts_at(run, "branches-ignore"),
            checks_branch_out=any(not inputs.get("ref") for inputs in _checkouts(told)),
        )

    def follows(self, other: Chain, tag: str) -> bool:
        """Whether it starts after a run of another one that a tag has started."""
        if other.title not in self.after:
            return False
        return matches(self.branches, tag) if self.branches else not matches(self.branches_ignored, tag)


def _checkouts(told: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the inputs of each step that checks out."""
    for name in told["jobs"]:
        for step in tables_at(table_at(told["jobs"], name), "steps"):
            if any(text.startswith(CHECKOUT) for text in texts_at(step, "uses")):
                yield table_at(step, "with")
