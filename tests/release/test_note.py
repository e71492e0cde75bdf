"""The note of a push that was interrupted is read by name, and one that cannot be read is an error."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from errors_raised import raises_error
from seatrial.git.repository import read_repository
from seatrial.release.push import NOTE, NOTE_VERSION, ReleasePush, read_interrupted_release, update_checkout
from seatrial.release.request_branch import RequestNote

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
        "no tag": (json.dumps({**FIELDS, "tag": None}), "ValueError: tag is None"),
        "number": (json.dumps({**FIELDS, "remote": 5}), "ValueError: remote is 5"),
        "option": (json.dumps({**FIELDS, "remote": "--all"}), "ValueError: remote is '--all'"),
        "empty": (json.dumps({**FIELDS, "branch": ""}), "ValueError: branch is ''"),
        "no id": (json.dumps({**FIELDS, "oid": "abc\x1b"}), "ValueError: oid is 'abc\\x1b'"),
        "no base": (json.dumps({**FIELDS, "base": []}), "ValueError: base is []"),
        "odd address": (json.dumps({**FIELDS, "address": {}}), "ValueError: address is {}"),
        "deep": ("[" * 100_000, "RecursionError: ..."),
    }
    messages = {}
    for name, (text, _) in broken.items():
        note.write_text(text)
        with raises_error("NoteUnreadable") as caught:
            read_interrupted_release(read_repository(project.root))
        # What Python says of a depth is another text in each version.
        messages[name] = re.sub("(?<=RecursionError: ).+", "...", caught.value.what)
        assert note.read_text() == text
    start = f"{note} notes an interrupted release, and cannot be read: "
    assert messages == {name: start + reason for name, (_, reason) in broken.items()}


REQUEST = {
    "version": 1,
    **dict.fromkeys(("project", "tag", "remote", "branch", "into", "base", "commit", "tree"), "x"),
    "release": "1.3.0",
}


def test_note_of_a_request_that_is_odd_is_as_good_as_none(project: SampleProject, note: Path) -> None:
    """Then the release is verified again."""
    repository, path = read_repository(project.root), note.parent / "seatrial/request.json"
    path.parent.mkdir()
    path.write_text(json.dumps(REQUEST))
    sound = RequestNote.recall(repository)
    assert sound is not None
    assert str(sound.version) == "1.3.0"
    odd: tuple[dict[str, object], ...] = (
        {"branch": 5},
        {"release": "one"},
        {"release": None},
        {"files": []},
        {"url": {}},
        {"version": "1"},
    )
    texts = ("", "5", "[" * 100_000, "{}", *(json.dumps({**REQUEST, **change}) for change in odd))
    recalled = []
    for text in texts:
        path.write_text(text)
        recalled.append(RequestNote.recall(repository))
    assert recalled == [None] * len(texts)
    sound.keep(repository)
    assert RequestNote.recall(repository) == sound


REFUSING = """\
#!/bin/sh
[ "$1" = prepared ] || exit 0
grep -q refs/tags/ && { echo not today; exit 1; }
exit 0
"""


@pytest.mark.parametrize("reason", ["not today", "cannot create 'refs/tags/v1.3.0'"])
def test_checkout_that_git_does_not_update_keeps_the_note(project: SampleProject, note: Path, reason: str) -> None:
    head = project.git("rev-parse", "HEAD").strip()
    table = {**FIELDS, "commit": head, "oid": head}
    note.write_text(json.dumps(table))
    hook = project.root / ".git/hooks/reference-transaction"
    if reason == "not today":
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(REFUSING)
        hook.chmod(0o755)
    else:
        project.git("update-ref", "refs/tags/v1.3.0/draft", head)
    push = ReleasePush.from_dict({name: str(value) for name, value in table.items()})
    with raises_error("CheckoutNotUpdated") as caught:
        update_checkout(read_repository(project.root), push)
    assert caught.value.what.startswith("v1.3.0 is released, but git did not update the checkout to it:\n")
    assert reason in caught.value.what
    assert note.exists()
    hook.unlink(missing_ok=True)
    project.git("update-ref", "-d", "refs/tags/v1.3.0/draft")
    update_checkout(read_repository(project.root), push)
    assert (project.git("tag").split(), note.exists()) == (["v1.3.0"], False)


@pytest.mark.parametrize("flag", ["skip-worktree", "assume-unchanged"])
def test_change_that_is_hidden_from_git_is_shown_before_it_is_stashed(
    project: SampleProject, note: Path, flag: str
) -> None:
    note.write_text(json.dumps(FIELDS))
    project.write({"CHANGELOG.md": "1\n"})
    project.commit("Write")
    base = project.git("rev-parse", "HEAD").strip()
    project.write({"CHANGELOG.md": "2\n"})
    project.commit("Release")
    head = project.git("rev-parse", "HEAD").strip()
    project.git("reset", "-q", "--hard", base)
    project.git("update-index", f"--{flag}", "CHANGELOG.md")
    project.write({"CHANGELOG.md": "mine\n"})
    push = ReleasePush.from_dict({**{name: str(value) for name, value in FIELDS.items()}, "commit": head, "oid": head})
    with raises_error("CheckoutNotUpdated") as caught:
        update_checkout(read_repository(project.root), push)
    command, stash, _ = caught.value.fix.split(", ", 2)
    assert (command, stash) == (
        f"git update-index --no-{flag} CHANGELOG.md",
        "then: git stash --include-untracked",
    )
    project.git(*command.split()[1:])
    project.git("stash", "-q")
    update_checkout(read_repository(project.root), push)
    assert (project.git("rev-parse", "HEAD").strip(), note.exists()) == (head, False)


def test_other_tag_of_that_name_in_the_checkout_is_not_kept_in_silence(project: SampleProject, note: Path) -> None:
    """A hook or another program may make one while the release is pushed."""
    project.git("init", "-q", "--bare", "../remote.git")
    project.git("remote", "add", "origin", "../remote.git")
    project.git("tag", "v1.3.0")
    project.git("push", "-q", "origin", "main", "v1.3.0")
    head = project.git("rev-parse", "HEAD").strip()
    project.commit("Another")
    project.git("tag", "--force", "v1.3.0")
    note.write_text(json.dumps(FIELDS))
    push = ReleasePush.from_dict({**{name: str(value) for name, value in FIELDS.items()}, "commit": head, "oid": head})
    with raises_error("CheckoutNotUpdated") as caught:
        update_checkout(read_repository(project.root), push)
    assert note.exists()
    command, then = caught.value.fix.split(", then: ")
    assert then.endswith("which finishes it")
    assert project.run(*command.split()).returncode == 0
    update_checkout(read_repository(project.root), push)
    assert (project.git("rev-parse", "v1.3.0").strip(), note.exists()) == (head, False)
