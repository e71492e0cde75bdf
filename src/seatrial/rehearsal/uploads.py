"""The counter of an index, where uploads are judged and taken, in the order and the words of PyPI.

Its ``forklift/legacy.py``.
"""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Callable

from packaging.utils import canonicalize_name
from werkzeug.wrappers import Request

from seatrial.checks import door
from seatrial.checks.rule import user_docs
from seatrial.facts.archive import Archive
from seatrial.rehearsal import shelves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.datastructures import FileStorage

    from seatrial.rehearsal.shelves import Shelves

LARGEST = 100 * 1024 * 1024 + 1024 * 1024
"""Bytes that an upload may have: PyPI's limit for a file, and room for the form."""

LARGEST_FORM = 16 * 1024 * 1024
"""Bytes of an upload besides the file, a description above all; they are kept in memory."""

MOST_FIELDS = 20_000
"""Fields that a form may have: each classifier and each requirement is one."""

NEW_PROJECT = (
    "Non-user identities cannot create new projects. This was probably caused by successfully using a pending "
    "publisher but specifying the project name incorrectly (either in the publisher or in your project's metadata). "
    "Please ensure that both match. See: {}"
)


class Refused(Exception):
    """An upload is refused: status and reason, as PyPI gives them."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Bounded(Request):
    """A request of which no more is read than an upload may have; its files are kept on disk until it is closed."""

    max_content_length = LARGEST
    max_form_memory_size = LARGEST_FORM
    max_form_parts = MOST_FIELDS

    def _get_file_stream(self, *args: Any, **kwargs: Any) -> IO[bytes]:
        """Remember each file: a form that breaks off is no form, and nobody else would close what it began."""
        stream = super()._get_file_stream(*args, **kwargs)
        self.__dict__.setdefault("begun", []).append(stream)
        return stream

    def close(self) -> None:
        """Close the files, those of a form that broke off too."""
        super().close()
        for stream in self.__dict__.get("begun", ()):
            stream.close()


@dataclass
class Uploads:
    """Takes the files of ``project``, the one that the registered publisher may upload; safe from several threads.

    ``clock``: seconds since 1970.
    """

    shelves: Shelves
    project: str
    clock: Callable[[], float]
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def take(self, file: FileStorage, form: Mapping[str, str]) -> None:
        """Put a file on its shelf, or leave it when the very same is there. Raises `Refused`."""
        self._insist_on_project(form.get("name", ""))
        with tempfile.TemporaryDirectory(prefix="upload-", dir=self.shelves.folder) as folder:
            path = Path(folder, "content")
            file.save(path)
            archive = Archive.from_path(path, file.filename or "")
            _insist_on_digests(archive, form)
            # Two uploads at once of one file name: the second is judged when the first is there.
            with self._lock:
                self._shelve(path, archive)

    def _shelve(self, path: Path, archive: Archive) -> None:
        now = datetime.fromtimestamp(self.clock(), timezone.utc)
        shelf = self.shelves.shelf(self.project)
        refusal = door.refusal(archive, shelf, now)
        if refusal:
            raise Refused(refusal.status, refusal.reason)
        if not door.is_already_there(archive, shelf):
            self.shelves.put(path, self.project, shelves.described(archive, now))

    def _insist_on_project(self, name: str) -> None:
        """Raise `Refused` unless the project is that of the publisher, which can make no other."""
        if canonicalize_name(name) == canonicalize_name(self.project):
            return
        if self.shelves.files(name):
            raise Refused(403, f"Invalid API Token: OIDC scoped token is not valid for project '{name}'")
        raise Refused(400, NEW_PROJECT.format(user_docs("trusted-publishers/troubleshooting/")))


def _insist_on_digests(archive: Archive, form: Mapping[str, str]) -> None:
    known = {"sha256_digest": archive.sha256, "blake2_256_digest": archive.blake2_256}
    if any(form.get(key, found).lower() != found for key, found in known.items()):
        raise Refused(400, "The digest supplied does not match a digest calculated from the uploaded file.")
