"""What twine is asked, and what of others is used there that is not public."""

from __future__ import annotations

from typing import TYPE_CHECKING

import packaging.metadata
import pytest

import sample_dists
from errors_raised import raises_error
from seatrial.index.twine import KNOWING_METADATA_2_5, twine_check

if TYPE_CHECKING:
    from pathlib import Path


def test_private_list_that_lets_twine_6_take_metadata_2_5_is_still_there() -> None:
    assert "packaging.metadata._VALID_METADATA_VERSIONS.append" in KNOWING_METADATA_2_5
    assert isinstance(packaging.metadata._VALID_METADATA_VERSIONS, list)  # noqa: SLF001
    assert "2.4" in packaging.metadata._VALID_METADATA_VERSIONS  # noqa: SLF001


@pytest.mark.slow
def test_twine_accepts_a_missing_description_and_refuses_one_that_cannot_be_rendered(tmp_path: Path) -> None:
    """Twine itself runs: what it refuses, no check of ours decides."""
    healthy, broken = sample_dists.sdist(), sample_dists.wheel()
    rst = "Description-Content-Type: text/x-rst"
    for made in (healthy.saying(body=""), broken.saying(rst, body="Title\n=\n\n.. nonsense::\n")):
        (tmp_path / made.name).write_bytes(made.data())
    twine_check([tmp_path / healthy.name])
    with raises_error("DistributionsRefused") as raised:
        twine_check([tmp_path / healthy.name, tmp_path / broken.name])
    assert raised.value.what.startswith("twine check does not accept the distributions:\n")
    assert 'Unknown directive type "nonsense".' in raised.value.what
