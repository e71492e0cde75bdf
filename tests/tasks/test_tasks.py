"""The invoke face."""

from __future__ import annotations

import json

import pytest

from sample_project import HERE, SampleProject, lines, normalised, package

pytestmark = pytest.mark.slow
TASKS = 'from seatrial.tasks import ns\n\n__all__ = ["ns"]\n'


def test_namespace_lists_its_tasks(project: SampleProject) -> None:
    project.write({"tasks.py": TASKS})
    ran = project.invoke("-l")
    assert ran.returncode == 0
    assert ran.output == (
        "Available tasks:\n"
        "\n"
        "  bump                Raise the version in all files that name it.\n"
        "  changelog           Make a changelog entry of the fragments.\n"
        "  check               Judge distributions as PyPI would, and by what is in\n"
        "                      them.\n"
        "  init                Put seatrial into a project: one diff, one question.\n"
        "  new                 Begin a package in a folder of its own, ready to be\n"
        "                      released.\n"
        "  news                Write a changelog fragment.\n"
        "  preflight           Find every reason why a release would fail, at once.\n"
        "  publish             Publish a release by hand, from its tag.\n"
        "  push                Push the branch and the version's tag, both or neither.\n"
        "  pythons             List the project's Pythons, and where each is installed.\n"
        "  rehearse            Rehearse the whole release on this machine.\n"
        "  release             Release in one push: all of it, or nothing.\n"
        "  status              Say where the project stands, and what comes next.\n"
        "  tag                 Tag HEAD with the project's version.\n"
        "  trusted-publisher   Say what to register on PyPI and on TestPyPI.\n"
        "  undo                Undo a wrong release, as far as that can be done.\n"
        "  verify              See that the index serves what was proved.\n"
        "  workflows           Write the files of CI from the project and its sessions.\n"
        "  ci.built            Print what was built from which commit, as a job output.\n"
        "  ci.notes            Print what the changelog says of a release.\n"
        "  ci.sessions         Print the matrix of CI, as a job output.\n"
        "  ci.verify           See that a tag fits the project and its files.\n"
        "  ci.version          Give the checkout a development version that no other run\n"
        "                      has.\n"
        "\n"
    )


def test_pythons_are_listed_with_their_place_or_with_how_to_get_them(project: SampleProject) -> None:
    package(project, pythons=(HERE, "3.99"))
    project.write({"tasks.py": TASKS})
    listed = json.loads(project.invoke("pythons", "--json").output)
    assert [one["python"] for one in listed] == [HERE, "3.99"]
    assert project.run(listed[0]["path"], "-c", "import sys; print(sys.version_info[:2])").output == (
        f"({HERE.replace('.', ', ')})\n"
    )
    assert project.invoke("pythons").output == (
        f"{HERE:4}  {listed[0]['path']}\n3.99  not installed; to get it: uv python install 3.99\n"
    )


def test_mistake_in_the_project_is_one_message(project: SampleProject) -> None:
    project.write({"tasks.py": TASKS})
    ran = project.invoke("pythons")
    assert ran.returncode == 2
    assert normalised(ran.output, root=project.root) == lines(
        """
        seatrial: there is no {root}/pyproject.toml
        fix:  go to the project's folder, beside pyproject.toml; or: seatrial --project FOLDER
        read: https://github.com/seatrial/seatrial/blob/main/docs/errors.md#pyprojectmissing
        """
    )
