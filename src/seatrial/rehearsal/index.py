"""The index of a rehearsal, as strict as PyPI: a WSGI application.

It takes uploads as PyPI does (its ``forklift/legacy.py``), refuses what PyPI refuses in the same words, mints upload
tokens, and serves the simple API.
"""

from __future__ import annotations

import json
import tempfile
import threading
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from packaging.utils import canonicalize_name
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.utils import redirect, send_file
from werkzeug.wrappers import Request, Response

from seatrial.checks import door
from seatrial.facts.archive import Archive
from seatrial.rehearsal import pages, shelves
from seatrial.rehearsal.faults import Faults
from seatrial.rehearsal.minting import AUDIENCE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seatrial.rehearsal.issuer import Issuer, Sender
    from seatrial.rehearsal.minting import Mint
    from seatrial.rehearsal.shelves import Shelves, Stored

LARGEST = 100 * 1024 * 1024 + 1024 * 1024
"""Bytes that an upload may have: PyPI's limit for a file, and room for the form."""

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
    ],
    merge_slashes=False,
)


class Refused(Exception):
    """An upload is refused: status and reason, as PyPI gives them."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass
class Index:
    """The application. ``project``: the one that the registered publisher may upload; ``sender``: the job in CI."""

    shelves: Shelves
    mint: Mint
    project: str
    faults: Faults = field(default_factory=Faults)
    sender: Sender | None = None
    stopped: threading.Event = field(default_factory=threading.Event, repr=False)
    _uploads: int = 0
    _reads: int = 0

    @property
    def issuer(self) -> Issuer:
        """Who signs identity tokens."""
        return self.mint.issuer

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""
        request = Request(environ)
        request.max_content_length = LARGEST
        try:
            endpoint, arguments = ROUTES.bind_to_environ(environ).match()
            response = getattr(self, f"_{endpoint}")(request, **arguments)
        except Refused as refused:
            response = _refusal(refused)
        except HTTPException as error:
            response = error.get_response(environ)
        return response(environ, start_response)  # type: ignore[no-any-return]

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
        self._reads += 1
        return files[: shown[self._reads - 1]] if self._reads <= len(shown) else files

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
        answer = self.mint.exchange(request.get_json(force=True, silent=True))
        return _json(answer.as_dict(), status=422 if answer.code else 200, mimetype="application/json")

    def _burn(self, request: Request) -> Response:
        self.mint.burn(request.get_json(force=True, silent=True))
        return Response(status=202)

    def _identity(self, request: Request) -> Response:
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if self.sender is None or kind.lower() != "bearer" or secret != self.issuer.bearer:
            return _json({"message": "Bad credentials"}, status=401, mimetype="application/json")
        token = self.issuer.token(self.sender, request.args.get("audience", ""))
        return _json({"value": token}, mimetype="application/json")

    def _upload(self, request: Request) -> Response:
        self._fail(request)
        self._insist_on_token(request)
        form, file = request.form, request.files.get("content")
        if form.get(":action") != "file_upload" or form.get("protocol_version", "1") != "1" or file is None:
            raise Refused(400, "Upload payload does not have a file." if file is None else "Unknown protocol version.")
        with tempfile.TemporaryDirectory(prefix="upload-", dir=self.shelves.folder) as folder:
            path = Path(folder, "content")
            file.save(path)
            self._take(path, file.filename or "", form)
        return Response("", 200)

    def _take(self, path: Path, name: str, form: Any) -> None:
        if not name or "/" in name or "\\" in name or name.startswith("."):
            raise Refused(400, "Cannot upload a file with '/' or '\\' in the name.")
        archive = Archive.from_path(path, name)
        project = str(form.get("name", ""))
        if canonicalize_name(project) != canonicalize_name(self.project):
            raise Refused(403, f"Invalid API Token: OIDC scoped token is not valid for project '{project}'")
        known = {"sha256_digest": archive.sha256, "blake2_256_digest": archive.blake2_256}
        if any(form.get(key, found).lower() != found for key, found in known.items()):
            raise Refused(400, "The digest supplied does not match a digest calculated from the uploaded file.")
        now = datetime.fromtimestamp(self.issuer.clock(), timezone.utc)
        shelf = self.shelves.shelf(project)
        refusal = door.refusal(archive, shelf, now)
        if refusal:
            raise Refused(refusal.status, refusal.reason)
        if not door.is_already_there(archive, shelf):
            self.shelves.put(path, project, shelves.described(archive, now))

    def _insist_on_token(self, request: Request) -> None:
        told = request.authorization
        token = told.password or "" if told and told.type == "basic" and told.username == "__token__" else ""
        reason = self.mint.refusal(token)
        if reason:
            raise Refused(403, reason)

    def _fail(self, request: Request) -> None:
        """Do what the faults of this world ask for."""
        self._uploads += 1
        if self.faults.hangs:
            self.stopped.wait()
        if self._uploads <= self.faults.errors:
            raise Refused(500, "Internal Server Error")
        if self.faults.cut_after is not None and self._uploads > self.faults.cut_after:
            request.environ["werkzeug.socket"].shutdown(2)


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
