"""A wheel, compared with its source tree."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

import pytest

from errors_raised import raises_error
from seatrial.distributions.comparison import (
    HOW_TO_INCLUDE,
    link_error,
    modules_from_wheel,
    outside_links,
    packed_links,
    require_package,
    suspected_links,
    unlisted_files,
)
from seatrial.distributions.distribution import Distribution
from seatrial.project.project import Project


def project(name: str = "tide-pool", backend: str = "flit_core.buildapi") -> Project:
    return Project(Path("root"), {"project": {"name": name}, "build-system": {"build-backend": backend}})


def wheel(folder: Path, *names: str) -> Distribution:
    path = folder / "tide_pool-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return Distribution.from_path(path)


def files(*names: str) -> tuple[PurePosixPath, ...]:
    return tuple(PurePosixPath(name) for name in names)


@pytest.mark.parametrize(
    ("sources", "held", "missing"),
    [
        (["src/tide_pool/__init__.py"], ["other.py"], "src/tide_pool"),
        (["src/Tide_Pool/__init__.py"], ["tide_pool/__init__.py"], None),
        (["tide_pool.py", "setup.py"], [], "tide_pool.py"),
        (["tide_pool/__init__.py"], ["tide_pool/__init__.py"], None),
        (["src/other_name/x.py"], [], "src/other_name"),
        (["src/other_name/x.py", "src/helper.py"], ["other_name/x.py"], None),
        (["src/tide_pool/sub/x.py"], ["tide_pool/sub/x.py"], None),
        (["tests/test_x.py", "README.md"], [], None),
        (["src/tide_pool/_c.pyx", "src/README"], ["tide_pool/_c.cpython-312-darwin.so"], None),
    ],
)
def test_wheel_without_the_package_is_refused(
    tmp_path: Path, sources: list[str], held: list[str], missing: str | None
) -> None:
    built = wheel(tmp_path, *held)
    if missing is None:
        require_package(project(), files(*sources), built)
        return
    with raises_error("PackageMissing") as raised:
        require_package(project(), files(*sources), built)
    name = PurePosixPath(missing).name.partition(".")[0]
    assert raised.value.what == (f"{built.path.name} does not contain {name}, which the source tree has in {missing}")
    assert raised.value.fix == f'[tool.flit.module]\nname = "{name}"'


@pytest.mark.parametrize("backend", [*HOW_TO_INCLUDE, "mesonpy"])
def test_fix_is_in_the_words_of_the_backend(tmp_path: Path, backend: str) -> None:
    with raises_error("PackageMissing") as raised:
        require_package(project(backend=backend), files("src/tide_pool/x.py"), wheel(tmp_path))
    assert "{" not in raised.value.fix.replace("packages = [{ include", "")
    assert "tide_pool" in raised.value.fix or 'where = ["src"]' in raised.value.fix


def test_modules_of_src_that_the_wheel_lacks_may_come_from_it_alone(tmp_path: Path) -> None:
    sources = files(
        "src/tide_pool/__init__.py", "src/tide_cli.py", "src/google/tide/__init__.py", "tests/x.py", "top.py"
    )
    built = wheel(tmp_path, "tide_pool/__init__.py", "google/tide/__init__.py")
    assert modules_from_wheel(project(), sources, built) == ("google.tide", "tide_cli", "tide_pool")


def test_package_of_the_sources_answers_although_the_wheel_lacks_its_beginning(tmp_path: Path) -> None:
    sources = files("src/tide_pool/__init__.py", "src/tide_pool/deep/__init__.py", "src/google/other.py")
    built = wheel(tmp_path, "tide_pool/deep/__init__.py", "google/tide.py")
    modules = modules_from_wheel(project(), sources, built)
    assert modules == ("google.other", "google.tide", "tide_pool", "tide_pool.deep")


def test_files_that_git_ignores_and_a_build_takes_are_inputs(tmp_path: Path) -> None:
    for name in ("src/tide_pool/_made.py", "src/tide_pool.egg-info/PKG-INFO", "unused.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    built = wheel(tmp_path, "tide_pool/__init__.py", "tide_pool/_made.py", "tide_pool-1.dist-info/METADATA")
    listed = files("src/tide_pool/__init__.py")
    at = Project(tmp_path, {"project": {"name": "tide-pool"}})
    assert unlisted_files(at, listed, [built]) == ("src/tide_pool/_made.py",)


def test_link_out_of_the_repository_is_no_source_of_a_distribution(tmp_path: Path) -> None:
    top, outside = tmp_path / "repository", tmp_path / "outside"
    for folder in (top / ".git", top / "packages/tide/src", top / "shared", outside):
        folder.mkdir(parents=True)
    links: dict[str, Path | str] = {
        "src/tide_pool": outside,
        "src/deep": "../../../../outside",
        "src/gone.py": "/nowhere/x.py",
        "shared.txt": "../../shared",
        "README.md": "src/../../../../a",
    }
    for name, target in links.items():
        (top / "packages/tide" / name).symlink_to(target)
    linked = Project(top / "packages/tide", {"project": {"name": "tide-pool"}})
    outside_names = ("README.md", "src/deep", "src/gone.py", "src/tide_pool")
    assert outside_links(linked, files(*links, "absent.py")) == files(*outside_names)
    built = wheel(tmp_path, "tide_pool/__init__.py")
    assert packed_links(files("tide_pool", "tide", "src"), [built]) == files("tide_pool")
    assert suspected_links(linked, files("README.md", "tests/x", "src/deep"), "no README.md") == files(
        "README.md", "src/deep"
    )
    assert link_error(linked, files("src/gone.py")).what.startswith(
        "src/gone.py leads out of the repository, to /nowhere/x.py\n"
    )
