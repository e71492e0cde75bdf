"""Upload, installation and comparison work with indexes that are not ours: pypiserver and devpi."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import requests
from packaging.version import Version
from urllib3.util.retry import Retry

import sample_dists
from seatrial.index.client import read_project_files
from seatrial.index.twine import twine_upload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sample_project import SampleProject


pytestmark = pytest.mark.slow

SDIST, WHEEL = sample_dists.sdist(), sample_dists.wheel()


@dataclass(frozen=True)
class Witness:
    """An index: where it is uploaded to and installed from, and who may upload."""

    upload_url: str
    simple_url: str
    user: str = "somebody"
    password: str = "anything"  # noqa: S105 - of a server that lives as long as a test

    def upload(self, project: SampleProject) -> None:
        """Upload an sdist and a wheel, as somebody with a password."""
        for dist in (SDIST, WHEEL):
            (project.root / dist.name).write_bytes(dist.data())
        credentials = {"TWINE_USERNAME": self.user, "TWINE_PASSWORD": self.password}
        environment = {**project.environ, "TWINE_REPOSITORY_URL": self.upload_url, **credentials}
        twine_upload([project.root / dist.name for dist in (SDIST, WHEEL)], environment)

    def install(self, project: SampleProject) -> str:
        """Install what was uploaded and return the text of its module."""
        # An environment that uv made has no pip.
        assert project.run(sys.executable, "-m", "virtualenv", "-q", "environment").returncode == 0
        pip = ("environment/bin/python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-cache-dir")
        ran = project.run(*pip, "--index-url", self.simple_url, "--target", "site", "tidepool==1.2.3")
        assert ran.returncode == 0, ran.output
        return (project.root / "site/tidepool/__init__.py").read_text()


WITH_BYTE_CODE = {"PYTHONDONTWRITEBYTECODE": ""}
"""A server loads hundreds of modules, and more than once."""


def install_programs(project: SampleProject, requirement: str) -> Path:
    """Return the folder of programs of an environment with a server."""
    folder = project.root.parent / "server"
    for args in (
        ("venv", "-q", "--python", sys.executable, str(folder)),
        ("pip", "install", "-q", "-p", str(folder), requirement),
    ):
        ran = project.run("uv", *args)
        assert ran.returncode == 0, ran.output
    return folder / "bin"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(project: SampleProject, url: str, *args: str) -> Iterator[requests.Session]:
    """Run a server until the end, and yield what asks it once it answers."""
    log = project.root.parent / "server.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            args, cwd=project.root, env={**project.environ, **WITH_BYTE_CODE}, stdout=output, stderr=output
        ) as process,
        requests.Session() as session,
    ):
        session.trust_env = False
        patience = Retry(total=None, connect=80, backoff_factor=0.05, backoff_max=0.5)
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=patience))
        try:
            assert session.get(url, timeout=30).ok, log.read_text()
            yield session
        finally:
            process.terminate()


@contextlib.contextmanager
def pypiserver(project: SampleProject) -> Iterator[Witness]:
    programs = install_programs(project, "pypiserver>=2.3")
    home = f"http://127.0.0.1:{free_port()}/"
    (project.root / "packages").mkdir()
    port = home.rpartition(":")[2].rstrip("/")
    run = ("run", "--interface", "127.0.0.1", "--port", port, "--authenticate", ".", "--passwords", ".", "packages")
    with served(project, home, str(programs / "pypi-server"), *run):
        yield Witness(home, f"{home}simple/")


@contextlib.contextmanager
def devpi(project: SampleProject) -> Iterator[Witness]:
    programs = install_programs(project, "devpi-server>=6")
    folder, home = str(project.root / "devpi"), f"http://127.0.0.1:{free_port()}/"
    ran = project.run(str(programs / "devpi-init"), "--serverdir", folder, "--no-root-pypi", **WITH_BYTE_CODE)
    assert ran.returncode == 0, ran.output
    port = home.rpartition(":")[2].rstrip("/")
    run = ("--serverdir", folder, "--host", "127.0.0.1", "--port", port)
    with served(project, f"{home}+api", str(programs / "devpi-server"), *run) as session:
        made = Witness(f"{home}somebody/dev/", f"{home}somebody/dev/+simple/")
        assert session.put(f"{home}somebody", json={"password": made.password}, timeout=30).ok
        login = session.post(f"{home}+login", json={"user": made.user, "password": made.password}, timeout=30).json()
        session.auth = (made.user, login["result"]["password"])
        assert session.put(f"{home}somebody/dev", json={"bases": []}, timeout=30).ok
        yield made


def test_pypiserver_takes_and_serves_what_we_upload(project: SampleProject) -> None:
    with pypiserver(project) as witness:
        witness.upload(project)
        assert witness.install(project) == sample_dists.MODULE
        # It speaks HTML alone.
        hashes = {dist.name: hashlib.sha256(dist.data()).hexdigest() for dist in (SDIST, WHEEL)}
        files = read_project_files(witness.simple_url, "tidepool").files
        assert {file.name: file.sha256 for file in files} == hashes


def test_devpi_takes_and_serves_what_we_upload(project: SampleProject) -> None:
    with devpi(project) as witness:
        witness.upload(project)
        assert witness.install(project) == sample_dists.MODULE
        held = read_project_files(witness.simple_url, "tidepool").of_release(Version("1.2.3"))
        served = {file.name: file.sha256 for file in held}
        assert served == {dist.name: dist.distribution().sha256 for dist in (SDIST, WHEEL)}
