"""A pipeline of GitLab is read as GitLab reads it: what a tag starts, in which order, and what is handed on."""

from __future__ import annotations

import pytest

from seatrial.facts.pipeline import Pipeline
from seatrial.facts.pipeline_jobs import Need
from seatrial.facts.pipeline_rules import expanded, holds
from seatrial.facts.pipeline_variables import variables_of
from seatrial.facts.publisher import Publisher
from seatrial.mishaps import PipelineInvalid
from workflow_sets import SHAPES, written_for_gitlab

WHO = Publisher("acme", "tidepool", ".gitlab-ci.yml", "pypi", forge="gitlab")
KNOWN = variables_of(WHO, "v1.3.0", "c0ffee", "main", "gitlab.com")
UPLOADS = "  script: twine upload dist/*\n"


def pipeline(text: str, **files: str) -> Pipeline:
    """Read a pipeline; ``files``: those of its repository, by their names without ``.yml``."""
    return Pipeline.of(text, {f"{name}.yml": told for name, told in files.items()}.get, KNOWN)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$CI_COMMIT_TAG", True),
        ("$CI_COMMIT_BRANCH", False),
        ("$CI_COMMIT_TAG == null", False),
        ("$CI_COMMIT_BRANCH == null", True),
        ('$CI_PIPELINE_SOURCE == "push"', True),
        ("$CI_PIPELINE_SOURCE != 'push'", False),
        ("$CI_COMMIT_TAG =~ /^v[0-9].*$/", True),
        ("$CI_COMMIT_TAG =~ /^V/i", True),
        ("$CI_COMMIT_TAG !~ /rc/", True),
        ("$CI_COMMIT_BRANCH =~ /./", False),
        (r"$CI_PROJECT_URL =~ /^https:\/\/gitlab\.com\//", True),
        ("$CI_COMMIT_BRANCH && $CI_COMMIT_TAG || $CI", True),
        ("$CI_COMMIT_BRANCH && ($CI_COMMIT_TAG || $CI)", False),
        ('"" || ${CI_COMMIT_TAG}', True),
        ("$CI_COMMIT_TAG =~ $PATTERN", True),
        ("$CI_COMMIT_TAG =~ $CI_COMMIT_TAG", False),
    ],
)
def test_expression_is_true_or_not(expression: str, *, expected: bool) -> None:
    assert holds(expression, {**KNOWN, "PATTERN": "/^v1/"}) is expected


@pytest.mark.parametrize("expression", ["$A ==", "A", "($A", "$A $B", "$A =~ /[/", "&& $A", "$A = 'b'", ""])
def test_expression_that_can_not_be_read_is_told(expression: str) -> None:
    with pytest.raises(PipelineInvalid) as raised:
        holds(expression, KNOWN)
    assert raised.value.what == f"a rule of .gitlab-ci.yml can't be read: {expression}"


@pytest.mark.parametrize(
    ("told", "when"),
    [
        ("", "on_success"),
        ("  rules: [{if: $CI_COMMIT_TAG}]\n", "on_success"),
        ("  rules: [{if: $CI_COMMIT_BRANCH}]\n", "never"),
        ("  rules: [{if: $CI_COMMIT_TAG, when: manual}]\n", "manual"),
        ("  rules: [{if: $CI_COMMIT_TAG, when: never}, {when: always}]\n", "never"),
        ("  rules: [{if: $CI_COMMIT_BRANCH}, {when: always}]\n", "always"),
        ("  rules: [{changes: [src/*]}]\n", "on_success"),
        ("  rules: []\n", "never"),
        ("  when: manual\n", "manual"),
        ("  only: [tags]\n", "on_success"),
        ("  only: tags\n", "on_success"),
        ("  only: [main]\n", "never"),
        ("  only: [/^v.*$/]\n", "on_success"),
        ("  only: [/^release-/]\n", "never"),
        ("  only: {refs: [tags], variables: [$CI_COMMIT_BRANCH]}\n", "never"),
        ("  only: {variables: [$CI_COMMIT_TAG]}\n", "on_success"),
        ("  except: [tags]\n", "never"),
        ("  except: [branches]\n", "on_success"),
    ],
)
def test_job_starts_for_a_tag_or_not(told: str, when: str) -> None:
    assert pipeline(f"publish:\n{told}{UPLOADS}").jobs[0].start.when == when


def test_pipeline_whose_rules_leave_the_tag_out_starts_nothing() -> None:
    rules = "workflow: {{rules: [{{if: {0}, variables: {{WHERE: here}}}}]}}\n"
    found = pipeline(rules.format("$CI_COMMIT_TAG") + f"publish:\n{UPLOADS}")
    assert (found.starts, found.variables) == (True, (("WHERE", "here"),))
    assert found.publishing_job() == found.jobs[0]
    found = pipeline(rules.format("$CI_COMMIT_BRANCH") + f"publish:\n{UPLOADS}")
    assert (found.starts, found.publishing_job()) == (False, None)
    assert found.publishing_job(starting=False) == found.jobs[0]


TEMPLATES = """\
.python:
  image: python:3.12
  before_script: [cd src]
  variables: {A: a, B: b}
.on_tag: &tag
  rules: [{if: $CI_COMMIT_TAG}]
.judge:
  script: [twine check dist/*, [nox -s check]]
"""


def test_what_stands_elsewhere_is_brought_together() -> None:
    text = """\
include: /templates.yml
default: {image: python:3.9, before_script: [cd /]}
stages: [make, send]
send:
  stage: send
  extends: [.python, .on_tag]
  inherit: {default: false}
  environment: {name: $WHERE}
  variables: {B: c, WHERE: pypi}
  id_tokens: {PYPI_ID_TOKEN: {aud: [pypi, sigstore]}}
  script: [!reference [.judge, script], twine upload dist/*]
make:
  stage: make
  <<: {rules: [{if: $CI_COMMIT_TAG}], image: {name: 'python:3.13', entrypoint: ['']}}
  parallel: {matrix: [{P: ['3.9', '3.10'], S: tests}]}
  artifacts: {paths: [dist/], reports: {dotenv: built.env}}
  script: nox
"""
    make, send = pipeline(text, templates=TEMPLATES).jobs
    assert (make.image, make.commands, make.artifacts, make.dotenv) == (
        *("python:3.13", ("cd /", "nox"), ("dist/",)),
        ("built.env",),
    )
    assert make.rows == ((("P", "3.9"), ("S", "tests")), (("P", "3.10"), ("S", "tests")))
    assert (send.image, send.environment, dict(send.variables)) == (
        *("python:3.12", "pypi"),
        {"A": "a", "B": "c", "WHERE": "pypi"},
    )
    assert send.commands == ("cd src", "twine check dist/*", "nox -s check", "twine upload dist/*")
    assert (send.tokens, send.has_password) == ((("PYPI_ID_TOKEN", ("pypi", "sigstore")),), False)


def test_includes_that_lie_elsewhere_are_named() -> None:
    text = (
        "include: [https://example.invalid/a.yml, {template: B.yml}, {project: c/d, file: e.yml}, {component: f@1}]\n"
    )
    found = pipeline(f"{text}publish:\n{UPLOADS}")
    assert found.elsewhere == (
        "https://example.invalid/a.yml",
        "template B.yml",
        "project c/d, file e.yml",
        "component f@1",
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: [", ".gitlab-ci.yml: line 1: expected the node content, but found '<stream end>'"),
        ("- a\n", ".gitlab-ci.yml is no table of jobs"),
        ("a: {extends: .b, script: c}\n", ".gitlab-ci.yml extends .b, which is not there"),
        ("a: {extends: a, script: c}\n", "a of .gitlab-ci.yml extends itself"),
        ("a: {script: [!reference [.b, script]]}\n", ".gitlab-ci.yml refers to .b, script, which is not there"),
        ("include: b.yml\na: {script: c}\n", ".gitlab-ci.yml includes b.yml, which is not there"),
        ("include: self.yml\na: {script: c}\n", "self.yml includes self.yml, too deep: one may lead back to itself"),
        ("a: {stage: sail, script: c}\n", "the job a of .gitlab-ci.yml is in the stage sail, which is not there"),
        ("a: {image: c}\n", "the job a of .gitlab-ci.yml has no script"),
        ("a: {needs: [b], script: c}\n", "the job a of .gitlab-ci.yml needs b, which is not there"),
        ("a: {rules: [{if: x}], script: c}\n", "a rule of .gitlab-ci.yml can't be read: x"),
    ],
)
def test_what_gitlab_would_refuse_is_told(text: str, what: str) -> None:
    with pytest.raises(PipelineInvalid) as raised:
        pipeline(text, self="include: self.yml\n")
    assert raised.value.what == what


def test_commands_that_refer_to_themselves_have_an_end() -> None:
    text = "a: {script: &a [b, *a]}\nc: {script: [!reference [c, script], d]}\n"
    assert [len(job.commands) < 100 for job in pipeline(text).jobs] == [True, True]


JOBS = """\
stages: [build, test, publish]
lint: {stage: build, script: nox}
build: {stage: build, script: nox}
nightly: {stage: test, script: nox, only: [schedules]}
test: {stage: test, script: nox, needs: [build]}
publish: {stage: publish, script: twine upload dist/*, NEEDS}
"""


@pytest.mark.parametrize(
    ("needs", "before", "waits"),
    [
        ("tags: []", ["lint", "build", "test"], [Need("lint"), Need("build"), Need("test")]),
        (
            "dependencies: [build]",
            ["lint", "build", "test"],
            [Need("lint", hands_on=False), Need("build"), Need("test", hands_on=False)],
        ),
        ("needs: [build]", ["build"], [Need("build")]),
        ("needs: [{job: test, artifacts: false}]", ["build", "test"], [Need("test", hands_on=False)]),
        ("needs: [build, {job: nightly, optional: true}, {job: gone, optional: true}]", ["build"], [Need("build")]),
        ("needs: []", [], []),
    ],
)
def test_jobs_come_after_those_that_they_wait_for(needs: str, before: list[str], waits: list[Need]) -> None:
    found = pipeline(JOBS.replace("NEEDS", needs))
    job = found.publishing_job()
    assert job is not None
    assert [one.name for one in found.before(job)] == before
    assert list(found.waits_for(job)) == waits


@pytest.mark.parametrize(
    ("needs", "what"),
    [
        ("needs: [nightly]", "the job publish of .gitlab-ci.yml needs nightly, which the tag does not start"),
        ("needs: [publish]", "publish of .gitlab-ci.yml waits for itself"),
    ],
)
def test_needs_that_no_tag_can_have_are_told(needs: str, what: str) -> None:
    found = pipeline(JOBS.replace("NEEDS", needs))
    job = found.publishing_job()
    assert job is not None
    with pytest.raises(PipelineInvalid) as raised:
        found.before(job)
    assert raised.value.what == what


@pytest.mark.parametrize("shape", SHAPES)
def test_generated_pipeline_publishes_what_its_jobs_hand_on(shape: str) -> None:
    (text,) = written_for_gitlab(SHAPES[shape]).values()
    found = Pipeline.of(text, lambda _: None, KNOWN)
    job = found.publishing_job(("pypi",))
    assert job is not None
    assert (job.name, job.environment, job.has_password) == ("pypi", "pypi", False)
    assert [one.name for one in found.before(job)] == ["build", "prove", "attest"]
    assert {one.name for one in found.jobs if not one.starts} >= {"test"}


def test_variables_stand_for_their_values() -> None:
    assert expanded("$A-${B}-$$A-$none", {"A": "a", "B": "b"}) == "a-b-$A-"
