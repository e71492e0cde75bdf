"""The index takes what PyPI takes, refuses the rest in its words, and serves what installers read."""

from __future__ import annotations

import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from twine.utils import DEFAULT_REPOSITORY

import sample_dists
from index_client import NOON, IndexClient, open_index_client
from index_faults import InjectedFaults
from sample_project import lines
from seatrial.rehearsal.index_server import StoredFile

if TYPE_CHECKING:
    from pathlib import Path


INDEX = DEFAULT_REPOSITORY.split("/")[2].partition(".")[2]
DENIED = (
    "403 Invalid or non-existent authentication information. "
    f"See https://{INDEX}/help/#invalid-auth for more information."
)
SDIST, WHEEL = sample_dists.sdist(), sample_dists.wheel()
OTHER_WHEEL = WHEEL.having({"tidepool/__init__.py": "other = 1\n"})
METADATA = str(WHEEL.files["tidepool-1.2.3.dist-info/METADATA"])
OK = "200 OK"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def client(tmp_path: Path) -> IndexClient:
    return open_index_client(tmp_path)


def held(client: IndexClient) -> list[str]:
    """Return what the index holds, and insist that it is so on disk, with nothing next to it."""
    files = client.index.store.files("tidepool")
    paths = sorted(path for path in client.index.store.folder.rglob("*") if path.is_file())
    assert sorted(sha256(path.read_bytes()) for path in paths) == sorted(file.index_file.sha256 for file in files)
    assert not list(client.index.store.folder.glob("upload-*"))
    return [file.index_file.name for file in files]


def test_sdist_and_wheel_are_taken_and_the_same_again_changes_nothing(client: IndexClient) -> None:
    assert [client.upload(dist) for dist in (SDIST, WHEEL)] == [OK, OK]
    first = client.index.store.files("tidepool")
    client.clock.now += 600
    assert [client.upload(dist) for dist in (SDIST, WHEEL)] == [OK, OK]
    assert client.index.store.files("tidepool") == first
    assert held(client) == [SDIST.name, WHEEL.name]


def test_other_bytes_under_the_same_name_are_refused(client: IndexClient) -> None:
    client.upload(WHEEL)
    blake2 = hashlib.blake2b(OTHER_WHEEL.data(), digest_size=32).hexdigest()
    assert client.upload(OTHER_WHEEL) == (
        f"400 File already exists ('{WHEEL.name}', with blake2_256 hash '{blake2}'). "
        f"See https://{INDEX}/help/#file-name-reuse for more information."
    )
    assert held(client) == [WHEEL.name]


def test_second_sdist_and_late_file_are_refused(client: IndexClient) -> None:
    client.upload(SDIST)
    # A name that differs in its spelling alone.
    second = sample_dists.sdist("TIDEPOOL").having({"TIDEPOOL-1.2.3/more": "1"})
    assert client.upload(second) == "400 Only one sdist may be uploaded per release."
    client.clock.now = NOON + 14 * 24 * 3600 + 1
    assert client.upload(WHEEL) == "400 Uploading new files to releases older than 14 days is not allowed."
    assert held(client) == [SDIST.name]


def test_one_of_two_that_arrive_at_once_under_a_name_is_taken(client: IndexClient) -> None:
    with ThreadPoolExecutor() as pool:
        answers = sorted(pool.map(client.upload, (WHEEL, OTHER_WHEEL)))
    assert answers[0] == OK
    assert answers[1].startswith("400 File already exists ")
    assert held(client) == [WHEEL.name]


@pytest.mark.parametrize(
    ("username", "password"),
    [("__token__", "pypi-guessed"), ("__token__", ""), ("somebody", "secret"), ("", "")],
)
def test_wrong_credentials_are_refused(client: IndexClient, username: str, password: str) -> None:
    assert client.post(("name", "tidepool"), password=password, username=username) == DENIED


def test_right_token_under_another_user_name_is_refused(client: IndexClient) -> None:
    assert client.post(("name", "tidepool"), username="somebody") == DENIED


def test_credentials_are_checked_before_the_body_is_read(client: IndexClient) -> None:
    assert client.client.post("/legacy/", data=b"\0\xff" * 100, content_type="multipart/form-data").status == DENIED


def test_expired_token_is_refused(tmp_path: Path) -> None:
    assert (
        open_index_client(tmp_path, InjectedFaults(token_lifetime=0)).upload(WHEEL)
        == "403 Invalid API Token: token is expired"
    )


def test_upload_without_a_publisher_makes_no_project(client: IndexClient) -> None:
    assert client.upload(sample_dists.wheel("seashore"), name="seashore") == (
        "400 Non-user identities cannot create new projects. This was probably caused by successfully using a pending "
        "publisher but specifying the project name incorrectly (either in the publisher or in your project's "
        f"metadata). Please ensure that both match. See: https://docs.{INDEX}/trusted-publishers/troubleshooting/"
    )


def test_project_of_others_is_out_of_reach(client: IndexClient, tmp_path: Path) -> None:
    client.upload(WHEEL)
    (stored,) = client.index.store.files("tidepool")
    (tmp_path / "theirs").touch()
    client.index.store.put(tmp_path / "theirs", "seashore", StoredFile(stored.index_file))
    assert client.upload(sample_dists.wheel("seashore"), name="seashore") == (
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
def test_form_of_another_kind_is_refused(client: IndexClient, fields: list[tuple[str, str]], status: str) -> None:
    assert client.post(("name", "tidepool"), *fields) == status


@pytest.mark.parametrize("data", [b"", b"--x", b"--x\r\n\r\n", b"\0" * 1000], ids=["none", "cut", "empty", "zeros"])
def test_what_is_no_form_is_refused(client: IndexClient, data: bytes) -> None:
    kind = "multipart/form-data; boundary=x"
    answer = client.client.post("/legacy/", data=data, content_type=kind, auth=("__token__", client.token()))
    assert answer.status == "404 NOT FOUND"


@pytest.mark.parametrize("name", ["../tidepool-1.2.3.tar.gz", "a/tidepool-1.2.3.tar.gz", "/etc/passwd"])
def test_file_name_with_a_folder_is_refused(client: IndexClient, name: str) -> None:
    assert client.upload(SDIST.named(name)) == "400 Cannot upload a file with '/' or '\\' in the name."
    assert held(client) == []


@pytest.mark.parametrize("digest", ["sha256_digest", "blake2_256_digest"])
def test_wrong_digest_is_refused(client: IndexClient, digest: str) -> None:
    refusal = "400 The digest supplied does not match a digest calculated from the uploaded file."
    assert client.upload(WHEEL, (digest, "0" * 64)) == refusal
    assert client.upload(WHEEL, ("sha256_digest", sha256(WHEEL.data()).upper())) == OK


def test_upload_rules_are_applied(client: IndexClient) -> None:
    assert client.upload(WHEEL.saying("Classifier: Framework :: Nonsense")) == (
        "400 'Framework :: Nonsense' is not a valid classifier. "
        "See https://packaging.python.org/specifications/core-metadata for more information."
    )
    assert held(client) == []


def test_long_description_and_many_fields_are_read(client: IndexClient) -> None:
    fields = [("requires_dist", f"a{number}") for number in range(3000)]
    assert client.upload(WHEEL, ("description", "a" * 2**20), *fields) == OK


def test_index_that_can_not_write_reports_it(client: IndexClient) -> None:
    shutil.rmtree(client.index.store.folder)
    assert client.upload(WHEEL) == "500 Internal Server Error: No such file or directory"


def test_first_uploads_fail_and_the_next_does_not(tmp_path: Path) -> None:
    client = open_index_client(tmp_path, InjectedFaults(errors=2))
    assert [client.upload(WHEEL) for _ in range(3)] == ["500 Internal Server Error"] * 2 + [OK]


def test_first_reads_show_less_than_there_is(tmp_path: Path) -> None:
    client = open_index_client(tmp_path, InjectedFaults(visible=(0, 1)))
    client.upload(SDIST)
    client.upload(WHEEL)
    assert client.get("/simple/tidepool/").status == "404 NOT FOUND"
    assert [len(client.json("/simple/tidepool/")["files"]) for _ in range(2)] == [1, 2]


def test_simple_api_in_json(client: IndexClient) -> None:
    client.upload(SDIST)
    client.clock.now += 1.5
    client.upload(WHEEL)
    core = {"sha256": sha256(METADATA.encode())}
    assert client.json("/simple/") == {"meta": {"api-version": "1.1"}, "projects": [{"name": "tidepool"}]}
    assert client.json("/simple/tidepool/") == {
        "meta": {"api-version": "1.1"},
        "name": "tidepool",
        "versions": ["1.2.3"],
        "files": [
            {
                "filename": SDIST.name,
                "url": f"../../files/tidepool/{SDIST.name}",
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
                "url": f"../../files/tidepool/{WHEEL.name}",
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


def test_simple_api_in_html(client: IndexClient) -> None:
    client.upload(SDIST)
    client.upload(WHEEL)
    core = f"sha256={sha256(METADATA.encode())}"
    head = '<!DOCTYPE html>\n<html><head><meta name="pypi:repository-version" content="1.1">'
    assert client.ask("/simple/") == (
        "text/html; charset=utf-8",
        (
            f'{head}<title>Simple index</title></head>\n<body>\n<h1>Simple index</h1>\n<a href="tidepool/">tidepool</a>'
            "<br>\n</body></html>\n"
        ),
    )
    assert client.ask("/simple/tidepool/") == (
        "text/html; charset=utf-8",
        (
            f"{head}<title>Links for tidepool</title></head>\n<body>\n<h1>Links for tidepool</h1>\n"
            f'<a href="../../files/tidepool/{SDIST.name}#sha256={sha256(SDIST.data())}"'
            f' data-requires-python="&gt;=3.9">{SDIST.name}</a><br>\n'
            f'<a href="../../files/tidepool/{WHEEL.name}#sha256={sha256(WHEEL.data())}" data-requires-python="&gt;=3.9"'
            f' data-core-metadata="{core}" data-dist-info-metadata="{core}">{WHEEL.name}</a><br>\n'
            "</body></html>\n"
        ),
    )


def test_page_for_people_names_each_file(client: IndexClient) -> None:
    client.upload(SDIST)
    _, text = client.ask("/")
    assert text == lines(
        f"""
        <!DOCTYPE html>
        <html><head><meta name="pypi:repository-version" content="1.1"><title>The index of a rehearsal</title></head>
        <body>
        <h1>The index of a rehearsal</h1>
        <a href="files/tidepool/{SDIST.name}">{SDIST.name}</a> {len(SDIST.data()):,} bytes, \
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
def test_simple_api_answers_in_the_wanted_form(client: IndexClient, accept: str, kind: str) -> None:
    client.upload(WHEEL)
    assert client.ask("/simple/tidepool/", accept)[0] == kind


def test_project_is_found_by_its_normalised_name(client: IndexClient) -> None:
    client.upload(WHEEL)
    answer = client.get("/simple/Tide.Pool/")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/simple/tide-pool/")
    assert client.get("/simple/tide-pool/").status == "404 NOT FOUND"


def test_files_and_their_metadata_are_served_as_they_came(client: IndexClient) -> None:
    client.upload(WHEEL)
    assert client.get(f"/files/tidepool/{WHEEL.name}").data == WHEEL.data()
    assert client.get(f"/files/tidepool/{WHEEL.name}.metadata").data == METADATA.encode()


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
def test_nothing_else_is_served(client: IndexClient, path: str) -> None:
    client.upload(WHEEL)
    (client.index.store.folder / "authority.pem").write_text("secret")
    assert client.get(path).status_code == 404


def test_audience_is_that_of_pypi(client: IndexClient) -> None:
    assert client.get("/_/oidc/audience").get_json() == {"audience": "pypi"}


def test_token_is_minted_and_burnt_over_http(client: IndexClient) -> None:
    client.clock.now = NOON
    refused = client.client.post("/_/oidc/mint-token", data=b"\xff{")
    assert (refused.status_code, refused.get_json()) == (
        422,
        {
            "message": "Token request failed",
            "errors": [{"code": "invalid-payload", "description": "Input should be a valid string"}],
        },
    )
    token = client.token()
    assert client.client.post("/_/oidc/burn-token", json={"token": token}).status == "202 ACCEPTED"
    assert client.post(("name", "tidepool"), password=token) == DENIED
