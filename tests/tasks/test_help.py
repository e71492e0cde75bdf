"""What ``--help`` prints, of every command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from seatrial.tasks import GROUPS, ns
from seatrial.tasks.program import run

EXPECTED = Path(__file__).resolve().parents[1] / "expected/help.txt"


def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    monkeypatch.setattr("sys.argv", ["seatrial", *words])
    assert run(words) == 0
    return capsys.readouterr().out


def test_help(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    lines = [(), *((name, "--help") for names in GROUPS.values() for name in names)]
    pages = [f"$ {' '.join(('seatrial', *words))}\n{printed(capsys, monkeypatch, *words)}" for words in lines]
    text = "\n".join(pages)
    if pytestconfig.getoption("--refresh"):
        EXPECTED.write_text(text, encoding="utf-8")
    assert text == EXPECTED.read_text(encoding="utf-8")


def test_every_command_is_in_a_group() -> None:
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(ns.task_names)


@pytest.mark.parametrize("columns", [20, 60, 80, 200])
def test_help_is_as_wide_as_the_terminal_within_limits(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    text = "".join(printed(capsys, monkeypatch, name, "--help") for name in ns.task_names)
    without_examples = re.sub(r"^Example:\n.*\n", "", text, flags=re.MULTILINE)
    assert max(map(len, without_examples.splitlines())) <= min(max(columns, 60), 100)


WAYS = (("help", "verify"), ("--help", "verify"), ("-h", "verify"), ("verify", "--help"), ("verify", "1.3.0", "-h"))


def test_help_of_a_command_is_the_same_in_every_form(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len({printed(capsys, monkeypatch, *words) for words in WAYS}) == 1
    ways = ((), ("--help",), ("-h",), ("help",), ("help", "help"))
    assert len({printed(capsys, monkeypatch, *words) for words in ways}) == 1


def test_short_flag_means_the_same_in_every_command() -> None:
    meanings = {
        (short, parameter.name)
        for name in ns.task_names
        for parameter in ns[name].parameters
        if (short := parameter.short)
    }
    assert meanings == {("-p", "part"), ("-y", "yes"), ("-n", "dry_run")}


def test_example_of_a_command_is_accepted() -> None:
    """Every docstring ends with one, which the help page prints."""
    examples = {name: re.findall(r"Example: (?:invoke|seatrial) (\S+)", ns[name].__doc__) for name in ns.task_names}
    assert {name: commands for name, commands in examples.items() if commands != [name]} == {}
