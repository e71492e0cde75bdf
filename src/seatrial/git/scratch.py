"""The scratch clone, in which a release is prepared and verified without touching the user's checkout.

It borrows the objects of the user's repository (gitrepository-layout(5), objects/info/alternates) and has its tags, but
no remote. It takes over the settings that a commit of the user depends on: identity, signing, hooks, filters. Files are
checked out as CI checks them out, whatever the user's settings and hooks would make of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from seatrial.errors import ReleaseError, last_lines
from seatrial.git.command import Git
from seatrial.redaction import redact
from seatrial.storage import remove_folder

if TYPE_CHECKING:
    from seatrial.git.repository import Repository
    from seatrial.process import Completed


CARRIED = ("author", "commit", "committer", "filter", "gpg", "hooks", "i18n", "tag", "user")
CARRIED_OF_CORE = tuple(
    f"core.{name}" for name in ("commentchar", "excludesfile", "filemode", "ignorecase", "precomposeunicode")
)
"""The variables (git-config(1)) that the scratch clone takes over, by section and by name: none that names a remote or
holds a credential."""

AS_IN_CI = (
    ("core.autocrlf", "false"),
    ("core.eol", "lf"),
    ("core.safecrlf", "false"),
    ("core.attributesfile", os.devnull),
)
"""Settings of a checkout without a user: line ends as they are committed, or as .gitattributes says."""

PLAIN_DIFF = (
    ("diff.noprefix", "false"),
    ("diff.mnemonicprefix", "false"),
    ("diff.relative", "false"),
    ("diff.orderfile", os.devnull),
)
"""Settings of a diff whose paths can be read, whatever the user has set for all repositories."""

WITHOUT_HOOKS = (f"core.hooksPath={os.devnull}", *(f"{name}={value}" for name, value in AS_IN_CI))
"""The settings of git commands that check files out: no hook changes them (githooks(5), post-checkout)."""

WITHOUT_SYSTEM = (("GIT_ATTR_NOSYSTEM", "1"),)
"""The environment of git in the clone: no attributes of the machine, in /etc/gitattributes (gitattributes(5))."""

CI_FILTERS = ("lfs",)
"""The filters (gitattributes(5)) that CI can have; the configuration of any other is on the user's machine."""

SIGNING = ("failed to sign", "unable to sign", "failed to write commit object", "signing failed", "user.signingkey")

UNSIGNED = {
    "commit": "git config commit.gpgSign false",
    "tag": "git config tag.gpgSign false && git config tag.forceSignAnnotated false",
}


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
        settings = tuple(scratch._settings())
        with (root / ".git/config").open("a", encoding="utf-8", errors="surrogateescape") as config:
            config.writelines(settings)
        refs = Git(repository.root).run("for-each-ref", "--format=%(objectname) %(refname)", "refs/tags")
        _write(root / ".git/packed-refs", f"{commit} refs/heads/{branch}\n{refs}")
        scratch._checkout_files(WITHOUT_HOOKS)
        return scratch

    def _checkout_files(self, settings: tuple[str, ...]) -> None:
        # A reset is recorded with a date: one that git can't read is reported with what else the release lacks.
        Git(self.root, settings, (*WITHOUT_SYSTEM, ("GIT_COMMITTER_DATE", ""))).run("reset", "--quiet", "--hard")
        checkout_submodules(
            lambda folder, *args: Git(folder, settings, WITHOUT_SYSTEM).run(*args),
            self.root,
            SubmoduleSource(self.repository.common_dir / "modules", self.repository.root),
        )

    @property
    def git(self) -> Git:
        """Git in the clone."""
        return Git(self.root, environment=WITHOUT_SYSTEM)

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

    def add_tags(self, tags: Mapping[str, str]) -> None:
        """Give the clone further tags, by names and ids; the repository that it borrows from has their objects."""
        with (self.root / ".git/packed-refs").open("a", encoding="utf-8", errors="surrogateescape") as refs:
            refs.writelines(f"{oid} refs/tags/{name}\n" for name, oid in tags.items())

    def commit(self, message: str) -> str:
        """Commit the staged changes, as the user would, and return the id of HEAD.

        When a hook refuses because it has rewritten files, its changes are added and the commit is tried once more.
        Raises `HookRefused` or `SigningFailed`.
        """
        arguments = ("commit", "--quiet", "--no-status", "--cleanup=whitespace", "-m", message)
        trace = self.root / ".git/commit.trace"
        git = Git(self.root, environment=(*WITHOUT_SYSTEM, ("GIT_TRACE2_EVENT", str(trace))))
        done = git.attempt(*arguments)
        if done.returncode and self.git.attempt("diff", "--quiet").returncode:
            self.git.run("add", "--update")
            done = git.attempt(*arguments)
        if done.returncode:
            raise _refusal("commit", done, failed_hook(trace))
        head = self._clean_head()
        if head == self.base or self.git.attempt("merge-base", "--is-ancestor", self.base, head).returncode:
            raise ReleaseError(
                f"a hook replaced commits: the release commit is not on top of {self.base[:12]} any more",
                code="HookRefused",
                fix="have post-commit leave the commits of a branch as they are",
            )
        return head

    def tag(self, name: str, message: str, commit: str) -> str:
        """Make an annotated tag, signed where the user's tags are, and return its id.

        Raises `HookRefused` or `SigningFailed`.
        """
        return make_tag(self.git, name, message, commit)

    def tag_id(self, name: str) -> str | None:
        """Return the id of a tag in the clone, None when it has none of this name."""
        return self.git.line("show-ref", "--verify", "--hash", f"refs/tags/{name}") or None

    def check_out_for_build(self) -> None:
        """Check HEAD out anew, as CI checks a tag out: detached, without hooks, and with the filters of CI alone.

        Raises `TreeDiffers` when the files are not those of the commit then.
        """
        off = {name for name, _ in self.repository.settings if name.startswith("filter.")}
        off = {name for name in off if name.split(".")[1] not in CI_FILTERS and name.endswith((".clean", ".smudge"))}
        required = {f"{name.rpartition('.')[0]}.required=false" for name in off}
        processes = {f"{name.rpartition('.')[0]}.process=" for name in off}
        settings = (*WITHOUT_HOOKS, *sorted({f"{name}=" for name in off} | required | processes))
        git = Git(self.root, settings, WITHOUT_SYSTEM)
        git.run("checkout", "--quiet", "--force", "--detach")
        # Without an index, every file is written.
        (self.root / ".git/index").unlink()
        self._checkout_files(settings)
        git.run("clean", "--quiet", "-ffdx")
        self._distrust_index()
        differences = [path for path in self.differences(git, ignored=True) if not self._is_committed(path)]
        if differences:
            raise ReleaseError(
                f"the files to build are not those of the commit: {', '.join(differences)}",
                code="TreeDiffers",
                fix="see what git makes of them: git status, in a fresh clone",
            )

    def _distrust_index(self) -> None:
        """Have git compare the contents of all files, which it does where they are not older than the index.

        Else a filter that has changed a file while it was checked out is not noticed: the index describes the new file.
        """
        folder = self.root / ".git"
        for index in (folder / "index", *(folder / "modules").rglob("index")):
            os.utime(index, (1, 1))

    def _is_committed(self, path: str) -> bool:
        """Whether a file is the committed one to the byte, although git would store it with other line ends."""
        committed = self.git.line("rev-parse", "--quiet", "--verify", f"HEAD:{path}")
        return bool(committed) and self.git.line("hash-object", "--no-filters", "--", path) == committed

    def commit_date(self) -> int:
        """Return the date of HEAD in seconds since 1970."""
        return int(self.git.run("log", "-1", "--no-show-signature", "--format=%ct"))

    def differences(self, git: Git | None = None, *, ignored: bool = False) -> tuple[str, ...]:
        """Return the tracked files that differ from HEAD, in submodules too; with ``ignored``, all other files, too."""
        others = ("--ignored", "--untracked-files=all") if ignored else ("--untracked-files=no",)
        options = ("--porcelain", "-z", "--no-renames", "--ignore-submodules=none", *others)
        entries = (git or self.git).run("status", *options).split("\0")
        return tuple(entry[3:] for entry in entries if entry)

    def _clean_head(self) -> str:
        """Remove what hooks have left, and return the id of HEAD.

        Raises `HookRefused` for a tree that differs from the commit: its build would not be a build of the commit.
        """
        options = ("--porcelain=v2", "--branch", "-z", "--no-renames", "--untracked-files=normal")
        entries = self.git.run("status", *options, "--ignore-submodules=untracked").split("\0")
        rewritten = [entry.split(" ", 8)[-1] for entry in entries if entry.startswith("1 ")]
        if rewritten:
            raise ReleaseError(
                f"a hook changed {', '.join(rewritten)} after the commit was made",
                code="HookRefused",
                fix="have the hook add to the commit what it changes, or run it by hand and commit, then release again",
            )
        if any(entry.startswith("? ") for entry in entries):
            self.git.run("clean", "--quiet", "-ffd")
        return next(entry.rpartition(" ")[2] for entry in entries if entry.startswith("# branch.oid "))

    def _settings(self) -> Iterator[str]:
        for name, value in self.repository.settings:
            if name.split(".")[0] in CARRIED or name in CARRIED_OF_CORE:
                # A key itself has spaces, and can be longer than the name of a file.
                is_path = name == "user.signingkey" and " " not in value and (self.repository.root / value).is_file()
                yield _line(name, str(self.repository.root / value) if is_path else value)
        for name, value in (*AS_IN_CI, *PLAIN_DIFF):
            yield _line(name, value)
        # git has tried it out in this folder: a setting of the user would make files of links, as no CI does.
        if "symlinks = false" not in (self.root / ".git/config").read_text(encoding="utf-8"):
            yield _line("core.symlinks", "true")
        yield _line("core.hookspath", self._hooks())
        yield _line("core.fsmonitor", "false")
        yield _line("gc.auto", "0")
        # The release is fetched from here by its tag, also where the user's servers hide tags.
        yield _line("uploadpack.hiderefs", "!refs/tags")
        yield _line("lfs.storage", str(self.repository.common_dir / "lfs"))

    def _hooks(self) -> str:
        """Return the folder of the hooks: a folder of the commit if core.hooksPath names one, else the user's own."""
        path = self.repository.setting("core.hookspath")
        if path and not path.startswith("~") and not Path(path).is_absolute():
            in_commit = Git(self.repository.root).line("ls-tree", "-d", "--name-only", self.base, "--", path)
            return path if in_commit else str(self.repository.root / path)
        return path or str(self.repository.common_dir / "hooks")


@dataclass(frozen=True)
class SubmoduleSource:
    """Where the user's clones of submodules are: ``modules`` in the git folder, or the work tree that has them."""

    modules: Path
    work_tree: Path

    def of(self, name: str, path: str) -> SubmoduleSource | None:
        """Return where the submodules of a submodule are, None when the user has not initialised it."""
        modules, work_tree = self.modules / name, self.work_tree / path
        if modules.is_dir():
            return SubmoduleSource(modules / "modules", work_tree)
        # Older clones have the git folder in the work tree.
        return SubmoduleSource(work_tree / ".git/modules", work_tree) if (work_tree / ".git").is_dir() else None

    @property
    def repository(self) -> Path:
        """The repository of the submodule itself."""
        return self.modules.parent


def checkout_submodules(run: Callable[..., str], top: Path, source: SubmoduleSource) -> None:
    """Check out the submodules of a clone at ``top``, and theirs, from the user's clones of them.

    ``run`` runs git in a folder, its first argument, and returns the output. A submodule that the user has not
    initialised is left out.
    """
    if not (top / ".gitmodules").is_file():
        return
    read_file = ("config", "--file", ".gitmodules")
    keys = run(top, *read_file, "--name-only", "-z", "--get-regexp", r"\.path$")
    sources: dict[str, SubmoduleSource] = {}
    for key in keys.split("\0")[:-1]:
        name, path = key[len("submodule.") : -len(".path")], run(top, *read_file, key).strip()
        submodule = source.of(name, path)
        if submodule:
            run(top, "config", f"submodule.{name}.url", str(submodule.repository))
            sources[path] = submodule
    if sources:
        update = ("submodule", "--quiet", "update", "--init", "--force")
        run(top, "-c", "protocol.file.allow=always", *update, "--", *sources)
    for path, submodule in sources.items():
        checkout_submodules(run, top / path, submodule)


def make_tag(git: Git, name: str, message: str, commit: str) -> str:
    """Make an annotated tag and return its id. Raises `HookRefused` or `SigningFailed`."""
    with tempfile.TemporaryDirectory(prefix="seatrial-tag-") as folder:
        # An entry of thousands of fragments is too long for an argument.
        path = Path(folder, "message")
        path.write_text(message, encoding="utf-8")
        # --annotate would take precedence over tag.forceSignAnnotated (git-config(1)).
        done = git.attempt("tag", "--cleanup=whitespace", "-F", str(path), name, commit)
    if done.returncode:
        raise _refusal("tag", done)
    if done.errors.strip() and _lacks_signature(git, name):
        git.run("tag", "--delete", name)
        raise _signing_failed("tag", last_lines(redact(done.errors)))
    return git.run("rev-parse", f"refs/tags/{name}").strip()


def _lacks_signature(git: Git, name: str) -> bool:
    """Whether a tag has no signature and was to have one: git 2.39 makes it although ssh-keygen has failed."""
    keys = ("tag.gpgSign", "tag.forceSignAnnotated")
    is_signed = any(git.line("config", "--type=bool", key) == "true" for key in keys)
    return is_signed and "\n-----BEGIN " not in git.run("cat-file", "tag", name)


def remove_scratch(root: Path) -> None:
    """Remove a scratch clone, also one that is incomplete."""
    remove_folder(root)


MESSAGE_FIX = """\
set the message of the release commit to one that the hook takes:
[tool.seatrial]
message = "chore: release {name} {version}\""""


def failed_hook(trace: Path) -> str | None:
    """Return the name of the hook that failed last (Git, "Trace2 API"), None for none and where git writes no trace."""
    try:
        lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    started: dict[tuple[object, object], str] = {}
    failed = None
    for line in lines:
        with contextlib.suppress(ValueError):
            event = json.loads(line)
            child = (event.get("sid"), event.get("child_id"))
            if event.get("event") == "child_start" and event.get("child_class") == "hook":
                started[child] = str(event.get("hook_name"))
            elif event.get("event") == "child_exit" and child in started:
                failed = started[child] if event.get("code") else failed
    return failed


def _refusal(kind: str, done: Completed, hook: str | None = None) -> ReleaseError:
    """Return the error about a commit or a tag (``kind``) that git did not make; ``hook``: the one that refused it."""
    output = last_lines(redact(done.output + done.errors))
    if any(sign in output for sign in SIGNING):
        return _signing_failed(kind, output)
    if hook == "commit-msg":
        return ReleaseError(f"the hook commit-msg refused the commit:\n{output}", code="HookRefused", fix=MESSAGE_FIX)
    return ReleaseError(
        f"git did not make the {kind}:\n{output}",
        code="HookRefused",
        fix="correct what git or its hook reports, and commit it",
    )


def _signing_failed(kind: str, output: str) -> ReleaseError:
    return ReleaseError(
        f"git could not sign the {kind}:\n{output}",
        code="SigningFailed",
        fix=f"git config user.signingkey KEY, and unlock it (gpg-agent, ssh-agent); to stop signing: {UNSIGNED[kind]}",
    )


def _line(name: str, value: str) -> str:
    section, _, key_path = name.partition(".")
    subsection, _, key = key_path.rpartition(".")
    head = f'{section} "{_escaped(subsection)}"' if subsection else section
    quoted = _escaped(value).replace("\n", "\\n").replace("\t", "\\t")
    return f'[{head}]\n\t{key} = "{quoted}"\n'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
