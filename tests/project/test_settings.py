"""What ``[tool.seatrial]`` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seatrial.errors import PyprojectInvalid
from seatrial.project.project import Project
from seatrial.project.settings import ChangelogConfig, CiSettings, Config
from seatrial.project.versions import PART_OF_KIND


def config(table: Any) -> Config:
    return Config.from_project(Project(Path("root"), {"tool": {"seatrial": table}}))


def mistake(table: Any) -> str:
    with pytest.raises(PyprojectInvalid) as raised:
        config(table)
    return raised.value.what


def test_no_table_and_an_empty_one_are_valid() -> None:
    assert Config.from_project(Project(Path("root"), {})) == config({}) == Config()


def test_settings_are_read() -> None:
    values: dict[str, object] = {
        "branch": "stable",
        "tag": "{name}-{version}",
        "message": "v{version}",
        "parts": {"doc": "minor"},
    }
    more = {"ignore": {"DIST206": "they are not ready"}, "publisher": {"workflow": "publish.yml"}}
    ci = {"systems": ["ubuntu", "windows"], "testpypi": False, "install": ["make tools"]}
    index = {"index": "https://index.example.invalid/simple", "workflows": ci}
    changelog = {"source": "unreleased", "file": "docs/changes.md", "pre-releases": "merge"}
    values |= {"through": "pull-request", "release-branch": "next/{version}"}
    assert config(
        {
            **values,
            "lock": [["pdm", "lock"]],
            "pass-env": ["DATABASE_*"],
            **more,
            **index,
            "changelog": changelog,
            "scheme": "calver",
        }
    ) == Config(
        branch="stable",
        tag="{name}-{version}",
        message="v{version}",
        through="pull-request",
        release_branch="next/{version}",
        parts={**PART_OF_KIND, "doc": "minor"},
        lock=(("pdm", "lock"),),
        pass_env=("DATABASE_*",),
        publisher=more["publisher"],
        index="https://index.example.invalid/simple/",
        ignore=more["ignore"],
        workflows=CiSettings(systems=("ubuntu", "windows"), testpypi=False, install=("make tools",)),
        changelog=ChangelogConfig("unreleased", "docs/changes.md", merges=True),
        scheme="calver",
    )


def test_mistakes_are_reported_together() -> None:
    with pytest.raises(PyprojectInvalid) as raised:
        config(
            {
                "brnch": "x",
                "branch": 1,
                "tag": "v1",
                "release-branch": "next",
                "through": "mail",
                "message": "{part}",
                "parts": {"doc": "tiny"},
                "lock": ["pdm lock"],
                "pass-env": "TOKEN",
                "publisher": {"work": "x", "owner": 1},
                "ignore": {"W001": "why", "DIST206": " ", "DIST205": 1},
                "changelog": {"way": 1, "source": "towncrier", "file": 1},
            }
        )
    assert raised.value.what == (
        "[tool.seatrial] in root/pyproject.toml: unknown key 'brnch'; branch has to be a string, not 1; "
        "tag has to have {version} in it: 'v1'; message takes {version} and {name} alone, not '{part}'; "
        "release-branch has to have {version} in it: 'next'; through has to be one of push, pull-request, not 'mail'; "
        "parts.doc has to be one of major, minor, patch; "
        'lock has to be a list of commands, each a list of strings: lock = [["pdm", "lock"]]; '
        """pass-env has to be a list of names, pass-env = ["DATABASE_PASSWORD"], not 'TOKEN'; """
        "publisher has no key 'work'; publisher.owner has to be a string; "
        "ignore.W001 is not the code of a check, such as DIST206; ignore.DIST206 has to say the reason why, not ' '; "
        "ignore.DIST205 has to say the reason why, not 1; "
        "changelog has no key 'way'; changelog.source has to be one of fragments, unreleased, none, not 'towncrier'; "
        "changelog.file has to be a string, not 1"
    )


def test_ignore_that_is_no_table_is_reported() -> None:
    with pytest.raises(PyprojectInvalid, match="ignore has to be a table of codes and reasons, not \\['DIST206'\\]"):
        config({"ignore": ["DIST206"]})


MISTAKES: tuple[tuple[object, str], ...] = (
    (["ubuntu"], "workflows has to be a table, not ['ubuntu']"),
    ({"system": ["ubuntu"]}, "workflows has no key 'system'"),
    ({"systems": []}, "workflows.systems has to be a list of ubuntu, macos, windows, not []"),
    ({"systems": "macos"}, "workflows.systems has to be a list of ubuntu, macos, windows, not 'macos'"),
    ({"systems": ["beos"]}, "workflows.systems has to be a list of ubuntu, macos, windows, not ['beos']"),
    ({"testpypi": "yes"}, "workflows.testpypi has to be true or false, not 'yes'"),
    ({"coverage": 1}, "workflows.coverage has to be true or false, not 1"),
    ({"verification": "$(id)"}, "workflows.verification has to be the tag of a session, not '$(id)'"),
    (
        {"install": ["a\nb"]},
        "workflows.install has to be a list of commands, each in one line, not ['a\\nb']",
    ),
)
"""Values of ``workflows``, and what is wrong with each."""


def test_mistake_in_the_settings_of_ci_is_reported() -> None:
    assert [(value, mistake({"workflows": value})) for value, _ in MISTAKES] == [
        (value, f"[tool.seatrial] in root/pyproject.toml: {text}") for value, text in MISTAKES
    ]


@pytest.mark.parametrize("index", ["https://index.example.invalid/legacy/", "https://upload.example.invalid/legacy"])
def test_address_for_uploads_is_not_the_one_to_read(index: str) -> None:
    fact = f"index has to be where the index is read, https://…/simple/; {index} is where files are uploaded"
    assert mistake({"index": index}) == f"[tool.seatrial] in root/pyproject.toml: {fact}"


def test_template_takes_names_and_nothing_of_them() -> None:
    odd = ("{version.nope}", "{version[0]}", "{version:>9}", "{version!r}", "{", "{0}", "{name.x}")
    templates = [(key, f"{{version}}{more}") for key in ("tag", "message") for more in odd]
    unexplained = [
        (key, text)
        for key, text in templates
        if f"{key} takes {{version}} and {{name}} alone, not '{text}'" not in mistake({key: text})
    ]
    assert unexplained == []


@pytest.mark.parametrize(
    "form",
    [
        *(
            "release {version}",
            "v{version}~1",
            "v^{version}",
            "a:{version}",
            "v{version}?",
            "v{version}*",
            "[{version}]",
        ),
        *("a\\{version}", "v..{version}", "v@{{{version}", "a//{version}", "-{version}", "/{version}", "{version}/"),
        *("{version}.", "{version}.lock", "a.lock/{version}", ".v{version}", "a/.{version}", "v{version}\t"),
    ],
)
def test_tag_that_git_does_not_take_is_reported(form: str) -> None:
    mistake = f"tag has to be a name that git takes (git help check-ref-format), not {form!r}"
    with pytest.raises(PyprojectInvalid) as raised:
        config({"tag": form})
    assert raised.value.what == f"[tool.seatrial] in root/pyproject.toml: {mistake}"


@pytest.mark.parametrize("form", ["{name}@{version}", "a/b/v{version}", "v{version}+x", "{version}", "Ü-{version}"])
def test_tag_that_git_takes_is_valid(form: str) -> None:
    assert config({"tag": form}).tag == form
