"""The manifest of a release is kept, and read only while all its files are as they were."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Callable

import pytest

import sample_dists
from seatrial.distributions.distribution import Distribution
from seatrial.git.repository import Repository
from seatrial.release.manifest import MANIFEST_FOLDER, Manifest
from seatrial.release.prepare import changed_distributions

if TYPE_CHECKING:
    from pathlib import Path


def repository(root: Path) -> Repository:
    return Repository(root, "", root, root, "a" * 40, "main")


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """Return a manifest of two files, which lie outside the project."""
    (tmp_path / "dist").mkdir()
    paths = [tmp_path / "dist" / name for name in ("tidepool-1.3.0.tar.gz", "tidepool-1.3.0-py3-none-any.whl")]
    for path in paths:
        path.write_bytes(path.name.encode())
    return Manifest("v1.3.0", "1.3.0", "a" * 40, tuple(Distribution.from_path(path) for path in paths))


def test_manifest_is_read_with_copies_of_its_files(tmp_path: Path, manifest: Manifest) -> None:
    manifest.keep(repository(tmp_path))
    recalled = Manifest.recall(repository(tmp_path))
    assert recalled
    assert recalled.as_dict() == manifest.as_dict()
    assert [entry.path for entry in recalled.files] == [
        tmp_path / MANIFEST_FOLDER / file.path.name for file in manifest.files
    ]


def test_next_manifest_takes_the_place_of_the_last(tmp_path: Path, manifest: Manifest) -> None:
    manifest.keep(repository(tmp_path))
    Manifest("v1.4.0", "1.4.0", "b" * 40, manifest.files[:1]).keep(repository(tmp_path))
    recalled = Manifest.recall(repository(tmp_path))
    assert recalled
    assert recalled.tag == "v1.4.0"
    assert sorted(path.name for path in (tmp_path / MANIFEST_FOLDER).iterdir()) == [
        "manifest.json",
        manifest.files[0].path.name,
    ]


@pytest.mark.parametrize("prefixes", [("packages/foo/", ""), ("packages/", "packages/foo/"), ("a/b/", "a-b/")])
def test_manifest_of_another_package_of_the_repository_leaves_it_alone(
    tmp_path: Path, manifest: Manifest, prefixes: tuple[str, str]
) -> None:
    first, second = (replace(repository(tmp_path), prefix=prefix) for prefix in prefixes)
    manifest.keep(first)
    Manifest("foo-v1.4.0", "1.4.0", "b" * 40, manifest.files[:1]).keep(second)
    manifests = [Manifest.recall(clone) for clone in (first, second)]
    assert [manifest.tag for manifest in manifests if manifest] == ["v1.3.0", "foo-v1.4.0"]


def lose_a_file(folder: Path) -> None:
    (folder / "tidepool-1.3.0.tar.gz").unlink()


def change_a_file(folder: Path) -> None:
    (folder / "tidepool-1.3.0.tar.gz").write_bytes(b"other")


def cut_it_off(folder: Path) -> None:
    (folder / "manifest.json").write_text((folder / "manifest.json").read_text()[:-9])


def say_less(folder: Path) -> None:
    (folder / "manifest.json").write_text(json.dumps({"tag": "v1.3.0", "files": []}))


def say_something_else(folder: Path) -> None:
    (folder / "manifest.json").write_text("[1]")


@pytest.mark.parametrize("damage", [lose_a_file, change_a_file, cut_it_off, say_less, say_something_else])
def test_damaged_manifest_is_none(tmp_path: Path, manifest: Manifest, damage: Callable[[Path], None]) -> None:
    manifest.keep(repository(tmp_path))
    damage(tmp_path / MANIFEST_FOLDER)
    assert Manifest.recall(repository(tmp_path)) is None


def test_missing_manifest_is_none(tmp_path: Path) -> None:
    assert Manifest.recall(repository(tmp_path)) is None


def test_distribution_with_other_content_after_the_tests_is_found(tmp_path: Path) -> None:
    """A session may build once more in its own way, or clean up."""
    sample = sample_dists.wheel()
    path = tmp_path / sample.name
    path.write_bytes(sample.data())
    built = Distribution.read(path)
    changed = [*changed_distributions([built])]
    path.write_bytes(sample_dists.zipped({**members(path)}, zipfile.ZIP_STORED))
    assert Distribution.read(path).sha256 != built.sha256
    changed += changed_distributions([built])
    path.write_bytes(sample.having({"tidepool/__init__.py": "x = 1\n"}).data())
    assert [*changed, *changed_distributions([built])] == [f"dist/{sample.name}"]
    path.unlink()
    assert [*changed_distributions([built])] == []


def members(path: Path) -> dict[str, bytes | str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
