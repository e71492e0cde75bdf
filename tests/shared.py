"""What is made once for a whole run of the tests; all workers of pytest-xdist share it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

import preloaded
import sample_project

if TYPE_CHECKING:
    from collections.abc import Callable


_folders: list[Path] = []
_servers: list[preloaded.Server] = []


def folder() -> Path:
    """Return the folder of this run."""
    return _folders[0]


def begin_run(existing: Path | None = None) -> Path:
    """Begin a run, or join the one whose folder exists; return the folder."""
    _folders.append(existing or Path(tempfile.mkdtemp(prefix="seatrial-tests-")))
    return folder()


def variables() -> dict[str, str]:
    """Return the variables of commands that share the pip of virtualenv, which is compiled once; none before a run.

    An environment with another pip takes two seconds, and the first use of pip in it one more.
    """
    if not _folders:
        return {}
    return {"VIRTUALENV_OVERRIDE_APP_DATA": str(folder() / "virtualenv"), "VIRTUALENV_SYMLINK_APP_DATA": "1"}


def stop_servers() -> None:
    """End the processes that this one has started."""
    for server in _servers:
        server.stop()
    _servers.clear()


def remove() -> None:
    """Remove the folder."""
    shutil.rmtree(folder(), ignore_errors=True)


def server() -> preloaded.Server:
    """Return what runs seatrial, invoke and nox in this process's tests."""
    if not _servers:
        home = folder() / f"home-{os.getpid()}"
        home.mkdir()
        _servers.append(preloaded.Server(folder(), sample_project.environment(home)))
    return _servers[0]


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that ``make`` has filled, in this process or in another."""
    path = folder() / name
    with FileLock(f"{path}.lock"):
        if not path.exists():
            new = path.with_name(f"{name}.new")
            # What a failed attempt has left would hide why it failed.
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            make(new)
            new.rename(path)
    return path


def link_tree(source: Path, target: Path) -> None:
    """Copy a folder by hard links: for files that are replaced and never written into."""
    shutil.copytree(source, target, symlinks=True, copy_function=os.link)


def link_or_copy(*linked: str) -> Callable[[str, str], object]:
    """Return what links the files with one of these in their path, and copies the others, for `shutil.copytree`."""

    def bring(source: str, target: str) -> None:
        if any(part in source for part in linked):
            os.link(source, target)
        else:
            shutil.copy2(source, target)

    return bring
