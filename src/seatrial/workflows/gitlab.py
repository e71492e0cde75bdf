"""The pipeline of GitLab (GitLab, "CI/CD YAML syntax reference")."""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING

from seatrial.facts import measurement
from seatrial.facts.repository import FORGE
from seatrial.workflows import listing, locked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seatrial.facts.listing import Listed
    from seatrial.workflows.shape import Shape

AT_HOME = "gitlab.com"
"""The instance whose identity tokens everybody knows: of others, Sigstore knows nothing."""

SIGSTORE_VARIABLE = "SIGSTORE_ID_TOKEN"
"""Where a job finds its token for Sigstore: only a pipeline that was written for that instance asks for one."""


def pipeline(shape: Shape, sessions: Iterable[Listed], host: str = AT_HOME) -> str:
    """Return the pipeline; ``sessions``: those of the noxfile, ``host``: that of GitLab."""
    known = tuple(sessions)
    attests = host == AT_HOME
    jobs = [
        _build(shape),
        _test("test", shape, listing.tagged(known, "ci", measures=shape.measures), _never_on_tag(shape)),
        *([_coverage(shape)] if shape.combines else []),
        _test("prove", shape, _proof(shape, known), _on_tag(shape)),
        *([_testpypi(shape)] if shape.settings.testpypi else []),
        *([_attest(shape)] if attests else []),
        _pypi(shape, attests=attests),
        _release(shape),
    ]
    return _head(shape) + "\n\n".join(jobs) + "\n"


def _proof(shape: Shape, known: Sequence[Listed]) -> tuple[Listed, ...]:
    return listing.tagged(known, shape.settings.proof, measures=shape.measures)


def host_of(address: str) -> str:
    """Return the host of a repository's address, "" where it has none."""
    found = FORGE.fullmatch(address)
    return found["host"] if found else ""


def tag_expression(shape: Shape) -> str:
    """Return the regular expression for tags of releases (RE2)."""
    before, _, after = shape.tag_form.partition("{version}")
    # A slash would end it.
    return f"/^{_escaped(before)}[0-9].*{_escaped(after)}$/"


def _escaped(text: str) -> str:
    return re.escape(text).replace("/", r"\/")


def _head(shape: Shape) -> str:
    return f"""\
stages: [build, test, publish, release]

workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == "{shape.branch}"
    - if: $CI_COMMIT_TAG =~ {tag_expression(shape)}

default:
  image: python:{shape.python}

variables:
  PIP_CACHE_DIR: $CI_PROJECT_DIR/.cache/pip
  GIT_DEPTH: "0"

"""


def _build(shape: Shape) -> str:
    verify = f'seatrial ci.verify --tag "$CI_COMMIT_TAG" --branch origin/{shape.branch}'
    fetch = f"git fetch --quiet --tags origin +refs/heads/{shape.branch}:refs/remotes/origin/{shape.branch}"
    own = f'if [ "$CI_COMMIT_BRANCH" = {shape.branch} ]; then seatrial ci.version --run "$CI_PIPELINE_IID"; fi'
    notes = 'seatrial ci.notes --tag "$CI_COMMIT_TAG" > notes.md'
    script = (
        *_installing(shape),
        fetch,
        f'if [ -z "${{CI_COMMIT_TAG:-}}" ]; then seatrial workflows --check; else {verify}; fi',
        *((own,) if shape.settings.testpypi else ()),
        "nox -s build check",
        f'if [ -n "${{CI_COMMIT_TAG:-}}" ]; then {verify} --built; {notes}; fi',
        "seatrial ci.built --name SEATRIAL_BUILT > built.env",
    )
    return _job(
        "build",
        "stage: build",
        "timeout: 20 minutes",
        _script(shape, script),
        f"artifacts:\n  paths: [{shape.prefix}dist/*.tar.gz, {shape.prefix}dist/*.whl, {shape.prefix}notes.md]\n"
        f"  reports:\n    dotenv: {shape.prefix}built.env",
    )


def _test(name: str, shape: Shape, sessions: Sequence[Listed], rules: str) -> str:
    """Return a job for each session, on the image of its Python."""
    rows = [f"- PYTHON: {json.dumps(one.python or shape.python)}\n  SESSION: {one.session}" for one in sessions]
    return _job(
        name,
        "stage: test",
        "timeout: 1 hour",
        "image: python:$PYTHON",
        rules,
        "needs: [build]",
        "parallel:\n  matrix:\n" + textwrap.indent("\n".join(rows), "    "),
        _script(shape, (*_installing(shape), 'nox -s "$SESSION"')),
        *((f"artifacts:\n  paths: [{shape.prefix}{measurement.DATA}/]",) if name == "test" and shape.combines else ()),
    )


def _coverage(shape: Shape) -> str:
    combine = f"{measurement.HANDED}={measurement.DATA} nox -s {measurement.SESSION}"
    return _job(
        "coverage",
        "stage: test",
        "timeout: 10 minutes",
        _never_on_tag(shape),
        "needs: [test]",
        _script(shape, (*_installing(shape), combine)),
    )


def _testpypi(shape: Shape) -> str:
    return _job(
        "testpypi",
        "stage: publish",
        "timeout: 15 minutes",
        f"image: python:{locked.PYTHON}",
        f'rules:\n  - if: $CI_COMMIT_BRANCH == "{shape.branch}"',
        "needs: [build, test]",
        "environment: testpypi",
        "resource_group: testpypi",
        "variables:\n  GIT_STRATEGY: none",
        # The library that finds the token wants this name for that audience.
        "id_tokens:\n  TESTPYPI_ID_TOKEN:\n    aud: testpypi",
        _lines((_bring("twine"), f"twine upload --non-interactive --repository testpypi {shape.prefix}dist/*")),
    )


def _attest(shape: Shape) -> str:
    dist = f"{shape.prefix}dist"
    return _job(
        "attest",
        "stage: publish",
        "timeout: 15 minutes",
        f"image: python:{locked.PYTHON}",
        _on_tag(shape),
        "needs: [build, prove]",
        "variables:\n  GIT_STRATEGY: none",
        f"id_tokens:\n  {SIGSTORE_VARIABLE}:\n    aud: sigstore",
        _lines((_bring("pypi-attestations"), f"python -m pypi_attestations sign {dist}/*")),
        f"artifacts:\n  paths: [{dist}/*.publish.attestation]",
    )


def _pypi(shape: Shape, *, attests: bool) -> str:
    option = "--attestations " if attests else ""
    return _job(
        "pypi",
        "stage: publish",
        "timeout: 15 minutes",
        f"image: python:{locked.PYTHON}",
        _on_tag(shape),
        f"needs: [build, {'attest' if attests else 'prove'}]",
        f"environment: {shape.environment}",
        f"resource_group: {shape.environment}",
        "variables:\n  GIT_STRATEGY: none",
        "id_tokens:\n  PYPI_ID_TOKEN:\n    aud: pypi",
        _lines((_bring("twine"), f"twine upload --non-interactive {option}{shape.prefix}dist/*")),
    )


def _release(shape: Shape) -> str:
    return _job(
        "release",
        "stage: release",
        "timeout: 10 minutes",
        _on_tag(shape),
        "needs: [build, pypi]",
        "variables:\n  GIT_STRATEGY: none\n  RELEASES: $CI_API_V4_URL/projects/$CI_PROJECT_ID/releases",
        _lines(line.format(prefix=shape.prefix) for line in RELEASE),
    )


GUARD = 'if curl --fail --silent --header "JOB-TOKEN: $CI_JOB_TOKEN" "$RELEASES/$CI_COMMIT_TAG"; then exit 0; fi'
"""A run that ended after the release was made can be run again."""

MAKE = """\
curl --fail-with-body --request POST --header "JOB-TOKEN: $CI_JOB_TOKEN" \
--data-urlencode "tag_name=$CI_COMMIT_TAG" --data-urlencode "description@{prefix}notes.md" "$RELEASES\""""

RELEASE = (GUARD, MAKE.replace("\n", ""))


def _on_tag(shape: Shape) -> str:
    return f"rules:\n  - if: $CI_COMMIT_TAG =~ {tag_expression(shape)}"


def _never_on_tag(shape: Shape) -> str:
    return f"rules:\n  - if: $CI_COMMIT_TAG =~ {tag_expression(shape)}\n    when: never\n  - when: on_success"


def _bring(tool: str) -> str:
    """Return the command that brings a tool, by the hashes of its wheels."""
    return "\n".join(locked.installing(tool))


def _installing(shape: Shape) -> tuple[str, ...]:
    if shape.uses_uv:
        return (
            _bring("uv"),
            f"uv sync --locked --no-install-project --only-group {shape.group} --python-preference only-system",
            'export PATH="$PWD/.venv/bin:$PATH"',
        )
    return shape.installing()


def _script(shape: Shape, commands: Iterable[str]) -> str:
    return _lines((*((f"cd {shape.prefix}",) if shape.prefix else ()), *commands))


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
