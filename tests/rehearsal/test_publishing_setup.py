"""Who publishes is read from the remote, the project's addresses and the workflows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from errors_raised import raises_error
from seatrial.ci.before_upload import BeforeUpload
from seatrial.ci.publisher import Publisher
from seatrial.git.repository import Repository, Upstream, owner_and_name
from seatrial.project.nox_sessions import NoxCall
from seatrial.project.project import Project
from seatrial.rehearsal.ci import PublishingSetup, read_publishing_setup

if TYPE_CHECKING:
    from pathlib import Path


JOB = "{environment: pypi, permissions: {id-token: write}, steps: [{uses: pypa/gh-action-pypi-publish@v1}]}"
ON_TAGS = "on: {push: {tags: ['v*']}}\n"


def setup(top: Path, *, remote: str = "", table: object = None, **workflows: str) -> PublishingSetup:
    """Chart the course of a project with these workflows, by the names of their files."""
    (top / ".github/workflows").mkdir(parents=True)
    for name, text in workflows.items():
        (top / f".github/workflows/{name}.yml").write_text(text)
    settings = (("remote.origin.url", remote),) if remote else ()
    upstream = Upstream("origin", "refs/heads/main") if remote else None
    repository = Repository(top, "", top, top, None, "main", upstream, remotes=("origin",), settings=settings)
    return read_publishing_setup(repository, Project(top, {"project": {"name": "tidepool"}, **(table or {})}), top)  # type: ignore[dict-item]


def test_setup_is_that_of_the_workflow_that_publishes_on_tags(tmp_path: Path) -> None:
    waiting = JOB.replace("{", "{needs: b, ", 1)
    result = setup(
        tmp_path,
        remote="git@github.com:acme/tidepool.git",
        ci="on: push\njobs:\n  a: {steps: [{run: nox -s tests}]}\n",
        nightly=f"on: push\njobs:\n  a: {JOB}\n",
        release=f"{ON_TAGS}jobs:\n  b: {{steps: [{{run: nox -s build check}}]}}\n  p: {waiting}\n",
    )
    who = Publisher("acme", "tidepool", "release.yml", "pypi")
    assert result == PublishingSetup(who, who, BeforeUpload((NoxCall(("build", "check")),)), ())


def test_workflow_of_another_package_is_not_taken_for_that_of_this_one(tmp_path: Path) -> None:
    (tmp_path / "packages/kelp").mkdir(parents=True)
    (tmp_path / "packages/kelp/pyproject.toml").touch()
    table = {"tool": {"seatrial": {"tag": "{name}-v{version}"}}}
    result = setup(
        tmp_path,
        table=table,
        a_kelp=f"on: {{push: {{tags: ['*']}}}}\ndefaults: {{run: {{working-directory: ./packages/kelp/}}}}\n"
        f"jobs: {{publish: {JOB}}}",
        b_reef=f"on: {{push: {{tags: ['reef-v*']}}}}\njobs: {{publish: {JOB}}}",
        tide=f"on: {{push: {{tags: ['tidepool-v*']}}}}\njobs: {{publish: {JOB}}}",
    )
    assert result.publisher.workflow == "tide.yml"


def test_what_is_registered_can_differ(tmp_path: Path) -> None:
    table = {"tool": {"seatrial": {"publisher": {"workflow": "publish.yml", "environment": ""}}}}
    result = setup(
        tmp_path, remote="https://github.com/acme/tidepool", table=table, release=f"{ON_TAGS}jobs:\n  p: {JOB}\n"
    )
    assert result.publisher == Publisher("acme", "tidepool", "release.yml", "pypi")
    assert result.registered == Publisher("acme", "tidepool", "publish.yml", environment=None)


def test_unset_values_are_assumed_and_remarked(tmp_path: Path) -> None:
    result = setup(tmp_path, remote="../remote.git")
    who = Publisher("OWNER", "tidepool", "release.yml", "pypi")
    assert result == PublishingSetup(
        who,
        who,
        None,
        (
            "neither a remote nor [project.urls] leads to a forge: the owner of the repository is assumed",
            "no workflow in .github/workflows publishes: release.yml and the environment pypi are assumed",
        ),
    )


def test_addresses_of_the_project_lead_to_the_forge_where_no_remote_does(tmp_path: Path) -> None:
    urls = {"Homepage": "https://tides.example", "Source": "https://github.com/acme/pool", "Other": "https://x.org/a/b"}
    result = setup(tmp_path, table={"project": {"name": "tidepool", "urls": urls}})
    assert (result.publisher.owner, result.publisher.repository) == ("acme", "pool")


def test_stored_password_is_a_remark(tmp_path: Path) -> None:
    step = "{uses: pypa/gh-action-pypi-publish@v1, with: {password: x}}"
    result = setup(tmp_path, remote="https://github.com/a/b", release=f"{ON_TAGS}jobs:\n  p: {{steps: [{step}]}}\n")
    assert result.remarks == ("release.yml publishes with a stored password; trusted publishing was rehearsed",)


def test_job_without_permission_is_an_error(tmp_path: Path) -> None:
    text = f"{ON_TAGS}jobs:\n  p: {JOB}\n".replace("write", "none")
    with raises_error("TokenForbidden") as raised:
        setup(tmp_path, remote="https://github.com/a/b", release=text)
    assert raised.value.what == (
        "the job p of .github/workflows/release.yml may not request an identity token, which publishing on PyPI "
        "requires"
    )


PIPELINE = """\
publish:
  rules: [{if: $CI_COMMIT_TAG =~ /^v/}]
  environment: production
  id_tokens: {PYPI_ID_TOKEN: {aud: pypi}}
  script: [nox -s build check, twine upload dist/*]
"""
GITLAB = "git@gitlab.com:acme/deep/tidepool.git"
TOKENS = (("PYPI_ID_TOKEN", ("pypi",)),)
BEFORE = BeforeUpload((NoxCall(("build", "check")),), ("twine upload dist/*",), places=(".gitlab-ci.yml, job publish",))


def on_gitlab(top: Path, pipeline: str, remote: str = GITLAB, **workflows: str) -> PublishingSetup:
    """Chart the course of a project with this pipeline."""
    (top / ".gitlab-ci.yml").write_text(pipeline)
    return setup(top, remote=remote, **workflows)


def test_setup_of_a_project_on_gitlab_is_that_of_its_pipeline(tmp_path: Path) -> None:
    result = on_gitlab(tmp_path, PIPELINE, release=f"{ON_TAGS}jobs:\n  p: {JOB}\n")
    who = Publisher("acme/deep", "tidepool", ".gitlab-ci.yml", "production", forge="gitlab")
    assert result == PublishingSetup(who, who, BEFORE, (), TOKENS)


def test_pipeline_next_to_a_workflow_on_github_does_not_publish(tmp_path: Path) -> None:
    remote = "git@github.com:acme/tidepool.git"
    result = on_gitlab(tmp_path, PIPELINE, remote, release=f"{ON_TAGS}jobs:\n  p: {JOB}\n")
    assert (result.tokens, result.publisher) == ((), Publisher("acme", "tidepool", "release.yml", "pypi"))


def test_assumptions_about_a_project_on_gitlab_are_remarked(tmp_path: Path) -> None:
    pipeline = "include: {template: Python.yml}\ntest: {script: nox}\n"
    result = on_gitlab(tmp_path, pipeline, "https://gitlab.example.org/acme/tidepool")
    who = Publisher("acme", "tidepool", ".gitlab-ci.yml", "pypi", forge="gitlab")
    remarks = (
        "PyPI takes tokens of gitlab.example.org only for organisations that it has let in: one of gitlab.com was used",
        "no job of .gitlab-ci.yml publishes: it and the environment pypi are assumed",
    )
    assert result == PublishingSetup(who, who, None, remarks)


def test_environment_that_gitlab_computes_is_assumed_to_be_the_registered_one(tmp_path: Path) -> None:
    result = on_gitlab(tmp_path, PIPELINE.replace("production", "$WHERE"))
    assert (result.publisher.environment, result.registered.environment) == ("pypi", "pypi")
    assert result.remarks == ("the environment $WHERE is known to GitLab alone: the registered one is assumed",)


ASKS = "  id_tokens: {PYPI_ID_TOKEN: {aud: pypi}}\n"
SHARED = ".python:\n" + ASKS
NOT_KNOWN = "whether the job publish of .gitlab-ci.yml has id_tokens is not known: not all of it is in the file"
NOT_PLAIN = ".gitlab-ci.yml has rules that only GitLab can evaluate, or includes other files"
STORED = "the job publish of .gitlab-ci.yml publishes with a stored password; trusted publishing was rehearsed"


@pytest.mark.parametrize(
    ("pipeline", "remarks", "tokens"),
    [
        (PIPELINE, (), TOKENS),
        (PIPELINE.replace(ASKS, "  extends: .python\n") + SHARED, (), TOKENS),
        (PIPELINE.replace(ASKS, "  extends: [.base]\n") + f".base: {{extends: .python}}\n{SHARED}", (), TOKENS),
        (PIPELINE.replace(ASKS, "") + f"default:\n{ASKS}", (), TOKENS),
        (PIPELINE.replace(ASKS, "  extends: .elsewhere\n"), (NOT_PLAIN, NOT_KNOWN), ()),
        (PIPELINE.replace(ASKS, "") + "include: ci/defaults.yml\n", (NOT_PLAIN, NOT_KNOWN), ()),
        (PIPELINE.replace(ASKS, "  id_tokens: !reference [.a, id_tokens]\n"), (NOT_KNOWN,), ()),
        (PIPELINE.replace(ASKS, "  variables: {TWINE_PASSWORD: $TOKEN}\n"), (STORED,), ()),
        (PIPELINE.replace(ASKS, "") + "variables: {TWINE_PASSWORD: $TOKEN}\n", (STORED,), ()),
        (PIPELINE.replace(ASKS, "").replace("upload", "upload -p $TOKEN"), (STORED,), ()),
    ],
    ids=["own", "extends", "twice", "default", "missing", "included", "referred", "variable", "shared", "option"],
)
def test_token_of_a_job_on_gitlab_is_found_where_it_is_asked_for(
    tmp_path: Path, pipeline: str, remarks: tuple[str, ...], tokens: object
) -> None:
    result = on_gitlab(tmp_path, pipeline)
    assert (result.remarks, result.tokens) == (remarks, tokens)


@pytest.mark.parametrize(
    "pipeline",
    [
        PIPELINE.replace(ASKS, ""),
        PIPELINE.replace(ASKS, "  id_tokens: {}\n"),
        PIPELINE.replace(ASKS, "  extends: .python\n") + ".python: {image: python}\n",
        PIPELINE.replace(ASKS, "  inherit: {default: false}\n") + f"default:\n{ASKS}",
        PIPELINE.replace(ASKS, "  inherit: {default: [image]}\n") + f"default:\n{ASKS}",
    ],
    ids=["none", "empty", "extends", "uninherited", "unlisted"],
)
def test_job_on_gitlab_that_asks_for_no_token_is_an_error(tmp_path: Path, pipeline: str) -> None:
    with raises_error("TokenForbidden") as raised:
        on_gitlab(tmp_path, pipeline)
    assert raised.value.what == (
        "the job publish of .gitlab-ci.yml requests no identity token, which publishing on PyPI requires"
    )


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
        ("../remote.git", None),
        ("/srv/git/remote.git", None),
        ("https://tides.example", None),
        ("C:/repositories/remote", None),
    ],
)
def test_owner_and_name_are_read_from_an_address(address: str, expected: tuple[str, str] | None) -> None:
    assert owner_and_name(address) == expected
