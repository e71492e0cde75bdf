"""A pipeline of GitLab is read as far as it is plain; the rest is unknown, and never passes for a yes or a no."""

from __future__ import annotations

import re

import pytest

from seatrial.ci.before_upload import BeforeUpload
from seatrial.ci.expressions import Answer
from seatrial.ci.gitlab import Pipeline
from seatrial.errors import PipelineInvalid
from workflow_sets import SHAPES, written_for_gitlab

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
UPLOADS = "  script: twine upload dist/*\n"


@pytest.mark.parametrize(
    ("rules", "starts"),
    [
        ("", YES),
        ("  rules: [{if: $CI_COMMIT_TAG}]\n", YES),
        ("  rules: [{if: '${CI_COMMIT_TAG}', when: manual}]\n", YES),
        ("  rules: [{if: $CI_COMMIT_TAG != null}]\n", YES),
        ("  rules: [{if: $CI_COMMIT_BRANCH == null}]\n", YES),
        ("  rules: [{if: '$CI_COMMIT_TAG =~ /^V[0-9]/i'}]\n", YES),
        ("  rules: [{if: $CI_COMMIT_TAG !~ /rc/}]\n", YES),
        ("  rules: [{if: $CI_COMMIT_BRANCH}, {when: on_success}]\n", YES),
        ('  rules: [{if: $CI_PIPELINE_SOURCE == "push"}]\n', YES),
        ("  rules: [{if: $CI_COMMIT_REF_NAME == 'v1.3.0'}]\n", YES),
        ("  rules: [{if: $CI_COMMIT_BRANCH}]\n", NO),
        ("  rules: [{if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH}]\n", NO),
        ("  rules: [{if: $CI_COMMIT_TAG, when: never}, {when: always}]\n", NO),
        ("  rules: [{if: $CI_COMMIT_TAG =~ /^release-/}]\n", NO),
        ("  rules: []\n", NO),
        ("  rules: [{if: $CI_COMMIT_TAG && $DEPLOY}]\n", UNKNOWN),
        ("  rules: [{if: $DEPLOY}]\n", UNKNOWN),
        ("  rules: [{if: $DEPLOY, when: never}]\n", NO),
        ("  rules: [{if: $DEPLOY}, {if: $CI_COMMIT_TAG}]\n", YES),
        ("  rules: [{if: $DEPLOY, when: never}, {if: $CI_COMMIT_TAG}]\n", UNKNOWN),
        ("  rules: [{if: $CI_COMMIT_TAG =~ $PATTERN}]\n", UNKNOWN),
        ("  rules: [{if: '$CI_COMMIT_TAG =~ /[/'}]\n", UNKNOWN),
        ("  rules: [{changes: [src/*]}]\n", UNKNOWN),
        ("  rules: [!reference [.on_tag, rules]]\n", UNKNOWN),
        ("  rules: [[{if: $CI_COMMIT_TAG}]]\n", UNKNOWN),
        ("  when: manual\n", YES),
        ("  when: on_failure\n", NO),
        ("  only: [tags]\n", YES),
        ("  only: tags\n", YES),
        ("  only: [/^v.*$/]\n", YES),
        ("  only: {refs: [tags]}\n", YES),
        ("  only: [main]\n", NO),
        ("  only: [/^release-/]\n", NO),
        ("  only: {refs: [tags], variables: [$DEPLOY]}\n", UNKNOWN),
        ("  only: [tags@acme/tidepool]\n", UNKNOWN),
        ("  except: [tags]\n", NO),
        ("  except: [branches]\n", YES),
        ("  extends: .on_tag\n", YES),
        ("  extends: .elsewhere\n", UNKNOWN),
        ("  extends: publish\n", UNKNOWN),
    ],
)
def test_tag_starts_a_job_or_not_or_is_unknown(rules: str, starts: Answer) -> None:
    shared = ".on_tag: {rules: [{if: $CI_COMMIT_TAG}]}\n"
    (job,) = Pipeline.of(f"{shared}publish:\n{rules}{UPLOADS}", "v1.3.0").jobs
    assert job.starts is starts


PUBLISH = f"publish:\n{UPLOADS}"
ON_TAG = "workflow: {rules: [{if: $CI_COMMIT_TAG}]}\n"
NOT_PLAIN = ".gitlab-ci.yml has rules that only GitLab can evaluate, or includes other files"
NOT_STARTED = "v1.3.0 does not start {} of .gitlab-ci.yml, as the rules say, so nothing would be published"


@pytest.mark.parametrize(
    ("text", "answer", "reason"),
    [
        (PUBLISH, YES, ""),
        (ON_TAG + PUBLISH, YES, ""),
        (f"{ON_TAG}include: a.yml\n{PUBLISH}", YES, ""),
        (f"include: a.yml\n{PUBLISH}", UNKNOWN, NOT_PLAIN),
        ("workflow: {rules: [{if: $CI_COMMIT_BRANCH}]}\n" + PUBLISH, NO, NOT_STARTED.format("a pipeline")),
        ("workflow: {rules: [{if: $A == $B}]}\n" + PUBLISH, UNKNOWN, NOT_PLAIN),
        (f"{PUBLISH}  only: [main]\n", NO, NOT_STARTED.format("the job publish")),
        (f"{PUBLISH}  needs: [build]\n", NO, "the job publish of .gitlab-ci.yml needs build, which is not in the file"),
        (f"include: a.yml\n{ON_TAG}{PUBLISH}  needs: [build]\n", UNKNOWN, NOT_PLAIN),
        (f"{PUBLISH}  needs: [{{job: build, optional: true}}]\n", YES, ""),
        (f"{PUBLISH}  needs: [{{pipeline: x, job: build}}]\n", YES, ""),
        (f"{PUBLISH}  needs: [a]\na: {{script: nox, only: [main]}}\n", NO, NOT_STARTED.format("the job a")),
        ("a: {script: nox}\n", UNKNOWN, "no job that is written in .gitlab-ci.yml itself publishes to PyPI"),
        (
            f"{PUBLISH}  variables: {{TWINE_REPOSITORY_URL: x}}\n",
            UNKNOWN,
            "no job that is written in .gitlab-ci.yml itself publishes to PyPI",
        ),
    ],
)
def test_tag_starts_the_pipeline_or_not_or_is_unknown(text: str, answer: Answer, reason: str) -> None:
    pipeline = Pipeline.of(text, "v1.3.0")
    assert pipeline.heard(pipeline.publishing_job("pypi")) == (answer, reason)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: [", ".gitlab-ci.yml: line 1: expected the node content, but found '<stream end>'"),
        ("- a\n", ".gitlab-ci.yml is not a table of jobs"),
        ("a: \x00", ".gitlab-ci.yml is not valid YAML"),
        ("[" * 1200, ".gitlab-ci.yml is not valid YAML"),
    ],
)
def test_file_that_is_no_table_of_jobs_is_an_error(text: str, what: str) -> None:
    with pytest.raises(PipelineInvalid) as raised:
        Pipeline.of(text, "v1.3.0")
    assert raised.value.what == what


def test_commands_that_hold_themselves_have_an_end() -> None:
    (job,) = Pipeline.of("a: {script: &a [b, *a]}\n", "v1.3.0").jobs
    assert 0 < len(job.commands) <= 1000


JOBS = """\
stages: [build, test, publish, after]
lint: {stage: build, script: nox -s lint}
build: {stage: build, script: [nox -s build check, rsync dist/ host:/srv]}
nightly: {stage: test, script: nox -s nightly, only: [schedules]}
odd: {stage: test, script: nox -s odd, rules: [{if: $A && $B}]}
test: {stage: test, script: nox -s tests, needs: [build]}
publish:
  stage: publish
  NEEDS
  script: [nox -s last, twine upload dist/*, nox -s announce]
docs: {stage: after, script: nox -s docs}
"""


@pytest.mark.parametrize(
    ("needs", "sessions"),
    [
        ("tags: []", ("lint", "build", "check", "tests", "last")),
        ("needs: [test]", ("build", "check", "tests", "last")),
        ("needs: [{job: build, artifacts: true}]", ("build", "check", "last")),
        ("needs: []", ("last",)),
        ("needs: [publish]", ("last",)),
    ],
)
def test_scripts_are_those_of_jobs_that_the_upload_waits_for(needs: str, sessions: tuple[str, ...]) -> None:
    pipeline = Pipeline.of(JOBS.replace("NEEDS", needs), "v1.3.0")
    job = pipeline.publishing_job("pypi")
    assert job is not None
    before = BeforeUpload.of(pipeline.scripts_before_upload(job))
    assert before.sessions == sessions
    deploys = ("rsync dist/ host:/srv",) if "build" in sessions else ()
    odd = ("nox -s odd  (if: the rules of odd)",) if "lint" in sessions else ()
    assert before.not_run == (*deploys, *odd, "twine upload dist/*")


@pytest.mark.parametrize("context", ["minimal", "locked", "measured", "no-testpypi"])
def test_generated_pipeline_is_plain(context: str) -> None:
    (text,) = written_for_gitlab(SHAPES[context]).values()
    pipeline = Pipeline.of(text, "v1.3.0")
    job = pipeline.publishing_job("pypi")
    assert job is not None
    assert (job.name, job.environment, job.asks, pipeline.heard(job)) == ("pypi", "pypi", YES, (YES, ""))
    before = BeforeUpload.of(pipeline.scripts_before_upload(job))
    assert (before.sessions, before.sessions_build) == (("build", "check"), True)
    other = Pipeline.of(text, "release-1.3.0")
    assert other.heard(other.publishing_job("pypi"))[0] is NO


def test_generated_pipeline_fetches_submodules_where_there_are_any() -> None:
    pipelines = {name: "".join(written_for_gitlab(SHAPES[name]).values()) for name in ("locked", "minimal")}
    fetching = {name for name, text in pipelines.items() if re.search("GIT_SUBMODULE_STRATEGY: .?recursive", text)}
    assert fetching == {"locked"}


@pytest.mark.parametrize(
    ("script", "is_identical"),
    [
        ("[nox -s build, twine upload dist/*]", True),
        ("[nox -s build check, uv publish]", True),
        ("[nox -s check, uv publish]", True),
        ("[python -m build, twine upload dist/*]", False),
        ("[uv build, nox -s check, uv publish]", False),
        ("[./build.sh, twine upload dist/*]", False),
        ("[nox -s build]", True),
    ],
)
def test_pipeline_that_builds_without_a_session_is_named(script: str, *, is_identical: bool) -> None:
    pipeline = Pipeline.of(f"publish:\n  script: {script}\n  rules: [{{if: $CI_COMMIT_TAG}}]\n", "v1.3.0")
    text = ".gitlab-ci.yml builds without nox -s build, with which the files would be identical"
    assert pipeline.build_without_session("pypi", ".") == (None if is_identical else text)
