"""The one command that finishes what stopped half-way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.command_line import typed
from seatrial.facts.delivery import State
from seatrial.shortfalls import DeliveryError

if TYPE_CHECKING:
    from seatrial.delivery.ci import Ci
    from seatrial.delivery.destination import Destination
    from seatrial.facts.delivery import Delivery

CODES = {
    State.NOT_THERE: "NotThere",
    State.PARTLY: "PartlyThere",
    State.OTHER_BYTES: "OtherBytes",
    State.YANKED: "Yanked",
}


def command(found: Delivery, ci: Ci, destination: Destination) -> str:
    """Return the command that finishes a release, "" when it is finished."""
    if found.state is State.PUBLISHED:
        return ""
    if found.state in {State.OTHER_BYTES, State.YANKED}:
        return typed(f"undo {found.version}{destination.option}")
    if ci.is_under_way:
        return typed(f"verify --version {found.version}{destination.option}")
    by_hand = typed(f"publish --version {found.version}{destination.option}")
    return (ci.finish if not destination.told else "") or by_hand


def insist_on_published(found: Delivery, ci: Ci, destination: Destination) -> None:
    """Raise the `DeliveryError` that says what became of a release, unless it is published."""
    if found.state is State.PUBLISHED:
        return
    what = f"{found.project} {found.version} is {found.state.value} on {found.index}:"
    lines = [what, *(f"  {line}" for line in str(found).splitlines())]
    if str(ci):
        lines.append(f"  CI: {ci}")
    is_waiting = found.state in {State.NOT_THERE, State.PARTLY}
    code = "RunFailed" if is_waiting and ci.failed else CODES[found.state]
    raise DeliveryError("\n".join(lines), code=code, fix=command(found, ci, destination))
