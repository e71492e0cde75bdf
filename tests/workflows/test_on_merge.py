"""A workflow that tags a release itself: the merge starts it, and it publishes with the identity of the branch."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from errors_raised import raises_error
from preflight_in_process import enter, findings
from seatrial.ci.expressions import Answer
from seatrial.ci.github import Workflow, WorkflowFiles
from seatrial.ci.publisher import Publishing, file_that_tags, files_that_publish
from seatrial.ci.tag_report import TagReport
from seatrial.project.project import Project
from seatrial.project.settings import CiSettings, Config
from seatrial.workflows.generate import DriftReason, Generator, find_drift, generated_files
from seatrial.workflows.publisher_registration import read_registrations
from workflow_sets import MINIMAL, SHAPES, written

if TYPE_CHECKING:
    from pathlib import Path

    from sample_project import SampleProject

FILES = written(SHAPES["on-merge"])
PROJECT = '[project]\nname = "tidepool"\nversion = "1.2.3"\n\n[tool.seatrial.workflows]\ntag = "on-merge"\n'


def publishing(files: dict[str, str] = FILES) -> Publishing:
    texts = {path.rpartition("/")[2]: text for path, text in files.items() if "/workflows/" in path}
    return Publishing("acme", "tidepool", WorkflowFiles.from_texts(texts), tag="v1.3.0")


def test_merge_starts_the_job_that_publishes() -> None:
    job = publishing().job
    assert job is not None
    assert (job.name, job.event, job.starts, job.is_started_by_tag) == ("pypi", "merge", Answer.YES, True)
    assert (job.may_get_token, job.attests, job.environment and job.environment.name) == (True, True, "pypi")
    assert [run.name for run in job.run.before] == ["plan", "build", "test", "tag"]


def test_report_of_a_tag_says_what_the_merge_starts(tmp_path: Path) -> None:
    text = str(TagReport.at(publishing(), tmp_path))
    how = "starts with the merge into main, and makes the tag\n    also on workflow_dispatch"
    assert f"\n  release.yml {how}\n    plan runs\n" in text
    assert "\n    tag runs after plan, build and test\n    pypi runs after plan, build, test and tag, uploads " in text
    assert text.endswith("\nthe tag publishes to PyPI")


@pytest.mark.parametrize(
    ("old", "new"), [("seatrial ci.release --before", "echo tag= #"), ("branches: [main]", "branches: ['*']")]
)
def test_workflow_that_decides_nothing_is_not_started_by_the_merge(old: str, new: str) -> None:
    path = ".github/workflows/release.yml"
    assert old in FILES[path]
    changed = publishing({**FILES, path: FILES[path].replace(old, new)})
    assert [job.event for job in changed.possible_jobs if job.name == "pypi"] != ["merge"]


def test_only_the_job_that_tags_and_the_release_may_write_and_neither_has_a_checkout() -> None:
    release = next(workflow for workflow in publishing().workflows if workflow.name == "release.yml")
    writing = [job.name for job in release.jobs if "contents: write" in _text_of(job.name)]
    assert writing == ["tag", "release"]
    assert [name for name in ("tag", "pypi", "release") if "actions/checkout" in _text_of(name)] == []
    assert "persist-credentials: false" in _text_of("build")


def _text_of(job: str) -> str:
    _, _, text = FILES[".github/workflows/release.yml"].partition(f"\n  {job}:\n")
    return text.partition("\n\n  ")[0]


def test_files_that_publish_are_those_of_the_merge(project: SampleProject) -> None:
    project.write(FILES)
    assert files_that_publish(project.root, "v1.3.0") == (".github/workflows/release.yml",)
    assert file_that_tags(project.root) == ".github/workflows/release.yml"
    project.write(written(MINIMAL))
    assert file_that_tags(project.root) is None


def test_environment_is_deployed_from_the_branch(project: SampleProject) -> None:
    project.write(FILES)
    committed(project, PROJECT, "https://github.com/acme/tidepool.git")
    plan = read_registrations(project.root)
    assert plan.environments == {"pypi": "the branch main", "testpypi": "the branch main"}
    assert plan.registrations[0].workflow == "release.yml"


def test_other_setting_is_a_drift() -> None:
    drifts = find_drift(generated_files(MINIMAL, "github"), FILES)
    assert [(drift.path, drift.reason) for drift in drifts] == [(".github/workflows/release.yml", DriftReason.OUTDATED)]
    assert (
        find_drift(
            generated_files(replace(MINIMAL, settings=CiSettings(tag="on-merge", prepare=True)), "github"), FILES
        )
        == ()
    )


def test_request_is_opened_by_hand_with_a_token_of_its_own_where_there_is_one() -> None:
    text = FILES[".github/workflows/prepare-release.yml"]
    (trigger,) = Workflow.from_text("prepare-release.yml", text).triggers
    assert (trigger.event, list(trigger.inputs)) == ("workflow_dispatch", ["part"])
    assert trigger.inputs["part"].default == "auto"
    assert "GH_TOKEN: ${{ secrets.RELEASE_TOKEN || github.token }}\n" in text
    assert 'seatrial release --pull-request --part "$PART" --no-tests --yes\n' in text
    assert not [path for path in written(MINIMAL) if "prepare" in path]
    assert [job.workflow.name for job in publishing().possible_jobs if "prepare" in job.workflow.name] == []


@pytest.mark.parametrize("tag", ["push", "on-merge"])
def test_packages_of_a_repository_do_not_wait_for_each_other(tag: str) -> None:
    """Of several runs that wait in a group, GitHub cancels all but the last."""
    groups = set()
    for name in ("foo", "bar"):
        context = replace(MINIMAL, name=name, prefix=f"{name}/", release=f"release-{name}.yml")
        files = written(replace(context, settings=CiSettings(tag=tag, prepare=True)))
        for path, text in files.items():
            groups |= set(re.findall(rf"^  group: {path.rpartition('/')[2][:-4]}.*", text, re.MULTILINE))
    assert len(groups) == 6


def test_setting_is_one_of_two(tmp_path: Path) -> None:
    def config(text: str) -> Config:
        (tmp_path / "pyproject.toml").write_text(text)
        return Config.from_project(Project.from_directory(tmp_path))

    assert config(PROJECT).workflows.tags_merges
    with raises_error("PyprojectInvalid") as raised:
        config(PROJECT.replace("on-merge", "merge"))
    assert raised.value.what.endswith("workflows.tag has to be one of push, on-merge, not 'merge'")


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ('tag = "on-merge"', 'tag = "on-merge"'),
        ("prepare = true", "prepare = true"),
        ('tag = "on-merge"\nprepare = true', 'tag = "on-merge" and prepare = true'),
    ],
)
def test_setting_without_a_workflow_on_gitlab_is_refused(project: SampleProject, setting: str, named: str) -> None:
    committed(project, PROJECT.replace('tag = "on-merge"', setting), "https://gitlab.com/acme/tidepool.git")
    with raises_error("PyprojectInvalid") as raised:
        Generator.of(project.root)
    assert raised.value.what.startswith(f"{named} in [tool.seatrial.workflows] of {project.root}/pyproject.toml: only")


def test_preflight_refuses_it_where_the_version_comes_from_the_tag(
    project: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    scm = '[build-system]\nrequires = ["hatchling", "hatch-vcs"]\nbuild-backend = "hatchling.build"\n'
    text = (
        PROJECT.replace('version = "1.2.3"', 'dynamic = ["version"]') + f'{scm}[tool.hatch.version]\nsource = "vcs"\n'
    )
    committed(project, text, "https://github.com/acme/tidepool.git")
    enter(project, monkeypatch)
    broken = [
        code for code, finding in findings(project, "--part minor").items() if "on-merge" in (finding.message or "")
    ]
    assert broken == ["META001"]


def test_file_of_a_setting_that_is_off_is_removed_as_long_as_it_is_as_it_was_written(project: SampleProject) -> None:
    committed(project, PROJECT.replace('tag = "on-merge"', ""), "https://github.com/acme/tidepool.git")
    path = project.root / ".github/workflows/prepare-release.yml"
    project.write(FILES)
    generator = Generator.of(project.root)
    assert {drift.reason for drift in generator.drift() if "prepare" in drift.path} == {DriftReason.UNUSED}
    assert [drift.path for drift in generator.write() if not drift.then] == [".github/workflows/prepare-release.yml"]
    assert (path.exists(), generator.write()) == (False, ())
    for text in (f"# Mine\n{FILES[path.relative_to(project.root).as_posix()]}", "name: Mine\n"):
        path.write_text(text)
        reasons = {drift.reason for drift in generator.drift()}
        assert reasons == ({DriftReason.UNUSED_EDITED} if "Mine\n#" in text else set())
        if reasons:
            with raises_error("WorkflowsDrifted"):
                generator.write()
        assert path.read_text() == text


def committed(project: SampleProject, pyproject: str, remote: str) -> None:
    """Make a repository of a project with this pyproject.toml and this remote."""
    project.git("init", "-q", "-b", "main")
    project.write({"pyproject.toml": pyproject, "tidepool.py": ""})
    project.git("remote", "add", "origin", remote)
    project.commit()
