"""Two builds are compared member by member."""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from seatrial.facts.members import differing

if TYPE_CHECKING:
    from pathlib import Path


def pack(path: Path, members: dict[str, str]) -> Path:
    if path.suffix == ".whl":
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in members.items():
                archive.writestr(name, text)
    else:
        with tarfile.open(path, "w:gz") as sdist:
            for name, text in members.items():
                member = tarfile.TarInfo(name)
                member.size = len(text.encode())
                sdist.addfile(member, io.BytesIO(text.encode()))
    return path


@pytest.mark.parametrize("suffix", [".whl", ".tar.gz"])
def test_members_that_differ_or_are_alone_are_named(tmp_path: Path, suffix: str) -> None:
    one = pack(tmp_path / f"one{suffix}", {"same": "x", "other": "x", "gone": "x"})
    two = pack(tmp_path / f"two{suffix}", {"other": "y", "same": "x", "new": "x"})
    assert differing(one, two) == ("gone", "new", "other")
    assert differing(one, one) == ()
