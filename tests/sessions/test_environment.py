"""What an environment holds, and what has to be done about it."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from seatrial.installer import STAMP, Pip, StampedEnvironment
from seatrial.sessions.environment import EnvironmentContents, Work, is_bare

if TYPE_CHECKING:
    from pathlib import Path


HELD = EnvironmentContents("python3.12", "uv", ("pytest",), ("cli",), ("attrs",), ("tidepool",), "a.whl 123")


@pytest.mark.parametrize(
    ("held", "work"),
    [
        (HELD, Work.NOTHING),
        (replace(HELD, wheel="a.whl 456"), Work.WHEEL),
        (replace(HELD, wheel="a.whl 456", modules=("tidepool", "x")), Work.WHEEL),
        (replace(HELD, modules=()), Work.WHEEL),
        (replace(HELD, python="python3.12.1"), Work.EVERYTHING),
        (replace(HELD, installer="pip"), Work.EVERYTHING),
        (replace(HELD, requirements=("pytest", "humanize")), Work.EVERYTHING),
        (replace(HELD, extras=()), Work.EVERYTHING),
        (replace(HELD, needs=()), Work.EVERYTHING),
        (None, Work.EVERYTHING),
    ],
)
def test_only_a_new_wheel_is_exchanged_alone(held: EnvironmentContents | None, work: Work) -> None:
    assert HELD.work(held) is work


def test_contents_are_read_as_they_were_written(tmp_path: Path) -> None:
    environment = StampedEnvironment(tmp_path, Pip())
    assert EnvironmentContents.of(environment) is None
    with environment.changing(asdict(HELD)):
        assert EnvironmentContents.of(environment) is None
    assert EnvironmentContents.of(environment) == HELD
    with contextlib.suppress(KeyboardInterrupt), environment.changing(asdict(HELD)):
        raise KeyboardInterrupt
    assert EnvironmentContents.of(environment) is None, "a change was cut short"


@pytest.mark.parametrize("spoilt", ["", "[]", '{"python": "3"}', '{"unheard": 1}'])
def test_unreadable_contents_are_unknown(tmp_path: Path, spoilt: str) -> None:
    (tmp_path / STAMP).write_text(spoilt)
    assert EnvironmentContents.of(StampedEnvironment(tmp_path, Pip())) is None


@pytest.mark.parametrize(
    ("installed", "bare"),
    [
        ([], True),
        (["pip-24.0", "setuptools-77.0", "wheel-0.45"], True),
        (["pip-24.0", "pytest-8.0"], False),
        (["pipx-1.0"], False),
    ],
)
def test_environment_with_what_it_was_made_with_is_bare(tmp_path: Path, installed: list[str], bare: bool) -> None:  # noqa: FBT001
    for name in installed:
        (tmp_path / f"lib/python3.12/site-packages/{name}.dist-info").mkdir(parents=True)
    assert is_bare(tmp_path) is bare
