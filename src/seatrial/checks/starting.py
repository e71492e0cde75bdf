"""How the tag of a release starts what publishes: by itself, and once."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.publication import TriggerRule, deaf, to_listen, unheard
from seatrial.checks.rule import verdict
from seatrial.command_line import typed
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from seatrial.facts.trigger import Trigger


class StartsAlone(TriggerRule):
    """The tag of the release starts it without anybody's help."""

    code: ClassVar[str] = "CI011"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: Trigger) -> Finding:
        """Until somebody makes a release on the forge, or starts a run by hand, the tag stands there unpublished."""
        workflow = facts.publishing.workflow
        if workflow is None or not facts.tag:
            return unheard(facts)
        if facts.publishing.starts(workflow, facts.tag) or not workflow.waits_for_more:
            return Finding.passed()
        by_hand = workflow.started_by_hand(facts.tag)
        return Finding.failed(
            deaf(workflow, facts.tag),
            f"after {typed('release')}: {by_hand}; or have the tag do it:\n{to_listen(facts.tag)}",
        )


class OneAlone(TriggerRule):
    """The tag of the release starts one workflow that publishes, not several."""

    code: ClassVar[str] = "CI012"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: Trigger) -> Finding:
        """Two that build each for itself race for the same file names: the index has a mixture, and one run is red."""
        if not facts.tag:
            return Finding.unknown("no version was found, so there is no tag")
        known = facts.publishing
        found = [one.name for one in known.workflows if one.publishing_job() and known.starts(one, facts.tag)]
        several = f"{facts.tag} starts {' and '.join(found)}, and each of them publishes"
        return verdict(
            [several] if len(found) > 1 else [], "publish from one of them, and remove the job from the others"
        )


class TagCheckedOut(TriggerRule):
    """A workflow that publishes after another one checks out what the tag names."""

    code: ClassVar[str] = "CI013"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: Trigger) -> Finding:
        """GitHub starts it on the default branch; an environment that admits tags alone refuses it, too."""
        workflow = facts.publishing.workflow
        if workflow is None or not facts.tag:
            return unheard(facts)
        if workflow.listens_to(facts.tag) or not workflow.chain.after:
            return Finding.passed()
        said = (
            f"{workflow.name} starts after {', '.join(workflow.chain.after)}, on the default branch, and checks that "
            f"branch out, not {facts.tag}"
        )
        fix = "with:\n  ref: ${{ github.event.workflow_run.head_sha }}"
        return verdict([said] if workflow.chain.checks_branch_out else [], fix)
