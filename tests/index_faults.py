"""An index of a rehearsal with faults that a test chooses."""

from __future__ import annotations

import functools
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable

from seatrial.rehearsal.index_server import IndexApplication, StoredFile, UploadRejected

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from seatrial.rehearsal.network import LocalNetwork


@dataclass(frozen=True)
class InjectedFaults:
    """The faults of an index.

    ``errors``: how many uploads are answered with 500; ``cut_after``: how many files are accepted before the
    connection is closed; ``hangs``: whether uploads are never answered; ``token_lifetime``: that of an upload token in
    seconds; ``visible``: how many files of a project the first reads show, one number for each read.
    """

    errors: int = 0
    cut_after: int | None = None
    hangs: bool = False
    token_lifetime: int = 900
    visible: tuple[int, ...] = ()


@dataclass
class FaultyIndex(IndexApplication):
    """An index with faults, which can be others later."""

    faults: InjectedFaults = field(default_factory=InjectedFaults)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _uploads: int = 0
    _reads: int = 0

    def __post_init__(self) -> None:
        self.token_exchange.lifetime = self.faults.token_lifetime

    def _listed_files(self, name: str) -> tuple[StoredFile, ...]:
        with self._lock:
            self._reads += 1
            reads, counts = self._reads, self.faults.visible
        return super()._listed_files(name)[: counts[reads - 1] if reads <= len(counts) else None]

    def _upload(self, request: Request) -> Response:
        with self._lock:
            self._uploads += 1
            uploads = self._uploads
        if self.faults.hangs:
            while request.environ["werkzeug.socket"].recv(1 << 16):
                pass
        if self.faults.hangs or (self.faults.cut_after is not None and uploads > self.faults.cut_after):
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError
        if uploads <= self.faults.errors:
            raise UploadRejected(500, "Internal Server Error")
        return super()._upload(request)


def index_with(faults: InjectedFaults | None = None, *, patience: float = 600) -> Callable[..., FaultyIndex]:
    """Return what makes an index with faults."""
    return functools.partial(FaultyIndex, faults=faults or InjectedFaults(), patience=patience)


def set_faults(network: LocalNetwork, faults: InjectedFaults) -> None:
    """Give the index of a network other faults."""
    assert isinstance(network.index, FaultyIndex)
    network.index.faults = faults
