"""Where PyPI is, as twine has it."""

from __future__ import annotations


def host() -> str:
    """Return the host of PyPI's own pages: uploads go to one below it."""
    # Loaded here because twine takes its time, and an address is needed only where something is shown or asked.
    from twine.utils import DEFAULT_REPOSITORY  # noqa: PLC0415

    return DEFAULT_REPOSITORY.split("/")[2].partition(".")[2]
