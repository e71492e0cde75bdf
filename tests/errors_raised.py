"""Errors of seatrial that a test expects, and their texts as a user reads them."""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

import pytest

from seatrial.commands import Invocation
from seatrial.errors import SeatrialError

if TYPE_CHECKING:
    from collections.abc import Iterator


def rendered(text: object) -> str:
    """Return a text with the commands of seatrial in it as they are typed where no program of seatrial runs."""
    return Invocation(("pytest",), os.environ).render(text)


@contextlib.contextmanager
def raises_error(
    code: str, match: str | re.Pattern[str] | None = None
) -> Iterator[pytest.ExceptionInfo[SeatrialError]]:
    """Expect an error with this code, as ``pytest.raises`` expects one of a class; ``match`` is for the rendered text.

    The texts of the error are rendered afterwards.
    """
    with pytest.raises(SeatrialError) as caught:
        yield caught
    error = caught.value
    assert error.code == code
    error.what, error.fix = rendered(error.what), rendered(error.fix)
    error.args = tuple(map(rendered, error.args))
    if match is not None:
        assert re.search(match, str(error)), str(error)
