"""The jobs that hold a token do what they say, against an index: proving the publisher, and a development version."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import yaml
from twine.utils import DEFAULT_REPOSITORY, TEST_REPOSITORY

import cargo
from pier import PUBLISHER, SENDER
from seatrial.rehearsal.network import Network, network
from seatrial.workflows import locked
from workflow_sets import SHAPES, written, written_for_gitlab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seatrial.rehearsal.issuer import Sender
    from trial import Trial

pytestmark = pytest.mark.slow

FILES = written(SHAPES["minimal"])
PROVE = yaml.safe_load(FILES[".github/workflows/release.yml"])["jobs"]["prove"]
TESTPYPI = yaml.safe_load(FILES[".github/workflows/ci.yml"])["jobs"]["testpypi"]
TESTER = replace(PUBLISHER, workflow="ci.yml", environment="testpypi")

KNOWN = "PyPI knows this workflow and this environment. Its token was thrown away; without use it ends in 15 minutes.\n"
UNKNOWN = (
    "invalid-publisher: valid token, but no corresponding publisher (Publisher with matching claims was not found)\n"
)


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """Return an index that knows a publisher."""
    with network(tmp_path / "index", PUBLISHER, "tidepool") as made:
        yield made


def run_last(job: dict[str, Any], net: Network, trial: Trial, sender: Sender = SENDER) -> tuple[int, str]:
    """Run the last step of a job as GitHub would; the authority of the index is told to curl in its own way."""
    environ = net.environment(trial.environ, sender)
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run(
        [bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", job["steps"][-1]["run"]],
        env={**environ, "CURL_CA_BUNDLE": environ["REQUESTS_CA_BUNDLE"], "COLUMNS": "200"},
        cwd=trial.root,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_publisher_that_is_registered_is_proved_and_nothing_is_uploaded(net: Network, trial: Trial) -> None:
    assert run_last(PROVE, net, trial) == (0, KNOWN)
    assert net.index.shelves.files("tidepool") == ()
    assert net.index.mint._known == {}  # noqa: SLF001 - it has been burnt


def test_publisher_that_is_not_is_told_in_the_words_of_the_index(net: Network, trial: Trial) -> None:
    other = replace(SENDER, publisher=replace(PUBLISHER, environment="test"))
    assert run_last(PROVE, net, trial, other) == (1, UNKNOWN)


def test_development_version_is_published_by_who_is_registered_and_may_be_sent_again(
    trial: Trial, tmp_path: Path
) -> None:
    made = (cargo.wheel(), cargo.sdist())
    for one in made:
        trial.write({f"dist/{one.name}": ""})
        (trial.root / "dist" / one.name).write_bytes(one.data())
    with network(tmp_path / "index", TESTER, "tidepool") as net:
        for _ in range(2):
            code, said = run_last(TESTPYPI, net, trial, replace(SENDER, publisher=TESTER))
            assert code == 0, said
        assert sorted(one.shelved.name for one in net.index.shelves.files("tidepool")) == sorted(
            one.name for one in made
        )
        code, said = run_last(TESTPYPI, net, trial)
        assert code == 1
        assert UNKNOWN.partition(":")[0] in said


@pytest.mark.linters
@pytest.mark.skipif(sys.version_info[:2] != (3, 13), reason="the hashes are those of the wheels for Python 3.13")
def test_tools_beside_a_token_are_complete_and_those_of_their_hashes(tmp_path: Path) -> None:
    for tool, module in (("twine", "twine"), ("pypi-attestations", "pypi_attestations"), ("uv", "uv")):
        subprocess.run([sys.executable, "-m", "venv", tmp_path / tool], check=True)
        python = tmp_path / tool / "bin/python"
        script = "\n".join(locked.installing(tool))
        path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
        bash = shutil.which("bash")
        assert bash
        subprocess.run([bash, "-euo", "pipefail", "-c", script], env={**os.environ, "PATH": path}, check=True)
        subprocess.run([python, "-m", module, "--help"], check=True, capture_output=True)


def test_no_file_names_the_host_of_an_index() -> None:
    hosts = [str(urlsplit(url).hostname).partition(".")[2] for url in (DEFAULT_REPOSITORY, TEST_REPOSITORY)]
    texts = [
        text
        for shape in SHAPES.values()
        for made in (written(shape), written_for_gitlab(shape))
        for text in made.values()
    ]
    assert [host for host in hosts for text in texts if host in text] == []


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
