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
        "  bump                Raise the version in all files that contain it.\n"
        "  changelog           Write a changelog entry from the fragments.\n"
        "  check               Check distributions as PyPI would, and their contents.\n"
        "  completion          Print a completion script for bash, zsh or fish.\n"
        "  explain             Explain checks and errors by their codes.\n"
        "  init                Add seatrial to a project.\n"
        "  new                 Create a package in a new folder, ready to be released.\n"
        "  news                Write a changelog fragment.\n"
        "  preflight           Report every reason why a release would fail, at once.\n"
        "  publish             Upload a release by hand, from its tag.\n"
        "  push                Push the branch and the tag, both or neither.\n"
        "  pythons             List the project's Pythons and where each is installed.\n"
        "  rehearse            Rehearse the whole release on this machine.\n"
        "  release             Release in one push: all of it, or nothing.\n"
        "  status              Show the state of the project and the next step.\n"
        "  tag                 Tag HEAD with the version of the project.\n"
        "  trusted-publisher   Print what to register on PyPI and TestPyPI.\n"
        "  undo                Undo a wrong release, as far as possible.\n"
        "  verify              Check that the index serves the verified files.\n"
        "  workflows           Write the CI workflows from the project and its sessions.\n"
        "  ci.built            Print what was built from which commit as a job output.\n"
        "  ci.notes            Print the changelog entry of a release.\n"
        "  ci.release          Print the tag of a merged release as a job output.\n"
        "  ci.sessions         Print the matrix of CI as a job output.\n"
        "  ci.verify           Check that a tag matches the project and its files.\n"
        "  ci.version          Give the checkout a version that no other CI run has.\n"
        "\n"
    )


def test_pythons_are_listed_with_their_place_or_with_how_to_get_them(project: SampleProject) -> None:
    package(project, pythons=(HERE, "3.99"))
    project.write({"tasks.py": TASKS})
    listed = json.loads(project.invoke("pythons", "--json").output)
    assert [row["python"] for row in listed] == [HERE, "3.99"]
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
        seatrial: {root}/pyproject.toml does not exist
        fix:  go to the project's folder; or: seatrial --project FOLDER
        more: seatrial explain PyprojectMissing
        """
    )


def test_wrong_values_are_one_message_with_a_fix(project: SampleProject) -> None:
    project.write({"tasks.py": TASKS, "changelog.d": "a file"})
    package(project)
    pyproject = (project.root / "pyproject.toml").read_text(encoding="utf-8")
    project.write({"pyproject.toml": f'{pyproject}\n[tool.towncrier]\ndirectory = "changelog.d"\n'})
    for line, end in (
        (
            ("--project", " ", "status"),
            "--project needs a value, and was given an empty text\nfix:  seatrial --project FOLDER status",
        ),
        (
            ("news", "feature", "Sails."),
            "\nfix:  correct what towncrier reports; it writes into {root}/changelog.d",
        ),
    ):
        ran = project.seatrial(*line)
        assert (ran.returncode != 0, ran.was_a_traceback) == (True, False), ran.output
        assert end in normalised(ran.output, root=project.root)
