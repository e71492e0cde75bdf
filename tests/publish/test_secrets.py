"""Nothing shows a token: wherever twine finds it, and whatever goes wrong."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index_faults import InjectedFaults, set_faults
from index_server import SDIST, WHEEL, IndexServer, serve_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from release_repo import ReleaseRepo
    from sample_project import RunResult


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"),
]

SECRET = "correct-horse-battery"  # noqa: S105 - it was made up, and looks like no token
KEYRING = """\
import keyring.backend


class Backend(keyring.backend.KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        return "{secret}"

    def set_password(self, service, username, password):
        raise NotImplementedError
"""
PLACES = ("environment", ".pypirc", "keyring", "address")
AFTERWARDS = ((0, ("status",)), (7, ("verify", "--limit", "0")), (7, ("undo", "1.3.0", "--limit", "0")))
"""What is run then, and its exit code; of these, none opens a keyring."""


def seed(server: IndexServer, place: str, secret: str) -> tuple[dict[str, str], list[Path]]:
    """Put a secret where twine looks; return the environment, and the files that hold it."""
    home = Path(server.repo.project.environ["HOME"])
    at = {"TWINE_REPOSITORY_URL": server.url, "TWINE_USERNAME": "__token__"}
    if place == "environment":
        return {**at, "TWINE_PASSWORD": secret}, []
    if place == ".pypirc":
        rc = home / ".pypirc"
        rc.write_text(
            "[distutils]\nindex-servers = dock\n[dock]\n"
            f"repository = {server.url}\nusername = __token__\npassword = {secret}\n"
        )
        return {"TWINE_REPOSITORY": "dock"}, [rc]
    if place == "keyring":
        module = home / "seeded_keyring.py"
        module.write_text(KEYRING.format(secret=secret))
        variables = {"PYTHONPATH": str(home), "PYTHON_KEYRING_BACKEND": "seeded_keyring.Backend"}
        return {**at, **variables}, [module]
    return {"TWINE_REPOSITORY_URL": server.url.replace("://", f"://__token__:{secret}@")}, []


@contextlib.contextmanager
def processes() -> Iterator[list[bytes]]:
    """Gather the command lines of the processes that are started meanwhile, as every user of the machine sees them."""
    command_lines: dict[bytes, None] = {}
    is_over = threading.Event()
    # The machine has many, and those from before do not belong to the test.
    before = set(os.listdir("/proc"))  # noqa: PTH208 - names alone, many times a second

    def look() -> None:
        while not is_over.wait(0.02):
            for pid in set(os.listdir("/proc")) - before:  # noqa: PTH208
                with contextlib.suppress(OSError):
                    command_lines[Path("/proc", pid, "cmdline").read_bytes()] = None

    thread = threading.Thread(target=look)
    thread.start()
    result: list[bytes] = []
    try:
        yield result
    finally:
        is_over.set()
        thread.join()
        result += command_lines


def run(server: IndexServer, *args: str, **environ: str) -> tuple[RunResult, list[bytes]]:
    with processes() as command_lines:
        ran = server.invoke(*args, **environ)
    assert any(b"twine" in line for line in command_lines) or args[0] != "publish"
    return ran, command_lines


def require_silence(top: Path, secret: str, ran: RunResult, command_lines: list[bytes], seeds: list[Path]) -> None:
    """Find the secret nowhere: not in what was printed, in a process, or in a file that is left."""
    kept = [path for path in top.rglob("*") if path.is_file() and not path.is_symlink() and path not in seeds]
    assert len(kept) > 100
    assert secret not in ran.output
    assert [line for line in command_lines if secret.encode() in line] == []
    assert [path for path in kept if secret.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(
    "place", [pytest.param(place, marks=[pytest.mark.selection] if place == ".pypirc" else []) for place in PLACES]
)
def test_token_is_used_and_never_shown(repo: ReleaseRepo, tmp_path: Path, place: str) -> None:
    """No process of the real twine and pip has it in its arguments, and no file that they leave holds it."""
    (tmp_path / "temporary").mkdir()
    repo.project.environ["TMPDIR"] = str(tmp_path / "temporary")
    with serve_index(repo, tmp_path / "index", InjectedFaults(cut_after=1)) as server:
        token = server.token()
        environ, seeds = seed(server, place, token)
        # With one of two files there is more output than with none.
        for code, args in (
            (4, ("publish", "--yes", "--new-name", "tidepool")),
            *(() if place == "keyring" else AFTERWARDS),
        ):
            ran, command_lines = run(server, *args, **environ)
            assert (ran.returncode, ran.was_a_traceback, server.held()) == (code, False, [WHEEL]), ran.output
            require_silence(tmp_path, token, ran, command_lines, seeds)
        environ, seeds = seed(server, place, SECRET)
        # The message of an error of HTTP has the address.
        for status in (403, 500) if place == "address" else (403,):
            set_faults(server.network, InjectedFaults(errors=99 if status == 500 else 0))
            ran, command_lines = run(server, "publish", "--yes", **environ)
            assert (ran.returncode, ran.was_a_traceback, server.held()) == (4, False, [WHEEL]), ran.output
            assert f"HTTPError: {status}" in ran.output
            require_silence(tmp_path, SECRET, ran, command_lines, seeds)
        set_faults(server.network, InjectedFaults())
        environ, seeds = seed(server, place, token)
        # Only an address brings the token as far as to where it is installed.
        options = () if place == "address" else ("--no-install",)
        ran, command_lines = run(server, "publish", "--yes", *options, **environ)
        assert (ran.returncode, server.held()) == (0, [WHEEL, SDIST]), ran.output
        require_silence(tmp_path, token, ran, command_lines, seeds)
