"""The user's repository and its remote: read once, and updated after a push."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from seatrial.errors import CommandFailed, ReleaseError, RemoteUnreachable
from seatrial.git.command import DUBIOUS_OWNERSHIP, Git
from seatrial.redaction import redact, redact_address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


FORGE = re.compile(
    r"(?:https?://|ssh://|git://)?(?:[^@/]+@)?(?P<host>\w[\w.-]*)(?::\d+)?[:/](?P<path>[^:]+?)(?:\.git)?/?"
)
"""The address of a repository on a forge: an https or ssh URL, or the scp-like form."""


@dataclass(frozen=True)
class Repository:
    """The user's repository.

    ``root``: the top of the work tree; ``prefix``: the project's folder below it, "" or ``packages/foo/``; ``git_dir``
    and ``common_dir``: as gitrepository-layout(5) has them; ``commit``: the id of HEAD, "" before the first commit;
    ``branch``: "" when HEAD is detached; ``remote`` and ``upstream``: what the branch follows, "" for nothing, the
    latter a full ref name; ``unfinished``: paths that differ from HEAD or that git does not track; ``settings``: the
    values of git's configuration that hold here.
    """

    root: Path
    prefix: str
    git_dir: Path
    common_dir: Path
    commit: str
    branch: str
    remote: str = ""
    upstream: str = ""
    is_cut_off: bool = False
    remotes: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def project(self) -> Path:
        """The folder of the project."""
        return self.root / self.prefix

    def setting(self, name: str) -> str:
        """Return the value of a configuration variable that holds, "" when it is not set."""
        return next((value for key, value in reversed(self.settings) if key == name), "")


@dataclass(frozen=True)
class Remote:
    """A remote, asked over the network.

    ``addresses``: those that a push goes to; ``default``: the branch that its HEAD is, "" if unknown; ``tip``: the id
    of the upstream branch, "" when it is not there; ``tags``: ids by name.
    """

    name: str
    addresses: tuple[str, ...]
    default: str = ""
    tip: str = ""
    tags: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class BranchStatus:
    """How a branch stands to the one that it follows: commits that only one of them has."""

    ahead: int
    behind: int


def owner_and_name(address: str) -> tuple[str, str]:
    """Return who owns a repository on a forge, and its name there; twice "" for an address that is no forge's."""
    found = FORGE.fullmatch(address)
    path = re.sub(r"/(-/)?(tree|blob)/.*", "", found["path"]) if found and "." in found["host"] else ""
    owner, _, name = path.strip("/").rpartition("/")
    return (owner, name) if owner else ("", "")


def forge_of(address: str) -> str:
    """Return ``github`` or ``gitlab``, "" for an address that is neither's."""
    found = FORGE.fullmatch(address)
    host = found["host"] if found else ""
    return next((name for name in ("github", "gitlab") if host == f"{name}.com" or host.startswith(f"{name}.")), "")


def page_of_repository(address: str) -> str:
    """Return the page of a repository on a forge, "" for an address that is no forge's."""
    found = FORGE.fullmatch(address)
    return f"https://{found['host']}/{found['path']}" if found and all(owner_and_name(address)) else ""


def page_of_runs(address: str) -> str:
    """Return the page on which a forge shows its CI runs, "" for an address that is no known forge's."""
    found = FORGE.fullmatch(address)
    if found is None:
        return ""
    host, path = found["host"], found["path"]
    if host == "github.com":
        return f"https://{host}/{path}/actions"
    if host.startswith("gitlab."):
        return f"https://{host}/{path}/-/pipelines"
    return f"https://{host}/{path}/actions" if host == "codeberg.org" else ""


REPOSITORY_FIXES = (
    ("not a git repository", "git init, commit, and git remote add origin ADDRESS"),
    ("in a work tree", "git clone it, and release from the clone"),
    (DUBIOUS_OWNERSHIP, "git config --global --add safe.directory FOLDER"),
)
"""What git says of a folder that it can't work in, and what mends it."""

PACKAGE_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
"""The files by which the folder of a package is known."""

REMOTE_SETTING = re.compile(r"remote\..+\.url$")
HOW_TO_SET_IDENTITY = 'git config --global user.name "Your Name"\ngit config --global user.email you@example.org'


def read_repository(folder: Path) -> Repository:
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
            fix=next((fix for sign, fix in REPOSITORY_FIXES if sign in asked.errors), "mend what git says"),
        )
    root, git_dir, common_dir, prefix = asked.output.split("\n")[:4]
    top = Git(Path(root))
    heads, changed = _status(top)
    settings = _settings(top)
    remote, upstream = _upstream(settings, heads.get("branch.head", ""))
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


def read_remote(repository: Repository) -> Remote:
    """Ask the remote that the branch follows, at the address that a push goes to.

    Raises `RemoteUnreachable`, or `CommandFailed` when the remote is not configured.
    """
    git, name = Git(repository.root), repository.remote
    addresses = git.run("remote", "get-url", "--push", "--all", name).split("\n")[:-1]
    source = name if git.line("remote", "get-url", name) == addresses[0] else addresses[0]
    asked = git.attempt("ls-remote", "--symref", source, "HEAD", repository.upstream, "refs/tags/*")
    if asked.returncode:
        raise RemoteUnreachable(
            redact_address(
                f"remote {name} ({addresses[0]}) does not answer:\n{asked.errors.strip()}", addresses[0]
            ).replace("\n", "\n  "),
            fix=f"git ls-remote {name}",
        )
    rows = [line.split("\t") for line in asked.output.splitlines()]
    default = next((left[len("ref: refs/heads/") :] for left, ref in rows if left.startswith("ref: refs/heads/")), "")
    ids = {ref: left for left, ref in rows if not left.startswith("ref:")}
    tags = {ref[len("refs/tags/") :]: oid for ref, oid in ids.items() if ref.startswith("refs/tags/")}
    return Remote(name, tuple(addresses), default, ids.get(repository.upstream, ""), tags)


def read_branch_status(repository: Repository, remote: Remote) -> BranchStatus:
    """Return how HEAD stands to the remote's branch; the remote's commits are fetched for that, but no ref is moved."""
    git = Git(repository.root)
    if not remote.tip:
        return BranchStatus(0, 0)
    if git.attempt("cat-file", "-e", f"{remote.tip}^{{commit}}").returncode:
        _fetch(git, remote.name, repository.upstream)
    counted = git.run("rev-list", "--left-right", "--count", f"{repository.commit}...{remote.tip}")
    ahead, behind = counted.split()
    return BranchStatus(int(ahead), int(behind))


def usual_branch(repository: Repository) -> str:
    """Return the branch that HEAD was most likely meant to be on: one that has its commit, main before others."""
    told = Git(repository.root).line("for-each-ref", "--contains=HEAD", "--format=%(refname:lstrip=2)", "refs/heads")
    found = told.split("\n")
    return next((name for name in ("main", "master") if name in found), found[0] or "main")


def require_identity(repository: Repository) -> None:
    """Raise `NoIdentity` when git would not know whose commit it makes."""
    if read_identity(repository) == ("", ""):
        raise ReleaseError(
            "git does not know who you are, and a release is a commit",
            code="NoIdentity",
            fix=HOW_TO_SET_IDENTITY,
        )


def read_identity(repository: Repository) -> tuple[str, str]:
    """Return the name and the address that a commit of the user's would have; two times "" when git knows neither."""
    asked = Git(repository.root).attempt("var", "GIT_COMMITTER_IDENT")
    found = re.match(r"(.*) <(.*)> \d+ [+-]\d+$", asked.output.strip())
    return (found[1], found[2]) if found and not asked.returncode else ("", "")


def read_tags(repository: Repository, reachable_from: str = "HEAD") -> dict[str, str]:
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


def files_of_commit(repository: Repository, commit: str = "HEAD") -> tuple[PurePosixPath, ...]:
    """Return the files of a commit below the project's folder, relative to it."""
    listed = Git(repository.root).run("ls-tree", "-r", "-z", "--name-only", commit, "--", repository.prefix or ".")
    return tuple(PurePosixPath(name[len(repository.prefix) :]) for name in listed.split("\0") if name)


def uncommitted_files(repository: Repository) -> tuple[str, ...]:
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


def fetch_objects(repository: Repository, source: Path, ref: str) -> None:
    """Copy the objects of a ref of another repository into this one, without any ref. Raises `CommandFailed`."""
    # It is a file transport, which some forbid for what comes from elsewhere.
    _fetch(Git(repository.root, ("protocol.file.allow=always",)), str(source), ref)


def count_commits_since(repository: Repository, tag: str) -> int:
    """Return how many commits HEAD has that a tag does not contain; all of them when ``tag`` is ""."""
    span = f"refs/tags/{tag}..HEAD" if tag else "HEAD"
    return int(Git(repository.root).run("rev-list", "--count", span, "--", repository.prefix or "."))


def store_tag(repository: Repository, tag: str, oid: str) -> None:
    """Have a tag in the repository too, unless one of this name is there."""
    if not object_of_tag(repository, tag):
        Git(repository.root).run("update-ref", f"refs/tags/{tag}", oid, "")


def branch_contains(repository: Repository, branch: str, commit: str) -> bool:
    """Whether a local branch contains a commit."""
    asked = Git(repository.root).attempt("merge-base", "--is-ancestor", commit, f"refs/heads/{branch}")
    return not asked.returncode


def fast_forward_branch(repository: Repository, branch: str, commit: str) -> str:
    """Fast-forward a local branch, and return why that was not possible, "" when it was.

    Where it is checked out, the files follow; one that the user has changed is never touched: then nothing moves.
    """
    git, ref = Git(repository.root), f"refs/heads/{branch}"
    if branch_contains(repository, branch, commit):
        return ""
    if git.line("symbolic-ref", "--quiet", "HEAD") == ref:
        careful = ("--no-autostash", "--no-overwrite-ignore", "--no-stat", "--no-verify-signatures")
        done = git.attempt("merge", "--quiet", "--ff-only", *careful, commit)
        return redact(done.errors + done.output).strip() if done.returncode else ""
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


def _upstream(settings: Sequence[tuple[str, str]], branch: str) -> tuple[str, str]:
    told = dict(settings)
    remote, upstream = told.get(f"branch.{branch}.remote", ""), told.get(f"branch.{branch}.merge", "")
    return ("", "") if not (remote and upstream) or remote == "." else (remote, upstream)


def _is_partial(settings: Sequence[tuple[str, str]]) -> bool:
    return any(key.endswith((".promisor", ".partialclonefilter")) for key, _ in settings)
