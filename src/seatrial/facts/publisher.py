"""Who may publish without a password: a trusted publisher, as an index registers it.

PyPI, "Trusted publishers"; the claims are those of GitHub's identity tokens.
"""

from __future__ import annotations

from dataclasses import dataclass


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
