"""Every reason why a release would fail."""

# The parameters are flags: invoke has no other way, and calls each by its name.
# ruff: noqa: FBT001, FBT002, ARG001, PLC0415
# What a task does is loaded when it runs: `invoke -l` does without.

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from invoke.exceptions import Exit
from invoke.tasks import task

from seatrial.tasks.facing import one_message, project_folder, say, show, until_ended

if TYPE_CHECKING:
    from invoke.context import Context


@task(
    help={
        "part": "as that of release; auto where nothing is said",
        "version": "the version itself, instead of a part",
        "anyway": "a smaller part than the fragments ask for will do",
        "allow-empty": "so will a release without fragments",
        "json": "print every judgement as JSON, and all else to standard error",
    }
)
def preflight(
    context: Context,
    part: str = "",
    version: str = "",
    anyway: bool = False,
    allow_empty: bool = False,
    json: bool = False,
) -> None:
    """Find every reason why a release would fail, at once.

    Nothing is changed, here or on the remote. Ends with 5 when something stands in the way.
    Example: invoke preflight --part minor
    """
    from seatrial import ci_output, report
    from seatrial.plan import Wish
    from seatrial.preflight import inspection
    from seatrial.refusals import ReleaseError

    stream = sys.stderr if json else None

    def tell(line: str) -> None:
        say(line, stream)

    with one_message("nothing has changed"), until_ended():
        wish = Wish(part or ("" if version else "auto"), version, anyway, allow_empty)
        found = inspection.inspect(project_folder(), wish, tell)
        told = found.judgements
        show(report.findings_json(told) if json else f"{found}\n\n{report.findings(told)}")
        ci_output.announce(str(found), told, os.environ, lambda line: show(line, stream))
        if any(one.blocks for one in told):
            raise Exit(code=ReleaseError.exit_code)
