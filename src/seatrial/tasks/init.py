"""The tasks ``init`` and ``new``."""

# Flags are positional booleans here, but invoke passes each by its name.
# The imports of a task are in its function, because `invoke -l` and `--help` start faster without them.
# ruff: noqa: ARG001, FBT001, FBT002, PLC0415

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.commands import Command
from seatrial.errors import ProjectError, ReleaseError, count_text
from seatrial.tasks.command import command
from seatrial.tasks.console import (
    confirm,
    errors_as_messages,
    git_folder,
    is_interactive,
    open_console,
    page_text,
    repeated_command,
    show,
    termination_as_interrupt,
)
from seatrial.terminal import Choice, ask_line, choose, paint_card, paint_diff, paint_rows

if TYPE_CHECKING:
    from invoke.context import Context

    from seatrial.console import Console
    from seatrial.init.detect import DetectedProject
    from seatrial.init.files import Proposal
    from seatrial.init.propose import Parts
    from seatrial.init.trial import TrialReport


@command(
    words=["project"],
    help={
        "project": "the folder of the package; without it, this folder",
        "yes": "write without asking",
        "dry-run": "show what would be written, and write nothing",
        "workflows": "--no-workflows: write no CI workflows",
        "classifiers": "add a classifier for each supported Python, where none names one",
        "no-classifiers": "add no classifiers (the default)",
        "changelog": "fragments, unreleased or none: what entries are made from; default: as it is kept today",
        "fragments": "the same as --changelog fragments, and move the notes below Unreleased into fragments",
        "no-changelog": "the same as --changelog none",
        "tasks": "--no-tasks: write no tasks.py, which only invoke needs",
        "without": "leave out a session: tests, mypy or lint; can be given several times",
        "remove": "take seatrial out of the project again, as far as it is as init wrote it",
        "no-try": "write without trying the sessions in a copy first",
        "limit": "how long the sessions are tried",
    },
    iterable=["without"],
)
def init(
    context: Context,
    project: str = "",
    yes: bool = False,
    dry_run: bool = False,
    workflows: bool = True,
    classifiers: bool = False,
    no_classifiers: bool = False,
    changelog: str = "",
    fragments: bool = False,
    no_changelog: bool = False,
    tasks: bool = True,
    without: Sequence[str] = (),
    remove: bool = False,
    no_try: bool = False,
    limit: int = 900,
) -> None:
    """Add seatrial to a project.

    Tries the sessions in a copy, shows the files and asks once. Nothing is overwritten, and a second run changes
    nothing.

    Example: seatrial init --dry-run
    """
    console = open_console("init")
    interrupted = "run it again: what was written is whole"
    with errors_as_messages(interrupted), termination_as_interrupt(), console.running() as progress:
        with console.waiting("reading the project"):
            # Loaded here because they take a while.
            from seatrial.init.changelog import lacks_notes, require_source
            from seatrial.init.detect import detect_project
            from seatrial.init.files import require_clean_files, write_proposal
            from seatrial.init.propose import Parts, detected_text, remarks_text, require_sessions
            from seatrial.init.trial import part_to_release, try_proposal

            source = require_source("none" if no_changelog else "", "fragments" if fragments else "", changelog)
            detected = detect_project(Path(project or ".").resolve())
            text = "" if remove else detected_text(detected)
        if remove:
            _remove(console, detected, yes=yes, dry_run=dry_run)
            return
        console.show(text, paint_card)
        left_out = require_sessions(without)
        parts = Parts(workflows, classifiers and not no_classifiers, tasks, source, fragments, left_out)
        if is_interactive() and not (yes or dry_run) and parts.propose(detected).files:
            parts = _choose_parts(console, detected, parts)
        can_ask = yes or dry_run or is_interactive()
        with console.waiting("preparing the files"):
            proposal, request = parts.propose(detected), ("--part", part_to_release(detected))
            require_clean_files(detected, proposal)
            if proposal.files and can_ask and not no_try:
                console.show("")
                proposal, report = try_proposal(
                    detected,
                    parts.planned(detected),
                    lambda planned: parts.propose(detected, planned),
                    progress,
                    os.environ,
                    seconds=limit,
                )
                console.pause()
                console.show(_trial_text(console, report))
                request = report.request or request
        if dry_run and proposal.files:
            console.show(f"\n{proposal.diff}", paint_diff)
        if proposal.files:
            console.show(f"\n{proposal.table}", paint_rows)
        if proposal.remarks:
            console.show(f"\n{remarks_text(proposal)}")
        if not proposal.files:
            console.show("\nThere is nothing to write.")
        elif not dry_run:
            _confirm(console, proposal, yes=yes)
            write_proposal(detected, proposal)
            written = f"{count_text(len(proposal.files), 'file')}, {count_text(proposal.lines, 'line')} written"
            sign = console.styled(console.sign("done"), "ok")
            empty = ["--allow-empty"] if lacks_notes(detected.project.root) else []
            words = request if request[0] == "--version" else request[1:]
            following = f"next  commit them, then: {Command('rehearse', *words, *empty)}"
            console.show(f"\n{sign} {written}\n{following}", paint_rows)


@command(
    words=["name"],
    help={
        "name": "the name of the package, or the path of its folder, which ends with the name",
        "description": "what the package is for, in one line",
        "python": "the oldest Python that the package supports; default: the oldest that gets fixes",
        "remote": "the address of the repository to push to",
        "workflows": "--no-workflows: write no CI workflows",
        "license": "MIT, Apache-2.0, BSD-3-Clause or GPL-3.0-or-later; default: MIT",
        "keyword": "a keyword of the metadata; can be given several times",
        "script": "add a command of the same name",
        "yes": "do not ask for what is missing",
    },
    iterable=["keyword"],
)
def new(
    context: Context,
    name: str,
    description: str = "",
    python: str = "",
    remote: str = "",
    workflows: bool = True,
    license: str = "",  # noqa: A002 - the name of the flag
    keyword: Sequence[str] = (),
    script: bool = False,
    yes: bool = False,
) -> None:
    """Create a package in a new folder, ready to be released.

    The folder becomes a git repository with one commit, unless it is in a repository already. In a terminal, it asks
    for what is missing.

    Example: seatrial new tidepool
    """
    from dataclasses import replace

    from seatrial.index.destination import pip_index_url
    from seatrial.init.new import (
        PackageRequest,
        create_package,
        name_answer,
        new_package_text,
        require_address,
        require_free_folder,
        require_license,
    )

    with errors_as_messages("nothing was made"), termination_as_interrupt():
        request = PackageRequest.of(name, python)
        license = require_license(license, name) if license else ""  # noqa: A001 - as above
        remote = require_address(remote, name) if remote else ""
        require_free_folder(request.folder)
        console = open_console("new")
        with console.waiting("asking the index about the name"):
            answer = name_answer(request.name.project, pip_index_url(os.environ))
        console.show(f"{answer}\n")
        if not yes and is_interactive():
            if answer.fix:
                confirm(
                    console, "create it all the same?", effect="nothing was made", fix=repeated_command("new", "--yes")
                )
            description = description or ask_line("description", request.description)
            license = license or _choose_license()  # noqa: A001 - as above
            keyword = keyword or ask_line("keywords, separated by commas", "none").split(",")
            if git_folder(Path.cwd()) is None:
                remote = remote or _ask_address()
        request = replace(
            request,
            description=" ".join(description.split()) or request.description,
            remote=remote or None,
            workflows=workflows,
            license=license or request.license,
            keywords=tuple(filter(None, (word.strip() for word in keyword))),
            has_command=script,
        )
        with console.waiting("writing the files"):
            package = create_package(request)
        console.show(new_package_text(package, request), paint_card)


def _choose_parts(console: Console, detected: DetectedProject, parts: Parts) -> Parts:
    """Ask which parts are written. Raises `Declined`."""
    from seatrial.console import Form
    from seatrial.init.propose import choose_parts

    console.pause()
    console.show("")
    has_cursor = console.form is Form.LIVE
    chosen = choose_parts(
        detected, parts, lambda rows: choose("What to write", rows, has_cursor=has_cursor, show=console.show)
    )
    if chosen is None:
        raise ReleaseError("nothing was written", code="Declined")
    return chosen


def _remove(console: Console, detected: DetectedProject, *, yes: bool, dry_run: bool) -> None:
    """Show what takes seatrial out of a project, ask once, and do it. Raises `NotMine` or `Declined`."""
    from seatrial.init.files import require_clean_files
    from seatrial.init.propose import remarks_text
    from seatrial.init.remove import plan_removal, remove_files

    removal = plan_removal(detected)
    files = removal.proposal.files
    require_clean_files(detected, removal.proposal)
    if dry_run and files:
        console.show(removal.diff, paint_diff)
    console.show(removal.table if files else "There is nothing to remove.", paint_rows)
    if removal.remarks:
        console.show(f"\n{remarks_text(removal.proposal)}")
    if files and not dry_run:
        if not yes:
            confirm(
                console,
                f"change or delete {count_text(len(files), 'file')}?",
                effect="nothing was removed",
                fix=f"{repeated_command('init', '--yes')}; to see the diff: {repeated_command('init', '--dry-run')}",
                views={"diff": lambda: page_text(removal.diff)},
            )
        remove_files(detected, removal)
        sign = console.styled(console.sign("done"), "ok")
        console.show(f"\n{sign} {count_text(len(files), 'file')} changed or deleted\nnext  commit them", paint_rows)


def _ask_address() -> str:
    """Ask for the address of the repository, "" for none."""
    from seatrial.init.new import require_address

    while True:
        answer = ask_line("address of the repository on its forge", "none")
        try:
            return require_address(answer) if answer else ""
        except ProjectError as error:
            show(error.what)


def _choose_license() -> str:
    """Ask for the licence. Raises `Declined`."""
    from seatrial.console import Form
    from seatrial.init.new import LICENSES

    has_cursor = open_console("new").form is Form.LIVE
    license = choose("licence", list(map(Choice, LICENSES)), has_cursor=has_cursor, show=show)  # noqa: A001 - as above
    if license is None:
        raise ReleaseError("nothing was made", code="Declined")
    return license


def _trial_text(console: Console, report: TrialReport) -> str:
    """Return what came of a trial: a table, and below it what there is to say."""
    styles = {"done": "ok", "failed": "error", "warning": "warning"}
    width = max((len(row.name) for row in report.rows), default=0)
    signs = [console.styled(console.sign(row.sign), styles.get(row.sign, "dim")) for row in report.rows]
    rows = [f"{sign} {row.name:{width}}  {row.detail}".rstrip() for sign, row in zip(signs, report.rows)]
    remarks = ["- " + remark.replace("\n", "\n  ") for remark in report.remarks]
    return "\n".join(["", *rows, *([""] if remarks else []), *remarks])


def _confirm(console: Console, proposal: Proposal, *, yes: bool) -> None:
    """Ask whether to write the files. Raises `Declined`."""
    if yes:
        return
    confirm(
        console,
        f"write {count_text(len(proposal.files), 'file')}?",
        effect="nothing was written",
        fix=f"{repeated_command('init', '--yes')}; to see the diff: {repeated_command('init', '--dry-run')}",
        views={
            "diff": lambda: page_text(proposal.diff),
            "files": lambda: page_text("\n".join(f"==> {file.path} <==\n{file.new}" for file in proposal)),
        },
    )
