"""Two packages in one repository: each is verified, published and undone by itself, from the top or from its folder."""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from harbour import Harbour, made_once
from pier import SENDER
from quay import READ
from seatrial.facts.archive import Archive
from seatrial.facts.publisher import Publisher
from seatrial.rehearsal.network import Network, network
from seatrial.rehearsal.shelves import described
from shipyard import two_packages
from trial import Ran, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

BOTH = ["foo-0.1.0-py3-none-any.whl", "foo-0.1.0.tar.gz"]
FROM_TOP = "seatrial --project packages/foo"
FRAGMENT = ":/packages/foo/changelog.d/+withdraw-0-1-0.bugfix.md"
MISSING = """\
seatrial: {name} {version} is not there on http://index/simple/:
  {name}-{version}.tar.gz  is not there
  {name}-{version}-py3-none-any.whl  is not there
fix:  {0} publish --version {version} --index http://index/legacy/
{1}notthere
"""


@pytest.fixture(scope="session")
def released() -> Harbour:
    """Release the packages foo and bar of one repository, whose CI does not publish."""
    return made_once("two-packages-released", release)


def release(folder: Path) -> None:
    trial = two_packages().copy(folder).trial
    ran = trial.seatrial("release", "--project", "packages/foo", "--part", "minor", "--yes", "--no-tests")
    assert (ran.returncode, ran.output.splitlines()[-1]) == (
        0,
        f"No CI file listens to tags; by hand: {FROM_TOP} publish --version 0.1.0",
    )
    ran = Trial(trial.root / "packages/bar", trial.environ).invoke("release", "--part", "patch", "--yes", "--no-tests")
    assert ran.returncode == 0, ran.output


@pytest.fixture
def port(released: Harbour, tmp_path: Path) -> Harbour:
    """Return a copy of the repository."""
    return released.copy(tmp_path / "port")


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """Open an index for foo that has nothing yet."""
    with network(tmp_path / "index", Publisher("acme", "tides", "release-foo.yml", "pypi"), "foo") as made:
        yield made


def url(net: Network) -> str:
    return f"{net.home_url}legacy/"


def held(net: Network) -> list[str]:
    return sorted(one.shelved.name for one in net.index.shelves.files("foo"))


def plain(net: Network, said: str) -> str:
    return said.replace(net.home_url, "http://index/")


def printed(trial: Trial, said: str, *more: str, **environ: str) -> Ran:
    """Run the command that was printed last as what mends it, as it stands, from the top of the repository."""
    line = next(line for line in reversed(said.splitlines()) if FROM_TOP in line)
    words = shlex.split(line[line.index(FROM_TOP) :])
    return trial.run(sys.executable, "-m", *words, *more, **environ)


def token(net: Network) -> dict[str, str]:
    mint = net.index.mint
    sender = replace(SENDER, publisher=mint.publisher)
    return {
        "TWINE_USERNAME": "__token__",
        "TWINE_PASSWORD": mint.exchange({"token": mint.issuer.token(sender, "pypi")}).token,
    }


def proof(port: Harbour, name: str) -> Path:
    return port.trial.root / f".git/seatrial/proof-packages%2F{name}"


@pytest.mark.selection
def test_one_is_verified_and_published_from_the_top_and_the_other_is_not_there(port: Harbour, net: Network) -> None:
    trial = port.trial
    asked = ("--project", "packages/foo", "--index", url(net), "--limit", "0", "--no-install")
    missing = trial.seatrial("verify", *asked)
    assert (missing.returncode, plain(net, missing.output)) == (
        7,
        MISSING.format(FROM_TOP, READ, name="foo", version="0.1.0"),
    )
    sent = printed(trial, missing.output, "--yes", "--new-name", "foo", **token(net))
    assert (sent.returncode, held(net)) == (0, BOTH), sent.output
    assert "\nfoo 0.1.0 is published, byte for byte: " in sent.output
    # Its proof is kept although another package was released after it.
    there = trial.seatrial("verify", *asked)
    assert (there.returncode, "building it from the tag" in there.output) == (0, False), there.output
    other = Trial(trial.root / "packages/bar", trial.environ).invoke("verify", *asked[2:])
    assert (other.returncode, plain(net, other.output)) == (
        7,
        MISSING.format("invoke", READ, name="bar", version="0.0.1"),
    )


def test_one_whose_proof_is_gone_is_built_again_from_its_own_tag(port: Harbour, net: Network) -> None:
    shelve(port, net)
    shutil.rmtree(proof(port, "foo"))
    port.trial.write({"packages/foo/README.md": "an unfinished thought\n"})
    ran = port.trial.seatrial("--project=packages/foo", "verify", "--index", url(net), "--limit", "0", "--no-install")
    assert ran.returncode == 0, ran.output
    assert ran.output.startswith("seatrial > no proof of foo-v0.1.0 is kept: building it from the tag\n")


def shelve(port: Harbour, net: Network, *, yanked: bool = False) -> None:
    """Put the files of foo onto the index, as if they had been uploaded."""
    for name in BOTH:
        path = net.index.shelves.folder / name
        shutil.copyfile(proof(port, "foo") / name, path)
        stored = described(Archive.from_path(path), datetime.now(timezone.utc))
        net.index.shelves.put(path, "foo", replace(stored, shelved=replace(stored.shelved, is_yanked=yanked)))


def test_one_is_undone_from_the_top_by_the_commands_that_are_printed(port: Harbour, net: Network) -> None:
    trial = port.trial
    shelve(port, net, yanked=True)
    undone = trial.seatrial("undo", "0.1.0", "--project", "packages/foo", "--index", url(net), "--why", "It leaks.")
    assert undone.returncode == 0, undone.output
    assert (
        "The version that follows is 0.1.1: mend what is wrong, commit, then:\n"
        f'  git add {FRAGMENT} && git commit -m "Withdraw 0.1.0" {FRAGMENT}\n'
        f"  {FROM_TOP} release --part patch\n"
    ) in undone.output
    assert port.read(FRAGMENT.lstrip(":/")) == "0.1.0 is withdrawn: It leaks.\n"
    for command in undone.output[undone.output.index("git add") :].splitlines()[0].split(" && "):
        trial.git(*shlex.split(command)[1:])
    released = printed(trial, undone.output, "--yes", "--no-tests")
    assert released.returncode == 0, released.output
    assert port.remote.git("tag").split() == ["bar-v0.0.1", "foo-v0.1.0", "foo-v0.1.1"]
    assert "It leaks." in port.show("packages/foo/CHANGELOG.md")


def test_status_and_errors_name_the_command_that_leads_to_the_package(port: Harbour) -> None:
    trial = port.trial
    told = trial.seatrial("status", "--project", "packages/bar").output
    assert told.splitlines()[-1] == "next       seatrial --project packages/bar release --part patch"
    ran = trial.seatrial("release", "--part", "patch", "--yes", "--project", "packages/bar")
    assert "seatrial --project packages/bar news feature" in ran.output
    assert "invoke" not in ran.output
