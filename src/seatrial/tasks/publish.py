"""The tasks after the push: ``verify``, ``publish`` and ``undo``."""

# Flags are positional booleans here, but invoke passes each by its name.
# The imports of a task are in its function, because `invoke -l` and `--help` start faster without them.
# ruff: noqa: ARG001, FBT001, FBT002, PLC0415

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from seatrial.commands import Command
from seatrial.errors import DeliveryError, count_text
from seatrial.tasks.command import command
from seatrial.tasks.console import (
    confirm,
    confirm_name,
    errors_as_messages,
    is_interactive,
    open_console,
    project_folder,
    show,
    show_json,
    termination_as_interrupt,
)
from seatrial.terminal import paint_card

if TYPE_CHECKING:
    from invoke.context import Context

    from seatrial.console import Console
    from seatrial.git.repository import Repository
    from seatrial.index.destination import Destination
    from seatrial.project.snapshot import ProjectSnapshot
    from seatrial.publish.tagged_release import TaggedRelease
    from seatrial.publish.upload import UploadPlan


WAIT = "600"
"""Seconds to wait for a release by default."""

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
    from seatrial.publish.tagged_release import require_same_tag
    from seatrial.publish.verify import AttestationsExpected, VerifyOptions, verify_published
    from seatrial.redaction import redacted_address

    console = open_console("verify", sys.stderr if json else sys.stdout)
    with errors_as_messages("nothing has changed"), termination_as_interrupt(), console.running() as progress:
        with console.waiting("reading the repository"):
            tagged, destination = find_release_and_index(version, index)
        expected: AttestationsExpected = "here" if attestations else "by CI"
        options = VerifyOptions(destination, parse_seconds(limit), os.environ, expected, install)
        about = f"{tagged.name} {tagged.version} on {redacted_address(destination.simple)}"
        with progress.step("verify", about) as step:
            require_same_tag(tagged, step.note)
            verified = verify_published(tagged, options, step.report)
        console.pause()
        if json:
            show_json(verified.as_dict())
        else:
            show(verified, paint=paint_card)


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
    import tempfile
    from pathlib import Path

    from seatrial.index.destination import credential_remarks, require_credentials
    from seatrial.publish.upload import install_command, plan_upload, upload_release
    from seatrial.publish.verify import VerifyOptions, verify_published
    from seatrial.redaction import redacted_address

    interrupted = f"what the index has taken stays there; {Command('publish')} goes on"
    console = open_console("publish")
    with (
        errors_as_messages(interrupted),
        termination_as_interrupt(),
        tempfile.TemporaryDirectory(prefix="seatrial-publish-") as folder,
        console.running() as progress,
    ):
        with console.waiting("reading the repository"):
            tagged, destination = find_release_and_index(version, index)
        options = VerifyOptions(destination, parse_seconds(limit), os.environ, "not at all", install)
        with progress.step("prepare", f"{tagged.name} {tagged.version}, from its tag") as step:
            upload_plan = plan_upload(tagged, destination, Path(folder), step)
        console.pause()
        console.show(upload_plan, paint_card)
        if upload_plan.files:
            require_credentials(destination, os.environ, upload_plan.again)
            for remark in credential_remarks(destination, os.environ):
                progress.note(remark)
            _confirm(console, upload_plan, yes=yes, new_name=new_name)
        address = redacted_address(destination.upload)
        with progress.step("upload", f"with twine, to {address}") as step:
            upload_release(upload_plan, os.environ, step, console.pause if is_interactive() else None)
        with progress.step("verify", "what the index serves") as step:
            verified = verify_published(tagged, options, step.report)
        console.pause()
        console.show(verified, paint_card)
        console.show(f"install it:  {install_command(upload_plan, os.environ)}")


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
    from seatrial.publish.undo import read_release_to_undo, wait_until_yanked, write_follow_up

    with errors_as_messages("the fragment stays where it is"), termination_as_interrupt():
        console = open_console("undo")
        with console.waiting("reading the repository, and asking the index"):
            seconds = parse_seconds(limit)
            release = read_release_to_undo(*find_release_and_index(version, index))
        show(release, paint=paint_card)
        show(write_follow_up(release, why))
        if release.on_index.served:
            with console.running() as progress, progress.step("wait", "until it is yanked") as step:
                wait_until_yanked(release, seconds, step.report)
            show(f"{release.on_index.project} {release.on_index.version} is yanked: {release.on_index.index}")


def _confirm(console: Console, upload_plan: UploadPlan, *, yes: bool, new_name: str) -> None:
    """Ask whether to upload; a name that is new on the index has to be typed. Raises `Declined`."""
    name, is_first = upload_plan.tagged.name, upload_plan.is_first
    if yes and (not is_first or new_name == name):
        return
    again, effect = upload_plan.again, "nothing was sent"
    if is_first:
        fix = again.with_words("--yes", "--new-name", name)
        confirm_name(console, f"type {name} to create this project:", name, effect=effect, fix=fix)
    else:
        question = f"upload {count_text(len(upload_plan.files), 'file')} of {name} {upload_plan.tagged.version}?"
        confirm(console, question, effect=effect, fix=again.with_words("--yes"))


def open_project() -> tuple[Repository, ProjectSnapshot]:
    """Read the project in the checkout, and its repository."""
    from seatrial.distributions.cache import existing_files
    from seatrial.git.repository import read_repository, read_tags
    from seatrial.project.snapshot import ProjectSnapshot

    folder = project_folder()
    repository = read_repository(folder)
    tags = read_tags(repository) if repository.commit else {}
    return repository, ProjectSnapshot.of(folder, existing_files(folder), tags)


def find_release_and_index(version: str, index: str) -> tuple[TaggedRelease, Destination]:
    """Read a release by its tag, the last one for "", and where it is published. Raises `VersionInvalid`."""
    from seatrial.index.destination import find_destination
    from seatrial.project.versions import parse_version
    from seatrial.publish.tagged_release import TaggedRelease

    repository, snapshot = open_project()
    tagged = TaggedRelease.of(repository, snapshot, parse_version(version) if version else None)
    return tagged, find_destination(index, snapshot.config, os.environ)


def parse_seconds(text: str) -> float:
    """Return the seconds of ``--limit``. Raises `LimitInvalid`."""
    if not text.isascii() or not text.isdecimal():
        fix = f"the same command with a number: --limit {WAIT}"
        raise DeliveryError(f"--limit {text} is not a number of seconds", code="LimitInvalid", fix=fix)
    return float(text)
