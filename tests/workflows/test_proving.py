"""The run that proves the publisher asks as the upload does, and says what the index says."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import yaml

from pier import PUBLISHER, SENDER
from seatrial.rehearsal.network import Network, network
from workflow_sets import SHAPES, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seatrial.rehearsal.issuer import Sender
    from trial import Trial

pytestmark = pytest.mark.voyage

JOB = yaml.safe_load(written(SHAPES["minimal"])[".github/workflows/release.yml"])["jobs"]["prove"]

KNOWN = "PyPI knows this workflow and this environment. Its token was thrown away; without use it ends in 15 minutes.\n"
UNKNOWN = (
    "invalid-publisher: valid token, but no corresponding publisher (Publisher with matching claims was not found)\n"
)


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """Return an index that knows a publisher."""
    with network(tmp_path / "index", PUBLISHER, "tidepool") as made:
        yield made


def prove(net: Network, trial: Trial, sender: Sender = SENDER) -> tuple[int, str]:
    """Run the step as GitHub would; the authority of the index is told to curl in its own way."""
    (step,) = JOB["steps"]
    environ = net.environment(trial.environ, sender)
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run(
        [bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        env={**environ, **step["env"], "CURL_CA_BUNDLE": environ["REQUESTS_CA_BUNDLE"]},
        cwd=trial.root,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_publisher_that_is_registered_is_proved_and_nothing_is_uploaded(net: Network, trial: Trial) -> None:
    assert prove(net, trial) == (0, KNOWN)
    assert net.index.shelves.files("tidepool") == ()
    assert net.index.mint._known == {}  # noqa: SLF001 - it has been burnt


def test_publisher_that_is_not_is_told_in_the_words_of_the_index(net: Network, trial: Trial) -> None:
    other = replace(SENDER, publisher=replace(PUBLISHER, environment="test"))
    assert prove(net, trial, other) == (1, UNKNOWN)


def test_run_that_is_started_by_hand_does_nothing_else() -> None:
    jobs = yaml.safe_load(written(SHAPES["minimal"])[".github/workflows/release.yml"])["jobs"]
    pushed, by_hand = "github.event_name == 'push'", "github.event_name == 'workflow_dispatch'"
    conditions = {name: job.get("if", job.get("needs")) for name, job in jobs.items()}
    assert conditions == {
        "plan": pushed,
        "build": pushed,
        "test": ["plan", "build"],
        "pypi": pushed,
        "release": ["build", "pypi"],
        "prove": by_hand,
    }
