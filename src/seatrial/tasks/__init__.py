"""The invoke face: ``ns`` is the collection of tasks that a project's tasks.py hands on.

from seatrial.tasks import ns
"""

from invoke.collection import Collection

from seatrial.tasks.adopting import init
from seatrial.tasks.checking import check
from seatrial.tasks.listing import pythons
from seatrial.tasks.rehearsing import rehearse
from seatrial.tasks.releasing import release, status
from seatrial.tasks.steps import bump, changelog, news, push, tag

__all__ = ["ns"]

ns = Collection("seatrial", bump, changelog, check, init, news, push, pythons, rehearse, release, status, tag)
