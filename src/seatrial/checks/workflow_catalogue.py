"""All checks of a workflow, in the order of their codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.checks import workflow_meaning, workflow_rules

if TYPE_CHECKING:
    from seatrial.checks.workflow_rules import WorkflowRule

ALL: tuple[WorkflowRule, ...] = (
    workflow_rules.Pinned(),
    workflow_rules.PinsTrue(),
    workflow_rules.InEnvironment(),
    workflow_rules.NothingOfTheProject(),
    workflow_rules.NoCache(),
    workflow_rules.OneIndexAJob(),
    workflow_meaning.AsBuilt(),
    workflow_meaning.Tested(),
    workflow_meaning.TagCompared(),
    workflow_rules.StrangersStayOut(),
    workflow_meaning.GateWhole(),
    workflow_meaning.NeverCancelled(),
    workflow_meaning.Attested(),
    workflow_rules.ToolsLocked(),
    workflow_meaning.Ends(),
    workflow_meaning.Readable(),
)
