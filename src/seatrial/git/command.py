"""Runs git, of which only plumbing and ``-z`` output is parsed."""

from __future__ import annotations

import fnmatch
import re
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from seatrial import process
from seatrial.errors import CommandFailed

BYPRODUCTS = (
    *("*.dist-info/", "*.egg-info/", ".eggs/", "_skbuild/", "wheelhouse/", "*.py[cod]", "__pycache__/"),
    *(".coverage", ".coverage.*", "coverage.xml", "htmlcov/", ".hypothesis/", ".nox/", ".tox/", ".venv/"),
)
"""What builds and test runs leave behind, in the notation of gitignore(5): no input of a build."""

SAFE_DIRECTORY = re.compile(r"^\tgit config --global --add safe\.directory .+$", re.MULTILINE)
"""The command that git prints for a repository of another user, with its top (git-config(1), safe.directory)."""

BROKEN = {
    re.compile(
        r"^(?:error|fatal): (?:index file corrupt|.*: index file smaller than expected|bad (?:signature|index) )",
        re.MULTILINE,
    ): 'have git make its index anew: rm "$(git rev-parse --git-path index)" && git reset',
    re.compile(
        r"^(?:error|fatal): (?:object file .* is empty$|(?:loose|packed) object [0-9a-f]{40}.* is corrupt"
        r"|bad (?:\w+ )?object |inflate: data stream error|hash mismatch (?:for .* \(expected )?[0-9a-f]{40}"
        r"|packfile .* cannot be accessed|unable to (?:read|unpack) .*[0-9a-f]{40}"
        r"|missing (?:blob|tree|commit|object) )",
        re.MULTILINE,
    ): "see what is broken: git fsck --full; then clone the repository anew, and take your changes along",
}
"""What git prints for an index, an object or a pack that is broken, and what to do about it."""

LITTLE_SPACE = 1024 * 1024
"""The free bytes below which a command is thought to have failed for want of them: git does not say so."""

NOT_STARTED = (126, 127)

BUILD_FOLDERS = ("build", "dist")
"""Folders at the top of a project that builds write to."""


def listed_files(root: Path) -> tuple[PurePosixPath, ...] | None:
    """Return the files below ``root`` that git tracks or would track, relative to it, sorted.

    Ignored files and untracked `BYPRODUCTS` are left out. None when ``root`` is not in a git work tree, or git is
    not installed.
    """
    tracked = _query(root, "git", "ls-files", "-z", "--cached", "--recurse-submodules")
    excludes = (f"--exclude={pattern}" for pattern in BYPRODUCTS)
    others = _query(root, "git", "ls-files", "-z", "--others", "--exclude-standard", *excludes)
    if tracked is None or others is None:
        return None
    new = {name for name in others.split("\0") if not name.startswith(tuple(f"{folder}/" for folder in BUILD_FOLDERS))}
    return _paths({*tracked.split("\0"), *new})


def is_byproduct(path: str) -> bool:
    """Return whether `BYPRODUCTS` match a path that git does not track; that of a folder ends with a slash."""
    *folders, name = PurePosixPath(path).parts
    parts = (*(f"{folder}/" for folder in folders), f"{name}/" if path.endswith("/") else name)
    return any(fnmatch.fnmatchcase(part, pattern) for part in parts for pattern in BYPRODUCTS)


def tracked_files(root: Path) -> tuple[PurePosixPath, ...]:
    """Return the files below ``root`` that git tracks, relative to it; empty without git."""
    tracked = _query(root, "git", "ls-files", "-z", "--cached", "--recurse-submodules")
    return _paths((tracked or "").split("\0"))


def changed_files(root: Path) -> tuple[PurePosixPath, ...]:
    """Return the tracked files below ``root`` that differ from the commit; empty without git."""
    differing = _query(root, "git", "diff", "-z", "--no-ext-diff", "--name-only", "--relative", "HEAD", "--")
    return _paths((differing or "").split("\0"))


def _paths(names: Iterable[str]) -> tuple[PurePosixPath, ...]:
    return tuple(sorted(PurePosixPath(name) for name in set(names) - {""}))


def read_head(root: Path) -> tuple[str, int] | None:
    """Return the id of the commit that is checked out and its committer date (seconds since 1970).

    None outside a git work tree and before the first commit.
    """
    output = _query(root, "git", "log", "-1", "--no-show-signature", "--format=%H %ct")
    if not output:
        return None
    commit, _, seconds = output.strip().partition(" ")
    return commit, int(seconds)


def is_between_tags(root: Path) -> bool:
    """Whether a commit is checked out that no tag is on."""
    return _query(root, "git", "tag", "--points-at", "HEAD") == ""


def describe_head(root: Path) -> str:
    """Return how tags describe the commit that is checked out (git-describe(1)), "" when nothing does."""
    return (_query(root, "git", "describe", "--tags", "--long", "--always") or "").strip()


def is_ignored(root: Path, name: str) -> bool:
    """Whether git ignores a file of this name, or there is no git to care."""
    return _query(root, "git", "rev-parse", "--git-dir") is None or is_hidden(root, name)


def is_hidden(root: Path, name: str) -> bool:
    """Whether git ignores a file of this name: no clone has it."""
    return _query(root, "git", "check-ignore", name) is not None


def _query(root: Path, *args: str) -> str | None:
    try:
        env = process.user_environment(GIT_OPTIONAL_LOCKS="0")
        done = process.attempt(args, cwd=root, env=env, on_terminal=True)
    except CommandFailed:
        return None
    fix = trusting_command(done.errors)
    if fix:
        raise CommandFailed(process.render_command(args), done.returncode, done.errors, fix=fix)
    return None if done.returncode else done.output


def trusting_command(errors: str) -> str | None:
    """Return the command that makes git work in a repository of another user; None when it has not refused one."""
    match = SAFE_DIRECTORY.search(errors)
    return match[0].strip() if match else None


@dataclass(frozen=True)
class Git:
    """git, run in one folder.

    ``settings``: configuration variables for this git alone, as ``NAME=VALUE``; ``environment``: environment variables.
    """

    folder: Path
    settings: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()

    def run(self, *args: str) -> str:
        """Run git and return its output. Raises `CommandFailed`, with a fix for a full disk or a broken object."""
        try:
            return process.run(self._command(args), cwd=self.folder, env=self._environment(), on_terminal=True)
        except CommandFailed as error:
            broken = next((fix for pattern, fix in BROKEN.items() if pattern.search(error.output)), "")
            if broken:
                raise CommandFailed(error.args_shown, error.returncode, error.output, fix=broken) from None
            free = shutil.disk_usage(self.folder).free if self.folder.is_dir() else LITTLE_SPACE
            if free >= LITTLE_SPACE or error.returncode in NOT_STARTED:
                raise
            fix = f"make room for {self.folder}, whose disk has {free // 1024} KiB left"
            raise CommandFailed(error.args_shown, error.returncode, error.output, fix=fix) from None

    def attempt(self, *args: str) -> process.Completed:
        """Run git and return how it went. Raises `CommandFailed` when it can't be started."""
        return process.attempt(self._command(args), cwd=self.folder, env=self._environment(), on_terminal=True)

    def line(self, *args: str) -> str:
        """Run git and return its output without the last line end, "" when it fails."""
        done = self.attempt(*args)
        return "" if done.returncode else done.output.rstrip("\n")

    def _command(self, args: tuple[str, ...]) -> tuple[str, ...]:
        return ("git", *(word for setting in self.settings for word in ("-c", setting)), *args)

    def _environment(self) -> dict[str, str]:
        prompt = {} if sys.stdin is not None and sys.stdin.isatty() else {"GIT_TERMINAL_PROMPT": "0"}
        # A scratch clone is made with refs in files, whatever the user's own repositories have (git 2.45 and later).
        variables = {"GIT_OPTIONAL_LOCKS": "0", "GIT_DEFAULT_REF_FORMAT": "files", **prompt, **dict(self.environment)}
        return process.user_environment(**variables)
