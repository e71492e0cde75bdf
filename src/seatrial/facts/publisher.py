"""Who may publish without a password: a trusted publisher, as an index registers it.

PyPI, "Trusted publishers"; the claims are those of the identity tokens of GitHub and of GitLab.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUIRED = {
    "github": (
        *("repository", "repository_owner", "repository_owner_id", "job_workflow_ref"),
        *("jti", "event_name", "ref", "sha"),
    ),
    "gitlab": ("sub", "project_path", "ci_config_ref_uri", "jti", "ref_path", "sha"),
}
"""The claims that PyPI wants to find in every token (its ``oidc/models/github.py`` and ``gitlab.py``)."""

WORKFLOW_FILE = re.compile(r"[^/]+\.(?:yml|yaml)(?=@)")
PIPELINE_FILE = re.compile(r"(?<=//).+[^/]\.(?:yml|yaml)(?=@)")

NOT_FOUND = "Publisher with matching claims was not found"


@dataclass(frozen=True)
class Publisher:
    """A workflow of a repository.

    ``workflow`` is the name of its file, at GitLab its path; ``environment`` that of the job which publishes, "" for
    none; ``forge``: ``github`` or ``gitlab``.
    """

    owner: str
    repository: str
    workflow: str
    environment: str = ""
    forge: str = "github"

    def __str__(self) -> str:
        """Return the four values as they are asked for on the index's page."""
        return (
            f"owner {self.owner}, repository {self.repository}, workflow {self.workflow}, "
            f"environment {self.environment or '(none)'}"
        )

    @property
    def home(self) -> str:
        """The path of the repository on its forge."""
        return f"{self.owner}/{self.repository}"

    def mismatch(self, claims: Mapping[str, object]) -> str:
        """Return why claims are not those of this publisher, in PyPI's words; "" if they are.

        Owner and repository may be written in capitals or not, as a remote's address may; the name of a workflow file
        may not, nor the environment of GitLab. A publisher without an environment takes every environment.
        """
        told = {name: str(value) for name, value in claims.items() if value is not None}
        missing = next((name for name in REQUIRED[self.forge] if name not in told), "")
        if missing:
            return f"Missing claim {missing!r}"
        return self._mismatch_of_gitlab(told) if self.forge == "gitlab" else self._mismatch_of_github(told)

    def _mismatch_of_github(self, told: Mapping[str, str]) -> str:
        file = WORKFLOW_FILE.search(told["job_workflow_ref"])
        if not file:
            return "Could not job extract workflow filename from OIDC claims"
        environments = ("", told.get("environment", "").lower())
        is_there = file[0] == self.workflow and self.environment.lower() in environments
        if told["repository"].lower() != self.home.lower() or not is_there:
            return NOT_FOUND
        home = f"{told['repository']}/.github/workflows/{self.workflow}"
        expected = sorted({f"{home}@{told[name]}" for name in ("ref", "sha") if told[name]})
        if told["job_workflow_ref"] not in expected:
            got = told["job_workflow_ref"]
            return f"The job_workflow_ref claim does not match, expecting one of {expected!r}, got {got!r}"
        if told["event_name"] == "pull_request_target":
            return "Publishing from a workflow invoked via 'pull_request_target' is not supported."
        return ""

    def _mismatch_of_gitlab(self, told: Mapping[str, str]) -> str:
        file = PIPELINE_FILE.search(told["ci_config_ref_uri"])
        if not file:
            return "Could not extract workflow filename from OIDC claims"
        is_there = file[0] == self.workflow and self.environment in ("", told.get("environment", ""))
        if told["project_path"].lower() != self.home.lower() or not is_there:
            return NOT_FOUND
        home = f"gitlab.com/{told['project_path']}//{self.workflow}"
        expected = sorted(f"{home}@{told[name]}" for name in ("ref_path", "sha"))
        if told["ci_config_ref_uri"] not in expected:
            got = told["ci_config_ref_uri"]
            return f"The ci_config_ref_uri claim does not match, expecting one of {expected!r}, got {got!r}"
        return ""
