"""An index of one page, whatever that says."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


JSON = "application/vnd.pypi.simple.v1+json"


@contextlib.contextmanager
def serve_page(
    content: bytes,
    kind: str = JSON,
    status: int = 200,
    drops: int = 0,
    encoding: str = "identity",
    project: str | None = None,
) -> Iterator[str]:
    """Serve one page at every address, or that of one project only, and yield the address of the simple API.

    ``drops``: how many spaces come before it, one each tenth of a second, for a client that waits for them;
    ``encoding``: how the content is packed.
    """
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            self.send_response(status if project in {None, self.path.split("/")[-2]} else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Encoding", encoding)
            # Who asks again after a fault does so at once.
            self.send_header("Retry-After", "0")
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                for _ in range(drops):
                    ended.wait(0.1)
                    self.wfile.write(b" ")
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple/"
    finally:
        ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
