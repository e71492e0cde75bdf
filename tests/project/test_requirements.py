"""What a lock file pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from errors_raised import raises_error
from seatrial.project.project import Project
from seatrial.project.requirements import find_lock_file, locked_requirements

if TYPE_CHECKING:
    from pathlib import Path


UV = """\
version = 1
revision = 3
requires-python = ">=3.9"

[[package]]
name = "tide"
version = "1.2.3"
source = { editable = "." }

[[package]]
name = "coverage"
version = "7.10.7"
source = { registry = "the index" }
resolution-markers = [
    "python_full_version < '3.10' and sys_platform == 'win32'",
    "python_full_version < '3.10' and sys_platform != 'win32'",
]

[[package]]
name = "coverage"
version = "7.11.0"
source = { registry = "the index" }
resolution-markers = ["python_full_version >= '3.10'"]

[[package]]
name = "anchor"
version = "2.0"
source = { git = "https://example.invalid/anchor?rev=1#2" }

[[package]]
name = "torch"
version = "2.6.0"
source = { registry = "the index" }
resolution-markers = ["extra == 'extra-4-tide-cpu'"]

[[package]]
name = "torch"
version = "2.7.0"
source = { registry = "the index" }
resolution-markers = ["extra != 'extra-4-tide-cpu'"]

[[package]]
name = "pytest"
version = "8.4.2"
source = { registry = "the index" }
"""
POETRY = """\
[[package]]
name = "coverage"
version = "7.10.7"
optional = false
python-versions = ">=3.9"
groups = ["dev"]
markers = "python_version == \\"3.9\\""

[[package]]
name = "coverage"
version = "7.11.0"
optional = false
python-versions = ">=3.10"
groups = ["dev"]
markers = "python_version >= \\"3.10\\""

[[package]]
name = "numpy"
version = "1.0"
markers = { main = "python_version >= \\"3.10\\"", dev = "python_version < \\"3.10\\"" }

[[package]]
name = "numpy"
version = "2.0"
markers = { main = "python_version >= \\"3.10\\"", dev = "python_version < \\"3.10\\"" }

[[package]]
name = "anchor"
version = "2.0"

[package.source]
type = "git"
url = "https://example.invalid/anchor"

[[package]]
name = "pytest"
version = "8.4.2"
markers = { main = "python_version >= \\"3.10\\"", dev = "python_version < \\"3.10\\"" }

[package.source]
type = "legacy"
url = "https://example.invalid/simple"
reference = "ours"

[metadata]
lock-version = "2.1"
"""
PDM = """\
[metadata]
lock_version = "4.5.0"

[[package]]
name = "coverage"
version = "7.11.0"
marker = "python_version >= \\"3.10\\""

[[package]]
name = "coverage"
version = "7.11.0"
extras = ["toml"]

[[package]]
name = "anchor"
version = "2.0"
git = "https://example.invalid/anchor"
revision = "2"
"""
OLD = 'python_full_version < "3.10"'


@pytest.mark.parametrize(
    ("text", "pins"),
    [
        (
            UV,
            (
                f'coverage==7.10.7 ; ({OLD} and sys_platform == "win32") or ({OLD} and sys_platform != "win32")',
                'coverage==7.11.0 ; (python_full_version >= "3.10")',
                "pytest==8.4.2",
            ),
        ),
        (
            POETRY,
            (
                'coverage==7.10.7 ; (python_version == "3.9")',
                'coverage==7.11.0 ; (python_version >= "3.10")',
                "pytest==8.4.2",
            ),
        ),
        (PDM, ("coverage==7.11.0",)),
    ],
    ids=["uv", "poetry", "pdm"],
)
def test_releases_of_an_index_are_pinned_for_the_pythons_that_they_are_for(
    tmp_path: Path, text: str, pins: tuple[str, ...]
) -> None:
    path = tmp_path / "some.lock"
    path.write_text(text)
    assert locked_requirements(path) == pins


CONFLICT = """\
conflicts = [[{{ package = "tide", extra = "new" }}, {{ package = "tide", extra = "old" }}]]
{}"""
ONE = """
[[package]]
name = "{}"
version = "{}"
source = {{ registry = "the index" }}
resolution-markers = {}
"""
EACH = """["python_full_version >= '3.10'", "python_full_version < '3.10'"]"""
NEW = """["python_full_version >= '3.10'"]"""
LINUX, ELSEWHERE = """["sys_platform != 'darwin'"]""", """["sys_platform == 'darwin'"]"""


@pytest.mark.parametrize(
    ("packages", "pins"),
    [
        ([("attrs", "22.2.0", EACH), ("attrs", "26.1.0", EACH), ("six", "1.17.0", "[]")], ("six==1.17.0",)),
        ([("attrs", "22.2.0", EACH), ("attrs", "26.1.0", NEW)], ()),
        ([("attrs", "22.2.0", NEW), ("attrs", "26.1.0", LINUX)], ()),
        ([("torch", "2.6.0+cpu", LINUX), ("torch", "2.6.0", ELSEWHERE)], ("torch==2.6.0",)),
        (
            [("torch", "2.6.0+cpu", LINUX), ("torch", "2.7.0", ELSEWHERE)],
            ('torch==2.6.0 ; (sys_platform != "darwin")', 'torch==2.7.0 ; (sys_platform == "darwin")'),
        ),
        ([("Tide_Pool", "1.0", LINUX), ("tide-pool", "1.0", ELSEWHERE)], ("tide-pool==1.0",)),
        ([("tide pool", "1.0", "[]"), ("anchor\\n--pre", "1.0", "[]"), ("six", "one", "[]")], ()),
    ],
    ids=["conflict", "within", "crossing", "local and not", "local", "names", "none of an index"],
)
def test_pins_can_be_had_together_and_from_any_index(
    tmp_path: Path, packages: list[tuple[str, str, str]], pins: tuple[str, ...]
) -> None:
    """Two releases for one environment, as uv pins for extras in conflict, could not be installed at all."""
    path = tmp_path / "uv.lock"
    path.write_text(CONFLICT.format("".join(ONE.format(*package) for package in packages)))
    assert locked_requirements(path) == pins


TWICE = '[[package]]\nname = "a"\nversion = "1"\nmarkers = {0}\n[[package]]\nname = "a"\nversion = "2"\nmarkers = {0}\n'


@pytest.mark.parametrize(
    "text",
    [
        *("", "package = 5", "package = [5]", "[[package]]", '[[package]]\nname = "a"\nversion = "1"\nsource = 5'),
        *(TWICE.format("5"), TWICE.format('"of no known form"'), TWICE.format("[]")),
    ],
)
def test_lock_of_another_form_pins_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "some.lock"
    path.write_text(text)
    assert locked_requirements(path) == ()


PYLOCK = """\
lock-version = "1.0"
created-by = "uv"

[[packages]]
name = "coverage"
version = "7.10.7"
marker = "python_full_version < '3.10'"
wheels = [{ name = "coverage-7.10.7-py3-none-any.whl", url = "https://f.example/c.whl", hashes = { sha256 = "00" } }]

[[packages]]
name = "coverage"
version = "7.11.0"
marker = "python_full_version >= '3.10'"
sdist = { name = "coverage-7.11.0.tar.gz", url = "https://f.example/c.tar.gz", hashes = { sha256 = "00" } }

[[packages]]
name = "numpy"
version = "1.0"
marker = "'old' in dependency_groups"
sdist = { name = "numpy-1.0.tar.gz", url = "https://f.example/1.tar.gz", hashes = { sha256 = "00" } }

[[packages]]
name = "numpy"
version = "2.0"
marker = "'new' in dependency_groups"
sdist = { name = "numpy-2.0.tar.gz", url = "https://f.example/2.tar.gz", hashes = { sha256 = "00" } }

[[packages]]
name = "pytest"
version = "8.4.2+local"
marker = "'test' in dependency_groups"
sdist = { name = "pytest-8.4.2+local.tar.gz", url = "https://f.example/p.tar.gz", hashes = { sha256 = "00" } }

[[packages]]
name = "tide"
directory = { path = ".", editable = true }
"""


@pytest.mark.parametrize("name", ["pylock.toml", "pylock.dev.toml"])
def test_lock_file_of_no_tool_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(PYLOCK)
    assert locked_requirements(tmp_path / name) == (
        'coverage==7.10.7 ; (python_full_version < "3.10")',
        'coverage==7.11.0 ; (python_full_version >= "3.10")',
        "pytest==8.4.2",
    )


def test_lock_file_of_no_tool_that_is_wrong_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pylock.toml"
    path.write_text(PYLOCK.replace('lock-version = "1.0"', 'lock-version = "9.0"'))
    with raises_error("PyprojectUnreadable", match=r"pylock\.toml is not a lock file \(PEP 751\): .*9\.0"):
        locked_requirements(path)


def test_lock_that_is_not_toml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "uv.lock"
    path.write_text("[[package")
    with raises_error("PyprojectUnreadable", match=r"uv\.lock is not TOML"):
        locked_requirements(path)


def test_lock_of_the_workspace_is_found_before_one_next_to_the_project(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "packages/tide"
    folder.mkdir(parents=True)
    project = Project(folder, {"project": {"name": "tide"}})
    assert find_lock_file(project) is None
    (tmp_path / "poetry.lock").write_text(POETRY)
    assert find_lock_file(project) is None
    (folder / "poetry.lock").write_text(POETRY)
    assert find_lock_file(project) == folder / "poetry.lock"
    (tmp_path / "uv.lock").write_text(UV)
    lock = find_lock_file(project)
    assert lock is not None
    assert lock.samefile(tmp_path / "uv.lock")
