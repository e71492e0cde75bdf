"""The GitLab pipeline, as data (GitLab, "CI/CD YAML syntax reference")."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from seatrial.project.nox_sessions import COVERAGE_FOLDER, COVERAGE_SESSION, MEASURED_VARIABLE, NoxSession
from seatrial.workflows.context import LOCKED_PYTHON, WorkflowContext, locked_install_lines, tagged_sessions
from seatrial.workflows.yaml_text import yaml_sections

GITLAB_COM = "gitlab.com"
"""The instance whose identity tokens Sigstore accepts."""

SIGSTORE_VARIABLE = "SIGSTORE_ID_TOKEN"
"""Where a job finds its token for Sigstore: only a pipeline that was written for that instance asks for one."""


def gitlab_pipeline(context: WorkflowContext, sessions: Iterable[NoxSession], host: str = GITLAB_COM) -> str:
    """Return the pipeline; ``sessions``: those of the noxfile, ``host``: that of GitLab."""
    listed = tuple(sessions)
    attests = host == GITLAB_COM
    tested = tagged_sessions(listed, "ci", measures=context.measures)
    verifying = tagged_sessions(listed, context.settings.verification, measures=context.measures)
    jobs = {
        "build": _build(context),
        "test": _test(context, tested, _never_on_tag(context), keeps_coverage=context.combines),
        **({"coverage": _coverage(context)} if context.combines else {}),
        "prove": _test(context, verifying, _on_tag(context)),
        **({"testpypi": _testpypi(context)} if context.settings.testpypi else {}),
        **({"attest": _attest(context)} if attests else {}),
        "pypi": _pypi(context, attests=attests),
        "release": _release(context),
    }
    return yaml_sections({**_head(context), **jobs})


def tag_expression(context: WorkflowContext) -> str:
    """Return the regular expression for tags of releases (RE2)."""
    before, _, after = context.tag_form.partition("{version}")
    # A slash would end it.
    return f"/^{_escaped(before)}[0-9].*{_escaped(after)}$/"


def _escaped(text: str) -> str:
    return re.escape(text).replace("/", r"\/")


def _head(context: WorkflowContext) -> dict[str, Any]:
    rules = (
        '$CI_PIPELINE_SOURCE == "merge_request_event"',
        f'$CI_COMMIT_BRANCH == "{context.branch}"',
        f"$CI_COMMIT_TAG =~ {tag_expression(context)}",
    )
    return {
        "stages": ["build", "test", "publish", "release"],
        "workflow": {"rules": [{"if": rule} for rule in rules]},
        "default": {"image": f"python:{context.python}"},
        "variables": {
            "PIP_CACHE_DIR": "$CI_PROJECT_DIR/.cache/pip",
            "GIT_DEPTH": "0",
            # GitLab fetches files in Git LFS by itself.
            **({"GIT_SUBMODULE_STRATEGY": "recursive"} if context.has_submodules else {}),
        },
    }


def _build(context: WorkflowContext) -> dict[str, Any]:
    verify = f'seatrial ci.verify --tag "$CI_COMMIT_TAG" --branch origin/{context.branch}'
    fetch = f"git fetch --quiet --tags origin +refs/heads/{context.branch}:refs/remotes/origin/{context.branch}"
    own = f'if [ "$CI_COMMIT_BRANCH" = {context.branch} ]; then seatrial ci.version --run "$CI_PIPELINE_IID"; fi'
    notes = 'seatrial ci.notes --tag "$CI_COMMIT_TAG" > notes.md'
    prefix = context.prefix
    return {
        "stage": "build",
        "timeout": "20 minutes",
        **_script(
            context,
            *_installing(context),
            fetch,
            f'if [ -z "${{CI_COMMIT_TAG:-}}" ]; then seatrial workflows --check; else {verify}; fi',
            *((own,) if context.settings.testpypi else ()),
            "nox -s build check",
            f'if [ -n "${{CI_COMMIT_TAG:-}}" ]; then {verify} --built; {notes}; fi',
            "seatrial ci.built --name SEATRIAL_BUILT > built.env",
        ),
        "artifacts": {
            "paths": [f"{prefix}dist/*.tar.gz", f"{prefix}dist/*.whl", f"{prefix}notes.md"],
            "reports": {"dotenv": f"{prefix}built.env"},
        },
    }


def _test(
    context: WorkflowContext, sessions: Sequence[NoxSession], rules: dict[str, Any], *, keeps_coverage: bool = False
) -> dict[str, Any]:
    """Return a job for each session, on the image of its Python."""
    rows = [{"PYTHON": session.python or context.python, "SESSION": session.session} for session in sessions]
    artifacts = {"artifacts": {"paths": [f"{context.prefix}{COVERAGE_FOLDER}/"]}} if keeps_coverage else {}
    return {
        "stage": "test",
        "timeout": "1 hour",
        "image": "python:$PYTHON",
        **rules,
        "needs": ["build"],
        "parallel": {"matrix": rows},
        **_script(context, *_installing(context), 'nox -s "$SESSION"'),
        **artifacts,
    }


def _coverage(context: WorkflowContext) -> dict[str, Any]:
    combine = f"{MEASURED_VARIABLE}={COVERAGE_FOLDER} nox -s {COVERAGE_SESSION}"
    return {
        "stage": "test",
        "timeout": "10 minutes",
        **_never_on_tag(context),
        "needs": ["test"],
        **_script(context, *_installing(context), combine),
    }


def _publishing(*script: str, rules: dict[str, Any], needs: list[str], **keys: object) -> dict[str, Any]:
    """Return a job without a checkout that has an identity token."""
    return {
        "stage": "publish",
        "timeout": "15 minutes",
        "image": f"python:{LOCKED_PYTHON}",
        **rules,
        "needs": needs,
        **keys,
        "script": list(script),
    }


def _token(name: str, audience: str) -> dict[str, Any]:
    return {"variables": {"GIT_STRATEGY": "none"}, "id_tokens": {name: {"aud": audience}}}


def _testpypi(context: WorkflowContext) -> dict[str, Any]:
    return _publishing(
        _bring("twine"),
        f"twine upload --non-interactive --repository testpypi {context.prefix}dist/*",
        rules={"rules": [{"if": f'$CI_COMMIT_BRANCH == "{context.branch}"'}]},
        needs=["build", "test"],
        environment="testpypi",
        resource_group="testpypi",
        # The library that finds the token wants this name for that audience.
        **_token("TESTPYPI_ID_TOKEN", "testpypi"),
    )


def _attest(context: WorkflowContext) -> dict[str, Any]:
    dist = f"{context.prefix}dist"
    job = _publishing(
        _bring("pypi-attestations"),
        f"python -m pypi_attestations sign {dist}/*",
        rules=_on_tag(context),
        needs=["build", "prove"],
        **_token(SIGSTORE_VARIABLE, "sigstore"),
    )
    return {**job, "artifacts": {"paths": [f"{dist}/*.publish.attestation"]}}


def _pypi(context: WorkflowContext, *, attests: bool) -> dict[str, Any]:
    option = "--attestations " if attests else ""
    return _publishing(
        _bring("twine"),
        f"twine upload --non-interactive {option}{context.prefix}dist/*",
        rules=_on_tag(context),
        needs=["build", "attest" if attests else "prove"],
        environment=context.environment,
        resource_group=context.environment,
        **_token("PYPI_ID_TOKEN", "pypi"),
    )


def _release(context: WorkflowContext) -> dict[str, Any]:
    return {
        "stage": "release",
        "timeout": "10 minutes",
        **_on_tag(context),
        "needs": ["build", "pypi"],
        "variables": {"GIT_STRATEGY": "none", "RELEASES": "$CI_API_V4_URL/projects/$CI_PROJECT_ID/releases"},
        "script": [line.format(prefix=context.prefix) for line in RELEASE_COMMANDS],
    }


RELEASE_GUARD = (
    'if curl --fail --silent --header "JOB-TOKEN: $CI_JOB_TOKEN" "$RELEASES/$CI_COMMIT_TAG"; then exit 0; fi'
)
"""A run that ended after the release was made can be run again."""

MAKE_RELEASE = """\
curl --fail-with-body --request POST --header "JOB-TOKEN: $CI_JOB_TOKEN" \
--data-urlencode "tag_name=$CI_COMMIT_TAG" --data-urlencode "description@{prefix}notes.md" "$RELEASES\""""

RELEASE_COMMANDS = (RELEASE_GUARD, MAKE_RELEASE.replace("\n", ""))


def _on_tag(context: WorkflowContext) -> dict[str, Any]:
    return {"rules": [{"if": f"$CI_COMMIT_TAG =~ {tag_expression(context)}"}]}


def _never_on_tag(context: WorkflowContext) -> dict[str, Any]:
    not_on_tag = {"if": f"$CI_COMMIT_TAG =~ {tag_expression(context)}", "when": "never"}
    return {"rules": [not_on_tag, {"when": "on_success"}]}


def _bring(tool: str) -> str:
    """Return the command that brings a tool, by the hashes of its wheels."""
    return "".join(f"{line}\n" for line in locked_install_lines(tool))


def _installing(context: WorkflowContext) -> tuple[str, ...]:
    if context.uses_uv:
        return (
            _bring("uv"),
            f"uv sync --locked --no-install-project --only-group {context.group} --python-preference only-system",
            'export PATH="$PWD/.venv/bin:$PATH"',
        )
    return context.installing()


def _script(context: WorkflowContext, *commands: str) -> dict[str, list[str]]:
    return {"script": [*([f"cd {context.prefix}"] if context.prefix else []), *commands]}
