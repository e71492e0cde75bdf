"""The network of a rehearsal: an index, a token issuer and a proxy on loopback, and the environment that leads there.

twine requests a token only where it uploads to PyPI itself, over https. So the proxy leads PyPI's upload host to the
index, and a temporary certificate authority signs its certificate.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
import selectors
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import urlsplit
from wsgiref.util import shift_path_info

import trustme
from twine.utils import DEFAULT_REPOSITORY, TEST_REPOSITORY
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from seatrial import process
from seatrial.errors import CommandFailed, RehearsalError
from seatrial.redaction import PUBLISHING_VARIABLE
from seatrial.rehearsal.index_server import FileStore, IndexApplication, UploadHandler
from seatrial.rehearsal.oidc import CiIdentity, TokenExchange, TokenIssuer

if TYPE_CHECKING:
    from socketserver import TCPServer

    from _typeshed.wsgi import WSGIApplication

    from seatrial.ci.publisher import Publisher


FORBIDDEN_VARIABLES = ("all_proxy", "curl_ca_bundle", "http_proxy", "https_proxy", "netrc", "no_proxy", "ssl_cert_dir")
"""Variables that would lead an upload past the proxy, or to other certificates or passwords."""

LOOPBACK_SCRIPT = """\
import sys
import requests
inside, nonce, outside = sys.argv[1:]
try:
    answer = requests.get(inside, timeout=10).json()
except (requests.exceptions.RequestException, ValueError) as error:
    sys.exit(f"{inside} is out of reach: {error}")
if answer != {"rehearsal": nonce}:
    sys.exit(f"{inside} answered {answer}")
try:
    answer = requests.get(outside, timeout=10)
except requests.exceptions.ProxyError:
    sys.exit(0)
except requests.exceptions.RequestException as error:
    sys.exit(f"{outside} was not refused by the proxy: {error}")
sys.exit(f"{outside} answered {answer.status_code}")
"""
"""What verifies that an upload stays on this machine, with the library that twine uses: the host of the upload is the
index of this rehearsal, the only server that can answer a random word; other hosts are unreachable."""


@dataclass(frozen=True)
class LocalNetwork:
    """The servers of a rehearsal.

    ``bundle``: the file with the certificate of their authority; ``plain`` and ``proxy`` are ports on loopback;
    ``upload_host`` is the host that the proxy leads to the index; ``token``: what the path of every address of the
    index begins with.
    """

    index: IndexApplication
    bundle: Path
    plain: int
    proxy: int
    upload_host: str
    token: str

    @property
    def home_url(self) -> str:
        """The address of the page for people."""
        return f"http://127.0.0.1:{self.plain}/{self.token}/"

    @property
    def simple_url(self) -> str:
        """The address that pip and uv install from."""
        return f"{self.home_url}simple/"

    def environment(self, base: Mapping[str, str], identity: CiIdentity) -> dict[str, str]:
        """Return the environment of an upload from CI: all of ``base`` but what could lead elsewhere, or publish.

        ``identity``: the job that uploads.
        """
        self.index.identity = identity
        proxy, bundle = f"http://127.0.0.1:{self.proxy}", str(self.bundle)
        return {
            **{name: value for name, value in base.items() if not _leads_elsewhere(name)},
            "HTTPS_PROXY": proxy,
            "HTTP_PROXY": proxy,
            "REQUESTS_CA_BUNDLE": bundle,
            "SSL_CERT_FILE": bundle,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            **self._identity(identity),
        }

    def _identity(self, identity: CiIdentity) -> dict[str, str]:
        """Return the variables with the identity of a job: at GitHub where to request a token, at GitLab the tokens."""
        if identity.publisher.forge == "gitlab":
            tokens = {name: self.index.issuer.token(identity, *audience) for name, audience in identity.tokens}
            return {"GITLAB_CI": "true", **tokens}
        return {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.index.issuer.bearer,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.home_url}_/identity?api-version=2.0",
        }

    def require_loopback(self, environment: Mapping[str, str], cwd: Path) -> None:
        """Verify that an upload in this environment reaches the index and nothing else. Raises `LeadsElsewhere`."""
        inside, outside = f"https://{self.upload_host}/_/rehearsal", "https://seatrial.invalid/"
        try:
            process.run(
                process.script_command(LOOPBACK_SCRIPT, inside, self.index.nonce, outside), cwd=cwd, env=environment
            )
        except CommandFailed as error:
            raise RehearsalError(
                f"an upload would not stay on this machine:\n{error.what}", code="LeadsElsewhere"
            ) from None


@contextlib.contextmanager
def open_network(
    folder: Path,
    publisher: Publisher,
    project: str,
    *,
    make_index: Callable[..., IndexApplication] = IndexApplication,
) -> Iterator[LocalNetwork]:
    """Open the index for one project and its publisher, and close all of it at the end.

    ``folder``: where the index keeps its files. Nothing listens to anything but loopback, on ports that the system
    chooses.
    """
    folder.mkdir(parents=True)
    hosts = [str(urlsplit(url).hostname) for url in (DEFAULT_REPOSITORY, TEST_REPOSITORY)]
    token_exchange = TokenExchange(publisher, TokenIssuer.make(forge=publisher.forge))
    index = make_index(UploadHandler(FileStore(folder), project, token_exchange.issuer.clock), token_exchange)
    authority, context = trustme.CA(organization_name="seatrial rehearsal"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # The keys never leave this process.
    authority.issue_cert(*hosts).configure_cert(context)
    bundle = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with contextlib.ExitStack() as stack:
        token = secrets.token_urlsafe()
        plain = stack.enter_context(_served(_web(_guard_reads(index, token))))
        secure = stack.enter_context(_served(_web(_guard_uploads(index, hosts), context)))
        proxy = stack.enter_context(_served(Proxy(dict.fromkeys(hosts, secure))))
        yield LocalNetwork(index, bundle, plain, proxy, hosts[0], token)


MISDIRECTED = "421 Misdirected Request"
"""The answer to a request for another host (RFC 9110, 15.5.20)."""


def _guard_reads(index: IndexApplication, token: str) -> WSGIApplication:
    """Return the index as this machine reads it: only under its token, and only by the name of the loopback address.

    Without both, every user of the machine and every page in a browser (DNS rebinding) could read unpublished files.
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not _is_for_host(environ, ("127.0.0.1", "localhost")):
            return _plain_answer(start_response, MISDIRECTED)
        name = shift_path_info(environ) or ""
        if not hmac.compare_digest(name.encode("utf-8", "surrogateescape"), token.encode()):
            return _plain_answer(start_response, "404 Not Found")
        return index(environ, start_response)

    return answer


def _guard_uploads(index: IndexApplication, hosts: Sequence[str]) -> WSGIApplication:
    """Return the index as twine reaches it, by the names of the upload hosts: uploads and tokens, but no reading."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not _is_for_host(environ, hosts):
            return _plain_answer(start_response, MISDIRECTED)
        if not environ.get("PATH_INFO", "").startswith(("/legacy/", "/_/")):
            return _plain_answer(start_response, "404 Not Found")
        return index(environ, start_response)

    return answer


def _is_for_host(environ: Mapping[str, Any], hosts: Sequence[str]) -> bool:
    """Return whether the Host header names one of these hosts, whatever the port."""
    host = str(environ.get("HTTP_HOST", "")).lower()
    return host.partition(":")[0] in hosts


def _plain_answer(start_response: Callable[..., Any], status: str) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
    return (status.encode(),)


def _leads_elsewhere(name: str) -> bool:
    return name.lower() in FORBIDDEN_VARIABLES or PUBLISHING_VARIABLE.fullmatch(name) is not None


def _web(application: WSGIApplication, context: ssl.SSLContext | None = None) -> BaseWSGIServer:
    class Quiet(WSGIRequestHandler):
        def log(self, *_: object) -> None:
            """Say nothing."""

    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet, ssl_context=context)
    if isinstance(server.socket, ssl.SSLSocket):
        # Else a client that connects and says nothing would hold up all others, and the end of the server.
        server.socket.do_handshake_on_connect = False  # type: ignore[attr-defined]  # typeshed lacks it
    return server


@contextlib.contextmanager
def _served(server: TCPServer) -> Iterator[int]:
    """Serve in a thread, and yield the port."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.socket.getsockname()[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


PIECE = 1 << 16


class Proxy(ThreadingHTTPServer):
    """Listens on a free port of loopback. ``leads``: for each host the port on loopback that replaces it."""

    daemon_threads = True

    def __init__(self, leads: dict[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.leads = leads

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that disconnects is not an error."""


class _Handler(BaseHTTPRequestHandler):
    server: Proxy

    def do_CONNECT(self) -> None:
        """Lead to the index, or refuse (RFC 9110, 9.3.6)."""
        host, _, port = self.path.rpartition(":")
        if host not in self.server.leads or port != "443":
            self.send_error(HTTPStatus.FORBIDDEN, f"{self.path} is not on this machine")
            return
        with socket.create_connection(("127.0.0.1", self.server.leads[host])) as upstream:
            self.send_response(HTTPStatus.OK)
            self.end_headers()
            self._relay(upstream)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _relay(self, upstream: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            ways = {self.connection: upstream, upstream: self.connection}
            for connection in ways:
                selector.register(connection, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    source: socket.socket = key.fileobj  # type: ignore[assignment]
                    piece = source.recv(PIECE)
                    if not piece:
                        return
                    ways[source].sendall(piece)
