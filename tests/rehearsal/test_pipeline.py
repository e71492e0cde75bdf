"""A rehearsal runs the jobs of a pipeline of GitLab as they stand in it, and hands on what they hand on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from trial import HERE, Ran, lines, normalised
from voyages import gitlab_project

if TYPE_CHECKING:
    from pathlib import Path

    from harbour import Harbour

pytestmark = pytest.mark.slow

CARD = f"""\
tidepool 1.3.0 was released, published and installed: on this machine alone

tag        v1.3.0 at …
files      tidepool-1.3.0.tar.gz  … bytes  sha256 …
           tidepool-1.3.0-py3-none-any.whl  … bytes  sha256 …
installed  Python {HERE}: import tidepool
took       release N s · CI N s · upload N s · install N s · compare N s
{{remarks}}unknown    whether the name tidepool is free on PyPI, or yours
           whether PyPI knows the publisher: owner acme, repository tidepool, workflow .gitlab-ci.yml, environment pypi
           whether the environment pypi waits for a reviewer, and who may push tags
"""


def rehearse(port: Harbour, *args: str) -> Ran:
    return port.trial.invoke("rehearse", "--part", "minor", *args)


def card(ran: Ran) -> str:
    """Return the card of a rehearsal without what differs from one to the next."""
    assert ran.returncode == 0, ran.output
    text = normalised(ran.output[ran.output.index("\ntidepool 1.3.0 was released") :])
    return re.sub(r"[\d,]+ bytes", "… bytes", re.sub(r"\b[0-9a-f]{12,64}\b", "…", text))


def told(ran: Ran) -> list[str]:
    """Return what the leg CI says of the jobs."""
    leg = ran.output[ran.output.index("leg 2 of 5") :].partition("leg 3 of 5")[0]
    return re.findall(r"^    ((?:job |left out: |\$ |in the next leg: ).*)$", leg, re.MULTILINE)


def error(ran: Ran) -> str:
    """Return what a rehearsal ends with that went wrong."""
    assert (ran.returncode, ran.was_a_traceback) == (6, False), ran.output
    return ran.output[ran.output.index("\nseatrial: leg ") + 1 :]


def test_generated_pipeline_sails(tmp_path: Path) -> None:
    port = gitlab_project(tmp_path)
    before = port.state()
    ran = rehearse(port)
    images = f"python:{HERE}, python:3.13" if HERE != "3.13" else "python:3.13"
    remarks = (
        f"this machine and its tools stood for the images {images}",
        "not run of .gitlab-ci.yml: attest",
        "no attestations were made and uploaded: Sigstore makes them",
    )
    assert card(ran) == CARD.replace(
        "{remarks}", f"remarks    {remarks[0]}\n{' ' * 11}{remarks[1]}\n{' ' * 11}{remarks[2]}\n"
    )
    jobs = yaml.safe_load(port.read(".gitlab-ci.yml"))
    assert told(ran) == [
        f"job build, on this machine instead of python:{HERE}",
        "left out: python -m pip install seatrial uv",
        *(f"$ {line}" for line in jobs["build"]["script"][1:]),
        f"job prove (PYTHON={HERE}, SESSION=tests-{HERE}), on this machine instead of python:{HERE}",
        "left out: python -m pip install seatrial uv",
        '$ nox -s "$SESSION"',
        "job pypi, on this machine instead of python:3.13",
        f"left out: {jobs['pypi']['script'][0].splitlines()[0]} …",
        "in the next leg: twine upload --non-interactive dist/*",
    ]
    assert "CI010" not in ran.output
    assert port.state() == before


def test_build_that_is_broken_is_noticed_before_the_upload(tmp_path: Path) -> None:
    port = gitlab_project(tmp_path)
    text = port.read(".gitlab-ci.yml")
    port.trial.write({".gitlab-ci.yml": text.replace('- "nox -s build check"', '- "nox -s build check --typo"')})
    port.trial.commit("Break the build job")
    said = error(rehearse(port, "--no-tests"))
    assert re.sub(r"(?s):\n.*\nfix", ":\n  …\nfix", said) == lines(
        """
        seatrial: leg 2 of 5, CI: the job build of .gitlab-ci.yml ended with exit code 2:
          …
        fix:  mend that, commit, and rehearse again
        read: https://github.com/seatrial/seatrial/blob/main/docs/errors.md#legfailed
        """
    )


def test_rules_that_leave_the_tag_out_are_told(tmp_path: Path) -> None:
    port = gitlab_project(tmp_path)
    text = port.read(".gitlab-ci.yml")
    port.trial.write(
        {".gitlab-ci.yml": text.replace("$CI_COMMIT_TAG =~ /^v[0-9]", "$CI_COMMIT_TAG =~ /^release-[0-9]")}
    )
    port.trial.commit("Wait for other tags")
    deaf = "v1.3.0 does not start a pipeline of .gitlab-ci.yml, as workflow: rules say, so nothing would be published"
    assert error(rehearse(port, "--no-tests")).splitlines()[:5] == [
        "seatrial: leg 1 of 5, release: seatrial release --yes --part minor --no-tests ended with exit code 5:",
        "  seatrial: an error stands in the way of the release:",
        f"  error    CI002  {deaf}",
        "                  fix: rules:",
        "                    - if: $CI_COMMIT_TAG",
    ]


OWN = """\
include: ci/templates.yml
stages: [first, then]
variables: {DIST: dist}
publish:
  extends: .python
  stage: then
  only: [tags]
  environment: {name: pypi, url: https://example.invalid/}
  id_tokens: {PYPI_ID_TOKEN: {aud: pypi}}
  script:
    - test "$WHEN" = "of $CI_COMMIT_TAG"
    - twine check --strict "$DIST"/*
    - cd "$DIST"
    - twine upload --verbose *
    - curl https://example.invalid/done
docs:
  stage: first
  script: make -C docs html
make:
  extends: .python
  stage: first
  script:
    - !reference [.judge, script]
    - echo "WHEN=of $CI_COMMIT_TAG" > when.env
    - test "$CI_COMMIT_SHA $CI_PROJECT_PATH" = "$(git rev-parse HEAD) acme/tidepool"
  artifacts: {paths: [$DIST/*.whl, $DIST/*.tar.gz], reports: {dotenv: when.env}}
"""
TEMPLATES = """\
.python:
  image: python:3.12
  before_script: [pip install nox twine, export STAGE=$CI_JOB_STAGE]
.judge:
  script: [test "$STAGE" = first && nox -s build check]
"""


def own(folder: Path, **changes: str) -> Harbour:
    """Make a project whose pipeline was written by hand; ``changes``: by a word of it, what stands there instead."""
    text = OWN
    for old, new in changes.items():
        text = text.replace(old, new)
    port = gitlab_project(folder, text)
    port.trial.write({"ci/templates.yml": TEMPLATES})
    port.trial.commit("Share what jobs have in common")
    return port


def test_pipeline_that_was_written_by_hand_sails(tmp_path: Path) -> None:
    ran = rehearse(own(tmp_path, **{"twine upload": 'echo "with $PYPI_ID_TOKEN" && twine upload'}), "--no-tests")
    assert card(ran) == CARD.replace(
        "{remarks}",
        "remarks    this machine and its tools stood for the images python:3.12\n"
        "           not run of .gitlab-ci.yml: docs\n",
    )
    assert "\n    with ***\n" in ran.output
    assert told(ran) == [
        "job make, on this machine instead of python:3.12",
        "left out: pip install nox twine",
        "$ export STAGE=$CI_JOB_STAGE",
        '$ test "$STAGE" = first && nox -s build check',
        '$ echo "WHEN=of $CI_COMMIT_TAG" > when.env',
        '$ test "$CI_COMMIT_SHA $CI_PROJECT_PATH" = "$(git rev-parse HEAD) acme/tidepool"',
        "job publish, on this machine instead of python:3.12",
        "left out: pip install nox twine",
        "$ export STAGE=$CI_JOB_STAGE",
        '$ test "$WHEN" = "of $CI_COMMIT_TAG"',
        '$ twine check --strict "$DIST"/*',
        '$ cd "$DIST"',
        'in the next leg: echo "with $PYPI_ID_TOKEN" && twine upload --verbose *',
    ]


def test_files_that_no_job_hands_on_are_missed(tmp_path: Path) -> None:
    port = own(tmp_path, **{"$DIST/*.whl, $DIST/*.tar.gz": "build/*", 'twine check --strict "$DIST"/*': "mkdir dist"})
    assert error(rehearse(port, "--no-tests")) == lines(
        """
        seatrial: leg 2 of 5, CI: nothing lies there that the job publish of .gitlab-ci.yml could upload: twine upload --verbose *
        fix:  artifacts:
                paths: [dist/]
              in the job that builds, and needs: [that job]
        read: https://github.com/seatrial/seatrial/blob/main/docs/errors.md#legfailed
        """  # noqa: E501
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("PYPI_ID_TOKEN:", "PYPI_TOKEN:", "GitLab: Environment variable PYPI_ID_TOKEN not found"),
        ("aud: pypi", "aud: testpypi", "Token audience claim mismatch (expected pypi, got testpypi)"),
    ],
    ids=["name", "audience"],
)
def test_token_that_twine_or_the_index_does_not_take_is_noticed(tmp_path: Path, old: str, new: str, said: str) -> None:
    told = error(rehearse(own(tmp_path, **{old: new}), "--no-tests"))
    assert re.sub(r"\n {11}", " ", told) == lines(
        f"""
        seatrial: leg 3 of 5, upload: twine upload failed:
          ERROR    TrustedPublishingFailure: Unable to retrieve an OIDC token from the CI platform for trusted publishing {said}
        fix:  let the publishing job ask for it:
              id_tokens:
                PYPI_ID_TOKEN:
                  aud: pypi
        read: https://github.com/seatrial/seatrial/blob/main/docs/errors.md#uploadfailed
        """  # noqa: E501
    )


def test_stored_password_and_another_tool_leave_the_upload_to_twine(tmp_path: Path) -> None:
    asks = "  id_tokens: {PYPI_ID_TOKEN: {aud: pypi}}\n"
    port = own(tmp_path, **{asks: "", "twine upload --verbose *": "cd ..\n    - uv publish --token $SECRET"})
    assert card(rehearse(port, "--no-tests")) == CARD.replace(
        "{remarks}",
        "remarks    the job publish of .gitlab-ci.yml publishes with a stored password; "
        "trusted publishing was rehearsed\n"
        "           this machine and its tools stood for the images python:3.12\n"
        "           not run of .gitlab-ci.yml: docs\n"
        "           twine stood for: uv publish --token $SECRET\n",
    )


def test_pipeline_that_gitlab_would_refuse_is_told_before_the_first_leg(tmp_path: Path) -> None:
    ran = rehearse(own(tmp_path, **{"stage: then": "stage: later"}), "--no-tests")
    assert ran.returncode == 6
    assert ran.output == (
        "seatrial: the job publish of .gitlab-ci.yml is in the stage later, which is not there\n"
        "fix:  stages: [later]\n"
        "read: https://github.com/seatrial/seatrial/blob/main/docs/errors.md#pipelineinvalid\n"
    )
