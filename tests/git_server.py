"""A forge that serves the remote over http, as git's own CGI program speaks it, and can be told to be difficult."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


Obstacle = Callable[[BaseHTTPRequestHandler], bool]
"""What is asked before each request of a push: whether it has answered the request itself."""


def nobody_is_allowed(request: BaseHTTPRequestHandler) -> bool:
    """Ask for credentials, whatever they are."""
    request.send_response(HTTPStatus.UNAUTHORIZED)
    request.send_header("WWW-Authenticate", 'Basic realm="forge"')
    request.send_header("Content-Length", "0")
    request.end_headers()
    return True


def the_line_is_cut(request: BaseHTTPRequestHandler) -> bool:
    """Cut the connection when the pack comes."""
    if request.command == "GET":
        return False
    request.connection.close()
    return True


@contextlib.contextmanager
def serve_remote(root: Path, obstacle: Obstacle) -> Iterator[str]:
    """Serve the bare repository ``root`` on a free port, and yield its address (git-http-backend(1))."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def answer(self) -> None:
            path, _, query = self.path.partition("?")
            if "git-receive-pack" in self.path and obstacle(self):
                return
            env = {
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(root.parent),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                # Whoever pushes has to have a name.
                "REMOTE_USER": "author",
            }
            length = int(self.headers.get("Content-Length") or 0)
            git = (shutil.which("git") or "git", "http-backend")
            done = subprocess.run(git, env=env, input=self.rfile.read(length), capture_output=True, check=True)
            head, _, body = done.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            self.send_response(int(headers.pop("Status", "200").split()[0]))
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/{root.name}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
