"""The index of a rehearsal, as strict as PyPI: a WSGI application.

It takes uploads as PyPI does (its ``forklift/legacy.py``), rejects what PyPI rejects with the same messages, issues
upload tokens, and serves the simple API in HTML (PEP 503) and in JSON (PEP 691), with sizes and times (PEP 700), core
metadata (PEP 658, PEP 714), and yanked files (PEP 592).
"""

from __future__ import annotations

import hashlib
import html
import json
import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Callable

from packaging.utils import canonicalize_name
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.utils import redirect, send_file
from werkzeug.wrappers import Request, Response

from seatrial.checks.check import user_docs_page
from seatrial.checks.registry import find_rejection
from seatrial.distributions.distribution import Distribution
from seatrial.index.client import IndexFile, ProjectFiles
from seatrial.index.twine import UPLOAD_TIMEOUT
from seatrial.rehearsal.oidc import AUDIENCE, CiIdentity, TokenExchange, TokenIssuer

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage
    from werkzeug.formparser import FormDataParser


SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
SIMPLE_HTML = "application/vnd.pypi.simple.v1+html"
API_VERSION = {"api-version": "1.1"}


def project_as_json(name: str, files: Iterable[StoredFile]) -> dict[str, Any]:
    """Return the files of a project; addresses are relative to that of the project."""
    stored = tuple(files)
    versions = {str(file.index_file.version): None for file in stored if file.index_file.version}
    return {
        "meta": API_VERSION,
        "name": name,
        "versions": list(versions),
        "files": [_file_as_json(name, file) for file in stored],
    }


def project_as_html(name: str, files: Iterable[StoredFile]) -> str:
    """Return the files of a project."""
    return _page(
        f"Links for {name}", (_link(_address(name, file), file.index_file.name, _attributes(file)) for file in files)
    )


def home_page(projects: Mapping[str, Iterable[StoredFile]]) -> str:
    """Return a page for people: the files on the index, with sizes and hashes."""
    rows = (
        f"{_link(f'files/{name}/{file.index_file.name}', file.index_file.name)}"
        f" {file.index_file.size:,} bytes, sha256 {file.index_file.sha256}, since "
        f"{file.index_file.uploaded:%Y-%m-%d %H:%M:%S %Z}"
        for name, files in projects.items()
        for file in files
    )
    return _page("The index of a rehearsal", rows)


def _file_as_json(name: str, file: StoredFile) -> dict[str, Any]:
    core = {"sha256": file.metadata_sha256} if file.metadata else False
    return {
        "filename": file.index_file.name,
        "url": _address(name, file).partition("#")[0],
        "hashes": {"sha256": file.index_file.sha256},
        "requires-python": file.requires_python or None,
        "size": file.index_file.size,
        "upload-time": file.index_file.uploaded and file.index_file.uploaded.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "yanked": file.index_file.is_yanked,
        "core-metadata": core,
        "data-dist-info-metadata": core,
    }


def _attributes(file: StoredFile) -> dict[str, str]:
    core = f"sha256={file.metadata_sha256}" if file.metadata else ""
    attributes = {
        "data-requires-python": file.requires_python,
        "data-core-metadata": core,
        "data-dist-info-metadata": core,
    }
    yanked = {"data-yanked": ""} if file.index_file.is_yanked else {}
    return {**{key: value for key, value in attributes.items() if value}, **yanked}


def _address(name: str, file: StoredFile) -> str:
    return f"../../files/{name}/{file.index_file.name}#sha256={file.index_file.sha256}"


def _link(address: str, text: str, attributes: Mapping[str, str] | None = None) -> str:
    values = {"href": address, **(attributes or {})}
    written = " ".join(f'{key}="{html.escape(value)}"' for key, value in values.items())
    return f"<a {written}>{html.escape(text)}</a>"


def _page(title: str, lines: Iterable[str]) -> str:
    body = "\n".join(f"{line}<br>" for line in lines)
    head = f'<meta name="pypi:repository-version" content="1.1"><title>{html.escape(title)}</title>'
    return (
        f"<!DOCTYPE html>\n<html><head>{head}</head>\n<body>\n<h1>{html.escape(title)}</h1>\n{body}\n</body></html>\n"
    )


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
class IndexApplication:
    """The application.

    ``identity``: the job in CI; ``nonce``: a secret by which a client recognises the index; ``patience``: the seconds
    that an upload may take.
    """

    uploads: UploadHandler
    token_exchange: TokenExchange
    identity: CiIdentity | None = None
    nonce: str = field(default_factory=secrets.token_hex, repr=False)
    patience: float = UPLOAD_TIMEOUT

    @property
    def issuer(self) -> TokenIssuer:
        """The issuer of identity tokens."""
        return self.token_exchange.issuer

    @property
    def store(self) -> FileStore:
        """The files on the index."""
        return self.uploads.store

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""
        # Closing it removes the files of the form.
        with BoundedRequest(environ) as request:
            response = self._answer(request)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        try:
            endpoint, arguments = ROUTES.bind_to_environ(request.environ).match()
            response: Response = getattr(self, f"_{endpoint}")(request, **arguments)
        except UploadRejected as refused:
            return _rejection(refused)
        except HTTPException as error:
            return error.get_response(request.environ)
        except ConnectionError:
            raise
        except OSError as error:
            return _rejection(UploadRejected(500, f"Internal Server Error: {error.strerror or error}"))
        return response

    def _home(self, _: Request) -> Response:
        return _html(home_page({name: self.store.files(name) for name in self.store.projects}))

    def _projects(self, request: Request) -> Response:
        names = self.store.projects
        if _wants_json(request):
            return _json({"meta": API_VERSION, "projects": [{"name": name} for name in names]})
        return _html(_page("Simple index", (_link(f"{name}/", name) for name in names)))

    def _project(self, request: Request, name: str) -> Response:
        normal = canonicalize_name(name)
        if name != normal:
            return redirect(f"{request.script_root}/simple/{normal}/", code=301, Response=Response)
        files = self._listed_files(normal)
        if not files:
            raise NotFound
        if _wants_json(request):
            return _json(project_as_json(normal, files))
        return _html(project_as_html(normal, files))

    def _listed_files(self, name: str) -> tuple[StoredFile, ...]:
        return self.store.files(name)

    def _file(self, request: Request, name: str, file: str) -> Response:
        for stored in self.store.files(name):
            if stored.metadata and file == f"{stored.index_file.name}.metadata":
                return Response(stored.metadata, mimetype="application/octet-stream")
            if file == stored.index_file.name:
                return send_file(self.store.path(name, file), request.environ, mimetype="application/octet-stream")
        raise NotFound

    def _audience(self, _: Request) -> Response:
        return _json({"audience": AUDIENCE}, mimetype="application/json")

    def _mint(self, request: Request) -> Response:
        answer = self.token_exchange.exchange(_body(request))
        return _json(answer.as_dict(), status=422 if answer.code else 200, mimetype="application/json")

    def _burn(self, request: Request) -> Response:
        self.token_exchange.burn(_body(request))
        return Response(status=202)

    def _identity(self, request: Request) -> Response:
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if self.identity is None or kind.lower() != "bearer" or secret != self.issuer.bearer:
            return _json({"message": "Bad credentials"}, status=401, mimetype="application/json")
        token = self.issuer.token(self.identity, request.args.get("audience", ""))
        return _json({"value": token}, mimetype="application/json")

    def _rehearsal(self, _: Request) -> Response:
        return _json({"rehearsal": self.nonce}, mimetype="application/json")

    def _upload(self, request: Request) -> Response:
        self._require_token(request)
        form, file = request.form, request.files.get("content")
        if form.get(":action") != "file_upload":
            raise NotFound
        if form.get("protocol_version", "1") != "1":
            raise UploadRejected(400, "Unknown protocol version.")
        if file is None:
            raise UploadRejected(400, "Upload payload does not have a file.")
        self.uploads.take(file, form)
        return Response("", 200)

    def _require_token(self, request: Request) -> None:
        login = request.authorization
        is_token = login is not None and login.type == "basic" and login.username == "__token__"
        reason = self.token_exchange.refusal(login.password or "" if login and is_token else "")
        if reason:
            raise UploadRejected(403, reason)


def _body(request: Request) -> object:
    """Return the JSON of a request, None when it is not JSON."""
    try:
        return request.get_json(force=True, silent=True)
    except RecursionError:
        return None


def _rejection(refused: UploadRejected) -> Response:
    # The reason is part of a line of HTTP, which is Latin-1.
    reason = " ".join(refused.reason.split()).encode("latin-1", "backslashreplace").decode("latin-1")
    return Response(
        f"{refused.status} {reason}\n\n{reason}\n", status=f"{refused.status} {reason}", mimetype="text/plain"
    )


def _wants_json(request: Request) -> bool:
    offers = ["text/html", SIMPLE_HTML, SIMPLE_JSON]
    return request.accept_mimetypes.best_match(offers, default="text/html") == SIMPLE_JSON


def _json(table: dict[str, Any], *, status: int = 200, mimetype: str = SIMPLE_JSON) -> Response:
    return Response(json.dumps(table), status=status, mimetype=mimetype)


def _html(text: str) -> Response:
    return Response(text, mimetype="text/html")


LARGEST_UPLOAD = 100 * 1024 * 1024 + 1024 * 1024
"""Bytes that an upload may have: PyPI's limit for a file, and room for the form."""

LARGEST_FORM = 16 * 1024 * 1024
"""Bytes of an upload besides the file, which are kept in memory; most of them are the description."""

MOST_FIELDS = 20_000
"""Fields that a form may have, counting each classifier and each requirement."""

NEW_PROJECT = (
    "Non-user identities cannot create new projects. This was probably caused by successfully using a pending "
    "publisher but specifying the project name incorrectly (either in the publisher or in your project's metadata). "
    "Please ensure that both match. See: {}"
)


class UploadRejected(Exception):
    """An upload is refused: status and reason, as PyPI gives them."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class BoundedRequest(Request):
    """A request of which at most `LARGEST_UPLOAD` bytes are read; its files are kept on disk until it is closed."""

    max_content_length = LARGEST_UPLOAD
    max_form_memory_size = LARGEST_FORM
    max_form_parts = MOST_FIELDS

    def make_form_data_parser(self) -> FormDataParser:
        """Remember each file: werkzeug does not close the files of a form that is incomplete."""
        parser = super().make_form_data_parser()
        begin_file = parser.stream_factory

        def remember(*args: Any, **kwargs: Any) -> IO[bytes]:
            stream = begin_file(*args, **kwargs)
            self.__dict__.setdefault("begun", []).append(stream)
            return stream

        parser.stream_factory = remember
        return parser

    def close(self) -> None:
        """Close the files, also those of an incomplete form."""
        super().close()
        for stream in self.__dict__.get("begun", ()):
            stream.close()


@dataclass
class UploadHandler:
    """Takes the files of ``project``, the one that the registered publisher may upload; safe from several threads.

    ``clock``: seconds since 1970.
    """

    store: FileStore
    project: str
    clock: Callable[[], float]
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def take(self, file: FileStorage, form: Mapping[str, str]) -> None:
        """Store a file, unless the same file is stored already. Raises `UploadRejected`."""
        self._require_project(form.get("name", ""))
        with tempfile.TemporaryDirectory(prefix="upload-", dir=self.store.folder) as folder:
            path = Path(folder, "content")
            file.save(path)
            uploaded = Distribution.read(path, file.filename or "")
            _require_digests(uploaded, form)
            # Two uploads at once of one file name: the second is judged when the first is there.
            with self._lock:
                self._store_file(uploaded)

    def _store_file(self, uploaded: Distribution) -> None:
        now = datetime.fromtimestamp(self.clock(), timezone.utc)
        project_files = self.store.project_files(self.project)
        refusal = find_rejection(uploaded, project_files, now)
        if refusal:
            raise UploadRejected(refusal.status, refusal.reason)
        if not project_files.has(uploaded):
            self.store.put(uploaded.path, self.project, describe_upload(uploaded, now))

    def _require_project(self, name: str) -> None:
        """Raise `UploadRejected` unless the project is that of the publisher, which can't create another."""
        if canonicalize_name(name) == canonicalize_name(self.project):
            return
        if self.store.files(name):
            raise UploadRejected(403, f"Invalid API Token: OIDC scoped token is not valid for project '{name}'")
        raise UploadRejected(400, NEW_PROJECT.format(user_docs_page("trusted-publishers/troubleshooting/")))


def _require_digests(uploaded: Distribution, form: Mapping[str, str]) -> None:
    digests = {"sha256_digest": uploaded.sha256, "blake2_256_digest": uploaded.blake2_256}
    if any(form.get(key, digest).lower() != digest for key, digest in digests.items()):
        raise UploadRejected(400, "The digest supplied does not match a digest calculated from the uploaded file.")


@dataclass(frozen=True)
class StoredFile:
    """A file on the index, with its core metadata and the Pythons that it supports."""

    index_file: IndexFile
    metadata: bytes = b""
    metadata_sha256: str = ""
    requires_python: str = ""


@dataclass
class FileStore:
    """The files of all projects, below ``folder``; safe to use from several threads."""

    folder: Path
    _stored: dict[str, list[StoredFile]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def projects(self) -> tuple[str, ...]:
        """The normalised names of the projects that have a file, sorted."""
        with self._lock:
            return tuple(sorted(self._stored))

    def files(self, project: str) -> tuple[StoredFile, ...]:
        """Return the files of a project, in the order of their uploads."""
        with self._lock:
            return tuple(self._stored.get(canonicalize_name(project), ()))

    def project_files(self, project: str) -> ProjectFiles:
        """Return the files of a project, as the upload rules take them."""
        files = self.files(project)
        return ProjectFiles(project if files else None, tuple(file.index_file for file in files))

    def put(self, path: Path, project: str, stored: StoredFile) -> None:
        """Move a file into the store, in place of one of the same name."""
        with self._lock:
            place = self.path(project, stored.index_file.name)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, place)
            kept = [file for file in self.files(project) if file.index_file.name != stored.index_file.name]
            self._stored[canonicalize_name(project)] = [*kept, stored]

    def path(self, project: str, name: str) -> Path:
        """Return the path of a file."""
        return self.folder / canonicalize_name(project) / name


def describe_upload(uploaded: Distribution, now: datetime) -> StoredFile:
    """Return what an index states about a file that it has accepted."""
    data = (uploaded.text("METADATA") or b"") if uploaded.is_wheel else b""
    return StoredFile(
        IndexFile(uploaded.name, uploaded.sha256, uploaded.size, now),
        metadata=data,
        metadata_sha256=hashlib.sha256(data).hexdigest() if data else "",
        requires_python=uploaded.metadata.text("requires_python"),
    )
