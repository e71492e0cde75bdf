"""The jobs of GitHub that publish: they hold a token, and so neither a checkout nor any code of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.facts import pins
from seatrial.workflows import blocks
from seatrial.workflows.blocks import ASKS, env, job, run, uses

if TYPE_CHECKING:
    from seatrial.workflows.shape import Shape


def testpypi(shape: Shape) -> str:
    """Return the job that publishes what a push to the branch has built."""
    # Loaded when a workflow is written: twine takes its time.
    from twine.utils import TEST_REPOSITORY  # noqa: PLC0415

    head = f"""
name: Publish on TestPyPI
if: {is_on_branch(shape)}
needs: [build, gate]
runs-on: ubuntu-24.04
timeout-minutes: 15
environment: testpypi
{ASKS}
"""
    publish = uses("Publish", pins.PUBLISH, (f"repository-url: {TEST_REPOSITORY}",))
    return job("testpypi", head, (blocks.fetch_distributions(), publish))


def pypi(shape: Shape) -> str:
    """Return the job that publishes what a tag names."""
    head = f"""
name: Publish on PyPI
needs: [build, test]
runs-on: ubuntu-24.04
timeout-minutes: 15
environment: {shape.environment}
{ASKS}
"""
    return job("pypi", head, (blocks.fetch_distributions(), uses("Publish", pins.PUBLISH, ("attestations: true",))))


def forge_release(shape: Shape) -> str:
    """Return the job that makes a release on the forge, with the files that are on PyPI."""
    head = """
name: Release on GitHub
needs: [build, pypi]
runs-on: ubuntu-24.04
timeout-minutes: 10
permissions:
  contents: write # a release of the repository is one of its contents
"""
    notes = uses("Fetch the notes", pins.DOWNLOAD, ("artifact-ids: ${{ needs.build.outputs.notes }}", "path: notes"))
    told = env(
        GH_TOKEN="${{ github.token }}",  # noqa: S106 - where GitHub puts it
        PRERELEASE="${{ needs.build.outputs.prerelease }}",
        TITLE=f'"{shape.name} ${{{{ github.ref_name }}}}"',
    )
    return job(
        "release",
        head,
        (blocks.fetch_distributions(), notes, at_top(shape, run("Release", *RELEASE.splitlines(), extra=told))),
    )


RELEASE = """\
# A run that ended half-way left a draft, which nobody has seen.
draft=$(gh release view "$GITHUB_REF_NAME" --repo "$GITHUB_REPOSITORY" --json isDraft --jq .isDraft || true)
if [ "$draft" = true ]; then
  gh release delete "$GITHUB_REF_NAME" --repo "$GITHUB_REPOSITORY" --yes
fi
if [ "$draft" != false ]; then
  gh release create "$GITHUB_REF_NAME" --repo "$GITHUB_REPOSITORY" --verify-tag --title "$TITLE" \\
    --notes-file notes/notes.md --prerelease="$PRERELEASE" dist/*
fi"""


def is_on_branch(shape: Shape) -> str:
    """Return the condition that a run is one of the branch that releases are made from."""
    return f"github.event_name == 'push' && github.ref == 'refs/heads/{shape.branch}'"


def at_top(shape: Shape, step: str) -> str:
    """Return a step of a job without a checkout, in which the project's folder is not there."""
    return step.replace("\n  run:", "\n  working-directory: .\n  run:") if shape.prefix else step
