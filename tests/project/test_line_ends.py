"""Keeping the line ends of a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.project.safe_writes import restore_line_ends


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        (b"a\nb\n", b"a\nc\n", b"a\nc\n"),
        (b"a\r\nb\r\n", b"a\nc\n", b"a\r\nc\r\n"),
        (b"a\r\nb\r\n", b"a\r\nc\r\n", b"a\r\nc\r\n"),
        (b"a\r\nb", b"a\nc", b"a\r\nc"),
        (b"a\r\nb\r\nc\n", b"a\nnew\nb\nc\n", b"a\r\nnew\r\nb\r\nc\n"),
        (b"a\nb\nc\r\n", b"a\nnew\nb\nc\n", b"a\nnew\nb\nc\r\n"),
        (b"", b"a\n", b"a\n"),
        (b"a\rb\r\n", b"a\rb\nc\n", b"a\rb\r\nc\r\n"),
        (b"\xef\xbb\xbfa\r\n", b"\xef\xbb\xbfb\n", b"\xef\xbb\xbfb\r\n"),
    ],
)
def test_lines_keep_their_ends(old: bytes, new: bytes, kept: bytes) -> None:
    assert restore_line_ends(old, new) == kept


@given(
    st.lists(
        st.tuples(st.binary().filter(lambda line: not set(line) & set(b"\r\n\x0b\x0c\x1c\x1d\x1e\x85")), st.booleans())
    )
)
def test_file_that_was_only_made_lf_comes_back_to_the_byte(lines: list[tuple[bytes, bool]]) -> None:
    old = b"".join(line + (b"\r\n" if has else b"\n") for line, has in lines)
    assert restore_line_ends(old, old.replace(b"\r\n", b"\n")) == old
