"""Situations of projects that adopt seatrial: what init proposes for each, and what comes of the proposal.

Each is small, and read in the process of the test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from trove_classifiers import classifiers

from sample_dists import sdist
from sample_project import lines
from seatrial.checks.check import run_checks
from seatrial.checks.project import ProjectSources
from seatrial.checks.registry import PROJECT_CHECKS, check_distributions
from seatrial.ci.before_upload import BeforeUpload, scripts_before_upload
from seatrial.ci.github import WorkflowFiles
from seatrial.ci.publisher import Publishing
from seatrial.ci.tag_report import TagReport
from seatrial.findings import Verdict
from seatrial.init.changelog import plan_changelog
from seatrial.init.detect import detect_project
from seatrial.init.files import new_face_files, session_calls, write_proposal
from seatrial.init.propose import Parts
from seatrial.project.nox_sessions import NoxSession, SessionList
from seatrial.pythons import newest_minor
from unadopted_project import METADATA, begin_project

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from sample_project import SampleProject
    from seatrial.findings import CheckResult
    from seatrial.init.changelog import ChangelogSource
    from seatrial.init.detect import DetectedProject


NEWEST = newest_minor()
REQUIRES = 'requires-python = ">=3.12"'
TOP = "tidepool-1.2.3"


def detect(
    project: SampleProject, files: dict[str, str], pyproject: str = 'requires-python = ">=3.12"'
) -> DetectedProject:
    """Return a project with some files, a test and a tag; ``pyproject`` is added to its metadata."""
    contents = {name: lines(text) for name, text in files.items()}
    metadata = METADATA + lines(pyproject)
    begin_project(
        project,
        {"pyproject.toml": metadata, "tests/test_tide.py": "def test_tide(): ...\n", **contents},
        "v1.2.3",
    )
    return detect_project(project.root)


def proposed(detected: DetectedProject, *, classifiers: bool = False) -> dict[PurePosixPath, str]:
    proposal = Parts(workflows=False, classifiers=classifiers, tasks=False).propose(detected)
    return {file.path: file.new for file in proposal}


ITEMS = """
# Changelog

- v1-2-3
    - Old.
- v1-2-2
    - Older.
"""
LINKS = """
# Changelog

* [1.2.3](https://example.org/1.2.3): old.
"""
PLAIN = """
1.2.3 2024-02-29
  * Old.
"""


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("CHANGELOG.md", ITEMS, ""),
        ("CHANGELOG.md", LINKS, ":3"),
        ("CHANGES", PLAIN, ":1"),
    ],
)
def test_changelog_without_headings_is_left_as_it_is_and_init_says_so(
    project: SampleProject, name: str, text: str, line: str
) -> None:
    detected = detect(project, {name: text})
    plan = plan_changelog(detected)
    assert (plan.source, plan.file, plan.tables) == ("none", None, None)
    assert plan.remarks[0].startswith(f"{name}{line}: no heading names a release, so releases go without a changelog; ")
    assert name not in map(str, proposed(detected))


@pytest.mark.parametrize("source", ["fragments", "unreleased"])
def test_changelog_without_headings_gets_fragments_or_a_heading_where_its_maintainer_asks(
    project: SampleProject, source: str
) -> None:
    detected = detect(project, {"CHANGELOG.md": ITEMS})
    chosen: ChangelogSource = "fragments" if source == "fragments" else "unreleased"
    changed = Parts(workflows=False, tasks=False, changelog=chosen).propose(detected)
    text = next(file.new for file in changed if file.path.name == "CHANGELOG.md")
    added = "<!-- towncrier release notes start -->" if source == "fragments" else "## Unreleased"
    assert text == lines(ITEMS).replace("# Changelog\n", f"# Changelog\n\n{added}\n", 1)


@pytest.mark.parametrize(
    ("files", "pyproject", "reason"),
    [
        (
            {"CHANGELOG.md": "# Changelog\n\n<!-- <START NEW CHANGELOG ENTRY> -->\n\n## 1.2.3\n\n- Old.\n"},
            "",
            "jupyter-releaser writes it",
        ),
        (
            {"CHANGELOG.md": "# Changelog\n\n## 1.2.3\n\n- Old.\n"},
            "[tool.semantic_release]",
            "python-semantic-release writes it",
        ),
        ({"CHANGELOG.md": "## 1.2.3\n\n- Old.\n", "cliff.toml": "\n"}, "", "git-cliff writes it"),
        (
            {
                "HISTORY.md": "# History\n\n## 1.2.3 and newer\n\nSee GitHub Releases:\n\n- https://example.org/releases\n"
            },
            "",
            "its entry '1.2.3 and newer' leads to the releases of the forge",
        ),
        (
            {"CHANGELOG.md": "v1.2.3\n======\n\n- Old.\n\nv1.2.2\n======\n\n- Older.\n"},
            '[[tool.hatch.metadata.hooks.fancy-pypi-readme.fragments]]\npath = "CHANGELOG.md"\npattern = "(^v.+?)"\n',
            "the description of the package takes a part of it, which another heading could change",
        ),
    ],
)
def test_changelog_that_nobody_writes_by_hand_is_left_alone(
    project: SampleProject, files: dict[str, str], pyproject: str, reason: str
) -> None:
    plan = plan_changelog(detect(project, files, f'requires-python = ">=3.12"\n{pyproject}\n'))
    assert (plan.source, plan.remarks) == ("none", (f"{next(iter(files))} was left alone: {reason}",))


CLASSIFIER = "Programming Language :: Python :: 3"
MATRIX = f"""
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    strategy: {{matrix: {{python-version: ["3.12", "3.{NEWEST}"]}}}}
    steps:
      - run: pip install . pytest
      - run: pytest
"""


@pytest.mark.parametrize(
    "pyproject",
    [
        'requires-python = ">=3.12"',
        f'requires-python = ">=3.12"\nclassifiers = ["{CLASSIFIER}", "Typing :: Typed"]',
        'requires-python = ">=3.12"\nclassifiers = []',
    ],
)
def test_no_classifiers_are_written_unless_they_are_asked_for(project: SampleProject, pyproject: str) -> None:
    assert "pyproject.toml" not in map(str, proposed(detect(project, {}, pyproject)))


def test_classifiers_that_are_asked_for_go_to_the_newest_python(project: SampleProject) -> None:
    detected = detect(project, {".github/workflows/ci.yml": MATRIX})
    text = next(text for path, text in proposed(detected, classifiers=True).items() if path.name == "pyproject.toml")
    named = [line.strip(' ",') for line in text.splitlines() if f"{CLASSIFIER}." in line]
    # An older release of trove-classifiers does not have the newest yet.
    existing = (f"{CLASSIFIER}.{minor}" for minor in range(12, NEWEST + 1))
    assert named == [classifier for classifier in existing if classifier in classifiers]


def test_pythons_of_ci_are_those_of_the_sessions_where_classifiers_were_left_out(project: SampleProject) -> None:
    calls = session_calls(detect(project, {".github/workflows/ci.yml": MATRIX}))
    tested = () if NEWEST == 13 else f'pythons=["3.12", "3.{NEWEST}"]'
    assert any(str(tested) in call for call in calls) or not tested


PUBLISHING = """
jobs:
  pypi:
    runs-on: ubuntu-latest
    environment: pypi
    permissions:
      id-token: write
    steps:
      - uses: actions/checkout@v4
      - run: {build}
      - uses: pypa/gh-action-pypi-publish@release/v1
"""


def publishing(events: str, build: str = "python -m build") -> Publishing:
    text = lines(f"on: {events}") + lines(PUBLISHING.replace("{build}", build))
    return Publishing("acme", "tidepool", WorkflowFiles.from_texts({"publish.yml": text}), tag="v1.3.0")


@pytest.mark.parametrize(
    ("events", "starts"),
    [
        ("push", "push"),
        ("[push, pull_request]", "push"),
        ("{release: {types: [published]}}", "release"),
        ("{release: {types: [created, published]}}", "release"),
        ("{push: {tags: ['v*']}}", "push"),
    ],
)
def test_workflow_that_a_push_or_a_release_on_the_forge_starts_publishes(events: str, starts: str) -> None:
    report = TagReport.of(publishing(events))
    jobs = [(workflow.event, job.path, len(job.uploads)) for workflow in report.workflows for job in workflow.jobs]
    assert jobs == [(starts, ("pypi",), 1)]


@pytest.mark.parametrize("build", ["flit build", "poetry build", "hatch build", "uv build", "python setup.py sdist"])
def test_build_by_another_tool_is_not_run_and_the_files_are_built_from_the_checkout(build: str) -> None:
    """The workflow installs that tool in a step of its own, which a rehearsal does not run either."""
    publishes = publishing("push", f"pip install {build.partition(' ')[0]} && {build}")
    assert publishes.job
    before = BeforeUpload.of(scripts_before_upload(publishes.job))
    assert not before.sessions_build
    assert before.calls == ()
    assert any(build in command for command in before.not_run)


@pytest.mark.parametrize(
    ("pyproject", "files"),
    [
        ('[tool.mypy]\nfiles = ["tidepool", "noxfile.py"]', {}),
        ("", {"tox.ini": "[testenv:types]\ndeps = mypy\ncommands = mypy ."}),
        ("", {"tox.ini": "[testenv:types]\ndeps = mypy\ncommands = mypy --strict . noxfile.py"}),
    ],
)
def test_session_of_mypy_does_not_check_what_init_writes(
    project: SampleProject, pyproject: str, files: dict[str, str]
) -> None:
    detected = detect(project, files, f'requires-python = ">=3.12"\n{pyproject}\n')
    call = next(call for call in session_calls(detected) if call.startswith("sessions.mypy"))
    assert "noxfile.py" not in call
    assert '"."' not in call


def test_projects_own_mypy_does_not_complain_about_what_init_writes(project: SampleProject) -> None:
    detected = detect(project, {"tox.ini": "[testenv:types]\ndeps = mypy\ncommands = mypy ."})
    assert "# mypy: ignore-errors\n" in new_face_files(detected)["noxfile.py"]
    others = detect_project(project.root)
    write_proposal(others, Parts(workflows=False).propose(others))
    assert (project.root / "tasks.py").read_text().startswith("# mypy: ignore-errors\n")


@pytest.mark.parametrize("command", ["mypy tidepool", "mypy . --ignore-missing-imports"])
def test_files_of_init_have_no_line_for_mypy_where_it_does_not_check_them(project: SampleProject, command: str) -> None:
    tox = f"[testenv:types]\ndeps = mypy\ncommands = {command}"
    assert "# mypy" not in new_face_files(detect(project, {"tox.ini": tox}))["noxfile.py"]


def test_files_for_tests_bring_no_warnings() -> None:
    """A marker of types in the wheel is another matter."""
    fixtures: dict[str, bytes | str | None] = {
        f"{TOP}/tests/data/{name}": "secret\n" for name in (".pypirc", ".netrc", ".env")
    }
    files: dict[str, bytes | str | None] = {
        **fixtures,
        f"{TOP}/tests/data/py.typed": "",
        f"{TOP}/tests/fixtures/stubs/py.typed": "",
    }
    results = check_distributions((sdist().having(files).distribution(),), without=("DIST142",))
    assert [result.code for result in results if result.code in {"DIST206", "DIST303"} and result.blocks] == []
    assert {"DIST206", "DIST303"} & failed(results) == set()
    outside = sdist().having({f"{TOP}/src/.pypirc": "secret\n"}).distribution()
    assert "DIST303" in failed(check_distributions((outside,)))


def failed(results: Sequence[CheckResult]) -> set[str]:
    return {result.code for result in results if result.finding.verdict is Verdict.FAILED}


@pytest.mark.parametrize(
    ("pyproject", "sessions", "verdict"),
    [
        ('[tool.mypy]\npython_version = "3.13"', ("mypy",), Verdict.PASSED),
        ('[tool.mypy]\npython_version = "3.13"', ("tests",), Verdict.FAILED),
        ('[tool.ruff]\ntarget-version = "py313"', ("mypy",), Verdict.FAILED),
    ],
)
def test_python_that_mypy_is_set_to_is_no_fault_where_the_session_overrides_it(
    project: SampleProject, pyproject: str, sessions: tuple[str, ...], verdict: Verdict
) -> None:
    detected = detect(project, {}, f"{REQUIRES}\n{pyproject}\n")
    listing = SessionList(tuple(NoxSession(name, name) for name in sessions))
    sources = ProjectSources(detected.project, detected.files, listing)
    (result,) = (result for result in run_checks(PROJECT_CHECKS, sources) if result.code == "META055")
    assert result.finding.verdict is verdict


@pytest.mark.parametrize(
    ("settings", "is_named"),
    [
        ('addopts = "--doctest-modules"', True),
        ('addopts = "--doctest-modules"\ntestpaths = ["tests"]', False),
        ('addopts = "-q"', False),
    ],
)
def test_doctests_of_every_module_meet_the_files_of_init_and_init_says_so(
    project: SampleProject, settings: str, *, is_named: bool
) -> None:
    detected = detect(project, {}, f"{REQUIRES}\n[tool.pytest.ini_options]\n{settings}\n")
    remarks = Parts(workflows=False).propose(detected).remarks
    remark = (
        "pytest --doctest-modules without a path collects noxfile.py and tasks.py, too; "
        "keep it from them: --ignore=noxfile.py --ignore=tasks.py"
    )
    assert (remark in remarks) is is_named


def test_examples_of_a_single_module_are_those_of_the_installed_one(project: SampleProject) -> None:
    project.write({"tide.py": "def tide(): ...\n"})
    metadata = METADATA.replace("tidepool", "tide") + f"{REQUIRES}\n"
    settings = '[tool.pytest.ini_options]\naddopts = "--doctest-modules"\n'
    project.write({"pyproject.toml": metadata + settings, "tests/test_tide.py": "def test_tide(): ...\n"})
    project.git("init", "-q", "-b", "main")
    project.commit("Begin")
    assert detect_project(project.root).tests.command == ("pytest", "--pyargs", "tide", "tests")
