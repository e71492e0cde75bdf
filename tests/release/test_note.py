"""The note of a push that was interrupted is read by name, and one that cannot be read is an error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from errors_raised import raises_error
from seatrial.git.repository import read_repository
from seatrial.release.push import NOTE, NOTE_VERSION, read_interrupted_release

if TYPE_CHECKING:
    from pathlib import Path

    from sample_project import SampleProject

FIELDS = {
    "version": NOTE_VERSION,
    "commit": "c" * 40,
    "tag": "v1.3.0",
    "oid": "a" * 40,
    "branch": "main",
    "remote": "origin",
    "upstream": "refs/heads/main",
}


@pytest.fixture
def note(project: SampleProject) -> Path:
    """Return where the note of a project lies that has one commit."""
    project.git("init", "-q", "-b", "main")
    project.commit()
    return project.root / ".git" / NOTE


def test_project_without_a_note_has_no_interrupted_release(project: SampleProject, note: Path) -> None:
    assert not note.exists()
    assert read_interrupted_release(read_repository(project.root)) is None


def test_unknown_fields_of_a_note_are_passed_over(project: SampleProject, note: Path) -> None:
    project.git("tag", "v1.3.0")
    head = project.git("rev-parse", "HEAD").strip()
    note.write_text(json.dumps({**FIELDS, "commit": head, "oid": head, "branch": "main", "later": True}))
    interrupted = read_interrupted_release(read_repository(project.root))
    assert interrupted is not None
    assert (interrupted.tag, interrupted.is_here) == ("v1.3.0", True)


def test_note_that_cannot_be_read_is_named_and_kept(project: SampleProject, note: Path) -> None:
    broken = {
        "half": (
            '{"version": 1, "comm',
            "JSONDecodeError: Unterminated string starting at: line 1 column 16 (char 15)",
        ),
        "first edition": (json.dumps({"commit": "c"}), "KeyError: 'version'"),
        "newer": (json.dumps({**FIELDS, "version": 2}), "it has version 2, and this seatrial reads version 1"),
        "no object": ("[]", "TypeError: list indices must be integers or slices, not str"),
    }
    messages = {}
    for name, (text, _) in broken.items():
        note.write_text(text)
        with raises_error("NoteUnreadable") as caught:
            read_interrupted_release(read_repository(project.root))
        messages[name] = caught.value.what
        assert note.read_text() == text
    start = f"{note} notes an interrupted release, and cannot be read: "
    assert messages == {name: start + reason for name, (_, reason) in broken.items()}
