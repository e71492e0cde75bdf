"""A built file."""

from __future__ import annotations

import hashlib
import zipfile
from typing import TYPE_CHECKING

import pytest

from seatrial.distributions.distribution import Distribution

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


def test_needs_are_the_requirements_of_the_metadata(tmp_path: Path) -> None:
    text = "Name: tidepool\nRequires-Dist: b>1; extra == 'x'\nRequires-Dist: a\n\nRequires-Dist: not this\n"
    assert wheel(tmp_path, metadata=text).needs() == ("a", "b>1; extra == 'x'")


def test_metadata_of_what_is_vendored_are_not_those_of_the_wheel(tmp_path: Path) -> None:
    vendored = "tide/_vendor/foo-1.dist-info/METADATA"
    assert wheel(tmp_path, vendored, metadata="Requires-Dist: a\n").needs() == ("a",)


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
def test_wheel_fits_the_pythons_of_its_tags(tmp_path: Path, tags: str, fitting: list[str]) -> None:
    one = Distribution(tmp_path / f"tidepool-1.0-{tags}.whl", 0, "")
    assert [python for python in ("3.9", "3.13", "3.14t") if one.fits(python)] == fitting


def test_size_and_hash_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "tidepool-1.0.tar.gz"
    content = bytes(range(256)) * 8200
    path.write_bytes(content)
    assert Distribution.from_path(path) == Distribution(path, len(content), hashlib.sha256(content).hexdigest())
    assert not Distribution.from_path(path).is_wheel
