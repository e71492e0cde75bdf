"""The invoke face: ``ns`` is the collection of tasks that a project's tasks.py hands on.

from seatrial.tasks import ns
"""

from invoke.collection import Collection

from seatrial.tasks.adopting import init, new
from seatrial.tasks.checking import check
from seatrial.tasks.delivering import publish, undo, verify
from seatrial.tasks.listing import pythons
from seatrial.tasks.preflighting import preflight
from seatrial.tasks.registering import trusted_publisher
from seatrial.tasks.rehearsing import rehearse
from seatrial.tasks.releasing import release, status
from seatrial.tasks.steps import bump, changelog, news, push, tag
from seatrial.tasks.workflowing import ci, workflows

__all__ = ["ns"]

LOOKING = (check, preflight, pythons, status, verify)
STEPS = (bump, changelog, news, push, tag)
WHOLE = (publish, rehearse, release, undo)
WRITING = (init, new, trusted_publisher, workflows)

ns = Collection("seatrial", *LOOKING, *STEPS, *WHOLE, *WRITING, ci)
