"""Uploads to the index of a rehearsal: checked in PyPI's order and stored (its ``forklift/legacy.py``)."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Callable

from packaging.utils import canonicalize_name
from werkzeug.wrappers import Request

from seatrial.checks.check import user_docs_page
from seatrial.checks.registry import find_rejection, is_already_there
from seatrial.distributions.distribution import Distribution
from seatrial.index.client import IndexFile, ProjectFiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.datastructures import FileStorage
    from werkzeug.formparser import FormDataParser


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
        if not is_already_there(uploaded, project_files):
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
