"""What setup.py hands to setuptools is read without running it, as far as that goes."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from packaging.version import Version

from sample_project import lines
from seatrial.errors import VersionNotFound
from seatrial.project.config_files import SetupScript, is_computed
from seatrial.project.find_versions import VersionFiles, VersionSource, find_version_files
from seatrial.project.project import Project

MODULE = '__title__ = "tide-pool"\n__version__: str = "1.2.3"\n'


def project(root: Path, script: str, **files: str) -> Project:
    """Make a project of a setup.py and other files, with a pyproject.toml that says nothing."""
    for name, text in {"pyproject.toml": "", "setup.py": script, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Project.from_directory(root)


def places(project: Project) -> VersionFiles:
    """Find the files with the version."""
    files = (path.relative_to(project.root) for path in sorted(project.root.rglob("*")) if path.is_file())
    return find_version_files(project, [PurePosixPath(path) for path in files])


EXECUTED = """
    import os
    from setuptools import setup
    package = "pool"
    here = os.path.dirname(__file__)
    about = {}
    with open(os.path.join(here, package, "__about__.py")) as file:
        exec(file.read(), about)
    setup(name=about["__title__"], version=about["__version__"])
"""
SEARCHED = """
    import re, setuptools
    def read_version(path):
        return re.search("__version__: str = .(.*).", open(path).read())[1]
    setuptools.setup(name="tide-" + "pool", version=read_version("pool/__about__.py"))
"""
JOINED = """
    from pathlib import Path
    from setuptools import setup
    about = {}
    exec((Path(__file__).parent / "pool" / "__about__.py").read_text(), about)
    setup(**{"name": "tide-pool"}, version=about["__version__"])
"""
FORMATTED = """
    from setuptools import setup
    package = "pool"
    NAME = "tide-pool"
    setup(name=NAME, version=open(f"{package}/__about__.py").readlines()[1].split('"')[1])
"""
IMPORTED = """
    from setuptools import setup
    from pool.__about__ import __title__, __version__
    setup(name=__title__, version=__version__)
"""
ASKED = """
    import pool.__about__ as about
    from setuptools import setup
    if __name__ == "__main__":
        setup(name=about.__title__, version=about.__version__)
"""


@pytest.mark.parametrize("script", [EXECUTED, SEARCHED, FORMATTED, IMPORTED, ASKED], ids=lambda text: text.split()[-1])
def test_name_and_version_are_those_of_the_module_that_the_script_names(tmp_path: Path, script: str) -> None:
    loaded = project(tmp_path, lines(script), **{"pool/__about__.py": MODULE})
    assert loaded.name == "tide-pool"
    assert [(str(place.path), place.text) for place in places(loaded).places] == [
        ("pool/__about__.py", '__version__: str = "1.2.3"')
    ]


def test_module_is_found_by_a_path_that_is_put_together(tmp_path: Path) -> None:
    loaded = project(tmp_path, lines(JOINED), **{"pool/__about__.py": MODULE})
    assert [str(place.path) for place in places(loaded).places] == ["pool/__about__.py"]
    # The other keywords may be anything.
    assert is_computed(tmp_path, {}, "name")
    assert loaded.name == tmp_path.name


@pytest.mark.parametrize(
    ("script", "place"),
    [
        ('setup(version=open("VERSION").read().strip())', ("VERSION", "1.2.3")),
        ('setup(name="tide-pool", version="1.2.3")', ("setup.py", 'setup(name="tide-pool", version="1.2.3"')),
        ('VERSION = "1.2.3"\nsetup(version=VERSION)', ("setup.py", 'VERSION = "1.2.3"')),
    ],
)
def test_version_is_in_a_separate_file_or_in_the_script(tmp_path: Path, script: str, place: tuple[str, str]) -> None:
    loaded = project(tmp_path, script, VERSION="1.2.3\n", README="Tides.\n")
    assert [(str(at.path), at.text) for at in places(loaded).places] == [place]


def test_files_that_disagree_decide_nothing(tmp_path: Path) -> None:
    script = 'setup(version=max(open("old.py").read(), open("new.py").read()))'
    loaded = project(tmp_path, script, **{"old.py": 'VERSION = "1.2.2"\n', "new.py": 'VERSION = "1.2.3"\n'})
    with pytest.raises(VersionNotFound):
        places(loaded)


@pytest.mark.parametrize(
    "script", ["setup(", "", "print()", "setup()", 'setup(version=read("../VERSION", "/etc", "\\0"))']
)
def test_script_without_metadata_has_no_name(tmp_path: Path, script: str) -> None:
    loaded = project(tmp_path, script)
    assert loaded.name == tmp_path.name
    assert SetupScript.read(tmp_path).files == ()
    with pytest.raises(VersionNotFound):
        places(loaded)


def test_script_is_read_and_not_run(tmp_path: Path) -> None:
    loaded = project(tmp_path, 'open("ran", "w")\nraise SystemExit\nsetup(name="tide-pool", python_requires=">=3.10")')
    assert (loaded.name, loaded.requires_python, (tmp_path / "ran").exists()) == ("tide-pool", ">=3.10", False)


def test_what_the_script_says_comes_before_setup_cfg_and_fills_in_what_it_does_not(tmp_path: Path) -> None:
    script = 'setup(name="tide-pool", classifiers=["Programming Language :: Python :: 3.12"] + [])'
    cfg = "[metadata]\nname = other\nclassifiers = Other\n[options]\npython_requires = >=3.11\n"
    loaded = project(tmp_path, script, **{"setup.cfg": cfg})
    assert (loaded.name, loaded.pythons, loaded.requires_python) == ("tide-pool", ("3.12",), ">=3.11")


def test_script_of_a_project_with_a_project_table_or_another_backend_says_nothing(tmp_path: Path) -> None:
    loaded = project(tmp_path, 'setup(name="other", python_requires=">=3.10")')
    for text in ("[project]\n", '[build-system]\nbuild-backend = "hatchling.build"\n', "[tool.poetry]\n"):
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
        loaded = Project.from_directory(tmp_path)
        assert (loaded.name, loaded.requires_python) == (tmp_path.name, "")


def test_name_computed_by_the_script_is_read_from_the_settings(tmp_path: Path) -> None:
    project(tmp_path, 'setup(name="-".join(("tide", "pool")))')
    (tmp_path / "pyproject.toml").write_text('[tool.seatrial]\nname = "tide-pool"\n', encoding="utf-8")
    assert Project.from_directory(tmp_path).name == "tide-pool"


@pytest.mark.parametrize(
    ("script", "pyproject"),
    [
        ("setup(use_scm_version=True)", ""),
        ("setup()", '[build-system]\nrequires = ["setuptools", "setuptools_scm"]\n'),
    ],
)
def test_version_that_comes_from_the_tag_is_that_without_a_project_table_too(
    tmp_path: Path, script: str, pyproject: str
) -> None:
    project(tmp_path, script)
    (tmp_path / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    assert places(Project.from_directory(tmp_path)) == VersionFiles(VersionSource.TAG)


def test_version_that_is_noted_for_bump_my_version_is_written_there_too(tmp_path: Path) -> None:
    project(tmp_path, 'setup(version=".".join("123"))')
    note = '[tool.bumpversion]\ncurrent_version = "1.2.3"\n'
    (tmp_path / "pyproject.toml").write_text(note, encoding="utf-8")
    files = places(Project.from_directory(tmp_path))
    assert files.version == Version("1.2.3")
    assert [(str(place.path), place.text) for place in files.places] == [
        ("pyproject.toml", 'current_version = "1.2.3"')
    ]
