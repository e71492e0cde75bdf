"""Keeping the line ends of a file that a tool rewrites: bump-my-version and towncrier make LF of CRLF."""

from __future__ import annotations

import difflib


def restored(old: bytes, new: bytes) -> bytes:
    """Return ``new`` with the line ends of ``old``: a line that stayed keeps its own, a new one gets the usual one."""
    if b"\r\n" not in old:
        return new
    ends = [line.endswith(b"\r\n") for line in old.splitlines(keepends=True)]
    usual = ends.count(True) * 2 >= len(ends)
    before, after = _bare(old), _bare(new)
    carriage = [usual] * len(after)
    if not all(ends):
        for block in difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
            carriage[block.b : block.b + block.size] = ends[block.a : block.a + block.size]
    lines = (line + (b"\r\n" if has else b"\n") for line, has in zip(after, carriage))
    text = b"".join(lines)
    return text if new.endswith(b"\n") else text.rstrip(b"\r\n")


def _bare(text: bytes) -> list[bytes]:
    return [line.rstrip(b"\r\n") for line in text.splitlines()]
