"""A project that was released, and an index on loopback that it can be published to."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import shlex
import shutil
import subprocess
import zipfile
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Callable

from index_client import IDENTITY, PUBLISHER
from index_faults import InjectedFaults, index_with
from sample_project import RunResult
from seatrial.distributions.distribution import Distribution
from seatrial.rehearsal.index_server import describe_upload
from seatrial.rehearsal.network import LocalNetwork, open_network

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from release_repo import ReleaseRepo


WHEEL, SDIST = "tidepool-1.3.0-py3-none-any.whl", "tidepool-1.3.0.tar.gz"
STEP = re.compile(
    r"^(?:  (?:prepare|resume|upload|verify|wait)(?:: .*)?|[✓✗] (?:prepare|resume|upload|verify|wait)  [\d.]+ s)\n",
    re.MULTILINE,
)
READ = "more: seatrial explain "


@dataclass(frozen=True)
class IndexServer:
    """``port``: a project that was released as 1.3.0; ``net``: the network with the index."""

    repo: ReleaseRepo
    network: LocalNetwork

    @property
    def url(self) -> str:
        """The address that takes uploads."""
        return f"{self.network.home_url}legacy/"

    @property
    def manifest(self) -> Path:
        """The folder with the files that were verified."""
        return self.repo.project.root / ".git/seatrial/manifest"

    def token(self) -> str:
        """Return an upload token that the index takes."""
        token_exchange = self.network.index.token_exchange
        return token_exchange.exchange({"token": token_exchange.issuer.token(IDENTITY, "pypi")}).token

    def store_file(self, *names: str, extra: bytes = b"") -> None:
        """Put files that were verified onto the index, as if they had been uploaded; ``extra`` is appended."""
        for name in names:
            self.store_data(name, (self.manifest / name).read_bytes() + extra)

    def store_data(self, name: str, data: bytes) -> None:
        """Put a file onto the index, as if it had been uploaded."""
        path = self.network.index.store.folder / name
        path.write_bytes(data)
        stored = describe_upload(Distribution.from_path(path), datetime.now(timezone.utc))
        self.network.index.store.put(path, "tidepool", stored)

    def repacked(self, name: str, *, without: str = "") -> bytes:
        """Return a verified wheel packed in another way, the members whose names end with ``without`` left out."""
        target = io.BytesIO()
        with zipfile.ZipFile(self.manifest / name) as old, zipfile.ZipFile(target, "w") as new:
            for info in old.infolist():
                if not without or not info.filename.endswith(without):
                    new.writestr(replace_date(info), old.read(info))
        return target.getvalue()

    def held(self) -> list[str]:
        """Return the names of the files on the index, sorted."""
        return sorted(entry.index_file.name for entry in self.network.index.store.files("tidepool"))

    def invoke(self, *args: str, **environ: str) -> RunResult:
        """Run invoke in the project, without a home's settings."""
        return self.repo.project.invoke(*args, **environ)

    def verify(self, *args: str) -> RunResult:
        """Run ``invoke verify`` with this index, installing nothing."""
        return self.invoke("verify", "--index", self.url, "--no-install", *args)

    def publish(self, *args: str, **environ: str) -> RunResult:
        """Run ``invoke publish`` with this index and a token that it takes, unless another is given, or "" for none."""
        settings = {"TWINE_USERNAME": "__token__", "TWINE_PASSWORD": self.token(), **environ}
        return self.invoke(
            "publish", "--index", self.url, *args, **{name: text for name, text in settings.items() if text}
        )

    def as_printed(self, output: str, typed: str, *more: str, **environ: str) -> RunResult:
        """Run the command that was printed as the fix, with ``more`` options, on a terminal, and type the answers."""
        return self.on_terminal([*shlex.split(printed(output)), *more], typed, environ)

    def on_terminal(
        self,
        command: list[str],
        typed: str,
        environ: Mapping[str, str],
        when: tuple[bytes, Callable[[], None]] | None = None,
    ) -> RunResult:
        """Run a command on a terminal; ``when``: a text, and what happens as soon as that is printed."""
        settings = {"TWINE_USERNAME": "__token__", "TWINE_PASSWORD": self.token(), **environ}
        controller, terminal = pty.openpty()
        try:
            with subprocess.Popen(
                command,
                cwd=self.repo.project.root,
                env={**self.repo.project.environ, **{name: text for name, text in settings.items() if text}},
                stdin=terminal,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                # Who asks for a password would else find the terminal that the tests are run on.
                start_new_session=True,
            ) as process:
                output = _talk(process, controller, typed, when)
        finally:
            os.close(controller)
            os.close(terminal)
        return RunResult(process.returncode, output)

    def plain(self, text: str) -> str:
        """Return output without its steps and what differs from run to run: the port, seconds, hashes."""
        text = STEP.sub("", text)
        text = text.replace(self.network.home_url, "http://index/")
        text = text.replace(f"http://127.0.0.1:{self.network.plain}/", "http://index/")
        for name in (WHEEL, SDIST):
            text = text.replace(Distribution.from_path(self.manifest / name).sha256, f"[{name[-3:]}]")
        text = re.sub(r"sha256 [0-9a-f]{64}", "sha256 […]", text)
        return re.sub(r"\d+ s at most", "N s at most", text)


def printed(output: str) -> str:
    """Return the command that was printed as the fix."""
    line = next(line for line in reversed(output.splitlines()) if "invoke " in line)
    return line[line.index("invoke ") :]


def _talk(
    process: subprocess.Popen[bytes], terminal: int, typed: str, when: tuple[bytes, Callable[[], None]] | None
) -> str:
    """Type a line whenever a question waits for its answer; return all that was printed.

    What is typed before a password is asked for would be thrown away.
    """
    assert process.stdout
    output, answers = b"", iter(typed.splitlines(keepends=True))
    while piece := os.read(process.stdout.fileno(), 1 << 16):
        output += piece
        if when and when[0] in output:
            when[1]()
            when = None
        if re.search(rb"(: |\((n|q leaves)\) )\Z", output.replace(b"\r", b"")):
            os.write(terminal, next(answers, "\n").encode())
    return output.decode()


@contextlib.contextmanager
def serve_index(repo: ReleaseRepo, folder: Path, faults: InjectedFaults | None = None) -> Iterator[IndexServer]:
    """Open an index, and close it at the end."""
    with open_network(folder, PUBLISHER, "tidepool", make_index=index_with(faults)) as network:
        yield IndexServer(repo, network)


def replace_date(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Return a member of a wheel with another date."""
    other = zipfile.ZipInfo(info.filename, (2001, 1, 1, 0, 0, 0))
    other.external_attr, other.create_system = info.external_attr, info.create_system
    return other


def yank(server: IndexServer) -> None:
    """Yank all that is there (PEP 592)."""
    store = server.network.index.store
    for entry in store.files("tidepool"):
        path = store.folder / entry.index_file.name
        shutil.copyfile(store.path("tidepool", entry.index_file.name), path)
        store.put(path, "tidepool", replace(entry, index_file=replace(entry.index_file, is_yanked=True)))
