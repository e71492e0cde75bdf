"""What the builders of CI make of one commit has the content that a release verifies; a real difference is found."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

import sample_dists
from packaging_pairs import VERIFIED_DATE, Pair, build_by_ci, build_verified, write_project
from real_differences import DIFFERENCES, Difference, with_mode
from seatrial.distributions.comparison import Sameness, compare
from seatrial.distributions.distribution import Distribution

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.parametrize(
    "pair",
    [
        Pair("python -m build", "setuptools"),
        Pair("python -m build", "hatchling"),
        Pair("uv build", "poetry-core"),
        Pair("uv build", "uv_build"),
    ],
    ids=lambda pair: f"{pair.builder}, {pair.backend}",
)
def test_files_of_a_builder_of_ci_have_the_content_of_those_that_were_verified(tmp_path: Path, pair: Pair) -> None:
    """What a backend packages, and how, is known to the backend alone; bench/builders.py has all pairs."""
    if pair.builder == "uv build" and not shutil.which("uv"):
        pytest.skip("there is no uv")
    write_project(pair.backend, tmp_path / "verified")
    write_project(pair.backend, tmp_path / "ci", date=VERIFIED_DATE - 5_000_000)
    verified = build_verified(tmp_path / "verified", tmp_path / "environment")
    programs = os.path.dirname(sys.executable)  # noqa: PTH120 - pathlib would follow the link of an environment
    files = build_by_ci(pair, tmp_path / "ci", {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"})
    assert [path.name for path in files] == sorted(path.name for path in verified)
    for path in verified:
        comparison = compare(Distribution.read(path), Distribution.read(tmp_path / "ci/dist" / path.name))
        assert (comparison.sameness, comparison.differences) == (Sameness.SAME_CONTENT, ())


README = "\n# tidepool\n\nA small package, schön.\n"
METADATA = sample_dists.METADATA.partition("\n\n")[0] + "\n"
FILES = {
    "tidepool/__init__.py": "def depth() -> None:\n    print(2)\n",
    "tidepool/py.typed": "",
    "tidepool/data/levels.csv": "1,2\r\n",
    "tidepool/tools/measure.py": "#!/usr/bin/env python\n",
}
SDIST = sample_dists.sdist().having(
    {
        **{f"tidepool-1.2.3/src/{name}": text for name, text in FILES.items()},
        "tidepool-1.2.3/PKG-INFO": METADATA + README,
    }
)
WHEEL = sample_dists.wheel().having({**FILES, "tidepool-1.2.3.dist-info/METADATA": METADATA + README})


@pytest.mark.parametrize("name", DIFFERENCES)
def test_real_difference_is_found_and_named(name: str) -> None:
    difference = DIFFERENCES[name]
    sample = WHEEL if difference.suffix == ".whl" else SDIST
    data = Difference(difference.suffix, with_mode("measure.py", 0o755)).make(sample.data())
    first, second = sample_dists.read(sample.name, data), sample_dists.read(sample.name, difference.make(data))
    comparison = compare(first, second)
    assert comparison.sameness is Sameness.DIFFERENT
    assert comparison.differences
    assert compare(second, first).sameness is Sameness.DIFFERENT
