"""What an index has of a release, compared with what was verified."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import sample_dists
from seatrial.distributions.distribution import Distribution
from seatrial.index.client import IndexFile
from seatrial.publish.release_on_index import IndexState, ReleaseOnIndex
from seatrial.release.manifest import Manifest

if TYPE_CHECKING:
    from pathlib import Path


SDIST = IndexFile("tidepool-1.3.0.tar.gz", "a" * 64, 1, None)
WHEEL = IndexFile("tidepool-1.3.0-py3-none-any.whl", "b" * 64, 1, None)
OTHER = IndexFile("tidepool-1.3.0-cp312-cp312-win_amd64.whl", "c" * 64, 1, None)
WANTED = {SDIST.name: SDIST.sha256, WHEEL.name: WHEEL.sha256}


def yanked(file: IndexFile) -> IndexFile:
    return replace(file, is_yanked=True)


def delivery(*served: IndexFile) -> ReleaseOnIndex:
    return ReleaseOnIndex("tidepool", "1.3.0", "https://example.invalid/simple/", WANTED, served)


@pytest.mark.parametrize(
    ("served", "state"),
    [
        ((), IndexState.NOT_THERE),
        ((WHEEL,), IndexState.PARTLY),
        ((WHEEL, SDIST), IndexState.PUBLISHED),
        ((WHEEL, yanked(SDIST)), IndexState.YANKED),
        ((yanked(WHEEL),), IndexState.YANKED),
        ((WHEEL, SDIST, OTHER), IndexState.PUBLISHED),
        ((WHEEL, SDIST, yanked(OTHER)), IndexState.PUBLISHED),
        ((WHEEL, yanked(SDIST), OTHER), IndexState.YANKED),
        ((OTHER,), IndexState.PARTLY),
        ((replace(WHEEL, sha256="d" * 64), SDIST, OTHER), IndexState.OTHER_BYTES),
        ((replace(WHEEL, sha256="d" * 64),), IndexState.PARTLY),
        ((yanked(replace(WHEEL, sha256="d" * 64)), SDIST), IndexState.YANKED),
        # An index that merges others can list a file twice.
        ((WHEEL, SDIST, WHEEL), IndexState.PUBLISHED),
        ((WHEEL, SDIST, replace(WHEEL, sha256="d" * 64)), IndexState.OTHER_BYTES),
        ((replace(WHEEL, sha256="d" * 64), WHEEL, SDIST), IndexState.OTHER_BYTES),
        ((WHEEL, SDIST, replace(SDIST, name="tidepool-1.3.0.zip")), IndexState.UNEXPECTED),
        ((WHEEL, SDIST, replace(WHEEL, name="tidepool-1.3.0-1-py3-none-any.whl")), IndexState.UNEXPECTED),
        ((yanked(WHEEL), SDIST, replace(WHEEL, name="tidepool-1.3.0-py2-none-any.whl")), IndexState.UNEXPECTED),
    ],
)
def test_state_follows_from_the_files(served: tuple[IndexFile, ...], state: IndexState) -> None:
    assert delivery(*served).state is state


def test_files_are_listed_in_the_order_of_the_manifest() -> None:
    state = delivery(yanked(OTHER), yanked(WHEEL))
    assert str(state).splitlines() == [
        f"{SDIST.name}  missing",
        f"{WHEEL.name}  identical, sha256 {'b' * 64}, yanked",
        f"{OTHER.name}  a wheel for one platform, which is not compared, yanked",
    ]
    assert (state.missing, state.not_in_manifest, state.counted) == ((SDIST.name,), (OTHER.name,), "1 of 2 files")


def put(folder: Path, sample: sample_dists.SampleDist, data: bytes = b"") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / sample.name).write_bytes(data or sample.data())
    return folder / sample.name


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """Return a manifest of a sample sdist and wheel."""
    files = [Distribution.from_path(put(tmp_path / "verified", sample)) for sample in (SDIST_FILE, WHEEL_FILE)]
    return Manifest("v1.2.3", "1.2.3", "c0ffee", tuple(files))


SDIST_FILE, WHEEL_FILE = sample_dists.sdist(), sample_dists.wheel()


def compared(manifest: Manifest, folder: Path, *served: Path) -> ReleaseOnIndex:
    """Compare files that an index serves with a manifest; those that are not in ``folder`` can't be downloaded."""
    files = tuple(IndexFile(path.name, Distribution.from_path(path).sha256, 1, None) for path in served)
    release = ReleaseOnIndex("tidepool", "1.2.3", "https://example.invalid/simple/", manifest.hashes, files)
    return release.with_content(manifest, lambda file: folder / file.name)


def test_files_are_compared_by_content(manifest: Manifest, tmp_path: Path) -> None:
    files = {name: text for name, text in SDIST_FILE.files.items() if text is not None}
    turned = sample_dists.tarred(dict(reversed(files.items())))
    other = WHEEL_FILE.having({"tidepool/__init__.py": "changed\n"})
    downloads = tmp_path / "there"
    release = compared(manifest, downloads, put(downloads, SDIST_FILE, turned), put(downloads, other))
    assert (release.state, release.missing) == (IndexState.DIFFERENT, ())
    assert str(release).splitlines() == [
        f"{SDIST_FILE.name}  same content, packaged differently: order",
        f"{WHEEL_FILE.name}  different content: tidepool/__init__.py",
    ]
    again = replace(release, is_rebuilt=True)
    assert str(again).splitlines()[2].startswith("no manifest was kept, so these are compared with a new build")
    same = compared(manifest, downloads, put(downloads, SDIST_FILE, turned), put(downloads, WHEEL_FILE))
    assert (same.state, same.repackaged) == (IndexState.SAME_CONTENT, {SDIST_FILE.name: ("order",)})
    assert sorted(same.served_hashes) == sorted(file.sha256 for file in same.served)
    assert release.served_hashes == (release.served[0].sha256,)
    # A file that is missing, and one whose content is the same.
    assert compared(manifest, downloads, put(downloads, SDIST_FILE, turned)).state is IndexState.PARTLY


def test_file_that_can_not_be_downloaded_is_not_compared_and_never_called_different(
    manifest: Manifest, tmp_path: Path
) -> None:
    other = put(tmp_path / "there", SDIST_FILE.having({"tidepool-1.2.3/LICENSE": "changed\n"}))
    release = compared(manifest, tmp_path / "nowhere", other, put(tmp_path / "there", WHEEL_FILE))
    assert release.state is IndexState.OTHER_BYTES
    assert str(release).startswith(
        f"{SDIST_FILE.name}  other bytes, not compared ([Errno 2] No such file or directory: "
    )


def test_members_that_differ_are_named_up_to_a_number_and_printably(manifest: Manifest, tmp_path: Path) -> None:
    more = SDIST_FILE.having({f"tidepool-1.2.3/{letter}\x1b[31m": "new" for letter in "abcdefg"})
    release = compared(manifest, tmp_path / "there", put(tmp_path / "there", more))
    assert release.describe_file(SDIST_FILE.name).endswith(" and 2 more")
    assert "\x1b" not in release.describe_file(SDIST_FILE.name)


def test_attestations_are_read_from_the_index_and_unknown_without_its_data() -> None:
    state = delivery(replace(SDIST, provenance="https://example.invalid/provenance"), replace(WHEEL, provenance=""))
    assert (state.attestations_missing, state.attestations_unknown) == ((WHEEL.name,), ())
    assert (delivery(SDIST).attestations_missing, delivery(SDIST).attestations_unknown) == ((), (SDIST.name,))
