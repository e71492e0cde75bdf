"""What an index has of a release, beside what was proved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seatrial.index.client import IndexFile
from seatrial.publish.state import IndexState, ReleaseOnIndex

SDIST = IndexFile("tidepool-1.3.0.tar.gz", "a" * 64, 1, None)
WHEEL = IndexFile("tidepool-1.3.0-py3-none-any.whl", "b" * 64, 1, None)
OTHER = IndexFile("tidepool-1.3.0-cp312-cp312-win_amd64.whl", "c" * 64, 1, None)
WANTED = {SDIST.name: SDIST.sha256, WHEEL.name: WHEEL.sha256}


def yanked(one: IndexFile) -> IndexFile:
    return replace(one, is_yanked=True)


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
        ((replace(WHEEL, sha256="d" * 64),), IndexState.OTHER_BYTES),
        ((yanked(replace(WHEEL, sha256="d" * 64)), SDIST), IndexState.OTHER_BYTES),
    ],
)
def test_state_is_the_true_one(served: tuple[IndexFile, ...], state: IndexState) -> None:
    assert delivery(*served).state is state


def test_each_file_is_told_in_the_order_of_the_proof() -> None:
    found = delivery(yanked(OTHER), yanked(WHEEL))
    assert str(found).splitlines() == [
        f"{SDIST.name}  is not there",
        f"{WHEEL.name}  is yanked",
        f"{OTHER.name}  is there too: more than was proved, and not compared, and yanked",
    ]
    assert (found.missing, found.not_in_manifest, found.counted) == ((SDIST.name,), (OTHER.name,), "1 of 2 files")


def test_bytes_that_differ_from_a_build_of_the_tag_are_told_to_be_only_that() -> None:
    found = replace(delivery(replace(WHEEL, sha256="d" * 64)), is_rebuilt=True)
    assert str(found).splitlines()[2:] == [
        "compared with a build of the tag, which other versions of its tools make otherwise: the proof is not here"
    ]
    assert "compared" not in str(replace(found, served=(WHEEL,)))


def test_file_is_attested_when_the_index_says_where_and_unknown_when_it_says_nothing() -> None:
    found = delivery(replace(SDIST, provenance="https://example.invalid/provenance"), replace(WHEEL, provenance=""))
    assert (found.attestations_missing, found.attestations_unknown) == ((WHEEL.name,), ())
    assert (delivery(SDIST).attestations_missing, delivery(SDIST).attestations_unknown) == ((), (SDIST.name,))
