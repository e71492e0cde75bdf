"""What is unfinished in a repository with several packages, and whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seatrial.tools import checkout

if TYPE_CHECKING:
    from trial import Trial

ALL = (
    ".github/ci.yml",
    "lone.py",
    "packages/bar/b.py",
    "packages/foo/a.py",
    "packages/foo/tests/data/setup.py",
    "x/y.py",
)
"""Files of the repository, those of the packages beside a pyproject.toml."""


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        (".", (*ALL, "packages/new/")),
        ("packages/foo", (ALL[0], ALL[1], ALL[3], ALL[4], ALL[5])),
        ("packages/bar", (ALL[0], ALL[1], ALL[2], ALL[5])),
    ],
)
def test_what_is_unfinished_is_told_but_for_the_folders_of_other_packages(
    trial: Trial, folder: str, expected: tuple[str, ...]
) -> None:
    trial.git("init", "-q")
    packages = [f"{name}pyproject.toml" for name in ("", "packages/foo/", "packages/bar/")]
    trial.write(dict.fromkeys((*ALL, *packages), ""))
    trial.commit()
    trial.write(dict.fromkeys(ALL, "unfinished"))
    trial.write({"packages/new/setup.py": "", "packages/new/new.py": ""})
    assert checkout.unfinished_of_package(checkout.look(trial.root / folder)) == expected
