"""The jobs of GitHub that publish: they hold a token, and so neither a checkout nor any code of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.facts import pins
from seatrial.workflows import blocks, locked
from seatrial.workflows.blocks import ASKS, env, job, run, uses

if TYPE_CHECKING:
    from seatrial.workflows.shape import Shape


def testpypi(shape: Shape) -> str:
    """Return the job that publishes what a push to the branch has built.

    twine does it: an action would need the address of the index, and attests nothing there.
    """
    head = f"""
name: Publish on TestPyPI
if: {is_on_branch(shape)}
needs: [build, gate]
runs-on: ubuntu-24.04
timeout-minutes: 15
environment: testpypi
{ASKS}
"""
    publish = run("Publish", "twine upload --non-interactive --repository testpypi dist/*")
    steps = (blocks.fetch_distributions(), *_twine(shape), at_top(shape, publish))
    return job("testpypi", head, steps)


def _twine(shape: Shape) -> tuple[str, ...]:
    """Return the steps that bring twine into a job without a checkout."""
    python = uses("Set up Python", pins.SETUP_PYTHON, (f'python-version: "{locked.PYTHON}"',))
    return python, at_top(shape, run("Install twine", *locked.installing("twine")))


def pypi(shape: Shape) -> str:
    """Return the job that publishes what a tag names."""
    head = f"""
name: Publish on PyPI
{only_pushed(shape)}needs: [build, test]
runs-on: ubuntu-24.04
timeout-minutes: 15
environment: {shape.environment}
{ASKS}
  contents: read # where the tag is now
"""
    publish = uses("Publish", pins.PUBLISH, ("attestations: true",))
    return job("pypi", head, (blocks.fetch_distributions(), _unmoved(shape), publish))


def _unmoved(shape: Shape) -> str:
    """Return the step that sees whether the tag is where it was: a run can be started again long after it was made."""
    told = env(GH_TOKEN="${{ github.token }}")  # noqa: S106 - where GitHub puts it
    return at_top(shape, run("See that the tag has not moved", *UNMOVED.splitlines(), extra=told))


UNMOVED = """\
now=$(gh api "repos/$GITHUB_REPOSITORY/commits/tags/$GITHUB_REF_NAME" --jq .sha)
if [ "$now" != "$GITHUB_SHA" ]; then
  echo "::error::$GITHUB_REF_NAME is at $now by now, and these files are of $GITHUB_SHA"
  exit 1
fi"""


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
        (
            *(blocks.fetch_distributions(), notes, _unmoved(shape)),
            at_top(shape, run("Release", *RELEASE.splitlines(), extra=told)),
        ),
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
  exit
fi
# One that is there already keeps its notes, and gets the files that it lacks.
there=$(gh release view "$GITHUB_REF_NAME" --repo "$GITHUB_REPOSITORY" --json assets --jq ".assets[].name")
for file in dist/*; do
  if ! grep --quiet --line-regexp --fixed-strings "${file##*/}" <<< "$there"; then
    gh release upload "$GITHUB_REF_NAME" "$file" --repo "$GITHUB_REPOSITORY"
  fi
done"""


def prove(shape: Shape) -> str:
    """Return the job that, started by hand, asks PyPI for a token as the one that publishes does, and burns it."""
    head = f"""
name: Prove the publisher
if: github.event_name == 'workflow_dispatch'
runs-on: ubuntu-24.04
timeout-minutes: 5
environment: {shape.environment}
{ASKS}
"""
    return job("prove", head, (*_twine(shape), at_top(shape, run("Ask for a token", *PROVE.splitlines()))))


PROVE = r"""# twine knows where PyPI is.
INDEX=$(python -c "from twine.utils import DEFAULT_REPOSITORY; print(DEFAULT_REPOSITORY.partition('/legacy')[0])")
audience=$(curl --fail --silent --show-error "$INDEX/_/oidc/audience" | jq --raw-output .audience)
# Tokens go from pipe to pipe: an argument can be seen by whoever lists processes.
identity=$(curl --fail --silent --show-error --header @- "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=$audience" \
  <<< "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" | jq --raw-output .value)
answer=$(jq --null-input --raw-input '{token: input}' <<< "$identity" |
  curl --silent --show-error --header "Content-Type: application/json" --data @- "$INDEX/_/oidc/mint-token")
if ! jq --exit-status .token <<< "$answer" > /dev/null; then
  jq --raw-output '.errors[] | "\(.code): \(.description)"' <<< "$answer"
  exit 1
fi
jq '{token: .token}' <<< "$answer" | curl --silent --output /dev/null --header "Content-Type: application/json" \
  --data @- "$INDEX/_/oidc/burn-token" || true
echo "PyPI knows this workflow and this environment. Its token was thrown away; without use it ends in 15 minutes."
"""


def only_pushed(shape: Shape) -> str:
    """Return the condition that keeps a run which was started by hand from doing more than to prove the publisher."""
    return "if: github.event_name == 'push'\n" if shape.settings.prove else ""


def is_on_branch(shape: Shape) -> str:
    """Return the condition that a run is one of the branch that releases are made from."""
    return f"github.event_name == 'push' && github.ref == 'refs/heads/{shape.branch}'"


def at_top(shape: Shape, step: str) -> str:
    """Return a step of a job without a checkout, in which the project's folder is not there."""
    return step.replace("\n  run:", "\n  working-directory: .\n  run:") if shape.prefix else step
