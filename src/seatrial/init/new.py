"""A new package: its name, its folder and its files, moved into place in one step."""

from __future__ import annotations

import contextlib
import keyword
import re
import shlex
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import InvalidName, canonicalize_name

from seatrial.checks.contents import COMMON_NAMES
from seatrial.checks.metadata import email_problem, is_python_module
from seatrial.errors import CommandFailed, IndexUnreachable, ProjectError, ReleaseError
from seatrial.git.command import Git, is_ignored
from seatrial.git.repository import HOW_TO_SET_IDENTITY, page_of_repository
from seatrial.index.client import maker_of_newest, read_project_files
from seatrial.index.targets import pip_index_url
from seatrial.init.detect import detect_project
from seatrial.init.propose import propose_changes
from seatrial.init.template import PackageTemplate
from seatrial.init.write import write_proposal
from seatrial.invocation import program_command
from seatrial.project.project import TESTED_MINORS
from seatrial.redaction import redacted_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


SIGN = ".github"
"""The folder by which a repository without a remote is known to be one of GitHub's."""


@dataclass(frozen=True)
class PackageRequest:
    """What is asked for.

    ``folder``: the one to be, named like the package; ``remote``: the address of the repository that it will be pushed
    to, "" where nobody knows; ``workflows``: whether there are to be files of CI; the others: see `PackageTemplate`.
    """

    folder: Path
    name: PackageName
    description: str
    oldest: int
    remote: str = ""
    workflows: bool = True

    @classmethod
    def of(cls, text: str, oldest: str) -> PackageRequest:
        """Read what somebody typed: a name, or a path that ends with it. Raises `NameUnfit` or `PythonUnproved`."""
        known = [f"3.{minor}" for minor in TESTED_MINORS]
        if oldest not in known:
            raise ProjectError(
                f"--python {oldest} is none of {', '.join(known)}", code="PythonUnproved", fix=f"--python {known[0]}"
            )
        name = PackageName.of(Path(text).name or text)
        return cls(Path(text).absolute(), name, f"{name.project}, a Python package", int(oldest[2:]))


@dataclass(frozen=True)
class NewPackage:
    """What was begun: ``files``, and the ``branch`` of the commit that has them, "" where others make it."""

    folder: Path
    files: tuple[str, ...]
    branch: str


def create_package(wanted: PackageRequest) -> NewPackage:
    """Begin a package in its folder.

    Raises `FolderTaken`, `NotMine`, `NoIdentity`, `NoRepository` or `CommandFailed`, and leaves nothing behind then.
    """
    require_free_folder(wanted.folder)
    above, name = wanted.folder.parent, wanted.folder.name
    above.mkdir(parents=True, exist_ok=True)
    remotes = remotes_around(above, name)
    if remotes is not None and wanted.remote:
        raise ProjectError(
            f"{above} is in a git repository, which has remotes of its own", code="NotMine", fix="leave out --remote"
        )
    with _staged(above, name) as folder:
        package = _package(wanted, read_author(above), remotes)
        _begin_repository(folder, wanted.remote)
        written = _write(folder, package, workflows=wanted.workflows and not package.is_member)
        branch = "" if package.is_member else _commit(folder, wanted.name, written)
        if package.is_member:
            shutil.rmtree(folder / ".git")
        _move(folder, wanted.folder)
    return NewPackage(wanted.folder, written, branch)


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


def _package(wanted: PackageRequest, author: tuple[str, str], remotes: tuple[str, ...] | None) -> PackageTemplate:
    return PackageTemplate(
        name=wanted.name,
        description=wanted.description,
        author=author[0],
        email=author[1],
        year=datetime.now().astimezone().year,
        oldest=wanted.oldest,
        is_member=remotes is not None,
        page=next((page for address in (wanted.remote, *(remotes or ())) if (page := page_of_repository(address))), ""),
    )


def _begin_repository(folder: Path, remote: str) -> None:
    """Begin a repository: of a member, too, for a look at the files goes by what git lists."""
    here = Git(folder)
    told = here.line("config", "init.defaultBranch")
    Git(folder, () if told else ("init.defaultBranch=main",)).run("init", "--quiet")
    if remote:
        here.run("remote", "add", "origin", remote)


def _write(folder: Path, package: PackageTemplate, *, workflows: bool) -> tuple[str, ...]:
    """Write the files of a package, and what `seatrial init` writes into it; return the paths of all."""
    for name, text in package.texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    if workflows and not package.page:
        (folder / SIGN).mkdir()
    seen = detect_project(folder)
    proposal = propose_changes(seen, workflows=workflows)
    write_proposal(seen, proposal)
    return tuple(sorted({*package.texts, *(str(one.path) for one in proposal)}))


def _commit(folder: Path, name: PackageName, paths: tuple[str, ...]) -> str:
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


LICENCE_HINT = "Its licence is MIT, in LICENSE and pyproject.toml: put another there if you mean another."
MEMBER_HINT = "It lies in a repository that is there: commit it; for its files of CI: {write}"
PUSH_COMMAND = "git push -u origin HEAD"


def new_package_text(one: NewPackage, wanted: PackageRequest) -> str:
    """Return what was begun, and what comes next."""
    where = f"one commit on {one.branch}" if one.branch else "not committed"
    head = f"{wanted.name.project}, import {wanted.name.module}: {len(one.files)} files, {where}"
    after = (
        "\n".join(("Then, in its folder:", *(f"  {line}" for line in _next_steps(wanted))))
        if one.branch
        else MEMBER_HINT.format(write=program_command("workflows"))
    )
    return "\n".join([head, *(f"  {path}" for path in one.files), "", LICENCE_HINT, after])


def _next_steps(wanted: PackageRequest) -> tuple[str, ...]:
    return (
        "nox",
        program_command("rehearse --part minor"),
        PUSH_COMMAND if wanted.remote else f"git remote add origin ADDRESS && {PUSH_COMMAND}",
        program_command("preflight --part minor"),
    )


def require_free_folder(folder: Path) -> None:
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
        into = program_command(f"init --project {shlex.quote(str(folder))}")
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
    if asked.output.strip() != "true" or is_ignored(above, name):
        return None
    return tuple(here.line("config", "--get-regexp", r"^remote\..*\.url$").split()[1::2])


def read_author(above: Path) -> tuple[str, str]:
    """Return the name and the address of whose commits are made there; "" for an address that no index takes.

    Raises `NoIdentity` where nobody has told git.
    """
    known = Git(above, ("user.useConfigOnly=true",)).line("var", "GIT_AUTHOR_IDENT")
    told = re.match(r"(.+) <(.+)> \d+ [+-]\d+$", known)
    if told is None:
        raise ReleaseError(
            "git does not know who you are, and a package has an author",
            code="NoIdentity",
            fix=HOW_TO_SET_IDENTITY,
        )
    return told[1], "" if any(email_problem(told[2])) else told[2]


@dataclass(frozen=True)
class PackageName:
    """A name as indexes compare it, with dashes, and as an import statement has it, with underscores."""

    project: str
    module: str

    @classmethod
    def of(cls, text: str) -> PackageName:
        """Read what somebody typed. Raises `NameUnfit` with all that is wrong with it."""
        wrong = list(_mistakes(text))
        if wrong:
            raise ProjectError(
                f"{text!r} can't be the name of a package: {'; '.join(wrong)}",
                code="NameUnfit",
                fix="choose another: ASCII letters, digits and dashes, a letter first, such as "
                + program_command("new tide-pool"),
            )
        return cls(canonicalize_name(text), _module(text))


def _mistakes(text: str) -> Iterator[str]:
    try:
        canonicalize_name(text, validate=True)
    except InvalidName:
        yield "it takes ASCII letters, digits, and - _ . between them (PEP 508)"
        return
    module = _module(text)
    if not module.isidentifier():
        yield f"import {module} is no Python"
    if keyword.iskeyword(module):
        yield f"{module} is a word of Python's grammar"
    if is_python_module(text):
        yield f"{module} is, or once was, a module of Python's standard library, and PyPI takes no project named so"
    elif module in COMMON_NAMES:
        yield f"{module} is what every project calls a folder of its own"


def _module(text: str) -> str:
    return re.sub(r"[-_.]+", "_", text).lower()


def name_remark(name: PackageName, environ: Mapping[str, str]) -> str:
    """Return whether the index that pip installs from knows the name: that it can't be asked is nobody's fault."""
    where = pip_index_url(environ)
    try:
        project_files = read_project_files(where, name.project)
    except IndexUnreachable as error:
        return f"whether the name {name.project} is free is unknown: {error.what}"
    if not project_files.project:
        return f"the name {name.project} is free on {redacted_address(where)}: the first upload takes it"
    by = maker_of_newest(project_files)
    known = f" (by {by})" if by else ""
    return f"the name {name.project} is taken on {redacted_address(where)}{known}: unless it is yours, choose another"
