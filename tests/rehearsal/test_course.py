"""Who publishes is read from the remote, the project's addresses and the workflows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seatrial.facts.project import Project
from seatrial.facts.publisher import Publisher
from seatrial.facts.repository import Repository, owner_and_name
from seatrial.mishaps import TokenForbidden
from seatrial.rehearsal.course import Course, chart

if TYPE_CHECKING:
    from pathlib import Path

JOB = "{environment: pypi, permissions: {id-token: write}, steps: [{uses: pypa/gh-action-pypi-publish@v1}]}"
ON_TAGS = "on: {push: {tags: ['v*']}}\n"


def course(top: Path, *, remote: str = "", table: object = None, **workflows: str) -> Course:
    """Chart the course of a project with these workflows, by the names of their files."""
    (top / ".github/workflows").mkdir(parents=True)
    for name, text in workflows.items():
        (top / f".github/workflows/{name}.yml").write_text(text)
    settings = (("remote.origin.url", remote),) if remote else ()
    repository = Repository(
        top, "", top, top, "", "main", "origin" if remote else "", remotes=("origin",), settings=settings
    )
    return chart(repository, Project(top, {"project": {"name": "tidepool"}, **(table or {})}), top)  # type: ignore[dict-item]


def test_course_is_that_of_the_workflow_that_publishes_on_tags(tmp_path: Path) -> None:
    found = course(
        tmp_path,
        remote="git@github.com:acme/tidepool.git",
        ci="on: push\njobs:\n  a: {steps: [{run: nox -s tests}]}\n",
        nightly=f"on: push\njobs:\n  a: {JOB}\n",
        release=f"{ON_TAGS}jobs:\n  b: {{steps: [{{run: nox -s build check}}]}}\n  p: {JOB}\n",
    )
    who = Publisher("acme", "tidepool", "release.yml", "pypi")
    assert found == Course(who, who, ("build", "check"), ())


def test_workflow_of_another_package_is_not_taken_for_that_of_this_one(tmp_path: Path) -> None:
    (tmp_path / "packages/kelp").mkdir(parents=True)
    (tmp_path / "packages/kelp/pyproject.toml").touch()
    table = {"tool": {"seatrial": {"tag": "{name}-v{version}"}}}
    found = course(
        tmp_path,
        table=table,
        a_kelp=f"on: {{push: {{tags: ['*']}}}}\ndefaults: {{run: {{working-directory: ./packages/kelp/}}}}\n"
        f"jobs: {{publish: {JOB}}}",
        b_reef=f"on: {{push: {{tags: ['reef-v*']}}}}\njobs: {{publish: {JOB}}}",
        tide=f"on: {{push: {{tags: ['tidepool-v*']}}}}\njobs: {{publish: {JOB}}}",
    )
    assert found.sender.workflow == "tide.yml"


def test_what_is_registered_can_differ(tmp_path: Path) -> None:
    table = {"tool": {"seatrial": {"publisher": {"workflow": "publish.yml"}}}}
    found = course(
        tmp_path, remote="https://github.com/acme/tidepool", table=table, release=f"{ON_TAGS}jobs:\n  p: {JOB}\n"
    )
    assert found.sender == Publisher("acme", "tidepool", "release.yml", "pypi")
    assert found.registered == Publisher("acme", "tidepool", "publish.yml", "pypi")


def test_what_nobody_says_is_assumed_and_said(tmp_path: Path) -> None:
    found = course(tmp_path, remote="../remote.git")
    who = Publisher("OWNER", "tidepool", "release.yml", "pypi")
    assert found == Course(
        who,
        who,
        (),
        (
            "neither a remote nor [project.urls] leads to a forge: the owner of the repository is assumed",
            "no workflow in .github/workflows publishes: release.yml and the environment pypi are assumed",
        ),
    )


def test_addresses_of_the_project_lead_to_the_forge_where_no_remote_does(tmp_path: Path) -> None:
    urls = {"Homepage": "https://tides.example", "Source": "https://github.com/acme/pool", "Other": "https://x.org/a/b"}
    found = course(tmp_path, table={"project": {"name": "tidepool", "urls": urls}})
    assert (found.sender.owner, found.sender.repository) == ("acme", "pool")


def test_stored_password_is_a_remark(tmp_path: Path) -> None:
    step = "{uses: pypa/gh-action-pypi-publish@v1, with: {password: x}}"
    found = course(tmp_path, remote="https://github.com/a/b", release=f"{ON_TAGS}jobs:\n  p: {{steps: [{step}]}}\n")
    assert found.remarks == ("release.yml publishes with a stored password; trusted publishing was rehearsed",)


def test_job_that_may_not_ask_is_an_error(tmp_path: Path) -> None:
    text = f"{ON_TAGS}jobs:\n  p: {JOB}\n".replace("write", "none")
    with pytest.raises(TokenForbidden) as raised:
        course(tmp_path, remote="https://github.com/a/b", release=text)
    assert raised.value.what == (
        "the job p of .github/workflows/release.yml may not ask for an identity token, without which PyPI lets nobody "
        "publish"
    )


PIPELINE = """\
publish:
  rules: [{if: $CI_COMMIT_TAG =~ /^v/}]
  environment: $WHERE
  variables: {WHERE: production}
  id_tokens: {PYPI_ID_TOKEN: {aud: pypi}}
  script: [twine upload dist/*]
"""


def test_course_of_a_project_on_gitlab_is_that_of_its_pipeline(tmp_path: Path) -> None:
    (tmp_path / ".gitlab-ci.yml").write_text(PIPELINE)
    found = course(tmp_path, remote="git@gitlab.com:acme/deep/tidepool.git", release=f"{ON_TAGS}jobs:\n  p: {JOB}\n")
    who = Publisher("acme/deep", "tidepool", ".gitlab-ci.yml", "production", forge="gitlab")
    assert found == Course(who, who, (), (), pipeline=PIPELINE, host="gitlab.com")


def test_pipeline_beside_a_workflow_on_github_is_not_the_one_that_publishes(tmp_path: Path) -> None:
    (tmp_path / ".gitlab-ci.yml").write_text(PIPELINE)
    found = course(tmp_path, remote="git@github.com:acme/tidepool.git", release=f"{ON_TAGS}jobs:\n  p: {JOB}\n")
    assert (found.pipeline, found.sender) == ("", Publisher("acme", "tidepool", "release.yml", "pypi"))


def test_what_is_assumed_of_a_project_on_gitlab_is_said(tmp_path: Path) -> None:
    (tmp_path / ".gitlab-ci.yml").write_text("include: {template: Python.yml}\ntest: {script: nox}\n")
    found = course(tmp_path, remote="https://gitlab.example.org/acme/tidepool")
    who = Publisher("acme", "tidepool", ".gitlab-ci.yml", "pypi", forge="gitlab")
    remarks = (
        ".gitlab-ci.yml includes template Python.yml, which is not here, and was not read",
        "PyPI takes tokens of gitlab.example.org only for organisations that it has let in: one of gitlab.com was used",
        "no job of .gitlab-ci.yml publishes: it and the environment pypi are assumed",
    )
    assert found == Course(who, who, (), remarks, host="gitlab.example.org")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://github.com/acme/tidepool.git", ("acme", "tidepool")),
        ("https://github.com/acme/tidepool/", ("acme", "tidepool")),
        ("git@github.com:acme/tidepool.git", ("acme", "tidepool")),
        ("ssh://git@github.com:22/acme/tidepool", ("acme", "tidepool")),
        ("https://gitlab.com/acme/deep/tidepool", ("acme/deep", "tidepool")),
        ("https://github.com/acme/tidepool/tree/main/docs", ("acme", "tidepool")),
        ("https://gitlab.com/acme/tidepool/-/tree/main", ("acme", "tidepool")),
        ("../remote.git", ("", "")),
        ("/srv/git/remote.git", ("", "")),
        ("https://tides.example", ("", "")),
        ("C:/repositories/remote", ("", "")),
    ],
)
def test_owner_and_name_are_read_from_an_address(address: str, expected: tuple[str, str]) -> None:
    assert owner_and_name(address) == expected
