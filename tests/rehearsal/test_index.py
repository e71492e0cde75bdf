"""The index takes what PyPI takes, refuses the rest in its words, and serves what installers read."""

from __future__ import annotations

import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from twine.utils import DEFAULT_REPOSITORY

import cargo
from pier import NOON, Pier, pier
from seatrial.rehearsal.faults import Faults
from seatrial.rehearsal.shelves import Stored
from trial import lines

if TYPE_CHECKING:
    from pathlib import Path

INDEX = DEFAULT_REPOSITORY.split("/")[2].partition(".")[2]
NOBODY = (
    "403 Invalid or non-existent authentication information. "
    f"See https://{INDEX}/help/#invalid-auth for more information."
)
SDIST, WHEEL = cargo.sdist(), cargo.wheel()
OTHER_WHEEL = WHEEL.having({"tidepool/__init__.py": "other = 1\n"})
METADATA = str(WHEEL.files["tidepool-1.2.3.dist-info/METADATA"])
OK = "200 OK"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def port(tmp_path: Path) -> Pier:
    return pier(tmp_path)


def held(port: Pier) -> list[str]:
    """Return what the index holds, and insist that it is so on disk, with nothing beside it."""
    files = port.index.shelves.files("tidepool")
    paths = sorted(path for path in port.index.shelves.folder.rglob("*") if path.is_file())
    assert sorted(sha256(path.read_bytes()) for path in paths) == sorted(one.shelved.sha256 for one in files)
    assert not list(port.index.shelves.folder.glob("upload-*"))
    return [one.shelved.name for one in files]


def test_sdist_and_wheel_are_taken_and_the_same_again_changes_nothing(port: Pier) -> None:
    assert [port.upload(one) for one in (SDIST, WHEEL)] == [OK, OK]
    first = port.index.shelves.files("tidepool")
    port.clock.now += 600
    assert [port.upload(one) for one in (SDIST, WHEEL)] == [OK, OK]
    assert port.index.shelves.files("tidepool") == first
    assert held(port) == [SDIST.name, WHEEL.name]


def test_other_bytes_under_the_same_name_are_refused(port: Pier) -> None:
    port.upload(WHEEL)
    blake2 = hashlib.blake2b(OTHER_WHEEL.data(), digest_size=32).hexdigest()
    assert port.upload(OTHER_WHEEL) == (
        f"400 File already exists ('{WHEEL.name}', with blake2_256 hash '{blake2}'). "
        f"See https://{INDEX}/help/#file-name-reuse for more information."
    )
    assert held(port) == [WHEEL.name]


def test_second_sdist_and_late_file_are_refused(port: Pier) -> None:
    port.upload(SDIST)
    # A name that differs in its spelling alone.
    second = cargo.sdist("TIDEPOOL").having({"TIDEPOOL-1.2.3/more": "1"})
    assert port.upload(second) == "400 Only one sdist may be uploaded per release."
    port.clock.now = NOON + 14 * 24 * 3600 + 1
    assert port.upload(WHEEL) == "400 Uploading new files to releases older than 14 days is not allowed."
    assert held(port) == [SDIST.name]


def test_one_of_two_that_arrive_at_once_under_a_name_is_taken(port: Pier) -> None:
    with ThreadPoolExecutor() as pool:
        told = sorted(pool.map(port.upload, (WHEEL, OTHER_WHEEL)))
    assert told[0] == OK
    assert told[1].startswith("400 File already exists ")
    assert held(port) == [WHEEL.name]


@pytest.mark.parametrize(
    ("username", "password"),
    [("__token__", "pypi-guessed"), ("__token__", ""), ("somebody", "secret"), ("", "")],
)
def test_wrong_credentials_let_nobody_in(port: Pier, username: str, password: str) -> None:
    assert port.post(("name", "tidepool"), password=password, username=username) == NOBODY


def test_right_token_under_another_user_name_lets_nobody_in(port: Pier) -> None:
    assert port.post(("name", "tidepool"), username="somebody") == NOBODY


def test_credentials_are_asked_for_before_anything_is_read(port: Pier) -> None:
    assert port.client.post("/legacy/", data=b"\0\xff" * 100, content_type="multipart/form-data").status == NOBODY


def test_expired_token_lets_nobody_in(tmp_path: Path) -> None:
    assert pier(tmp_path, Faults(token_lifetime=0)).upload(WHEEL) == "403 Invalid API Token: token is expired"


def test_project_of_nobody_is_not_made(port: Pier) -> None:
    assert port.upload(cargo.wheel("seashore"), name="seashore") == (
        "400 Non-user identities cannot create new projects. This was probably caused by successfully using a pending "
        "publisher but specifying the project name incorrectly (either in the publisher or in your project's "
        f"metadata). Please ensure that both match. See: https://docs.{INDEX}/trusted-publishers/troubleshooting/"
    )


def test_project_of_others_is_out_of_reach(port: Pier, tmp_path: Path) -> None:
    port.upload(WHEEL)
    (known,) = port.index.shelves.files("tidepool")
    (tmp_path / "theirs").touch()
    port.index.shelves.put(tmp_path / "theirs", "seashore", Stored(known.shelved))
    assert port.upload(cargo.wheel("seashore"), name="seashore") == (
        "403 Invalid API Token: OIDC scoped token is not valid for project 'seashore'"
    )


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([(":action", "doc_upload")], "404 NOT FOUND"),
        ([(":action", "file_upload"), ("protocol_version", "2")], "400 Unknown protocol version."),
        ([(":action", "file_upload"), ("content", "no file")], "400 Upload payload does not have a file."),
    ],
)
def test_form_of_another_kind_is_refused(port: Pier, fields: list[tuple[str, str]], status: str) -> None:
    assert port.post(("name", "tidepool"), *fields) == status


@pytest.mark.parametrize("data", [b"", b"--x", b"--x\r\n\r\n", b"\0" * 1000], ids=["none", "cut", "empty", "zeros"])
def test_what_is_no_form_is_refused(port: Pier, data: bytes) -> None:
    kind = "multipart/form-data; boundary=x"
    answer = port.client.post("/legacy/", data=data, content_type=kind, auth=("__token__", port.token()))
    assert answer.status == "404 NOT FOUND"


@pytest.mark.parametrize("name", ["../tidepool-1.2.3.tar.gz", "a/tidepool-1.2.3.tar.gz", "/etc/passwd"])
def test_file_name_with_a_folder_is_refused(port: Pier, name: str) -> None:
    assert port.upload(SDIST.named(name)) == "400 Cannot upload a file with '/' or '\\' in the name."
    assert held(port) == []


@pytest.mark.parametrize("digest", ["sha256_digest", "blake2_256_digest"])
def test_wrong_digest_is_refused(port: Pier, digest: str) -> None:
    told = "400 The digest supplied does not match a digest calculated from the uploaded file."
    assert port.upload(WHEEL, (digest, "0" * 64)) == told
    assert port.upload(WHEEL, ("sha256_digest", sha256(WHEEL.data()).upper())) == OK


def test_rules_of_the_door_are_asked(port: Pier) -> None:
    assert port.upload(WHEEL.saying("Classifier: Framework :: Nonsense")) == (
        "400 'Framework :: Nonsense' is not a valid classifier. "
        "See https://packaging.python.org/specifications/core-metadata for more information."
    )
    assert held(port) == []


def test_long_description_and_many_fields_are_read(port: Pier) -> None:
    fields = [("requires_dist", f"a{number}") for number in range(3000)]
    assert port.upload(WHEEL, ("description", "a" * 2**20), *fields) == OK


def test_index_that_can_not_write_says_so(port: Pier) -> None:
    shutil.rmtree(port.index.shelves.folder)
    assert port.upload(WHEEL) == "500 Internal Server Error: No such file or directory"


def test_first_uploads_fail_and_the_next_does_not(tmp_path: Path) -> None:
    port = pier(tmp_path, Faults(errors=2))
    assert [port.upload(WHEEL) for _ in range(3)] == ["500 Internal Server Error"] * 2 + [OK]


def test_first_reads_show_less_than_there_is(tmp_path: Path) -> None:
    port = pier(tmp_path, Faults(shown=(0, 1)))
    port.upload(SDIST)
    port.upload(WHEEL)
    assert port.get("/simple/tidepool/").status == "404 NOT FOUND"
    assert [len(port.json("/simple/tidepool/")["files"]) for _ in range(2)] == [1, 2]


def test_simple_api_in_json(port: Pier) -> None:
    port.upload(SDIST)
    port.clock.now += 1.5
    port.upload(WHEEL)
    core = {"sha256": sha256(METADATA.encode())}
    assert port.json("/simple/") == {"meta": {"api-version": "1.1"}, "projects": [{"name": "tidepool"}]}
    assert port.json("/simple/tidepool/") == {
        "meta": {"api-version": "1.1"},
        "name": "tidepool",
        "versions": ["1.2.3"],
        "files": [
            {
                "filename": SDIST.name,
                "url": f"/files/tidepool/{SDIST.name}",
                "hashes": {"sha256": sha256(SDIST.data())},
                "requires-python": ">=3.9",
                "size": len(SDIST.data()),
                "upload-time": "2024-02-29T12:00:00.000000Z",
                "yanked": False,
                "core-metadata": False,
                "data-dist-info-metadata": False,
            },
            {
                "filename": WHEEL.name,
                "url": f"/files/tidepool/{WHEEL.name}",
                "hashes": {"sha256": sha256(WHEEL.data())},
                "requires-python": ">=3.9",
                "size": len(WHEEL.data()),
                "upload-time": "2024-02-29T12:00:01.500000Z",
                "yanked": False,
                "core-metadata": core,
                "data-dist-info-metadata": core,
            },
        ],
    }


def test_simple_api_in_html(port: Pier) -> None:
    port.upload(SDIST)
    port.upload(WHEEL)
    core = f"sha256={sha256(METADATA.encode())}"
    head = '<!DOCTYPE html>\n<html><head><meta name="pypi:repository-version" content="1.1">'
    assert port.ask("/simple/") == (
        "text/html; charset=utf-8",
        (
            f'{head}<title>Simple index</title></head>\n<body>\n<h1>Simple index</h1>\n<a href="tidepool/">tidepool</a>'
            "<br>\n</body></html>\n"
        ),
    )
    assert port.ask("/simple/tidepool/") == (
        "text/html; charset=utf-8",
        (
            f"{head}<title>Links for tidepool</title></head>\n<body>\n<h1>Links for tidepool</h1>\n"
            f'<a href="/files/tidepool/{SDIST.name}#sha256={sha256(SDIST.data())}"'
            f' data-requires-python="&gt;=3.9">{SDIST.name}</a><br>\n'
            f'<a href="/files/tidepool/{WHEEL.name}#sha256={sha256(WHEEL.data())}" data-requires-python="&gt;=3.9"'
            f' data-core-metadata="{core}" data-dist-info-metadata="{core}">{WHEEL.name}</a><br>\n'
            "</body></html>\n"
        ),
    )


def test_page_for_people_names_each_file(port: Pier) -> None:
    port.upload(SDIST)
    _, text = port.ask("/")
    assert text == lines(
        f"""
        <!DOCTYPE html>
        <html><head><meta name="pypi:repository-version" content="1.1"><title>The index of a rehearsal</title></head>
        <body>
        <h1>The index of a rehearsal</h1>
        <a href="/files/tidepool/{SDIST.name}">{SDIST.name}</a> {len(SDIST.data()):,} bytes, \
sha256 {sha256(SDIST.data())}, since 2024-02-29 12:00:00 UTC<br>
        </body></html>
        """
    )


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "text/html; charset=utf-8"),
        ("text/html", "text/html; charset=utf-8"),
        ("application/vnd.pypi.simple.v1+json, text/html; q=0.01", "application/vnd.pypi.simple.v1+json"),
        ("application/vnd.pypi.simple.v1+json; q=0.1, text/html", "text/html; charset=utf-8"),
    ],
)
def test_simple_api_answers_in_the_wanted_form(port: Pier, accept: str, kind: str) -> None:
    port.upload(WHEEL)
    assert port.ask("/simple/tidepool/", accept)[0] == kind


def test_project_is_found_by_its_normalised_name(port: Pier) -> None:
    port.upload(WHEEL)
    answer = port.get("/simple/Tide.Pool/")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/simple/tide-pool/")
    assert port.get("/simple/tide-pool/").status == "404 NOT FOUND"


def test_files_and_their_metadata_are_served_as_they_came(port: Pier) -> None:
    port.upload(WHEEL)
    assert port.get(f"/files/tidepool/{WHEEL.name}").data == WHEEL.data()
    assert port.get(f"/files/tidepool/{WHEEL.name}.metadata").data == METADATA.encode()


@pytest.mark.parametrize(
    "path",
    [
        "/files/tidepool/authority.pem",
        "/files/tidepool/..%2f..%2fauthority.pem",
        "/files/../authority.pem",
        "/files/tidepool/",
        "/files//etc/passwd",
        "/nowhere",
        "/simple//",
    ],
)
def test_nothing_else_is_served(port: Pier, path: str) -> None:
    port.upload(WHEEL)
    (port.index.shelves.folder / "authority.pem").write_text("secret")
    assert port.get(path).status_code == 404


def test_audience_is_that_of_pypi(port: Pier) -> None:
    assert port.get("/_/oidc/audience").get_json() == {"audience": "pypi"}


def test_token_is_minted_and_burnt_over_http(port: Pier) -> None:
    port.clock.now = NOON
    refused = port.client.post("/_/oidc/mint-token", data=b"\xff{")
    assert (refused.status_code, refused.get_json()) == (
        422,
        {
            "message": "Token request failed",
            "errors": [{"code": "invalid-payload", "description": "Input should be a valid string"}],
        },
    )
    token = port.token()
    assert port.client.post("/_/oidc/burn-token", json={"token": token}).status == "202 ACCEPTED"
    assert port.post(("name", "tidepool"), password=token) == NOBODY
