"""The card of a rehearsal: the commands that were not run, and the next command."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seatrial.checks.index import NameAnswer
from seatrial.ci.publisher import Publisher
from seatrial.commands import Command
from seatrial.rehearsal.rehearse import REFUSED, RehearsalReport, first_commands
from seatrial.release.manifest import Manifest

NOT_RUN = ("pip install build", "make", "make dist", "rsync dist host:")
PLACES = ("release.yml, job build", "release.yml, job build", "release.yml, job build", "release.yml, job site")


def report(*options: str, remarks: tuple[str, ...] = ()) -> RehearsalReport:
    """Return the report of a rehearsal with these options."""
    return RehearsalReport(
        project="demo",
        manifest=Manifest("v1.3.0", "1.3.0", "0" * 40, ()),
        installed=(),
        seconds={},
        publisher=Publisher("acme", "demo", "release.yml"),
        remarks=remarks,
        not_run=NOT_RUN,
        places=PLACES,
        options=options,
    )


def test_card_names_the_first_command_of_each_job_and_counts_the_others() -> None:
    assert first_commands(NOT_RUN, PLACES) == (
        "release.yml, job build: pip install build, and 2 more",
        "release.yml, job site: rsync dist host:",
        "all of them: -v",
    )
    assert first_commands((), ()) == ()
    assert first_commands(("make " + "x" * 60,), ("a.yml, job b",)) == ("a.yml, job b: make " + "x" * 44 + "…",)
    assert "not run    release.yml, job build: pip install build, and 2 more" in str(report())


def test_whole_card_has_every_command() -> None:
    rows = "\n           ".join(NOT_RUN)
    assert f"not run    {rows}\nunknown " in report().card(is_whole=True)


def test_card_does_not_repeat_a_note_about_the_name() -> None:
    answer = NameAnswer("the name demo is free on the index, but PyPI would refuse it", "choose another name")
    named = replace(report(), name=answer)
    row = f"name       {answer}\n"
    noted = replace(named, notes=(f"INDEX012  {answer.text}\nfix: {answer.fix}",))
    assert str(named).count(row) == 1
    assert str(noted) == str(named).replace(row, "")
    assert named.as_dict() == noted.as_dict()


@pytest.mark.parametrize(
    ("options", "remarks", "following"),
    [
        (("--part", "minor", "--no-tests"), (), Command("release", "--part", "minor")),
        (("--version", "2.0", "--allow-empty"), (), Command("release", "--version", "2.0", "--allow-empty")),
        (("--part", "minor"), (f"{REFUSED} main is behind",), Command("status")),
        (("--part", "minor"), ("nothing was signed",), Command("release", "--part", "minor")),
    ],
)
def test_next_command_releases_unless_a_release_is_refused(
    options: tuple[str, ...], remarks: tuple[str, ...], following: Command
) -> None:
    assert report(*options, remarks=remarks).next_step == following
