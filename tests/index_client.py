"""An index of a rehearsal, used without any network, at a fixed time."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Union

from urllib3.filepost import encode_multipart_formdata
from werkzeug.test import Client

from index_faults import InjectedFaults, index_with
from seatrial.ci.publisher import Publisher
from seatrial.rehearsal.index_server import FileStore, IndexApplication, UploadHandler
from seatrial.rehearsal.oidc import CiIdentity, TokenExchange, TokenIssuer

if TYPE_CHECKING:
    from pathlib import Path

    from werkzeug.test import TestResponse

    from sample_dists import SampleDist


Field = tuple[str, Union[str, tuple[str, bytes]]]
"""A field of a form: its name, and its text or a file."""

PUBLISHER = Publisher("acme", "tidepool", "release.yml", "pypi")
IDENTITY = CiIdentity(PUBLISHER, "v1.2.3", "c0ffee")
NOON = 1709208000.0
"""2024-02-29, 12:00 UTC."""


@dataclass
class Clock:
    """A clock that shows the same time until it is set."""

    now: float = NOON

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@dataclass(frozen=True)
class IndexClient:
    """An index for the project tidepool and its publisher."""

    index: IndexApplication
    clock: Clock

    @property
    def client(self) -> Client:
        """The client that sends requests."""
        return Client(self.index)

    def token(self) -> str:
        """Return an upload token, as trusted publishing does."""
        return self.index.token_exchange.exchange({"token": self.index.issuer.token(IDENTITY, "pypi")}).token

    def post(self, *fields: Field, password: str | None = None, username: str = "__token__") -> str:
        """Send a form to the counter, and return the status line."""
        data, kind = encode_multipart_formdata(fields)
        auth = (username, self.token() if password is None else password)
        return self.client.post("/legacy/", data=data, content_type=kind, auth=auth).status

    def upload(self, sample: SampleDist, *fields: Field, name: str = "tidepool") -> str:
        """Upload a file and return the status line."""
        return self.post((":action", "file_upload"), ("name", name), ("content", (sample.name, sample.data())), *fields)

    def ask(self, path: str, accept: str = "*/*") -> tuple[str, str]:
        """Return the type and the text of an answer."""
        answer = self.get(path, accept)
        return answer.content_type, answer.get_data(as_text=True)

    def get(self, path: str, accept: str = "*/*") -> TestResponse:
        """Return an answer, all of it."""
        return self.client.get(path, headers={"Accept": accept}, buffered=True)

    def json(self, path: str) -> Any:
        """Return an answer of the simple API in JSON."""
        kind, text = self.ask(path, "application/vnd.pypi.simple.v1+json")
        assert kind == "application/vnd.pypi.simple.v1+json"
        return json.loads(text)


def open_index_client(folder: Path, faults: InjectedFaults | None = None) -> IndexClient:
    """Open an index whose files are below ``folder``."""
    clock = Clock()
    issuer = replace(_issuer(), clock=clock)
    uploads = UploadHandler(FileStore(folder), "tidepool", clock)
    return IndexClient(index_with(faults)(uploads, TokenExchange(PUBLISHER, issuer)), clock)


@functools.lru_cache(maxsize=1)
def _issuer() -> TokenIssuer:
    # A key takes a tenth of a second.
    return TokenIssuer.make()
