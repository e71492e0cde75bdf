"""The lock that a release holds, and the scratch clone that it is prepared in: both are gone at the end.

`seatrial.git.scratch` makes the clone; here is where it is, and what becomes of those of releases that were killed.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.commands import Command
from seatrial.errors import FILE_FIXES, ReleaseError, SeatrialError, ToolError
from seatrial.git.scratch import Scratch, remove_scratch
from seatrial.storage import LockTaken, locked

if TYPE_CHECKING:
    from seatrial.git.repository import Repository


@contextlib.contextmanager
def release_lock(repository: Repository) -> Iterator[None]:
    """Hold off every other release of this repository, from all of its work trees.

    The scratch clones of releases that were killed are removed. A read-only git folder has no lock: only
    commands that change nothing run there. Raises `AnotherRelease`.
    """
    with contextlib.ExitStack() as stack:
        try:
            if os.access(repository.common_dir, os.W_OK):
                stack.enter_context(locked(repository.common_dir / "seatrial.lock"))
        except LockTaken:
            raise ReleaseError(
                f"another release of {repository.root} is running",
                code="AnotherRelease",
                fix=f"wait for it to end: {Command('status')}",
            ) from None
        _remove_leftovers(repository)
        yield


def require_writable(repository: Repository) -> None:
    """Raise `FileUnusable` for folders that a release writes to after its push."""
    folders = (repository.root, repository.git_dir, repository.common_dir / "objects", repository.common_dir / "refs")
    refused = [str(folder) for folder in folders if not os.access(folder, os.W_OK)]
    if refused:
        raise ToolError(
            f"a release writes here after its push, and may not: {', '.join(refused)}",
            code="FileUnusable",
            fix=f"chmod u+w {shlex.join(refused)}, or release as the owner",
        )


@contextlib.contextmanager
def scratch_clone(repository: Repository, commit: str) -> Iterator[Scratch]:
    """Make a scratch clone at a commit, and remove it at the end.

    The release lock is in the git folder, but containers can share the user's cache and have other repositories at the
    same path: each scratch clone is in a folder with a lock of its own.
    """
    folder = _scratch_folder(repository)
    for number in itertools.count():
        with _locked(folder / str(number)) as is_ours:
            if not is_ours:
                continue
            root = folder / str(number) / repository.project.name
            try:
                yield Scratch.make(repository, commit, root)
            except SeatrialError as error:
                error.what = in_checkout(error.what, repository, root)
                raise
            except OSError as error:
                # Where a file of the commit is in the way, and not the folder of the clone.
                if error.errno in FILE_FIXES and isinstance(error.filename, str):
                    error.filename = in_checkout(error.filename, repository, root)
                raise
            finally:
                _remove(root.parent)
            return


def _remove_leftovers(repository: Repository) -> None:
    folder = _scratch_folder(repository)
    for path in folder.iterdir() if folder.is_dir() else ():
        with _locked(path) as is_ours:
            if is_ours:
                _remove(path)


def _scratch_folder(repository: Repository) -> Path:
    # Loaded here because only a release needs it.
    from platformdirs import user_cache_path  # noqa: PLC0415

    digest = hashlib.sha256(f"{repository.common_dir}\0{repository.prefix}".encode("utf-8", "surrogateescape"))
    return user_cache_path("seatrial") / "scratch" / digest.hexdigest()[:16]


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Lock a folder for a scratch clone, and yield whether that was possible."""
    lock = path.parent.parent.parent / "locks" / f"{path.parent.name}-{path.name}.lock"
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(lock))
        except LockTaken:
            yield False
            return
        yield True


def _remove(path: Path) -> None:
    remove_scratch(path)
    with contextlib.suppress(OSError):
        # It is empty, unless another one is in use.
        path.parent.rmdir()


def in_checkout(text: str, repository: Repository, root: Path) -> str:
    """Return a text with the paths of the checkout instead of those of the scratch clone at ``root``.

    The scratch clone is removed before the text is read.
    """
    return text.replace(str(root), str(repository.root))
