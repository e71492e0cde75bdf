"""Errors of seatrial that a test expects."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from seatrial.errors import SeatrialError

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator


@contextlib.contextmanager
def raises_error(
    code: str, match: str | re.Pattern[str] | None = None
) -> Iterator[pytest.ExceptionInfo[SeatrialError]]:
    """Expect an error with this code, as ``pytest.raises`` expects one of a class."""
    with pytest.raises(SeatrialError, match=match) as caught:
        yield caught
    assert caught.value.code == code
