"""Who may publish without a password: a trusted publisher, as an index registers it.

PyPI, "Trusted publishers"; the claims are those of GitHub's identity tokens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUIRED = (
    *("repository", "repository_owner", "repository_owner_id", "job_workflow_ref"),
    *("jti", "event_name", "ref", "sha"),
)
"""The claims that PyPI wants to find in every token (its ``oidc/models/github.py``)."""

WORKFLOW_FILE = re.compile(r"[^/]+\.(?:yml|yaml)(?=@)")

NOT_FOUND = "Publisher with matching claims was not found"


@dataclass(frozen=True)
class Publisher:
    """A workflow of a repository.

    ``workflow`` is the name of its file, ``environment`` that of the job which publishes, "" for none.
    """

    owner: str
    repository: str
    workflow: str
    environment: str = ""

    def __str__(self) -> str:
        """Return the four values as they are asked for on the index's page."""
        return (
            f"owner {self.owner}, repository {self.repository}, workflow {self.workflow}, "
            f"environment {self.environment or '(none)'}"
        )

    def mismatch(self, claims: Mapping[str, object]) -> str:
        """Return why claims are not those of this publisher, in PyPI's words; "" if they are.

        Owner and repository may be written in capitals or not, as a remote's address may; the name of a workflow file
        may not. A publisher without an environment takes every environment.
        """
        told = {name: str(value) for name, value in claims.items() if value is not None}
        missing = next((name for name in REQUIRED if name not in told), "")
        if missing:
            return f"Missing claim {missing!r}"
        file = WORKFLOW_FILE.search(told["job_workflow_ref"])
        if not file:
            return "Could not job extract workflow filename from OIDC claims"
        if not self._is_registered_for(told, file[0]):
            return NOT_FOUND
        home = f"{told['repository']}/.github/workflows/{self.workflow}"
        expected = sorted({f"{home}@{told[name]}" for name in ("ref", "sha") if told[name]})
        if told["job_workflow_ref"] not in expected:
            got = told["job_workflow_ref"]
            return f"The job_workflow_ref claim does not match, expecting one of {expected!r}, got {got!r}"
        if told["event_name"] == "pull_request_target":
            return "Publishing from a workflow invoked via 'pull_request_target' is not supported."
        return ""

    def _is_registered_for(self, told: Mapping[str, str], file: str) -> bool:
        environments = ("", told.get("environment", "").lower())
        return (
            told["repository"].lower() == f"{self.owner}/{self.repository}".lower()
            and file == self.workflow
            and self.environment.lower() in environments
        )
