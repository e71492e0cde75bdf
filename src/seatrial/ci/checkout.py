"""What a checkout of the project has to fetch besides the commit itself: submodules, and files in Git LFS."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.ci.commands import programs_in
from seatrial.git.command import Git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seatrial.ci.evaluation import JobRun


CHECKOUT_ACTION = "actions/checkout"
LFS_ATTRIBUTE = re.compile(r"^[^#\n]*\sfilter=lfs\b", re.MULTILINE)


@dataclass(frozen=True)
class CheckoutNeeds:
    """What a checkout has to fetch.

    ``lfs``: whether git keeps pointers in place of some files; ``submodules``: the paths of the submodules, those of
    submodules included; ``absent``: those whose files are not in the work tree that was read; ``unnamed``: repositories
    in the repository that ``.gitmodules`` does not name; ``unpushed``: submodules at a commit that their remote lacked
    when it was fetched last.
    """

    lfs: bool = False
    submodules: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()
    unpushed: tuple[str, ...] = ()

    @classmethod
    def in_tree(cls, top: Path, checkout: Path | None = None) -> CheckoutNeeds:
        """Read them from a work tree; ``checkout``: that of the user, whose submodules have their remotes."""
        submodules = tuple(_submodules(top, ""))
        absent = tuple(path for path in submodules if not any((top / path).glob("*")))
        entries = Git(top).line("ls-files", "-z", "--stage").split("\0")
        links = (entry.partition("\t")[2] for entry in entries if entry.startswith("160000 "))
        unnamed = tuple(path for path in links if path not in submodules)
        present = (path for path in submodules if checkout and path not in absent)
        unpushed = tuple(path for path in present if checkout and _is_unpushed(top / path, checkout / path))
        return cls(has_lfs(top), submodules, absent, unnamed, unpushed)

    def lacking(self, run: JobRun) -> tuple[str, ...]:
        """Return the inputs of ``actions/checkout`` that a job needs and does not have."""
        steps = [step for step in run.steps if step.step.uses_action(CHECKOUT_ACTION)]
        commands = {program.words[:2] for step in run.steps for program in programs_in(step.step.run or "")}
        lacking = []
        if self.lfs and ("git", "lfs") not in commands:
            lacking += ["lfs"] if any((step.input("lfs") or "false") == "false" for step in steps) else []
        if self.submodules and ("git", "submodule") not in commands:
            lacking += ["submodules"] if any((step.input("submodules") or "false") == "false" for step in steps) else []
        return tuple(lacking)


def _submodules(folder: Path, prefix: str) -> Iterator[str]:
    """Yield the paths of the submodules of a work tree, and of theirs, as the top of it has them."""
    if not (folder / ".gitmodules").is_file():
        return
    listed = Git(folder).attempt("config", "--file", ".gitmodules", "-z", "--get-regexp", r"^submodule\..*\.path$")
    for entry in listed.output.split("\0"):
        path = entry.partition("\n")[2]
        if path:
            yield f"{prefix}{path}"
            yield from _submodules(folder / path, f"{prefix}{path}/")


def _is_unpushed(submodule: Path, checkout: Path) -> bool:
    """Whether no branch and no tag of a remote has the commit of a submodule, as far as ``checkout`` knows them."""
    git = Git(checkout)
    is_known = (checkout / ".git").exists() and git.line("rev-parse", "--is-shallow-repository") == "false"
    if not is_known or not git.line("for-each-ref", "--count=1", "refs/remotes"):
        return False
    commit = Git(submodule).line("rev-parse", "HEAD")
    return not git.line("for-each-ref", "--count=1", f"--contains={commit}", "refs/remotes", "refs/tags")


def has_lfs(top: Path) -> bool:
    """Whether git keeps pointers in place of some files (Git LFS), which a checkout has to fetch."""
    names = Git(top).line("ls-files", "-z", "--", ":(glob)**/.gitattributes").split("\0")
    paths = (top / name for name in names if name)
    return any(
        LFS_ATTRIBUTE.search(path.read_text(encoding="utf-8", errors="replace")) for path in paths if path.is_file()
    )
