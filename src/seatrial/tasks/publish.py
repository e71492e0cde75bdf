"""The tasks after the push: ``verify``, ``publish`` and ``undo``."""

# The parameters are flags: invoke has no other way, and calls each by its name.
# What a task does is loaded when it runs: `invoke -l` does without.
# ruff: noqa: ARG001, FBT001, FBT002, PLC0415

from __future__ import annotations

import json as json_
import sys
from typing import TYPE_CHECKING

from seatrial.errors import DeliveryError, ReleaseError
from seatrial.invocation import task_command
from seatrial.tasks.command import command
from seatrial.tasks.console import (
    ask_user,
    errors_as_messages,
    is_interactive,
    project_folder,
    say,
    show,
    termination_as_interrupt,
)

if TYPE_CHECKING:
    from invoke.context import Context
    from packaging.version import Version

    from seatrial.git.repository import Repository
    from seatrial.project.snapshot import ProjectSnapshot
    from seatrial.publish.upload import UploadPlan


WAIT = "600"
"""Seconds that a release may take to arrive, unless it is said."""

INDEX = "the index: pypi, testpypi, a name of .pypirc, or its upload address; without it, what twine uses"


@command(
    words=["version"],
    help={
        "version": "the release; without it, the last one",
        "index": INDEX,
        "limit": "how long to wait for the files; 0 looks once",
        "attestations": "require attestations of every file (PEP 740), even where CI makes none",
        "install": "--no-install: compare the files, and install nothing",
        "json": "print the result as JSON, and progress to standard error",
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
    """Check that the index serves the verified files.

    Waits for the files, compares them, and installs them in a new environment.

    Example: invoke verify 1.5.0
    """
    import os

    from seatrial.index.targets import find_destination
    from seatrial.publish.tagged_release import TaggedRelease, require_same_tag
    from seatrial.publish.verify import VerifyOptions, verify_published

    def tell(line: str) -> None:
        say(line, sys.stderr if json else None)

    with errors_as_messages("nothing has changed"), termination_as_interrupt():
        repository, snapshot = open_project()
        tagged = TaggedRelease.of(repository, snapshot, parse_version_option(version))
        where = find_destination(index, snapshot.config, os.environ)
        require_same_tag(tagged, tell)
        options = VerifyOptions(where, parse_seconds(limit), "here" if attestations else "by CI", install)
        found = verify_published(tagged, options, tell)
        show(json_.dumps(found.as_dict(), indent=2) if json else found)


@command(
    words=["version"],
    help={
        "version": "the release; without it, the last one",
        "index": INDEX,
        "yes": "upload without asking",
        "new-name": "the name of a project that is new on the index, to confirm it",
        "limit": "how long to wait until the index shows the files",
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
    """Upload a release by hand, from its tag.

    twine uploads the files that the index lacks, with the token that it always uses; then they are verified.

    Example: invoke publish --index testpypi
    """
    import os
    import tempfile
    from pathlib import Path

    from seatrial.index.credentials import credential_remarks, require_credentials
    from seatrial.index.targets import find_destination
    from seatrial.publish.tagged_release import TaggedRelease
    from seatrial.publish.upload import install_command, plan_upload, upload_release
    from seatrial.publish.verify import VerifyOptions, verify_published

    over = f"what the index has taken stays there; {task_command('publish')} goes on"
    with (
        errors_as_messages(over),
        termination_as_interrupt(),
        tempfile.TemporaryDirectory(prefix="seatrial-publish-") as folder,
    ):
        repository, snapshot = open_project()
        where = find_destination(index, snapshot.config, os.environ)
        order = VerifyOptions(where, parse_seconds(limit), "by nobody", install)
        tagged = TaggedRelease.of(repository, snapshot, parse_version_option(version))
        upload_plan = plan_upload(tagged, where, Path(folder), say)
        show(upload_plan)
        if upload_plan.files:
            require_credentials(where, os.environ, upload_plan.again)
            for remark in credential_remarks(where, os.environ):
                say(f"look: {remark}")
            _confirm(upload_plan, yes=yes, new_name=new_name)
        upload_release(upload_plan, say, can_ask=is_interactive())
        show(verify_published(tagged, order, say))
        show(f"install it:  {install_command(upload_plan)}")


@command(
    words=["version"],
    help={
        "version": "the release to undo",
        "why": "what is wrong with the release, for the users of the package",
        "index": INDEX,
        "limit": "how long to wait until the index shows the release as yanked; 0 looks once",
    },
)
def undo(context: Context, version: str, why: str = "", index: str = "", limit: str = WAIT) -> None:
    """Undo a wrong release, as far as possible.

    Prints what to undo by hand and where, writes a fragment for the version that follows, and waits until the index
    shows the release as yanked.

    Example: invoke undo 1.5.0 --why "It deletes files."
    """
    import os

    from seatrial.index.targets import find_destination
    from seatrial.publish.tagged_release import TaggedRelease
    from seatrial.publish.undo import read_release_to_undo, wait_until_yanked, write_follow_up

    with errors_as_messages("the fragment stays where it is"), termination_as_interrupt():
        repository, snapshot = open_project()
        seconds = parse_seconds(limit)
        where = find_destination(index, snapshot.config, os.environ)
        case = read_release_to_undo(TaggedRelease.of(repository, snapshot, parse_version_option(version)), where)
        show(case)
        show(write_follow_up(case, why))
        if case.on_index.served:
            wait_until_yanked(case, seconds, say)
            show(f"{case.on_index.project} {case.on_index.version} is yanked: {case.on_index.index}")


def _confirm(upload_plan: UploadPlan, *, yes: bool, new_name: str) -> None:
    """Ask once; for a name that is new on the index, have it typed. Raises `Declined`."""
    name, first = upload_plan.tagged.name, upload_plan.is_first
    if yes and (not first or new_name == name):
        return
    if not is_interactive():
        option = f" --new-name {name}" if first else ""
        raise ReleaseError(
            "there is no terminal to ask on; nothing was sent",
            code="Declined",
            fix=f"{upload_plan.again} --yes{option}",
        )
    if first and ask_user("type the name of the new project to publish it: ") != name:
        raise ReleaseError("that is not the name; nothing was sent", code="Declined")
    if not first and ask_user("upload it? [y/N] ").lower() not in {"y", "yes"}:
        raise ReleaseError("not published; nothing was sent", code="Declined")


def open_project() -> tuple[Repository, ProjectSnapshot]:
    """Look at the project in the checkout, and at its repository."""
    from seatrial.distributions.cache import existing_files
    from seatrial.git.repository import read_repository, read_tags
    from seatrial.project.snapshot import ProjectSnapshot

    folder = project_folder()
    repository = read_repository(folder)
    known = read_tags(repository) if repository.commit else {}
    return repository, ProjectSnapshot.of(folder, existing_files(folder), known)


def parse_version_option(text: str) -> Version | None:
    """Return the version that was named, None for none. Raises `VersionInvalid`."""
    from seatrial.project.versions import parse_version

    return parse_version(text) if text else None


def parse_seconds(text: str) -> float:
    """Return the seconds that were given. Raises `LimitInvalid`."""
    if not text.isascii() or not text.isdecimal():
        raise DeliveryError(f"{text!r} is no number of seconds", code="LimitInvalid", fix=f"--limit {WAIT}")
    return float(text)
