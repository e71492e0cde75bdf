"""A package from nothing: made whole in a folder beside, then moved to its place in one step."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.adoption import ground, looking, proposing, writing
from seatrial.adoption.naming import Name
from seatrial.adoption.template import Package
from seatrial.errors import ProjectError
from seatrial.facts.project import PROVED
from seatrial.facts.repository import page_of
from seatrial.tools.git import Git

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGN = ".github"
"""The folder by which a repository without a remote is known to be one of GitHub's."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    ``folder``: the one to be, named like the package; ``remote``: the address of the repository that it will be pushed
    to, "" where nobody knows; ``workflows``: whether there are to be files of CI; the others: see `Package`.
    """

    folder: Path
    name: Name
    description: str
    oldest: int
    remote: str = ""
    workflows: bool = True

    @classmethod
    def of(cls, text: str, oldest: str) -> Wanted:
        """Read what somebody typed: a name, or a path that ends with it. Raises `NameUnfit` or `PythonUnproved`."""
        known = [f"3.{minor}" for minor in PROVED]
        if oldest not in known:
            raise ProjectError(
                f"--python {oldest} is none of {', '.join(known)}", code="PythonUnproved", fix=f"--python {known[0]}"
            )
        name = Name.of(Path(text).name or text)
        return cls(Path(text).absolute(), name, f"{name.project}, a Python package", int(oldest[2:]))


@dataclass(frozen=True)
class Founded:
    """What was begun: ``files``, and the ``branch`` of the commit that has them, "" where others make it."""

    folder: Path
    files: tuple[str, ...]
    branch: str


def found(wanted: Wanted) -> Founded:
    """Begin a package in its folder.

    Raises `FolderTaken`, `NotMine`, `NoIdentity`, `NoRepository` or `CommandFailed`, and leaves nothing behind then.
    """
    ground.insist_on_room(wanted.folder)
    above, name = wanted.folder.parent, wanted.folder.name
    above.mkdir(parents=True, exist_ok=True)
    remotes = ground.remotes_around(above, name)
    if remotes is not None and wanted.remote:
        raise ProjectError(
            f"{above} is in a git repository, which has remotes of its own", code="NotMine", fix="leave out --remote"
        )
    with _staged(above, name) as folder:
        package = _package(wanted, ground.author(above), remotes)
        _begin_repository(folder, wanted.remote)
        written = _write(folder, package, workflows=wanted.workflows and not package.is_member)
        branch = "" if package.is_member else _commit(folder, wanted.name, written)
        if package.is_member:
            shutil.rmtree(folder / ".git")
        _move(folder, wanted.folder)
    return Founded(wanted.folder, written, branch)


@contextlib.contextmanager
def _staged(above: Path, name: str) -> Iterator[Path]:
    """Yield an empty folder of this name in one that is gone afterwards, on the disk where the package is to be."""
    holder = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=above))
    try:
        folder = holder / name
        folder.mkdir()
        yield folder
    finally:
        shutil.rmtree(holder, ignore_errors=True)


def _package(wanted: Wanted, author: tuple[str, str], remotes: tuple[str, ...] | None) -> Package:
    return Package(
        name=wanted.name,
        description=wanted.description,
        author=author[0],
        email=author[1],
        year=datetime.now().astimezone().year,
        oldest=wanted.oldest,
        is_member=remotes is not None,
        page=next((page for address in (wanted.remote, *(remotes or ())) if (page := page_of(address))), ""),
    )


def _begin_repository(folder: Path, remote: str) -> None:
    """Begin a repository: of a member, too, for a look at the files goes by what git lists."""
    here = Git(folder)
    told = here.line("config", "init.defaultBranch")
    Git(folder, () if told else ("init.defaultBranch=main",)).run("init", "--quiet")
    if remote:
        here.run("remote", "add", "origin", remote)


def _write(folder: Path, package: Package, *, workflows: bool) -> tuple[str, ...]:
    """Write the files of a package, and what `seatrial init` writes into it; return the paths of all."""
    for name, text in package.texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    if workflows and not package.page:
        (folder / SIGN).mkdir()
    seen = looking.look(folder)
    proposal = proposing.propose(seen, workflows=workflows)
    writing.write(seen, proposal)
    return tuple(sorted({*package.texts, *(str(one.path) for one in proposal)}))


def _commit(folder: Path, name: Name, paths: tuple[str, ...]) -> str:
    """Make the first commit, the user's own, and return its branch."""
    here = Git(folder)
    # What a user has git ignore everywhere is meant here all the same.
    here.run("add", "--force", "--", *paths)
    here.run("commit", "--quiet", "--message", f"Begin {name.project}")
    return here.line("symbolic-ref", "--short", "HEAD")


def _move(folder: Path, to: Path) -> None:
    if to.exists():
        to.rmdir()
    folder.rename(to)
