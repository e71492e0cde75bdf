"""The only door to a subprocess.

A command is a tuple of arguments and never passes a shell; where it runs and what it finds in its environment is
always said; what it printed is shown, and raised, with secrets masked.
"""

from seatrial.shell.apart import apart, follow, undisturbed
from seatrial.shell.commands import Begun, Completed, attempt, begun, converse, module, run, show, shown
from seatrial.shell.variables import PUBLISHING, environment, for_publishing, hash_of_variables, without_secrets

__all__ = [
    "PUBLISHING",
    "Begun",
    "Completed",
    "apart",
    "attempt",
    "begun",
    "converse",
    "environment",
    "follow",
    "for_publishing",
    "hash_of_variables",
    "module",
    "run",
    "show",
    "shown",
    "undisturbed",
    "without_secrets",
]
