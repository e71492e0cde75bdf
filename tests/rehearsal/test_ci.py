"""A rehearsal runs no command of a workflow file: sessions by name, else a plain build, and the rest is only listed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sample_dists
from errors_raised import raises_error
from rehearsal_projects import WORKFLOW, forge_project, gitlab_project
from sample_project import normalised
from seatrial.ci.before_upload import BeforeUpload
from seatrial.distributions.comparison import Comparison, Sameness
from seatrial.distributions.distribution import Distribution
from seatrial.index.client import IndexFile
from seatrial.project.nox_sessions import NoxCall
from seatrial.publish.release_on_index import FileState, ReleaseOnIndex
from seatrial.rehearsal.ci import ReadyUpload, WorkflowSteps
from seatrial.rehearsal.rehearse import require_same_content
from seatrial.rehearsal.sandbox import Sandbox

if TYPE_CHECKING:
    from release_repo import ReleaseRepo
    from sample_project import RunResult


PLAINLY = "build the sdist and the wheel (PEP 517)"
NOWHERE = Sandbox(Path("nowhere"), {})


def calling(*calls: NoxCall) -> BeforeUpload:
    return BeforeUpload(calls)


@pytest.mark.parametrize(
    ("before", "tests", "about"),
    [
        (None, True, "nox -s build check"),
        (None, False, "nox -s build check"),
        (calling(NoxCall(("lint", "build"))), True, "nox -s lint build"),
        (calling(NoxCall(("lint", "build"))), False, "nox -s build"),
        (calling(NoxCall(("check",))), False, "nox -s check"),
        (replace(calling(NoxCall(("check",))), builds_otherwise=True), True, f"{PLAINLY}, then nox -s check"),
        (calling(NoxCall(("tests",))), True, f"{PLAINLY}, then nox -s tests"),
        (calling(NoxCall(("tests",))), False, PLAINLY),
        (
            calling(NoxCall(("build",)), NoxCall(("tests",), ("-p", "3.12"), ("-k", "not slow"))),
            True,
            "nox -s build, then nox -s tests -p 3.12 -- -k 'not slow'",
        ),
        (BeforeUpload(), True, PLAINLY),
    ],
)
def test_sessions_are_run_and_a_plain_build_where_no_session_builds(
    before: BeforeUpload | None, *, tests: bool, about: str
) -> None:
    assert WorkflowSteps(NOWHERE, before, tests).about("v1.3.0") == f"{about}, in a fresh checkout of v1.3.0"


def on_index(state: FileState) -> ReleaseOnIndex:
    """Return a release with a wheel in some state, and an sdist that is identical."""
    sdist, wheel = (IndexFile(sample.name, "0", 1, None) for sample in (sample_dists.sdist(), sample_dists.wheel()))
    is_verified = state is not FileState.UNEXPECTED
    hashes = {sdist.name: "0", **({wheel.name: "0" if state is FileState.IDENTICAL else "1"} if is_verified else {})}
    compared = {
        FileState.SAME_CONTENT: Comparison(Sameness.SAME_CONTENT, ("order",)),
        FileState.DIFFERENT: Comparison(Sameness.DIFFERENT, members=("tidepool/x.py",)),
    }
    files = (sdist,) if state is FileState.MISSING else (sdist, wheel)
    comparisons = {wheel.name: compared[state]} if state in compared else {}
    return ReleaseOnIndex("tidepool", "1.2.3", "here", hashes, files, comparisons=comparisons)


def test_files_of_the_same_content_are_fine_and_the_packaging_is_a_remark() -> None:
    assert require_same_content(on_index(FileState.IDENTICAL)) == ()
    assert require_same_content(on_index(FileState.SAME_CONTENT)) == (
        "tidepool-1.2.3-py3-none-any.whl of CI: same content, packaged differently: order",
    )


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (FileState.DIFFERENT, "different content: tidepool/x.py"),
        (FileState.MISSING, "missing"),
        (FileState.UNEXPECTED, "unexpected: it was not verified"),
        (FileState.NOT_COMPARED, "other bytes, not compared: sha256 0, and 1 was verified"),
    ],
)
def test_file_of_other_content_that_is_missing_or_was_not_verified_is_an_error(state: FileState, text: str) -> None:
    with raises_error("BytesDiffer") as raised:
        require_same_content(on_index(state))
    assert raised.value.what.splitlines()[1:] == [f"  tidepool-1.2.3-py3-none-any.whl  {text}"]


def put(folder: Path, sample: sample_dists.SampleDist) -> Distribution:
    (folder / sample.name).write_bytes(sample.data())
    return Distribution.from_path(folder / sample.name)


def test_compiled_wheel_of_this_machine_is_not_uploaded_where_ci_builds_it_elsewhere(tmp_path: Path) -> None:
    compiled = sample_dists.wheel(tag="cp313-cp313-linux_x86_64")
    sdist, wheel = put(tmp_path, sample_dists.sdist()), put(tmp_path, compiled)
    assert ReadyUpload.of([sdist, wheel], by_session=True).files == (sdist, wheel)
    ready = ReadyUpload.of([sdist, wheel], by_session=False)
    assert ready.files == (sdist,)
    assert ready.remarks[1:] == (f"{compiled.name} was not uploaded: it was compiled for this machine",)
    whats = []
    for built, by_session in (([], True), ([], False), ([wheel], False)):
        with raises_error("StepFailed") as raised:
            ReadyUpload.of(built, by_session=by_session)
        whats.append(raised.value.what)
    assert whats == [
        "the sessions ended well, but dist/ is empty",
        "the build made no file: no sdist to upload",
        f"only {compiled.name} was built, which was compiled for this machine: no sdist to upload",
    ]


def rehearse(repo: ReleaseRepo, *args: str) -> RunResult:
    return repo.project.invoke("rehearse", "--part", "minor", *args)


def row(ran: RunResult, head: str) -> list[str]:
    """Return the lines of a row of the card."""
    assert ran.returncode == 0, ran.output
    match = re.search(rf"^{head} *(.*(?:\n {{11}}.*)*)", ran.output, re.MULTILINE)
    return [line.strip() for line in match[1].splitlines()] if match else []


DEPLOYS = """\
on:
  push:
    tags: ["v*"]
  workflow_dispatch:
jobs:
  site:
    if: github.event_name == 'workflow_dispatch'
    steps:
      - run: nox -s site
  build:
    needs: site
    if: always()
    steps:
      - run: BUILD
      - run: |
          touch {marker}/deployed
          rsync dist/ host:/srv
      - if: inputs.announce
        run: nox -s announce
  publish:
    needs: build
    if: always()
    environment: pypi
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@v1
      - run: touch {marker}/after
  docs:
    needs: publish
    steps:
      - run: nox -s docs
"""

SESSIONS = """

@nox.session(python=False, default=False)
def lint(session):
    Path("MARKER/lint").touch()


@nox.session(python=False, default=False)
def site(session):
    Path("MARKER/site").touch()


@nox.session(python=False, default=False)
def announce(session):
    Path("MARKER/announce").touch()


@nox.session(python=False, default=False)
def docs(session):
    Path("MARKER/docs").touch()
"""


def deploying(folder: Path, build: str, backend: str = "hatchling") -> tuple[ReleaseRepo, Path]:
    """Make a project whose workflow deploys and whose sessions leave marks; ``build``: the command that builds."""
    marker = folder / "marker"
    marker.mkdir()
    repo = forge_project(folder / "port", backend, DEPLOYS.replace("BUILD", build).replace("{marker}", str(marker)))
    noxfile = "from pathlib import Path\n" + repo.read("noxfile.py") + SESSIONS.replace("MARKER", str(marker))
    repo.project.write({"noxfile.py": noxfile})
    repo.project.commit("Leave marks")
    return repo, marker


@pytest.mark.slow
def test_workflow_that_deploys_is_listed_and_only_its_sessions_before_the_upload_are_run(tmp_path: Path) -> None:
    """It takes a whole rehearsal to see that nothing is run on the way."""
    repo, marker = deploying(tmp_path, "nox -s lint build check")
    ran = rehearse(repo, "--verbose")
    assert row(ran, "not run") == [
        f"touch {marker}/deployed",
        "rsync dist/ host:/srv",
    ]
    assert row(ran, "remarks") == []
    assert [path.name for path in marker.iterdir()] == ["lint"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "build", "packaged"),
    [
        ("hatchling", "python -m build", "dates"),
        ("setuptools", "./make-dist.sh", "dates"),
        ("flit_core", "flit build", "dates"),
    ],
)
def test_files_that_ci_builds_without_seatrial_are_built_plainly(
    tmp_path: Path, backend: str, build: str, packaged: str
) -> None:
    """How a backend packages what it builds is known to the backend alone."""
    repo, marker = deploying(tmp_path, build, backend)
    before = repo.state()
    ran = rehearse(repo, "--no-tests")
    assert "  CI: build the sdist and the wheel (PEP 517), in a fresh checkout of v1.3.0\n" in ran.output
    assert row(ran, "not run")[0].startswith(f"release.yml, job build: {build}")
    first, *others = row(ran, "remarks")
    assert first == "CI builds without nox -s build: sdist and wheel were built as python -m build does"
    assert [line.partition(", packaged differently: ")[0] for line in others] == [
        f"{name} of CI: same content" for name in ("tidepool-1.3.0.tar.gz", "tidepool-1.3.0-py3-none-any.whl")
    ]
    assert all(packaged in line for line in others)
    assert list(marker.iterdir()) == []
    assert repo.state() == before


@pytest.mark.slow
def test_generated_pipeline_of_gitlab_is_rehearsed(tmp_path: Path) -> None:
    """What invoke workflows writes is what a rehearsal reads."""
    repo = gitlab_project(tmp_path)
    before = repo.state()
    ran = rehearse(repo, "--verbose")
    assert "  CI: nox -s build check, in a fresh checkout of v1.3.0\n" in ran.output
    assert row(ran, "remarks") == []
    assert row(ran, "not run")[-1] == "twine upload --non-interactive --attestations dist/*"
    assert "environment pypi" in row(ran, "unknown")[1]
    assert repo.state() == before


OWN = """\
build:
  script: [pip install flit, flit build, touch MARKER]
  stage: build
publish:
  stage: deploy
  rules: [{if: $CI_COMMIT_TAG}]
  environment: pypi
  id_tokens: {PYPI_ID_TOKEN: {aud: pypi}}
  script: [twine upload dist/*]
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("", "", ""),
        ("PYPI_ID_TOKEN:", "PYPI_TOKEN:", "GitLab: Environment variable PYPI_ID_TOKEN not found"),
        ("aud: pypi", "aud: testpypi", "Token audience claim mismatch (expected pypi, got testpypi)"),
    ],
    ids=["right", "name", "audience"],
)
def test_hand_written_pipeline_of_gitlab_is_rehearsed_with_its_own_tokens(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    """Which token it looks for is known to twine alone."""
    marker = tmp_path / "marker"
    repo = gitlab_project(tmp_path / "port", OWN.replace("MARKER", str(marker)).replace(old, new))
    ran = rehearse(repo, "--no-tests", "--verbose")
    assert not marker.exists()
    if not message:
        assert row(ran, "not run") == ["pip install flit", "flit build", f"touch {marker}", "twine upload dist/*"]
    else:
        assert (ran.returncode, ran.was_a_traceback) == (6, False), ran.output
        assert message in re.sub(r"\n {11}", " ", normalised(ran.output))


@pytest.mark.slow
def test_job_of_gitlab_without_a_token_ends_the_rehearsal_before_its_first_step(tmp_path: Path) -> None:
    """It is reported on the terminal, and as an exit code."""
    asks = "  id_tokens: {PYPI_ID_TOKEN: {aud: pypi}}\n"
    ran = rehearse(gitlab_project(tmp_path, OWN.replace(asks, "")), "--no-tests")
    assert ran.returncode == 6
    assert ran.output.partition(" s\n")[2] == (
        "seatrial: the job publish of .gitlab-ci.yml requests no identity token, "
        "which publishing on PyPI requires\n"
        "fix:  id_tokens:\n        PYPI_ID_TOKEN:\n          aud: pypi\n"
        "      or, with a password of the project's settings: variables: {TWINE_PASSWORD: $NAME}\n"
        "more: seatrial explain TokenForbidden\n"
    )


@pytest.mark.slow
def test_session_that_fails_ends_the_rehearsal(tmp_path: Path) -> None:
    """It is nox that runs it, in the checkout of the tag."""
    repo = forge_project(tmp_path, workflow=WORKFLOW.replace("build check", "build check ci_only"))
    fails = "\n\n@nox.session(python=False, default=False)\ndef ci_only(session):\n    session.error('no')\n"
    repo.project.write({"noxfile.py": repo.read("noxfile.py") + fails})
    repo.project.commit("Fail in CI alone")
    ran = rehearse(repo)
    assert (ran.returncode, ran.was_a_traceback) == (6, False), ran.output
    assert "seatrial: CI: nox -s build check ci_only ended with exit code 1:" in ran.output
