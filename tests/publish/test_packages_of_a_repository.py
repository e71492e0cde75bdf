"""Two packages in one repository: each is verified, published and undone by itself, from the top or from its folder."""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from index_client import IDENTITY
from index_server import READ
from release_repo import ReleaseRepo, made_once
from sample_project import RunResult, SampleProject
from sample_projects import two_packages
from seatrial.ci.publisher import Publisher
from seatrial.distributions.distribution import Distribution
from seatrial.rehearsal.index_server import describe_upload
from seatrial.rehearsal.network import LocalNetwork, open_network

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = pytest.mark.slow

BOTH = ["foo-0.1.0-py3-none-any.whl", "foo-0.1.0.tar.gz"]
FROM_TOP = "seatrial --project packages/foo"
FRAGMENT = ":/packages/foo/changelog.d/+withdraw-0-1-0.bugfix.md"
MISSING = """\
seatrial: {name} {version} is not published on http://index/simple/:
  {name}-{version}.tar.gz  missing
  {name}-{version}-py3-none-any.whl  missing
fix:  {0} publish --version {version} --index http://index/legacy/
{1}NotThere
"""


@pytest.fixture(scope="session")
def released() -> ReleaseRepo:
    """Release the packages foo and bar of one repository, whose CI does not publish."""
    return made_once("two-packages-released", release)


def release(folder: Path) -> None:
    project = two_packages().copy(folder).project
    ran = project.seatrial("release", "--project", "packages/foo", "--part", "minor", "--yes", "--no-tests")
    assert (ran.returncode, ran.output.splitlines()[-1]) == (
        0,
        f"next     {FROM_TOP} publish --version 0.1.0",
    )
    ran = SampleProject(project.root / "packages/bar", project.environ).invoke(
        "release", "--part", "minor", "--yes", "--no-tests"
    )
    assert ran.returncode == 0, ran.output


@pytest.fixture
def repo(released: ReleaseRepo, tmp_path: Path) -> ReleaseRepo:
    """Return a copy of the repository."""
    return released.copy(tmp_path / "port")


@pytest.fixture
def network(tmp_path: Path) -> Iterator[LocalNetwork]:
    """Open an index for foo that has nothing yet."""
    with open_network(tmp_path / "index", Publisher("acme", "tides", "release-foo.yml", "pypi"), "foo") as made:
        yield made


def url(network: LocalNetwork) -> str:
    return f"{network.home_url}legacy/"


def held(network: LocalNetwork) -> list[str]:
    return sorted(entry.index_file.name for entry in network.index.store.files("foo"))


def plain(network: LocalNetwork, output: str) -> str:
    return output.replace(network.home_url, "http://index/")


def printed(project: SampleProject, output: str, *more: str, **environ: str) -> RunResult:
    """Run the command that was printed last as the fix, unchanged, from the top of the repository."""
    line = next(line for line in reversed(output.splitlines()) if FROM_TOP in line)
    words = shlex.split(line[line.index(FROM_TOP) :])
    return project.run(sys.executable, "-m", *words, *more, **environ)


def token(network: LocalNetwork) -> dict[str, str]:
    token_exchange = network.index.token_exchange
    identity = replace(IDENTITY, publisher=token_exchange.publisher)
    return {
        "TWINE_USERNAME": "__token__",
        "TWINE_PASSWORD": token_exchange.exchange({"token": token_exchange.issuer.token(identity, "pypi")}).token,
    }


def manifest(repo: ReleaseRepo, name: str) -> Path:
    return repo.project.root / f".git/seatrial/manifest-packages%2F{name}"


@pytest.mark.selection
def test_one_package_is_verified_and_published_from_the_top(repo: ReleaseRepo, network: LocalNetwork) -> None:
    project = repo.project
    options = ("--project", "packages/foo", "--index", url(network), "--limit", "0", "--no-install")
    missing = project.seatrial("verify", *options)
    assert (missing.returncode, plain(network, missing.message)) == (
        7,
        MISSING.format(FROM_TOP, READ, name="foo", version="0.1.0"),
    )
    sent = printed(project, missing.output, "--yes", "--new-name", "foo", **token(network))
    assert (sent.returncode, held(network)) == (0, BOTH), sent.output
    assert "\nfoo 0.1.0 is published, byte for byte: " in sent.output
    # Its manifest is kept although another package was released after it.
    ran = project.seatrial("verify", *options)
    assert (ran.returncode, "building it from the tag" in ran.output) == (0, False), ran.output
    other = SampleProject(project.root / "packages/bar", project.environ).invoke("verify", *options[2:])
    assert (other.returncode, plain(network, other.message)) == (
        7,
        MISSING.format("invoke", READ, name="bar", version="0.1.0"),
    )


def test_package_without_a_manifest_is_built_again_from_its_own_tag(repo: ReleaseRepo, network: LocalNetwork) -> None:
    store_file(repo, network)
    shutil.rmtree(manifest(repo, "foo"))
    repo.project.write({"packages/foo/README.md": "an unfinished thought\n"})
    ran = repo.project.seatrial(
        "--project=packages/foo", "verify", "--index", url(network), "--limit", "0", "--no-install"
    )
    assert ran.returncode == 0, ran.output
    assert "  no manifest of foo-v0.1.0 is kept: building it from the tag\n" in ran.output


def store_file(repo: ReleaseRepo, network: LocalNetwork, *, yanked: bool = False) -> None:
    """Put the files of foo onto the index, as if they had been uploaded."""
    for name in BOTH:
        path = network.index.store.folder / name
        shutil.copyfile(manifest(repo, "foo") / name, path)
        stored = describe_upload(Distribution.from_path(path), datetime.now(timezone.utc))
        network.index.store.put(path, "foo", replace(stored, index_file=replace(stored.index_file, is_yanked=yanked)))


def test_one_package_is_undone_from_the_top_by_the_printed_commands(repo: ReleaseRepo, network: LocalNetwork) -> None:
    project = repo.project
    store_file(repo, network, yanked=True)
    undone = project.seatrial(
        "undo", "0.1.0", "--project", "packages/foo", "--index", url(network), "--why", "It leaks."
    )
    assert undone.returncode == 0, undone.output
    assert (
        "The version that follows is 0.1.1: fix what is wrong, commit, then:\n"
        f'  git add {FRAGMENT} && git commit -m "Withdraw 0.1.0" {FRAGMENT}\n'
        f"  {FROM_TOP} release --part patch\n"
    ) in undone.output
    assert repo.read(FRAGMENT.lstrip(":/")) == "0.1.0 is withdrawn: It leaks.\n"
    for command in undone.output[undone.output.index("git add") :].splitlines()[0].split(" && "):
        project.git(*shlex.split(command)[1:])
    released = printed(project, undone.output, "--yes", "--no-tests")
    assert released.returncode == 0, released.output
    assert repo.remote.git("tag").split() == ["bar-v0.1.0", "foo-v0.1.0", "foo-v0.1.1"]
    assert "It leaks." in repo.show("packages/foo/CHANGELOG.md")


def test_status_and_errors_name_the_command_of_the_package(repo: ReleaseRepo) -> None:
    project = repo.project
    project.write({"packages/bar/changelog.d/+more.bugfix.md": "More.\n"})
    project.git("add", "packages/bar/changelog.d")
    project.git("commit", "-q", "-m", "More", "packages/bar/changelog.d")
    output = project.seatrial("status", "--project", "packages/bar").output
    assert output.splitlines()[-1] == "next       seatrial --project packages/bar release --part patch"
    project.git("reset", "-q", "--hard", "HEAD~1")
    ran = project.seatrial("release", "--part", "patch", "--yes", "--project", "packages/bar")
    assert "seatrial --project packages/bar news feature" in ran.output
    assert "invoke" not in ran.output
