"""A real project with a real remote, and what there is to see of both."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import shared
from sample_project import RunResult, SampleProject, environment, package

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


TASKS = 'from seatrial.tasks import ns\n\n__all__ = ["ns"]\n'
TOWNCRIER = """
[tool.towncrier]
directory = "changelog.d"
filename = "CHANGELOG.md"
title_format = "## {version}"
ignore = []
"""
SETTINGS = """
[tool.seatrial]
index = "http://127.0.0.1:9/simple/"
"""
"""Nothing listens at port 9, so no test asks an index outside."""
CHANGELOG = "# Changelog\n\nAll of it.\n\n<!-- towncrier release notes start -->\n\n## 1.2.3\n\nOld.\n"
PUBLISHING = """\
on:
  push:
    tags: ["v*"]
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      id-token: write
    steps:
      - run: twine upload dist/*
"""
"""A workflow that publishes from a tag."""
STATE = ".nox/.cache/seatrial"
"""Where a project keeps what it remembers between runs."""
PRIVATE = (".git", ".nox", "dist", ".pytest_cache", "__pycache__")
"""What no release is about."""


@dataclass(frozen=True)
class RepoState:
    """Everything that a release could change: the checkout and its index, its refs and HEAD, the refs of the remote."""

    files: tuple[tuple[str, str], ...]
    index: str
    head: str
    refs: str
    remote: str


@dataclass(frozen=True)
class ReleaseRepo:
    """A project at ``project.root``, and its remote."""

    project: SampleProject

    @property
    def remote(self) -> SampleProject:
        """The bare repository."""
        return SampleProject(self.project.root.parent / "remote.git", self.project.environ)

    def state(self) -> RepoState:
        """Return everything that a release could change, as it is now."""
        root = self.project.root
        return RepoState(
            files=files_below(root, without=PRIVATE),
            index=self.project.git("ls-files", "--stage"),
            head=self.project.run("git", "symbolic-ref", "HEAD").output + self.project.git("rev-parse", "HEAD"),
            refs=self.project.git("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags"),
            remote=self.remote.git("for-each-ref", "--format=%(objectname) %(refname)"),
        )

    def release(self, *args: str, **environ: str) -> RunResult:
        """Run ``invoke release`` without its tests."""
        return self.project.invoke("release", "--no-tests", *args, **environ)

    def clone(self, name: str) -> ReleaseRepo:
        """Return another clone of the remote."""
        folder = self.project.root.parent / name
        self.project.git("clone", "-q", str(self.remote.root), str(folder))
        return ReleaseRepo(SampleProject(folder, self.project.environ))

    def copy(self, folder: Path) -> ReleaseRepo:
        """Return a copy of all of it, environments included, in another folder, which may exist."""
        # What lies in .nox is replaced, and never written into, but for what is kept next to the environments.
        shutil.copytree(self.project.root.parent, folder, symlinks=True, copy_function=_copy, dirs_exist_ok=True)
        environ = {
            key: value.replace(str(self.project.root.parent), str(folder))
            for key, value in self.project.environ.items()
        }
        copied = SampleProject(folder / self.project.root.name, environ)
        # Git compares by the times and numbers of the files, too, and those of a copy are others.
        copied.git("update-index", "-q", "--refresh")
        return ReleaseRepo(copied)

    def read(self, name: str) -> str:
        """Return a file of the checkout."""
        return (self.project.root / name).read_bytes().decode()

    def show(self, name: str) -> str:
        """Return a file as the remote's branch has it."""
        return self.remote.git("show", f"main:{name}")


def files_below(root: Path, without: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Return the files below a folder, by their paths relative to it, and the hashes of their contents.

    ``without``: names of files and folders that are left out.
    """
    paths: list[Path] = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in without]
        paths += [Path(folder, name) for name in files if name not in without]
    return tuple((str(path.relative_to(root)), _hash(path)) for path in sorted(paths) if path.is_file())


def make_release_repo(folder: Path, backend: str = "hatchling") -> ReleaseRepo:
    """Make a project with two fragments, and a remote that it is pushed to."""
    return made_once(f"release-repo-{backend}", lambda new: _make_release_repo(new, backend)).copy(folder)


def made_once(name: str, make: Callable[[Path], None]) -> ReleaseRepo:
    """Return a project that ``make`` has made in a folder, once for a whole run of the tests: to be copied."""
    folder = shared.made_once(name, make)
    (git,) = folder.glob("*/.git")
    return ReleaseRepo(SampleProject(git.parent, environment(folder / "home")))


def _make_release_repo(folder: Path, backend: str) -> None:
    root, home = folder / "tidepool", folder / "home"
    root.mkdir()
    home.mkdir()
    project = SampleProject(root, environment(home))
    package(project, "build()", "check()", "tests()", backend=backend)
    project.write(
        {
            "pyproject.toml": (root / "pyproject.toml").read_text() + TOWNCRIER + SETTINGS,
            "tasks.py": TASKS,
            "CHANGELOG.md": CHANGELOG,
            "changelog.d/1.feature.md": "Tides rise.\n",
            "changelog.d/+fall.bugfix.md": "Tides fall.\n",
            "changelog.d/README.md": "Fragments.\n",
        }
    )
    project.commit("Add fragments")
    project.run("git", "init", "-q", "--bare", "-b", "main", str(folder / "remote.git"))
    # A path that only holds where git runs at the top of the checkout.
    project.git("remote", "add", "origin", "../remote.git")
    project.git("push", "-q", "-u", "origin", "main")
    install_build_environment(project, backend)


def install_build_environment(project: SampleProject, backend: str) -> None:
    """Give a project the build environment that another one has made, byte code included: making it takes a second."""
    made = shared.made_once(f"build-environment-{backend}", lambda folder: _make_build_environment(folder, backend))
    target = project.root / STATE / "build"
    shared.link_tree(made / "tidepool" / STATE / "build", target)
    stamp = target / "seatrial.json"
    text = stamp.read_bytes()
    stamp.unlink()
    stamp.write_bytes(text)


def _make_build_environment(folder: Path, backend: str) -> None:
    (folder / "tidepool").mkdir()
    (folder / "home").mkdir()
    made = package(SampleProject(folder / "tidepool", environment(folder / "home")), "build()", backend=backend)
    ran = made.nox("-s", "build", PYTHONDONTWRITEBYTECODE="")
    assert ran.returncode == 0, ran.output


def _copy(source: str, target: str) -> None:
    if "/site-packages/" in source:
        os.link(source, target, follow_symlinks=False)
    else:
        shutil.copy2(source, target, follow_symlinks=False)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def release_happened(repo: ReleaseRepo, version: str = "1.3.0") -> None:
    """One commit and its annotated tag are on the remote, and the checkout has them too."""
    commit = repo.remote.git("rev-parse", "main").strip()
    assert repo.remote.git("rev-parse", f"v{version}^{{commit}}").strip() == commit
    assert repo.remote.git("cat-file", "-t", f"v{version}") == "tag\n"
    assert repo.project.git("rev-parse", "HEAD", "origin/main", f"v{version}^{{commit}}").split() == [commit] * 3
    assert repo.project.git("symbolic-ref", "HEAD") == "refs/heads/main\n"
    assert f'version = "{version}"' in repo.show("pyproject.toml")
    assert f'__version__ = "{version}"' in repo.show("src/tidepool/__init__.py")
    assert scratch_clones(repo) == []


def scratch_clones(repo: ReleaseRepo) -> list[str]:
    """Return what is left of scratch clones."""
    folder = repo.project.root.parent / "home/cache/seatrial/scratch"
    return [path.name for path in folder.iterdir()] if folder.exists() else []
