"""How a command is shown, as ``-q``, ``-v`` and ``--no-color`` say."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from invoke.config import Config
from invoke.context import Context

from seatrial.console import Form
from seatrial.tasks.command import command
from seatrial.tasks.console import PRESENTATION, Presentation, open_console

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def as_usual() -> Iterator[None]:
    """Leave the next test as if no command had run."""
    token = PRESENTATION.set(Presentation())
    yield
    PRESENTATION.reset(token)


def test_flags_that_every_command_takes_are_not_for_the_task() -> None:
    @command
    def sail(context: Context, crew: str = "") -> tuple[str, Presentation]:
        """Sail."""
        del context
        return crew, PRESENTATION.get()

    context = Context(Config(lazy=True))
    assert sail(context, crew="Ann", quiet=True, no_color=True) == ("Ann", Presentation(quiet=True, no_color=True))
    assert sail(context) == ("", Presentation())


def test_console_is_as_the_flags_want_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("CI", raising=False)

    def console() -> tuple[Form, bool, bool]:
        opened = open_console("sail", io.StringIO())
        return opened.form, opened.is_verbose, opened.has_colour

    assert console() == (Form.PLAIN, False, True)
    PRESENTATION.set(Presentation(quiet=True))
    assert console() == (Form.QUIET, False, True)
    PRESENTATION.set(Presentation(verbose=True, no_color=True))
    assert console() == (Form.PLAIN, True, False)
