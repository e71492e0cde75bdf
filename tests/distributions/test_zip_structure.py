"""A zip file that reads differently from its front and its back is refused in the words of PyPI."""

from __future__ import annotations

import io
import struct
import zipfile

from seatrial.distributions.zip_structure import structure_fault

LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
FIRST, SECOND = "first.py", "other.py"


def zipped(extra: bytes = b"", name: str = SECOND) -> bytes:
    """Return a zip file with two members of the same size, the second with an extra field."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(zipfile.ZipInfo(FIRST), b"same")
        info = zipfile.ZipInfo(name)
        info.extra = extra
        archive.writestr(info, b"same")
    return target.getvalue()


def patched(sign: bytes, place: int, value: bytes, data: bytes = zipped()) -> bytes:
    """Return a zip file with some bytes of the first header that begins with ``sign`` changed."""
    at = data.index(sign) + place
    return data[:at] + value + data[at + len(value) :]


def error_of(data: bytes) -> str | None:
    file = io.BytesIO(data)
    with zipfile.ZipFile(file) as archive:
        return structure_fault(archive, file)


def field(number: int, data: bytes) -> bytes:
    return struct.pack("<HH", number, len(data)) + data


def with_comment() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        info = zipfile.ZipInfo(FIRST)
        info.comment = b"a comment"
        archive.writestr(info, b"same")
    return target.getvalue()


def zip64() -> bytes:
    target = io.BytesIO()
    with (
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(FIRST, "w", force_zip64=True) as file,
    ):
        file.write(b"same")
    return target.getvalue()


def test_empty_zip_file_is_in_order() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w"):
        pass
    assert not error_of(target.getvalue())


def test_zip_file_that_reads_the_same_is_in_order() -> None:
    files = {"plain": zipped(), "ZIP64": zip64(), "extra": zipped(field(0x9999, b"x"))}
    assert {name: error_of(data) for name, data in files.items()} == dict.fromkeys(files)


BROKEN = (
    (patched(LOCAL, 6, b"\x08"), "ZIP contains a data descriptor"),
    (patched(LOCAL, 18, b"\x05"), "Mis-matched data size"),
    (patched(LOCAL, 22, b"\x05"), "Mis-matched file size"),
    (patched(LOCAL, 30, b"x"), "Filename not in central directory"),
    (patched(LOCAL, 30, b"\xff"), "Filename not unicode"),
    (patched(LOCAL, 30, b"\x01"), "Invalid character in filename"),
    (zipped().replace(SECOND.encode(), FIRST.encode()), "Duplicate filename in local headers"),
    (patched(CENTRAL, 46, SECOND.encode()), "Filename not in central directory"),
    (patched(END, 8, b"\x03\x00\x03\x00"), "Mismatched central directory records"),
    (patched(END, 8, b"\x03\x00"), "Malformed zip file"),
    (with_comment(), "Comment in central directory"),
    (zipped() + b"more", "Trailing data"),
    (b"#!/bin/sh\n" + zipped(), "Unknown record signature"),
    (zipped(b"xyz"), "Malformed zip file"),
    (zipped(field(0x9999, b"short")).replace(b"\x99\x99\5", b"\x99\x99\7", 1), "Malformed zip file"),
    (zipped(field(0x7075, b"\1\0\0\0\0a") * 2), "Invalid duplicate extra in local file"),
    (zipped(field(0x7075, b"\1\0\0\0\0\xff")), "Filename not valid UTF-8"),
    (zipped(field(0x7075, b"\1\0\0\0\0a\x01")), "Invalid character in filename"),
)
"""Zip files, and what PyPI says of each."""


def test_zip_errors_have_the_words_of_pypi() -> None:
    assert [(place, error_of(data)) for place, (data, _) in enumerate(BROKEN)] == [
        (place, text) for place, (_, text) in enumerate(BROKEN)
    ]
