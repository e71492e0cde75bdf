"""The task ``explain``, which prints the texts about checks and errors without a network."""

# The imports of a task are in its function, because `invoke -l` and `--help` start faster without them.
# ruff: noqa: ARG001, PLC0415

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.commands import Command
from seatrial.errors import ProjectError
from seatrial.tasks.command import command
from seatrial.tasks.console import errors_as_messages, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invoke.context import Context


@command(
    words=["code"],
    iterable=["code"],
    help={"code": "the codes of checks or errors; without one, all codes are listed"},
)
def explain(context: Context, code: Sequence[str]) -> None:
    """Explain checks and errors by their codes.

    Example: seatrial explain DIST206
    """
    from seatrial.redaction import redact
    from seatrial.suggestions import CLOSE_CODE, did_you_mean, nearest
    from seatrial.tasks.explanations import read_explanations

    with errors_as_messages():
        explanations = read_explanations()
        if not code:
            column = max(map(len, explanations))
            show(
                "\n".join(f"{explanation.code:{column}}  {explanation.title}" for explanation in explanations.values())
            )
            return
        by_name = {name.casefold(): explanation for name, explanation in explanations.items()}
        for text in code:
            if text.casefold() not in by_name:
                near = nearest(text, explanations, CLOSE_CODE)
                raise ProjectError(
                    f"there is no check or error {redact(text)!r}{did_you_mean(near)}",
                    code="CodeUnknown",
                    fix=Command("explain", *near[:1], program_only=True),
                )
        show("\n\n".join(str(by_name[text]) for text in dict.fromkeys(map(str.casefold, code))))
