"""Where a package is to be: whether there is room, in which repository it will lie, and whose it is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from seatrial.checks.addresses import bad_address
from seatrial.command_line import typed_to_program
from seatrial.errors import CommandFailed, ProjectError
from seatrial.refusals import ReleaseError
from seatrial.tools import checkout, git
from seatrial.tools.git import Git


def insist_on_room(folder: Path) -> None:
    """Raise `FolderTaken` unless the folder is not there yet, or empty and not the one somebody stands in."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ProjectError(
            f"{folder} is there, and is no folder", code="FolderTaken", fix="take another name, or move it away"
        )
    if folder.is_dir() and folder.resolve() == Path.cwd():
        raise ProjectError(
            f"{folder} is where you are, and would be another folder then", code="FolderTaken", fix="cd .., and again"
        )
    if folder.is_dir() and any(folder.iterdir()):
        into = typed_to_program(f"init --project {shlex.quote(str(folder))}")
        raise ProjectError(
            f"{folder} is there, and not empty",
            code="FolderTaken",
            fix=f"take another name; to put seatrial into the package that is there: {into}",
        )


def remotes_around(above: Path, name: str) -> tuple[str, ...] | None:
    """Return the addresses of the repository that the folder will be in, None where it will be in none.

    Raises `NoRepository` without git.
    """
    here = Git(above)
    try:
        asked = here.attempt("rev-parse", "--is-inside-work-tree")
    except CommandFailed as error:
        raise ReleaseError(
            f"git can't be run: {error.output.strip()}", code="NoRepository", fix="install git"
        ) from None
    if asked.output.strip() != "true" or git.ignores(above, name):
        return None
    return tuple(here.line("config", "--get-regexp", r"^remote\..*\.url$").split()[1::2])


def author(above: Path) -> tuple[str, str]:
    """Return the name and the address of whose commits are made there; "" for an address that no index takes.

    Raises `NoIdentity` where nobody has told git.
    """
    known = Git(above, ("user.useConfigOnly=true",)).line("var", "GIT_AUTHOR_IDENT")
    told = re.match(r"(.+) <(.+)> \d+ [+-]\d+$", known)
    if told is None:
        raise ReleaseError(
            "git does not know who you are, and a package has an author",
            code="NoIdentity",
            fix=checkout.HOW_TO_INTRODUCE,
        )
    return told[1], "" if any(bad_address(told[2])) else told[2]
