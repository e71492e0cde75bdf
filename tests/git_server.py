"""A forge that serves the remote over http, as git's own CGI program speaks it, and can be made difficult."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
from dataclasses import dataclass
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


@dataclass
class SlowRemote:
    """A remote whose hook works until it is let go, while the connection is dropped as soon as the pack is there.

    ``fifo``: what the hook waits for; ``started``: where it says that it runs; ``on_read``: what happens before an
    answer about the refs; ``on_drop``: what happens when the pack is there.
    """

    root: Path
    fifo: Path
    started: Path
    on_read: Callable[[], None] = lambda: None
    on_drop: Callable[[], None] = lambda: None
    _backend: threading.Thread | None = None

    @classmethod
    def make(cls, root: Path, hook: str) -> SlowRemote:
        """Give the bare repository ``root`` a hook that waits: ``pre-receive`` or ``post-receive``."""
        remote = cls(root, root / "let-go", root / "has-pack")
        os.mkfifo(remote.fifo)
        os.mkfifo(remote.started)
        path = root / "hooks" / hook
        path.write_text(
            f'#!/bin/sh\necho > "{remote.started}"\nread -r answer < "{remote.fifo}"\n[ "$answer" = take ]\n'
        )
        path.chmod(0o755)
        return remote

    def __call__(self, request: BaseHTTPRequestHandler) -> bool:
        """Take the pack, and drop the connection, once: what comes later is answered."""
        if request.command == "GET" or self._backend is not None:
            return False
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        self._backend = threading.Thread(target=run_backend, args=(self.root, request, body))
        self._backend.start()
        self.started.read_text()
        self.on_drop()
        request.connection.close()
        return True

    def let_go(self, answer: str = "take") -> None:
        """Let the hook take the push, or refuse it, and wait until git has done that."""
        if self._backend is not None and self._backend.is_alive():
            self.fifo.write_text(f"{answer}\n")
            self._backend.join()


def run_backend(root: Path, request: BaseHTTPRequestHandler, body: bytes) -> bytes:
    """Have git answer a request (git-http-backend(1))."""
    path, _, query = request.path.partition("?")
    env = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": str(root.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_METHOD": request.command,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        # A push needs a user name.
        "REMOTE_USER": "author",
    }
    git = (shutil.which("git") or "git", "http-backend")
    return subprocess.run(git, env=env, input=body, capture_output=True, check=True).stdout


@contextlib.contextmanager
def serve_remote(root: Path, obstacle: Obstacle) -> Iterator[str]:
    """Serve the bare repository ``root`` on a free port, and yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def answer(self) -> None:
            if "git-receive-pack" in self.path and obstacle(self):
                return
            if "git-upload-pack" in self.path and isinstance(obstacle, SlowRemote):
                obstacle.on_read()
            answer = run_backend(root, self, self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            head, _, body = answer.partition(b"\r\n\r\n")
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
        if isinstance(obstacle, SlowRemote):
            obstacle.let_go("refuse")
        server.shutdown()
        thread.join()
        server.server_close()
