"""The index of a rehearsal, as strict as PyPI: a WSGI application.

It takes uploads as PyPI does (its ``forklift/legacy.py``), refuses what PyPI refuses in the same words, mints upload
tokens, and serves the simple API.
"""

from __future__ import annotations

import json
import secrets
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable

from packaging.utils import canonicalize_name
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.utils import redirect, send_file
from werkzeug.wrappers import Request, Response

from seatrial.rehearsal import pages
from seatrial.rehearsal.faults import Faults
from seatrial.rehearsal.minting import AUDIENCE
from seatrial.rehearsal.uploads import Bounded, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seatrial.rehearsal.issuer import Issuer, Sender
    from seatrial.rehearsal.minting import Mint
    from seatrial.rehearsal.shelves import Shelves, Stored
    from seatrial.rehearsal.uploads import Uploads

ROUTES = Map(
    [
        Rule("/", endpoint="home"),
        Rule("/simple/", endpoint="projects"),
        Rule("/simple/<name>/", endpoint="project"),
        Rule("/files/<name>/<file>", endpoint="file"),
        Rule("/legacy/", endpoint="upload", methods=["POST"]),
        Rule("/_/oidc/audience", endpoint="audience"),
        Rule("/_/oidc/mint-token", endpoint="mint", methods=["POST"]),
        Rule("/_/oidc/github/mint-token", endpoint="mint", methods=["POST"]),
        Rule("/_/oidc/burn-token", endpoint="burn", methods=["POST"]),
        Rule("/_/identity", endpoint="identity"),
        Rule("/_/rehearsal", endpoint="rehearsal"),
    ],
    merge_slashes=False,
)


@dataclass
class Index:
    """The application. ``sender``: the job in CI; ``nonce``: the word that this index alone knows."""

    uploads: Uploads
    mint: Mint
    faults: Faults = field(default_factory=Faults)
    sender: Sender | None = None
    stopped: threading.Event = field(default_factory=threading.Event, repr=False)
    nonce: str = field(default_factory=secrets.token_hex, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _asked: int = 0
    _reads: int = 0

    @property
    def issuer(self) -> Issuer:
        """Who signs identity tokens."""
        return self.mint.issuer

    @property
    def shelves(self) -> Shelves:
        """What it holds."""
        return self.uploads.shelves

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""
        # Closing it removes what the form has put on disk.
        with Bounded(environ) as request:
            response = self._answer(request)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        try:
            endpoint, arguments = ROUTES.bind_to_environ(request.environ).match()
            response: Response = getattr(self, f"_{endpoint}")(request, **arguments)
        except Refused as refused:
            return _refusal(refused)
        except HTTPException as error:
            return error.get_response(request.environ)
        except ConnectionError:
            raise
        except OSError as error:
            return _refusal(Refused(500, f"Internal Server Error: {error.strerror or error}"))
        return response

    def _home(self, _: Request) -> Response:
        return _html(pages.home({name: self.shelves.files(name) for name in self.shelves.projects}))

    def _projects(self, request: Request) -> Response:
        names = self.shelves.projects
        return _json(pages.projects_as_json(names)) if _wants_json(request) else _html(pages.projects_as_html(names))

    def _project(self, request: Request, name: str) -> Response:
        normal = canonicalize_name(name)
        if name != normal:
            return redirect(f"/simple/{normal}/", code=301, Response=Response)
        files = self._shown(normal)
        if not files:
            raise NotFound
        if _wants_json(request):
            return _json(pages.project_as_json(normal, files))
        return _html(pages.project_as_html(normal, files))

    def _shown(self, name: str) -> tuple[Stored, ...]:
        files, shown = self.shelves.files(name), self.faults.shown
        with self._lock:
            self._reads += 1
            reads = self._reads
        return files[: shown[reads - 1]] if reads <= len(shown) else files

    def _file(self, request: Request, name: str, file: str) -> Response:
        for one in self.shelves.files(name):
            if one.metadata and file == f"{one.shelved.name}.metadata":
                return Response(one.metadata, mimetype="application/octet-stream")
            if file == one.shelved.name:
                return send_file(self.shelves.path(name, file), request.environ, mimetype="application/octet-stream")
        raise NotFound

    def _audience(self, _: Request) -> Response:
        return _json({"audience": AUDIENCE}, mimetype="application/json")

    def _mint(self, request: Request) -> Response:
        answer = self.mint.exchange(_body(request))
        return _json(answer.as_dict(), status=422 if answer.code else 200, mimetype="application/json")

    def _burn(self, request: Request) -> Response:
        self.mint.burn(_body(request))
        return Response(status=202)

    def _identity(self, request: Request) -> Response:
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if self.sender is None or kind.lower() != "bearer" or secret != self.issuer.bearer:
            return _json({"message": "Bad credentials"}, status=401, mimetype="application/json")
        token = self.issuer.token(self.sender, request.args.get("audience", ""))
        return _json({"value": token}, mimetype="application/json")

    def _rehearsal(self, _: Request) -> Response:
        return _json({"rehearsal": self.nonce}, mimetype="application/json")

    def _upload(self, request: Request) -> Response:
        self._fail(request)
        self._insist_on_token(request)
        form, file = request.form, request.files.get("content")
        if form.get(":action") != "file_upload":
            raise NotFound
        if form.get("protocol_version", "1") != "1":
            raise Refused(400, "Unknown protocol version.")
        if file is None:
            raise Refused(400, "Upload payload does not have a file.")
        self.uploads.take(file, form)
        return Response("", 200)

    def _insist_on_token(self, request: Request) -> None:
        told = request.authorization
        token = told.password or "" if told and told.type == "basic" and told.username == "__token__" else ""
        reason = self.mint.refusal(token)
        if reason:
            raise Refused(403, reason)

    def _fail(self, request: Request) -> None:
        """Do what the faults of this world ask for."""
        with self._lock:
            self._asked += 1
            uploads = self._asked
        if self.faults.hangs:
            self.stopped.wait()
        if self.faults.hangs or (self.faults.cut_after is not None and uploads > self.faults.cut_after):
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError
        if uploads <= self.faults.errors:
            raise Refused(500, "Internal Server Error")


def _body(request: Request) -> object:
    """Return the JSON of a request, None when it is none."""
    try:
        return request.get_json(force=True, silent=True)
    except RecursionError:
        return None


def _refusal(refused: Refused) -> Response:
    # It has to fit into a line of HTTP, which is Latin-1.
    reason = " ".join(refused.reason.split()).encode("latin-1", "backslashreplace").decode("latin-1")
    return Response(
        f"{refused.status} {reason}\n\n{reason}\n", status=f"{refused.status} {reason}", mimetype="text/plain"
    )


def _wants_json(request: Request) -> bool:
    offers = ["text/html", pages.HTML, pages.JSON]
    return request.accept_mimetypes.best_match(offers, default="text/html") == pages.JSON


def _json(told: dict[str, Any], *, status: int = 200, mimetype: str = pages.JSON) -> Response:
    return Response(json.dumps(told), status=status, mimetype=mimetype)


def _html(text: str) -> Response:
    return Response(text, mimetype="text/html")
