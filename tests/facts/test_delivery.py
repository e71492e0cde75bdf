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
        ((WHEEL, SDIST, OTHER), State.OTHER_BYTES),
        ((replace(WHEEL, sha256="d" * 64),), State.OTHER_BYTES),
        ((yanked(replace(WHEEL, sha256="d" * 64)), SDIST), State.OTHER_BYTES),
    ],
)
def test_state_is_the_true_one(served: tuple[Shelved, ...], state: State) -> None:
    assert delivery(*served).state is state


def test_each_file_is_told_in_the_order_of_the_proof() -> None:
    found = delivery(OTHER, yanked(WHEEL))
    assert str(found).splitlines() == [
        f"{SDIST.name}  is not there",
        f"{WHEEL.name}  is yanked",
        f"{OTHER.name}  is there, and was not proved",
    ]
    assert (found.missing, found.unproved, found.counted) == ((SDIST.name,), (OTHER.name,), "1 of 2 files")


def test_wheels_that_others_compiled_are_none_of_a_proof_of_the_sdist_alone() -> None:
    alone = replace(delivery(SDIST, OTHER), wanted={SDIST.name: SDIST.sha256})
    assert (alone.state, alone.compiled) == (State.PUBLISHED, (OTHER.name,))
    assert str(alone).splitlines() == [
        f"{SDIST.name}  sha256 {SDIST.sha256}",
        f"{OTHER.name}  was compiled elsewhere, and was not proved",
    ]
    assert replace(alone, served=(SDIST, WHEEL)).state is State.OTHER_BYTES


def test_file_is_attested_when_the_index_says_where() -> None:
    found = delivery(replace(SDIST, provenance="https://example.invalid/provenance"), WHEEL)
    assert found.unattested == (WHEEL.name,)
