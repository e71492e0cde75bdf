"""What was built from which tree."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from errors_raised import raises_error
from release_repo import install_build_environment, made_once
from sample_project import HERE, RunResult, SampleProject, environment, package
from seatrial.distributions.cache import (
    EARLIEST_DATE,
    BuildRecord,
    BuiltDistributions,
    SourceTree,
    TreeState,
    accept_built,
    built_line,
)
from seatrial.distributions.distribution import Distribution
from seatrial.errors import BuildError
from seatrial.project.project import Project


@pytest.fixture
def tree(tmp_path: Path) -> SourceTree:
    (tmp_path / "a.py").write_text("one")
    os.utime(tmp_path / "a.py", (1, 1))
    return SourceTree(tmp_path, (PurePosixPath("a.py"),), 0, "", dated=True)


@pytest.fixture
def record(tmp_path: Path) -> BuildRecord:
    return BuildRecord(tmp_path / "built.json", tmp_path / "dist")


@pytest.fixture
def built(record: BuildRecord) -> BuiltDistributions:
    record.dist.mkdir()
    paths = [record.dist / name for name in ("a-1.tar.gz", "a-1-py3-none-any.whl")]
    for path in paths:
        path.write_text(path.name)
    sdist, wheel = (Distribution.from_path(path) for path in paths)
    return BuiltDistributions(sdist, wheel, ("b>1",), ("a",))


def test_what_was_kept_is_found_again(record: BuildRecord, tree: SourceTree, built: BuiltDistributions) -> None:
    assert record.find(tree) is None
    record.keep(TreeState.at(tree), built)
    assert record.find(tree) == built


def test_nothing_is_found_for_another_content(record: BuildRecord, tree: SourceTree, built: BuiltDistributions) -> None:
    record.keep(TreeState.at(tree), built)
    (tree.root / "a.py").write_text("two")
    assert record.find(tree) is None


def test_same_content_under_another_time_is_found(
    record: BuildRecord, tree: SourceTree, built: BuiltDistributions
) -> None:
    record.keep(TreeState.at(tree), built)
    os.utime(tree.root / "a.py", (2, 2))
    assert record.find(tree) == built


@pytest.mark.parametrize("before", [0, 1_900_000_000])
def test_file_of_the_same_size_written_about_when_it_was_looked_at_is_not_trusted(
    record: BuildRecord, tree: SourceTree, built: BuiltDistributions, before: int
) -> None:
    content = tree.content()
    (tree.root / "a.py").write_text("two")
    # As if size and times had not changed: the signature is that of the file as it is now, the content the old one.
    record.keep(TreeState(tree.latest() + before, tree.signature(), content), built)
    assert record.find(tree) is None


def test_file_that_git_ignores_and_that_went_into_the_build_counts(
    record: BuildRecord, tree: SourceTree, built: BuiltDistributions
) -> None:
    made = tree.root / "made.py"
    made.write_text("one")
    with_it = replace(built, extra=("made.py",))
    record.keep(TreeState.at(tree.with_files([PurePosixPath("made.py")])), with_it)
    assert record.find(tree) == with_it
    made.write_text("two")
    assert record.find(tree) is None


def test_cache_is_not_used_when_there_are_other_distributions(
    record: BuildRecord, tree: SourceTree, built: BuiltDistributions
) -> None:
    record.keep(TreeState.at(tree), built)
    (record.dist / ".gitignore").write_text("*")
    (record.dist / "a-1.tar.gz.publish.attestation").write_text("{}")
    assert record.find(tree) == built
    (record.dist / "a-0.9.tar.gz").write_text("old")
    assert record.find(tree) is None


@pytest.mark.parametrize("harm", ["removed", "changed", "record spoilt", "record of another seatrial"])
def test_nothing_is_found_when_dist_or_the_record_is_not_as_it_was(
    record: BuildRecord, tree: SourceTree, built: BuiltDistributions, harm: str
) -> None:
    record.keep(TreeState.at(tree), built)
    if harm == "removed":
        built.wheel.path.unlink()
    elif harm == "changed":
        built.sdist.path.write_text("another")
    elif harm == "record spoilt":
        record.path.write_text(record.path.read_text()[:-9])
    else:
        record.path.write_text(record.path.read_text().replace('"seatrial": "', '"seatrial": "0'))
    assert record.find(tree) is None


def test_failure_is_remembered_for_the_run_and_no_longer(record: BuildRecord) -> None:
    assert record.failure("run 1") is None
    record.fail("run 1", BuildError("the backend failed", code="BackendFailed", fix="fix it"))
    failure = record.failure("run 1")
    assert type(failure) is BuildError
    assert (failure.code, failure.what, failure.fix) == ("BackendFailed", "the backend failed", "fix it")
    assert record.failure("run 2") is None
    record.path.with_suffix(".failed").write_text("spoilt")
    assert record.failure("run 1") is None


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


def build(folder: Path) -> None:
    (folder / "tidepool").mkdir()
    (folder / "home").mkdir()
    made = package(SampleProject(folder / "tidepool", environment(folder / "home")), "build()", "tests()")
    install_build_environment(made, "hatchling")
    assert made.nox("-s", "build").returncode == 0


@pytest.fixture
def built_project(tmp_path: Path) -> SampleProject:
    """Return a project that is built."""
    return made_once("built", build).copy(tmp_path / "port").project


def delivery(built_project: SampleProject) -> tuple[SampleProject, str]:
    """Return a fresh clone of a project with the files in its ``dist/``, and their description."""
    clone = replace(built_project, root=built_project.root.parent / "clone")
    built_project.git("clone", "-q", str(built_project.root), str(clone.root))
    shutil.copytree(built_project.root / "dist", clone.root / "dist", ignore=shutil.ignore_patterns(".gitignore"))
    return clone, built_line(built_project.root)


@pytest.mark.slow
def test_delivered_files_are_tested_and_nothing_is_built(built_project: SampleProject) -> None:
    clone, built = delivery(built_project)
    before = {path.name: path.read_bytes() for path in (clone.root / "dist").iterdir()}
    ran = clone.nox("-s", f"tests-{HERE}", SEATRIAL_BUILT=built)
    assert ran.returncode == 0, ran.output
    assert "building" not in ran.output
    assert {path.name: path.read_bytes() for path in (clone.root / "dist").iterdir()} == before


@pytest.mark.slow
def test_files_that_differ_from_their_description_are_refused_and_nothing_is_built(
    built_project: SampleProject,
) -> None:
    clone, built = delivery(built_project)
    loaded = Project.from_directory(clone.root)
    assert {file.path.name for file in accept_built(loaded, f"{built}\n", unwanted)} == set(delivered_names(clone))
    commit, sdist, wheel = built.split()
    short = f"sha256 {sdist[:12]} and {wheel[:12]}"

    assert refusal(loaded, "") == (
        "SEATRIAL_BUILT is '', and must be a commit and two hashes: the build job set no output"
    )
    assert refusal(loaded, f"{'0' * 40} {sdist} {wheel}") == (
        f"the distributions were built from {'0' * 12}, and HEAD is {commit[:12]}"
    )
    assert refusal(loaded, f"{commit} {sdist} {'0' * 64}") == (
        f"dist/ must contain what was built, sha256 {sdist[:12]} and {'0' * 12}, and contains "
        f"tidepool-1.2.3-py3-none-any.whl ({wheel[:12]}), tidepool-1.2.3.tar.gz ({sdist[:12]})"
    )

    module = clone.root / "src/tidepool/__init__.py"
    module.write_text(module.read_text() + "\n")
    assert refusal(loaded, built) == (
        "src/tidepool/__init__.py differs from the commit that the distributions were built from"
    )
    clone.git("checkout", "-q", ".")
    (clone.root / "notes.md").write_text("an untracked file\n")
    accept_built(loaded, built, unwanted)

    more = clone.root / "dist/tidepool-1.2.2.tar.gz"
    more.write_bytes(b"left behind")
    assert refusal(loaded, built).startswith(f"dist/ must contain what was built, {short}, and contains tidepool-1.2.2")
    more.unlink()

    stored = clone.root / "dist/tidepool-1.2.3-py3-none-any.whl"
    stored.write_bytes(stored.read_bytes() + b"\0")
    ran = clone.nox("-s", "build", SEATRIAL_BUILT=built)
    assert (ran.returncode, ran.was_a_traceback) == (1, False)
    assert f"dist/ must contain what was built, {short}, and contains" in ran.output
    assert "building" not in ran.output


@pytest.mark.slow
def test_build_job_describes_one_sdist_and_one_wheel_of_a_commit(built_project: SampleProject) -> None:
    clone, built = delivery(built_project)
    built_project.write({"tasks.py": 'from seatrial.tasks import ns\n\n__all__ = ["ns"]\n'})
    summary = built_project.root.parent / "summary.md"
    assert built_project.invoke("ci.built", GITHUB_STEP_SUMMARY=str(summary)) == RunResult(0, f"built={built}\n")
    sdist, wheel = ((built_project.root / "dist" / name).stat().st_size for name in delivered_names(clone)[::-1])
    assert summary.read_text() == (
        "| file | bytes | sha256 |\n"
        "|---|--:|---|\n"
        f"| `tidepool-1.2.3.tar.gz` | {sdist:,} | `{built.split()[1]}` |\n"
        f"| `tidepool-1.2.3-py3-none-any.whl` | {wheel:,} | `{built.split()[2]}` |\n\n"
    )
    (clone.root / "dist/tidepool-1.2.3.tar.gz").unlink()
    with raises_error("NotAsBuilt") as raised:
        built_line(clone.root)
    assert raised.value.what == (
        "dist/ must contain one sdist and one wheel, and contains tidepool-1.2.3-py3-none-any.whl"
    )
    shutil.rmtree(built_project.root / ".git")
    with raises_error("NotAsBuilt") as raised:
        built_line(built_project.root)
    assert raised.value.what == f"{built_project.root} has no commit"


def delivered_names(clone: SampleProject) -> list[str]:
    return sorted(path.name for path in (clone.root / "dist").iterdir())


def unwanted(sdist: Distribution) -> Distribution:
    raise AssertionError(f"a wheel was to be compiled from {sdist.path}")


def refusal(loaded: Project, built: str) -> str:
    with raises_error("NotAsBuilt") as raised:
        accept_built(loaded, built, unwanted)
    return raised.value.what
