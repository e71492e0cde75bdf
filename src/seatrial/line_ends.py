"""Keeping the line ends of a file that a tool rewrites: bump-my-version and towncrier make LF of CRLF."""

from __future__ import annotations

import difflib


def restored(old: bytes, new: bytes) -> bytes:
    """Return ``new`` with the line ends of ``old``: a line that stayed keeps its own, a new one gets the usual one."""
    if b"\r\n" not in old:
        return new
    ends = [line.endswith(b"\r") for line in old.split(b"\n")[:-1]] or [False]
    usual = ends.count(True) * 2 >= len(ends)
    *before, _ = _bare(old)
    *after, rest = _bare(new)
    carriage = [usual] * len(after)
    if not all(ends):
        for block in difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
            carriage[block.b : block.b + block.size] = ends[block.a : block.a + block.size]
    return b"".join(line + (b"\r\n" if has else b"\n") for line, has in zip(after, carriage)) + rest


def _bare(text: bytes) -> list[bytes]:
    """Return the lines without their ends, the last one being what follows the last end."""
    return text.replace(b"\r\n", b"\n").split(b"\n")
