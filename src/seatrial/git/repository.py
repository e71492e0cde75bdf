"""The user's repository and its remote: read once, and updated after a push."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from seatrial import process
from seatrial.errors import CommandFailed, ReleaseError, RemoteUnreachable, last_lines
from seatrial.git.command import BUILD_FOLDERS, Git, is_byproduct, trusting_command
from seatrial.redaction import redact, redact_address, redacted_address

FORGE = re.compile(
    r"(?:https?://|ssh://|git://)?(?:[^@/]+@)?(?P<host>\w[\w.-]*)(?::\d+)?[:/](?P<path>[^:]+?)(?:\.git)?/?"
)
"""The address of a repository on a forge: an https or ssh URL, or the scp-like form."""

SSH_HOST = re.compile(r"(?<=[@/])(?:(?:alt)?ssh\.(github\.com|gitlab\.com)|(github\.com|gitlab\.com)-[\w.-]+)(?=[:/])")
"""A host of a forge for ssh alone: on port 443, or an alias that ssh's configuration has for an account."""


@dataclass(frozen=True)
class Upstream:
    """A branch of a remote: the remote's name, and the full name of the ref there."""

    remote: str
    ref: str

    @property
    def branch(self) -> str:
        """The name of the branch."""
        return self.ref.removeprefix("refs/heads/")

    def __str__(self) -> str:
        return f"{self.remote}/{self.branch}"


REMOTE_ADDRESS = re.compile(r"remote\..+\.(push)?url", re.DOTALL)
"""The settings with the addresses of remotes."""


@dataclass(frozen=True)
class Repository:
    """The user's repository.

    ``root``: the top of the work tree; ``prefix``: the project's folder below it, such as ``packages/foo/``, "" at the
    top; ``git_dir`` and ``common_dir``: as in gitrepository-layout(5); ``commit``: the id of HEAD, None before the
    first commit; ``branch``: None when HEAD is detached; ``upstream``: the branch that it follows; ``is_shallow``:
    whether commits are missing; ``filtered_remote``: the remote of a partial clone; ``remotes``: the names of the
    remotes that have an address; ``unfinished``: paths that differ from HEAD or are untracked; ``settings``: git's
    configuration.
    """

    root: Path
    prefix: str
    git_dir: Path
    common_dir: Path
    commit: str | None
    branch: str | None
    upstream: Upstream | None = None
    is_shallow: bool = False
    filtered_remote: str | None = None
    remotes: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def is_cut_off(self) -> bool:
        """Whether history is missing (a shallow or partial clone)."""
        return self.is_shallow or self.filtered_remote is not None

    @property
    def project(self) -> Path:
        """The folder of the project."""
        return self.root / self.prefix

    def setting(self, name: str) -> str | None:
        """Return the value of a configuration variable, None when it is not set; ``name`` is in lower case."""
        return next((value for key, value in reversed(self.settings) if key == name), None)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses of the remotes that git fetches from, that of the upstream branch first."""
        names = (self.upstream.remote, *self.remotes) if self.upstream else self.remotes
        addresses = (self.setting(f"remote.{name}.url") for name in dict.fromkeys(names))
        return tuple(self._resolved(address) for address in addresses if address)

    @property
    def forge_addresses(self) -> tuple[str, ...]:
        """`addresses`, and those that are written: ``url.BASE.insteadOf`` can lead to a mirror of the forge.

        Their hosts are those of the forge's pages.
        """
        written = [(key, value) for key, value in self.settings if REMOTE_ADDRESS.fullmatch(key)]
        upstream = f"remote.{self.upstream.remote}." if self.upstream else ""
        written.sort(key=lambda pair: not pair[0].startswith(upstream))
        addresses = dict.fromkeys((*self.addresses, *(value for _, value in written)))
        return tuple(SSH_HOST.sub(lambda host: host[1] or host[2], address) for address in addresses)

    def _resolved(self, address: str) -> str:
        """Return an address with ``url.BASE.insteadOf`` applied: the longest match counts (git-config(1))."""
        shortcuts = [
            (value, key[len("url.") : -len(".insteadof")])
            for key, value in self.settings
            if key.startswith("url.") and key.endswith(".insteadof") and address.startswith(value)
        ]
        shortcut, base = max(shortcuts, key=lambda pair: len(pair[0]), default=("", ""))
        return base + address[len(shortcut) :]


@dataclass(frozen=True)
class Remote:
    """The answer of a remote.

    ``addresses``: those that a push goes to, the first of which was asked; ``source``: the remote's name, or that
    address where git fetches from another one; ``default``: the branch of its HEAD, None if unknown; ``tip``: the
    commit of the upstream branch, None when the remote lacks the branch; ``tags``: ids by name.
    """

    name: str
    addresses: tuple[str, ...]
    source: str
    default: str | None = None
    tip: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class BranchStatus:
    """How many commits a branch is ahead of its upstream branch, and behind it."""

    ahead: int
    behind: int


def owner_and_name(address: str) -> tuple[str, str] | None:
    """Return the owner of a repository on a forge and its name there, None for any other address."""
    match = FORGE.fullmatch(address)
    path = re.sub(r"/(-/)?(tree|blob)/.*", "", match["path"]) if match and "." in match["host"] else ""
    owner, _, name = path.strip("/").rpartition("/")
    return (owner, name) if owner and name else None


def forge_of(address: str) -> str | None:
    """Return ``github`` or ``gitlab``, None for any other address."""
    match = FORGE.fullmatch(address)
    host = match["host"] if match else ""
    return next((name for name in ("github", "gitlab") if host == f"{name}.com" or host.startswith(f"{name}.")), None)


def page_of_repository(address: str) -> str | None:
    """Return the page of a repository on a forge, None for any other address."""
    match = FORGE.fullmatch(address)
    return f"https://{match['host']}/{match['path']}" if match and owner_and_name(address) else None


def page_of_runs(address: str) -> str | None:
    """Return the page on which a forge shows its CI runs, None where the page is unknown."""
    match = FORGE.fullmatch(address)
    if match is None:
        return None
    host, path = match["host"], match["path"]
    if host in {"github.com", "codeberg.org"}:
        return f"https://{host}/{path}/actions"
    return f"https://{host}/{path}/-/pipelines" if host.startswith("gitlab.") else None


REPOSITORY_FIXES = (
    ("not a git repository", "git init, commit, and git remote add origin ADDRESS"),
    ("in a work tree", "git clone it, and release from the clone"),
)
"""What git says about a folder that it can't work in, and the fix."""

PACKAGE_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
"""A folder with one of these files holds a package."""

HOW_TO_SET_IDENTITY = 'git config --global user.name "Your Name"\ngit config --global user.email you@example.org'

PATHS = ("--show-toplevel", "--absolute-git-dir", "--git-common-dir", "--show-prefix")
"""What git is asked for the paths of a repository; it answers with a line for each."""


def read_repository(folder: Path) -> Repository:
    """Read the repository around ``folder``, without asking its remote. Raises `NoRepository`."""
    git = Git(folder)
    try:
        done = git.attempt("rev-parse", *PATHS)
    except CommandFailed as error:
        raise ReleaseError(
            f"git can't be run: {error.output.strip()}", code="NoRepository", fix="install git"
        ) from None
    if done.returncode:
        is_outside = REPOSITORY_FIXES[0][0] in done.errors
        what = f"{folder} is not in a git repository" if is_outside else f"git can't read the repository of {folder}"
        raise ReleaseError(
            f"{what}: {done.errors.strip()}",
            code="NoRepository",
            fix=trusting_command(done.errors)
            or next((fix for sign, fix in REPOSITORY_FIXES if sign in done.errors), "correct what git reports"),
        )
    paths = done.output.split("\n")[:-1]
    if len(paths) != len(PATHS):
        raise ReleaseError(
            f"the path of the repository has a line end, which git and other tools can't be given: {str(folder)!r}",
            code="NoRepository",
            fix="move it to a folder without one",
        )
    root, git_dir, common_dir, prefix = paths
    top = Git(Path(root))
    try:
        headers, unfinished = _status(top)
    except CommandFailed as error:
        # A filter whose program is missing, or an index or a file that can't be read.
        raise ReleaseError(
            f"git can't read the repository of {folder}:\n{last_lines(error.output)}",
            code="NoRepository",
            fix=error.fix or "correct what git reports: git status",
        ) from None
    settings = _settings(top)
    branch, remotes = _unless_bracketed(headers.get("branch.head")), _remotes(settings)
    return Repository(
        root=Path(root),
        prefix=prefix,
        git_dir=Path(git_dir),
        common_dir=(folder / common_dir).resolve(),
        commit=_unless_bracketed(headers.get("branch.oid")),
        branch=branch,
        upstream=_upstream(settings, branch, remotes),
        is_shallow=(folder / common_dir / "shallow").exists(),
        filtered_remote=_filtered_remote(settings),
        remotes=remotes,
        unfinished=unfinished,
        settings=settings,
    )


def read_remote(repository: Repository, upstream: Upstream) -> Remote:
    """Ask a remote for its branches and tags, at the address that a push goes to.

    Raises `RemoteUnreachable`, or `CommandFailed` when the remote is not configured.
    """
    git, name = Git(repository.root), upstream.remote
    addresses = git.run("remote", "get-url", "--push", "--all", name).split("\n")[:-1]
    is_same = not _has_push_address(repository, name) or git.line("remote", "get-url", name) == addresses[0]
    source = name if is_same else addresses[0]
    done = git.attempt("ls-remote", "--symref", source, "HEAD", upstream.ref, "refs/tags/*")
    if done.returncode:
        raise unreachable_error(name, addresses[0], done.errors)
    rows = [line.split("\t") for line in done.output.splitlines()]
    heads = (value for value, _ in rows if value.startswith("ref: refs/heads/"))
    default = next((value[len("ref: refs/heads/") :] for value in heads), None)
    ids = {ref: value for value, ref in rows if not value.startswith("ref:")}
    tags = {ref[len("refs/tags/") :]: oid for ref, oid in ids.items() if ref.startswith("refs/tags/")}
    return Remote(name, tuple(addresses), source, default, ids.get(upstream.ref), tags)


def unreachable_error(remote: str, address: str, errors: str) -> RemoteUnreachable:
    """Return the error about a remote that does not answer; ``errors``: what git printed."""
    what = redact_address(f"remote {remote} ({address}) does not answer:\n{errors.strip()}", address)
    return RemoteUnreachable(what.replace("\n", "\n  "), fix=trusting_command(errors) or f"git ls-remote {remote}")


def _has_push_address(repository: Repository, remote: str) -> bool:
    """Whether the configuration can have a push to a remote go to another address than git fetches from."""
    keys = [key for key, _ in repository.settings]
    return f"remote.{remote}.pushurl" in keys or any(key.endswith(".pushinsteadof") for key in keys)


def push_address(repository: Repository, remote: str) -> str | None:
    """Return the address that a push to a remote goes to, secrets masked; None when the remote is not configured."""
    address = Git(repository.root).line("remote", "get-url", "--push", remote)
    return redacted_address(address) if address else None


def read_branch_status(repository: Repository, upstream: Upstream, remote: Remote) -> BranchStatus:
    """Compare HEAD with the remote's branch; the remote's commits are fetched for that, but no ref is moved."""
    if remote.tip in (None, repository.commit):
        return BranchStatus(0, 0)
    git, counting = Git(repository.root), ("rev-list", "--left-right", "--count", f"{repository.commit}...{remote.tip}")
    counts = git.line(*counting)
    if not counts:
        _fetch(git, remote.source, upstream.ref)
        counts = git.run(*counting)
    ahead, behind = counts.split()
    return BranchStatus(int(ahead), int(behind))


def usual_branch(repository: Repository) -> str:
    """Return the branch that HEAD was most likely meant to be on: one that has its commit, main before others."""
    names = Git(repository.root).line("for-each-ref", "--contains=HEAD", "--format=%(refname:lstrip=2)", "refs/heads")
    branches = names.split("\n")
    return next((name for name in ("main", "master") if name in branches), branches[0] or "main")


IDENTITY_PARTS = {"NAME": "A", "EMAIL": "a@example.org", "DATE": ""}
"""What git takes from a variable for an identity, such as ``GIT_AUTHOR_NAME``, and a value of each that it accepts."""


def require_identity(repository: Repository) -> None:
    """Raise `NoIdentity` when git has no name, address or valid date for a commit."""
    environ = process.user_environment()
    for role in ("AUTHOR", "COMMITTER"):
        if _identity(repository, role):
            continue
        valid = {f"GIT_{role}_{part}": value for part, value in IDENTITY_PARTS.items()}
        names = [name for name in valid if name in environ]
        # One of them, or all together.
        wrong = [name for name in names if _identity(repository, role, (name, valid[name]))] or names
        if wrong and _identity(repository, role, *((name, valid[name]) for name in wrong)):
            values = " ".join(f"{name}={shlex.quote(environ[name])}" for name in wrong)
            raise ReleaseError(
                f"the commit of a release can't have {values}",
                code="NoIdentity",
                fix=f"unset {' '.join(wrong)}",
            )
        raise ReleaseError(
            "git has no user.name and user.email, which the commit of a release needs",
            code="NoIdentity",
            fix=HOW_TO_SET_IDENTITY,
        )


def read_identity(repository: Repository) -> tuple[str, str] | None:
    """Return the name and the address that a commit of the user would have, None when git has neither."""
    return _identity(repository, "COMMITTER")


def _identity(repository: Repository, role: str, *variables: tuple[str, str]) -> tuple[str, str] | None:
    done = Git(repository.root, environment=variables).attempt("var", f"GIT_{role}_IDENT")
    match = re.match(r"(.+) <(.+)> \d+ [+-]\d+$", done.output.strip())
    return (match[1], match[2]) if match and not done.returncode else None


def read_tags(repository: Repository, reachable_from: str = "HEAD") -> dict[str, str]:
    """Return the local tags that a commit contains, names to the ids of their objects; none before the first commit."""
    return contained_tags(Git(repository.root), reachable_from) if repository.commit else {}


def contained_tags(git: Git, commit: str) -> dict[str, str]:
    """Return the tags that a commit contains, as `read_tags`, in the repository that ``git`` runs in."""
    listing = git.run("for-each-ref", "--format=%(refname:strip=2)%00%(objectname)", f"--merged={commit}", "refs/tags")
    rows = (line.split("\0") for line in listing.splitlines())
    return {row[0]: row[1] for row in rows}


def find_branch(repository: Repository, name: str) -> str | None:
    """Return the full name of a branch, such as ``origin/main`` or ``main``, or None.

    A tag or another ref of this name is no branch (gitrevisions(7) would prefer it).
    """
    git = Git(repository.root)
    refs = (name,) if name.startswith("refs/") else (f"refs/remotes/{name}", f"refs/heads/{name}")
    return next((ref for ref in refs if git.line("rev-parse", "--quiet", "--verify", f"{ref}^{{commit}}")), None)


def object_of_tag(repository: Repository, tag: str) -> str | None:
    """Return the id of a local tag, None when there is no such tag."""
    # git rev-parse would take a branch with this name, too (gitrevisions(7)).
    return Git(repository.root).line("show-ref", "--verify", "--hash", f"refs/tags/{tag}") or None


def files_of_commit(repository: Repository, commit: str = "HEAD") -> tuple[PurePosixPath, ...]:
    """Return the files of a commit below the project's folder, relative to it."""
    names = Git(repository.root).run("ls-tree", "-r", "-z", "--name-only", commit, "--", repository.prefix or ".")
    return tuple(PurePosixPath(name[len(repository.prefix) :]) for name in names.split("\0") if name)


def uncommitted_files(repository: Repository) -> tuple[str, ...]:
    """Return the paths that differ from HEAD and may be meant for a release: none in the folder of another package.

    A package at the top has those of all packages: its release has every file below it. Folders that builds write to
    are left out.
    """
    # Only a folder without any tracked file ends with a slash.
    builds = {f"{repository.prefix}{folder}/" for folder in BUILD_FOLDERS}
    return tuple(
        name
        for name in repository.unfinished
        if name not in builds
        if name.startswith(repository.prefix) or not _is_of_package(repository.root, name)
    )


def _is_of_package(top: Path, name: str) -> bool:
    """Whether a path lies in the folder of a package below the top; that of a folder ends with a slash."""
    path = PurePosixPath(name)
    folders = (path, *path.parents) if name.endswith("/") else path.parents
    return any((top / folder / file).is_file() for folder in folders if folder.parts for file in PACKAGE_FILES)


def showing_commands(repository: Repository, output: str) -> tuple[str, ...]:
    """Return the commands that show git the changes of files that ``output`` names, and which were hidden from it."""
    lines = Git(repository.root).run("ls-files", "-v", "-z").split("\0")[:-1]
    hidden = [(line[0], line[2:]) for line in lines if line[0] in "Shs" and f"\t{line[2:]}\n" in f"{output}\n"]
    options = (("--no-skip-worktree", "Ss"), ("--no-assume-unchanged", "hs"))
    named = {option: [shlex.quote(path) for tag, path in hidden if tag in tags] for option, tags in options}
    return tuple(f"git update-index {option} {' '.join(paths)}" for option, paths in named.items() if paths)


def has_object(repository: Repository, oid: str) -> bool:
    """Whether the repository has an object."""
    return not Git(repository.root).attempt("cat-file", "-e", oid).returncode


def fetch_objects(repository: Repository, source: Path | str, *refs: str) -> None:
    """Copy the objects of refs of another repository or a remote into this one, without any ref.

    Raises `CommandFailed`.
    """
    # Some users forbid the file transport (protocol.file.allow), because submodules can use it.
    _fetch(Git(repository.root, ("protocol.file.allow=always",)), str(source), *refs)


def update_tracking_branch(repository: Repository, upstream: Upstream) -> None:
    """Have the remote-tracking branch follow the remote's, as after a push; without the network it stays as it is."""
    Git(repository.root).attempt("fetch", "--quiet", "--no-tags", upstream.remote, upstream.ref)


def count_commits_since(repository: Repository, tag: str | None) -> int:
    """Return how many commits HEAD has that a tag does not contain; all of them when ``tag`` is None."""
    span = f"refs/tags/{tag}..HEAD" if tag else "HEAD"
    return int(Git(repository.root).run("rev-list", "--count", span, "--", repository.prefix or "."))


def store_tag(repository: Repository, tag: str, oid: str) -> None:
    """Create a local tag, unless the repository has one of this name."""
    try:
        Git(repository.root).run("update-ref", f"refs/tags/{tag}", oid, "")
    except CommandFailed:
        if object_of_tag(repository, tag) is None:
            raise


def branch_contains(repository: Repository, branch: str, commit: str) -> bool:
    """Whether a local branch contains a commit."""
    done = Git(repository.root).attempt("merge-base", "--is-ancestor", commit, f"refs/heads/{branch}")
    return not done.returncode


def fast_forward_branch(repository: Repository, branch: str, commit: str) -> str | None:
    """Fast-forward a local branch; return why that was not possible, None on success.

    Where the branch is checked out, the files are updated; a file that the user has changed is never touched: then
    nothing moves.
    """
    git, ref = Git(repository.root), f"refs/heads/{branch}"
    state = git.line("for-each-ref", "--format=%(HEAD)%00%(objectname)%00%(worktreepath)", ref)
    head, old, worktree = state.split("\0") if state else ("", "", "")
    if head == "*":
        options = ("--no-autostash", "--no-overwrite-ignore", "--no-stat", "--no-verify-signatures")
        done = git.attempt("merge", "--quiet", "--ff-only", *options, commit)
        has_failed = done.returncode and not branch_contains(repository, branch, commit)
        return redact(done.errors + done.output).strip() if has_failed else None
    if branch_contains(repository, branch, commit):
        return None
    if worktree:
        return f"{branch} is checked out in {worktree}"
    if not old or git.attempt("merge-base", "--is-ancestor", old, commit).returncode:
        return f"Not possible to fast-forward {branch}"
    git.run("update-ref", "-m", "release: fast-forward", ref, commit, old)
    return None


def _fetch(git: Git, source: str, *refs: str) -> None:
    options = ("--no-tags", "--no-write-fetch-head", "--refmap=", "--no-auto-maintenance", "--no-recurse-submodules")
    git.run("fetch", "--quiet", *options, source, *refs)


FIELDS_BEFORE_PATH = {"1": 8, "u": 10, "?": 1}
"""How many fields precede the path of a changed, an unmerged and an untracked entry (git-status(1), porcelain v2)."""


def _status(git: Git) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the headers of git-status(1), and the paths that differ from HEAD, without untracked `BYPRODUCTS`."""
    entries = iter(git.run("status", "--porcelain=v2", "--branch", "-z").split("\0"))
    headers: dict[str, str] = {}
    changed = []
    for entry in entries:
        if entry.startswith("# "):
            key, _, value = entry[2:].partition(" ")
            headers[key] = value
        elif entry.startswith(("1 ", "u ", "? ")) and not (entry.startswith("? ") and is_byproduct(entry[2:])):
            changed.append(entry.split(" ", FIELDS_BEFORE_PATH[entry[0]])[-1])
        elif entry.startswith("2 "):
            changed += [entry.split(" ", 9)[-1], next(entries)]
    return headers, tuple(changed)


def _unless_bracketed(value: str | None) -> str | None:
    """Return a header of git-status(1), None for ``(initial)`` and ``(detached)``."""
    return None if value is None or value.startswith("(") else value


def _settings(git: Git) -> tuple[tuple[str, str], ...]:
    entries = git.run("config", "--list", "--includes", "-z").split("\0")[:-1]
    # A variable without "=" in the file has no line with a value, and is true.
    return tuple((key, value if line else "true") for key, line, value in (entry.partition("\n") for entry in entries))


def _upstream(settings: Sequence[tuple[str, str]], branch: str | None, remotes: Collection[str]) -> Upstream | None:
    """Return the branch of a remote that a branch follows; None for one that follows a local branch, or an address."""
    values = dict(settings)
    remote, ref = values.get(f"branch.{branch}.remote"), values.get(f"branch.{branch}.merge")
    return Upstream(remote, ref) if remote in remotes and remote and ref else None


def _remotes(settings: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return the names of the remotes with an address: ``remote.pushDefault`` names none."""
    keys = (key for key, _ in settings if key.startswith("remote.") and key.endswith((".url", ".pushurl")))
    names = dict.fromkeys(key[len("remote.") :].rpartition(".")[0] for key in keys)
    # One that begins with a hyphen would be an option of each command: git adds none of this name.
    return tuple(name for name in names if not name.startswith("-"))


def _filtered_remote(settings: Sequence[tuple[str, str]]) -> str | None:
    """Return the remote from which a clone has a part of the objects only (git-clone(1), ``--filter``)."""
    keys = (key for key, _ in settings if key.endswith((".promisor", ".partialclonefilter")))
    return next((key[len("remote.") :].rpartition(".")[0] for key in keys), None)
