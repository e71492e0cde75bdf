"""A proxy that leads to the index and nowhere else: HTTP's CONNECT for the upload hosts, 403 for every other."""

from __future__ import annotations

import selectors
import socket
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE = 1 << 16


class Proxy(ThreadingHTTPServer):
    """Listens on a free port of loopback. ``leads``: for each host the port on loopback that it stands for."""

    daemon_threads = True

    def __init__(self, leads: dict[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.leads = leads

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that goes away is none."""


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
            for one in ways:
                selector.register(one, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    source: socket.socket = key.fileobj  # type: ignore[assignment]
                    piece = source.recv(PIECE)
                    if not piece:
                        return
                    ways[source].sendall(piece)
