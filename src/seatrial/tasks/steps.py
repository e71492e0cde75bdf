"""The steps of a release, each for itself, in the working tree, like the tool behind it."""

# The parameters are flags: invoke has no other way, and calls each by its name.
# ruff: noqa: FBT001, FBT002, ARG001, PLC0415
# What a task does is loaded when it runs: `invoke -l` does without.

from __future__ import annotations

import posixpath
import re
import shlex
from typing import TYPE_CHECKING

from invoke.tasks import task

from seatrial.command_line import typed
from seatrial.refusals import ReleaseError
from seatrial.tasks.facing import one_message, project_folder, show

if TYPE_CHECKING:
    from invoke.context import Context

    from seatrial.outlook import Outlook


@task(
    help={
        "part": "major, minor, patch, a, b, rc, final, dev, post, or auto: what the fragments ask for",
        "version": "the version itself, instead of a part",
        "anyway": "raise a smaller part than the fragments ask for",
    }
)
def bump(context: Context, part: str = "", version: str = "", anyway: bool = False) -> None:
    """Raise the version in all files that name it.

    bump-my-version writes it; nothing is committed.

    Example: invoke bump --part minor
    """
    from seatrial import plan, rewriting

    with one_message():
        outlook = _outlook()
        new = plan.choose(outlook, plan.Wish(part, version, anyway, allow_empty=True))
        rewriting.raise_version(outlook, new)
        changed = ", ".join(dict.fromkeys(str(place.path) for place in outlook.places.places))
        show(
            f"{outlook.current} → {new}"
            + (f" in {changed}" if changed else f": it comes from the tag {outlook.tag(new)}")
        )


@task(help={"version": "that of the entry, the project's own unless it is given"})
def changelog(context: Context, version: str = "") -> None:
    """Make a changelog entry of the fragments.

    towncrier writes it; the fragments are removed, and nothing is committed.

    Example: invoke changelog --version 1.5.0
    """
    from datetime import datetime

    from seatrial import rewriting
    from seatrial.facts import versions

    with one_message():
        outlook = _outlook()
        new = versions.parse(version) if version else outlook.current
        if outlook.news is None:
            raise ReleaseError(
                f"{outlook.project.path} has no [tool.towncrier]", code="NewsNotConfigured", fix=HOW_TO_CONFIGURE
            )
        if not outlook.fragments:
            raise ReleaseError(
                f"there is no fragment in {outlook.news.folders[0]}",
                code="NoFragments",
                fix=typed(f'news {outlook.news.kinds[0]} "What is new."'),
            )
        show(rewriting.assemble(outlook, new, f"{datetime.now().astimezone():%Y-%m-%d}"))


@task(
    positional=["kind", "text"],
    help={
        "kind": "the type of the fragment, one of those that towncrier is configured for",
        "text": "what is new, for those who use the package",
        "issue": "the number of the issue or pull request",
    },
)
def news(context: Context, kind: str, text: str, issue: str = "") -> None:
    """Write a changelog fragment.

    Example: invoke news feature "Wheels are tested as built." --issue 42
    """
    from seatrial.facts.news import News
    from seatrial.facts.project import Project
    from seatrial.tools import towncrier

    with one_message():
        project = Project.from_directory(project_folder())
        settings = News.from_project(project)
        if settings is None:
            raise ReleaseError(
                f"{project.path} has no [tool.towncrier]", code="NewsNotConfigured", fix=HOW_TO_CONFIGURE
            )
        if kind not in settings.kinds:
            raise ReleaseError(
                f"{kind} is no type of fragment in {settings.source}: there are {', '.join(settings.kinds)}",
                code="FragmentTypeUnknown",
                fix=typed(f"news {settings.kinds[0]} {shlex.quote(text)}"),
            )
        number = issue.lstrip("#")
        if number and not re.fullmatch(r"[\w-]+", number):
            raise ReleaseError(f"{issue!r} is no number of an issue", code="FragmentInvalid", fix="--issue 42")
        name = f"{number or settings.orphan_prefix}.{kind}{settings.suffix}"
        show(towncrier.create(project.root, name, text).strip())


@task(help={"version": "that of the tag, the project's own unless it is given"})
def tag(context: Context, version: str = "") -> None:
    """Tag HEAD with the project's version.

    The tag is annotated, and signed where your tags are. Where the version comes from the tag, say which.
    Example: invoke tag
    """
    from seatrial.facts import versions
    from seatrial.plan import Plan
    from seatrial.release import survey
    from seatrial.tools import checkout
    from seatrial.tools.git import Git
    from seatrial.tools.scratch import make_tag

    with one_message():
        repository = survey.look(project_folder())
        outlook = _outlook()
        if not repository.commit:
            raise survey.no_commit(repository)
        if outlook.comes_from_tag and not version:
            raise ReleaseError(
                "the version of this project comes from the tag, so there is none to tag with",
                code="PartMissing",
                fix=typed(f"tag --version {versions.next_version(outlook.current, outlook.asked.part)}"),
            )
        new = versions.parse(version) if version else outlook.current
        named = (posixpath.normpath(f"{repository.prefix}{place.path}") for place in outlook.places.places)
        changed = set(named) & set(repository.unfinished)
        if changed:
            raise ReleaseError(
                f"{', '.join(sorted(changed))} is not as it is in the commit that would be tagged",
                code="NotCommitted",
                fix="git commit --all",
            )
        name = outlook.tag(new)
        if checkout.object_of_tag(repository, name):
            raise ReleaseError(
                f"the tag {name} is there already", code="TagTaken", fix=f"{typed('bump --part minor')}, and commit"
            )
        message = Plan(outlook.project.name, new, new, name, "", "", "").tag_message
        make_tag(Git(repository.root), name, message, repository.commit)
        show(f"{name} is at {repository.commit[:12]}")


@task
def push(context: Context) -> None:
    """Push the branch and the version's tag, both or neither.

    Example: invoke push
    """
    from seatrial.refusals import Reasons
    from seatrial.release import survey
    from seatrial.tools import checkout, remote

    with one_message():
        repository = survey.look(project_folder())
        found = survey.survey(repository)
        Reasons(found.reasons).tell()
        outlook = _outlook()
        survey.insist_on_branch(found, outlook.config.branch)
        name = outlook.tag(outlook.current)
        oid = checkout.object_of_tag(repository, name)
        if not oid:
            raise ReleaseError(f"there is no tag {name}", code="TagMissing", fix=typed("tag"))
        remote.push(repository, repository.commit, name, oid)
        show(f"{repository.branch} and {name} are on {repository.remote}")


HOW_TO_CONFIGURE = """\
[tool.towncrier]
directory = "changelog.d"
filename = "CHANGELOG.md"
title_format = "## {version} ({project_date})"
ignore = []"""


def _outlook() -> Outlook:
    """Look at the project as it is in the working tree."""
    from seatrial import source_tree
    from seatrial.errors import SeatrialError
    from seatrial.outlook import Outlook
    from seatrial.tools import checkout

    folder = project_folder()
    try:
        known = checkout.tags(checkout.look(folder))
    except SeatrialError:
        # Outside git there are no tags, and the files can be changed all the same.
        known = {}
    return Outlook.of(folder, source_tree.existing_files(folder), known)
