"""The workflows of GitHub (GitHub, "Workflow syntax for GitHub Actions")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.facts import measurement
from seatrial.workflows import blocks, publishing
from seatrial.workflows.blocks import READS, env, job, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.workflows.shape import Shape

BUILT = "${{ needs.build.outputs.built }}"
LINE_ENDS = ("git config --global core.autocrlf false", "git config --global core.eol lf")
"""On Windows, files would be checked out with other line ends than those that they were committed with."""

ALL_WELL = """jq --exit-status 'all(.[]; .result == "success")' <<< "$NEEDS\""""


def ci(shape: Shape, more: Sequence[str] = ()) -> str:
    """Return the workflow that runs for every change; ``more``: the maintainer's own jobs, which the gate waits for."""
    jobs = [_plan(shape, "ci", checks=True), _build_for_ci(shape), _test(shape, hands_on=shape.combines)]
    jobs += [_coverage(shape)] if shape.combines else []
    jobs.append(_gate(shape, more))
    if shape.settings.testpypi:
        jobs.append(publishing.testpypi(shape))
    return _head("CI", _on_change(shape), shape) + "\n\n".join(jobs) + "\n"


def release(shape: Shape) -> str:
    """Return the workflow that publishes what a tag names."""
    jobs = [
        _plan(shape, shape.settings.proof, checks=False),
        _build_for_release(shape),
        _test(shape),
        publishing.pypi(shape),
        publishing.forge_release(shape),
        *([publishing.prove(shape)] if shape.settings.prove else []),
    ]
    return _head("Release", _on_tag(shape), shape) + "\n\n".join(jobs) + "\n"


def dependabot() -> str:
    """Return what keeps the pins up to date, a week after a release (GitHub, "Dependabot options")."""
    return """\
version: 2
updates:
  - package-ecosystem: github-actions
    directory: /
    schedule:
      interval: weekly
    cooldown:
      default-days: 7
"""


def _head(name: str, on: str, shape: Shape) -> str:
    folder = f"\n    working-directory: {shape.prefix.rstrip('/')}" if shape.prefix else ""
    of_which = f" of {shape.name}" if shape.prefix else ""
    return f"name: {name}{of_which}\n\n{on}\n\ndefaults:\n  run:\n    shell: bash{folder}\n\njobs:\n"


def _on_change(shape: Shape) -> str:
    return f"""\
on:
  push:
    branches: ["{shape.branch}"]
  pull_request:

permissions: {{}}

concurrency:
  group: {shape.ci.rpartition(".")[0]}-${{{{ github.event_name == 'pull_request' && github.ref || github.run_id }}}}
  cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}"""


def _on_tag(shape: Shape) -> str:
    by_hand = "\n  workflow_dispatch:" if shape.settings.prove else ""
    return f"""\
on:
  push:
    tags: ["{shape.tags}"]{by_hand}

permissions: {{}}

concurrency:
  group: release-${{{{ github.ref }}}}
  cancel-in-progress: false"""


def _plan(shape: Shape, tag: str, *, checks: bool) -> str:
    head = f"""
name: Plan
{"" if checks else publishing.only_pushed(shape)}runs-on: {blocks.IMAGE}
timeout-minutes: 10
{READS}
outputs:
  matrix: ${{{{ steps.sessions.outputs.matrix }}}}
"""
    compare = (run("Compare the workflows with the project", "seatrial workflows --check"),) if checks else ()
    listing = run("List the sessions", f'seatrial ci.sessions --tag {tag} >> "$GITHUB_OUTPUT"', extra="id: sessions\n")
    what = "the commit" if checks else "the tag"
    return job(
        "plan", head, (blocks.checkout(shape, what, history=checks), *blocks.furnishing(shape), *compare, listing)
    )


def _build_head(more: str = "", condition: str = "") -> str:
    return f"""
name: Build and check
{condition}runs-on: {blocks.IMAGE}
timeout-minutes: 20
{READS}
outputs:
  artifact: ${{{{ steps.distributions.outputs.artifact-id }}}}
  built: ${{{{ steps.built.outputs.built }}}}
{more}"""


def _keep(shape: Shape) -> tuple[str, ...]:
    paths = (f"{shape.prefix}dist/*.tar.gz", f"{shape.prefix}dist/*.whl")
    return (
        run("Tell what was built", 'seatrial ci.built >> "$GITHUB_OUTPUT"', extra="id: built\n"),
        blocks.keep("Keep the distributions", paths, label="distributions", id_="distributions"),
    )


def _build_for_ci(shape: Shape) -> str:
    own_version = run(
        "Give it a version of its own",
        'seatrial ci.version --run "$RUN" --attempt "$ATTEMPT"',
        extra=f"if: {publishing.is_on_branch(shape)}\n"
        + env(RUN="${{ github.run_number }}", ATTEMPT="${{ github.run_attempt }}"),
    )
    return job(
        "build",
        _build_head(),
        (
            blocks.checkout(shape, "the commit", history=True),
            *blocks.furnishing(shape),
            *((own_version,) if shape.settings.testpypi else ()),
            run("Build and check", "nox -s build check"),
            *_keep(shape),
        ),
    )


def _build_for_release(shape: Shape) -> str:
    outputs = """\
  notes: ${{ steps.notes.outputs.artifact-id }}
  prerelease: ${{ steps.verified.outputs.prerelease }}
"""
    verify = f'seatrial ci.verify --tag "$GITHUB_REF_NAME" --branch "origin/{shape.branch}"'
    return job(
        "build",
        _build_head(outputs, publishing.only_pushed(shape)),
        (
            blocks.checkout(shape, "the tag", history=True),
            *blocks.furnishing(shape),
            run("Compare the tag with the project", verify),
            run("Build and check", "nox -s build check"),
            run(
                "Compare the tag with what was built",
                f'{verify} --built >> "$GITHUB_OUTPUT"',
                extra="id: verified\n",
            ),
            run("Write the notes", 'seatrial ci.notes --tag "$GITHUB_REF_NAME" > notes.md'),
            *_keep(shape),
            blocks.keep("Keep the notes", (f"{shape.prefix}notes.md",), label="notes", id_="notes"),
        ),
    )


def _test(shape: Shape, *, hands_on: bool = False) -> str:
    head = f"""
name: ${{{{ matrix.session }}}} on ${{{{ matrix.system }}}}
needs: [plan, build]
runs-on: ${{{{ matrix.system }}}}
timeout-minutes: 60
{READS}
strategy:
  fail-fast: false
  matrix: ${{{{ fromJSON(needs.plan.outputs.matrix) }}}}
"""
    told = env(SESSION="${{ matrix.session }}", SEATRIAL_BUILT=BUILT)
    return job(
        "test",
        head,
        (
            *((publishing.at_top(shape, run("Keep line ends", *LINE_ENDS)),) if shape.is_for_windows else ()),
            blocks.checkout(shape, "the commit"),
            *blocks.furnishing(shape, "${{ matrix.python }}"),
            blocks.fetch_distributions(shape.prefix),
            run("Run the session", 'nox -s "$SESSION"', extra=told),
            *((blocks.keep_measured(f"{shape.prefix}{measurement.DATA}"),) if hands_on else ()),
        ),
    )


def _coverage(shape: Shape) -> str:
    head = f"""
name: Coverage of all Pythons
needs: test
runs-on: {blocks.IMAGE}
timeout-minutes: 10
{READS}
"""
    combine = run("Bring it together", f"nox -s {measurement.SESSION}", extra=env(**{measurement.HANDED: "measured"}))
    fetch = blocks.fetch_measured(f"{shape.prefix}measured")
    return job("coverage", head, (blocks.checkout(shape, "the commit"), *blocks.furnishing(shape), fetch, combine))


def _gate(shape: Shape, more: Sequence[str]) -> str:
    head = f"""
name: Gate
if: always()
needs: [{", ".join(("plan", "build", "test", *(("coverage",) if shape.combines else ()), *more))}]
runs-on: ubuntu-24.04
timeout-minutes: 5
permissions:
  actions: read # the summary lists the jobs of this run
"""
    told = env(GH_TOKEN="${{ github.token }}", BUILT=BUILT)  # noqa: S106 - where GitHub puts it
    tell = run("Tell what ran", *TELL.splitlines(), extra=told)
    see = run("See that all went well", ALL_WELL, extra=env(NEEDS="${{ toJSON(needs) }}"))
    return job("gate", head, (publishing.at_top(shape, tell), publishing.at_top(shape, see)))


TELL = r"""table='.jobs[] | select(.status == "completed") | [
  (.name | gsub("[|]"; "&#124;")), .conclusion,
  (if .conclusion == "skipped" then "a job before it did not go well, or it is for other runs"
    else [.steps[] | select(.conclusion == "failure") | .name] | join(", ") end),
  (if .conclusion == "skipped" then "" else "\((.completed_at | fromdate) - (.started_at | fromdate)) s" end)
] | "| \(join(" | ")) |"'
{
  printf '%s\n' "| job | ended as | because of | took |" "|---|---|---|--:|"
  # A list that can't be had is no reason to fail.
  gh api --paginate "repos/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID/jobs?per_page=100" |
    jq --raw-output "$table" || true
  read -r commit sdist wheel <<< "$BUILT"
  printf '%s\n' "" "| built from ${commit:-nothing} | sha256 |" "|---|---|" "| sdist | $sdist |"
  # Where it is compiled for each Python, no wheel is published.
  if [ -n "$wheel" ]; then printf '%s\n' "| wheel | $wheel |"; fi
} >> "$GITHUB_STEP_SUMMARY"
"""
