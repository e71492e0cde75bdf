"""The GitHub workflows (GitHub, "Workflow syntax for GitHub Actions").

The jobs that publish hold a token, and therefore neither a checkout nor any code of the project.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from seatrial.ci.pins import (
    CHECKOUT_PIN,
    DOWNLOAD_ARTIFACT_PIN,
    PUBLISH_PIN,
    SETUP_PYTHON_PIN,
    SETUP_UV_PIN,
    UPLOAD_ARTIFACT_PIN,
)
from seatrial.project.nox_sessions import COVERAGE_FOLDER, COVERAGE_SESSION, MEASURED_VARIABLE
from seatrial.project.settings import IMAGES
from seatrial.workflows.locked_tools import LOCKED_PYTHON, locked_install_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seatrial.workflows.context import WorkflowContext


BUILT = "${{ needs.build.outputs.built }}"
LINE_ENDS = ("git config --global core.autocrlf false", "git config --global core.eol lf")
"""On Windows, files would be checked out with other line ends than those that they were committed with."""

ALL_WELL = """jq --exit-status 'all(.[]; .result == "success")' <<< "$NEEDS\""""


def ci_workflow(context: WorkflowContext, more: Sequence[str] = ()) -> str:
    """Return the workflow that runs for every change; ``more``: the maintainer's own jobs, which the gate waits for."""
    jobs = [_plan(context, "ci", checks=True), _build_for_ci(context), _test(context, hands_on=context.combines)]
    jobs += [_coverage(context)] if context.combines else []
    jobs.append(_gate(context, more))
    if context.settings.testpypi:
        jobs.append(testpypi_job(context))
    return _head("CI", _on_change(context), context) + "\n\n".join(jobs) + "\n"


def release_workflow(context: WorkflowContext) -> str:
    """Return the workflow that publishes what a tag names."""
    jobs = [
        _plan(context, context.settings.proof, checks=False),
        _build_for_release(context),
        _test(context),
        pypi_job(context),
        forge_release_job(context),
        *([publisher_trial_job(context)] if context.settings.prove else []),
    ]
    return _head("Release", _on_tag(context), context) + "\n\n".join(jobs) + "\n"


def dependabot_file() -> str:
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


def _head(name: str, on: str, context: WorkflowContext) -> str:
    folder = f"\n    working-directory: {context.prefix.rstrip('/')}" if context.prefix else ""
    of_which = f" of {context.name}" if context.prefix else ""
    return f"name: {name}{of_which}\n\n{on}\n\ndefaults:\n  run:\n    shell: bash{folder}\n\njobs:\n"


def _on_change(context: WorkflowContext) -> str:
    return f"""\
on:
  push:
    branches: ["{context.branch}"]
  pull_request:

permissions: {{}}

concurrency:
  group: {context.ci.rpartition(".")[0]}-${{{{ github.event_name == 'pull_request' && github.ref || github.run_id }}}}
  cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}"""


def _on_tag(context: WorkflowContext) -> str:
    by_hand = "\n  workflow_dispatch:" if context.settings.prove else ""
    return f"""\
on:
  push:
    tags: ["{context.tags}"]{by_hand}

permissions: {{}}

concurrency:
  group: release-${{{{ github.ref }}}}
  cancel-in-progress: false"""


def _plan(context: WorkflowContext, tag: str, *, checks: bool) -> str:
    head = f"""
name: Plan
{"" if checks else only_pushed(context)}runs-on: {IMAGE}
timeout-minutes: 10
{READ_PERMISSION}
outputs:
  matrix: ${{{{ steps.sessions.outputs.matrix }}}}
"""
    compare = (run_step("Compare the workflows with the project", "seatrial workflows --check"),) if checks else ()
    listing = run_step(
        "List the sessions", f'seatrial ci.sessions --tag {tag} >> "$GITHUB_OUTPUT"', extra="id: sessions\n"
    )
    what = "the commit" if checks else "the tag"
    return job_block(
        "plan", head, (checkout_step(context, what, history=checks), *setup_steps(context), *compare, listing)
    )


def _build_head(more: str = "", condition: str = "") -> str:
    return f"""
name: Build and check
{condition}runs-on: {IMAGE}
timeout-minutes: 20
{READ_PERMISSION}
outputs:
  artifact: ${{{{ steps.distributions.outputs.artifact-id }}}}
  built: ${{{{ steps.built.outputs.built }}}}
{more}"""


def _keep(context: WorkflowContext) -> tuple[str, ...]:
    paths = (f"{context.prefix}dist/*.tar.gz", f"{context.prefix}dist/*.whl")
    return (
        run_step("Tell what was built", 'seatrial ci.built >> "$GITHUB_OUTPUT"', extra="id: built\n"),
        store_step("Keep the distributions", paths, label="distributions", id_="distributions"),
    )


def _build_for_ci(context: WorkflowContext) -> str:
    own_version = run_step(
        "Give it a version of its own",
        'seatrial ci.version --run "$RUN" --attempt "$ATTEMPT"',
        extra=f"if: {is_on_branch(context)}\n"
        + env_lines(RUN="${{ github.run_number }}", ATTEMPT="${{ github.run_attempt }}"),
    )
    return job_block(
        "build",
        _build_head(),
        (
            checkout_step(context, "the commit", history=True),
            *setup_steps(context),
            *((own_version,) if context.settings.testpypi else ()),
            run_step("Build and check", "nox -s build check"),
            *_keep(context),
        ),
    )


def _build_for_release(context: WorkflowContext) -> str:
    outputs = """\
  notes: ${{ steps.notes.outputs.artifact-id }}
  prerelease: ${{ steps.verified.outputs.prerelease }}
"""
    verify = f'seatrial ci.verify --tag "$GITHUB_REF_NAME" --branch "origin/{context.branch}"'
    return job_block(
        "build",
        _build_head(outputs, only_pushed(context)),
        (
            checkout_step(context, "the tag", history=True),
            *setup_steps(context),
            run_step("Compare the tag with the project", verify),
            run_step("Build and check", "nox -s build check"),
            run_step(
                "Compare the tag with what was built",
                f'{verify} --built >> "$GITHUB_OUTPUT"',
                extra="id: verified\n",
            ),
            run_step("Write the notes", 'seatrial ci.notes --tag "$GITHUB_REF_NAME" > notes.md'),
            *_keep(context),
            store_step("Keep the notes", (f"{context.prefix}notes.md",), label="notes", id_="notes"),
        ),
    )


def _test(context: WorkflowContext, *, hands_on: bool = False) -> str:
    head = f"""
name: ${{{{ matrix.session }}}} on ${{{{ matrix.system }}}}
needs: [plan, build]
runs-on: ${{{{ matrix.system }}}}
timeout-minutes: 60
{READ_PERMISSION}
strategy:
  fail-fast: false
  matrix: ${{{{ fromJSON(needs.plan.outputs.matrix) }}}}
"""
    told = env_lines(SESSION="${{ matrix.session }}", SEATRIAL_BUILT=BUILT)
    return job_block(
        "test",
        head,
        (
            *((at_top(context, run_step("Keep line ends", *LINE_ENDS)),) if context.is_for_windows else ()),
            checkout_step(context, "the commit"),
            *setup_steps(context, "${{ matrix.python }}"),
            fetch_distributions_step(context.prefix),
            run_step("Run the session", 'nox -s "$SESSION"', extra=told),
            *((store_coverage_step(f"{context.prefix}{COVERAGE_FOLDER}"),) if hands_on else ()),
        ),
    )


def _coverage(context: WorkflowContext) -> str:
    head = f"""
name: Coverage of all Pythons
needs: test
runs-on: {IMAGE}
timeout-minutes: 10
{READ_PERMISSION}
"""
    combine = run_step(
        "Bring it together", f"nox -s {COVERAGE_SESSION}", extra=env_lines(**{MEASURED_VARIABLE: "measured"})
    )
    fetch = fetch_coverage_step(f"{context.prefix}measured")
    return job_block("coverage", head, (checkout_step(context, "the commit"), *setup_steps(context), fetch, combine))


def _gate(context: WorkflowContext, more: Sequence[str]) -> str:
    head = f"""
name: Gate
if: always()
needs: [{", ".join(("plan", "build", "test", *(("coverage",) if context.combines else ()), *more))}]
runs-on: ubuntu-24.04
timeout-minutes: 5
permissions:
  actions: read # the summary lists the jobs of this run
"""
    told = env_lines(GH_TOKEN="${{ github.token }}", BUILT=BUILT)  # noqa: S106 - where GitHub puts it
    tell = run_step("Tell what ran", *TELL.splitlines(), extra=told)
    see = run_step("See that all went well", ALL_WELL, extra=env_lines(NEEDS="${{ toJSON(needs) }}"))
    return job_block("gate", head, (at_top(context, tell), at_top(context, see)))


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


def testpypi_job(context: WorkflowContext) -> str:
    """Return the job that publishes what a push to the branch has built.

    twine does it: an action would need the address of the index, and attests nothing there.
    """
    head = f"""
name: Publish on TestPyPI
if: {is_on_branch(context)}
needs: [build, gate]
runs-on: ubuntu-24.04
timeout-minutes: 15
environment: testpypi
{IDENTITY_PERMISSION}
"""
    publish = run_step("Publish", "twine upload --non-interactive --repository testpypi dist/*")
    steps = (fetch_distributions_step(), *_twine(context), at_top(context, publish))
    return job_block("testpypi", head, steps)


def _twine(context: WorkflowContext) -> tuple[str, ...]:
    """Return the steps that bring twine into a job without a checkout."""
    python = action_step("Set up Python", SETUP_PYTHON_PIN, (f'python-version: "{LOCKED_PYTHON}"',))
    return python, at_top(context, run_step("Install twine", *locked_install_lines("twine")))


def pypi_job(context: WorkflowContext) -> str:
    """Return the job that publishes what a tag names."""
    head = f"""
name: Publish on PyPI
{only_pushed(context)}needs: [build, test]
runs-on: ubuntu-24.04
timeout-minutes: 15
environment: {context.environment}
{IDENTITY_PERMISSION}
  contents: read # where the tag is now
"""
    publish = action_step("Publish", PUBLISH_PIN, ("attestations: true",))
    return job_block("pypi", head, (fetch_distributions_step(), _unmoved(context), publish))


def _unmoved(context: WorkflowContext) -> str:
    """Return the step that sees whether the tag is where it was: a run can be started again long after it was made."""
    told = env_lines(GH_TOKEN="${{ github.token }}")  # noqa: S106 - where GitHub puts it
    return at_top(context, run_step("See that the tag has not moved", *UNMOVED.splitlines(), extra=told))


UNMOVED = """\
now=$(gh api "repos/$GITHUB_REPOSITORY/commits/tags/$GITHUB_REF_NAME" --jq .sha)
if [ "$now" != "$GITHUB_SHA" ]; then
  echo "::error::$GITHUB_REF_NAME is at $now by now, and these files are of $GITHUB_SHA"
  exit 1
fi"""


def forge_release_job(context: WorkflowContext) -> str:
    """Return the job that makes a release on the forge, with the files that are on PyPI."""
    head = """
name: Release on GitHub
needs: [build, pypi]
runs-on: ubuntu-24.04
timeout-minutes: 10
permissions:
  contents: write # a release of the repository is one of its contents
"""
    notes = action_step(
        "Fetch the notes", DOWNLOAD_ARTIFACT_PIN, ("artifact-ids: ${{ needs.build.outputs.notes }}", "path: notes")
    )
    told = env_lines(
        GH_TOKEN="${{ github.token }}",  # noqa: S106 - where GitHub puts it
        PRERELEASE="${{ needs.build.outputs.prerelease }}",
        TITLE=f'"{context.name} ${{{{ github.ref_name }}}}"',
    )
    return job_block(
        "release",
        head,
        (
            *(fetch_distributions_step(), notes, _unmoved(context)),
            at_top(context, run_step("Release", *FORGE_RELEASE.splitlines(), extra=told)),
        ),
    )


FORGE_RELEASE = """\
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


def publisher_trial_job(context: WorkflowContext) -> str:
    """Return the job that, started by hand, asks PyPI for a token as the one that publishes does, and burns it."""
    head = f"""
name: Prove the publisher
if: github.event_name == 'workflow_dispatch'
runs-on: ubuntu-24.04
timeout-minutes: 5
environment: {context.environment}
{IDENTITY_PERMISSION}
"""
    return job_block(
        "prove", head, (*_twine(context), at_top(context, run_step("Ask for a token", *PUBLISHER_TRIAL.splitlines())))
    )


PUBLISHER_TRIAL = r"""# twine knows where PyPI is.
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


def only_pushed(context: WorkflowContext) -> str:
    """Return the condition that keeps a run which was started by hand from doing more than to prove the publisher."""
    return "if: github.event_name == 'push'\n" if context.settings.prove else ""


def is_on_branch(context: WorkflowContext) -> str:
    """Return the condition that a run is one of the branch that releases are made from."""
    return f"github.event_name == 'push' && github.ref == 'refs/heads/{context.branch}'"


def at_top(context: WorkflowContext, step: str) -> str:
    """Return a step of a job without a checkout, in which the project's folder is not there."""
    return step.replace("\n  run:", "\n  working-directory: .\n  run:") if context.prefix else step


IMAGE = IMAGES["ubuntu"]
"""The machine that does everything but tests."""

READ_PERMISSION = "permissions:\n  contents: read"
IDENTITY_PERMISSION = (
    "permissions:\n  id-token: write # trusted publishing: the token says which workflow and environment asks"
)


def job_block(name: str, head: str, steps: Iterable[str]) -> str:
    """Return a job: its lines, and its steps below."""
    body = head.strip("\n") + "\nsteps:\n" + indented("\n".join(steps), 2)
    return indented(f"{name}:\n{indented(body, 2)}", 2)


def checkout_step(context: WorkflowContext, what: str, *, history: bool = False) -> str:
    """Return the step that checks the commit out; it leaves no credentials behind."""
    options = ["fetch-depth: 0"] if history else []
    options += ["submodules: recursive"] if context.has_submodules else []
    return action_step(f"Check out {what}", CHECKOUT_PIN, (*options, "persist-credentials: false"))


def setup_steps(context: WorkflowContext, also: str = "") -> tuple[str, ...]:
    """Return the steps that bring Python and seatrial; ``also``: a Python beside the one that runs nox."""
    version = f"python-version: |\n  {also}\n  {context.python}" if also else f'python-version: "{context.python}"'
    steps = [action_step("Set up Python", SETUP_PYTHON_PIN, (version,))]
    if context.uses_uv:
        steps.append(action_step("Set up uv", SETUP_UV_PIN, ("enable-cache: false",)))
    return (*steps, run_step("Install seatrial", *context.installing()))


def action_step(name: str, action: str, options: Sequence[str] = (), extra: str = "") -> str:
    """Return a step that is an action."""
    lines = f"- name: {name}\n" + indented(f"{extra}uses: {action}", 2)
    return lines + ("\n  with:\n" + indented("\n".join(options), 4) if options else "")


def run_step(name: str, *commands: str, extra: str = "") -> str:
    """Return a step that runs commands; ``extra``: lines before them."""
    told = commands[0] if len(commands) == 1 else "|\n" + indented("\n".join(commands), 2)
    return f"- name: {name}\n" + indented(f"{extra}run: {told}", 2)


def env_lines(**values: str) -> str:
    """Return the lines of a step's ``env``: nothing that a stranger can name stands in a command itself."""
    return "env:\n" + "".join(f"  {name}: {value}\n" for name, value in values.items())


def fetch_distributions_step(folder: str = "") -> str:
    """Return the step that fetches what the build job has stored, by its id: nobody can put another in its place."""
    options = ("artifact-ids: ${{ needs.build.outputs.artifact }}", f"path: {folder}dist")
    return action_step("Fetch the distributions", DOWNLOAD_ARTIFACT_PIN, options)


def store_step(name: str, paths: Sequence[str], *, label: str, id_: str) -> str:
    """Return the step that stores files for the jobs that follow."""
    many = "|\n" + indented("\n".join(paths), 2) if len(paths) > 1 else paths[0]
    # A job that is run again finds what it stored before it failed.
    options = (f"name: {label}", f"path: {many}", "if-no-files-found: error", "overwrite: true")
    return action_step(name, UPLOAD_ARTIFACT_PIN, options, f"id: {id_}\n")


def store_coverage_step(folder: str) -> str:
    """Return the step that stores what the tests of a job have measured; jobs that measure nothing store nothing."""
    options = (
        "name: coverage-${{ strategy.job-index }}",
        f"path: {folder}/.coverage.*",
        "if-no-files-found: ignore",
        "include-hidden-files: true",
        "overwrite: true",
    )
    return action_step("Keep what was measured", UPLOAD_ARTIFACT_PIN, options)


def fetch_coverage_step(folder: str) -> str:
    """Return the step that fetches it, each job's into a folder of its own: systems have files of the same name."""
    return action_step("Fetch what was measured", DOWNLOAD_ARTIFACT_PIN, ("pattern: coverage-*", f"path: {folder}"))


def indented(text: str, by: int) -> str:
    """Return a text further to the right."""
    return textwrap.indent(text, " " * by)
