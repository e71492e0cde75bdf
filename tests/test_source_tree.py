"""What a build is made from, with real git."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

import pytest

from seatrial.facts.project import Project
from seatrial.source_tree import EARLIEST, SourceTree
from trial import Trial

COMMITTED = 1709208000  # the date of the commits in these tests


def survey(trial: Trial, monkeypatch: pytest.MonkeyPatch, **project: object) -> SourceTree:
    for name, value in trial.environ.items():
        monkeypatch.setenv(name, value)
    return SourceTree.survey(Project(trial.root, {"project": {"version": "1", **project}}))


def names(tree: SourceTree) -> list[str]:
    return [str(name) for name in tree.files]


def test_files_are_those_that_git_tracks_or_would_track(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    trial.git("init", "-q")
    trial.write({".gitignore": "*.log\n", "a.py": "", "dist/kept.txt": "", "b/ü.py": ""})
    trial.git("add", "-f", ".")
    trial.write(
        {
            "new.py": "",
            "x.log": "",
            "dist/a-1.tar.gz": "",
            "src/a.egg-info/PKG-INFO": "",
            "b/__pycache__/x.pyc": "",
            ".coverage.3.9": "",
        }
    )
    (trial.root / "a.py").unlink()
    assert names(survey(trial, monkeypatch)) == [".gitignore", "a.py", "b/ü.py", "dist/kept.txt", "new.py"]


def test_files_without_git_are_all_but_byproducts(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(trial.root.parent))
    trial.write(
        {"a.py": "", "b/c.txt": "", "dist/a.whl": "", ".nox/x": "", "b/__pycache__/c.pyc": "", "a.egg-info/x": ""}
    )
    tree = survey(trial, monkeypatch)
    assert (names(tree), tree.epoch, tree.dated) == (["a.py", "b/c.txt"], EARLIEST, False)


def test_only_files_below_the_root_count(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    trial.git("init", "-q")
    trial.write({"packages/foo/a.py": "", "other.py": ""})
    trial.commit()
    assert names(survey(Trial(trial.root / "packages/foo", trial.environ), monkeypatch)) == ["a.py"]


def test_files_of_submodules_count(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Trial(trial.root.parent / "library", trial.environ)
    library.root.mkdir()
    library.git("init", "-q")
    library.write({"deep.c": ""})
    library.commit()
    trial.git("init", "-q")
    trial.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library.root), "vendored")
    assert names(survey(trial, monkeypatch)) == [".gitmodules", "vendored/deep.c"]


def test_date_is_that_of_the_commit_unless_the_variable_says_another(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial.git("init", "-q")
    assert survey(trial, monkeypatch).epoch == EARLIEST
    trial.commit()
    tree = survey(trial, monkeypatch)
    assert (tree.epoch, tree.dated) == (COMMITTED, True)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1500000000")
    assert survey(trial, monkeypatch).epoch == 1500000000
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert survey(trial, monkeypatch).epoch == EARLIEST, "a ZIP archive can't hold less"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert survey(trial, monkeypatch).epoch == COMMITTED


@pytest.mark.parametrize("change", ["content", "executable bit", "a file more", "a file less", "a link"])
def test_every_change_is_seen_in_signature_and_content(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    trial.git("init", "-q")
    trial.write({"a.py": "one", "b.py": "two"})
    trial.commit()
    before = survey(trial, monkeypatch)
    signature, content = before.signature(), before.content()
    path = trial.root / "a.py"
    if change == "content":
        path.write_text("six")
    elif change == "executable bit":
        path.chmod(0o755)
    elif change == "a file more":
        trial.write({"c.py": ""})
    else:
        path.unlink()
        if change == "a link":
            path.symlink_to("b.py")
    after = survey(trial, monkeypatch)
    assert after.signature() != signature
    assert after.content() != content


def test_file_that_was_written_anew_with_the_same_content_is_the_same_content(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial.git("init", "-q")
    trial.write({"a.py": "one"})
    trial.commit()
    before = survey(trial, monkeypatch)
    signature, content = before.signature(), before.content()
    os.utime(trial.root / "a.py", (1, 1))
    after = survey(trial, monkeypatch)
    assert after.signature() != signature
    assert after.content() == content


def test_tags_count_only_where_the_version_comes_from_them(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    trial.git("init", "-q")
    trial.commit()
    before = survey(trial, monkeypatch).content()
    static = Project(trial.root, {"project": {"version": "1"}})
    dynamic = Project(trial.root, {"project": {"dynamic": ["version"]}})
    from_tag = SourceTree.survey(dynamic).content()
    trial.git("tag", "v2")
    assert SourceTree.survey(static).content() == before
    assert SourceTree.survey(dynamic).content() != from_tag


def test_latest_is_the_time_of_the_youngest_file(trial: Trial) -> None:
    trial.write({"a": "", "b": ""})
    os.utime(trial.root / "a", ns=(5, 5))
    os.utime(trial.root / "b", ns=(7, 7))
    tree = SourceTree(trial.root, (PurePosixPath("a"), PurePosixPath("b"), PurePosixPath("gone")), 0, "", dated=True)
    assert tree.latest() == 7
