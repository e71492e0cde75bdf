"""Any unexpected answer of an index ends in one message, and no file with another hash is downloaded."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tracemalloc
import zlib
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version
from twine.utils import DEFAULT_REPOSITORY

from one_page_index import JSON, serve_page
from seatrial.errors import IndexUnreachable
from seatrial.index.client import (
    MOST_LOOK_ALIKES,
    IndexFile,
    ProjectFiles,
    download_file,
    look_alikes,
    read_links,
    read_project_files,
    read_project_or_look_alike,
)
from seatrial.index.destination import pip_index_url
from seatrial.index.http import LARGEST_PAGE, get_page
from seatrial.project.project import Project
from seatrial.project.settings import Config
from seatrial.release.preconditions import ask_index, ask_index_ahead

if TYPE_CHECKING:
    from pathlib import Path


FILE = {"filename": "tidepool-1.2.3.tar.gz", "url": "../../files/t.tar.gz", "hashes": {"sha256": "ab"}}
NEITHER_FORM = "it is neither the JSON nor the HTML form of the simple API (PEP 691, PEP 503)"
HOST = DEFAULT_REPOSITORY.split("/")[2].partition(".")[2]


def project_files(page: Any) -> ProjectFiles:
    with serve_page(json.dumps(page).encode()) as url:
        return read_project_files(url, "Tide.Pool")


def test_files_are_read_with_all_data_of_the_index() -> None:
    more = {"size": 2000, "upload-time": "2024-02-29T12:00:00.5Z", "yanked": "broken", "core-metadata": True}
    with serve_page(
        json.dumps({"files": [{**FILE, **more}], "project-status": {"status": "archived"}}).encode()
    ) as url:
        project = read_project_files(url, "Tide.Pool")
        metadata = url.replace("/simple/", "/files/t.tar.gz.metadata")
    noon = datetime(2024, 2, 29, 12, tzinfo=timezone.utc)
    held = IndexFile("tidepool-1.2.3.tar.gz", "ab", 2000, noon, is_yanked=True, metadata=metadata)
    assert project == ProjectFiles("Tide.Pool", (held,), status="archived")
    assert project.versions == (Version("1.2.3"),)


def test_files_are_read_from_an_index_with_little_data() -> None:
    files = (IndexFile("tidepool-1.2.3.tar.gz", "ab", 0, None),)
    assert project_files({"files": [FILE]}) == ProjectFiles("Tide.Pool", files)
    with serve_page(json.dumps({"files": [FILE]}).encode(), "Application/JSON") as url:
        assert read_project_files(url, "tidepool") == ProjectFiles("tidepool", files)


@pytest.mark.parametrize(
    ("provenance", "expected"), [(None, ""), ("https://example.invalid/p", "https://example.invalid/p")]
)
def test_absent_attestations_are_known_to_be_absent(provenance: object, expected: str) -> None:
    assert project_files({"files": [{**FILE, "provenance": provenance}]}).files[0].provenance == expected


@pytest.mark.parametrize(
    ("name", "held"),
    [("f1ask", "flask"), ("nump-y", "numpy"), ("pi1low", "pillow"), ("c0l0rs", "colors"), ("Li", "ll")],
)
def test_name_that_looks_like_another_of_the_index_is_found(name: str, held: str) -> None:
    with serve_page(b'{"files": []}', project=held) as url:
        assert read_project_or_look_alike(url, name) == ProjectFiles(look_alike=held)
        assert read_project_or_look_alike(url, held) == ProjectFiles(held)
        assert read_project_or_look_alike(url, "tidepool") == ProjectFiles()


def test_project_of_the_checkout_is_asked_about_ahead_and_not_again(tmp_path: Path) -> None:
    with serve_page(b'{"files": []}', project="tidepool") as url:
        environ, pyproject = {"PIP_INDEX_URL": url}, tmp_path / "pyproject.toml"
        assert ask_index_ahead(tmp_path, environ) is None
        pyproject.write_text('[project]\nname = "Tidepool"\nversion = "1.2.3"\n', encoding="utf-8")
        ahead = ask_index_ahead(tmp_path, environ)
        assert ahead is not None
        assert ahead.project_files.result() == ProjectFiles("Tidepool")
        tidepool = Project(pyproject, {"project": {"name": "Tidepool"}})
        assert ask_index(tidepool, Config(), environ, ahead) is ahead
        assert ask_index(tidepool, Config(index=f"{url}other/"), environ, ahead).index == f"{url}other/"
        lagoon = ask_index(Project(pyproject, {"project": {"name": "lagoon"}}), Config(), environ, ahead)
        assert lagoon.project_files.result() == ProjectFiles()


def test_names_that_look_alike_are_few_and_the_likeliest_first() -> None:
    assert look_alikes("a1-b0")[:2] == ("a1b0", "al-bo")
    assert len(look_alikes("illicit-loop-1010")) == MOST_LOOK_ALIKES
    assert look_alikes("Tq") == ()


def test_missing_project_has_no_files() -> None:
    with serve_page(b"", status=404) as url:
        assert read_project_files(url, "tidepool") == ProjectFiles()


PAGE = """\
<!DOCTYPE html>
<html><head><base href="../../files/"><meta name="pypi:project-status" content="archived"><title>{title}</title></head>
<body><a href="/">all projects</a>
<a href="t.tar.gz#sha256=ab" data-core-metadata="sha256=cd" data-yanked="broken">tidepool-1.2.3.tar.gz</a><br>
<A HREF='tidepool-1.3.0%2Blocal-py3-none-any.whl#sha256=ef' data-provenance="https://example.invalid/p"> </A>
</body></html>
"""


def test_files_are_read_from_html_where_an_index_has_no_json() -> None:
    with serve_page(PAGE.encode(), "text/html; charset=utf-8") as url:
        project = read_project_files(url, "Tide.Pool")
        metadata = url.replace("/simple/", "/files/t.tar.gz.metadata")
    sdist = IndexFile("tidepool-1.2.3.tar.gz", "ab", 0, None, is_yanked=True, metadata=metadata)
    wheel = IndexFile("tidepool-1.3.0+local-py3-none-any.whl", "ef", 0, None, provenance="https://example.invalid/p")
    assert project == ProjectFiles("Tide.Pool", (sdist, wheel), status="archived")


def test_file_has_the_name_of_its_address_where_the_link_has_another_text() -> None:
    links = '<a href="t-1.zip#egg=t&sha256=ab">1</a><a href="get?id=1#sha256=cd">t-2.zip</a>'
    page = read_links(links, "https://example.invalid/simple/t/")
    assert page is not None
    assert [(file["filename"], file["hashes"]) for file in page["files"]] == [
        ("t-1.zip", {"sha256": "ab"}),
        ("t-2.zip", {"sha256": "cd"}),
    ]


@pytest.mark.parametrize(
    "page", [b"<title>Links for tidepool</title>", b'<meta name="pypi:repository-version" content="1.0">']
)
def test_page_of_html_without_files_is_a_project_without_files(page: bytes) -> None:
    with serve_page(page, "text/html") as url:
        assert read_project_files(url, "tidepool") == ProjectFiles("tidepool")


@pytest.mark.parametrize("link", ['<a href="t.tar.gz">t-1.tar.gz</a>', '<a href="t#md5=ab">t-1.tar.gz</a>'])
def test_html_without_sha256_is_one_message(link: str) -> None:
    with serve_page(link.encode(), "text/html") as url, pytest.raises(IndexUnreachable) as raised:
        read_project_files(url, "tidepool")
    assert raised.value.what.endswith("/simple/tidepool/ does not answer as an index does: it has no SHA-256 of a file")
    assert raised.value.fix.endswith("pypi-server run --hash-algo sha256")


ODD: tuple[Any, ...] = (
    *(3, [], {}, {"files": 3}, {"files": [3]}, {"files": [{}]}, {"files": [{**FILE, "hashes": []}]}),
    *({"files": [], "project-status": 3}, {"files": [{**FILE, "size": "many"}]}),
    *({"files": [{**FILE, "size": float("inf")}]}, {"files": [{**FILE, "hashes": {"sha256": None}}]}),
    {"files": [{**FILE, "url": "http://[", "core-metadata": True}]},
)
"""JSON that is not of the simple API."""


def test_other_json_is_one_message() -> None:
    unexplained = []
    for page in ODD:
        with pytest.raises(IndexUnreachable) as raised:
            project_files(page)
        if "it has no SHA-256 of a file" not in raised.value.what:
            unexplained.append((page, raised.value.what))
    assert unexplained == []


def test_hash_in_upper_case_is_the_same_hash() -> None:
    """Installers take it so, too: a sound release must not be called another one."""
    (held,) = project_files({"files": [{**FILE, "hashes": {"sha256": "AB"}}]}).files
    assert held.sha256 == "ab"
    with serve_page(b'<a href="t.tar.gz#sha256=AB">t-1.tar.gz</a>', "text/html") as url:
        assert read_project_files(url, "tidepool").files[0].sha256 == "ab"


def test_invalid_time_is_unknown() -> None:
    for time in ("yesterday", "2024-02-31T12:00:00Z", 3):
        (held,) = project_files({"files": [{**FILE, "upload-time": time}]}).files
        assert held.uploaded is None


VERSION_2 = b'<meta name="pypi:repository-version" content="2.0"><a href="t-1.zip#sha256=ab">t-1.zip</a>'


@pytest.mark.parametrize(
    ("content", "kind", "status", "message"),
    [
        (
            b"<a href='login'>Log in</a>",
            "text/html",
            200,
            NEITHER_FORM,
        ),
        (b"[" * 100_000, JSON, 200, NEITHER_FORM),
        (b"\xff", JSON, 200, NEITHER_FORM),
        (b"null", JSON, 200, NEITHER_FORM),
        (b"<html>Gateway</html>", JSON, 200, NEITHER_FORM),
        (b'{"meta": {"api-version": "2.0"}, "files": []}', JSON, 200, "it has version 2.0 of the simple API"),
        (b'{"meta": "1", "files": []}', JSON, 200, "it has no SHA-256 of a file"),
        (b'{"meta": {"api-version": "\\ud8002"}}', JSON, 200, "it has version \\ud8002 of the simple API"),
        (VERSION_2, "text/html", 200, "it has version 2.0 of the simple API"),
        (b"", JSON, 500, "500 Server Error"),
    ],
    ids=[
        "html",
        "deep",
        "bytes",
        "null",
        "html called JSON",
        "another version",
        "no table",
        "surrogate",
        "HTML of it",
        "fault",
    ],
)
def test_page_of_no_index_is_one_message(content: bytes, kind: str, status: int, message: str) -> None:
    with serve_page(content, kind, status) as url, pytest.raises(IndexUnreachable) as raised:
        read_project_files(url, "tidepool")
    assert message in raised.value.what


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        *((f'{{"meta": {meta}, "files": []}}', JSON) for meta in ("null", "{}", '{"api-version": null}', "[]")),
        *(
            (f'<meta name="pypi:repository-version"{text}>', "text/html")
            for text in ("", " content", ' content=" 1.0"')
        ),
        ('<meta name="pypi:project-status">', "text/html"),
        ('{"files": [], "project-status": {"status": null}}', JSON),
    ],
)
def test_page_need_not_say_what_it_is(content: str, kind: str) -> None:
    with serve_page(content.encode(), kind) as url:
        assert read_project_files(url, "tidepool") == ProjectFiles("tidepool", (), status="active")


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/simple/", "http://[broken/simple/", "http:///simple/"])
def test_address_without_a_server_is_one_message(address: str) -> None:
    with pytest.raises(IndexUnreachable):
        read_project_files(address, "tidepool")


def test_credentials_in_the_address_are_not_shown() -> None:
    with pytest.raises(IndexUnreachable) as raised:
        read_project_files("http://sailor:opensesame@127.0.0.1:9/simple/", "tidepool")
    assert "opensesame" not in str(raised.value)


def test_index_is_read_from_the_configuration_of_pip(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".config/pip").mkdir(parents=True)
    environ = {"HOME": str(home), "PIP_CONFIG_FILE": str(tmp_path / "pip.conf")}
    assert pip_index_url({**environ, "PIP_CONFIG_FILE": os.devnull}) == f"https://{HOST}/simple/"
    (home / ".config/pip/pip.conf").write_text("[global]\nindex-url = https://user.example/simple\n")
    assert pip_index_url(environ) == "https://user.example/simple/"
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://last.example/simple/\n")
    assert pip_index_url(environ) == "https://last.example/simple/"
    assert pip_index_url({**environ, "UV_DEFAULT_INDEX": "https://uv.example"}) == "https://uv.example/"
    both = {"UV_DEFAULT_INDEX": "https://uv.example", "PIP_INDEX_URL": "https://pip.example/simple"}
    assert pip_index_url({**environ, **both}) == "https://pip.example/simple/"


def test_pip_conf_that_is_broken_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_bytes(b"[global\n\xff")
    url = pip_index_url({"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "HOME": str(tmp_path)})
    assert url.startswith("http")


@pytest.mark.parametrize("secret", ["opensesame#x", "opensesame x", "opensesame%23x", "x@opensesame", "a/opensesame"])
def test_no_piece_of_credentials_with_odd_signs_is_shown(secret: str) -> None:
    with pytest.raises(IndexUnreachable) as raised:
        read_project_files(f"http://sailor:{secret}@[127.0.0.1]:9/simple/", "tidepool")
    assert "opensesame" not in str(raised.value)


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
