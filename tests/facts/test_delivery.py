"""What an index has of a release, beside what was proved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seatrial.facts.delivery import Delivery, State
from seatrial.facts.shelf import Shelved

SDIST = Shelved("tidepool-1.3.0.tar.gz", "a" * 64, 1, None)
WHEEL = Shelved("tidepool-1.3.0-py3-none-any.whl", "b" * 64, 1, None)
OTHER = Shelved("tidepool-1.3.0-cp312-cp312-win_amd64.whl", "c" * 64, 1, None)
WANTED = {SDIST.name: SDIST.sha256, WHEEL.name: WHEEL.sha256}


def yanked(one: Shelved) -> Shelved:
    return replace(one, is_yanked=True)


def delivery(*served: Shelved) -> Delivery:
    return Delivery("tidepool", "1.3.0", "https://example.invalid/simple/", WANTED, served)


@pytest.mark.parametrize(
    ("served", "state"),
    [
        ((), State.NOT_THERE),
        ((WHEEL,), State.PARTLY),
        ((WHEEL, SDIST), State.PUBLISHED),
        ((WHEEL, yanked(SDIST)), State.YANKED),
        ((yanked(WHEEL),), State.YANKED),
        ((WHEEL, SDIST, OTHER), State.PUBLISHED),
        ((WHEEL, SDIST, yanked(OTHER)), State.PUBLISHED),
        ((WHEEL, yanked(SDIST), OTHER), State.YANKED),
        ((OTHER,), State.PARTLY),
        ((replace(WHEEL, sha256="d" * 64), SDIST, OTHER), State.OTHER_BYTES),
        ((replace(WHEEL, sha256="d" * 64),), State.OTHER_BYTES),
        ((yanked(replace(WHEEL, sha256="d" * 64)), SDIST), State.OTHER_BYTES),
    ],
)
def test_state_is_the_true_one(served: tuple[Shelved, ...], state: State) -> None:
    assert delivery(*served).state is state


def test_each_file_is_told_in_the_order_of_the_proof() -> None:
    found = delivery(yanked(OTHER), yanked(WHEEL))
    assert str(found).splitlines() == [
        f"{SDIST.name}  is not there",
        f"{WHEEL.name}  is yanked",
        f"{OTHER.name}  is there too: more than was proved, and not compared, and yanked",
    ]
    assert (found.missing, found.unproved, found.counted) == ((SDIST.name,), (OTHER.name,), "1 of 2 files")


def test_bytes_that_differ_from_a_build_of_the_tag_are_told_to_be_only_that() -> None:
    found = replace(delivery(replace(WHEEL, sha256="d" * 64)), is_rebuilt=True)
    assert str(found).splitlines()[2:] == [
        "compared with a build of the tag, which other versions of its tools make otherwise: the proof is not here"
    ]
    assert "compared" not in str(replace(found, served=(WHEEL,)))


def test_file_is_attested_when_the_index_says_where_and_unknown_when_it_says_nothing() -> None:
    found = delivery(replace(SDIST, provenance="https://example.invalid/provenance"), replace(WHEEL, provenance=""))
    assert (found.unattested, found.untold) == ((WHEEL.name,), ())
    assert (delivery(SDIST).unattested, delivery(SDIST).untold) == ((), (SDIST.name,))
