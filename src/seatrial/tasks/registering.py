"""What has to be registered before the first release, and trying whether it is."""

# What a task does is loaded when it runs: `invoke -l` does without.
# ruff: noqa: PLC0415

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.tasks import task

from seatrial.command_line import typed
from seatrial.tasks.facing import one_message, project_folder, show

if TYPE_CHECKING:
    from invoke.context import Context

    from seatrial.rehearsal.course import Course
    from seatrial.workflows.desk import Desk

MEANING = """\
A run that ends well shows that PyPI gives a token to this workflow in this environment: owner, repository, file and
environment are registered. It does not show that the files are fit ({rehearse}), nor who may push tags. An
environment that admits tags alone refuses it from the branch: that is GitHub's word, not PyPI's."""


@task(name="trusted-publisher")
def trusted_publisher(context: Context) -> None:  # noqa: ARG001 - invoke's shape
    """Say what to register on PyPI and on TestPyPI.

    And what to set in the repository; gh is asked where it is installed.

    Example: invoke trusted-publisher
    """
    from seatrial.workflows.desk import Desk

    with one_message():
        desk = Desk.of(project_folder())
        course = _course(desk)
        for remark in course.remarks:
            show(f"({remark})")
        show("\n\n".join((*map(str, _registrations(desk, course)), _settings(desk, course))))


def prove(desk: Desk) -> None:
    """Start the run that asks PyPI for a token and throws it away, or say where to start it."""
    from seatrial.errors import WorkflowUnknown
    from seatrial.tools import gh

    course = _course(desk)
    if desk.kind != "github" or not desk.shape.settings.prove:
        raise WorkflowUnknown(
            "no workflow of this project can be started to prove the publisher",
            fix=f"on GitHub: prove = true in [tool.seatrial.workflows], then {typed('workflows')}, and push",
        )
    who = course.sender
    if gh.is_there():
        show(gh.start(desk.repository.root, who.home, who.workflow, desk.shape.branch) or f"{who.workflow} is started")
    page = f"https://github.com/{who.home}/actions/workflows/{who.workflow}"
    show(f"{page}\n\n{MEANING.format(rehearse=typed('rehearse'))}")


def _course(desk: Desk) -> Course:
    from dataclasses import replace

    from seatrial.rehearsal.course import chart

    course = chart(desk.repository, desk.project, desk.repository.root)
    if desk.kind == "github":
        return course
    sender = replace(course.sender, workflow=".gitlab-ci.yml", environment=desk.shape.environment)
    return replace(course, sender=sender, remarks=())


def _registrations(desk: Desk, course: Course) -> tuple[object, ...]:
    from dataclasses import replace

    from twine.utils import TEST_REPOSITORY

    from seatrial.facts import pypi
    from seatrial.workflows.registration import Registration

    home, test_home = pypi.host(), TEST_REPOSITORY.split("/")[2]
    name = desk.project.name
    found = [Registration("PyPI", home, desk.kind, name, course.sender)]
    if desk.shape.settings.testpypi:
        file = desk.shape.ci if desk.kind == "github" else course.sender.workflow
        tester = replace(course.sender, workflow=file, environment="testpypi")
        found.append(Registration("TestPyPI", test_home, desk.kind, name, tester))
    return tuple(found)


def _settings(desk: Desk, course: Course) -> str:
    from seatrial.tools import gh
    from seatrial.workflows import registration

    shape, who = desk.shape, course.sender
    wanted = {who.environment: f"tags {shape.tags}"}
    if shape.settings.testpypi:
        wanted["testpypi"] = f"the branch {shape.branch}"
    home = f"repos/{who.home}"
    asks = desk.kind == "github"
    seen = {name: gh.ask(desk.repository.root, f"{home}/environments/{name}") for name in wanted if asks}
    rules = gh.ask(desk.repository.root, f"{home}/rulesets") if asks else None
    return registration.to_set(wanted, shape.tags, seen, rules)
