"""What the checks of workflow files find, and what they leave alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sample_project import lines
from seatrial.checks.check import run_checks
from seatrial.checks.registry import WORKFLOW_CHECKS
from seatrial.checks.workflows import CHECKOUT_PIN, WorkflowFacts
from seatrial.ci.github import Step, Uses, Workflow, WorkflowFiles
from seatrial.ci.publisher import Publishing
from seatrial.findings import Verdict
from seatrial.git.repository import Repository, owner_and_name
from seatrial.project.project import Project

if TYPE_CHECKING:
    from pathlib import Path


ACTION, _, VERSION = CHECKOUT_PIN.partition(" # ")
OTHER = f"actions/checkout@{'7' * 40}"


def findings(text: str, codes: str, **others: str) -> list[str]:
    """Return what the checks with these codes find in a workflow; ``others``: those of its repository."""
    texts = {"x.yml": lines(text), **{f"{name}.yml": lines(other) for name, other in others.items()}}
    files = WorkflowFiles.from_texts(texts)
    checks = [check for check in WORKFLOW_CHECKS if check.code in codes]
    results = run_checks(checks, WorkflowFacts(files.workflows[0], files, "dev"))
    failed = [result.finding for result in results if result.finding.verdict is Verdict.FAILED]
    return [line for finding in failed for line in (finding.message or "").splitlines()]


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        (CHECKOUT_PIN, []),
        (f"{ACTION} # {VERSION.removeprefix('v')}", []),
        (f"{ACTION} # {VERSION.partition('.')[0]} of actions", []),
        (f"{OTHER} # v7", []),
        (f"{OTHER} # v6.0.1", []),
        ("actions/checkout@v7", []),
        ("actions/checkout@main", []),
        ("docker://python:3.13", []),
        ("./.github/actions/x", []),
        (f"{ACTION} # v70", [f"actions/checkout {VERSION} is {ACTION[-40:-28]}, and here v70 is {ACTION[-40:-28]}"]),
        (
            f"{ACTION} # v6.0.1",
            [f"actions/checkout {VERSION} is {ACTION[-40:-28]}, and here v6.0.1 is {ACTION[-40:-28]}"],
        ),
        (
            f"{OTHER} # {VERSION}",
            [f"actions/checkout {VERSION} is {ACTION[-40:-28]}, and here {VERSION} is {'7' * 12}"],
        ),
        (OTHER, [f"{OTHER} has no version after it"]),
        (f"{OTHER} # pinned", [f"{OTHER} has no version after it"]),
        (f"'{OTHER}'", [f"{OTHER} has no version after it"]),
    ],
)
def test_comment_names_the_version_of_the_commit(uses: str, expected: list[str]) -> None:
    assert findings(f"jobs:\n  a:\n    steps:\n      - uses: {uses}\n", "CI101 CI102") == expected


STORE = "{uses: actions/upload-artifact@v7, with: {path: dist}}"
FETCH = "{uses: actions/download-artifact@v8, with: {name: artifact, path: dist}}"
PUBLISH = "{uses: pypa/gh-action-pypi-publish@v1}"


def job(name: str, *steps: str, needs: str = "[]") -> str:
    return f"{name}: {{needs: {needs}, steps: [{', '.join(steps)}]}}"


BUILD = "{run: nox -s build}"


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ((job("a", "{run: python -m build}", STORE), job("p", FETCH, PUBLISH, needs="a")), []),
        (
            (
                job("a", "{run: python -m build --sdist}", STORE),
                job("b", "{run: python -m build --wheel}"),
                job("p", FETCH, PUBLISH, needs="[a, b]"),
            ),
            [],
        ),
        (
            (job("a", BUILD, STORE), job("b", "{run: uv build}"), job("p", FETCH, PUBLISH, needs="[a, b]")),
            ["before p, a and b build each for itself"],
        ),
        (
            (job("a", BUILD, STORE), job("p", PUBLISH, needs="a")),
            ["the job p fetches nothing that another has built"],
        ),
        ((job("a", BUILD, STORE), job("p", "{run: gh run download}", PUBLISH, needs="a")), []),
        ((job("p", "{run: python -m build}", PUBLISH),), []),
        (
            (job("a", BUILD, STORE), job("p", "{run: uv build}", PUBLISH, needs="a")),
            ["before p, a and p build each for itself"],
        ),
    ],
)
def test_published_files_are_built_once(jobs: tuple[str, ...], expected: list[str]) -> None:
    assert findings(f"jobs: {{{', '.join(jobs)}}}", "CI107") == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("{run: twine upload a}, {run: twine upload b}", []),
        (f"{PUBLISH}, {PUBLISH}", ["the job p uploads 2 times"]),
        (f"{{run: uv publish --index testpypi}}, {PUBLISH}", ["the job p uploads to TestPyPI and to PyPI"]),
        ("{run: 'if x; then twine upload a; else twine upload -r testpypi a; fi'}", []),
        (f"{PUBLISH.replace('}', ', if: vars.X}')}, {PUBLISH}", []),
        ("{run: '# twine upload -r testpypi x'}, {run: twine upload a}", []),
    ],
)
def test_job_uploads_to_one_index(steps: str, expected: list[str]) -> None:
    assert findings(f"on: push\njobs: {{p: {{steps: [{steps}]}}}}", "CI106") == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (PUBLISH, []),
        (f"{{uses: actions/checkout@v7}}, {PUBLISH}", ["the job p checks the project out"]),
        (f"{{run: nox -s tests}}, {PUBLISH}", ["the job p runs nox -s tests"]),
        (f"{{run: 'echo nox; # make x'}}, {PUBLISH}", []),
        (f"{{run: pip install nox}}, {PUBLISH}", []),
        (f"{{run: python -m build}}, {PUBLISH}", ["the job p runs build"]),
        (f"{{run: 'uv run pytest -q'}}, {PUBLISH}", ["the job p runs pytest -q"]),
    ],
)
def test_nothing_of_the_project_runs_next_to_the_token(steps: str, expected: list[str]) -> None:
    assert findings(f"jobs: {{p: {{steps: [{steps}]}}}}", "CI104") == expected


CALLED = f"on: workflow_call\njobs: {{p: {{environment: pypi, steps: [{PUBLISH}]}}}}"


def test_called_job_waits_for_what_its_caller_waits_for() -> None:
    text = "on: push\njobs: {t: {steps: [{run: pytest}]}, c: {needs: t, uses: ./.github/workflows/x.yml}}"
    assert findings(CALLED, "CI108", release=text) == []
    assert findings(CALLED, "CI108", release=text.replace("needs: t, ", "")) == ["the job p waits for no test"]
    assert findings(CALLED, "CI108") == ["the job p waits for no test"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("pip install seatrial", ["pip install seatrial"]),
        ("python -m pip install seatrial uv", []),
        ('python -m pip install "seatrial @ git+https://forge.invalid/seatrial@0123abc" uv', []),
        ("python -m pip install --group dev uv", []),
        ("python -m pip install --group docs uv", ["python -m pip install --group docs uv"]),
        ("python -m pip install --group dev twine", ["python -m pip install --group dev twine"]),
        ("python -m pip install seatrial twine uv", ["python -m pip install seatrial twine uv"]),
        ("python -m pip install --upgrade pip", ["python -m pip install --upgrade pip"]),
        ("pip install --require-hashes -r x.txt", []),
        ("pip install --no-deps .", []),
        ("uv pip install --no-index --find-links dist x", []),
        ("echo x=$(\n\n  uvx nox --list\n\n)", ["uvx nox --list"]),
        ("for x in pip uv; do\n\necho pip\n\nA=1  pip install x\n\ndone", ["A=1 pip install x"]),
        ("x=$(pip install x) y=pip", ["x=$(pip install x) y=pip"]),
        ("install() {\n\n: pip\n\npip install x\n\n}\n\ninstall", ["pip install x"]),
        ('echo pip &&\n\nbash -c "pip install x"', ['bash -c "pip install x"']),
        ("pip install .", ["pip install ."]),
        ("pip install seatrial uv", []),
        ("pip install seatrial uv ./other.whl", ["pip install seatrial uv ./other.whl"]),
        ("uv tool install twine", ["uv tool install twine"]),
        ("pipx install twine", ["pipx install twine"]),
        ("pipx run twine check dist/*", ["pipx run twine check dist/*"]),
        ("uvx twine check dist/*", ["uvx twine check dist/*"]),
        ("uv sync --locked", []),
        ("echo pip install x", []),
        ("# pip install x", []),
    ],
)
def test_tools_come_from_a_lock_file(script: str, expected: list[str]) -> None:
    job = f"a: {{steps: [{{run: '{script}'}}]}}"
    assert findings(f"jobs: {{{job}, p: {{steps: [{PUBLISH}]}}}}", "CI114") == expected
    assert findings(f"jobs: {{{job}}}", "CI114") == []


@pytest.mark.parametrize("code", ["CI111", "CI115"])
def test_workflow_that_does_not_publish_is_left_alone(code: str) -> None:
    jobs = "gate: {steps: [{run: x}]}, t: {steps: [{run: pytest}]}"
    assert findings(f"jobs: {{{jobs}}}", code) == []
    assert findings(f"jobs: {{{jobs}, p: {{timeout-minutes: 1, steps: [{PUBLISH}]}}}}", code) != []


def test_aliases_that_multiply_are_no_texts() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    publish = "{uses: pypa/gh-action-pypi-publish@v1, with: {attestations: *a39}}"
    job = f"jobs: {{a: {{environment: *a39, permissions: *a39, steps: [{{run: *a39}}, {{uses: *a39}}, {publish}]}}}}\n"
    workflow = Workflow.from_text("ci.yml", f"{bomb}on: {{push: {{tags: [*a39]}}}}\n{job}")
    assert (workflow.triggers[0].tags, workflow.jobs[0].environment) == ((), None)
    assert workflow.jobs[0].steps == (Step(), Step(), Step(uses=Uses("pypa/gh-action-pypi-publish", "v1")))


@pytest.mark.parametrize("address", ["./a/b.git", "../../a/b.git", "/srv/a/b.git", "file:///srv/a/b.git"])
def test_path_is_no_address_on_a_forge(address: str) -> None:
    assert owner_and_name(address) is None


def test_checks_of_a_ci_file_take_nothing_for_a_text_that_multiplies() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    steps = """[
        {uses: *a39, with: {cache: *a39}, if: *a39, run: *a39}, {uses: actions/cache@v1, with: *a39},
        {uses: pypa/gh-action-pypi-publish@v1, with: {attestations: *a39, skip-existing: *a39, repository-url: *a39}},
        {uses: astral-sh/setup-uv@v1, with: {enable-cache: *a39}},
    ]"""
    gate = "{if: *a39, needs: *a39, steps: *a39}"
    jobs = f"{{a: {{if: *a39, concurrency: {{cancel-in-progress: *a39}}, steps: {steps}}}, gate: {gate}}}"
    for event in ("*a39", "[workflow_dispatch, *a39]"):
        text = f"{bomb}on: {event}\nconcurrency: {{cancel-in-progress: *a39}}\njobs: {jobs}\n"
        files = WorkflowFiles.from_texts({"ci.yml": text})
        assert len(run_checks(WORKFLOW_CHECKS, WorkflowFacts(files.workflows[0], files))) == len(WORKFLOW_CHECKS)


@pytest.mark.parametrize("urls", ["x", ["https://github.com/acme/tidepool"], [{"Repository": 1}], {"Repository": 1}])
def test_odd_urls_have_no_repository(tmp_path: Path, urls: object) -> None:
    repository = Repository(tmp_path, "", tmp_path, tmp_path, "c0ffee", "main")
    publishing = Publishing.of(repository, Project(tmp_path, {"project": {"urls": urls}}), tmp_path, {})
    assert (publishing.owner, publishing.repository) == (None, None)
