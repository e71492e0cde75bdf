"""A distribution: what its name states, what is inside, and that it is read once."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

import sample_dists
from seatrial.distributions.archive import FaultKind
from seatrial.distributions.distribution import Distribution
from seatrial.distributions.metadata import FileName

if TYPE_CHECKING:
    from pathlib import Path


METADATA = "tidepool-1.0.dist-info/METADATA"


def wheel(
    folder: Path, *names: str, metadata: str = "Metadata-Version: 2.4\nName: tidepool\nVersion: 1.0\n"
) -> Distribution:
    path = folder / "tidepool-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "")
        archive.writestr(METADATA, metadata)
    return Distribution.from_path(path)


@pytest.mark.parametrize(
    ("names", "modules"),
    [
        (["tidepool/__init__.py", "tidepool/deep/__init__.py", "tidepool/shallow.py"], ("tidepool",)),
        (["tidepool.py"], ("tidepool",)),
        (["tide/pool/__init__.py", "tide/pool/deep/x.py", "tide/rise.py"], ("tide.pool", "tide.rise")),
        (["a/b/__init__.py", "a/__init__.py", "c.py"], ("a", "c")),
        (["_tide.cpython-312-x86_64-linux-gnu.so", "_pool.pyd"], ("_pool", "_tide")),
        (["tidepool/__init__.cpython-39-darwin.so", "tidepool/x.py"], ("tidepool",)),
        (["tidepool-1.0.data/purelib/tidepool/__init__.py"], ("tidepool",)),
        (["tidepool-1.0.data/scripts/tool.py", "tidepool-1.0.data/data/share/x.py"], ()),
        (["tidepool/data.txt"], ()),
        ([], ()),
    ],
)
def test_modules_are_the_highest_regular_packages(tmp_path: Path, names: list[str], modules: tuple[str, ...]) -> None:
    assert wheel(tmp_path, *names).modules() == modules


def test_requirements_are_those_of_the_metadata(tmp_path: Path) -> None:
    text = "Name: tidepool\nRequires-Dist: b>1; extra == 'x'\nRequires-Dist: a\n\nRequires-Dist: not this\n"
    assert wheel(tmp_path, metadata=text).requirements() == ("a", "b>1; extra == 'x'")


def test_metadata_of_what_is_vendored_are_not_those_of_the_wheel(tmp_path: Path) -> None:
    vendored = "tide/_vendor/foo-1.dist-info/METADATA"
    assert wheel(tmp_path, vendored, metadata="Requires-Dist: a\n").requirements() == ("a",)


@pytest.mark.parametrize(
    ("tags", "fitting"),
    [
        ("py3-none-any", ["3.9", "3.13", "3.14t"]),
        ("py2.py3-none-any", ["3.9", "3.13", "3.14t"]),
        ("py311-none-any", ["3.13", "3.14t"]),
        ("cp313-cp313-manylinux_2_17_x86_64", ["3.13"]),
        ("cp39-abi3-macosx_11_0_arm64", ["3.9", "3.13"]),
        ("cp314-cp314-linux_x86_64", []),
        ("cp314-cp314t-linux_x86_64", ["3.14t"]),
        ("pp310-pypy310_pp73-win_amd64", []),
    ],
)
def test_wheel_fits_the_pythons_of_its_tags(tags: str, fitting: list[str]) -> None:
    name = FileName.parse(f"tidepool-1.0-{tags}.whl")
    assert [python for python in ("3.9", "3.13", "3.14t") if name.fits(python)] == fitting


def test_size_and_hash_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "tidepool-1.0.tar.gz"
    content = bytes(range(256)) * 8200
    path.write_bytes(content)
    hashes = (hashlib.sha256(content).hexdigest(), hashlib.blake2b(content, digest_size=32).hexdigest())
    assert Distribution.from_path(path) == Distribution(path, path.name, len(content), *hashes)
    assert not Distribution.from_path(path).is_wheel


def test_what_was_read_moves_along(tmp_path: Path) -> None:
    built = wheel(tmp_path, "tidepool.py")
    assert built.modules() == ("tidepool",)
    moved = built.moved_to(tmp_path / "gone.whl")
    assert (moved.path.name, moved.name, moved.modules()) == ("gone.whl", built.name, ("tidepool",))


def test_wheel_that_would_unpack_to_too_much_still_names_its_requirements(tmp_path: Path) -> None:
    path = wheel(tmp_path, metadata="Requires-Dist: a\n").path
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(65 << 20))
    built = Distribution.read(path)
    assert built.contents.fault is not None
    assert built.contents.fault.kind is FaultKind.BOMB
    assert built.requirements() == ("a",)


COUNT_READS = """
import collections, hashlib, json, pathlib, sys

path, opened, hashed = sys.argv[1], collections.Counter(), collections.Counter()

def counting(kind):
    class Counting:
        def __init__(self, *args, **settings):
            self._digest = kind(*args, **settings)
        def update(self, data):
            hashed[kind.__name__] += len(data)
            self._digest.update(data)
        def __getattr__(self, name):
            return getattr(self._digest, name)
    return Counting

hashlib.sha256, hashlib.blake2b = counting(hashlib.sha256), counting(hashlib.blake2b)
# Path.open() of Python 3.9 opens by os.open(), an event of its own, without a mode.
sys.addaudithook(lambda event, args: opened.update([str(args[0])] if event == "open" and args[1] else []))
from seatrial.checks.registry import check_distributions, read_distributions
from seatrial.distributions.metadata import FileKind
results = check_distributions(read_distributions([pathlib.Path(path)]))
assert len(results) > 50
print(json.dumps([opened[path], hashed["openssl_sha256"], hashed["blake2b"]]))
"""


@pytest.mark.parametrize("healthy", [sample_dists.sdist(), sample_dists.wheel()], ids=["sdist", "wheel"])
def test_file_that_is_checked_is_opened_once_and_hashed_once(tmp_path: Path, healthy: sample_dists.SampleDist) -> None:
    path = tmp_path / healthy.name
    path.write_bytes(healthy.data())
    done = subprocess.run((sys.executable, "-c", COUNT_READS, str(path)), check=True, capture_output=True, text=True)
    size, members = path.stat().st_size, sum(member.size for member in Distribution.read(path).files)
    assert json.loads(done.stdout) == [1, size + members, size]
