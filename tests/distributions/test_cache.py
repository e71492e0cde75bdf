"""What was built from which tree."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from seatrial.distributions.cache import BuildRecord, BuiltDistributions, SourceTree, TreeState
from seatrial.distributions.distribution import Distribution
from seatrial.errors import BuildError


@pytest.fixture
def tree(tmp_path: Path) -> SourceTree:
    (tmp_path / "a.py").write_text("one")
    os.utime(tmp_path / "a.py", (1, 1))
    return SourceTree(tmp_path, (PurePosixPath("a.py"),), 0, "", dated=True)


@pytest.fixture
def record(tmp_path: Path) -> BuildRecord:
    return BuildRecord(tmp_path / "built.json", tmp_path / "dist")


@pytest.fixture
def built(record: BuildRecord) -> BuiltDistributions:
    record.dist.mkdir()
    paths = [record.dist / name for name in ("a-1.tar.gz", "a-1-py3-none-any.whl")]
    for path in paths:
        path.write_text(path.name)
    sdist, wheel = (Distribution.from_path(path) for path in paths)
    return BuiltDistributions(sdist, wheel, ("b>1",), ("a",))


def test_what_was_kept_is_found_again(record: BuildRecord, tree: SourceTree, built: BuiltDistributions) -> None:
    assert record.find(tree) is None
    record.keep(TreeState.at(tree), built)
    assert record.find(tree) == built


def test_nothing_is_found_for_another_content(record: BuildRecord, tree: SourceTree, built: BuiltDistributions) -> None:
    record.keep(TreeState.at(tree), built)
    (tree.root / "a.py").write_text("two")
    assert record.find(tree) is None


def test_same_content_under_another_time_is_found(
    record: BuildRecord, tree: SourceTree, built: BuiltDistributions
) -> None:
    record.keep(TreeState.at(tree), built)
    os.utime(tree.root / "a.py", (2, 2))
    assert record.find(tree) == built


@pytest.mark.parametrize("before", [0, 1_900_000_000])
def test_file_of_the_same_size_written_about_when_it_was_looked_at_is_not_trusted(
    record: BuildRecord, tree: SourceTree, built: BuiltDistributions, before: int
) -> None:
    content = tree.content()
    (tree.root / "a.py").write_text("two")
    # As if size and times had not changed: the signature is that of the file as it is now, the content the old one.
    record.keep(TreeState(tree.latest() + before, tree.signature(), content), built)
    assert record.find(tree) is None


def test_file_that_git_ignores_and_that_went_into_the_build_counts(
    record: BuildRecord, tree: SourceTree, built: BuiltDistributions
) -> None:
    made = tree.root / "made.py"
    made.write_text("one")
    with_it = replace(built, extra=("made.py",))
    record.keep(TreeState.at(tree.with_files([PurePosixPath("made.py")])), with_it)
    assert record.find(tree) == with_it
    made.write_text("two")
    assert record.find(tree) is None


def test_cache_is_not_used_when_there_are_other_distributions(
    record: BuildRecord, tree: SourceTree, built: BuiltDistributions
) -> None:
    record.keep(TreeState.at(tree), built)
    (record.dist / ".gitignore").write_text("*")
    (record.dist / "a-1.tar.gz.publish.attestation").write_text("{}")
    assert record.find(tree) == built
    (record.dist / "a-0.9.tar.gz").write_text("old")
    assert record.find(tree) is None


@pytest.mark.parametrize("harm", ["removed", "changed", "record spoilt", "record of another seatrial"])
def test_nothing_is_found_when_dist_or_the_record_is_not_as_it_was(
    record: BuildRecord, tree: SourceTree, built: BuiltDistributions, harm: str
) -> None:
    record.keep(TreeState.at(tree), built)
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
    record.fail("run 1", BuildError("the backend failed", code="BackendFailed", fix="fix it"))
    failure = record.failure("run 1")
    assert type(failure) is BuildError
    assert (failure.code, failure.what, failure.fix) == ("BackendFailed", "the backend failed", "fix it")
    assert record.failure("run 2") is None
    record.path.with_suffix(".failed").write_text("spoilt")
    assert record.failure("run 1") is None
