"""The sandbox of a rehearsal: a bare remote, a clone of the project, and an environment without the user's accounts.

All of it is in one temporary folder. Only git reads the user's repository.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from platformdirs import user_cache_path

from seatrial import process
from seatrial.git.repository import Repository, read_identity
from seatrial.git.scratch import SubmoduleSource, checkout_submodules
from seatrial.installer import find_uv
from seatrial.project.project import Project
from seatrial.publish.install import IsolatedFolder
from seatrial.pythons import find_interpreters, path_with
from seatrial.release.preconditions import require_commit, shallow_clone_error
from seatrial.storage import remove_folder

ALLOWED = (
    *("COMSPEC", "LANG", "PATH", "PATHEXT", "PYENV_ROOT", "RUSTUP_HOME", "SYSTEMDRIVE", "SYSTEMROOT", "WINDIR"),
    *("NOX_DEFAULT_VENV_BACKEND", "NOX_PARALLEL", "NO_COLOR", "TEMP", "TERM", "TMP", "TMPDIR", "UV"),
    *("CURL_CA_BUNDLE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE", "UV_NATIVE_TLS"),
    *("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "all_proxy", "http_proxy", "https_proxy", "no_proxy"),
    *("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_NO_INDEX", "PIP_TRUSTED_HOST"),
    *("UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX", "UV_INDEX_URL", "UV_NO_INDEX"),
    *("UV_OFFLINE", "PIP_CACHE_DIR", "PIP_DEFAULT_TIMEOUT", "UV_CACHE_DIR", "UV_HTTP_TIMEOUT"),
    *("VIRTUALENV_OVERRIDE_APP_DATA", "VIRTUALENV_SYMLINK_APP_DATA"),
)
"""The variables that a rehearsal takes over: those that find programs, the user's own index, and caches."""

PROTOCOLS = "file:http:https"
"""The protocols that git may use in a rehearsal.

The remote is a folder. Requirements may come from https, which allows no push: git finds no credentials here.
"""

KEY_USERS = ("ssh", "scp", "sftp", "slogin")
"""Programs that take keys from the user's home, whatever HOME says (ssh_config(5)): they are not run."""

REHEARSER = ("A. Rehearser", "rehearser@example.invalid")


@dataclass(frozen=True)
class Sandbox(IsolatedFolder):
    """``remote`` is bare; ``clone`` is a work tree of it; ``prefix`` leads to the project.

    ``identity``: name and address of who commits; ``submodules``: where the user's clones of submodules are.
    """

    prefix: str = ""
    identity: tuple[str, str] = REHEARSER
    submodules: SubmoduleSource | None = None

    @property
    def remote(self) -> Path:
        """The bare repository that the release is pushed to."""
        return self.folder / "remote.git"

    @property
    def clone(self) -> Path:
        """The work tree that the release is made from."""
        return self.folder / "clone"

    @property
    def project(self) -> Path:
        """The project in it."""
        return self.clone / self.prefix

    @property
    def home(self) -> Path:
        """The folder in which a command runs by default."""
        return self.project

    def checkout(self, tag: str, name: str) -> Path:
        """Check a tag out as CI does, in a folder of its own, and return that of the project in it."""
        self._clone(name, "--branch", tag)
        return self.folder / name / self.prefix

    def with_pythons(self, environ: Mapping[str, str]) -> Sandbox:
        """Return the same sandbox with the Pythons of the project on its path; ``environ``: where they are found."""
        interpreters = find_interpreters(Project.from_directory(self.project).pythons, environ)
        path = path_with(interpreters, environ, self.folder / "pythons")
        blocked = _block_programs(self.folder / "blocked")
        return replace(self, environment={**self.environment, "PATH": os.pathsep.join([str(blocked), path])})

    def _git(self, cwd: Path, *args: str) -> None:
        self.run("git", "-c", "advice.detachedHead=false", *args, cwd=cwd)

    def make(self, repository: Repository, branch: str) -> None:
        """Make the remote, with the commit of HEAD as its branch and all tags, and a clone of it."""
        name, email = (text.replace("\\", "").replace('"', "") for text in self.identity)
        settings = f'[user]\n\tname = "{name}"\n\temail = "{email}"\n[safe]\n\tdirectory = "*"\n[gc]\n\tauto = 0\n'
        Path(self.environment["GIT_CONFIG_GLOBAL"]).write_text(settings, encoding="utf-8", errors="surrogateescape")
        object_format = repository.setting("extensions.objectformat") or "sha1"
        options = ("--quiet", "--bare", "--template=", f"--object-format={object_format}", f"--initial-branch={branch}")
        self._git(self.folder, "init", *options, str(self.remote))
        refs = (f"HEAD:refs/heads/{branch}", "refs/tags/*:refs/tags/*")
        self._git(self.remote, "fetch", "--quiet", "--no-tags", str(repository.root), *refs)
        self._clone(self.clone.name)

    def _clone(self, name: str, *more: str) -> None:
        """Clone the remote, with the submodules from the user's repository, because their addresses are elsewhere."""
        self._git(self.folder, "clone", "--quiet", *more, str(self.remote), name)
        if self.submodules:
            checkout_submodules(
                lambda folder, *args: self.run("git", *args, cwd=folder), self.folder / name, self.submodules
            )


@contextlib.contextmanager
def make_sandbox(repository: Repository, environ: Mapping[str, str]) -> Iterator[Sandbox]:
    """Make a sandbox for the commit of HEAD, and remove it at the end; ``environ``: the variables of the user.

    Raises `NoCommit`, `ShallowClone`, `ProjectError` or `CommandFailed`.
    """
    require_commit(repository)
    if repository.is_cut_off:
        raise shallow_clone_error(repository)
    folder = None
    try:
        with process.signals_held():
            folder = Path(tempfile.mkdtemp(prefix="seatrial-rehearsal-")).resolve()
        sandbox = Sandbox(
            folder=folder,
            prefix=repository.prefix,
            environment=_environment(folder, environ),
            identity=read_identity(repository) or REHEARSER,
            submodules=SubmoduleSource(repository.common_dir / "modules", repository.root),
        )
        # The branch can have another name there than here.
        upstream = repository.upstream
        sandbox.make(repository, upstream.branch if upstream else repository.branch or "main")
        yield sandbox.with_pythons(environ)
    finally:
        if folder is not None:
            with process.signals_held():
                remove_folder(folder)


def _environment(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of subprocesses: a home of their own, and the user's `ALLOWED` variables."""
    home = folder / "home"
    home.mkdir()
    kept = {name: environ[name] for name in ALLOWED if name in environ}
    return {
        **_caches(kept),
        **process.toolchains(),
        **kept,
        **process.home_variables(home),
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": PROTOCOLS,
        "GIT_SSH_COMMAND": "false",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "PYTHONUNBUFFERED": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "LC_ALL": "C.UTF-8",
    }


def _block_programs(folder: Path) -> Path:
    """Return a folder for the front of PATH, in which `KEY_USERS` are programs that refuse."""
    folder.mkdir(exist_ok=True)
    for name in KEY_USERS:
        message = f"{name}: not in a rehearsal, which does not use your keys"
        if sys.platform == "win32":
            (folder / f"{name}.bat").write_text(f"@echo {message}>&2\n@exit /b 1\n", encoding="utf-8")
        else:
            (folder / name).write_text(f"#!/bin/sh\necho '{message}' >&2\nexit 1\n", encoding="utf-8")
            (folder / name).chmod(0o755)
    return folder


def _caches(kept: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for the caches of downloads, the only folders of the user's home that a rehearsal uses."""
    caches = {"PIP_CACHE_DIR": str(user_cache_path("pip", appauthor=False))}
    program = find_uv()
    if program and "UV_CACHE_DIR" not in kept:
        done = process.attempt((program, "cache", "dir"), cwd=Path.cwd(), env=process.child_environment(NO_COLOR="1"))
        caches["UV_CACHE_DIR"] = done.output.strip()
    return {name: value for name, value in caches.items() if value}
