"""What the projects of rehearsals have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harbour import Harbour, harbour

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOW = """\
on:
  push:
    tags: ["v*"]
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - run: nox -s build check
  publish:
    needs: build
    runs-on: ubuntu-24.04
    environment: pypi
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@v1
"""


def forge_project(folder: Path, backend: str = "uv_build", workflow: str = WORKFLOW) -> Harbour:
    """Make a project that a workflow publishes, and whose remote is one of a forge; its backend is the quickest."""
    made = harbour(folder, backend)
    made.trial.write({".github/workflows/release.yml": workflow})
    made.trial.commit("Publish from CI")
    made.trial.git("push", "-q")
    made.trial.git("remote", "set-url", "origin", "https://github.com/acme/tidepool.git")
    return made


def gitlab_project(folder: Path, pipeline: str = "") -> Harbour:
    """Make a project whose remote is on GitLab; ``pipeline``: what stands in its file, "" to have it generated."""
    made = harbour(folder, "uv_build")
    made.trial.git("remote", "set-url", "origin", "git@gitlab.com:acme/tidepool.git")
    if pipeline:
        made.trial.write({".gitlab-ci.yml": pipeline})
    else:
        ran = made.trial.invoke("workflows")
        assert ran.returncode == 0, ran.output
    made.trial.commit("Publish from CI")
    return made
