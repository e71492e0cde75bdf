"""A git repository and its remote, as one look found them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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
class Standing:
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


def page_of(address: str) -> str:
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
