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

import sample_dists
from index_client import IDENTITY, PUBLISHER
from seatrial.rehearsal.network import LocalNetwork, open_network
from seatrial.workflows.context import locked_install_lines
from workflow_sets import SHAPES, written, written_for_gitlab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sample_project import SampleProject
    from seatrial.rehearsal.oidc import CiIdentity


pytestmark = pytest.mark.slow

FILES = written(SHAPES["minimal"])
PROVE = yaml.safe_load(FILES[".github/workflows/release.yml"])["jobs"]["prove"]
TESTPYPI = yaml.safe_load(FILES[".github/workflows/ci.yml"])["jobs"]["testpypi"]
TESTER = replace(PUBLISHER, workflow="ci.yml", environment="testpypi")

KNOWN = "PyPI accepts this workflow and this environment. The token was discarded unused.\n"
UNKNOWN = (
    "invalid-publisher: valid token, but no corresponding publisher (Publisher with matching claims was not found)\n"
)


@pytest.fixture
def network(tmp_path: Path) -> Iterator[LocalNetwork]:
    """Return an index with a registered publisher."""
    with open_network(tmp_path / "index", PUBLISHER, "tidepool") as made:
        yield made


def run_last(
    job: dict[str, Any], network: LocalNetwork, project: SampleProject, identity: CiIdentity = IDENTITY
) -> tuple[int, str]:
    """Run the last step of a job as GitHub would; curl gets the certificate of the index by its option."""
    environ = network.environment(project.environ, identity)
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run(
        [bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", job["steps"][-1]["run"]],
        env={**environ, "CURL_CA_BUNDLE": environ["REQUESTS_CA_BUNDLE"], "COLUMNS": "200"},
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_publisher_that_is_registered_is_proved_and_nothing_is_uploaded(
    network: LocalNetwork, project: SampleProject
) -> None:
    assert run_last(PROVE, network, project) == (0, KNOWN)
    assert network.index.store.files("tidepool") == ()
    assert network.index.token_exchange._known == {}  # noqa: SLF001 - it has been burnt


def test_unknown_publisher_is_reported_in_the_words_of_the_index(network: LocalNetwork, project: SampleProject) -> None:
    other = replace(IDENTITY, publisher=replace(PUBLISHER, environment="test"))
    assert run_last(PROVE, network, project, other) == (1, UNKNOWN)


def test_development_version_is_published_by_who_is_registered_and_may_be_sent_again(
    project: SampleProject, tmp_path: Path
) -> None:
    made = (sample_dists.wheel(), sample_dists.sdist())
    for dist in made:
        project.write({f"dist/{dist.name}": ""})
        (project.root / "dist" / dist.name).write_bytes(dist.data())
    with open_network(tmp_path / "index", TESTER, "tidepool") as network:
        for _ in range(2):
            code, output = run_last(TESTPYPI, network, project, replace(IDENTITY, publisher=TESTER))
            assert code == 0, output
        assert sorted(entry.index_file.name for entry in network.index.store.files("tidepool")) == sorted(
            dist.name for dist in made
        )
        code, output = run_last(TESTPYPI, network, project)
        assert code == 1
        assert UNKNOWN.partition(":")[0] in output


@pytest.mark.linters
@pytest.mark.skipif(sys.version_info[:2] != (3, 13), reason="the hashes are those of the wheels for Python 3.13")
def test_tools_in_jobs_with_a_token_are_complete_and_have_hashes(tmp_path: Path) -> None:
    for tool, module in (("twine", "twine"), ("pypi-attestations", "pypi_attestations"), ("uv", "uv")):
        subprocess.run([sys.executable, "-m", "venv", tmp_path / tool], check=True)
        python = tmp_path / tool / "bin/python"
        script = "\n".join(locked_install_lines(tool))
        path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
        bash = shutil.which("bash")
        assert bash
        subprocess.run([bash, "-euo", "pipefail", "-c", script], env={**os.environ, "PATH": path}, check=True)
        subprocess.run([python, "-m", module, "--help"], check=True, capture_output=True)


def test_no_file_names_the_host_of_an_index() -> None:
    hosts = [str(urlsplit(url).hostname).partition(".")[2] for url in (DEFAULT_REPOSITORY, TEST_REPOSITORY)]
    texts = [
        text
        for context in SHAPES.values()
        for made in (written(context), written_for_gitlab(context))
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
