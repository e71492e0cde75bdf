"""What the projects of rehearsals have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_repo import ReleaseRepo, make_release_repo

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


def forge_project(folder: Path, backend: str = "uv_build", workflow: str = WORKFLOW) -> ReleaseRepo:
    """Make a project that a workflow publishes, and whose remote is on a forge; its backend is the quickest."""
    made = make_release_repo(folder, backend)
    made.project.write({".github/workflows/release.yml": workflow})
    made.project.commit("Publish from CI")
    made.project.git("push", "-q")
    made.project.git("remote", "set-url", "origin", "https://github.com/acme/tidepool.git")
    return made


def gitlab_project(folder: Path, pipeline: str = "") -> ReleaseRepo:
    """Make a project whose remote is on GitLab; ``pipeline``: the text of its file, "" to have it generated."""
    made = make_release_repo(folder, "uv_build")
    made.project.git("remote", "set-url", "origin", "git@gitlab.com:acme/tidepool.git")
    if pipeline:
        made.project.write({".gitlab-ci.yml": pipeline})
    else:
        ran = made.project.invoke("workflows")
        assert ran.returncode == 0, ran.output
    made.project.commit("Publish from CI")
    return made
