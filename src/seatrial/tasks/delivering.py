"""What comes after the push: verify, publish by hand, undo."""

# The parameters are flags: invoke has no other way, and calls each by its name.
# ruff: noqa: FBT001, FBT002, ARG001, PLC0415
# What a task does is loaded when it runs: `invoke -l` does without.

from __future__ import annotations

import json as json_
import sys
from typing import TYPE_CHECKING

from invoke.tasks import task

from seatrial.command_line import typed
from seatrial.refusals import ReleaseError
from seatrial.shortfalls import DeliveryError
from seatrial.tasks.facing import answer, is_on_terminal, one_message, project_folder, say, show, until_ended
from seatrial.tasks.versioned import Versioned

if TYPE_CHECKING:
    from invoke.context import Context
    from packaging.version import Version

    from seatrial.delivery.publishing import Consignment
    from seatrial.facts.repository import Repository
    from seatrial.outlook import Outlook

WAIT = "600"
"""Seconds that a release may take to arrive, unless it is said."""

INDEX = "pypi, testpypi, a name of .pypirc, or the address that takes uploads; as twine decides unless it is given"


@task(
    klass=Versioned,
    help={
        "version": "that of the release, the last one unless it is given",
        "index": INDEX,
        "limit": "seconds to wait for it; 0 looks once",
        "attestations": "the index has to list attestations of every file (PEP 740), also where CI makes none",
        "install": "--no-install: compare the bytes, and install nothing",
        "json": "print what was found as JSON, and all else to standard error",
    },
)
def verify(
    context: Context,
    version: str = "",
    index: str = "",
    limit: str = WAIT,
    attestations: bool = False,
    install: bool = True,
    json: bool = False,
) -> None:
    """See that the index serves what was proved.

    Waits for the files, compares them byte for byte, and installs them in an empty environment.
    Example: invoke verify 1.5.0
    """
    import os

    from seatrial.delivery import destination, evidence, verification
    from seatrial.delivery.evidence import Tagged
    from seatrial.delivery.verification import Order

    def tell(line: str) -> None:
        say(line, sys.stderr if json else None)

    with one_message("nothing has changed"), until_ended():
        repository, outlook = looked()
        tagged = Tagged.of(repository, outlook, version_of(version))
        where = destination.find(index, outlook.config, os.environ)
        evidence.insist_on_tag(tagged, tell)
        order = Order(where, seconds_of(limit), "here" if attestations else "by CI", install)
        found = verification.verify(tagged, order, tell)
        show(json_.dumps(found.as_dict(), indent=2) if json else found)


@task(
    klass=Versioned,
    help={
        "version": "that of the release, the last one unless it is given",
        "index": INDEX,
        "yes": "ask nothing",
        "new-name": "the name of the project, where the index does not know it yet: what else is typed",
        "limit": "seconds to wait until the index shows it",
        "install": "--no-install: install nothing",
    },
)
def publish(
    context: Context,
    version: str = "",
    index: str = "",
    yes: bool = False,
    new_name: str = "",
    limit: str = WAIT,
    install: bool = True,
) -> None:
    """Publish a release by hand, from its tag.

    twine uploads what the index lacks, with the token that it finds as always; then it is verified.
    Example: invoke publish --index testpypi
    """
    import os
    import tempfile
    from pathlib import Path

    from seatrial.delivery import credentials, destination, publishing, verification
    from seatrial.delivery.evidence import Tagged
    from seatrial.delivery.verification import Order

    over = f"what the index has taken stays there; {typed('publish')} goes on"
    with one_message(over), until_ended(), tempfile.TemporaryDirectory(prefix="seatrial-publish-") as folder:
        repository, outlook = looked()
        where = destination.find(index, outlook.config, os.environ)
        order = Order(where, seconds_of(limit), "by nobody", install)
        tagged = Tagged.of(repository, outlook, version_of(version))
        consignment = publishing.consign(tagged, where, Path(folder), say)
        show(consignment)
        if consignment.files:
            credentials.insist(where, os.environ, consignment.again)
            for remark in credentials.remarks(where, os.environ):
                say(f"look: {remark}")
            _confirm(consignment, yes=yes, new_name=new_name)
        publishing.send(consignment, say, can_ask=is_on_terminal())
        show(verification.verify(tagged, order, say))
        show(f"install it:  {publishing.install_line(consignment)}")


@task(
    positional=["version"],
    help={
        "version": "that of the release that is wrong",
        "why": "what is wrong with it, for those who use the package",
        "index": INDEX,
        "limit": "seconds to wait until the index shows it as yanked; 0 looks once",
    },
)
def undo(context: Context, version: str, why: str = "", index: str = "", limit: str = WAIT) -> None:
    """Undo a wrong release, as far as that can be done.

    Says what can be undone by hand and where, writes a fragment for the version that follows, and waits until the index
    shows the release as yanked. Example: invoke undo 1.5.0 --why "It deletes files."
    """
    import os

    from seatrial.delivery import destination, undoing
    from seatrial.delivery.evidence import Tagged

    with one_message("the fragment stays where it is"), until_ended():
        repository, outlook = looked()
        seconds = seconds_of(limit)
        where = destination.find(index, outlook.config, os.environ)
        case = undoing.look(Tagged.of(repository, outlook, version_of(version)), where)
        show(case)
        show(undoing.follow_up(case, why))
        if case.found.served:
            undoing.wait(case, seconds, say)
            show(f"{case.found.project} {case.found.version} is yanked: {case.found.index}")


def _confirm(consignment: Consignment, *, yes: bool, new_name: str) -> None:
    """Ask once; for a name that is new on the index, have it typed. Raises `Declined`."""
    name, first = consignment.tagged.name, consignment.is_first
    if yes and (not first or new_name == name):
        return
    if not is_on_terminal():
        option = f" --new-name {name}" if first else ""
        raise ReleaseError(
            "there is no terminal to ask on; nothing was sent",
            code="Declined",
            fix=f"{consignment.again} --yes{option}",
        )
    if first and answer("type the name of the new project to publish it: ") != name:
        raise ReleaseError("that is not the name; nothing was sent", code="Declined")
    if not first and answer("upload it? [y/N] ").lower() not in {"y", "yes"}:
        raise ReleaseError("not published; nothing was sent", code="Declined")


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


def seconds_of(text: str) -> float:
    """Return the seconds that were given. Raises `LimitInvalid`."""
    if not text.isascii() or not text.isdecimal():
        raise DeliveryError(f"{text!r} is no number of seconds", code="LimitInvalid", fix=f"--limit {WAIT}")
    return float(text)
