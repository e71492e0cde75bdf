"""A git repository and its remote."""

from __future__ import annotations

import pytest

from seatrial.git.repository import page_of_runs


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("https://github.com/o/r.git", "https://github.com/o/r/actions"),
        ("https://user:secret@github.com/o/r", "https://github.com/o/r/actions"),
        ("git@github.com:o/r.git", "https://github.com/o/r/actions"),
        ("ssh://git@github.com:22/o/r.git", "https://github.com/o/r/actions"),
        ("git@gitlab.com:group/sub/r.git", "https://gitlab.com/group/sub/r/-/pipelines"),
        ("https://codeberg.org/o/r/", "https://codeberg.org/o/r/actions"),
        ("https://example.invalid/o/r", None),
        ("/srv/git/r.git", None),
        ("../r.git", None),
        ("C:\\git\\r", None),
    ],
)
def test_forge_shows_its_runs_on_a_page(address: str, page: str | None) -> None:
    assert page_of_runs(address) == page
