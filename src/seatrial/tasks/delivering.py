"""What comes after the push: verify, publish by hand, undo."""

# The parameters are flags: invoke has no other way, and calls each by its name.
# ruff: noqa: FBT001, FBT002, PLR0913, ARG001, PLC0415
# What a task does is loaded when it runs: `invoke -l` does without.

from __future__ import annotations

import json as json_
import sys
from typing import TYPE_CHECKING

from invoke.tasks import task

from seatrial.tasks.facing import one_message, project_folder, show, until_ended

if TYPE_CHECKING:
    from invoke.context import Context
    from packaging.version import Version

    from seatrial.facts.repository import Repository
    from seatrial.outlook import Outlook

WAIT = 600
"""Seconds that a release may take to arrive, unless it is said."""

INDEX = "pypi, testpypi, a name of .pypirc, or the address that takes uploads; as twine decides unless it is given"


@task(
    positional=["version"],
    help={
        "version": "that of the release, the last one unless it is given",
        "index": INDEX,
        "limit": "seconds to wait for it; 0 looks once",
        "attestations": "the index has to list attestations of every file (PEP 740)",
        "install": "--no-install: compare the bytes, and install nothing",
        "json": "print what was found as JSON, and all else to standard error",
    },
)
def verify(
    context: Context,
    version: str = "",
    index: str = "",
    limit: int = WAIT,
    attestations: bool = False,
    install: bool = True,
    json: bool = False,
) -> None:
    """See that the index serves what was proved.

    Waits for the files, compares them byte for byte, and installs them in an empty environment.
    Example: invoke verify 1.5.0
    """
    import os

    from seatrial.delivery import destination, verification
    from seatrial.delivery.evidence import Tagged
    from seatrial.delivery.verification import Order

    def say(line: str) -> None:
        show(f"seatrial > {line}", sys.stderr if json else None)

    with one_message("nothing has changed"), until_ended():
        repository, outlook = looked()
        tagged = Tagged.of(repository, outlook, version_of(version))
        where = destination.find(index, outlook.config, os.environ)
        order = Order(where, limit, attestations, install)
        found = verification.verify(tagged, order, say)
        show(json_.dumps(found.as_dict(), indent=2) if json else found)


def looked() -> tuple[Repository, Outlook]:
    """Look at the project in the checkout, and at its repository."""
    from seatrial import source_tree
    from seatrial.outlook import Outlook
    from seatrial.tools import checkout

    folder = project_folder()
    repository = checkout.look(folder)
    known = checkout.tags(repository) if repository.commit else {}
    return repository, Outlook.of(folder, source_tree.existing_files(folder), known)


def version_of(text: str) -> Version | None:
    """Return the version that was named, None for none. Raises `VersionInvalid`."""
    from seatrial.facts import versions

    return versions.parse(text) if text else None
