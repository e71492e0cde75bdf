"""The network of a rehearsal: an index, an issuer and a proxy on loopback, and the environment that leads to them.

twine asks for a token only where it uploads to PyPI itself, over https. So the proxy leads PyPI's upload host to the
index, and a throw-away authority vouches for it.
"""

from __future__ import annotations

import contextlib
import ssl
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from seatrial import shell
from seatrial.errors import CommandFailed
from seatrial.mishaps import RehearsalError
from seatrial.rehearsal.authority import Authority
from seatrial.rehearsal.faults import Faults
from seatrial.rehearsal.index import Index
from seatrial.rehearsal.issuer import Issuer, Sender
from seatrial.rehearsal.minting import Mint
from seatrial.rehearsal.proxy import Proxy
from seatrial.rehearsal.shelves import Shelves
from seatrial.rehearsal.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from socketserver import TCPServer

    from werkzeug.serving import BaseWSGIServer

    from seatrial.facts.publisher import Publisher

LEADS_ASTRAY = ("all_proxy", "curl_ca_bundle", "http_proxy", "https_proxy", "netrc", "no_proxy", "ssl_cert_dir")
"""Variables that would lead an upload past the proxy, or to other certificates or passwords."""

PROVE = """\
import sys
import requests
inside, nonce, outside = sys.argv[1:]
try:
    told = requests.get(inside, timeout=10).json()
except (requests.exceptions.RequestException, ValueError) as error:
    sys.exit(f"{inside} is out of reach: {error}")
if told != {"rehearsal": nonce}:
    sys.exit(f"{inside} answered {told}")
try:
    answer = requests.get(outside, timeout=10)
except requests.exceptions.ProxyError:
    sys.exit(0)
except requests.exceptions.RequestException as error:
    sys.exit(f"{outside} was not refused by the proxy: {error}")
sys.exit(f"{outside} answered {answer.status_code}")
"""
"""What proves that an upload stays on this machine, with the library that twine uses: the host of the upload is the
index of this rehearsal, which alone knows a word, and another host is out of reach."""


@dataclass(frozen=True)
class Network:
    """What runs. ``plain`` and ``proxy`` are ports on loopback; ``upload_host`` is the one that the proxy leads on."""

    index: Index
    authority: Authority
    plain: int
    proxy: int
    upload_host: str

    @property
    def home_url(self) -> str:
        """The address of the page for people."""
        return f"http://127.0.0.1:{self.plain}/"

    @property
    def simple_url(self) -> str:
        """The address that pip and uv install from."""
        return f"{self.home_url}simple/"

    def environment(self, base: Mapping[str, str], sender: Sender) -> dict[str, str]:
        """Return the environment of an upload from CI: all of ``base`` but what could lead elsewhere, or publish.

        ``sender``: the job that uploads.
        """
        self.index.sender = sender
        proxy, bundle = f"http://127.0.0.1:{self.proxy}", str(self.authority.bundle)
        return {
            **{name: value for name, value in base.items() if not _leads_elsewhere(name)},
            "HTTPS_PROXY": proxy,
            "HTTP_PROXY": proxy,
            "REQUESTS_CA_BUNDLE": bundle,
            "SSL_CERT_FILE": bundle,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            **self._identity(sender),
        }

    def _identity(self, sender: Sender) -> dict[str, str]:
        """Return what tells a job who it is: at GitHub where it can ask for a token, at GitLab the tokens."""
        if sender.publisher.forge == "gitlab":
            tokens = {name: self.index.issuer.token(sender, *audience) for name, audience in sender.tokens}
            return {"GITLAB_CI": "true", **tokens}
        return {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.index.issuer.bearer,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.home_url}_/identity?api-version=2.0",
        }

    def insist_on_loopback(self, environment: Mapping[str, str], cwd: Path) -> None:
        """Prove that an upload in this environment reaches the index and nothing else. Raises `LeadsElsewhere`."""
        inside, outside = f"https://{self.upload_host}/_/rehearsal", "https://seatrial.invalid/"
        try:
            shell.run((sys.executable, "-c", PROVE, inside, self.index.nonce, outside), cwd=cwd, env=environment)
        except CommandFailed as error:
            raise RehearsalError(
                f"an upload would not stay on this machine:\n{error.what}", code="LeadsElsewhere"
            ) from None


@contextlib.contextmanager
def network(
    folder: Path, publisher: Publisher, project: str, *, faults: Faults | None = None, issuer: Issuer | None = None
) -> Iterator[Network]:
    """Open the index for one project and its publisher, and close all of it at the end.

    ``folder``: where the index keeps its files. Nothing listens to anything but loopback, on ports that the system
    chooses.
    """
    # It takes a quarter of a second, and only an upload needs it.
    from twine.utils import DEFAULT_REPOSITORY, TEST_REPOSITORY  # noqa: PLC0415

    folder.mkdir(parents=True)
    hosts = [str(urlsplit(url).hostname) for url in (DEFAULT_REPOSITORY, TEST_REPOSITORY)]
    told = faults or Faults()
    mint = Mint(publisher, issuer or Issuer.make(forge=publisher.forge), told.token_lifetime)
    index = Index(Uploads(Shelves(folder), project, mint.issuer.clock), mint, told)
    authority = Authority.make(folder, hosts)
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(_served(_web(index)))
        secure = stack.enter_context(_served(_web(index, authority.context)))
        proxy = stack.enter_context(_served(Proxy(dict.fromkeys(hosts, secure))))
        stack.callback(index.stopped.set)
        yield Network(index, authority, plain, proxy, hosts[0])


def _leads_elsewhere(name: str) -> bool:
    return name.lower() in LEADS_ASTRAY or shell.PUBLISHING.fullmatch(name) is not None


def _web(index: Index, context: ssl.SSLContext | None = None) -> BaseWSGIServer:
    from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: PLC0415

    class Quiet(WSGIRequestHandler):
        def log(self, *_: object) -> None:
            """Say nothing."""

    server = make_server("127.0.0.1", 0, index, threaded=True, request_handler=Quiet, ssl_context=context)
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
