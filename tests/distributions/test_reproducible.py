"""Rewriting distributions so that the same sources give the same bytes."""

from __future__ import annotations

import io
import tarfile
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample_dists import tarred
from seatrial.distributions.reproducible import date_of, normalise_distribution, unpack_sdist

if TYPE_CHECKING:
    from pathlib import Path


EPOCH = 1709208000  # 2024-02-29 12:00:00 UTC


@dataclass(frozen=True)
class Member:
    """A member of an archive."""

    name: str
    content: bytes = b""
    mode: int = 0o644
    mtime: float = 0
    owner: str = ""


def sdist(path: Path, *members: Member) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            info = tarfile.TarInfo(member.name)
            info.size, info.mode, info.mtime = len(member.content), member.mode, member.mtime
            info.uname = info.gname = member.owner
            archive.addfile(info, io.BytesIO(member.content))
    return path


def wheel(path: Path, *members: Member) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for member in members:
            info = zipfile.ZipInfo(member.name, (1990 + int(member.mtime), 1, 1, 0, 0, 0))
            info.external_attr = member.mode << 16
            archive.writestr(info, member.content)
    return path


@pytest.mark.parametrize(("make", "name"), [(sdist, "a-1.tar.gz"), (wheel, "a-1-py3-none-any.whl")])
def test_order_dates_owners_and_umask_leave_no_trace(tmp_path: Path, make: Callable[..., Path], name: str) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    first = make(tmp_path / "1" / name, Member("a-1/x", b"x", 0o644, 1), Member("a-1/run", b"run", 0o755, 2))
    second = make(
        tmp_path / "2" / name,
        Member("a-1/run", b"run", 0o700, 3.5, "root"),
        Member("a-1/x", b"x", 0o600, 4, "root"),
    )
    normalise_distribution(first, EPOCH)
    normalise_distribution(second, EPOCH)
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [name, name]


def test_normalising_again_changes_nothing(tmp_path: Path) -> None:
    for path in (
        sdist(tmp_path / "a-1.tar.gz", Member("a-1/x")),
        wheel(tmp_path / "a-1-py3-none-any.whl", Member("x")),
    ):
        normalise_distribution(path, EPOCH)
        once = path.read_bytes()
        normalise_distribution(path, EPOCH)
        assert path.read_bytes() == once


def test_metadata_come_last_in_a_wheel_and_record_at_the_end(tmp_path: Path) -> None:
    names = ("a-1.dist-info/RECORD", "z.py", "a-1.dist-info/METADATA", "a/b.py", "a-1.dist-info/WHEEL")
    path = wheel(tmp_path / "a-1-py3-none-any.whl", *(Member(name) for name in names))
    normalise_distribution(path, EPOCH)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [
            "a/b.py",
            "z.py",
            "a-1.dist-info/METADATA",
            "a-1.dist-info/WHEEL",
            "a-1.dist-info/RECORD",
        ]
        assert {info.date_time for info in archive.infolist()} == {(2024, 2, 29, 12, 0, 0)}
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_DEFLATED}


def test_links_and_folders_and_long_names_survive(tmp_path: Path) -> None:
    path = tmp_path / "a-1.tar.gz"
    long = "a-1/" + "deep/" * 40 + "ü.txt"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for name, kind, target in (
            ("a-1", tarfile.DIRTYPE, ""),
            ("a-1/z", tarfile.REGTYPE, ""),
            ("a-1/soft", tarfile.SYMTYPE, "z"),
            ("a-1/hard", tarfile.LNKTYPE, "a-1/z"),
            (long, tarfile.REGTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mode = kind, target, 0o777
            info.size = 4 if kind == tarfile.REGTYPE else 0
            info.pax_headers = {"mtime": "1.5", "LIBARCHIVE.creationtime": "2"}
            archive.addfile(info, io.BytesIO(b"deep"))
    normalise_distribution(path, EPOCH)
    with tarfile.open(path) as archive:
        members = {member.name: member for member in archive.getmembers()}
        assert archive.extractfile("a-1/hard").read() == b"deep"  # type: ignore[union-attr]
    assert {name: member.type for name, member in members.items()} == {
        "a-1": tarfile.DIRTYPE,
        "a-1/hard": tarfile.REGTYPE,
        "a-1/soft": tarfile.SYMTYPE,
        "a-1/z": tarfile.REGTYPE,
        long: tarfile.REGTYPE,
    }
    assert members["a-1/soft"].linkname == "z"
    assert {member.mtime for member in members.values()} == {EPOCH}
    assert {tuple(member.pax_headers) for member in members.values()} <= {(), ("path",)}


@given(
    contents=st.dictionaries(
        st.text("abcü-_.", min_size=1).filter(lambda name: name.strip(".")), st.binary(), min_size=1
    )
)
def test_contents_are_never_touched(tmp_path_factory: pytest.TempPathFactory, contents: dict[str, bytes]) -> None:
    folder = tmp_path_factory.mktemp("contents")
    members = [Member(f"a-1/{name}", content) for name, content in contents.items()]
    source = sdist(folder / "a-1.tar.gz", *members)
    built = wheel(folder / "a-1-py3-none-any.whl", *members)
    normalise_distribution(source, EPOCH)
    normalise_distribution(built, EPOCH)
    with tarfile.open(source) as archive, zipfile.ZipFile(built) as zipped:
        for member in members:
            assert archive.extractfile(member.name).read() == member.content  # type: ignore[union-attr]
            assert zipped.read(member.name) == member.content


def test_what_is_no_archive_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a-1.tar.gz"
    path.write_bytes(b"no archive")
    with pytest.raises(tarfile.TarError):
        normalise_distribution(path, EPOCH)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a-1.tar.gz", b"no archive")]


@pytest.mark.parametrize("name", ["../outside", "/outside"])
def test_member_that_would_land_outside_is_not_unpacked(tmp_path: Path, name: str) -> None:
    into = tmp_path / "into"
    into.mkdir()
    path = sdist(tmp_path / "a-1.tar.gz", Member("a-1/x"), Member(name))
    with pytest.raises(tarfile.TarError):
        unpack_sdist(path, into)
    assert not (tmp_path / "outside").exists()


def linked(path: Path, *members: tuple[str, bytes, str]) -> Path:
    """Write an sdist of names, types and the targets of links; a file holds its name."""
    with tarfile.open(path, "w:gz") as archive:
        for name, kind, target in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            info.size = len(name) if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(name.encode()))
    return path


SYMLINK, HARDLINK, FILE = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.REGTYPE
LEAVING = {
    "absolute": [("a-1/link", SYMLINK, "/etc/hostname")],
    "above": [("a-1/link", SYMLINK, "../../outside")],
    "through a link": [("a-1/here", SYMLINK, "."), ("a-1/up", SYMLINK, "here/../.."), ("a-1/up/outside", FILE, "")],
    "through a later link": [("a-1/up", SYMLINK, "here/../../into"), ("a-1/here", SYMLINK, ".")],
    "hard link": [("a-1/hard", HARDLINK, "../outside")],
    "hard link to a link": [("a-1/b/c/link", SYMLINK, "../.."), ("a-1/hard", HARDLINK, "a-1/b/c/link")],
    "in a circle": [("a-1/x", SYMLINK, "y"), ("a-1/y", SYMLINK, "x")],
    "pipe": [("a-1/pipe", tarfile.FIFOTYPE, "")],
}


@pytest.mark.parametrize("filtered", [True, False])
@pytest.mark.parametrize("members", LEAVING.values(), ids=LEAVING)
def test_members_outside_of_the_folder_are_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, members: list[tuple[str, bytes, str]], *, filtered: bool
) -> None:
    """The oldest Pythons have no filter, and older ones do not see through every chain of links."""
    if not filtered:
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    path = linked(tmp_path / "a-1.tar.gz", *members)
    (tmp_path / "into").mkdir()
    with pytest.raises(tarfile.TarError):
        unpack_sdist(path, tmp_path / "into")
    assert sorted(tmp_path.rglob("*")) == [path, tmp_path / "into"]


def test_links_inside_are_unpacked(tmp_path: Path) -> None:
    members = [
        ("a-1/data/x", FILE, ""),
        ("a-1/latest", SYMLINK, "data"),
        ("a-1/docs/up", SYMLINK, "../latest/../data/x"),
        ("a-1/hard", HARDLINK, "a-1/data/x"),
        ("a-1/latest/y", FILE, ""),
    ]
    (tmp_path / "into").mkdir()
    top = unpack_sdist(linked(tmp_path / "a-1.tar.gz", *members), tmp_path / "into")
    assert [(top / name).read_text() for name in ("docs/up", "hard", "data/y")] == [
        *("a-1/data/x", "a-1/data/x"),
        "a-1/latest/y",
    ]


@pytest.mark.parametrize("names", [(), ("a-1/x", "b-1/x"), ("x",)])
def test_sdist_has_one_folder_at_its_top(tmp_path: Path, names: tuple[str, ...]) -> None:
    (tmp_path / "into").mkdir()
    path = sdist(tmp_path / "a-1.tar.gz", *(Member(name) for name in names))
    with pytest.raises(tarfile.TarError, match="must contain one folder"):
        unpack_sdist(path, tmp_path / "into")


def test_date_that_no_system_has_is_an_error_of_the_archive(tmp_path: Path) -> None:
    member = tarfile.TarInfo("tidepool-1.2.3/x")
    member.pax_headers = {"mtime": "1e400"}
    path = tmp_path / "tidepool-1.2.3.tar.gz"
    path.write_bytes(tarred({}, member))
    (tmp_path / "into").mkdir()
    with pytest.raises(OverflowError):
        unpack_sdist(path, tmp_path / "into")
    with pytest.raises(OverflowError):
        date_of(path)
