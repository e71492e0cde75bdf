"""Archives are hostile until proven otherwise: problems are reported, and nothing is raised."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import sample_dists
from seatrial.checks.registry import check_distributions
from seatrial.distributions.archive import Fault, FaultKind, Member, MemberKind, Secret, read_tar
from seatrial.distributions.distribution import Distribution
from seatrial.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


SDIST, WHEEL = sample_dists.sdist(), sample_dists.wheel()
FILES = {name: text for name, text in SDIST.files.items() if text is not None}
UNREADABLE, HOSTILE = FaultKind.UNREADABLE, FaultKind.HOSTILE


def fault(name: str, data: bytes) -> Fault | None:
    return sample_dists.read(name, data).contents.fault


def test_file_is_read_from_disk_with_its_hashes(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    path.write_bytes(SDIST.data())
    spooled = Distribution.read(path, SDIST.name)
    assert replace(spooled, path=SDIST.distribution().path) == SDIST.distribution()
    assert (spooled.name, spooled.size, spooled.sha256, spooled.blake2_256) == (
        SDIST.name,
        len(SDIST.data()),
        hashlib.sha256(SDIST.data()).hexdigest(),
        hashlib.blake2b(SDIST.data(), digest_size=32).hexdigest(),
    )


@pytest.mark.parametrize("healthy", [SDIST, WHEEL], ids=["sdist", "wheel"])
def test_members_are_read_with_size_and_hash(healthy: sample_dists.SampleDist) -> None:
    held = {file.name: file for file in healthy.distribution().files}
    name = next(name for name in held if name.endswith("LICENSE"))
    digest = hashlib.sha256(b"MIT License\n").hexdigest()
    assert held[name] == Member(name, MemberKind.FILE, 12, sha256=digest)
    assert held.keys() == healthy.files.keys()


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        (SDIST.name, b"", Fault(UNREADABLE, "File is not a tarfile")),
        (SDIST.name, b"no archive at all", Fault(UNREADABLE, "File is not a tarfile")),
        (WHEEL.name, b"no archive at all", Fault(UNREADABLE, "File is not a zipfile")),
        (WHEEL.name, SDIST.data(), Fault(UNREADABLE, "File is not a zipfile")),
        (SDIST.name, WHEEL.data(), Fault(UNREADABLE, "File is not a tarfile")),
        (SDIST.name, SDIST.data() + WHEEL.data(), Fault(UNREADABLE, "File is both a zip and a tar file")),
        (SDIST.name, gzip.compress(b"not tar"), Fault(UNREADABLE, "File is not a tarfile")),
    ],
    ids=["empty", "text as sdist", "text as wheel", "sdist as wheel", "wheel as sdist", "both", "gzipped text"],
)
def test_file_of_another_kind_is_refused_in_the_words_of_pypi(name: str, data: bytes, expected: Fault) -> None:
    assert fault(name, data) == expected


@pytest.mark.parametrize("method", ["bz2", "xz", ""])
def test_tar_archive_that_is_not_gzipped_is_unreadable(method: str) -> None:
    target = io.BytesIO()
    modes = {"bz2": "w:bz2", "xz": "w:xz", "": "w:"}
    with tarfile.open(fileobj=target, mode=modes[method]) as archive:  # type: ignore[call-overload]
        archive.addfile(tarfile.TarInfo("tidepool-1.2.3/PKG-INFO"))
    problem = fault(SDIST.name, target.getvalue())
    assert problem is not None
    assert (problem.kind, problem.message) == (UNREADABLE, "None")
    assert str(problem.detail).startswith("Not a gzipped file")


def _bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    header = tarfile.TarInfo("tidepool-1.2.3/zeros")
    header.size = size
    parts = [packer.compress(header.tobuf())]
    parts += [packer.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    return b"".join([*parts, packer.flush()])


def _peak(read: Callable[[], Fault | None]) -> tuple[Fault | None, int]:
    """Return what reading found, and the most memory that it took, in bytes."""
    tracemalloc.start()
    try:
        return read(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_gzip_bomb_is_not_unpacked_to_its_end() -> None:
    data = _bomb(72 << 20)
    problem, peak = _peak(lambda: fault(SDIST.name, data))
    assert problem == Fault(HOSTILE, detail="it unpacks to more than 64 MiB")
    assert peak < 16 << 20


def test_zip_bomb_is_not_unpacked() -> None:
    data = sample_dists.zipped({"tidepool/zeros": bytes(65 << 20)})
    problem, peak = _peak(lambda: fault(WHEEL.name, data))
    assert problem is not None
    assert (problem.kind, problem.message) == (FaultKind.BOMB, "File exceeds compression ratio of 50")
    assert peak < 4 << 20


def test_header_that_is_huge_is_not_read() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    header = tarfile.TarInfo("tidepool-1.2.3/name")
    header.type, header.size = tarfile.XHDTYPE, 32 << 20
    first = tarfile.TarInfo("tidepool-1.2.3/PKG-INFO").tobuf()
    data = packer.compress(first + header.tobuf() + bytes(32 << 20)) + packer.flush()
    problem, peak = _peak(lambda: fault(SDIST.name, data))
    assert problem == Fault(HOSTILE, detail="a member has headers of more than 4 MiB")
    assert peak < 4 << 20


def test_headers_without_end_are_not_followed() -> None:
    header = tarfile.TarInfo("tidepool-1.2.3/name")
    header.type, header.size = tarfile.XGLTYPE, 512
    data = gzip.compress((header.tobuf() + b"10 a=bcd4\n".ljust(512, b"\0")) * 20_000)
    problem = fault(SDIST.name, data)
    assert problem is not None
    assert problem.kind in {UNREADABLE, HOSTILE}


def test_more_members_than_anybody_has_are_not_looked_at() -> None:
    data = gzip.compress(tarfile.TarInfo("tidepool-1.2.3/a").tobuf() * 2_001)
    assert read_tar(io.BytesIO(data), len(data), most=2_000).fault == Fault(
        HOSTILE, detail="it has more than 2,000 members"
    )
    enough = read_tar(io.BytesIO(data), len(data), most=2_001)
    assert enough.fault
    assert (enough.fault.kind, len(enough.members)) == (FaultKind.LAYOUT, 2_001)


def test_directory_that_claims_to_be_huge_is_not_read_at_once() -> None:
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    central = entry * 400_000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(central), 0, 0)
    data = central + end
    problem, peak = _peak(lambda: fault(WHEEL.name, data))
    assert problem == Fault(HOSTILE, detail="its directory has more than 16 MiB")
    assert peak < 40 << 20


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (sample_dists.link("../evil", "", tarfile.REGTYPE), "../evil would be unpacked outside"),
        (
            sample_dists.link("tidepool-1.2.3/../../evil", "", tarfile.REGTYPE),
            "tidepool-1.2.3/../../evil would be unpacked outside",
        ),
        (sample_dists.link("/etc/evil", "", tarfile.REGTYPE), "/etc/evil would be unpacked outside"),
        (sample_dists.link("tidepool-1.2.3/C:\\evil", "", tarfile.REGTYPE), None),
        (sample_dists.link("..\\evil", "", tarfile.REGTYPE), "..\\evil would be unpacked outside"),
        (
            sample_dists.link("tidepool-1.2.3/link", "../../outside"),
            "tidepool-1.2.3/link links outside, to ../../outside",
        ),
        (sample_dists.link("tidepool-1.2.3/link", "/etc/passwd"), "tidepool-1.2.3/link links outside, to /etc/passwd"),
        (sample_dists.link("tidepool-1.2.3/link", "src/../LICENSE"), None),
        (
            sample_dists.link("tidepool-1.2.3/hard", "../outside", tarfile.LNKTYPE),
            "tidepool-1.2.3/hard links outside, to ../outside",
        ),
        (sample_dists.link("tidepool-1.2.3/pipe", "", tarfile.FIFOTYPE), "tidepool-1.2.3/pipe is a device or pipe"),
        (sample_dists.link("tidepool-1.2.3/disk", "", tarfile.BLKTYPE), "tidepool-1.2.3/disk is a device or pipe"),
        (sample_dists.link("../e\nvil\x1b", "", tarfile.REGTYPE), "../e\\nvil\\x1b would be unpacked outside"),
    ],
    ids=range(12),
)
def test_member_or_link_outside_of_the_archive_is_reported(member: tarfile.TarInfo, message: str | None) -> None:
    archive = sample_dists.read(SDIST.name, sample_dists.tarred(FILES, member))
    judged = {result.code: result.finding for result in check_distributions([archive])}
    assert judged["DIST017"].message == message
    assert (judged["DIST017"].verdict is Verdict.FAILED) == bool(message)


def test_names_that_are_not_utf_8_are_reported_without_an_exception() -> None:
    data = sample_dists.tarred(
        {**FILES, "tidepool-1.2.3/caf\udce9".encode("utf-8", "surrogateescape").decode("latin-1"): "x"}
    )
    assert fault(SDIST.name, data) is None
    name = "tidepool/café.py".encode("latin-1")
    zipped = WHEEL.having({"tidepool/cafe.py": "x"}).data().replace(b"tidepool/cafe.py", name)
    assert fault(WHEEL.name, zipped) == Fault(FaultKind.STRUCTURE, "ZIP archive not accepted: Filename not unicode.")


def test_corrupt_member_makes_a_wheel_unreadable() -> None:
    files = {name: text for name, text in WHEEL.files.items() if text is not None}
    data = sample_dists.zipped(files, zipfile.ZIP_STORED).replace(b"return level", b"return 1evel", 1)
    problem = fault(WHEEL.name, data)
    assert problem == Fault(UNREADABLE, "None", "Bad CRC-32 for file 'tidepool/__init__.py'")


def test_encrypted_member_makes_a_wheel_unreadable() -> None:
    data = bytearray(WHEEL.data())
    for sign, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(sign) + place] |= 1
    problem = fault(WHEEL.name, bytes(data))
    assert problem is not None
    assert problem.kind is UNREADABLE
    assert "encrypted" in str(problem.detail)


@pytest.mark.parametrize("cargo_", [SDIST, WHEEL], ids=["sdist", "wheel"])
def test_truncated_file_is_reported_without_an_exception(cargo_: sample_dists.SampleDist) -> None:
    data = cargo_.data()
    for length in range(0, len(data) - 1, 7):
        problem = fault(cargo_.name, data[:length])
        # What is missing behind the end of a tar archive is padding.
        assert problem is not None or cargo_ is SDIST


def test_secrets_are_found_and_never_printed() -> None:
    token = "pypi-" + "A" * 120
    key = "-----BEGIN " + "RSA PRIVATE KEY-----\nMII"
    archive = SDIST.having({"tidepool-1.2.3/a": f"token = {token}", "tidepool-1.2.3/b": key}).distribution()
    assert archive.contents.secrets == (
        Secret("tidepool-1.2.3/a", "a token of PyPI"),
        Secret("tidepool-1.2.3/b", "a private key"),
    )
    assert token not in repr(archive.contents.secrets)


def test_secret_is_found_where_pieces_meet() -> None:
    text = b" " * ((1 << 20) - 40) + b"pypi-" + b"A" * 120
    # It is not compressible to less than a fiftieth alone, which would be a bomb of more than 64 MiB only.
    archive = SDIST.having({"tidepool-1.2.3/a": text}).distribution()
    assert archive.contents.secrets == (Secret("tidepool-1.2.3/a", "a token of PyPI"),)


def _judged(name: str, data: bytes) -> None:
    check_distributions([sample_dists.read(name, data)])


NAMES = st.sampled_from([SDIST.name, WHEEL.name, "tidepool-1.2.3.zip", "x.whl", "a-b-c-d-e.whl", "-.tar.gz"])


def in_directory(place: int, byte: int) -> bytes:
    """Return a wheel with another byte in the first entry of its directory (APPNOTE.TXT, 4.3.12)."""
    data = bytearray(WHEEL.data())
    data[data.index(b"PK\1\2") + place] = byte
    return bytes(data)


@given(NAMES, st.binary(max_size=400))
@example(WHEEL.name, b"PK\5\6" + bytes(18))
@example(WHEEL.name, in_directory(6, 200)).via("a version of the format that there is not")
@example(WHEEL.name, in_directory(8, 1)).via("an encrypted member")
@example(SDIST.name, gzip.compress(bytes(1024)))
def test_no_bytes_end_in_an_exception(name: str, data: bytes) -> None:
    _judged(name, data)


@given(st.sampled_from([SDIST, WHEEL]), st.data())
def test_no_damaged_archive_ends_in_an_exception(healthy: sample_dists.SampleDist, drawn: st.DataObject) -> None:
    data = bytearray(healthy.data() if healthy is WHEEL else gzip.decompress(healthy.data()))
    for _ in range(drawn.draw(st.integers(1, 4))):
        place = drawn.draw(st.integers(0, len(data) - 5))
        data[place : place + 1] = drawn.draw(st.binary(min_size=1, max_size=4))
    _judged(healthy.name, bytes(data) if healthy is WHEEL else gzip.compress(bytes(data), 1))


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), max_size=4), st.booleans())
def test_no_name_of_a_member_ends_in_an_exception(names: list[str], is_wheel: bool) -> None:  # noqa: FBT001
    healthy = WHEEL if is_wheel else SDIST
    # zipfile writes names up to the first NUL.
    files: dict[str, bytes | str | None] = {name.replace("\0", "\1"): "x" for name in names}
    _judged(healthy.name, healthy.having(files).data())


@given(st.text(max_size=40))
@example("tidepool-1.2.3-py3-none-any.WHL")
@example("tidepool-" + "9" * 5000 + "-py3-none-any.whl")
@example("tidepool-1.2.3-py3-none-" + ".".join("ab" * 20) + ".whl")
@example("tidepool-" + "9" * 5000 + ".tar.gz")
def test_no_file_name_ends_in_an_exception(name: str) -> None:
    for suffix in ("", ".whl", ".tar.gz", "-py3-none-any.whl"):
        _judged(name + suffix, WHEEL.data() if "whl" in suffix else SDIST.data())


FIELDS = (
    *("Metadata-Version", "Name", "Version", "Summary", "Author-email", "License-Expression", "License-File"),
    *("Project-URL", "Classifier", "Requires-Python", "Requires-Dist", "Description-Content-Type", "Dynamic"),
    *("Provides-Extra", "Home-page", "Download-URL", "Import-Name", "Keywords", "Provides-Dist", "Maintainer-email"),
)


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=40), max_size=5), st.text(max_size=60))
@example({"Version": "9" * 5000}, "")
@example({"Requires-Python": ">=" + "9" * 5000}, "")
@example({"Requires-Dist": "a; " + "(" * 2000 + "python_version>'3'" + ")" * 2000}, "")
@example({"Description-Content-Type": "text/plain; x*"}, "text")
@example({"License-Expression": "(" * 3000}, "")
@example({"Author-email": "a@" + "b." * 5000}, "")
@example({"Home-page": "http://[::1"}, "")
@example({"Description-Content-Type": "text/x-rst"}, "=" * 50 + "\n\n.. include:: /etc/passwd\n\n.. raw:: html\n")
def test_no_metadata_end_in_an_exception(fields: dict[str, str], body: str) -> None:
    lines = (f"{name}: {' '.join(text.split())}" for name, text in fields.items())
    made = SDIST.saying(*lines, body=body)
    texts = {name: text for name, text in made.files.items() if isinstance(text, str)}
    _judged(made.name, sample_dists.tarred({name: text.encode("utf-8", "replace") for name, text in texts.items()}))
