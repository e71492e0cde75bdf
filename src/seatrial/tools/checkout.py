"""The user's repository: looked at, and caught up after a push."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from seatrial.errors import CommandFailed
from seatrial.facts.repository import Remote, Repository, Standing
from seatrial.masking import mask, mask_address
from seatrial.refusals import ReleaseError, RemoteUnreachable
from seatrial.tools.git import DISTRUST, Git

if TYPE_CHECKING:
    from collections.abc import Sequence

ADVICE = (
    ("not a git repository", "git init, commit, and git remote add origin ADDRESS"),
    ("in a work tree", "git clone it, and release from the clone"),
    (DISTRUST, "git config --global --add safe.directory FOLDER"),
)
"""What git says of a folder that it can't work in, and what mends it."""

PACKAGE_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
"""The files by which the folder of a package is known."""

REMOTE = re.compile(r"remote\..+\.url$")
HOW_TO_INTRODUCE = 'git config --global user.name "Your Name"\ngit config --global user.email you@example.org'


def look(folder: Path) -> Repository:
    """Return what there is to know about the repository around ``folder`` without asking its remote.

    Raises `NoRepository`.
    """
    git = Git(folder)
    try:
        asked = git.attempt("rev-parse", "--show-toplevel", "--absolute-git-dir", "--git-common-dir", "--show-prefix")
    except CommandFailed as error:
        raise ReleaseError(
            f"git can't be run: {error.output.strip()}", code="NoRepository", fix="install git"
        ) from None
    if asked.returncode:
        raise ReleaseError(
            f"{folder} is in no git repository: {asked.errors.strip()}",
            code="NoRepository",
            fix=next((fix for sign, fix in ADVICE if sign in asked.errors), "mend what git says"),
        )
    root, git_dir, common_dir, prefix = asked.output.split("\n")[:4]
    top = Git(Path(root))
    heads, changed = _status(top)
    settings = _settings(top)
    remote, upstream = _followed(settings, heads.get("branch.head", ""))
    oid = heads.get("branch.oid", "")
    return Repository(
        root=Path(root),
        prefix=prefix,
        git_dir=Path(git_dir),
        common_dir=(folder / common_dir).resolve(),
        commit="" if oid.startswith("(") else oid,
        branch="" if heads.get("branch.head", "").startswith("(") else heads.get("branch.head", ""),
        remote=remote,
        upstream=upstream,
        is_cut_off=(folder / common_dir / "shallow").exists() or _is_partial(settings),
        remotes=tuple(
            dict.fromkeys(key[len("remote.") :].rpartition(".")[0] for key, _ in settings if key.startswith("remote."))
        ),
        unfinished=changed,
        settings=settings,
    )


def ask(repository: Repository) -> Remote:
    """Ask the remote that the branch follows, at the address that a push goes to.

    Raises `RemoteUnreachable`, or `CommandFailed` when the remote is not configured.
    """
    git, name = Git(repository.root), repository.remote
    addresses = git.run("remote", "get-url", "--push", "--all", name).split("\n")[:-1]
    source = name if git.line("remote", "get-url", name) == addresses[0] else addresses[0]
    asked = git.attempt("ls-remote", "--symref", source, "HEAD", repository.upstream, "refs/tags/*")
    if asked.returncode:
        raise RemoteUnreachable(
            mask_address(
                f"remote {name} ({addresses[0]}) does not answer:\n{asked.errors.strip()}", addresses[0]
            ).replace("\n", "\n  "),
            fix=f"git ls-remote {name}",
        )
    rows = [line.split("\t") for line in asked.output.splitlines()]
    default = next((left[len("ref: refs/heads/") :] for left, ref in rows if left.startswith("ref: refs/heads/")), "")
    ids = {ref: left for left, ref in rows if not left.startswith("ref:")}
    tags = {ref[len("refs/tags/") :]: oid for ref, oid in ids.items() if ref.startswith("refs/tags/")}
    return Remote(name, tuple(addresses), default, ids.get(repository.upstream, ""), tags)


def standing(repository: Repository, remote: Remote) -> Standing:
    """Return how HEAD stands to the remote's branch; the remote's commits are fetched for that, but no ref is moved."""
    git = Git(repository.root)
    if not remote.tip:
        return Standing(0, 0)
    if git.attempt("cat-file", "-e", f"{remote.tip}^{{commit}}").returncode:
        _fetch(git, remote.name, repository.upstream)
    counted = git.run("rev-list", "--left-right", "--count", f"{repository.commit}...{remote.tip}")
    ahead, behind = counted.split()
    return Standing(int(ahead), int(behind))


def usual_branch(repository: Repository) -> str:
    """Return the branch that HEAD was most likely meant to be on: one that has its commit, main before others."""
    told = Git(repository.root).line("for-each-ref", "--contains=HEAD", "--format=%(refname:lstrip=2)", "refs/heads")
    found = told.split("\n")
    return next((name for name in ("main", "master") if name in found), found[0] or "main")


def insist_on_identity(repository: Repository) -> None:
    """Raise `NoIdentity` when git would not know whose commit it makes."""
    if identity(repository) == ("", ""):
        raise ReleaseError(
            "git does not know who you are, and a release is a commit",
            code="NoIdentity",
            fix=HOW_TO_INTRODUCE,
        )


def identity(repository: Repository) -> tuple[str, str]:
    """Return the name and the address that a commit of the user's would have; two times "" when git knows neither."""
    asked = Git(repository.root).attempt("var", "GIT_COMMITTER_IDENT")
    found = re.match(r"(.*) <(.*)> \d+ [+-]\d+$", asked.output.strip())
    return (found[1], found[2]) if found and not asked.returncode else ("", "")


def tags(repository: Repository, reachable_from: str = "HEAD") -> dict[str, str]:
    """Return the local tags that a commit contains, names to ids of what they point to; none before the first."""
    if not repository.commit:
        return {}
    listed = Git(repository.root).run(
        "for-each-ref", "--format=%(refname:strip=2)%00%(objectname)", f"--merged={reachable_from}", "refs/tags"
    )
    rows = (line.split("\0") for line in listed.splitlines())
    return {row[0]: row[1] for row in rows}


def object_of_tag(repository: Repository, tag: str) -> str:
    """Return the id that a local tag has, "" when there is no such tag."""
    return Git(repository.root).line("rev-parse", "--quiet", "--verify", f"refs/tags/{tag}")


def files(repository: Repository, commit: str = "HEAD") -> tuple[PurePosixPath, ...]:
    """Return the files of a commit below the project's folder, relative to it."""
    listed = Git(repository.root).run("ls-tree", "-r", "-z", "--name-only", commit, "--", repository.prefix or ".")
    return tuple(PurePosixPath(name[len(repository.prefix) :]) for name in listed.split("\0") if name)


def unfinished_of_package(repository: Repository) -> tuple[str, ...]:
    """Return the paths that are not as in HEAD and may be meant for a release: none in the folder of another package.

    A package at the top has those of all packages: its release has whatever lies below it.
    """
    own = repository.prefix
    return tuple(
        name for name in repository.unfinished if name.startswith(own) or not _is_of_package(repository.root, name)
    )


def _is_of_package(top: Path, name: str) -> bool:
    """Whether a path lies in the folder of a package below the top; that of a folder ends with a slash."""
    path = PurePosixPath(name)
    folders = (path, *path.parents) if name.endswith("/") else path.parents
    return any((top / folder / file).is_file() for folder in folders if folder.parts for file in PACKAGE_FILES)


def bring_in(repository: Repository, source: Path, ref: str) -> None:
    """Copy the objects of a ref of another repository into this one, without any ref. Raises `CommandFailed`."""
    # It is a file transport, which some forbid for what comes from elsewhere.
    _fetch(Git(repository.root, ("protocol.file.allow=always",)), str(source), ref)


def commits_since(repository: Repository, tag: str) -> int:
    """Return how many commits HEAD has that a tag does not contain; all of them when ``tag`` is ""."""
    span = f"refs/tags/{tag}..HEAD" if tag else "HEAD"
    return int(Git(repository.root).run("rev-list", "--count", span, "--", repository.prefix or "."))


def take_tag(repository: Repository, tag: str, oid: str) -> None:
    """Have a tag in the repository too, unless one of this name is there."""
    if not object_of_tag(repository, tag):
        Git(repository.root).run("update-ref", f"refs/tags/{tag}", oid, "")


def contains(repository: Repository, branch: str, commit: str) -> bool:
    """Whether a local branch contains a commit."""
    asked = Git(repository.root).attempt("merge-base", "--is-ancestor", commit, f"refs/heads/{branch}")
    return not asked.returncode


def fast_forward(repository: Repository, branch: str, commit: str) -> str:
    """Fast-forward a local branch, and return why that was not possible, "" when it was.

    Where it is checked out, the files follow; one that the user has changed is never touched: then nothing moves.
    """
    git, ref = Git(repository.root), f"refs/heads/{branch}"
    if contains(repository, branch, commit):
        return ""
    if git.line("symbolic-ref", "--quiet", "HEAD") == ref:
        careful = ("--no-autostash", "--no-overwrite-ignore", "--no-stat", "--no-verify-signatures")
        done = git.attempt("merge", "--quiet", "--ff-only", *careful, commit)
        return mask(done.errors + done.output).strip() if done.returncode else ""
    elsewhere = git.line("for-each-ref", "--format=%(worktreepath)", ref)
    if elsewhere:
        return f"{branch} is checked out in {elsewhere}"
    old = git.line("rev-parse", "--quiet", "--verify", ref)
    if not old or git.attempt("merge-base", "--is-ancestor", old, commit).returncode:
        return f"Not possible to fast-forward {branch}"
    git.run("update-ref", "-m", "release: fast-forward", ref, commit, old)
    return ""


def _fetch(git: Git, source: str, ref: str) -> None:
    alone = ("--no-tags", "--no-write-fetch-head", "--refmap=", "--no-auto-maintenance", "--no-recurse-submodules")
    git.run("fetch", "--quiet", *alone, source, ref)


def _status(git: Git) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the headers of git-status(1), and the paths that are not as in HEAD."""
    fields = iter(git.run("status", "--porcelain=v2", "--branch", "-z").split("\0"))
    headers: dict[str, str] = {}
    changed = []
    for entry in fields:
        if entry.startswith("# "):
            key, _, value = entry[2:].partition(" ")
            headers[key] = value
        elif entry.startswith(("1 ", "u ", "? ")):
            # Eight fields stand before the path of a changed entry, ten before that of an unmerged one.
            changed.append(entry.split(" ", {"1": 8, "u": 10, "?": 1}[entry[0]])[-1])
        elif entry.startswith("2 "):
            changed += [entry.split(" ", 9)[-1], next(fields)]
    return headers, tuple(changed)


def _settings(git: Git) -> tuple[tuple[str, str], ...]:
    listed = git.run("config", "--list", "--includes", "-z").split("\0")[:-1]
    # A variable without "=" in the file has no line with a value, and is true.
    return tuple((key, value if line else "true") for key, line, value in (entry.partition("\n") for entry in listed))


def _followed(settings: Sequence[tuple[str, str]], branch: str) -> tuple[str, str]:
    told = dict(settings)
    remote, upstream = told.get(f"branch.{branch}.remote", ""), told.get(f"branch.{branch}.merge", "")
    return ("", "") if not (remote and upstream) or remote == "." else (remote, upstream)


def _is_partial(settings: Sequence[tuple[str, str]]) -> bool:
    return any(key.endswith((".promisor", ".partialclonefilter")) for key, _ in settings)
