"""The scratch clone, in which a release is prepared and verified without touching the user's checkout.

It borrows the objects of the user's repository (gitrepository-layout(5), objects/info/alternates) and has its tags, but
no remote. It takes over the settings that a commit depends on: identity, signing, hooks, filters.
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
"""The variables (git-config(1)) that the scratch clone takes over, by section and by name: none that names a remote or
holds a credential."""

SIGNING = ("failed to sign", "unable to sign", "failed to write commit object", "signing failed")


@dataclass(frozen=True)
class Scratch:
    """A scratch clone at ``root``, made from ``repository`` at the commit ``base``."""

    root: Path
    repository: Repository
    base: str

    @classmethod
    def make(cls, repository: Repository, commit: str, root: Path) -> Scratch:
        """Make the clone; leftovers at ``root`` of a release that was killed are removed first.

        Raises `CommandFailed`, or `OSError` when the disk is full.
        """
        remove_scratch(root)
        root.mkdir(parents=True)
        scratch = cls(root, repository, commit)
        git = scratch.git
        # Without a branch there is no release, but a preflight goes on to report all other problems.
        branch = repository.branch or "main"
        object_format = repository.setting("extensions.objectformat") or "sha1"
        git.run("init", "--quiet", "--template=", f"--object-format={object_format}", f"--initial-branch={branch}", ".")
        info = root / ".git/objects/info"
        info.mkdir(exist_ok=True)
        _write(info / "alternates", f"{repository.common_dir / 'objects'}\n")
        if (repository.common_dir / "shallow").is_file():
            # It lists the commits whose parents are missing; without the file git can't read them.
            shutil.copyfile(repository.common_dir / "shallow", root / ".git/shallow")
        attributes = repository.common_dir / "info/attributes"
        if attributes.is_file():
            (root / ".git/info").mkdir(exist_ok=True)
            shutil.copyfile(attributes, root / ".git/info/attributes")
        with (root / ".git/config").open("a", encoding="utf-8", errors="surrogateescape") as config:
            config.writelines(scratch._settings())
        refs = Git(repository.root).run("for-each-ref", "--format=%(objectname) %(refname)", "refs/tags")
        _write(root / ".git/packed-refs", f"{commit} refs/heads/{branch}\n{refs}")
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
        """Stage all changes, and return them: as a patch, and the names of the files that were removed."""
        self.git.run("add", "--all")
        staged = ("diff", "--cached", "--no-renames")
        patch = self.git.run(*staged, "--no-color", "--no-ext-diff", "--no-textconv", "--diff-filter=d")
        removed = self.git.run(*staged, "--name-only", "-z", "--diff-filter=D")
        return patch, tuple(removed.split("\0")[:-1])

    def commit(self, message: str) -> str:
        """Commit the staged changes, as the user would, and return the id of HEAD: `base` if there are none.

        When a hook refuses because it has rewritten files, its changes are added and the commit is tried once more.
        Raises `HookRefused` or `SigningFailed`.
        """
        if not self.git.attempt("diff", "--cached", "--quiet").returncode:
            return self.base
        arguments = ("commit", "--quiet", "--no-status", "--cleanup=whitespace", "-m", message)
        done = self.git.attempt(*arguments)
        if done.returncode and self.git.attempt("diff", "--quiet").returncode:
            self.git.run("add", "--update")
            done = self.git.attempt(*arguments)
        if done.returncode:
            raise _refusal("commit", done)
        self._require_clean()
        return self.git.run("rev-parse", "HEAD").strip()

    def tag(self, name: str, message: str, commit: str) -> str:
        """Make an annotated tag, signed where the user's tags are, and return its id.

        Raises `HookRefused` or `SigningFailed`.
        """
        return make_tag(self.git, name, message, commit)

    def _require_clean(self) -> None:
        """Raise `HookRefused` for a tree that differs from the commit: its build would not be a build of the commit."""
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
        """Return the folder of the hooks: a folder of the commit if core.hooksPath names one, else the user's own."""
        path = self.repository.setting("core.hookspath")
        if path and not path.startswith("~") and not Path(path).is_absolute():
            in_commit = Git(self.repository.root).line("ls-tree", "-d", "--name-only", self.base, "--", path)
            return path if in_commit else str(self.repository.root / path)
        return path or str(self.repository.common_dir / "hooks")


def checkout_submodules(git: Callable[..., str], modules: Path) -> None:
    """Check out submodules from the clones that the user's repository keeps: ``modules`` in its git folder.

    ``git`` runs git in the clone that gets them, and returns the output.
    """
    read_file = ("config", "--file", ".gitmodules")
    keys = git(*read_file, "--name-only", "-z", "--get-regexp", r"\.path$")
    paths = []
    for key in keys.split("\0")[:-1]:
        name = key[len("submodule.") : -len(".path")]
        # A submodule that the user has not initialised is left out.
        if (modules / name).is_dir():
            git("config", f"submodule.{name}.url", str(modules / name))
            paths.append(git(*read_file, key).strip())
    if paths:
        git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--", *paths)


def make_tag(git: Git, name: str, message: str, commit: str) -> str:
    """Make an annotated tag and return its id. Raises `HookRefused` or `SigningFailed`."""
    with tempfile.TemporaryDirectory(prefix="seatrial-tag-") as folder:
        # An entry of thousands of fragments is too long for an argument.
        path = Path(folder, "message")
        path.write_text(message, encoding="utf-8")
        done = git.attempt("tag", "--annotate", "--cleanup=whitespace", "-F", str(path), name, commit)
    if done.returncode:
        raise _refusal("tag", done)
    return git.run("rev-parse", f"refs/tags/{name}").strip()


def remove_scratch(root: Path) -> None:
    """Remove a scratch clone, also one that is incomplete."""
    shutil.rmtree(root, ignore_errors=True)


def _refusal(kind: str, done: Completed) -> ReleaseError:
    """Return the error about a commit or a tag (``kind``) that git did not make."""
    output = last_lines(redact(done.output + done.errors))
    if any(sign in output for sign in SIGNING):
        return ReleaseError(
            f"git could not sign the {kind}:\n{output}",
            code="SigningFailed",
            fix="git config user.signingkey KEY, and unlock it (gpg-agent, ssh-agent); "
            f"to stop signing: git config {kind}.gpgSign false",
        )
    return ReleaseError(
        f"git did not make the {kind}:\n{output}", code="HookRefused", fix="fix what the hook names, and commit it"
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
