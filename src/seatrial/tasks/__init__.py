"""The invoke face and the `seatrial` command: a command line enters; text and an exit code leave.

``ns`` is the collection of tasks for a project's tasks.py. Start with `release`.

    from seatrial.tasks import ns
"""

from invoke.collection import Collection

from seatrial.tasks.check import check, preflight, pythons
from seatrial.tasks.init import init, new
from seatrial.tasks.publish import publish, undo, verify
from seatrial.tasks.rehearse import rehearse
from seatrial.tasks.release import bump, changelog, news, push, release, status, tag
from seatrial.tasks.workflows import ci, trusted_publisher, workflows

__all__ = ["ns"]

LOOKING = (check, preflight, pythons, status, verify)
STEPS = (bump, changelog, news, push, tag)
WHOLE = (publish, rehearse, release, undo)
WRITING = (init, new, trusted_publisher, workflows)

ns = Collection("seatrial", *LOOKING, *STEPS, *WHOLE, *WRITING, ci)
