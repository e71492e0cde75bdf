"""Every check before a tag fails on what it is about, and passes on a healthy release.

What each says is in tests/expected/before_tag.txt; pytest tests/checks/test_before_tag.py --refresh writes it anew.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version
from twine.utils import DEFAULT_REPOSITORY, TEST_REPOSITORY

import sample_dists
from errors_raised import rendered
from seatrial.checks.check import UnknownFacts, report_unknown, run_checks
from seatrial.checks.index import CHOOSE_ANOTHER, answer_about_name
from seatrial.checks.project import README_TYPES, ProjectSources, _relative_links
from seatrial.checks.registry import (
    ALL_CHECKS,
    CHECKS_OF_FILES,
    PENDING_FILE_CHECKS,
    PENDING_RELEASE_CHECKS,
    PROJECT_CHECKS,
    REBUILD_CHECKS,
    RELEASE_CHECKS,
    TRIGGER_CHECKS,
    checks_for_pending_file,
)
from seatrial.checks.release import ReleaseAttempt, ReleaseStage
from seatrial.ci.before_upload import CheckoutNeeds
from seatrial.ci.github import WorkflowFiles
from seatrial.ci.publisher import CiFacts, Publishing
from seatrial.distributions.reproducible import Difference, RebuildResult
from seatrial.errors import BuildError, ProjectError, PyprojectInvalid, ReleaseError, SeatrialError, ToolError
from seatrial.findings import Finding, Severity, Verdict
from seatrial.index.client import IndexFile, PendingRelease, ProjectFiles, Upload
from seatrial.project.config_files import require_types
from seatrial.project.nox_sessions import NoxSession, SessionList
from seatrial.project.project import Project

if TYPE_CHECKING:
    from seatrial.checks.check import Check
    from seatrial.findings import CheckResult


EXPECTED = Path(__file__).resolve().parents[1] / "expected/before_tag.txt"
NOW = datetime(2024, 2, 29, 12, tzinfo=timezone.utc)

COMPLETED = ReleaseAttempt(reached=frozenset(ReleaseStage))
TABLE: dict[str, Any] = {
    "build-system": {"requires": ["hatchling"], "build-backend": "hatchling.build"},
    "project": {
        "name": "tidepool",
        "version": "1.2.3",
        "description": "A small package",
        "readme": "README.md",
        "requires-python": ">=3.12",
        "license": "MIT",
        "license-files": ["LICENSE*"],
        "classifiers": ["Programming Language :: Python :: 3.12", "Programming Language :: Python :: 3.13"],
        "urls": {"Repository": "https://github.com/acme/tidepool"},
    },
    "tool": {"mypy": {"python_version": "3.12"}, "ruff": {"target-version": "py312"}},
}
LISTING = SessionList(tuple(NoxSession(f"tests-{python}", "tests", python) for python in ("3.12", "3.13")))
WORKFLOW = """\
on: {push: {tags: ['v*']}}
jobs:
  test:
    strategy: {matrix: {python: ['3.12', '3.13']}}
    steps: [{run: nox -s tests}]
  pypi:
    environment: pypi
    permissions: {id-token: write}
    steps: [{uses: pypa/gh-action-pypi-publish@v1}]
"""


def ci_facts(files: dict[str, str], **changed: Any) -> CiFacts:
    """Return what is known of CI with these workflows; ``changed``: what is known of who publishes."""
    return CiFacts("v1.3.0", Publishing("acme", "tidepool", files_of(files), tag="v1.3.0", **changed), LISTING)


def files_of(texts: dict[str, str]) -> WorkflowFiles:
    return WorkflowFiles.from_texts(texts)


def changed(old: str, new: str) -> CiFacts:
    """Return what is known of CI with another text in the workflow that publishes."""
    assert old in WORKFLOW
    return ci_facts({"release.yml": WORKFLOW.replace(old, new)})


def started_by(on: str) -> CiFacts:
    """Return what is known of CI whose workflow starts otherwise."""
    return changed("{push: {tags: ['v*']}}", on)


def uploading_to(address: str) -> CiFacts:
    return changed("publish@v1", f"publish@v1, with: {{repository-url: '{address}'}}")


HEALTHY_CI = ci_facts({"release.yml": WORKFLOW})
HELD = IndexFile("tidepool-1.2.3.tar.gz", "0" * 64, 2000, NOW)
PENDING = PendingRelease(
    "https://index.example/simple/",
    "tidepool",
    Version("1.3.0"),
    ProjectFiles("tidepool", (HELD,)),
    (Version("1.2.3"),),
)
SDIST = sample_dists.sdist(version="1.3.0").distribution()


def sources(*files: str, **project: object) -> ProjectSources:
    keys = {**TABLE["project"], **project}
    table = {**TABLE, "project": {key: value for key, value in keys.items() if value is not None}}
    return ProjectSources(
        Project(Path("nowhere"), table),
        tuple(map(PurePosixPath, files or ("README.md", "LICENSE"))),
        LISTING,
        files_of({"release.yml": WORKFLOW}).workflows,
        "acme/tidepool",
        "https://git.example.org/acme/tidepool",
    )


def refused(code: str, family: type[SeatrialError] = ReleaseError) -> ReleaseAttempt:
    return replace(COMPLETED, reasons=(family(f"what {code} says", code=code, fix="what fixes it"),))


ON_CALL = WORKFLOW.replace("{push: {tags: ['v*']}}", "{workflow_call: }")
CALLER = """\
on: {push: {tags: ['v*']}}
jobs:
  publish:
    uses: ./.github/workflows/release.yml
    permissions: {id-token: write}
"""
CALLED = ci_facts({"ci.yml": CALLER, "release.yml": ON_CALL})
"""A workflow that publishes when another calls it, which the tag starts."""

TESTED = "name: Tests\non: {push: {tags: ['v*']}}\njobs: {}\n"
CHECKOUT = "steps: [{uses: actions/checkout@v7}, {run: nox -s tests}]"


def following(run: str = "{workflows: [Tests]}", ref: str = "") -> CiFacts:
    """Return a workflow that publishes after another one, which the tag starts."""
    text = WORKFLOW.replace("{push: {tags: ['v*']}}", f"{{workflow_run: {run}}}")
    checkout = CHECKOUT.replace("@v7", f"@v7, with: {{ref: {ref}}}") if ref else CHECKOUT
    return ci_facts({"ci.yml": TESTED, "release.yml": text.replace("steps: [{run: nox -s tests}]", checkout)})


AFTER = following()
SOURCES = sources()


def with_tools(**tools: Any) -> ProjectSources:
    """Return a project with these tools; ``requires-python`` is that of the project."""
    bound = {key: tools.pop(key) for key in ("requires-python",) if key in tools}
    table = {**TABLE, "project": {**TABLE["project"], **bound}, "tool": tools}
    return replace(SOURCES, project=Project(Path("nowhere"), table))


TOOLS = replace(SOURCES, project=Project(Path("nowhere"), {**TABLE, "tool": {"mypy": {"python_version": "3.13"}}}))

BROKEN: dict[str, object] = {
    "GIT001": refused("NoRepository"),
    "GIT002": refused("AnotherRelease"),
    "GIT003": refused("ShallowClone"),
    "GIT004": refused("MergeUnderWay"),
    "GIT005": refused("DetachedHead"),
    "GIT006": refused("WrongBranch"),
    "GIT007": refused("NoUpstream"),
    "GIT008": refused("RemoteUnreachable"),
    "GIT009": refused("PushForbidden"),
    "GIT010": refused("BranchDiverged"),
    "GIT011": refused("NoIdentity"),
    "GIT012": refused("TagsMissing"),
    "GIT013": refused("TagTaken"),
    "GIT014": refused("HookRefused"),
    "GIT015": refused("SigningFailed"),
    "GIT016": replace(COMPLETED, unfinished=("notes.txt", "src/tidepool/wave.py")),
    "GIT017": replace(COMPLETED, unpushed=2),
    "META001": refused("PyprojectUnreadable", ProjectError),
    "META002": refused("VersionsDisagree"),
    "META003": refused("VersionNotNewer"),
    "META004": refused("VersionNotWritten"),
    "META005": refused("NoFragments"),
    "META006": refused("MarkerMissing"),
    "META007": refused("CommandMissing", ToolError),
    "META008": refused("CiSkipped"),
    "META011": sources(**{"licence": "MIT", "requires-python": "3.10+", "authors": [{"nam": "x"}]}),
    "META012": sources(description=None),
    "META013": sources(readme="READ.md"),
    "META014": sources(readme=None),
    "META015": sources(readme={"file": "README.md", "content-type": "text/x-rst; charset=UTF-8"}),
    "META021": sources(classifiers=["License :: OSI Approved :: MIT License"]),
    "META022": sources(**{"license-files": ["LICENSE", "licences/*.txt"]}),
    "META023": sources("README.md", **{"license-files": None}),
    "META031": sources(urls={"Issues": "https://github.com/acme/tidepool/issues"}),
    "META032": sources(urls={"Repository": "https://github.com/rockpool/tidepool"}),
    "META041": sources(classifiers=["Programming Language :: Pyhton :: 3.12", "Private :: Do Not Upload"]),
    "META051": sources(**{"requires-python": None}),
    "META052": sources(**{"requires-python": ">=3.10"}),
    "META053": replace(SOURCES, listing=SessionList(failure="  NameError: name 'sessions' is not defined")),
    "META054": replace(SOURCES, listing=SessionList(LISTING.sessions[:1])),
    "META055": TOOLS,
    "META056": replace(SOURCES, workflows=files_of({"ci.yml": WORKFLOW.replace("3.13", "3.11")}).workflows),
    "CI001": replace(
        ci_facts({}),
        place="job of .gitlab-ci.yml",
        obstacles=("move .gitlab-ci.yml out of the way, then: invoke workflows",),
    ),
    "CI002": started_by("{push: {tags: ['[0-9]+.*']}}"),
    "CI003": replace(HEALTHY_CI, listing=SessionList((NoxSession("test", "test"),))),
    "CI004": changed("id-token: write", "contents: read"),
    "CI005": changed("publish@v1", "publish@v1, with: {password: x}"),
    "CI006": changed("environment: pypi", "name: Publish"),
    "CI007": ci_facts({"release.yml": WORKFLOW}, overrides={"workflow": "Release.yml", "environment": "PyPI2"}),
    "CI008": started_by("{push: {tags: ['v*']}, pull_request_target: }"),
    "CI009": uploading_to(DEFAULT_REPOSITORY[:-1]),
    "CI010": replace(
        HEALTHY_CI, drifted=(".github/workflows/ci.yml would be written otherwise today",), fixes=("invoke workflows",)
    ),
    "CI011": started_by("release"),
    "CI012": ci_facts({"release.yml": WORKFLOW, "upload.yml": WORKFLOW}),
    "CI013": AFTER,
    "CI014": CALLED,
    "CI015": changed(
        "steps: [{uses: pypa", "needs: test\n    steps: [{uses: actions/download-artifact@v8}, {uses: pypa"
    ),
    "CI016": replace(
        changed("steps: [{uses: pypa", "steps: [{uses: actions/checkout@v5}, {uses: pypa"),
        checkout=CheckoutNeeds(lfs=True, submodules=("vendor/tides",)),
    ),
    "CI017": replace(HEALTHY_CI, checkout=CheckoutNeeds(submodules=("vendor/tides",), absent=("vendor/tides",))),
    "CI018": replace(HEALTHY_CI, checkout=CheckoutNeeds(unnamed=("vendor/moon",), unpushed=("vendor/tides",))),
    "DIST411": refused("BackendFailed", BuildError),
    "DIST412": RebuildResult((Difference("tidepool-1.3.0.tar.gz", ("tidepool-1.3.0/stamp",)),)),
    "DIST413": RebuildResult(direct=Difference("tidepool-1.3.0-py3-none-any.whl", ("tidepool/data.json",))),
    "INDEX011": replace(PENDING, version=Version("1.2.3")),
    "INDEX012": replace(PENDING, released=(), holder="A. Author, https://example.com"),
    "INDEX013": replace(PENDING, project_files=replace(PENDING.project_files, status="archived")),
    "INDEX014": Upload(replace(SDIST, size=9 << 20), PENDING.project_files, NOW),
}
"""For each check the facts that it is about. (META016 reads a README: it has a test of its own.)"""

HEALTHY: tuple[tuple[tuple[Check[Any], ...], object], ...] = (
    (RELEASE_CHECKS, COMPLETED),
    (PROJECT_CHECKS, SOURCES),
    (TRIGGER_CHECKS, HEALTHY_CI),
    (REBUILD_CHECKS, RebuildResult()),
    (PENDING_RELEASE_CHECKS, PENDING),
    (checks_for_pending_file(SDIST), Upload(SDIST, PENDING.project_files, NOW)),
)
BEFORE_TAG = {check.code: check for check in ALL_CHECKS if check not in CHECKS_OF_FILES}


def text_of(code: str) -> str:
    (judged,) = run_checks([BEFORE_TAG[code]], BROKEN[code])
    finding = judged.finding
    text = f"{code} {judged.severity.value} {finding.verdict.value}\n{finding.message}\nfix: {rendered(finding.fix)}\n"
    # The name of PyPI's host is written nowhere.
    return text.replace(DEFAULT_REPOSITORY.split("/")[2], "{host}")


def test_every_check_fails_for_some_project() -> None:
    assert BROKEN.keys() | {"META016"} == BEFORE_TAG.keys()


def test_check_fails_on_what_it_is_about() -> None:
    verdicts = {code: passes(code, facts).finding.verdict for code, facts in BROKEN.items()}
    assert {code: verdict for code, verdict in verdicts.items() if verdict is not Verdict.FAILED} == {}


def test_what_every_check_says_is_as_expected(pytestconfig: pytest.Config) -> None:
    texts = "\n".join(map(text_of, BROKEN))
    if pytestconfig.getoption("--refresh"):
        EXPECTED.write_text(texts, encoding="utf-8")
    assert EXPECTED.read_text(encoding="utf-8") == texts


def test_healthy_release_passes_every_check() -> None:
    judged = [result for checks, facts in HEALTHY for result in run_checks(checks, facts)]
    assert [(result.code, result.finding) for result in judged if result.finding != Finding.passed()] == []
    assert {result.code for result in judged} >= BEFORE_TAG.keys()


def test_stage_that_was_not_reached_is_unknown_and_never_passed() -> None:
    judged = run_checks(RELEASE_CHECKS, ReleaseAttempt())
    assert {result.finding.verdict for result in judged} == {Verdict.UNKNOWN}
    assert {result.finding.message for result in judged} == {stage.value for stage in ReleaseStage}


def test_fact_that_is_unavailable_is_unknown_and_does_not_block() -> None:
    judged = report_unknown(PENDING_RELEASE_CHECKS, UnknownFacts("it does not answer"))
    assert {result.finding for result in judged} == {Finding.unknown("it does not answer")}
    assert not any(result.blocks for result in judged)


def passes(code: str, facts: object) -> CheckResult:
    (judged,) = run_checks([BEFORE_TAG[code]], facts)
    return judged


PASSING: list[tuple[str, object]] = [
    # Metadata that stand elsewhere are no matter of [project].
    *(
        (code, replace(SOURCES, project=Project(Path("nowhere"), {"tool": {}})))
        for code in ("META011", "META013", "META022", "META032", "META041")
    ),
    ("META011", sources(**{"license": "MIT", "license-files": ["LICENSE"], "dynamic": ["dependencies"]})),
    ("META011", sources(version=None, dynamic=["version"])),
    ("META021", sources(license="LicenseRef-Proprietary")),
    ("META022", sources("README.md", "docs/legal/COPYING", **{"license-files": ["docs/**/COPYING"]})),
    ("META023", sources("README.md", "COPYING.LESSER", **{"license-files": None})),
    ("META032", sources(urls={"Repository": "https://github.com/Acme/Tidepool.git"})),
    ("META032", sources(urls={"Homepage": "https://tidepool.example"})),
    ("META052", sources(**{"requires-python": ">=3.12.2"})),
    ("META055", with_tools()),
    # An older target is stricter; mypy 2 targets no Python before 3.10; a session of seatrial has its own target.
    ("META055", with_tools(ruff={"target-version": "py38"}, mypy={"python_version": "3.8"})),
    ("META055", with_tools(mypy={"python_version": "3.10"}, **{"requires-python": ">=3.9"})),
    ("META055", replace(TOOLS, listing=SessionList((*LISTING.sessions, NoxSession("mypy-3.13", "mypy", "3.13"))))),
    ("CI002", started_by("{push: {tags: ['v*', '!v*rc*']}}")),
    ("CI002", started_by("{push: {tags-ignore: ['test-*']}}")),
    ("CI002", started_by("push")),
    ("CI007", ci_facts({"release.yml": WORKFLOW}, overrides={"owner": "Acme", "environment": "PYPI"})),
    ("CI001", ci_facts({}, others=(".gitlab-ci.yml",))),
    *(
        ("CI009", uploading_to(address))
        for address in (TEST_REPOSITORY, DEFAULT_REPOSITORY, "https://index.example/legacy", "http://[broken")
    ),
    ("CI002", CALLED),
    ("CI002", AFTER),
    ("CI002", following("{workflows: [Tests], branches: [main, 'v*']}")),
    ("CI002", following("{workflows: [Tests], branches-ignore: [main]}")),
    ("CI011", AFTER),
    ("CI012", AFTER),
    ("CI013", following(ref="x")),
    ("INDEX012", replace(PENDING, project_files=ProjectFiles())),
    ("INDEX014", Upload(replace(SDIST, size=2 << 19), PENDING.project_files, NOW)),
    ("INDEX014", Upload(replace(SDIST, size=9 << 20), ProjectFiles(), NOW)),
]


def test_check_has_nothing_against_what_is_right() -> None:
    judged = [(place, passes(code, facts)) for place, (code, facts) in enumerate(PASSING)]
    against = [
        (f"PASSING[{place}]", result.code, result.finding)
        for place, result in judged
        if result.finding.verdict not in {Verdict.PASSED, Verdict.SKIPPED}
    ]
    assert against == []


@pytest.mark.parametrize(
    ("on", "finding"),
    [
        ("{push: {tags: [v1, 'v2.*']}}", "release.yml listens to v1, v2.*, which v1.3.0 is not"),
        ("{push: {tags: ['v*', '!v1.*']}}", "release.yml listens to v*, !v1.*, which v1.3.0 is not"),
        ("{push: {tags-ignore: ['v*']}}", "release.yml ignores v*, which v1.3.0 is"),
        ("{push: {branches: [main]}}", "release.yml starts on push, not on a tag"),
        ("{push: {tags: [v1]}, workflow_dispatch: }", "release.yml listens to v1, which v1.3.0 is not"),
        ("{}", "release.yml starts on nothing, not on a tag"),
    ],
)
def test_tag_filter_that_does_not_match_is_shown(on: str, finding: str) -> None:
    fix = 'on:\n  push:\n    tags: ["v*"]'
    assert passes("CI002", started_by(on)).finding == Finding.failed(finding, fix)


@pytest.mark.parametrize(
    ("run", "why"),
    [
        ("{workflows: [Lint]}", "after Lint, and v1.3.0 starts none of them"),
        ("{workflows: [Tests], branches: [main]}", "after Tests on main, which v1.3.0 is not"),
        ("{workflows: [Tests], branches-ignore: ['v*']}", "after Tests, but not on v*, which v1.3.0 is"),
    ],
)
def test_workflow_that_starts_after_one_which_no_tag_starts_does_not_start(run: str, why: str) -> None:
    assert passes("CI002", following(run)).finding.message == f"release.yml starts {why}"


@pytest.mark.parametrize(
    ("on", "text", "command"),
    [
        (
            "release",
            "release.yml starts when a release is created on the forge, not when v1.3.0 is pushed",
            "gh release create v1.3.0 --verify-tag --generate-notes",
        ),
        (
            "{push: {branches: [main]}, workflow_dispatch: }",
            "release.yml starts on push, workflow_dispatch, not on a tag",
            "gh workflow run release.yml --ref v1.3.0",
        ),
    ],
)
def test_workflow_that_is_started_after_the_tag_stops_no_release(on: str, text: str, command: str) -> None:
    facts = started_by(on)
    assert passes("CI002", facts).finding.verdict is Verdict.SKIPPED
    fix = f'after invoke release: {command}; or have the tag do it:\non:\n  push:\n    tags: ["v*"]'
    judged = passes("CI011", facts)
    assert (judged.finding.message, rendered(judged.finding.fix), judged.blocks) == (text, fix, False)


MARKDOWN = """\
# tidepool

[a](docs/a.md) [b](https://example.com/b) [c](#c) ![d](d.png) <img src="e.svg"> [f](<docs/f g.md>)

`[g](g.md)`

```
[h](h.md)
```

[i]: docs/i.md
[j](mailto:a@example.com) [k](//example.com/k) <!-- [l](l.md) -->
"""
RST = """\
tidepool
========

`a <docs/a.rst>`_ `b <https://example.com/b>`__ `c <d_>`_ ``<e.rst>``

.. image:: f.png
.. _g: docs/g.rst

.. code-block:: rst

   `h <h.rst>`_
"""


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("README.md", MARKDOWN, "docs/a.md\nd.png\ne.svg\ndocs/f\ndocs/i.md"),
        ("README.rst", RST, "docs/a.rst\nf.png\ndocs/g.rst"),
        ("README.txt", "[a](docs/a.md)", ""),
    ],
)
def test_relative_links_of_a_readme_are_dead_on_its_page(tmp_path: Path, name: str, text: str, problem: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    here = replace(sources(readme=name), project=Project(tmp_path, {"project": {"readme": name}}))
    fix = "write the full address of the file on the forge"
    assert passes("META016", here).finding == (Finding.failed(problem, fix) if problem else Finding.passed())


def test_old_release_accepts_no_files_and_unknown_age_is_unknown() -> None:
    old = replace(HELD, name="tidepool-1.3.0-py3-none-any.whl", uploaded=NOW - timedelta(days=15))
    facts = Upload(SDIST, ProjectFiles("tidepool", (old,)), NOW)
    check = next(check for check in PENDING_FILE_CHECKS if check.code == "INDEX005")
    assert check.check(facts).verdict is Verdict.FAILED
    unknown = replace(facts, project_files=ProjectFiles("tidepool", (replace(old, uploaded=None),)))
    assert check.check(unknown) == Finding.unknown("the index does not say when its files were uploaded")


def test_only_what_would_be_refused_is_an_error() -> None:
    warnings = {check.code for check in BEFORE_TAG.values() if check.severity is Severity.WARNING}
    assert warnings == {
        *("GIT016", "GIT017", "META012", "META014", "META015", "META016", "META021", "META023", "META031", "META032"),
        *(
            "META051",
            "META052",
            "META054",
            "META055",
            "META056",
            "CI001",
            "CI005",
            "CI006",
            "CI010",
            "CI011",
            "CI012",
            "CI013",
            "CI016",
            "CI018",
            "DIST412",
            "DIST413",
        ),
        *("INDEX012", "INDEX014"),
    }


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.dates() | st.text(max_size=5) | st.sampled_from(["*", "**/x", "["]),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=5,
)
KEYS = (
    *("name", "version", "description", "readme", "requires-python", "license", "license-files", "authors", "keywords"),
    *(
        "classifiers",
        "urls",
        "scripts",
        "entry-points",
        "dependencies",
        "optional-dependencies",
        "dynamic",
        "import-names",
    ),
)


@given(st.dictionaries(st.sampled_from(KEYS), ODD), st.dictionaries(st.sampled_from(["mypy", "ruff"]), ODD))
def test_no_pyproject_ends_in_a_traceback(project: dict[str, Any], tools: dict[str, Any]) -> None:
    table = {"build-system": {"requires": []}, "project": project, "tool": tools}
    with contextlib.suppress(PyprojectInvalid):
        require_types(Path("pyproject.toml"), table)
        run_checks(PROJECT_CHECKS, replace(SOURCES, project=Project(Path("nowhere"), table)))


@given(st.text(max_size=30), st.sampled_from(["README.md", "README.rst"]))
def test_no_readme_ends_in_a_traceback(text: str, name: str) -> None:
    assert all(isinstance(link, str) for link in _relative_links(text, README_TYPES[Path(name).suffix]))


def test_date_in_place_of_a_text_is_reported() -> None:
    text = "project.version must be string"
    assert passes("META011", sources(version=date(2024, 2, 29))).finding.message == text


def test_finding_moves_no_cursor() -> None:
    judged = run_checks(PROJECT_CHECKS, sources(readme="a\x1b[31mb\x07\u202e.md"), ignore_reasons={"META013": "\x9b2J"})
    (result,) = (each for each in judged if each.code == "META013")
    assert result.finding.message == r"git tracks no ab\x07\u202e.md, which readme names"
    assert result.ignore_reason == r"\x9b2J"


def test_pipeline_of_another_service_is_skipped_with_a_reason() -> None:
    codes = ("CI002", "CI004", "CI005", "CI006", "CI007", "CI008", "CI011")
    facts = ci_facts({}, others=(".gitlab-ci.yml",))
    why = "not applicable: .gitlab-ci.yml publishes, and only the workflows of GitHub are read"
    assert {code: passes(code, facts).finding for code in codes} == dict.fromkeys(codes, Finding.skipped(why))


FOREIGN = replace(PENDING, released=())
SIMILAR = (
    f"the name tidepool is free on {PENDING.index}, but PyPI would refuse it: it is too similar to tidepoo1; "
    "choose another name"
)


@pytest.mark.parametrize(
    ("release", "text"),
    [
        (PENDING, "https://index.example/simple/ has tidepool, with versions that are tagged here"),
        (
            replace(PENDING, project_files=ProjectFiles()),
            "the name tidepool is free on https://index.example/simple/: the first upload takes it",
        ),
        (
            replace(PENDING, project_files=ProjectFiles(look_alike="tidepoo1")),
            SIMILAR,
        ),
        (
            replace(PENDING, project_files=ProjectFiles("tidepool")),
            f"the name tidepool is taken on {PENDING.index}, by a project without files; {CHOOSE_ANOTHER}",
        ),
        (
            replace(FOREIGN, holder="A. Author"),
            f"the name tidepool is taken on {PENDING.index}, by A. Author: 1.2.3, of which no version has a tag here; "
            + CHOOSE_ANOTHER,
        ),
        (
            replace(FOREIGN, released=None),
            f"the name tidepool is taken on {PENDING.index}: 1.2.3; {CHOOSE_ANOTHER}",
        ),
    ],
)
def test_name_has_one_answer(release: PendingRelease, text: str) -> None:
    assert str(answer_about_name(release)) == text


def test_name_that_pypi_refuses_is_not_called_free() -> None:
    answer = answer_about_name(replace(PENDING, name="requirements.txt", project_files=ProjectFiles()))
    assert answer.text.startswith("https://index.example/simple/ accepts no new project of this name: The name ")
    assert answer.fix == "choose another name"
