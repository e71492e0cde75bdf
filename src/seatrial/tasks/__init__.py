"""The invoke face and the `seatrial` command: a command line enters; text and an exit code leave.

``ns`` is the collection of tasks for a project's tasks.py. Start with `release`.

    from seatrial.tasks import ns
"""

from __future__ import annotations

from typing import Any

from invoke.collection import Collection

from seatrial.tasks.check import check, preflight, pythons, rehearse
from seatrial.tasks.ci import ci
from seatrial.tasks.completion import completion
from seatrial.tasks.explain import explain
from seatrial.tasks.init import init, new
from seatrial.tasks.publish import publish, undo, verify
from seatrial.tasks.release import bump, changelog, news, push, release, status, tag
from seatrial.tasks.workflows import trusted_publisher, workflows

__all__ = ["GROUPS", "ns"]

SET_UP: tuple[Any, ...] = (new, init, workflows, trusted_publisher)
RELEASE: tuple[Any, ...] = (status, news, preflight, rehearse, release, verify, publish, undo)
STEPS: tuple[Any, ...] = (bump, changelog, tag, push)
LOOK_UP: tuple[Any, ...] = (check, pythons, explain, completion)

ns = Collection("seatrial", *SET_UP, *RELEASE, *STEPS, *LOOK_UP, ci)

GROUPS = {
    "Set up a package": tuple(task.name for task in SET_UP),
    "Release": tuple(task.name for task in RELEASE),
    "Single steps of a release": tuple(task.name for task in STEPS),
    "Check and look up": tuple(task.name for task in LOOK_UP),
    "For CI workflows": tuple(f"{ci.name}.{name}" for name in ci.task_names),
}
"""The commands in the order in which the help of the program lists them."""
