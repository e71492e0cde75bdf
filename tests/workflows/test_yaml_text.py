"""What is generated is data: every value of a setting is read back as it was given, whatever YAML would make of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import tomlkit
import yaml
from hypothesis import given
from hypothesis import strategies as st

from errors_raised import raises_error
from seatrial.project.settings import CiSettings
from seatrial.workflows.generate import Drift, DriftReason, require_valid
from seatrial.workflows.yaml_text import Commented, yaml_sections, yaml_text
from workflow_sets import MINIMAL, written, written_for_gitlab

ODD = (
    *(
        "[ -f x ] || make",
        'echo "a: b"',
        "# x",
        "- y",
        "'q",
        "a: |",
        "%x",
        "@x",
        "`d`",
        "! z",
        "&a b",
        "*b",
        "yes",
        "on",
    ),
    *(
        "3.10",
        "1e3",
        "0o7",
        "null",
        "~",
        "{a}",
        "? x",
        ">",
        "|",
        "a #b",
        "a:",
        ": a",
        "  a",
        "a\\b",
        "\u2028",
        "é",
        "=",
        "<<",
    ),
)
COMMAND = st.sampled_from(ODD) | st.text(max_size=20).filter(lambda text: text.strip() and "\n" not in text)


@given(st.lists(COMMAND, min_size=1, max_size=3).map(tuple))
def test_command_of_a_setting_is_read_back_as_it_was_given(install: tuple[str, ...]) -> None:
    context = replace(MINIMAL, settings=CiSettings(install=install))
    jobs = yaml.safe_load(written(context)[".github/workflows/ci.yml"])["jobs"]
    (step,) = (step for step in jobs["build"]["steps"] if step["name"] == "Install seatrial")
    assert step["run"] == (f"{chr(10).join(install)}\n" if install[1:] else install[0])
    build = yaml.safe_load(written_for_gitlab(context)[".gitlab-ci.yml"])["build"]
    assert build["script"][: len(install)] == list(install)


@pytest.mark.parametrize("name", ["on", "yes", "1.0", "2024-01-01", "null", "0x1", "1e3", "_", "~x", "-"])
def test_name_is_a_text_whatever_it_looks_like(name: str) -> None:
    context = replace(MINIMAL, branch=name, environment=name, tags=name, tag_form=f"{name}{{version}}")
    files = {path: yaml.safe_load(text) for path, text in written(context).items()}
    # PyYAML takes ``on`` for true; GitHub does not.
    assert files[".github/workflows/ci.yml"][True]["push"]["branches"] == [name]
    assert files[".github/workflows/release.yml"][True]["push"]["tags"] == [name]
    assert files[".github/workflows/release.yml"]["jobs"]["pypi"]["environment"] == name
    assert yaml.safe_load(written_for_gitlab(context)[".gitlab-ci.yml"])["pypi"]["environment"] == name


def test_text_of_toml_is_a_text() -> None:
    assert yaml_text({"branches": [tomlkit.string("main")]}) == "branches: [main]\n"


def test_layout_is_that_of_a_person() -> None:
    table = {
        "uses": Commented.from_pin("a/b@c0ffee # v1.2"),
        "permissions": {"id-token": Commented("write", "why"), "contents": "read"},
        "empty": {},
        "nothing": None,
        "words": ["a", "b*", "c, d"],
        "tables": [{"name": "x", "run": "one\ntwo\n"}, {"name": "y", "with": {"n": 1, "is": True, "text": "1"}}],
        "same": [{"a": "b"}] * 2,
    }
    assert yaml_text(table) == (
        "uses: a/b@c0ffee # v1.2\n"
        "permissions:\n"
        "  id-token: write # why\n"
        "  contents: read\n"
        "empty: {}\n"
        "nothing:\n"
        "words:\n"
        "  - a\n"
        "  - b*\n"
        "  - c, d\n"
        "tables:\n"
        "  - name: x\n"
        "    run: |\n"
        "      one\n"
        "      two\n"
        "  - name: y\n"
        "    with:\n"
        "      n: 1\n"
        "      is: true\n"
        "      text: '1'\n"
        "same:\n"
        "  - a: b\n"
        "  - a: b\n"
    )
    assert yaml_sections({"a": ["b", "c"], "d": 1}, indent=2) == "  a: [b, c]\n\n  d: 1\n"


def test_file_that_could_not_be_read_again_is_not_valid() -> None:
    require_valid(Drift("ci.yml", DriftReason.OUTDATED, "", "a: b\n"))
    with raises_error("WorkflowInvalid") as raised:
        require_valid(Drift("ci.yml", DriftReason.OUTDATED, "", "a: b\n c: [\n"))
    assert raised.value.what == "ci.yml would not be valid: line 2: mapping values are not allowed here"
