"""Packages in folders of one repository that get seatrial: each its own files of CI, with nothing left to the user."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from errors_raised import rendered
from release_repo import ReleaseRepo
from sample_project import HERE, SampleProject
from sample_projects import make_sample, read_sample
from seatrial.init.detect import detect_project
from seatrial.init.propose import Parts

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.slow

MADE_FROM = {"foo": "setuptools-attr", "bar": "hatchling-path"}
"""The projects of tests/projects that the packages are made from."""
FILES = ("pyproject.toml", ".gitignore", "noxfile.py", "tasks.py")
"""What each gets in its own folder."""
SHARED = ".github/dependabot.yml"
NEXT = "\nnext  commit them, then: seatrial --project packages/foo rehearse patch --allow-empty\n"
TAG = '\n[tool.seatrial]\ntag = "{name}-v{version}"\n'


@pytest.fixture
def repo(tmp_path: Path) -> ReleaseRepo:
    """Return a repository with the packages foo and bar, neither of which has seatrial, and a remote on a forge."""
    project = make_sample("flit-module", tmp_path).project
    project.git("rm", "-q", "-r", ".")
    project.git("tag", "-d", "v1.2.3")
    project.run("git", "push", "-q", "origin", ":v1.2.3")
    for name, loaded in MADE_FROM.items():
        files = read_sample(loaded).files
        project.write({f"packages/{name}/{path}".replace("tidepool", name): _of(name, files[path]) for path in files})
    project.commit("Begin both")
    project.git("push", "-q")
    project.git("remote", "set-url", "origin", "https://github.com/acme/tides.git")
    return ReleaseRepo(project)


def _of(name: str, text: str) -> str:
    return text.replace("tidepool", name)


def own(name: str) -> list[str]:
    """Return the files that a package gets in its folder."""
    return [f"packages/{name}/{path}" for path in FILES]


def of_ci(name: str) -> list[str]:
    """Return the files of CI that a package gets."""
    return [f".github/workflows/ci-{name}.yml", f".github/workflows/release-{name}.yml"]


def proposed(repo: ReleaseRepo, name: str, *, workflows: bool = True) -> tuple[list[str], tuple[str, ...]]:
    """Return the files that init would write for a package, and what it would leave to the user."""
    proposal = Parts(workflows=workflows).propose(detect_project(repo.project.root / "packages" / name))
    return [str(change.path) for change in proposal], tuple(map(rendered, proposal.remarks))


def listed(output: str) -> list[str]:
    """Return the files of the table that init shows."""
    return re.findall(r"^  (?:new|changed) +(\S+)", output, re.MULTILINE)


def test_each_gets_its_files_of_ci_in_the_one_diff_and_nothing_the_second_time(repo: ReleaseRepo) -> None:
    project = repo.project
    without = project.seatrial("init", "--dry-run", "--no-try", "--no-workflows", "--project", "packages/foo")
    assert (without.returncode, listed(without.output)) == (0, own("foo"))
    unasked = project.seatrial("init", "--project=packages/foo")
    assert (unasked.returncode, unasked.output.splitlines()[-2]) == (
        5,
        (
            "fix:  seatrial init --yes --project=packages/foo; to see the diff: seatrial init --dry-run "
            "--project=packages/foo"
        ),
    )
    first = project.seatrial("init", "--yes", "--no-try", "--project", "packages/foo")
    assert (first.returncode, listed(first.output)) == (0, [*own("foo"), *of_ci("foo"), SHARED])
    assert first.output.endswith(NEXT)
    # Typed inside of its folder, while what the other has got is not committed.
    second = SampleProject(project.root / "packages/bar", project.environ).seatrial("init", "--yes", "--no-try")
    assert (second.returncode, listed(second.output)) == (0, [*own("bar"), *of_ci("bar")])
    for name in MADE_FROM:
        assert TAG in repo.read(f"packages/{name}/pyproject.toml")
        again = project.seatrial("init", "--yes", "--no-try", "--project", f"packages/{name}")
        assert (again.returncode, again.output.splitlines()[-1]) == (0, "There is nothing to write.")
        same = project.seatrial("workflows", "--check", "--project", f"packages/{name}")
        assert same.output.splitlines()[-1] == f"{', '.join([*of_ci(name), SHARED])}: up to date"


OF_ANOTHER = """\
seatrial: .gitlab-ci.yml is that of another package: GitLab has one pipeline for a repository
fix:  call its jobs from one pipeline of your own; to have it written for this package instead: seatrial --project \
packages/bar workflows --overwrite
more: seatrial explain WorkflowsDrifted
"""
BY_HAND = "on: [push]\njobs: {test: {runs-on: ubuntu-24.04, steps: [{run: pytest}]}}\n"
IN_BAR = "on: [push]\ndefaults: {run: {working-directory: packages/bar}}\njobs: {}\n"
LEFT_ALONE = "The CI configuration is your own, and was left alone; to generate it: invoke workflows"


def test_files_of_ci_that_were_written_by_hand_are_left_alone_but_where_they_are_those_of_the_other(
    repo: ReleaseRepo,
) -> None:
    repo.project.write({".github/workflows/bar.yml": IN_BAR})
    repo.project.commit()
    assert proposed(repo, "foo") == ([*own("foo"), *of_ci("foo"), SHARED], ())
    assert proposed(repo, "bar") == (own("bar"), (LEFT_ALONE,))
    repo.project.write({".github/workflows/all.yml": BY_HAND})
    repo.project.commit()
    assert proposed(repo, "foo") == (own("foo"), (LEFT_ALONE,))


def test_pipeline_of_gitlab_is_that_of_one_package_and_not_written_over_by_the_other(repo: ReleaseRepo) -> None:
    project, pipeline = repo.project, ".gitlab-ci.yml"
    project.git("remote", "set-url", "origin", "https://gitlab.com/acme/tides.git")
    for name in MADE_FROM:
        ran = project.seatrial("init", "--yes", "--no-try", "--project", f"packages/{name}")
        assert (ran.returncode, pipeline in listed(ran.output)) == (0, name == "foo")
    assert f"- {pipeline} is that of another package: GitLab has one pipeline for a repository\n" in ran.output
    before = repo.read(pipeline)
    ran = project.seatrial("workflows", "--project", "packages/bar")
    assert (ran.returncode, ran.output) == (2, OF_ANOTHER)
    assert repo.read(pipeline) == before
    assert project.seatrial("workflows", "--project", "packages/bar", "--overwrite").returncode == 0
    assert ("cd packages/bar/" in repo.read(pipeline), "foo" in repo.read(pipeline)) == (True, False)


def test_tags_of_another_form_in_the_history_are_kept(repo: ReleaseRepo) -> None:
    repo.project.git("tag", "-a", "-m", "It", "foo/v1.2.3")
    detected = detect_project(repo.project.root / "packages/foo")
    assert detected.tag_form == "{name}/v{version}"
    assert "tool.seatrial" not in Parts(workflows=False).propose(detected).diff


def test_tag_is_added_to_existing_settings(repo: ReleaseRepo) -> None:
    path = "packages/foo/pyproject.toml"
    text = repo.read(path)
    repo.project.write({path: text + '\n[tool.seatrial]\nbranch = "main"  # the one\n\n[tool.other]\n'})
    repo.project.commit()
    assert (
        repo.project.seatrial("init", "--yes", "--no-try", "--no-workflows", "--project", "packages/foo").returncode
        == 0
    )
    settings = TAG.replace("tag", 'branch = "main"  # the one\ntag', 1) + "\n[tool.other]\n"
    assert settings in repo.read(path)


def test_file_with_unfinished_work_is_named_with_a_command_that_works_from_everywhere(repo: ReleaseRepo) -> None:
    path = "packages/foo/pyproject.toml"
    repo.project.write({path: repo.read(path) + "# Unfinished\n"})
    ran = repo.project.seatrial("init", "--yes", "--no-try", "--project", "packages/foo")
    assert (ran.returncode, ran.output.splitlines()[-2]) == (
        2,
        "fix:  git commit :/packages/foo/pyproject.toml; or, to put it aside: git stash",
    )


def test_package_in_a_folder_is_rehearsed(repo: ReleaseRepo) -> None:
    """Its sessions run in its folder of a real clone, and what is uploaded is what they have built."""
    project = repo.project
    for name in MADE_FROM:
        ran = project.seatrial("init", "--yes", "--no-try", "--project", f"packages/{name}")
        assert ran.returncode == 0, ran.output
    project.commit("Adopt seatrial")
    other = SampleProject(project.root / "packages/bar", project.environ)
    ran = other.invoke("rehearse", "--part", "patch", "--allow-empty", "--json")
    assert ran.returncode == 0, ran.output
    report = json.loads(ran.output[ran.output.index("\n{\n") :])
    assert (report["tag"], report["version"]) == ("bar-v1.2.4", "1.2.4")
    assert HERE in [installed["python"] for installed in report["installed"]]
    publisher = {
        "owner": "acme",
        "repository": "tides",
        "workflow": "release-bar.yml",
        "environment": "pypi",
        "forge": "github",
    }
    assert report["publisher"] == publisher
