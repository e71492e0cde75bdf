"""The tasks ``release`` and ``status``, and its single steps: ``bump``, ``changelog``, ``news``, ``tag``, ``push``."""

# Flags are positional booleans here, but invoke passes each by its name.
# The imports of a task are in its function, because `invoke -l` and `--help` start faster without them.
# ruff: noqa: ARG001, FBT001, FBT002, PLC0415

from __future__ import annotations

import contextlib
import os
import posixpath
import re
import sys
from itertools import chain, repeat
from typing import TYPE_CHECKING

from seatrial.commands import Command
from seatrial.errors import Reasons, ReleaseError, SeatrialError, count_text, did_you_mean, nearest
from seatrial.tasks.command import command
from seatrial.tasks.console import (
    confirm,
    errors_as_messages,
    is_interactive,
    open_console,
    page_text,
    project_folder,
    repeated_command,
    show,
    show_json,
    termination_as_interrupt,
)
from seatrial.terminal import Choice, choose, paint_card

if TYPE_CHECKING:
    from invoke.context import Context

    from seatrial.console import Console
    from seatrial.project.snapshot import ProjectSnapshot
    from seatrial.release.plan import ReleasePlan
    from seatrial.release.prepare import PreparedRelease


WAIT = 1800
"""Seconds that CI may take to publish a release."""


@command(
    words=["part"],
    help={
        "part": "major, minor, patch, a, b, rc, final, dev, post, calendar, or auto: what the fragments ask for",
        "version": "the version to release, instead of a part",
        "yes": "release without asking",
        "dry-run": "do everything except the push, and show it",
        "tests": "--no-tests: run only build and check of the sessions tagged release",
        "keep-going": "run all sessions, also after one has failed",
        "anyway": "accept a smaller part than the fragments ask for",
        "allow-empty": "accept a release without fragments",
        "wait": "wait until CI has published the release, and verify it",
        "pull-request": "push a release branch and open the request to merge it; after the merge, push the tag",
        "resume": "finish a release that was interrupted while it was pushed, and start no other",
        "forget": "forget a release that was interrupted, whether it has arrived or not",
    },
)
def release(
    context: Context,
    part: str = "",
    version: str = "",
    yes: bool = False,
    dry_run: bool = False,
    tests: bool = True,
    keep_going: bool = False,
    anyway: bool = False,
    allow_empty: bool = False,
    wait: bool = False,
    pull_request: bool = False,
    resume: bool = False,
    forget: bool = False,
) -> None:
    """Release in one push: all of it, or nothing.

    Version, changelog, commit and tag are made in a scratch clone and verified there.

    Example: invoke release minor
    """
    from seatrial.project.changelog import start_towncrier

    if resume or forget:
        _settle_interrupted(forget=forget, wait=wait)
        return
    # towncrier takes longest to start, so it is started before everything else, imports included.
    with errors_as_messages(), termination_as_interrupt(), start_towncrier(project_folder()) as towncrier:
        console = open_console("release")
        with console.running(), console.waiting("reading the repository"):
            from seatrial.release.preconditions import open_repository
            from seatrial.release.prepare import ReleaseRequest
            from seatrial.release.release import ReleaseOptions, make_release
            from seatrial.release.request_branch import may_have_request

            flags = (("--pull-request", pull_request), ("--allow-empty", allow_empty))
            typed = Command("release", *(flag for flag, is_typed in flags if is_typed))
            request = ReleaseRequest(part or None, version or None, anyway, allow_empty, typed)
            options = ReleaseOptions(request, os.environ, tests=tests, is_dry_run=dry_run, keep_going=keep_going)
            repository, terminal = open_repository(project_folder(), os.environ), Terminal(console, yes=yes)
            through_request = pull_request or _goes_through_request()
            tag = None
            if through_request or may_have_request(repository):
                from seatrial.release.merged import tag_merged_release

                tag = tag_merged_release(repository, options, terminal, is_usual=through_request)
            if tag is None and through_request:
                from seatrial.release.pull_request import open_pull_request

                open_pull_request(repository, options, terminal, towncrier)
            elif tag is None:
                tag = make_release(repository, options, terminal, towncrier)
            if wait and tag and not dry_run:
                _wait(console, tag)


def _goes_through_request() -> bool:
    """Whether the settings ask for a pull request; a mistake in them is reported later."""
    from seatrial.project.project import Project
    from seatrial.project.settings import Config

    try:
        return Config.from_project(Project.from_directory(project_folder())).through == "pull-request"
    except SeatrialError:
        return False


def _settle_interrupted(*, forget: bool, wait: bool) -> None:
    """Finish or forget a release that was interrupted while it was pushed."""
    from seatrial.release.preconditions import open_repository
    from seatrial.release.release import abandon_release, resume_release

    with errors_as_messages(), termination_as_interrupt():
        repository, console = open_repository(project_folder(), os.environ), open_console("release")
        terminal, tag = Terminal(console, yes=True), None
        with console.running():
            if forget:
                abandon_release(repository, terminal)
            else:
                tag = resume_release(repository, terminal)
            if wait and tag:
                _wait(console, tag)


class Terminal:
    """The dialog of a release with the user (`seatrial.release.release.Dialog`)."""

    def __init__(self, console: Console, *, yes: bool) -> None:
        """Show everything on ``console``; ``yes``: release without asking."""
        self.console = console
        self.progress = console.progress
        self._yes = yes

    def show(self, text: object) -> None:
        """Show a text that the user wants to keep."""
        from seatrial.console import Form

        self.console.pause()
        # A list of steps on a terminal is apart from what comes before and after it.
        self.console.show(f"\n{text}\n" if self.console.form is Form.LIVE else text, paint_card)

    def choose_part(self, prepared: PreparedRelease) -> str | None:
        """Ask which part to raise; None without a terminal. Raises the reasons that prevent any release."""
        from seatrial.console import Form

        if not is_interactive():
            return None
        self.console.pause()
        Reasons(prepared.reasons).raise_together()
        snapshot = prepared.snapshot
        remark = "the changelog announces it" if snapshot.announced else "the fragments ask for it"
        remarks = chain([f"  {remark}"] if snapshot.announced or snapshot.fragments else [], repeat(""))
        choices = [Choice(part, f"{version}{remark}") for (part, version), remark in zip(snapshot.choices(), remarks)]
        title = f"Release {snapshot.project.name} {snapshot.current} as"
        has_cursor = self.console.form is Form.LIVE
        part = choose(title, choices, has_cursor=has_cursor, show=self.console.show)
        if part is None:
            raise ReleaseError("not released; nothing has changed", code="Declined")
        return part

    def confirm(self, plan: ReleasePlan) -> None:
        """Ask whether to release. Raises `Declined`."""
        if self._yes:
            return
        confirm(
            self.console,
            f"release {plan.project} {plan.version}?",
            effect="not released; nothing has changed",
            fix=repeated_command("release", "--yes"),
            views={"diff": lambda: page_text(plan.diff)},
        )


def _wait(console: Console, tag: str) -> None:
    """Wait until CI has published a release, and verify it; without a publisher, look once."""
    from seatrial.index.destination import find_destination
    from seatrial.publish.tagged_release import TaggedRelease, may_publish
    from seatrial.publish.verify import VerifyOptions, verify_published
    from seatrial.tasks.publish import open_project

    repository, snapshot = open_project()
    versions = snapshot.released_among([tag])
    tagged = TaggedRelease.of(repository, snapshot, next(iter(versions), None))
    destination = find_destination(None, snapshot.config, os.environ)
    options = VerifyOptions(destination, WAIT if may_publish(tagged) else 0, os.environ)
    with console.progress.step("wait", f"until {tag} is published") as step:
        verified = verify_published(tagged, options, step.report)
    console.pause()
    console.show(verified, paint_card)


@command(help={"json": "print the state as JSON"})
def status(context: Context, json: bool = False) -> None:
    """Show the state of the project and the next step.

    Example: invoke status --json
    """
    console = open_console("status", sys.stderr)
    with errors_as_messages(), console.running() as progress:
        with console.waiting("asking the remote and the index"):
            from seatrial.publish.status import read_status
            from seatrial.tasks.publish import open_project

            repository, snapshot = open_project()
            project_status = read_status(repository, snapshot, os.environ, progress)
        if json:
            show_json(project_status.as_dict())
        else:
            show(project_status, paint=paint_card)


@command(
    words=["part"],
    help={
        "part": "major, minor, patch, a, b, rc, final, dev, post, calendar, or auto: what the fragments ask for",
        "version": "the new version, instead of a part",
        "anyway": "accept a smaller part than the fragments ask for",
    },
)
def bump(context: Context, part: str = "", version: str = "", anyway: bool = False) -> None:
    """Raise the version in all files that contain it.

    bump-my-version writes the files; nothing is committed.

    Example: invoke bump minor
    """
    from seatrial.project.write_version import raise_version
    from seatrial.release.prepare import ReleaseRequest, choose_version

    with errors_as_messages():
        snapshot = _read_snapshot()
        request = ReleaseRequest(part or None, version or None, anyway, allow_empty=True, command=Command("bump"))
        new = choose_version(snapshot, request)
        raise_version(snapshot, new)
        changed = ", ".join(dict.fromkeys(str(place.path) for place in snapshot.places.places))
        where = f" in {changed}" if changed else f": it comes from the tag {snapshot.tag(new)}"
        show(f"{snapshot.current} → {new}{where}")


@command(words=["version"], help={"version": "the version of the entry; without it, that of the project"})
def changelog(context: Context, version: str = "") -> None:
    """Write a changelog entry from the fragments.

    towncrier writes the entry and removes the fragments; nothing is committed.

    Example: invoke changelog 1.5.0
    """
    from datetime import datetime

    from seatrial.project.changelog import how_to_keep
    from seatrial.project.versions import parse_version
    from seatrial.project.write_entry import assemble_changelog

    with errors_as_messages():
        snapshot = _read_snapshot()
        new = parse_version(version) if version else snapshot.current
        if snapshot.news is None:
            raise ReleaseError(
                f"{snapshot.project.path} has no [tool.towncrier]",
                code="NewsNotConfigured",
                fix=how_to_keep(snapshot.project.root),
            )
        if not snapshot.fragments:
            raise ReleaseError(
                snapshot.news.missing_notes(),
                code="NoFragments",
                fix=Command("news", snapshot.news.kinds[0], "What is new."),
            )
        show(assemble_changelog(snapshot, new, f"{datetime.now().astimezone():%Y-%m-%d}"))


@command(
    words=["kind", "text"],
    help={
        "kind": "the type of the fragment, as configured for towncrier: feature, bugfix, ...",
        "text": "what is new, for the users of the package",
        "issue": "the number of the issue or pull request",
    },
)
def news(context: Context, kind: str, text: str, issue: str = "") -> None:
    """Write a changelog fragment.

    Example: invoke news feature "Wheels are tested as built." --issue 42
    """
    from seatrial.project.changelog import how_to_keep, read_changelog
    from seatrial.project.project import Project
    from seatrial.project.write_entry import write_note

    with errors_as_messages():
        project = Project.from_directory(project_folder())
        changelog = read_changelog(project)
        if changelog is None:
            raise ReleaseError(
                f"{project.path} has no [tool.towncrier]",
                code="NewsNotConfigured",
                fix=how_to_keep(project.root),
            )
        kind = changelog.kind_of(kind)
        if kind not in changelog.kinds:
            near = nearest(kind, changelog.kinds)
            raise ReleaseError(
                f"{changelog.source} has no fragment type {kind!r}"
                + (did_you_mean(near) or f": it has {', '.join(changelog.kinds)}"),
                code="FragmentTypeUnknown",
                fix=Command("news", (near or changelog.kinds)[0], text),
            )
        number = issue.lstrip("#")
        if number and not re.fullmatch(r"[\w-]+", number):
            raise ReleaseError(
                f"{issue!r} is not the number of an issue",
                code="FragmentInvalid",
                fix=Command("news", kind, text, "--issue", "42"),
            )
        show(f"wrote {write_note(project.root, changelog, kind, text, number)}")


@command(
    words=["version"],
    help={
        "version": "the version of the tag; without it, that of the project",
        "anyway": "accept fragments that are not in the changelog yet",
        "merged": "tag the release that was merged on the forge, and push the tag",
        "tests": "--no-tests, with --merged: run only build and check if the commit has to be verified again",
    },
)
def tag(context: Context, version: str = "", anyway: bool = False, merged: bool = False, tests: bool = True) -> None:
    """Tag HEAD with the version of the project.

    The tag is annotated, and signed if your tags are. A project whose version comes from the tag needs VERSION.

    Example: invoke tag
    """
    from seatrial.git.command import Git
    from seatrial.git.repository import object_of_tag
    from seatrial.git.scratch import make_tag
    from seatrial.project.versions import parse_version
    from seatrial.release.plan import tag_message
    from seatrial.release.preconditions import open_repository, require_commit

    if merged:
        _tag_merged(version, anyway=anyway, tests=tests)
        return
    with errors_as_messages():
        repository = open_repository(project_folder(), os.environ)
        snapshot = _read_snapshot()
        commit = require_commit(repository)
        if snapshot.comes_from_tag and not version:
            raise ReleaseError(
                "the version of this project comes from the tag, so the command needs a version",
                code="PartMissing",
                fix=Command("tag", "--version", snapshot.version_for("auto")),
            )
        new = parse_version(version) if version else snapshot.current
        if not snapshot.comes_from_tag and new != snapshot.current:
            raise ReleaseError(
                f"the tag is to be of {new}, and the files have {snapshot.current}",
                code="VersionsDisagree",
                fix=f"{Command('bump', '--version', new)}, and commit",
            )
        if snapshot.news and snapshot.fragments and not anyway:
            raise ReleaseError(
                f"{count_text(len(snapshot.fragments), 'note')} for the next release would be missing "
                f"from the entry of {new}",
                code="FragmentsLeft",
                fix=f"{Command('changelog', '--version', new)}, and commit; or all the same: --anyway",
            )
        paths = (posixpath.normpath(f"{repository.prefix}{place.path}") for place in snapshot.places.places)
        changed = set(paths) & set(repository.unfinished)
        if changed:
            raise ReleaseError(
                f"{', '.join(sorted(changed))} is not as it is in the commit that would be tagged",
                code="NotCommitted",
                fix="git commit --all",
            )
        name = snapshot.tag(new)
        if object_of_tag(repository, name):
            raise ReleaseError(
                f"the tag {name} exists already",
                code="TagTaken",
                fix=f"{Command('bump', '--part', 'minor')}, and commit",
            )
        make_tag(Git(repository.root), name, tag_message(snapshot.project.name, new), commit)
        show(f"{name} is at {commit[:12]}")


def _tag_merged(version: str, *, anyway: bool, tests: bool) -> None:
    """Tag the release that was merged, and push the tag."""
    from seatrial.release.merged import require_merged_tag
    from seatrial.release.preconditions import open_repository
    from seatrial.release.prepare import ReleaseRequest
    from seatrial.release.release import ReleaseOptions

    with errors_as_messages(), termination_as_interrupt():
        console = open_console("release")
        request = ReleaseRequest(version=version or None, anyway=anyway, command=Command("tag", "--merged"))
        options = ReleaseOptions(request, os.environ, tests=tests)
        with console.running():
            repository = open_repository(project_folder(), os.environ)
            require_merged_tag(repository, options, Terminal(console, yes=True))


@command
def push(context: Context) -> None:
    """Push the branch and the tag, both or neither.

    Example: invoke push
    """
    from seatrial.release.preconditions import check_preconditions, open_repository, require_branch
    from seatrial.release.push import push_tag

    with errors_as_messages():
        repository = open_repository(project_folder(), os.environ)
        preconditions = check_preconditions(repository)
        Reasons(preconditions.reasons).raise_together()
        snapshot = _read_snapshot()
        require_branch(preconditions, snapshot.config.branch)
        name = snapshot.tag(snapshot.current)
        with open_console("push").running() as progress, progress.step("push", "both or neither") as step:
            target = push_tag(repository, preconditions, name, step)
        show(f"{target.branch} and {name} are on {target.upstream.remote}")


def _read_snapshot() -> ProjectSnapshot:
    """Read the project in the working tree; outside git there are no tags, but the files can be changed."""
    from seatrial.distributions.cache import existing_files
    from seatrial.git.repository import read_repository, read_tags
    from seatrial.project.snapshot import ProjectSnapshot

    folder, tags = project_folder(), dict[str, str]()
    with contextlib.suppress(SeatrialError):
        tags = read_tags(read_repository(folder))
    return ProjectSnapshot.of(folder, existing_files(folder), tags)
