"""bump-my-version writes what it is configured for, on the project's own configuration, and nothing else happens."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from errors_raised import raises_error
from seatrial.project.project import Project
from seatrial.project.snapshot import ProjectSnapshot
from seatrial.project.write_version import configured_hooks, raise_version

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.slow

PROJECT = '[project]\nname = "tide"\nversion = "{}"\n'
YEAR = f"{datetime.now().astimezone():%Y}"
SEMANTIC = r"""
parse = '(?P<major>\d+)\.(?P<minor>\d+)\.(?P<patch>\d+)(-(?P<label>[a-z]+)\.(?P<number>\d+))?'
serialize = ["{major}.{minor}.{patch}-{label}.{number}", "{major}.{minor}.{patch}"]
"""


def toml(*files: str, more: str = "", version: str = "1.2.3") -> str:
    entries = "".join(f"[[tool.bumpversion.files]]\n{entry}\n" for entry in files)
    return f'[tool.bumpversion]\ncurrent_version = "{version}"\n{more}\n{entries}'


def write(root: Path, files: dict[str, str]) -> ProjectSnapshot:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return ProjectSnapshot.of(root, tuple(map(PurePosixPath, files)), {})


CFG = "[bumpversion]\ncurrent_version=1.2.3\n"
WRITTEN = {
    "sections of one file in an ini file": (
        "1.3.0",
        {
            ".bumpversion.cfg": CFG
            + "[bumpversion:file(one):a]\nsearch = a {current_version}\nreplace = a {new_version}\n"
            "[bumpversion:file(two):a]\nsearch = b {current_version}\nreplace = b {new_version}\n",
            "a": "a 1.2.3\nb 1.2.3\nc 1.2.3\n",
        },
        {"a": "a 1.3.0\nb 1.3.0\nc 1.2.3\n", ".bumpversion.cfg": "1.3.0"},
    ),
    "a glob that leaves a file out": (
        "1.3.0",
        {".bumpversion.toml": toml('glob = "*.txt"\nglob_exclude = ["b*.txt"]'), "a.txt": "1.2.3", "b.txt": "1.2.3"},
        {"a.txt": "1.3.0", "b.txt": "1.2.3"},
    ),
    "files of some releases alone": (
        "1.3.0",
        {
            ".bumpversion.toml": toml(
                'filename = "a"\ninclude_bumps = ["minor"]',
                'filename = "b"\ninclude_bumps = ["major"]',
                'filename = "c"\nexclude_bumps = ["minor"]',
            ),
            **dict.fromkeys("abc", "1.2.3"),
        },
        {"a": "1.3.0", "b": "1.2.3", "c": "1.2.3"},
    ),
    "a file that is not there": (
        "1.3.0",
        {
            ".bumpversion.toml": toml('filename = "a"', 'filename = "b"', more="ignore_missing_files = true"),
            "a": "1.2.3",
        },
        {"a": "1.3.0"},
    ),
    "a current version in other quotes": (
        "1.3.0",
        {"pyproject.toml": PROJECT.format("1.2.3") + "[tool.bumpversion]\ncurrent_version   =   '1.2.3'\n"},
        {"pyproject.toml": 'current_version   =   "1.3.0"'},
    ),
    "a current version in a table of one line": (
        "1.3.0",
        {
            "pyproject.toml": PROJECT.format("1.2.3")
            + '[tool]\nbumpversion = { current_version = "1.2.3", files = [{ filename = "a" }] }\n',
            "a": "1.2.3",
        },
        {"pyproject.toml": 'current_version = "1.3.0"', "a": "1.3.0"},
    ),
    "no current version": (
        "1.3.0",
        {"pyproject.toml": PROJECT.format("1.2.3") + '[[tool.bumpversion.files]]\nfilename = "a"\n', "a": "1.2.3"},
        {"a": "1.3.0"},
    ),
    "files that rightly stay as they are": (
        "1.3.0",
        {
            ".bumpversion.toml": toml(
                'filename = "a"\nsearch = "v{current_major}"\nreplace = "v{new_major}"',
                'filename = "b"\nregex = true\nsearch = "\\\\d{{4}}"\nreplace = "{now:%Y}"',
            ),
            "a": "v1",
            "b": YEAR,
        },
        {"a": "v1", "b": YEAR},
    ),
    "parts of the version": (
        "2.0.1rc1",
        {
            ".bumpversion.toml": toml(
                'filename = "a"\nsearch = "{current_major}.{current_minor}"\nreplace = "{new_major}.{new_minor}"',
            ),
            "a": "1.2",
        },
        {"a": "2.0", ".bumpversion.toml": 'current_version = "2.0.1rc1"'},
    ),
    "a version that is not in its normal form": (
        "1.5.0rc2",
        {
            "pyproject.toml": PROJECT.format("1.5.0-rc.1"),
            ".bumpversion.toml": toml('filename = "a"', more=SEMANTIC, version="1.5.0-rc.1"),
            "a": "1.5.0-rc.1",
        },
        {"a": "1.5.0-rc.2", "pyproject.toml": 'version = "1.5.0-rc.2"'},
    ),
    "the release after it": (
        "1.5.0",
        {
            "pyproject.toml": PROJECT.format("1.5.0-rc.1"),
            ".bumpversion.toml": toml('filename = "a"', more=SEMANTIC, version="1.5.0-rc.1"),
            "a": "1.5.0-rc.1",
        },
        {"a": "1.5.0"},
    ),
    "two spellings in one file": (
        "1.5.0",
        {
            "pyproject.toml": PROJECT.format("1.5.0rc1") + toml('filename = "a"', more=SEMANTIC, version="1.5.0-rc.1"),
            "a": "1.5.0-rc.1",
        },
        {"a": "1.5.0", "pyproject.toml": '\nversion = "1.5.0"\n'},
    ),
    "a version that its own pattern does not parse": (
        "1!2.0",
        {".bumpversion.toml": toml('filename = "a"', more=SEMANTIC), "a": "1.2.3"},
        {"a": "1!2.0"},
    ),
    "a version that is not in its normal form, without a pattern": (
        "1.5.0rc2",
        {
            "pyproject.toml": PROJECT.format("1.5.0-rc.1"),
            ".bumpversion.toml": toml('filename = "a"', version="1.5.0-rc.1"),
            "a": "1.5.0-rc.1",
        },
        {"a": "1.5.0-rc.2"},
    ),
    "a package of npm": (
        "1.5.0rc2",
        {
            "pyproject.toml": PROJECT.format("1.5.0rc1"),
            ".bumpversion.toml": toml('filename = "package.json"', version="1.5.0rc1"),
            "package.json": '{"version": "1.5.0-rc.1"}',
        },
        {"package.json": '{"version": "1.5.0-rc.2"}', ".bumpversion.toml": '"1.5.0rc2"'},
    ),
    "a package of npm with a spelling of its own": (
        "1.5.0rc2",
        {
            "pyproject.toml": PROJECT.format("1.5.0rc1"),
            ".bumpversion.toml": toml(
                'filename = "package.json"\nserialize = ["{major}.{minor}.{patch}-{label}.{number}"]',
                version="1.5.0rc1",
                more=SEMANTIC.replace("(-(", "(?:-?(")
                .replace(r"\.(?P<number>", r"\.?(?P<number>")
                .replace("{patch}-{label}.{number}", "{patch}{label}{number}"),
            ),
            "package.json": '{"version": "1.5.0-rc.1"}',
        },
        {"package.json": '{"version": "1.5.0-rc.2"}', ".bumpversion.toml": '"1.5.0rc2"'},
    ),
    "an epoch and two numbers": (
        "1!2.0",
        {
            "pyproject.toml": PROJECT.format("1!1.9"),
            ".bumpversion.toml": toml('filename = "a"\nreplace = "{new_version} {new_minor}"', version="1!1.9"),
            "a": "1!1.9",
        },
        {"a": "1!2.0 0"},
    ),
}
"""For each configuration: the new version, the files, and what is in some of them then."""


@pytest.mark.parametrize("name", WRITTEN)
def test_files_are_written_as_they_are_configured(tmp_path: Path, name: str) -> None:
    version, files, expected = WRITTEN[name]
    raise_version(write(tmp_path, {"pyproject.toml": PROJECT.format("1.2.3"), **files}), Version(version))
    assert {path: text for path, text in expected.items() if text not in (tmp_path / path).read_text()} == {}
    kept = {path: (tmp_path / path).read_text() for path in files if len(files[path]) < 20 and path not in expected}
    assert kept == {path: files[path] for path in kept}


@pytest.mark.parametrize(
    ("entry", "more", "words"),
    [
        ('filename = "a"', "", "  Did not find '1.2.3' in file: 'a'"),
        ('filename = "b"', "", "FileNotFoundError: File not found: 'b'"),
        ('filename = "a"\nsearch = "{current_release}"', "", "KeyError: 'current_release'"),
        ('filename = "a"', 'parse = "("', "Could not parse regex '(': missing ), unterminated subpattern"),
    ],
)
def test_what_can_not_be_written_is_refused_in_the_words_of_bump_my_version(
    tmp_path: Path, entry: str, more: str, words: str
) -> None:
    files = {"pyproject.toml": PROJECT.format("1.2.3"), ".bumpversion.toml": toml(entry, more=more), "a": "1.2.2"}
    snapshot = write(tmp_path, files)
    with raises_error("VersionNotWritten") as raised:
        raise_version(snapshot, Version("1.3.0"))
    head, _, message = raised.value.what.partition("\n")
    assert head == "bump-my-version does not write 1.3.0, as .bumpversion.toml configures it:"
    assert words in message
    assert {name: (tmp_path / name).read_text() for name in files} == files


def test_files_in_one_line_as_bumpversion_took_them_are_refused_with_the_sections_to_write(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT.format("1.2.3"), "setup.cfg": CFG + "files = a sub/b\n", "a": "1.2.3"}
    snapshot = write(tmp_path, files)
    with raises_error("PyprojectInvalid") as raised:
        raise_version(snapshot, Version("1.3.0"))
    assert raised.value.what == (
        f"[bumpversion] in {tmp_path / 'setup.cfg'}: bump-my-version does not take files there, which bumpversion did"
    )
    assert raised.value.fix == "[bumpversion:file:a]\n[bumpversion:file:sub/b]"
    assert {name: (tmp_path / name).read_text() for name in files} == files


@pytest.mark.parametrize("name", [".bumpversion.toml", ".bumpversion.cfg"])
def test_hooks_do_not_run_and_stay_configured(tmp_path: Path, name: str) -> None:
    ini = f"setup_hooks =\n  touch {tmp_path}/mark\npost_commit_hooks = touch {tmp_path}/mark\n"
    text = (
        CFG + ini
        if name.endswith("cfg")
        else toml(more=f'setup_hooks = ["touch {tmp_path}/mark"]\n"post_commit_hooks"=[]')
    )
    snapshot = write(tmp_path, {"pyproject.toml": PROJECT.format("1.2.3"), name: text})
    raise_version(snapshot, Version("1.3.0"))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "pyproject.toml"])
    after = (tmp_path / name).read_text()
    assert after.replace("1.3.0", "1.2.3").replace(" ", "") == text.replace(" ", "")
    assert configured_hooks(Project.from_directory(tmp_path)) == ("setup_hooks", "post_commit_hooks")
