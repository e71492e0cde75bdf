"""The work for a release grows with the number of fragments and files, not faster, and stays small for each."""

from __future__ import annotations

import sys
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from seatrial.project.project import Project, require_inside
from seatrial.project.snapshot import ProjectSnapshot

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Callable

PYPROJECT = (
    '[project]\nname = "tide-pool"\nversion = "1.2.3"\n[tool.towncrier]\ndirectory = "news"\nfilename = "NEWS.md"\n'
)


def calls_of(work: Callable[[], object]) -> int:
    """Return how many functions are called, those in C included."""
    count = 0

    def profile(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    ("name", "most"), [("news/{}.feature.md", 400), ("data/{}.txt", 40), ("src/tide_pool/m{}.py", 150)]
)
def test_work_for_a_file_is_small_however_many_there_are(tmp_path: Path, name: str, most: int) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    counts = []
    for number in (500, 1_000, 1_500):
        files = tuple(PurePosixPath(name.format(index)) for index in range(number))
        counts.append(calls_of(lambda files=files: ProjectSnapshot.of(tmp_path, files, ["v1.2.3"])))  # type: ignore[misc]
    first, second = counts[1] - counts[0], counts[2] - counts[1]
    assert second < 1.1 * first
    assert second / 500 < most


def test_folder_of_many_fragments_is_resolved_once(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    root = Project.from_directory(tmp_path).root
    folders = root / "news"
    single = calls_of(lambda: require_inside(root, [folders]))
    many = calls_of(lambda: require_inside(root, [folders] * 500))
    assert many - single < 500 * 10
