"""What was built from which tree."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from seatrial.build_record import BuildRecord, Built, Look
from seatrial.errors import BackendFailed, BuildError
from seatrial.facts.distribution import Distribution
from seatrial.source_tree import SourceTree


@pytest.fixture
def tree(tmp_path: Path) -> SourceTree:
    (tmp_path / "a.py").write_text("one")
    os.utime(tmp_path / "a.py", (1, 1))
    return SourceTree(tmp_path, (PurePosixPath("a.py"),), 0, "", dated=True)


@pytest.fixture
def record(tmp_path: Path) -> BuildRecord:
    return BuildRecord(tmp_path / "built.json", tmp_path / "dist")


@pytest.fixture
def built(record: BuildRecord) -> Built:
    record.dist.mkdir()
    paths = [record.dist / name for name in ("a-1.tar.gz", "a-1-py3-none-any.whl")]
    for path in paths:
        path.write_text(path.name)
    sdist, wheel = (Distribution.from_path(path) for path in paths)
    return Built(sdist, wheel, ("b>1",), ("a",))


def test_what_was_kept_is_found_again(record: BuildRecord, tree: SourceTree, built: Built) -> None:
    assert record.find(tree) is None
    record.keep(Look.at(tree), built)
    assert record.find(tree) == built


def test_nothing_is_found_for_another_content(record: BuildRecord, tree: SourceTree, built: Built) -> None:
    record.keep(Look.at(tree), built)
    (tree.root / "a.py").write_text("two")
    assert record.find(tree) is None


def test_same_content_under_another_time_is_found_and_remembered(
    record: BuildRecord, tree: SourceTree, built: Built
) -> None:
    record.keep(Look.at(tree), built)
    os.utime(tree.root / "a.py", (2, 2))
    assert record.find(tree) == built
    assert f'"{tree.signature()}"' in record.path.read_text()


def test_file_of_the_same_size_written_in_the_tick_of_the_look_is_not_trusted(
    record: BuildRecord, tree: SourceTree, built: Built
) -> None:
    look = Look.at(tree)
    record.keep(Look(tree.latest(), look.signature, look.content), built)
    when = (tree.root / "a.py").stat()
    (tree.root / "a.py").write_text("two")
    os.utime(tree.root / "a.py", ns=(when.st_atime_ns, when.st_mtime_ns))
    assert tree.signature() == look.signature, "size and times tell nothing"
    assert record.find(tree) is None


@pytest.mark.parametrize("harm", ["removed", "changed", "record spoilt", "record of another seatrial"])
def test_nothing_is_found_when_dist_or_the_record_is_not_as_it_was(
    record: BuildRecord, tree: SourceTree, built: Built, harm: str
) -> None:
    record.keep(Look.at(tree), built)
    if harm == "removed":
        built.wheel.path.unlink()
    elif harm == "changed":
        built.sdist.path.write_text("another")
    elif harm == "record spoilt":
        record.path.write_text(record.path.read_text()[:-9])
    else:
        record.path.write_text(record.path.read_text().replace('"seatrial": "', '"seatrial": "0'))
    assert record.find(tree) is None


def test_failure_is_remembered_for_the_run_and_no_longer(record: BuildRecord) -> None:
    assert record.failure("run 1") is None
    record.fail("run 1", BackendFailed("the backend failed", fix="mend it"))
    failure = record.failure("run 1")
    assert isinstance(failure, BackendFailed)
    assert (failure.what, failure.fix) == ("the backend failed", "mend it")
    assert record.failure("run 2") is None
    record.path.with_suffix(".failed").write_text("spoilt")
    assert record.failure("run 1") is None
    assert issubclass(BackendFailed, BuildError)
