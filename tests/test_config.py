"""What ``[tool.seatrial]`` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seatrial.config import Config
from seatrial.errors import PyprojectInvalid
from seatrial.facts.project import Project
from seatrial.facts.versions import KINDS


def config(table: Any) -> Config:
    return Config.from_project(Project(Path("root"), {"tool": {"seatrial": table}}))


def test_no_table_and_an_empty_one_are_valid() -> None:
    assert Config.from_project(Project(Path("root"), {})) == config({}) == Config()


def test_settings_are_read() -> None:
    told = {"branch": "stable", "tag": "{name}-{version}", "message": "v{version}", "parts": {"doc": "minor"}}
    more = {"ignore": {"DIST206": "they are not ready"}, "publisher": {"workflow": "publish.yml"}}
    index = {"index": "https://index.example.invalid/simple"}
    assert config({**told, "lock": [["pdm", "lock"]], **more, **index}) == Config(
        branch="stable",
        tag="{name}-{version}",
        message="v{version}",
        parts={**KINDS, "doc": "minor"},
        lock=(("pdm", "lock"),),
        publisher=more["publisher"],
        index="https://index.example.invalid/simple/",
        ignore=more["ignore"],
    )


def test_mistakes_are_told_together() -> None:
    with pytest.raises(PyprojectInvalid) as raised:
        config(
            {
                "brnch": "x",
                "branch": 1,
                "tag": "v1",
                "message": "{part}",
                "parts": {"doc": "tiny"},
                "lock": ["pdm lock"],
                "publisher": {"work": "x", "owner": 1},
                "ignore": {"W001": "why", "DIST206": " ", "DIST205": 1},
            }
        )
    assert raised.value.what == (
        "[tool.seatrial] in root/pyproject.toml: there is no key 'brnch'; branch has to be a string, not 1; "
        "tag has to have {version} in it: 'v1'; message takes {version} and {name} alone, not '{part}'; "
        "parts.doc has to be one of major, minor, patch; "
        'lock has to be a list of commands, each a list of strings: lock = [["pdm", "lock"]]; '
        "publisher has no key 'work'; publisher.owner has to be a string; "
        "ignore.W001 is no code of a check, such as DIST206; ignore.DIST206 has to say the reason why, not ' '; "
        "ignore.DIST205 has to say the reason why, not 1"
    )


def test_ignore_that_is_no_table_is_told() -> None:
    with pytest.raises(PyprojectInvalid, match="ignore has to be a table of codes and reasons, not \\['DIST206'\\]"):
        config({"ignore": ["DIST206"]})
