"""Whether a zip file reads the same from its front, as a stream, and from its back, by its directory.

Readers that disagree could install files that no other tool has seen. PyPI has rejected such files since 2025; these
are its rules and messages, after APPNOTE.TXT, the specification of zip files.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import zipfile


LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
END64, LOCATOR64 = b"PK\6\6", b"PK\6\7"

ZIP64, UNICODE_PATH = 0x0001, 0x7075
"""The numbers of the two extra fields that change how a header reads."""

UNSET = 0xFFFFFFFF
"""What a header holds where the number is in its ZIP64 field."""

HAS_DESCRIPTOR = 0x08
UNPRINTABLE = frozenset((*range(0x20), 0x7F))
MALFORMED = "Malformed zip file"


class ZipStructureError(ValueError):
    """The sentence of PyPI about a zip file."""


@dataclass
class ZipReader:
    """What was read so far, from the front of a zip file to its back."""

    sizes: dict[str, tuple[int, int]]
    local: set[bytes] = field(default_factory=set)
    central: set[bytes] = field(default_factory=set)
    records: int = 0
    started: int | None = None
    length: int = 0
    end64: tuple[int, int, int] | None = None
    has_locator: bool = False


def structure_fault(archive: zipfile.ZipFile, file: BinaryIO) -> str | None:
    """Return what PyPI says of the file of an open archive, None if nothing is wrong."""
    reader = ZipReader({info.orig_filename: (info.compress_size, info.file_size) for info in archive.infolist()})
    file.seek(0)
    try:
        while _step(reader, file):
            pass
    except ZipStructureError as error:
        return str(error)
    end = file.tell()
    return "Trailing data" if file.seek(0, os.SEEK_END) != end else None


def _step(reader: ZipReader, file: BinaryIO) -> bool:
    """Read one record; the one at the end returns False."""
    signature = _take(file, 4)
    if signature == END and reader.end64 and not reader.has_locator:
        raise ZipStructureError(MALFORMED)
    if signature == CENTRAL:
        _central(reader, file)
    elif signature == LOCAL:
        _local(reader, file)
    elif signature == END64:
        length, on_disk, records, size, offset = struct.unpack("<Q12xQQQQ", _take(file, 52))
        if on_disk != records:
            raise ZipStructureError(MALFORMED)
        if length != 44:  # noqa: PLR2004 - what a record without an extension has after its length
            raise ZipStructureError("ZIP64 extensible data not allowed")
        reader.end64 = (records, size, offset)
    elif signature == LOCATOR64:
        _take(file, 16)
        reader.has_locator = True
    elif signature == END:
        _end(reader, file)
        return False
    else:
        raise ZipStructureError("Unknown record signature")
    return True


def _local(reader: ZipReader, file: BinaryIO) -> None:
    flags, method, packed, size, name_length, extra_length = struct.unpack("<xxHHxxxxxxxxLLHH", _take(file, 26))
    name, extra = _take(file, name_length), _take(file, extra_length)
    _name(name)
    packed, size = _extras(extra, method, packed, size)
    if flags & HAS_DESCRIPTOR:
        raise ZipStructureError("ZIP contains a data descriptor")
    try:
        expected = reader.sizes[name.decode("utf-8")]
    except UnicodeDecodeError:
        raise ZipStructureError("Filename not unicode") from None
    except KeyError:
        raise ZipStructureError("Filename not in central directory") from None
    if expected[0] != packed:
        raise ZipStructureError("Mis-matched data size")
    if expected[1] != size:
        raise ZipStructureError("Mis-matched file size")
    file.seek(packed, os.SEEK_CUR)
    if name in reader.local:
        raise ZipStructureError("Duplicate filename in local headers")
    reader.local.add(name)


def _extras(extra: bytes, method: int, packed: int, size: int) -> tuple[int, int]:
    """Read the extra fields of a local header, and return the sizes, packed and unpacked, that hold then."""
    numbers = set()
    while extra:
        if len(extra) < 4:  # noqa: PLR2004 - a number and a length, of two bytes each
            raise ZipStructureError(MALFORMED)
        number, length = struct.unpack("<HH", extra[:4])
        data, following = extra[4 : 4 + length], extra[4 + length :]
        if len(data) != length:
            raise ZipStructureError(MALFORMED)
        if number in numbers and number in {ZIP64, UNICODE_PATH}:
            raise ZipStructureError("Invalid duplicate extra in local file")
        numbers.add(number)
        if number == ZIP64:
            packed, size = _zip64(data, method, packed, size)
        elif number == UNICODE_PATH:
            try:
                _name(data[5:]).decode("utf-8")
            except UnicodeDecodeError:
                raise ZipStructureError("Filename not valid UTF-8") from None
        extra = following
    return packed, size


def _zip64(data: bytes, method: int, packed: int, size: int) -> tuple[int, int]:
    if len(data) not in {0, 8, 16, 24, 28}:
        raise ZipStructureError(MALFORMED)
    if not data:
        if UNSET in {packed, size}:
            raise ZipStructureError(MALFORMED)
        return packed, size
    (unpacked,) = struct.unpack("<Q", data[:8])
    if len(data) == 8:  # noqa: PLR2004 - one size alone, so both have to be the same
        if method:
            raise ZipStructureError(MALFORMED)
        packed = unpacked
    else:
        (packed,) = struct.unpack("<Q", data[8:16])
    return packed, unpacked if size == UNSET else size


def _central(reader: ZipReader, file: BinaryIO) -> None:
    if reader.started is None:
        reader.started = file.tell() - 4
    reader.records += 1
    name_length, extra_length, comment_length = struct.unpack("<24xHHH12x", _take(file, 42))
    if comment_length:
        raise ZipStructureError("Comment in central directory")
    name = _take(file, name_length)
    _take(file, extra_length)
    _name(name)
    reader.length += 46 + name_length + extra_length
    if name in reader.central:
        raise ZipStructureError("Duplicate filename in central directory")
    if name not in reader.local:
        raise ZipStructureError("Missing filename in local headers")
    reader.central.add(name)


def _end(reader: ZipReader, file: BinaryIO) -> None:
    on_disk, records, size, offset, comment_length = struct.unpack("<xxxxHHLLH", _take(file, 18))
    if on_disk != records:
        raise ZipStructureError(MALFORMED)
    started = file.tell() - 22 if reader.started is None else reader.started
    file.seek(comment_length, os.SEEK_CUR)
    records, size, offset = reader.end64 or (records, size, offset)
    if records != reader.records:
        raise ZipStructureError("Mismatched central directory records")
    if offset != started:
        raise ZipStructureError("Mismatched central directory offset")
    if size != reader.length:
        raise ZipStructureError("Mismatched central directory size")


def _name(name: bytes) -> bytes:
    if not UNPRINTABLE.isdisjoint(name):
        raise ZipStructureError("Invalid character in filename")
    return name


def _take(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise ZipStructureError(MALFORMED)
    return data
