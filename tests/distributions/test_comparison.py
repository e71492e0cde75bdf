"""Two archives are compared by what they unpack to: how they are packaged is no difference, and is named."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sample_dists
from errors_raised import raises_error
from seatrial.distributions.comparison import (
    HOW_TO_INCLUDE,
    LEFTOVER,
    Comparison,
    Sameness,
    compare,
    link_error,
    modules_from_wheel,
    outside_links,
    packed_links,
    require_package,
    suspected_links,
    unlisted_files,
)
from seatrial.distributions.distribution import Distribution
from seatrial.project.project import Project

SDIST, WHEEL = "a-1.tar.gz", "a-1-py3-none-any.whl"
INFO = "a-1.dist-info"


@dataclass(frozen=True)
class File:
    """A member: its content, or what it links to."""

    name: str
    text: str = "x"
    mode: int = 0o644
    date: int = 2000
    owner: str = ""
    kind: bytes = tarfile.REGTYPE
    system: int = 3


def tarred(*files: File, level: int = 9, stamp: int = 0, after: bytes = b"") -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for file in files:
            info = tarfile.TarInfo(file.name)
            info.mode, info.mtime, info.uname, info.type = file.mode, file.date, file.owner, file.kind
            if file.kind == tarfile.REGTYPE:
                info.size = len(file.text)
                archive.addfile(info, io.BytesIO(file.text.encode()))
            else:
                info.linkname = file.text if file.kind != tarfile.DIRTYPE else ""
                archive.addfile(info)
    return gzip.compress(target.getvalue() + after, level, mtime=stamp)


def zipped(*files: File, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for file in files:
            info = zipfile.ZipInfo(file.name, (file.date, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system = method, file.system
            info.external_attr = (0o100000 | file.mode) << 16
            archive.writestr(info, file.text)
    return target.getvalue()


def without_checksum(data: bytes) -> bytes:
    return data[:-8] + bytes(4) + data[-4:]


def compared(name: str, first: bytes, second: bytes) -> Comparison:
    return compare(sample_dists.read(name, first), sample_dists.read(name, second))


def same(*packaging: str) -> Comparison:
    return Comparison(Sameness.SAME_CONTENT, packaging)


def different(*members: str) -> Comparison:
    return Comparison(Sameness.DIFFERENT, members=members)


A, B = File("a-1/a", "alpha"), File("a-1/b", "beta")
HIDDEN = File("a-1/b", "hidden")
FOLDER = File("a-1/d", kind=tarfile.DIRTYPE, mode=0o755)
TWIN, TWIN_OF_TWIN = File("a-1/b", "alpha"), File("a-1/c", "alpha")
HARD_ON_HARD = File("a-1/c", "./a-1/b", kind=tarfile.LNKTYPE)
LINK, HARD = File("a-1/link", "a", kind=tarfile.SYMTYPE), File("a-1/b", "a-1/a", kind=tarfile.LNKTYPE)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (tarred(A, B), tarred(A, B), Comparison(Sameness.IDENTICAL)),
        (tarred(A, B), tarred(A, B, stamp=7), same(LEFTOVER)),
        (tarred(A, B), tarred(A, B, level=0), same(LEFTOVER)),
        (tarred(A, B), tarred(A, replace(B, date=5)), same("dates")),
        (tarred(A, B), tarred(B, A), same("order")),
        (tarred(A, B), tarred(A, replace(B, owner="me")), same("owners")),
        (tarred(A, B), tarred(A, replace(B, mode=0o664)), same("permissions")),
        (tarred(A, B), tarred(replace(B, date=5, owner="me"), A), same("dates", "order", "owners")),
        (tarred(A, B), tarred(File("a-1", kind=tarfile.DIRTYPE), A, B), same("folders")),
        (tarred(A, replace(B, text="alpha")), tarred(A, HARD), same("links")),
        (tarred(A, TWIN, TWIN_OF_TWIN), tarred(A, HARD, HARD_ON_HARD), same("links")),
        (tarred(A, B), tarred(replace(A, name="./a-1//a"), B), same("spelling of names")),
        (tarred(A, B), tarred(A, B, after=bytes(512)), same(LEFTOVER)),
        (tarred(A, B), tarred(A, B, replace(A, name="a-1/./b")), different("a-1/b")),
        (tarred(A, TWIN, B), tarred(A, HARD, HARD_ON_HARD), different("a-1/b", "a-1/c")),
        (tarred(A, B), tarred(A, replace(B, mode=0o755)), different("a-1/b")),
        (tarred(A, B), tarred(A, replace(B, mode=0o4644)), different("a-1/b")),
        (tarred(A, B), tarred(A, replace(B, text="gamma")), different("a-1/b")),
        (tarred(A, B), tarred(A), different("a-1/b")),
        (tarred(A), tarred(A, B), different("a-1/b")),
        (tarred(A), tarred(A, FOLDER), different("a-1/d")),
        (tarred(A), tarred(A, replace(A, text="twice")), different("a-1/a")),
        (tarred(A, B), tarred(A, HARD), different("a-1/b")),
        (tarred(A, LINK), tarred(A, replace(LINK, text="b")), different("a-1/link")),
        (tarred(A, LINK), tarred(A, replace(LINK, kind=tarfile.LNKTYPE)), different("a-1/link")),
        (tarred(replace(LINK, text="nowhere")), tarred(replace(LINK, text="a/b")), different("a-1/link")),
    ],
    ids=[
        *("identical", "header", "level", "dates", "order", "owners", "permissions", "several", "folder", "hard link"),
        *("hard links", "spelling", "more zeros", "written twice", "chain"),
        *("executable", "set user", "content", "missing", "more", "empty folder", "twice", "other hard link"),
        *("target", "kind of link", "link to nothing"),
    ],
)
def test_sdists_are_compared_by_content(first: bytes, second: bytes, expected: Comparison) -> None:
    assert compared(SDIST, first, second) == expected


W = File("a/__init__.py", "alpha", date=2001)
META = File(f"{INFO}/WHEEL", "Wheel-Version: 1.0", date=2001)
RECORD = File(f"{INFO}/RECORD", f"a/__init__.py,sha256=x,5\n{INFO}/RECORD,,\n", date=2001)
TURNED = replace(RECORD, text=f"{INFO}/RECORD,,\r\na/__init__.py,sha256=x,5\r\n")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (zipped(W, META), zipped(W, META), Comparison(Sameness.IDENTICAL)),
        (zipped(W, META), zipped(W, replace(META, date=1999)), same("dates")),
        (zipped(W, META), zipped(META, W), same("order")),
        (zipped(W, META), zipped(W, META, method=zipfile.ZIP_STORED), same("compression")),
        (zipped(W, META), zipped(W, replace(META, mode=0o600)), same("permissions")),
        (zipped(W, META), zipped(File("a/", "", 0o755), W, META), same("folders")),
        (zipped(W, META), zipped(replace(W, mode=0o755), META), different("a/__init__.py")),
        (zipped(W, META), zipped(replace(W, text="gamma"), META), different("a/__init__.py")),
        (zipped(W, META), zipped(META), different("a/__init__.py")),
        (zipped(W, META), zipped(replace(W, system=0), META), same(LEFTOVER)),
        (
            zipped(replace(W, system=0), META),
            zipped(replace(W, system=0, mode=0o755), META),
            different("a/__init__.py"),
        ),
        (zipped(META, RECORD), zipped(META, replace(RECORD, text="a,sha256=y,5\n")), different(f"{INFO}/RECORD")),
    ],
    ids=[
        "identical",
        "dates",
        "order",
        "stored",
        "permissions",
        "folder",
        "executable",
        "content",
        "missing",
        "other system",
        "executable on another system",
        "record",
    ],
)
def test_wheels_are_compared_by_content(first: bytes, second: bytes, expected: Comparison) -> None:
    assert compared(WHEEL, first, second) == expected


def test_rows_of_record_may_come_in_any_order() -> None:
    comparison = compared(WHEEL, zipped(META, RECORD), zipped(META, TURNED))
    assert (comparison.sameness, comparison.packaging[0]) == (Sameness.SAME_CONTENT, "rows of RECORD")


METADATA = sample_dists.METADATA + "Grüße\n"
GENERATOR = sample_dists.WHEEL.replace("cargo 1.0", "cargo 1.1")
TURNED_FIELDS = METADATA.replace("Summary: A small package\n", "").replace(
    "Requires-Python", "Summary: A small package\nRequires-Python"
)


@pytest.mark.parametrize(
    ("ending", "text", "expected"),
    [
        ("WHEEL", GENERATOR, same("version of the backend")),
        ("WHEEL", GENERATOR + "Tag: py2-none-any\n", different(f"{INFO}/WHEEL")),
        ("WHEEL", GENERATOR + "\nmore", different(f"{INFO}/WHEEL")),
        ("METADATA", METADATA.replace("Metadata-Version: 2.4", "Metadata-Version: 2.3"), same("form of the metadata")),
        ("METADATA", METADATA.replace("attrs>=23.1", "Attrs (>=23.1)"), same("form of the metadata")),
        ("METADATA", TURNED_FIELDS, same("form of the metadata")),
        ("METADATA", METADATA.replace("attrs>=23.1", "attrs>=23.2"), different(f"{INFO}/METADATA")),
        ("METADATA", METADATA.replace(">=3.9", ">=3.10"), different(f"{INFO}/METADATA")),
        ("METADATA", METADATA.replace("Grüße", "Gräße"), different(f"{INFO}/METADATA")),
        ("METADATA", METADATA.replace("\n\n# t", "\nLicense-File: x\n\n# t"), different(f"{INFO}/METADATA")),
        ("METADATA", METADATA.replace("Summary: A", "Summary: Ä"), different(f"{INFO}/METADATA")),
        ("METADATA", "no metadata", different(f"{INFO}/METADATA")),
        ("METADATA", b"\xff" + METADATA.encode(), different(f"{INFO}/METADATA")),
        ("RECORD", "tidepool/__init__.py,sha256=x,5\n", different(f"{INFO}/RECORD")),
    ],
    ids=[
        *("generator", "tag", "below", "metadata version", "requirement", "order", "other requirement", "other Python"),
        *("description", "more", "summary", "text", "encoding", "untrue record"),
    ],
)
def test_metadata_are_compared_by_what_they_say(ending: str, text: str | bytes, expected: Comparison) -> None:
    sample = sample_dists.wheel("a", "1").having({f"{INFO}/METADATA": METADATA})
    other = compare(sample.distribution(), sample.having({f"{INFO}/{ending}": text}).distribution())
    # RECORD has the hash of what differs, and is true in both.
    assert (other.sameness, other.members) == (expected.sameness, expected.members)
    assert set(expected.packaging) <= set(other.packaging)


def test_copy_of_the_metadata_of_an_sdist_is_compared_as_they_are() -> None:
    first, second = METADATA, METADATA.replace("Metadata-Version: 2.4", "Metadata-Version: 2.3")
    top, copy = "a-1/PKG-INFO", "a-1/src/a.egg-info/PKG-INFO"
    first_sdist = tarred(File(top, first), File(copy, first))
    assert compared(SDIST, first_sdist, tarred(File(top, second), File(copy, second))) == same("form of the metadata")
    assert compared(SDIST, first_sdist, tarred(File(top, second), File(copy, first + "x"))) == different(copy)


@pytest.mark.parametrize(
    ("name", "bad", "why"),
    [
        (SDIST, b"no archive", "it can't be read"),
        (SDIST, tarred(A, B)[:-20], "it can't be read"),
        (WHEEL, zipped(W, META)[:-30], "it can't be read"),
        (WHEEL, zipped(W, META, method=zipfile.ZIP_BZIP2), "its compression method is not supported"),
        (WHEEL, b"more" + zipped(W, META), "it reads differently for different readers"),
        (SDIST, tarred(A, B, after=b"more"), "it has data after its last member"),
        (SDIST, tarred(A, B, after=gzip.decompress(tarred(HIDDEN))), "it has data after its last member"),
        (SDIST, tarred(A, B) + tarred(HIDDEN), "it has data after its last member"),
        (SDIST, tarred(A, B) + b"more", "it does not end as it should: Not a gzipped file (b'mo')"),
        (SDIST, without_checksum(tarred(A, B)), "it does not end as it should: CRC check failed 0x0 != 0x[…]"),
    ],
    ids=["text", "cut", "wheel", "method", "framing", "after", "more members", "second stream", "trailing", "checksum"],
)
def test_archive_that_can_not_be_read_whole_is_never_the_same(name: str, bad: bytes, why: str) -> None:
    good = tarred(A, B) if name == SDIST else zipped(W, META)
    comparison = compared(name, good, bad)
    comparison = replace(comparison, unreadable=re.sub(r"(!= 0x)\w+", r"\1[…]", comparison.unreadable or ""))
    assert comparison == Comparison(Sameness.DIFFERENT, unreadable=f"{name}: {why}")
    assert (comparison.differences, compared(name, bad, good).sameness) == ((f"{name}: {why}",), Sameness.DIFFERENT)


def test_archive_that_unpacks_to_too_much_is_never_the_same() -> None:
    comparison = compared(SDIST, tarred(A), tarred(File("a-1/bomb", "\0" * (65 << 20)), level=1))
    assert comparison.unreadable == f"{SDIST}: it exceeds a limit"


def test_names_as_deep_as_they_get_are_compared() -> None:
    deep = File("a-1/" + "d/" * 20_000 + "x")
    assert compared(SDIST, tarred(deep), tarred(replace(deep, date=3))) == same("dates")


def test_files_on_disk_are_compared(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first, second = tmp_path / SDIST, tmp_path / "other" / SDIST
    first.write_bytes(tarred(A))
    second.write_bytes(tarred(replace(A, date=3)))
    assert compare(Distribution.from_path(first), Distribution.from_path(second)) == same("dates")


FILES = st.lists(
    st.builds(File, st.sampled_from(["a-1/x", "a-1/y", "a-1/z"]), st.sampled_from(["", "x", "y"])),
    unique_by=lambda file: file.name,
)


@given(FILES, FILES)
def test_same_files_are_the_same_content_in_whatever_order(first: list[File], second: list[File]) -> None:
    comparison = compared(SDIST, tarred(*first), tarred(*second))
    assert (comparison.sameness is Sameness.DIFFERENT) is (set(first) != set(second))


def project(name: str = "tide-pool", backend: str = "flit_core.buildapi") -> Project:
    return Project(Path("root"), {"project": {"name": name}, "build-system": {"build-backend": backend}})


def wheel(folder: Path, *names: str) -> Distribution:
    path = folder / "tide_pool-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return Distribution.from_path(path)


def files(*names: str) -> tuple[PurePosixPath, ...]:
    return tuple(PurePosixPath(name) for name in names)


@pytest.mark.parametrize(
    ("sources", "held", "missing"),
    [
        (["src/tide_pool/__init__.py"], ["other.py"], "src/tide_pool"),
        (["src/Tide_Pool/__init__.py"], ["tide_pool/__init__.py"], None),
        (["tide_pool.py", "setup.py"], [], "tide_pool.py"),
        (["tide_pool/__init__.py"], ["tide_pool/__init__.py"], None),
        (["src/other_name/x.py"], [], "src/other_name"),
        (["src/other_name/x.py", "src/helper.py"], ["other_name/x.py"], None),
        (["src/tide_pool/sub/x.py"], ["tide_pool/sub/x.py"], None),
        (["tests/test_x.py", "README.md"], [], None),
        (["src/tide_pool/_c.pyx", "src/README"], ["tide_pool/_c.cpython-312-darwin.so"], None),
    ],
)
def test_wheel_without_the_package_is_refused(
    tmp_path: Path, sources: list[str], held: list[str], missing: str | None
) -> None:
    built = wheel(tmp_path, *held)
    if missing is None:
        require_package(project(), files(*sources), built)
        return
    with raises_error("PackageMissing") as raised:
        require_package(project(), files(*sources), built)
    name = PurePosixPath(missing).name.partition(".")[0]
    assert raised.value.what == (f"{built.path.name} does not contain {name}, which the source tree has in {missing}")
    assert raised.value.fix == f'[tool.flit.module]\nname = "{name}"'


@pytest.mark.parametrize("backend", [*HOW_TO_INCLUDE, "mesonpy"])
def test_fix_is_in_the_words_of_the_backend(tmp_path: Path, backend: str) -> None:
    with raises_error("PackageMissing") as raised:
        require_package(project(backend=backend), files("src/tide_pool/x.py"), wheel(tmp_path))
    assert "{" not in raised.value.fix.replace("packages = [{ include", "")
    assert "tide_pool" in raised.value.fix or 'where = ["src"]' in raised.value.fix


def test_modules_of_src_that_the_wheel_lacks_may_come_from_it_alone(tmp_path: Path) -> None:
    sources = files(
        "src/tide_pool/__init__.py", "src/tide_cli.py", "src/google/tide/__init__.py", "tests/x.py", "top.py"
    )
    built = wheel(tmp_path, "tide_pool/__init__.py", "google/tide/__init__.py")
    assert modules_from_wheel(project(), sources, built) == ("google.tide", "tide_cli", "tide_pool")


def test_package_of_the_sources_answers_although_the_wheel_lacks_its_beginning(tmp_path: Path) -> None:
    sources = files("src/tide_pool/__init__.py", "src/tide_pool/deep/__init__.py", "src/google/other.py")
    built = wheel(tmp_path, "tide_pool/deep/__init__.py", "google/tide.py")
    modules = modules_from_wheel(project(), sources, built)
    assert modules == ("google.other", "google.tide", "tide_pool", "tide_pool.deep")


def test_files_that_git_ignores_and_a_build_takes_are_inputs(tmp_path: Path) -> None:
    for name in ("src/tide_pool/_made.py", "src/tide_pool.egg-info/PKG-INFO", "unused.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    built = wheel(tmp_path, "tide_pool/__init__.py", "tide_pool/_made.py", "tide_pool-1.dist-info/METADATA")
    listed = files("src/tide_pool/__init__.py")
    at = Project(tmp_path, {"project": {"name": "tide-pool"}})
    assert unlisted_files(at, listed, [built]) == ("src/tide_pool/_made.py",)


def test_link_out_of_the_repository_is_no_source_of_a_distribution(tmp_path: Path) -> None:
    top, outside = tmp_path / "repository", tmp_path / "outside"
    for folder in (top / ".git", top / "packages/tide/src", top / "shared", outside):
        folder.mkdir(parents=True)
    links: dict[str, Path | str] = {
        "src/tide_pool": outside,
        "src/deep": "../../../../outside",
        "src/gone.py": "/nowhere/x.py",
        "shared.txt": "../../shared",
        "README.md": "src/../../../../a",
    }
    for name, target in links.items():
        (top / "packages/tide" / name).symlink_to(target)
    linked = Project(top / "packages/tide", {"project": {"name": "tide-pool"}})
    outside_names = ("README.md", "src/deep", "src/gone.py", "src/tide_pool")
    assert outside_links(linked, files(*links, "absent.py")) == files(*outside_names)
    built = wheel(tmp_path, "tide_pool/__init__.py")
    assert packed_links(files("tide_pool", "tide", "src"), [built]) == files("tide_pool")
    assert suspected_links(linked, files("README.md", "tests/x", "src/deep"), "no README.md") == files(
        "README.md", "src/deep"
    )
    assert link_error(linked, files("src/gone.py")).what.startswith(
        "src/gone.py leads out of the repository, to /nowhere/x.py\n"
    )
