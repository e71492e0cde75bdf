"""Missing attestations and files are reported by what is known of CI, and what is unknown is not taken for none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from twine.utils import DEFAULT_REPOSITORY

from errors_raised import raises_error
from rehearsal_projects import WORKFLOW
from seatrial.ci.forge import Run
from seatrial.ci.github import WorkflowFiles
from seatrial.ci.publisher import Publishing
from seatrial.commands import Command
from seatrial.index.client import IndexFile
from seatrial.index.destination import Destination
from seatrial.publish.release_on_index import ReleaseOnIndex
from seatrial.publish.tagged_release import CiRuns
from seatrial.publish.verify import finish_command, require_attestations, state_error

if TYPE_CHECKING:
    from seatrial.publish.verify import AttestationsExpected


INDEX = "https://example.invalid/simple/"
FILE = IndexFile("tidepool-1.3.0.tar.gz", "a" * 64, 1, None)
PYPI = Destination("pypi", DEFAULT_REPOSITORY, INDEX)
NONE = f"{INDEX} lists no attestations of {FILE.name}"
UNKNOWN = f"{INDEX} does not show whether there are attestations: it has an older simple API than 1.3"
BY_CI = ", and release.yml makes them"


def delivery(provenance: str | None) -> ReleaseOnIndex:
    served = (replace(FILE, provenance=provenance),)
    return ReleaseOnIndex("tidepool", "1.3.0", INDEX, {FILE.name: FILE.sha256}, served)


def ci(workflow: str = WORKFLOW, *conclusions: str) -> CiRuns:
    files = WorkflowFiles.from_texts({"release.yml": workflow})
    runs = tuple(Run(7, "Release", "completed", conclusion, "") for conclusion in conclusions)
    return CiRuns(Publishing("acme", "tidepool", files, tag="v1.3.0"), "v1.3.0", runs or None, home="acme/tidepool")


@pytest.mark.parametrize(
    ("provenance", "expectation", "runs", "message"),
    [
        ("https://example.invalid/p", "here", ci(), "the index lists attestations of each file"),
        ("", "by CI", ci(), NONE + BY_CI),
        ("", "by CI", ci(WORKFLOW, "failure"), NONE + BY_CI),
        (None, "by CI", ci(WORKFLOW, "success"), UNKNOWN + BY_CI),
        ("", "not at all", ci(WORKFLOW, "success"), None),
        ("", "by CI", ci(WORKFLOW.replace("id-token: write", "contents: read"), "success"), None),
        ("", "by CI", ci(WORKFLOW.replace("publish@v1", "publish@v1\n        with: {attestations: false}")), None),
        ("", "by CI", ci(WORKFLOW.replace("publish@v1", "publish@v1\n        with: {password: x}"), "success"), None),
    ],
)
def test_state_of_attestations_is_reported(
    provenance: str | None, expectation: AttestationsExpected, runs: CiRuns, message: str | None
) -> None:
    assert require_attestations(delivery(provenance), runs, PYPI, expectation) == message


@pytest.mark.parametrize(
    ("provenance", "expectation", "runs", "message"),
    [
        ("", "here", ci(), NONE),
        (None, "here", ci(), UNKNOWN),
        ("", "by CI", ci(WORKFLOW, "success"), NONE + BY_CI),
    ],
)
def test_attestations_that_were_asked_for_are_missed(
    provenance: str | None, expectation: AttestationsExpected, runs: CiRuns, message: str
) -> None:
    with raises_error("Unattested") as raised:
        require_attestations(delivery(provenance), runs, PYPI, expectation)
    assert raised.value.what == message


def test_other_indexes_need_no_attestations() -> None:
    other = replace(PYPI, name="dock", upload="https://example.invalid/legacy/")
    assert require_attestations(delivery(""), ci(WORKFLOW, "success"), other, "by CI") is None


PUBLISH, VERIFY = (Command(task, "--version", "1.3.0") for task in ("publish", "verify"))
RUNS = "https://example.invalid/runs"
OTHER_TAGS = WORKFLOW.replace("v*", "r*")


@pytest.mark.parametrize(
    ("runs", "following", "fix"),
    [
        (ci(), VERIFY, f"see whether CI publishes it\nif it does: {VERIFY}\nif not: {PUBLISH}"),
        (
            replace(ci(), page=RUNS),
            VERIFY,
            f"see whether CI publishes it: {RUNS}\nif it does: {VERIFY}\nif not: {PUBLISH}",
        ),
        (CiRuns(Publishing(others=(".gitlab-ci.yml",)), "v1.3.0"), VERIFY, None),
        (ci(WORKFLOW, "failure"), "gh run rerun 7 --failed --repo acme/tidepool", None),
        (ci(OTHER_TAGS), PUBLISH, str(PUBLISH)),
        (CiRuns(Publishing(), "v1.3.0"), PUBLISH, str(PUBLISH)),
    ],
    ids=["unknown", "unknown, with a page", "another service", "failed", "the tag starts nothing", "no CI"],
)
def test_release_that_ci_may_publish_is_not_published_by_hand_first(
    runs: CiRuns, following: Command | str, fix: str | None
) -> None:
    release = replace(delivery(None), served=())
    assert finish_command(release, runs, PYPI) == following
    if fix is not None:
        assert state_error(release, runs, PYPI).fix == fix
