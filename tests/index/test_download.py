"""A file is downloaded as the index lists it, or not at all."""

from __future__ import annotations

import gzip
import hashlib
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest

from one_page_index import serve_page
from seatrial.errors import IndexUnreachable
from seatrial.index.client import IndexFile, download_file
from seatrial.index.http import LARGEST_PAGE, get_page

if TYPE_CHECKING:
    from pathlib import Path


DATA = gzip.compress(b"an sdist", mtime=0)
NAME = "tidepool-1.2.3.tar.gz"


def listed(url: str, data: bytes = DATA) -> IndexFile:
    return IndexFile(NAME, hashlib.sha256(data).hexdigest(), len(data), None, url=url)


def test_file_is_downloaded_as_it_is(tmp_path: Path) -> None:
    with serve_page(DATA, "application/gzip") as url:
        assert download_file(listed(url), tmp_path) == tmp_path / NAME
    assert (tmp_path / NAME).read_bytes() == DATA


@pytest.mark.parametrize(
    ("status", "data", "why"),
    [(200, DATA + b"more", "does not have the file that the index lists"), (404, DATA, "is missing")],
)
def test_file_that_is_another_or_missing_is_not_downloaded(status: int, data: bytes, why: str, tmp_path: Path) -> None:
    with serve_page(data, "application/gzip", status) as url, pytest.raises(IndexUnreachable) as raised:
        download_file(listed(url), tmp_path)
    assert (raised.value.what, list(tmp_path.iterdir())) == (f"{url} {why}", [])


def test_answer_that_is_packed_is_not_unpacked_to_its_end() -> None:
    """What a small answer makes of the memory is counted: one piece more than the largest page."""
    pack, mebibyte = zlib.compressobj(1, zlib.DEFLATED, 31), bytes(1 << 20)
    bomb = b"".join([*(pack.compress(mebibyte) for _ in range(2 * (LARGEST_PAGE >> 20))), pack.flush()])
    tracemalloc.start()
    try:
        with serve_page(bomb, encoding="gzip") as url, pytest.raises(IndexUnreachable, match="larger than 100 MiB"):
            get_page(url, {}, 60)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(bomb) < LARGEST_PAGE // 100
    assert peak < 1.5 * LARGEST_PAGE


def test_file_without_an_address_is_not_downloaded(tmp_path: Path) -> None:
    with pytest.raises(IndexUnreachable, match=f"{NAME} is missing"):
        download_file(listed(""), tmp_path)
