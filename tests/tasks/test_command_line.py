"""What the words of a command line mean for a command, and what is said of words that mean nothing."""

from __future__ import annotations

import shlex

import pytest

from errors_raised import rendered
from sample_project import lines
from seatrial.commands import NOX
from seatrial.errors import SeatrialError
from seatrial.tasks import ns
from seatrial.tasks.command_line import NAMES_ELSEWHERE, CommandLine, ReadCommand, read_command

COMMANDS = {name: ns[name] for name in ns.task_names}
READ = "more: seatrial explain "


def read(line: str, *, runs_several: bool = False) -> ReadCommand:
    words = tuple(shlex.split(line))
    return read_command(
        CommandLine(words, COMMANDS),
        0,
        COMMANDS[words[0]],
        next_commands=COMMANDS if runs_several else (),
        skipped={"--list": False, "--config": True, "-f": True, "-p": False},
    )


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("release", {}),
        ("release minor", {"part": "minor"}),
        ("release --part minor", {"part": "minor"}),
        ("release --part=minor", {"part": "minor"}),
        ("release -p minor", {"part": "minor"}),
        ("release -pminor -y", {"part": "minor", "yes": True}),
        ("release -ynp minor", {"part": "minor", "yes": True, "dry_run": True}),
        ("release -ynp=minor", {"part": "minor", "yes": True, "dry_run": True}),
        ("release minor --part minor", {"part": "minor"}),
        ("release 1.2.3", {"version": "1.2.3"}),
        ("release v1.2.3 --yes", {"version": "v1.2.3", "yes": True}),
        ("release --version 1!2.0", {"version": "1!2.0"}),
        ("release --yes preview", {"part": "preview", "yes": True}),
        ("release --no-tests auto", {"part": "auto", "tests": False}),
        ("release --tests", {"tests": True}),
        ("release -qy --no-color", {"yes": True, "quiet": True, "no_color": True}),
        ("status --verbose", {"verbose": True}),
        ("rehearse minor", {"part": "minor"}),
        ("preflight 1.2.3", {"version": "1.2.3"}),
        ("bump rc", {"part": "rc"}),
        ("changelog 1.5.0", {"version": "1.5.0"}),
        ("tag 1.5.0", {"version": "1.5.0"}),
        ("verify 1.3.0", {"version": "1.3.0"}),
        ("verify --limit 0 --no-install 1.3.0", {"limit": "0", "install": False, "version": "1.3.0"}),
        ("verify --version=v1.3", {"version": "v1.3"}),
        ("undo 1.3.0 --why '- deletes files'", {"version": "1.3.0", "why": "- deletes files"}),
        ("news feature '- Tides rise.'", {"kind": "feature", "text": "- Tides rise."}),
        ("news feature '--keep-going is new.'", {"kind": "feature", "text": "--keep-going is new."}),
        ("news feature -5", {"kind": "feature", "text": "-5"}),
        ("news feature -", {"kind": "feature", "text": "-"}),
        ("undo 1.3.0 '--why=It breaks.'", {"version": "1.3.0", "why": "It breaks."}),
        ("init packages/foo --yes", {"project": "packages/foo", "yes": True}),
        ("init --project packages/foo", {"project": "packages/foo"}),
        ("undo 1.3.0 --why=--all", {"version": "1.3.0", "why": "--all"}),
        ("verify --limit -5", {"limit": "-5"}),
        ("news feature 'Tides rise.'", {"kind": "feature", "text": "Tides rise."}),
        ("news --kind feature 'Tides rise.'", {"kind": "feature", "text": "Tides rise."}),
        ("news feature -- --help", {"kind": "feature", "text": "--help"}),
        ("news release status", {"kind": "release", "text": "status"}),
        ("check a.whl b.tar.gz --json", {"file": ["a.whl", "b.tar.gz"], "json": True}),
        ("check --file a.whl -- -b.whl", {"file": ["a.whl", "-b.whl"]}),
        ("check release", {"file": ["release"]}),
        ("ci.version --run 42 --attempt=2", {"run": 42, "attempt": 2}),
        ("ci.verify --tag v1.3.0 --built", {"tag": "v1.3.0", "built": True}),
        ("ci.notes v1.3.0", {"tag": "v1.3.0"}),
    ],
)
def test_words_are_values_of_the_command(line: str, values: dict[str, object]) -> None:
    assert read(line).values == values


@pytest.mark.parametrize(
    "line",
    [
        "release --help",
        "news feature --help",
        "news feature -h",
        "undo --help",
        "new -h tidepool",
        "release --prat --help",
        "verify --limit --help",
        "status verify --help",
    ],
)
def test_help_option_wins_over_other_arguments(line: str) -> None:
    assert read(line).asks_help


def test_command_ends_where_the_next_begins_unless_it_needs_the_word() -> None:
    line = "bump minor changelog"
    assert read(line, runs_several=True).end == 2
    assert read("news release status tag", runs_several=True).end == 3
    assert read("check a.whl status", runs_several=True).end == 2
    assert read("bump --list -f x.yaml minor tag", runs_several=True).end == 5
    assert not read("bump changelog --help", runs_several=True).asks_help


MISTAKES = (
    (
        "release --prat minor --yes",
        f"""
        release has no option --prat; did you mean --part?
        fix:  invoke release --part minor --yes
        {READ}OptionUnknown
        """,
    ),
    (
        "release --prat=minor",
        f"""
        release has no option --prat; did you mean --part?
        fix:  invoke release --part=minor
        {READ}OptionUnknown
        """,
    ),
    (
        "release --dry",
        f"""
        release has no option --dry; did you mean --dry-run?
        fix:  invoke release --dry-run
        {READ}OptionUnknown
        """,
    ),
    (
        "release --sideways",
        f"""
        release has no option --sideways
        fix:  invoke release --help
        {READ}OptionUnknown
        """,
    ),
    (
        "release -yx",
        f"""
        release has no option -x
        fix:  invoke release --help
        {READ}OptionUnknown
        """,
    ),
    (
        "release --part",
        f"""
        --part needs a value
        fix:  invoke release --part minor
        {READ}ValueMissing
        """,
    ),
    (
        "release -yp --no-tests",
        f"""
        -p needs a value
        fix:  invoke release -yp minor --no-tests
        {READ}ValueMissing
        """,
    ),
    (
        "undo 1.3.0 --why --index pypi",
        f"""
        --why needs a value
        fix:  invoke undo 1.3.0 --why TEXT --index pypi
        {READ}ValueMissing
        """,
    ),
    (
        "release --yes=1 minor",
        f"""
        --yes takes no value
        fix:  invoke release --yes minor
        {READ}ValueUnknown
        """,
    ),
    (
        "release minor --part patch",
        f"""
        --part is given twice: minor and patch
        fix:  invoke release minor
        {READ}ValueUnknown
        """,
    ),
    (
        "status -qv",
        f"""
        --quiet and --verbose exclude each other
        fix:  invoke status --verbose
        {READ}ValueUnknown
        """,
    ),
    (
        "ci.version --run x",
        f"""
        --run needs a number, not 'x'
        fix:  invoke ci.version --run 1
        {READ}ValueUnknown
        """,
    ),
    (
        "release mayor",
        f"""
        unknown part 'mayor'; did you mean major?
        fix:  invoke release major
        {READ}PartUnknown
        """,
    ),
    (
        "release --yes --part=mjnor",
        f"""
        unknown part 'mjnor'; did you mean major or minor?
        fix:  invoke release --yes --part=major; or invoke release --yes --part=minor
        {READ}PartUnknown
        """,
    ),
    (
        "bump sideways",
        f"""
        unknown part 'sideways': choose from major, minor, patch, a, b, rc, final, dev, post, calendar, auto
        fix:  invoke bump minor
        {READ}PartUnknown
        """,
    ),
    (
        "release 1.x --yes",
        f"""
        '1.x' is not a version
        fix:  invoke release VERSION --yes, such as 1.5.0, 1.5.0rc1 or 1.5.0.post1
        {READ}VersionInvalid
        """,
    ),
    (
        "verify --version=1..2",
        f"""
        '1..2' is not a version
        fix:  invoke verify --version VERSION, such as 1.5.0, 1.5.0rc1 or 1.5.0.post1
        {READ}VersionInvalid
        """,
    ),
    (
        "undo sideways",
        f"""
        'sideways' is not a version
        fix:  invoke undo VERSION, such as 1.5.0, 1.5.0rc1 or 1.5.0.post1
        {READ}VersionInvalid
        """,
    ),
    (
        "preflight --version minor",
        f"""
        'minor' is not a version
        fix:  invoke preflight --part minor
        {READ}VersionInvalid
        """,
    ),
    (
        "rehearse -p 1.2",
        f"""
        '1.2' is a version, and no part of one
        fix:  invoke rehearse --version 1.2
        {READ}PartUnknown
        """,
    ),
    (
        "release minor 1.3.0 patch",
        f"""
        release does not take 'patch'
        fix:  invoke release minor 1.3.0
        {READ}WordUnexpected
        """,
    ),
    (
        "status json",
        f"""
        status does not take 'json'; did you mean --json?
        fix:  invoke status --json
        {READ}WordUnexpected
        """,
    ),
    (
        "release status --json",
        f"""
        release and status are two commands
        fix:  invoke release && invoke status --json
        {READ}WordUnexpected
        """,
    ),
    (
        "release '' --yes",
        f"""
        release needs PART, and was given an empty text
        fix:  invoke release minor --yes
        {READ}ValueMissing
        """,
    ),
    (
        "release --version ''",
        f"""
        --version needs a value, and was given an empty text
        fix:  invoke release --version VERSION
        {READ}ValueMissing
        """,
    ),
    (
        "release --part= --yes",
        f"""
        --part needs a value, and was given an empty text
        fix:  invoke release --part minor --yes
        {READ}ValueMissing
        """,
    ),
    (
        "release -yp ''",
        f"""
        --part needs a value, and was given an empty text
        fix:  invoke release -yp minor
        {READ}ValueMissing
        """,
    ),
    (
        "news feature ' '",
        f"""
        news needs TEXT, and was given an empty text
        fix:  invoke news feature TEXT
        {READ}ValueMissing
        """,
    ),
    (
        "news",
        f"""
        news needs TYPE and TEXT
        fix:  invoke news TYPE TEXT
        {READ}ValueMissing
        """,
    ),
    (
        "news feature --issue 42",
        f"""
        news needs TEXT
        fix:  invoke news feature --issue 42 TEXT
        {READ}ValueMissing
        """,
    ),
    (
        "verify https://me:hush@index.example/ more",
        f"""
        'https://***@index.example/' is not a version
        fix:  invoke verify VERSION more, such as 1.5.0, 1.5.0rc1 or 1.5.0.post1
        {READ}VersionInvalid
        """,
    ),
)


@pytest.mark.parametrize(("line", "message"), MISTAKES)
def test_mistake_is_answered_with_the_line_that_was_meant(line: str, message: str) -> None:
    with pytest.raises(SeatrialError) as caught:
        read(line)
    assert rendered(caught.value.explained_text) == lines(message).rstrip("\n")


@pytest.mark.parametrize(
    ("line", "suggestion", "fix"),
    [
        ("relase minor", "release", "invoke release minor"),
        ("plan", "release --dry-run", "invoke release --dry-run"),
        ("Plan --yes minor", "release --dry-run", "invoke release --dry-run --yes minor"),
        ("prepare", "preflight", "invoke preflight"),
        ("upload dist/tidepool.whl", "publish", "invoke publish"),
        ("deploy --yes", "publish", "invoke publish --yes"),
        ("ship 1.3.0", "release", "invoke release 1.3.0"),
        ("minor", "release minor", "invoke release minor"),
        ("1.3.0 --yes", "release 1.3.0", "invoke release 1.3.0 --yes"),
        ("add feature 'It is new.'", "news", "invoke news feature 'It is new.'"),
        ("yank", "undo", "invoke undo VERSION"),
        ("tests -- -k tide", "nox -s tests", "nox -s tests"),
        ("lint", "nox -s lint", "nox -s lint"),
        ("build", "nox -s build", "nox -s build"),
        ("docs", "explain", "invoke explain"),
        ("log", "status", "invoke status"),
        ("show", "status", "invoke status"),
        ("version", "--version", "seatrial --version"),
        ("biuld", "nox -s build", "nox -s build"),
        ("verison", "verify", "invoke verify"),
        ("rehaerse 1.3.0 --yes", "rehearse", "invoke rehearse"),
        ("ci.verison", "ci.version", "invoke ci.version"),
        ("sideways", None, "invoke --help"),
    ],
)
def test_unknown_command_leads_to_the_one_that_was_meant(line: str, suggestion: str | None, fix: str) -> None:
    words = tuple(shlex.split(line))
    with pytest.raises(SeatrialError) as caught:
        CommandLine(words, COMMANDS).require_command(0)
    question = f"; did you mean {suggestion}?" if suggestion else ""
    assert rendered(caught.value) == f"unknown command {words[0]!r}{question}\nfix:  {fix}"


def test_command_of_nox_is_rendered_as_it_can_be_typed() -> None:
    with pytest.raises(SeatrialError) as caught:
        CommandLine(("pytest",), COMMANDS).require_command(0)
    assert caught.value.fix == f"{NOX} -s tests"


def test_word_of_another_tool_means_a_command_that_exists() -> None:
    programs = {target.split()[0] for target in NAMES_ELSEWHERE}
    assert programs - COMMANDS.keys() == {"nox", "--help", "--version"}
    words = [word for group in NAMES_ELSEWHERE.values() for word in group.split()]
    assert sorted({word for word in words if words.count(word) > 1 or word in COMMANDS}) == []
