"""Requests to an index are retried with limits, and errors have a fix."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

import pytest
from urllib3 import HTTPResponse

from index_client import PUBLISHER
from seatrial import __version__
from seatrial.errors import IndexUnreachable
from seatrial.index.client import JSON, TIMEOUT, ProjectFiles, read_project_files
from seatrial.index.http import LONGEST_PAUSE, RETRIES, RETRY
from seatrial.rehearsal.network import open_network

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = pytest.mark.slow

EMPTY = json.dumps({"meta": {"api-version": "1.1"}, "name": "tidepool", "files": []})
CUT = 0
"""The status that means a connection that is cut before an answer."""


class Served(NamedTuple):
    """A server: its address, and the requests that it got."""

    url: str
    requests: list[dict[str, str]]


@contextlib.contextmanager
def server(*answers: int, retry_after: str = "") -> Iterator[Served]:
    """Answer with these statuses, one after the other, and with an empty page from then on."""
    requests: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Log nothing."""

        def do_GET(self) -> None:
            requests.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
            status = answers[len(requests) - 1] if len(requests) <= len(answers) else 200
            if status == CUT:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(status)
            self.send_header("Content-Type", JSON)
            self.send_header("Content-Length", str(len(EMPTY)))
            if retry_after:
                self.send_header("Retry-After", retry_after)
            self.end_headers()
            self.wfile.write(EMPTY.encode())

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{made.server_address[1]}/simple/", requests)
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


def refusal(url: str, patience: float = TIMEOUT) -> IndexUnreachable:
    with pytest.raises(IndexUnreachable) as caught:
        read_project_files(url, "tidepool", patience)
    return caught.value


@pytest.mark.parametrize("answers", [(500,), (503, 502), (429,), (CUT,), (CUT, 500)])
def test_request_is_retried_after_a_transient_failure(answers: tuple[int, ...]) -> None:
    with server(*answers) as served:
        assert read_project_files(served.url, "tidepool") == ProjectFiles("tidepool")
    assert len(served.requests) == len(answers) + 1


def test_request_has_a_user_agent_and_no_cache() -> None:
    with server() as served:
        read_project_files(served.url, "Tide.Pool")
    (request,) = served.requests
    names = {"path", "user-agent", "accept", "cache-control"}
    assert {name: value for name, value in request.items() if name in names} == {
        "path": "/simple/tide-pool/",
        "user-agent": f"seatrial/{__version__}",
        "accept": "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1",
        "cache-control": "no-cache",
    }


def test_request_is_sent_four_times_at_most() -> None:
    with server(*[500] * 9) as served:
        error = refusal(served.url)
    assert len(served.requests) == 1 + RETRIES
    assert error.what == f"{served.url}tidepool/ does not answer: 500 Server Error: Internal Server Error"
    assert error.fix == "try again later"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds of each pause, which take no time."""
    seconds: list[float] = []
    monkeypatch.setattr(time, "sleep", seconds.append)
    return seconds


@pytest.mark.parametrize(("retry_after", "expected"), [("0", [0.001] * 3), ("7", [7.0] * 3), ("", [1.0, 2.0])])
def test_pause_is_as_long_as_the_server_asks_for(retry_after: str, expected: list[float], pauses: list[float]) -> None:
    with server(429, 429, 429, retry_after=retry_after) as served:
        read_project_files(served.url, "tidepool")
    assert pauses == expected


@pytest.mark.parametrize(
    ("header", "pause"), [(None, None), ("7", 7), ("3600", LONGEST_PAUSE), ("soon", None), ("-1", None), ("1.5", None)]
)
def test_retry_after_has_a_limit(header: str | None, pause: float | None) -> None:
    assert RETRY.get_retry_after(HTTPResponse(headers={} if header is None else {"Retry-After": header})) == pause


def test_request_is_not_retried_after_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        error = refusal(f"http://127.0.0.1:{listening.getsockname()[1]}/simple/", 0.2)
        listening.setblocking(False)
        listening.accept()[0].close()
        with pytest.raises(BlockingIOError):
            listening.accept()
    assert error.what.endswith("does not answer: Read timed out.")


@pytest.mark.parametrize("status", [400, 401, 403, 410])
def test_request_is_not_retried_after_a_permanent_failure(status: int) -> None:
    with server(status) as served:
        error = refusal(served.url)
    assert len(served.requests) == 1
    assert error.fix.startswith("put user and password") == (status in {401, 403})


def test_password_in_the_address_is_used_and_not_shown() -> None:
    with server(403) as served:
        error = refusal(served.url.replace("://", "://tides:secretpassword@"))
    assert served.requests[0]["authorization"] == "Basic dGlkZXM6c2VjcmV0cGFzc3dvcmQ="
    assert "secretpassword" not in str(error)
    assert error.what.startswith("http://***@127.0.0.1:")


def test_untrusted_certificate_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_network(tmp_path / "index", PUBLISHER, "tidepool") as network:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{network.proxy}")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
        monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
        url = f"https://{network.upload_host}/simple/"
        error = refusal(url)
        assert "certificate verify failed" in error.what
        assert error.fix.startswith("have the certificate of the server")
        # The proxy, and who vouches for it, are honoured.
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(network.bundle))
        assert read_project_files(url, "tidepool") == ProjectFiles()


@pytest.mark.parametrize(
    ("url", "proxy", "fix"),
    [
        ("http://127.0.0.1:9/simple/", "", "go online, or correct the address: no server answers there"),
        ("https://nowhere.invalid/simple/", "", "go online, or correct the address: no server answers there"),
        (
            "https://nowhere.invalid/simple/",
            "http://127.0.0.1:9",
            "correct HTTPS_PROXY, or leave the server out of it: NO_PROXY=HOST",
        ),
    ],
    ids=["refused", "no such name", "no such proxy"],
)
def test_unreachable_index_is_reported_at_once(
    monkeypatch: pytest.MonkeyPatch, url: str, proxy: str, fix: str, pauses: list[float]
) -> None:
    monkeypatch.setenv("NO_PROXY", "")
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy)
    error = refusal(url)
    assert (error.fix, "does not answer: the proxy: Connection refused" in error.what) == (fix, bool(proxy))
    assert pauses == []


def test_answer_that_drips_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, contextlib.ExitStack() as stack:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
                while not ended.wait(0.05):
                    connection.sendall(b"x")

        ended = threading.Event()
        thread = threading.Thread(target=drip)
        thread.start()
        stack.callback(thread.join)
        stack.callback(ended.set)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/simple/"
        assert refusal(url, 0.5).what == f"{url}tidepool/ does not answer: the answer was not complete after 1.5 s"
