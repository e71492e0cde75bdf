"""The scratch clone, in which a release is prepared and verified without touching the user's checkout.

It borrows the objects of the user's repository (gitrepository-layout(5), objects/info/alternates), has its tags, and
none of its remotes. It takes over what makes a commit the user's own: identity, signing, hooks, filters.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from seatrial.errors import ReleaseError, last_lines
from seatrial.git.command import Git
from seatrial.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.git.repository import Repository
    from seatrial.process import Completed


CARRIED = ("author", "commit", "committer", "diff", "filter", "gpg", "hooks", "i18n", "tag", "user")
CARRIED_OF_CORE = (
    "core.attributesfile",
    "core.autocrlf",
    "core.commentchar",
    "core.eol",
    "core.excludesfile",
    "core.filemode",
    "core.ignorecase",
    "core.precomposeunicode",
    "core.safecrlf",
    "core.symlinks",
)
"""The variables (git-config(1)) that the scratch clone takes over, by section and by name. None of them names a remote
or holds a credential: those stay behind."""

SIGNING = ("failed to sign", "unable to sign", "failed to write commit object", "signing failed")


@dataclass(frozen=True)
class Scratch:
    """A scratch clone at ``root``, made from ``repository`` at its HEAD."""

    root: Path
    repository: Repository

    @classmethod
    def make(cls, repository: Repository, root: Path) -> Scratch:
        """Make the clone; what is left at ``root`` of a release that was killed is removed first.

        Raises `CommandFailed`, or `OSError` when the disk is full.
        """
        remove_scratch(root)
        root.mkdir(parents=True)
        scratch = cls(root, repository)
        git = scratch.git
        # Where no branch is checked out there is no release, but more can be wrong than that.
        branch = repository.branch or "main"
        kind = repository.setting("extensions.objectformat") or "sha1"
        git.run("init", "--quiet", "--template=", f"--object-format={kind}", f"--initial-branch={branch}", ".")
        info = root / ".git/objects/info"
        info.mkdir(exist_ok=True)
        _write(info / "alternates", f"{repository.common_dir / 'objects'}\n")
        if (repository.common_dir / "shallow").is_file():
            # It names the commits whose parents are not there; without it git can't read them.
            shutil.copyfile(repository.common_dir / "shallow", root / ".git/shallow")
        attributes = repository.common_dir / "info/attributes"
        if attributes.is_file():
            (root / ".git/info").mkdir(exist_ok=True)
            shutil.copyfile(attributes, root / ".git/info/attributes")
        with (root / ".git/config").open("a", encoding="utf-8", errors="surrogateescape") as config:
            config.writelines(scratch._settings())
        refs = Git(repository.root).run("for-each-ref", "--format=%(objectname) %(refname)", "refs/tags")
        _write(root / ".git/packed-refs", f"{repository.commit} refs/heads/{branch}\n{refs}")
        git.run("reset", "--quiet", "--hard")
        if (root / ".gitmodules").is_file():
            checkout_submodules(scratch.git.run, repository.common_dir / "modules")
        return scratch

    @property
    def git(self) -> Git:
        """Git in the clone."""
        return Git(self.root)

    @property
    def project(self) -> Path:
        """The folder of the project in the clone."""
        return self.root / self.repository.prefix

    def changes(self) -> tuple[str, tuple[str, ...]]:
        """Stage all that has changed, and return it: as a patch, and the names of the files that are gone."""
        self.git.run("add", "--all")
        staged = ("diff", "--cached", "--no-renames")
        patch = self.git.run(*staged, "--no-color", "--no-ext-diff", "--no-textconv", "--diff-filter=d")
        gone = self.git.run(*staged, "--name-only", "-z", "--diff-filter=D")
        return patch, tuple(gone.split("\0")[:-1])

    def commit(self, message: str) -> str:
        """Commit what is staged, as the user would, and return the id of HEAD: the same as before if nothing is.

        A hook that refuses because it has rewritten files is given what it wrote, and asked once more.
        Raises `HookRefused` or `SigningFailed`.
        """
        if not self.git.attempt("diff", "--cached", "--quiet").returncode:
            return self.repository.commit
        arguments = ("commit", "--quiet", "--no-status", "--cleanup=whitespace", "-m", message)
        done = self.git.attempt(*arguments)
        if done.returncode and self.git.attempt("diff", "--quiet").returncode:
            self.git.run("add", "--update")
            done = self.git.attempt(*arguments)
        if done.returncode:
            raise _refused("commit", done)
        self._require_clean()
        return self.git.run("rev-parse", "HEAD").strip()

    def tag(self, name: str, message: str, commit: str) -> str:
        """Make an annotated tag, signed where the user's tags are, and return its id.

        Raises `HookRefused` or `SigningFailed`.
        """
        return make_tag(self.git, name, message, commit)

    def _require_clean(self) -> None:
        """Refuse a tree that is not the commit: what is built from it would be no build of the commit."""
        rewritten = self.git.run("diff", "--name-only", "-z").split("\0")[:-1]
        if rewritten:
            raise ReleaseError(
                f"a hook changed {', '.join(rewritten)} after the commit was made",
                code="HookRefused",
                fix="have the hook add to the commit what it changes, or run it by hand and commit, then release again",
            )
        self.git.run("clean", "--quiet", "-ffd")

    def _settings(self) -> Iterator[str]:
        for name, value in self.repository.settings:
            if name.split(".")[0] in CARRIED or name in CARRIED_OF_CORE:
                yield _line(name, value)
        yield _line("core.hookspath", self._hooks())
        yield _line("gc.auto", "0")
        yield _line("lfs.storage", str(self.repository.common_dir / "lfs"))

    def _hooks(self) -> str:
        """Return where the hooks lie: a folder of the commit if that is what the user has set, else the user's own."""
        told = self.repository.setting("core.hookspath")
        if told and not told.startswith("~") and not Path(told).is_absolute():
            listed = Git(self.repository.root).line("ls-tree", "-d", "--name-only", self.repository.commit, "--", told)
            return told if listed else str(self.repository.root / told)
        return told or str(self.repository.common_dir / "hooks")


def checkout_submodules(git: Callable[..., str], modules: Path) -> None:
    """Check out submodules from where the user's repository keeps them: ``modules`` in its git folder.

    ``git`` runs git in the clone that is to have them, and returns what it prints.
    """
    of_file = ("config", "--file", ".gitmodules")
    listed = git(*of_file, "--name-only", "-z", "--get-regexp", r"\.path$")
    brought = []
    for key in listed.split("\0")[:-1]:
        name = key[len("submodule.") : -len(".path")]
        # One that the user has not initialised is not there either.
        if (modules / name).is_dir():
            git("config", f"submodule.{name}.url", str(modules / name))
            brought.append(git(*of_file, key).strip())
    if brought:
        git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--", *brought)


def make_tag(git: Git, name: str, message: str, commit: str) -> str:
    """Make an annotated tag and return its id. Raises `HookRefused` or `SigningFailed`."""
    with tempfile.TemporaryDirectory(prefix="seatrial-tag-") as folder:
        # As an argument it could be too long: an entry of thousands of fragments.
        path = Path(folder, "message")
        path.write_text(message, encoding="utf-8")
        done = git.attempt("tag", "--annotate", "--cleanup=whitespace", "-F", str(path), name, commit)
    if done.returncode:
        raise _refused("tag", done)
    return git.run("rev-parse", f"refs/tags/{name}").strip()


def remove_scratch(root: Path) -> None:
    """Remove a scratch clone, whatever state it is in."""
    shutil.rmtree(root, ignore_errors=True)


def _refused(what: str, done: Completed) -> ReleaseError:
    told = last_lines(redact(done.output + done.errors))
    if any(sign in told for sign in SIGNING):
        return ReleaseError(
            f"git could not sign the {what}:\n{told}",
            code="SigningFailed",
            fix="git config user.signingkey KEY, and unlock it (gpg-agent, ssh-agent); "
            f"to sign no more: git config {what}.gpgSign false",
        )
    return ReleaseError(
        f"git did not make the {what}:\n{told}", code="HookRefused", fix="mend what the hook names and commit it"
    )


def _line(name: str, value: str) -> str:
    section, _, rest = name.partition(".")
    subsection, _, key = rest.rpartition(".")
    head = f'{section} "{_escaped(subsection)}"' if subsection else section
    quoted = _escaped(value).replace("\n", "\\n").replace("\t", "\\t")
    return f'[{head}]\n\t{key} = "{quoted}"\n'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
