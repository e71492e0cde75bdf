"""A publisher accepts its own claims, and refuses others in the words of PyPI."""

from __future__ import annotations

import pytest

from seatrial.ci.publisher import Publisher

PUBLISHER = Publisher("acme", "tidepool", "release.yml", "pypi")
CLAIMS = {
    "repository": "acme/tidepool",
    "repository_owner": "acme",
    "repository_owner_id": "1",
    "job_workflow_ref": "acme/tidepool/.github/workflows/release.yml@refs/tags/v1.2.3",
    "jti": "a",
    "event_name": "push",
    "ref": "refs/tags/v1.2.3",
    "sha": "c0ffee",
    "environment": "pypi",
}
UNKNOWN = "Publisher with matching claims was not found"


def of(workflow: str, ref: str = "refs/tags/v1.2.3", home: str = "acme/tidepool") -> str:
    return f"{home}/.github/workflows/{workflow}@{ref}"


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"environment": "PyPI"},
        {"repository": "Acme/TidePool", "job_workflow_ref": of("release.yml", home="Acme/TidePool")},
        {"job_workflow_ref": of("release.yml", "c0ffee"), "ref": ""},
        {"job_workflow_ref": of("release.yml", "refs/heads/a.yml@b"), "ref": "refs/heads/a.yml@b"},
    ],
    ids=["as registered", "environment in capitals", "repository in capitals", "no ref", "ref like a file"],
)
def test_own_claims_match(claims: dict[str, str]) -> None:
    assert not PUBLISHER.mismatch({**CLAIMS, **claims})


def test_publisher_without_environment_takes_every_environment() -> None:
    anywhere = Publisher("acme", "tidepool", "release.yml")
    assert not anywhere.mismatch(CLAIMS)
    assert not anywhere.mismatch({**CLAIMS, "environment": None})


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"repository": "ecma/tidepool"}, UNKNOWN),
        ({"repository": "acme/seashore"}, UNKNOWN),
        ({"job_workflow_ref": of("publish.yml")}, UNKNOWN),
        ({"job_workflow_ref": of("Release.yml")}, UNKNOWN),
        ({"job_workflow_ref": of("release.yaml")}, UNKNOWN),
        ({"environment": "testpypi"}, UNKNOWN),
        ({"environment": None}, UNKNOWN),
        ({"job_workflow_ref": of("release")}, "Could not job extract workflow filename from OIDC claims"),
        ({"sha": None}, "Missing claim 'sha'"),
        ({"repository_owner_id": None}, "Missing claim 'repository_owner_id'"),
        (
            {"job_workflow_ref": of("release.yml", home="acme/shared")},
            (
                "The job_workflow_ref claim does not match, expecting one of "
                "['acme/tidepool/.github/workflows/release.yml@c0ffee', "
                "'acme/tidepool/.github/workflows/release.yml@refs/tags/v1.2.3'], "
                "got 'acme/shared/.github/workflows/release.yml@refs/tags/v1.2.3'"
            ),
        ),
        (
            {"event_name": "pull_request_target"},
            "Publishing from a workflow invoked via 'pull_request_target' is not supported.",
        ),
    ],
)
def test_other_claims_are_refused_in_the_words_of_pypi(claims: dict[str, str | None], why: str) -> None:
    assert PUBLISHER.mismatch({**CLAIMS, **claims}) == why


OF_GITLAB = Publisher("acme/deep", "tidepool", ".gitlab-ci.yml", "pypi", forge="gitlab")
CLAIMS_OF_GITLAB = {
    "sub": "project_path:acme/deep/tidepool:ref_type:tag:ref:v1.2.3",
    "project_path": "acme/deep/tidepool",
    "ci_config_ref_uri": "gitlab.com/acme/deep/tidepool//.gitlab-ci.yml@refs/tags/v1.2.3",
    "jti": "a",
    "ref_path": "refs/tags/v1.2.3",
    "sha": "c0ffee",
    "environment": "pypi",
}


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({}, None),
        (
            {
                "project_path": "Acme/deep/TidePool",
                "ci_config_ref_uri": "gitlab.com/Acme/deep/TidePool//.gitlab-ci.yml@c0ffee",
            },
            None,
        ),
        ({"environment": "PyPI"}, UNKNOWN),
        ({"environment": None}, UNKNOWN),
        ({"project_path": "acme/tidepool"}, UNKNOWN),
        ({"ci_config_ref_uri": "gitlab.com/acme/deep/tidepool//ci/a.yml@refs/tags/v1.2.3"}, UNKNOWN),
        ({"ci_config_ref_uri": "gitlab.com/acme"}, "Could not extract workflow filename from OIDC claims"),
        ({"ref_path": None}, "Missing claim 'ref_path'"),
        (
            {"ref_path": "refs/tags/v2"},
            (
                "The ci_config_ref_uri claim does not match, expecting one of "
                "['gitlab.com/acme/deep/tidepool//.gitlab-ci.yml@c0ffee', "
                "'gitlab.com/acme/deep/tidepool//.gitlab-ci.yml@refs/tags/v2'], "
                "got 'gitlab.com/acme/deep/tidepool//.gitlab-ci.yml@refs/tags/v1.2.3'"
            ),
        ),
    ],
)
def test_claims_of_gitlab_are_judged_in_its_own_way(claims: dict[str, object], why: str | None) -> None:
    assert OF_GITLAB.mismatch({**CLAIMS_OF_GITLAB, **claims}) == why
