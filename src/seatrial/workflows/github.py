"""The GitHub workflows, as data (GitHub, "Workflow syntax for GitHub Actions").

The jobs that publish hold a token, and therefore neither a checkout nor any code of the project.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seatrial.checks.workflows import (
    CHECKOUT_PIN,
    DOWNLOAD_ARTIFACT_PIN,
    PUBLISH_PIN,
    SETUP_PYTHON_PIN,
    SETUP_UV_PIN,
    UPLOAD_ARTIFACT_PIN,
)
from seatrial.project.nox_sessions import COVERAGE_FOLDER, COVERAGE_SESSION, MEASURED_VARIABLE
from seatrial.project.settings import IMAGES
from seatrial.workflows.context import LOCKED_PYTHON, WorkflowContext, locked_install_lines
from seatrial.workflows.yaml_text import Commented, yaml_sections, yaml_text

IMAGE = IMAGES["ubuntu"]
"""The machine that does everything but tests."""

READ_PERMISSION = {"contents": "read"}
IDENTITY_PERMISSION = {
    "id-token": Commented("write", "trusted publishing: the token says which workflow and environment asks")
}
TOKEN = {"GH_TOKEN": "${{ github.token }}"}
BUILT = "${{ needs.build.outputs.built }}"
LINE_ENDS = "git config --global core.autocrlf false\ngit config --global core.eol lf\n"
"""On Windows, files would be checked out with other line ends than those that they were committed with."""

ALL_WELL = """jq --exit-status 'all(.[]; .result == "success")' <<< "$NEEDS\""""


def ci_workflow(context: WorkflowContext, more: Sequence[str] = ()) -> str:
    """Return the workflow that runs for every change; ``more``: the maintainer's own jobs, which the gate waits for."""
    jobs = {
        "plan": _plan(context, "ci", checks=True),
        "build": _build_for_ci(context),
        "test": _test(context, keeps_coverage=context.combines),
        **({"coverage": _coverage(context)} if context.combines else {}),
        "gate": _gate(context, more),
        **({"testpypi": _testpypi(context)} if context.settings.testpypi else {}),
    }
    on: dict[str, object] = {"push": {"branches": [context.branch]}, "pull_request": None}
    is_change = "github.event_name == 'pull_request'"
    group = f"{context.ci.rpartition('.')[0]}-${{{{ {is_change} && github.ref || github.run_id }}}}"
    concurrency = {"group": group, "cancel-in-progress": f"${{{{ {is_change} }}}}"}
    return _workflow("CI", on, concurrency, jobs, context)


def release_workflow(context: WorkflowContext) -> str:
    """Return the workflow that publishes what a tag names, or what it tags itself when a release is merged."""
    is_merge = context.settings.tags_merges
    jobs = {
        "plan": _plan(context, context.settings.verification, checks=False),
        "build": _build_for_release(context),
        "test": _test(context),
        **({"tag": _tag(context)} if is_merge else {}),
        "pypi": _pypi(context),
        "release": _forge_release(context),
        **({"prove": _publisher_trial(context)} if context.settings.prove else {}),
    }
    by_hand = {"workflow_dispatch": None} if context.settings.prove else {}
    on = {"push": {"branches": [context.branch]} if is_merge else {"tags": [context.tags]}, **by_hand}
    # Of several runs that wait in a group, GitHub keeps the last: each commit of the branch has a group of its own, and
    # each package of the repository.
    group = f"{context.release.rpartition('.')[0]}-${{{{ github.{'sha' if is_merge else 'ref'} }}}}"
    concurrency = {"group": group, "cancel-in-progress": False}
    return _workflow("Release", on, concurrency, jobs, context)


PARTS_TO_CHOOSE = ("auto", "patch", "minor", "major", "rc", "final")


def prepare_workflow(context: WorkflowContext) -> str:
    """Return the workflow that opens the request of a release, for those who release from a browser."""
    part = {"description": "The part of the version to raise", "type": "choice", "options": [*PARTS_TO_CHOOSE]}
    on = {"workflow_dispatch": {"inputs": {"part": {**part, "default": PARTS_TO_CHOOSE[0]}}}}
    env = {
        "GH_TOKEN": f"${{{{ secrets.{REQUEST_TOKEN} || github.token }}}}",
        "HAS_TOKEN": f"${{{{ secrets.{REQUEST_TOKEN} != '' }}}}",
        "PART": "${{ inputs.part }}",
    }
    request = {
        "name": "Open the request",
        "if": f"github.ref == 'refs/heads/{context.branch}'",
        "runs-on": IMAGE,
        "timeout-minutes": 30,
        "environment": "prepare-release",
        "permissions": {
            "contents": Commented("write", f"the release branch, where there is no secret {REQUEST_TOKEN}"),
            "pull-requests": Commented("write", "the request, in that case"),
        },
        "steps": [
            _checkout(context, "the branch", has_history=True),
            *_setup(context),
            run_step("Open the request", OPEN_REQUEST, env=env),
        ],
    }
    concurrency = {"group": context.prepare.rpartition(".")[0], "cancel-in-progress": False}
    return _workflow("Prepare a release", on, concurrency, {"request": request}, context)


REQUEST_TOKEN = "RELEASE_TOKEN"  # noqa: S105 - the name of a secret
OPEN_REQUEST = f"""\
if [ "$HAS_TOKEN" != true ]; then
  echo "::notice::No secret {REQUEST_TOKEN}: the checks of the request run only after somebody closes and reopens it"
fi
git config --global user.name "github-actions[bot]"
git config --global user.email "41898282+github-actions[bot]@users.noreply.github.com"
gh auth setup-git
# The checks of the request run the tests, without this token.
seatrial release --pull-request --part "$PART" --no-tests --yes
"""


def dependabot_file() -> str:
    """Return what keeps the pins up to date, a week after a release (GitHub, "Dependabot options")."""
    update = {
        "package-ecosystem": "github-actions",
        "directory": "/",
        "schedule": {"interval": "weekly"},
        "cooldown": {"default-days": 7},
    }
    return yaml_text({"version": 2, "updates": [update]})


def _workflow(
    name: str,
    on: Mapping[str, object],
    concurrency: Mapping[str, object],
    jobs: Mapping[str, object],
    context: WorkflowContext,
) -> str:
    folder = {"working-directory": context.prefix.rstrip("/")} if context.prefix else {}
    head = {
        "name": f"{name} of {context.name}" if context.prefix else name,
        "on": on,
        "permissions": {},
        "concurrency": concurrency,
        "defaults": {"run": {"shell": "bash", **folder}},
    }
    # YAML 1.1 had words for true and false, and libraries quote them; GitHub does not read these.
    text = yaml_sections(head).replace("'on':", "on:", 1)
    return f"{text}\njobs:\n{yaml_sections(jobs, indent=2)}"


def _plan(context: WorkflowContext, tag: str, *, checks: bool) -> dict[str, Any]:
    compare = (run_step("Compare the workflows with the project", "seatrial workflows --check"),) if checks else ()
    decides = context.settings.tags_merges and not checks
    subject = "the commit" if checks or decides else "the tag"
    decide = run_step(
        "See whether a release was merged",
        'seatrial ci.release --before "$BEFORE" >> "$GITHUB_OUTPUT"',
        id="release",
        env={"BEFORE": "${{ github.event.before }}"},
    )
    outputs = {"tag": "${{ steps.release.outputs.tag }}"} if decides else {}
    return {
        "name": "Plan",
        **({} if checks or not context.settings.prove else ONLY_PUSHED),
        "runs-on": IMAGE,
        "timeout-minutes": 10,
        "permissions": READ_PERMISSION,
        "outputs": {"matrix": "${{ steps.sessions.outputs.matrix }}", **outputs},
        "steps": [
            _checkout(context, subject, has_history=checks or decides),
            *_setup(context),
            *compare,
            *((decide,) if decides else ()),
            run_step("List the sessions", f'seatrial ci.sessions --tag {tag} >> "$GITHUB_OUTPUT"', id="sessions"),
        ],
    }


def _build(*steps: dict[str, Any], outputs: Mapping[str, str], condition: Mapping[str, object]) -> dict[str, Any]:
    own = {
        "artifact": "${{ steps.distributions.outputs.artifact-id }}",
        "built": "${{ steps.built.outputs.built }}",
    }
    return {
        "name": "Build and check",
        **condition,
        "runs-on": IMAGE,
        "timeout-minutes": 20,
        "permissions": READ_PERMISSION,
        "outputs": {**own, **outputs},
        "steps": list(steps),
    }


def _keep(context: WorkflowContext) -> tuple[dict[str, Any], ...]:
    paths = f"{context.prefix}dist/*.tar.gz\n{context.prefix}dist/*.whl\n"
    return (
        run_step("Tell what was built", 'seatrial ci.built >> "$GITHUB_OUTPUT"', id="built"),
        _store("Keep the distributions", paths, label="distributions", id="distributions"),
    )


def _build_for_ci(context: WorkflowContext) -> dict[str, Any]:
    own_version = run_step(
        "Give it a version of its own",
        'seatrial ci.version --run "$RUN" --attempt "$ATTEMPT"',
        condition=_is_on_branch(context),
        env={"RUN": "${{ github.run_number }}", "ATTEMPT": "${{ github.run_attempt }}"},
    )
    return _build(
        _checkout(context, "the commit", has_history=True),
        *_setup(context),
        *((own_version,) if context.settings.testpypi else ()),
        run_step("Build and check", "nox -s build check"),
        *_keep(context),
        outputs={},
        condition={},
    )


def _build_for_release(context: WorkflowContext) -> dict[str, Any]:
    tag = _tag_variable(context)
    verify = f'seatrial ci.verify --tag "{tag}" --branch "origin/{context.branch}"'
    is_merge = context.settings.tags_merges
    # The job that tags comes after the tests; what is compared, and a version that a tag names, need it here.
    tag_here = (run_step("Tag the checkout", f'git tag --force "{tag}"'),) if is_merge else ()
    return _build(
        _checkout(context, "the commit" if is_merge else "the tag", has_history=True),
        *_setup(context),
        *tag_here,
        run_step("Compare the tag with the project", verify),
        run_step("Build and check", "nox -s build check"),
        run_step("Compare the tag with what was built", f'{verify} --built >> "$GITHUB_OUTPUT"', id="verified"),
        run_step("Write the notes", f'seatrial ci.notes --tag "{tag}" > notes.md'),
        *_keep(context),
        _store("Keep the notes", f"{context.prefix}notes.md", label="notes", id="notes"),
        outputs={
            "notes": "${{ steps.notes.outputs.artifact-id }}",
            "prerelease": "${{ steps.verified.outputs.prerelease }}",
        },
        condition={**_only_released(context), **({"needs": "plan"} if is_merge else {}), **_tag_of_plan(context)},
    )


def _test(context: WorkflowContext, *, keeps_coverage: bool = False) -> dict[str, Any]:
    env = {"SESSION": "${{ matrix.session }}", "SEATRIAL_BUILT": BUILT}
    return {
        "name": "${{ matrix.session }} on ${{ matrix.system }}",
        "needs": ["plan", "build"],
        "runs-on": "${{ matrix.system }}",
        "timeout-minutes": 60,
        "permissions": READ_PERMISSION,
        "strategy": {"fail-fast": False, "matrix": "${{ fromJSON(needs.plan.outputs.matrix) }}"},
        "steps": [
            *([_at_top(context, run_step("Keep line ends", LINE_ENDS))] if context.is_for_windows else []),
            _checkout(context, "the commit"),
            *_setup(context, "${{ matrix.python }}"),
            _fetch_distributions(context.prefix),
            run_step("Run the session", 'nox -s "$SESSION"', env=env),
            *([_store_coverage(f"{context.prefix}{COVERAGE_FOLDER}")] if keeps_coverage else []),
        ],
    }


def _coverage(context: WorkflowContext) -> dict[str, Any]:
    # Each job's into a folder of its own: systems have files of the same name.
    options = {"pattern": "coverage-*", "path": f"{context.prefix}measured"}
    return {
        "name": "Coverage of all Pythons",
        "needs": "test",
        "runs-on": IMAGE,
        "timeout-minutes": 10,
        "permissions": READ_PERMISSION,
        "steps": [
            _checkout(context, "the commit"),
            *_setup(context),
            action_step("Fetch what was measured", DOWNLOAD_ARTIFACT_PIN, options),
            run_step("Bring it together", f"nox -s {COVERAGE_SESSION}", env={MEASURED_VARIABLE: "measured"}),
        ],
    }


def _gate(context: WorkflowContext, more: Sequence[str]) -> dict[str, Any]:
    summary_step = run_step("Tell what ran", TELL, env={**TOKEN, "BUILT": BUILT})
    outcome_step = run_step("See that all went well", ALL_WELL, env={"NEEDS": "${{ toJSON(needs) }}"})
    return {
        "name": "Gate",
        "if": "always()",
        "needs": ["plan", "build", "test", *(["coverage"] if context.combines else []), *more],
        "runs-on": IMAGE,
        "timeout-minutes": 5,
        "permissions": {"actions": Commented("read", "the summary lists the jobs of this run")},
        "steps": [_at_top(context, summary_step), _at_top(context, outcome_step)],
    }


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


def _testpypi(context: WorkflowContext) -> dict[str, Any]:
    """Return the job that publishes what a push to the branch has built.

    twine does it: an action would need the address of the index, and attests nothing there.
    """
    publish = run_step("Publish", "twine upload --non-interactive --repository testpypi dist/*")
    return {
        "name": "Publish on TestPyPI",
        "if": _is_on_branch(context),
        "needs": ["build", "gate"],
        "runs-on": IMAGE,
        "timeout-minutes": 15,
        "environment": "testpypi",
        "permissions": IDENTITY_PERMISSION,
        "steps": [_fetch_distributions(), *_twine(context), _at_top(context, publish)],
    }


def _twine(context: WorkflowContext) -> tuple[dict[str, Any], ...]:
    """Return the steps that bring twine into a job without a checkout."""
    python = action_step("Set up Python", SETUP_PYTHON_PIN, {"python-version": LOCKED_PYTHON})
    lines = "".join(f"{line}\n" for line in locked_install_lines("twine"))
    return python, _at_top(context, run_step("Install twine", lines))


def _pypi(context: WorkflowContext) -> dict[str, Any]:
    """Return the job that publishes what a tag names."""
    return {
        "name": "Publish on PyPI",
        **_only_released(context),
        "needs": ["plan", "build", "test", "tag"] if context.settings.tags_merges else ["build", "test"],
        **_tag_of_plan(context),
        "runs-on": IMAGE,
        "timeout-minutes": 15,
        "environment": context.environment,
        "permissions": {**IDENTITY_PERMISSION, "contents": Commented("read", "where the tag is now")},
        "steps": [
            _fetch_distributions(),
            _unmoved(context),
            action_step("Publish", PUBLISH_PIN, {"attestations": True}),
        ],
    }


def _unmoved(context: WorkflowContext) -> dict[str, Any]:
    """Return the step that sees whether the tag is where it was: a run can be started again long after it was made."""
    return _at_top(context, run_step("See that the tag has not moved", _of_tag(context, UNMOVED), env=TOKEN))


UNMOVED = """\
now=$(gh api "repos/$GITHUB_REPOSITORY/commits/tags/$GITHUB_REF_NAME" --jq .sha)
if [ "$now" != "$GITHUB_SHA" ]; then
  echo "::error::$GITHUB_REF_NAME is at $now by now, and these files are of $GITHUB_SHA"
  exit 1
fi
"""


def _tag(context: WorkflowContext) -> dict[str, Any]:
    """Return the job that tags the commit of a release that was merged: after its tests, and before its upload."""
    env = {**TOKEN, "TITLE": f"{context.name} {PLANNED_TAG}"}
    return {
        "name": "Tag",
        "needs": ["plan", "build", "test"],
        **_tag_of_plan(context),
        "runs-on": IMAGE,
        "timeout-minutes": 10,
        "permissions": {"contents": Commented("write", "a tag of the repository is one of its contents")},
        "steps": [_fetch_notes(), _at_top(context, run_step("Tag the commit", TAG_COMMIT, env=env))],
    }


TAG_COMMIT = """\
# A run that failed half-way has made it.
if now=$(gh api "repos/$GITHUB_REPOSITORY/commits/tags/$TAG" --jq .sha 2> /dev/null); then
  if [ "$now" != "$GITHUB_SHA" ]; then
    echo "::error::$TAG is at $now already, and these files are of $GITHUB_SHA"
    exit 1
  fi
  exit
fi
object=$(gh api "repos/$GITHUB_REPOSITORY/git/tags" --raw-field tag="$TAG" --raw-field type=commit \\
  --raw-field object="$GITHUB_SHA" --raw-field message="$TITLE"$'\\n\\n'"$(< notes/notes.md)" --jq .sha)
gh api "repos/$GITHUB_REPOSITORY/git/refs" --raw-field ref="refs/tags/$TAG" --raw-field sha="$object" --silent
"""


def _fetch_notes() -> dict[str, Any]:
    notes = {"artifact-ids": "${{ needs.build.outputs.notes }}", "path": "notes"}
    return action_step("Fetch the notes", DOWNLOAD_ARTIFACT_PIN, notes)


def _forge_release(context: WorkflowContext) -> dict[str, Any]:
    """Return the job that makes a release on the forge, with the files that are on PyPI."""
    is_merge = context.settings.tags_merges
    env = {
        **TOKEN,
        "PRERELEASE": "${{ needs.build.outputs.prerelease }}",
        "TITLE": f"{context.name} {PLANNED_TAG if is_merge else '${{ github.ref_name }}'}",
    }
    return {
        "name": "Release on GitHub",
        "needs": ["plan", "build", "pypi"] if is_merge else ["build", "pypi"],
        **_tag_of_plan(context),
        "runs-on": IMAGE,
        "timeout-minutes": 10,
        "permissions": {"contents": Commented("write", "a release of the repository is one of its contents")},
        "steps": [
            _fetch_distributions(),
            _fetch_notes(),
            _unmoved(context),
            _at_top(context, run_step("Release", _of_tag(context, FORGE_RELEASE), env=env)),
        ],
    }


FORGE_RELEASE = """\
# A run that was interrupted left a draft, which was never published.
draft=$(gh release view "$GITHUB_REF_NAME" --repo "$GITHUB_REPOSITORY" --json isDraft --jq .isDraft || true)
if [ "$draft" = true ]; then
  gh release delete "$GITHUB_REF_NAME" --repo "$GITHUB_REPOSITORY" --yes
fi
if [ "$draft" != false ]; then
  gh release create "$GITHUB_REF_NAME" --repo "$GITHUB_REPOSITORY" --verify-tag --title "$TITLE" \\
    --notes-file notes/notes.md --prerelease="$PRERELEASE" dist/*
  exit
fi
# An existing release keeps its notes, and gets the files that it lacks.
there=$(gh release view "$GITHUB_REF_NAME" --repo "$GITHUB_REPOSITORY" --json assets --jq ".assets[].name")
for file in dist/*; do
  if ! grep --quiet --line-regexp --fixed-strings "${file##*/}" <<< "$there"; then
    gh release upload "$GITHUB_REF_NAME" "$file" --repo "$GITHUB_REPOSITORY"
  fi
done
"""


def _publisher_trial(context: WorkflowContext) -> dict[str, Any]:
    """Return the job that, started by hand, asks PyPI for a token as the one that publishes does, and burns it."""
    return {
        "name": "Test the publisher",
        "if": "github.event_name == 'workflow_dispatch'",
        "runs-on": IMAGE,
        "timeout-minutes": 5,
        "environment": context.environment,
        "permissions": IDENTITY_PERMISSION,
        "steps": [*_twine(context), _at_top(context, run_step("Ask for a token", PUBLISHER_TRIAL))],
    }


PUBLISHER_TRIAL = r"""# The address of PyPI comes from twine.
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
echo "PyPI accepts this workflow and this environment. The token was discarded unused."
"""


ONLY_PUSHED = {"if": "github.event_name == 'push'"}
PLANNED_TAG = "${{ needs.plan.outputs.tag }}"


def _only_released(context: WorkflowContext) -> dict[str, str]:
    """Return the condition that keeps a job from runs that were started by hand, or for a push without a release."""
    if context.settings.tags_merges:
        return {"if": "needs.plan.outputs.tag != ''"}
    return ONLY_PUSHED if context.settings.prove else {}


def _tag_variable(context: WorkflowContext) -> str:
    return "$TAG" if context.settings.tags_merges else "$GITHUB_REF_NAME"


def _tag_of_plan(context: WorkflowContext) -> dict[str, Any]:
    """Return the variable of a job that names the tag, where that is not what was pushed."""
    return {"env": {"TAG": PLANNED_TAG}} if context.settings.tags_merges else {}


def _of_tag(context: WorkflowContext, script: str) -> str:
    return script.replace("$GITHUB_REF_NAME", _tag_variable(context))


def _is_on_branch(context: WorkflowContext) -> str:
    """Return the condition that a run is one of the branch that releases are made from."""
    return f"github.event_name == 'push' && github.ref == 'refs/heads/{context.branch}'"


def _at_top(context: WorkflowContext, step: dict[str, Any]) -> dict[str, Any]:
    """Return a step of a job without a checkout, in which the project's folder is not there."""
    script = step.pop("run")
    return {**step, **({"working-directory": "."} if context.prefix else {}), "run": script}


def _checkout(context: WorkflowContext, subject: str, *, has_history: bool = False) -> dict[str, Any]:
    """Return the step that checks the commit out; it leaves no credentials behind."""
    options: dict[str, object] = {"fetch-depth": 0} if has_history else {}
    options |= {"submodules": "recursive"} if context.has_submodules else {}
    options |= {"lfs": True} if context.has_lfs else {}
    return action_step(f"Check out {subject}", CHECKOUT_PIN, {**options, "persist-credentials": False})


def _setup(context: WorkflowContext, also: str | None = None) -> tuple[dict[str, Any], ...]:
    """Return the steps that bring Python and seatrial; ``also``: a Python next to the one that runs nox."""
    version = f"{also}\n{context.python}\n" if also else context.python
    commands = context.installing()
    install = "".join(f"{command}\n" for command in commands) if commands[1:] else commands[0]
    return (
        action_step("Set up Python", SETUP_PYTHON_PIN, {"python-version": version}),
        *((action_step("Set up uv", SETUP_UV_PIN, {"enable-cache": False}),) if context.uses_uv else ()),
        run_step("Install seatrial", install),
    )


def action_step(name: str, pin: str, options: Mapping[str, object], *, id: str | None = None) -> dict[str, Any]:  # noqa: A002
    """Return a step that is an action."""
    return {"name": name, **({"id": id} if id else {}), "uses": Commented.from_pin(pin), "with": options}


def run_step(
    name: str,
    script: str,
    *,
    id: str | None = None,  # noqa: A002 - as the key is called
    condition: str | None = None,
    env: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return a step that runs a script; in ``env`` is what a stranger can name, which is in no command itself."""
    keys = {"id": id, "if": condition, "env": env}
    return {"name": name, **{key: value for key, value in keys.items() if value}, "run": script}


def _fetch_distributions(folder: str = "") -> dict[str, Any]:
    """Return the step that fetches what the build job has stored, by its id, so that it cannot be replaced."""
    options = {"artifact-ids": "${{ needs.build.outputs.artifact }}", "path": f"{folder}dist"}
    return action_step("Fetch the distributions", DOWNLOAD_ARTIFACT_PIN, options)


def _store(name: str, paths: str, *, label: str, id: str) -> dict[str, Any]:  # noqa: A002
    """Return the step that stores files for the jobs that follow."""
    # A job that is run again finds what it stored before it failed.
    options = {"name": label, "path": paths, "if-no-files-found": "error", "overwrite": True}
    return action_step(name, UPLOAD_ARTIFACT_PIN, options, id=id)


def _store_coverage(folder: str) -> dict[str, Any]:
    """Return the step that stores what the tests of a job have measured; jobs that measure nothing store nothing."""
    options = {
        "name": "coverage-${{ strategy.job-index }}",
        "path": f"{folder}/.coverage.*",
        "if-no-files-found": "ignore",
        "include-hidden-files": True,
        "overwrite": True,
    }
    return action_step("Keep what was measured", UPLOAD_ARTIFACT_PIN, options)
