"""What a build is made from, with real git."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

import pytest

from sample_project import SampleProject
from seatrial.distributions.cache import EARLIEST_DATE, SourceTree
from seatrial.project.project import Project

COMMITTED = 1709208000  # the date of the commits in these tests


def preconditions(project: SampleProject, monkeypatch: pytest.MonkeyPatch, **loaded: object) -> SourceTree:
    for name, value in project.environ.items():
        monkeypatch.setenv(name, value)
    return SourceTree.scan(Project(project.root, {"project": {"version": "1", **loaded}}))


def names(tree: SourceTree) -> list[str]:
    return [str(name) for name in tree.files]


def test_files_are_those_that_git_tracks_or_would_track(
    project: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.git("init", "-q")
    project.write({".gitignore": "*.log\n", "a.py": "", "dist/kept.txt": "", "b/ü.py": ""})
    project.git("add", "-f", ".")
    project.write(
        {
            "new.py": "",
            "x.log": "",
            "dist/a-1.tar.gz": "",
            "src/a.egg-info/PKG-INFO": "",
            "b/__pycache__/x.pyc": "",
            ".coverage.3.9": "",
        }
    )
    (project.root / "a.py").unlink()
    assert names(preconditions(project, monkeypatch)) == [".gitignore", "a.py", "b/ü.py", "dist/kept.txt", "new.py"]


def test_files_without_git_are_all_but_byproducts(project: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.root.parent))
    project.write(
        {"a.py": "", "b/c.txt": "", "dist/a.whl": "", ".nox/x": "", "b/__pycache__/c.pyc": "", "a.egg-info/x": ""}
    )
    tree = preconditions(project, monkeypatch)
    assert (names(tree), tree.epoch, tree.dated) == (["a.py", "b/c.txt"], EARLIEST_DATE, False)


def test_only_files_below_the_root_count(project: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    project.git("init", "-q")
    project.write({"packages/foo/a.py": "", "other.py": ""})
    project.commit()
    assert names(preconditions(SampleProject(project.root / "packages/foo", project.environ), monkeypatch)) == ["a.py"]


def test_files_of_submodules_count(project: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    library = SampleProject(project.root.parent / "library", project.environ)
    library.root.mkdir()
    library.git("init", "-q")
    library.write({"deep.c": ""})
    library.commit()
    project.git("init", "-q")
    project.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library.root), "vendored")
    assert names(preconditions(project, monkeypatch)) == [".gitmodules", "vendored/deep.c"]


def test_date_is_that_of_the_commit_unless_the_variable_says_another(
    project: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.git("init", "-q")
    assert preconditions(project, monkeypatch).epoch == EARLIEST_DATE
    project.commit()
    tree = preconditions(project, monkeypatch)
    assert (tree.epoch, tree.dated) == (COMMITTED, True)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1500000000")
    assert preconditions(project, monkeypatch).epoch == 1500000000
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert preconditions(project, monkeypatch).epoch == EARLIEST_DATE, "a ZIP archive can't hold less"
    for late in ("4294967296", "9" * 5000):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", late)
        assert preconditions(project, monkeypatch).epoch == 2**32 - 1, "a gzip file can't hold more"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert preconditions(project, monkeypatch).epoch == COMMITTED


@pytest.mark.parametrize("change", ["content", "executable bit", "a file more", "a file less", "a link"])
def test_every_change_alters_signature_and_content(
    project: SampleProject, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    project.git("init", "-q")
    project.write({"a.py": "one", "b.py": "two"})
    project.commit()
    before = preconditions(project, monkeypatch)
    signature, content = before.signature(), before.content()
    path = project.root / "a.py"
    if change == "content":
        path.write_text("six")
    elif change == "executable bit":
        path.chmod(0o755)
    elif change == "a file more":
        project.write({"c.py": ""})
    else:
        path.unlink()
        if change == "a link":
            path.symlink_to("b.py")
    after = preconditions(project, monkeypatch)
    assert after.signature() != signature
    assert after.content() != content


def test_file_that_was_written_anew_with_the_same_content_is_the_same_content(
    project: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.git("init", "-q")
    project.write({"a.py": "one"})
    project.commit()
    before = preconditions(project, monkeypatch)
    signature, content = before.signature(), before.content()
    os.utime(project.root / "a.py", (1, 1))
    after = preconditions(project, monkeypatch)
    assert after.signature() != signature
    assert after.content() == content


def test_tags_count_only_where_the_version_comes_from_them(
    project: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.git("init", "-q")
    project.commit()
    before = preconditions(project, monkeypatch).content()
    static = Project(project.root, {"project": {"version": "1"}})
    dynamic = Project(project.root, {"project": {"dynamic": ["version"]}})
    from_tag = SourceTree.scan(dynamic).content()
    project.git("tag", "v2")
    assert SourceTree.scan(static).content() == before
    assert SourceTree.scan(dynamic).content() != from_tag


def test_latest_is_the_time_of_the_youngest_file(project: SampleProject) -> None:
    project.write({"a": "", "b": ""})
    os.utime(project.root / "a", ns=(5, 5))
    os.utime(project.root / "b", ns=(7, 7))
    tree = SourceTree(project.root, (PurePosixPath("a"), PurePosixPath("b"), PurePosixPath("gone")), 0, "", dated=True)
    assert tree.latest() == 7
