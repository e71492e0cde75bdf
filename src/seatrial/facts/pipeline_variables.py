"""The variables that GitLab sets for a tag (GitLab, "Predefined CI/CD variables reference")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seatrial.facts.publisher import Publisher

SHORT = 8
"""The signs of a commit's id that GitLab shows."""


def variables_of(who: Publisher, tag: str, commit: str, branch: str, host: str) -> dict[str, str]:
    """Return the variables of a pipeline that a pushed tag starts; ``branch``: the default one, ``host``: GitLab's."""
    return {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_COMMIT_BEFORE_SHA": "0" * 40,
        "CI_COMMIT_REF_NAME": tag,
        "CI_COMMIT_REF_PROTECTED": "true",
        "CI_COMMIT_REF_SLUG": re.sub(r"[^a-z0-9]+", "-", tag.lower())[:63].strip("-"),
        "CI_COMMIT_SHA": commit,
        "CI_COMMIT_SHORT_SHA": commit[:SHORT],
        "CI_COMMIT_TAG": tag,
        "CI_CONFIG_PATH": who.workflow,
        "CI_DEFAULT_BRANCH": branch,
        "CI_PIPELINE_ID": "1",
        "CI_PIPELINE_IID": "1",
        "CI_PIPELINE_SOURCE": "push",
        "CI_PROJECT_ID": "1",
        "CI_PROJECT_NAME": who.repository,
        "CI_PROJECT_NAMESPACE": who.owner,
        "CI_PROJECT_PATH": who.home,
        "CI_PROJECT_PATH_SLUG": re.sub(r"[^a-z0-9]+", "-", who.home.lower())[:63].strip("-"),
        "CI_PROJECT_ROOT_NAMESPACE": who.owner.partition("/")[0],
        "CI_PROJECT_URL": f"https://{host}/{who.home}",
        "CI_SERVER": "yes",
        "CI_SERVER_HOST": host,
        "CI_SERVER_URL": f"https://{host}",
    }
