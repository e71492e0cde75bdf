"""The GitLab pipeline (GitLab, "CI/CD YAML syntax reference")."""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING

from seatrial.git.repository import FORGE
from seatrial.project.nox_sessions import COVERAGE_FOLDER, COVERAGE_SESSION, MEASURED_VARIABLE
from seatrial.workflows.locked_tools import LOCKED_PYTHON, locked_install_lines
from seatrial.workflows.matrix import tagged_sessions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seatrial.project.nox_sessions import NoxSession
    from seatrial.workflows.context import WorkflowContext


GITLAB_COM = "gitlab.com"
"""The instance whose identity tokens everybody knows: of others, Sigstore knows nothing."""

SIGSTORE_VARIABLE = "SIGSTORE_ID_TOKEN"
"""Where a job finds its token for Sigstore: only a pipeline that was written for that instance asks for one."""


def gitlab_pipeline(context: WorkflowContext, sessions: Iterable[NoxSession], host: str = GITLAB_COM) -> str:
    """Return the pipeline; ``sessions``: those of the noxfile, ``host``: that of GitLab."""
    known = tuple(sessions)
    attests = host == GITLAB_COM
    jobs = [
        _build(context),
        _test("test", context, tagged_sessions(known, "ci", measures=context.measures), _never_on_tag(context)),
        *([_coverage(context)] if context.combines else []),
        _test("prove", context, _proof(context, known), _on_tag(context)),
        *([_testpypi(context)] if context.settings.testpypi else []),
        *([_attest(context)] if attests else []),
        _pypi(context, attests=attests),
        _release(context),
    ]
    return _head(context) + "\n\n".join(jobs) + "\n"


def _proof(context: WorkflowContext, known: Sequence[NoxSession]) -> tuple[NoxSession, ...]:
    return tagged_sessions(known, context.settings.proof, measures=context.measures)


def host_of(address: str) -> str:
    """Return the host of a repository's address, "" where it has none."""
    found = FORGE.fullmatch(address)
    return found["host"] if found else ""


def tag_expression(context: WorkflowContext) -> str:
    """Return the regular expression for tags of releases (RE2)."""
    before, _, after = context.tag_form.partition("{version}")
    # A slash would end it.
    return f"/^{_escaped(before)}[0-9].*{_escaped(after)}$/"


def _escaped(text: str) -> str:
    return re.escape(text).replace("/", r"\/")


def _head(context: WorkflowContext) -> str:
    return f"""\
stages: [build, test, publish, release]

workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == "{context.branch}"
    - if: $CI_COMMIT_TAG =~ {tag_expression(context)}

default:
  image: python:{context.python}

variables:
  PIP_CACHE_DIR: $CI_PROJECT_DIR/.cache/pip
  GIT_DEPTH: "0"

"""


def _build(context: WorkflowContext) -> str:
    verify = f'seatrial ci.verify --tag "$CI_COMMIT_TAG" --branch origin/{context.branch}'
    fetch = f"git fetch --quiet --tags origin +refs/heads/{context.branch}:refs/remotes/origin/{context.branch}"
    own = f'if [ "$CI_COMMIT_BRANCH" = {context.branch} ]; then seatrial ci.version --run "$CI_PIPELINE_IID"; fi'
    notes = 'seatrial ci.notes --tag "$CI_COMMIT_TAG" > notes.md'
    script = (
        *_installing(context),
        fetch,
        f'if [ -z "${{CI_COMMIT_TAG:-}}" ]; then seatrial workflows --check; else {verify}; fi',
        *((own,) if context.settings.testpypi else ()),
        "nox -s build check",
        f'if [ -n "${{CI_COMMIT_TAG:-}}" ]; then {verify} --built; {notes}; fi',
        "seatrial ci.built --name SEATRIAL_BUILT > built.env",
    )
    return _job(
        "build",
        "stage: build",
        "timeout: 20 minutes",
        _script(context, script),
        f"artifacts:\n  paths: [{context.prefix}dist/*.tar.gz, {context.prefix}dist/*.whl, {context.prefix}notes.md]\n"
        f"  reports:\n    dotenv: {context.prefix}built.env",
    )


def _test(name: str, context: WorkflowContext, sessions: Sequence[NoxSession], rules: str) -> str:
    """Return a job for each session, on the image of its Python."""
    rows = [f"- PYTHON: {json.dumps(one.python or context.python)}\n  SESSION: {one.session}" for one in sessions]
    return _job(
        name,
        "stage: test",
        "timeout: 1 hour",
        "image: python:$PYTHON",
        rules,
        "needs: [build]",
        "parallel:\n  matrix:\n" + textwrap.indent("\n".join(rows), "    "),
        _script(context, (*_installing(context), 'nox -s "$SESSION"')),
        *(
            (f"artifacts:\n  paths: [{context.prefix}{COVERAGE_FOLDER}/]",)
            if name == "test" and context.combines
            else ()
        ),
    )


def _coverage(context: WorkflowContext) -> str:
    combine = f"{MEASURED_VARIABLE}={COVERAGE_FOLDER} nox -s {COVERAGE_SESSION}"
    return _job(
        "coverage",
        "stage: test",
        "timeout: 10 minutes",
        _never_on_tag(context),
        "needs: [test]",
        _script(context, (*_installing(context), combine)),
    )


def _testpypi(context: WorkflowContext) -> str:
    return _job(
        "testpypi",
        "stage: publish",
        "timeout: 15 minutes",
        f"image: python:{LOCKED_PYTHON}",
        f'rules:\n  - if: $CI_COMMIT_BRANCH == "{context.branch}"',
        "needs: [build, test]",
        "environment: testpypi",
        "resource_group: testpypi",
        "variables:\n  GIT_STRATEGY: none",
        # The library that finds the token wants this name for that audience.
        "id_tokens:\n  TESTPYPI_ID_TOKEN:\n    aud: testpypi",
        _lines((_bring("twine"), f"twine upload --non-interactive --repository testpypi {context.prefix}dist/*")),
    )


def _attest(context: WorkflowContext) -> str:
    dist = f"{context.prefix}dist"
    return _job(
        "attest",
        "stage: publish",
        "timeout: 15 minutes",
        f"image: python:{LOCKED_PYTHON}",
        _on_tag(context),
        "needs: [build, prove]",
        "variables:\n  GIT_STRATEGY: none",
        f"id_tokens:\n  {SIGSTORE_VARIABLE}:\n    aud: sigstore",
        _lines((_bring("pypi-attestations"), f"python -m pypi_attestations sign {dist}/*")),
        f"artifacts:\n  paths: [{dist}/*.publish.attestation]",
    )


def _pypi(context: WorkflowContext, *, attests: bool) -> str:
    option = "--attestations " if attests else ""
    return _job(
        "pypi",
        "stage: publish",
        "timeout: 15 minutes",
        f"image: python:{LOCKED_PYTHON}",
        _on_tag(context),
        f"needs: [build, {'attest' if attests else 'prove'}]",
        f"environment: {context.environment}",
        f"resource_group: {context.environment}",
        "variables:\n  GIT_STRATEGY: none",
        "id_tokens:\n  PYPI_ID_TOKEN:\n    aud: pypi",
        _lines((_bring("twine"), f"twine upload --non-interactive {option}{context.prefix}dist/*")),
    )


def _release(context: WorkflowContext) -> str:
    return _job(
        "release",
        "stage: release",
        "timeout: 10 minutes",
        _on_tag(context),
        "needs: [build, pypi]",
        "variables:\n  GIT_STRATEGY: none\n  RELEASES: $CI_API_V4_URL/projects/$CI_PROJECT_ID/releases",
        _lines(line.format(prefix=context.prefix) for line in RELEASE_COMMANDS),
    )


RELEASE_GUARD = (
    'if curl --fail --silent --header "JOB-TOKEN: $CI_JOB_TOKEN" "$RELEASES/$CI_COMMIT_TAG"; then exit 0; fi'
)
"""A run that ended after the release was made can be run again."""

MAKE_RELEASE = """\
curl --fail-with-body --request POST --header "JOB-TOKEN: $CI_JOB_TOKEN" \
--data-urlencode "tag_name=$CI_COMMIT_TAG" --data-urlencode "description@{prefix}notes.md" "$RELEASES\""""

RELEASE_COMMANDS = (RELEASE_GUARD, MAKE_RELEASE.replace("\n", ""))


def _on_tag(context: WorkflowContext) -> str:
    return f"rules:\n  - if: $CI_COMMIT_TAG =~ {tag_expression(context)}"


def _never_on_tag(context: WorkflowContext) -> str:
    return f"rules:\n  - if: $CI_COMMIT_TAG =~ {tag_expression(context)}\n    when: never\n  - when: on_success"


def _bring(tool: str) -> str:
    """Return the command that brings a tool, by the hashes of its wheels."""
    return "\n".join(locked_install_lines(tool))


def _installing(context: WorkflowContext) -> tuple[str, ...]:
    if context.uses_uv:
        return (
            _bring("uv"),
            f"uv sync --locked --no-install-project --only-group {context.group} --python-preference only-system",
            'export PATH="$PWD/.venv/bin:$PATH"',
        )
    return context.installing()


def _script(context: WorkflowContext, commands: Iterable[str]) -> str:
    return _lines((*((f"cd {context.prefix}",) if context.prefix else ()), *commands))


def _lines(commands: Iterable[str]) -> str:
    return "script:\n" + "\n".join(f"  - {_text(command)}" for command in commands)


def _text(command: str) -> str:
    """Return a command as YAML has it: nothing in it is taken for YAML."""
    if "\n" in command:
        return "|\n" + textwrap.indent(command, "    ")
    # What is a string in JSON is one in YAML.
    return json.dumps(command, ensure_ascii=False)


def _job(name: str, *parts: str) -> str:
    return f"{name}:\n" + textwrap.indent("\n".join(parts), "  ")
