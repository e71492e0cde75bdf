"""Of what CI does before its upload, sessions are run by name; every other command is listed, and none is run."""

from __future__ import annotations

import pytest

from sample_project import lines
from seatrial.ci.before_upload import (
    LONGEST_COMMAND,
    BeforeUpload,
    Script,
    context_of,
    scripts_before_upload,
    up_to_upload,
)
from seatrial.ci.condition import Answer, all_of, any_of, condition_holds
from seatrial.ci.github import Workflow
from seatrial.ci.publisher import Publishing

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


@pytest.mark.parametrize(
    ("text", "sessions", "not_run"),
    [
        ("nox -s build check", ("build", "check"), ()),
        ("uv run --locked nox -s build", ("build",), ()),
        ("python -m nox --session=build", ("build",), ()),
        (".venv/bin/nox -s build -- --fast", ("build",), ()),
        ("nox -s build \\\n  check", ("build", "check"), ()),
        ("# nox -s docs\n\nnox -s build\n", ("build",), ()),
        ("nox -s build && rsync dist/ host:/srv", ("build",), ("nox -s build && rsync dist/ host:/srv",)),
        (
            "nox -s build check\nrsync dist/ h:/srv\ngh release create v1\naws s3 cp dist s3://x\ngit push x",
            ("build", "check"),
            ("rsync dist/ h:/srv", "gh release create v1", "aws s3 cp dist s3://x", "git push x"),
        ),
        ('nox -s "$SESSION"', (), ('nox -s "$SESSION"',)),
        ("nox -s tests-${{ matrix.python }}", (), ("nox -s tests-${{ matrix.python }}",)),
        ("nox", (), ("nox",)),
        ("nox -s build > log.txt", ("build",), ("nox -s build > log.txt",)),
        ("if true; then nox -s docs; fi\nnox -s build", ("build",), ("if true; then nox -s docs; fi",)),
        ('[ -n "$X" ] && nox -s docs', (), ('[ -n "$X" ] && nox -s docs',)),
        ('test "$X" && nox -s docs', (), ('test "$X" && nox -s docs',)),
        (
            "if true; then\n  nox -s docs\n  if x; then\n  y\n  fi\nfi\nnox -s build",
            ("build",),
            ("if true; then …",),
        ),
        ("for one in a b\ndo\n  nox -s docs\ndone", (), ("for one in a b …",)),
        ("f() {\n  nox -s docs\n}\nf", (), ("f() { …", "f")),
        ("(\n  cd docs\n  nox -s docs\n)", (), ("( …",)),
        ("cat > x <<'END'\nnox -s docs\nEND\nnox -s build", ("build",), ("cat > x <<'END' …",)),
        ("ssh host <<END\nrm -r /srv", (), ("ssh host <<END …",)),
        ("x" * 200, (), ("x" * (LONGEST_COMMAND - 1) + "…",)),
        ("echo one\necho one", (), ("echo one",)),
    ],
)
def test_sessions_are_those_of_plain_commands_and_all_else_is_listed(
    text: str, sessions: tuple[str, ...], not_run: tuple[str, ...]
) -> None:
    found = BeforeUpload.of([Script(text)])
    assert (found.sessions, found.not_run) == (sessions, not_run)


def test_script_that_does_not_run_is_nothing_and_one_of_which_that_is_not_known_is_only_listed() -> None:
    scripts = (Script("nox -s a"), Script("nox -s b", NO, "x"), Script("nox -s c\nrsync", UNKNOWN, "inputs.x\ny"))
    found = BeforeUpload.of(scripts)
    assert found == BeforeUpload(("a",), ("nox -s c  (if: inputs.x, and y)", "rsync  (if: inputs.x, and y)"))


@pytest.mark.parametrize(
    ("text", "sessions_build"),
    [
        ("nox -s build", True),
        ("nox -s check", True),
        ("nox -s build\npython -m build docs", True),
        ("nox -s check\npython -m build", False),
        ("nox -s check\nuv build --no-sources", False),
        ("nox -s tests\nflit build", False),
        ("nox -s tests", False),
        ("./make.sh", False),
        ("", False),
    ],
)
def test_session_makes_the_files_or_ci_builds_otherwise(text: str, *, sessions_build: bool) -> None:
    assert BeforeUpload.of([Script(text)]).sessions_build is sessions_build


def test_step_that_uploads_ends_with_its_upload() -> None:
    assert up_to_upload("nox -s build\ntwine upload dist/*\nnox -s announce\n") == "nox -s build\ntwine upload dist/*"
    assert up_to_upload("echo nothing\necho more") == "echo nothing\necho more"
    assert up_to_upload("") == ""


@pytest.mark.parametrize(
    ("answers", "all_", "any_"),
    [
        ((), YES, NO),
        ((YES, YES), YES, YES),
        ((YES, NO), NO, YES),
        ((YES, UNKNOWN), UNKNOWN, YES),
        ((NO, UNKNOWN), NO, UNKNOWN),
        ((UNKNOWN,), UNKNOWN, UNKNOWN),
    ],
)
def test_answers_are_joined(answers: tuple[Answer, ...], all_: Answer, any_: Answer) -> None:
    assert (all_of(answers), any_of(answers)) == (all_, any_)


CONTEXT = {
    "event_name": "push",
    "ref": "refs/tags/v1.3.0",
    "ref_name": "v1.3.0",
    "ref_type": "tag",
    "repository": "acme/tidepool",
}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("", YES),
        ("github.event_name == 'push'", YES),
        ("${{ github.event_name == 'PUSH' }}", YES),
        ("github.event_name == 'workflow_dispatch'", NO),
        ("github.event_name != 'workflow_dispatch'", YES),
        ("'schedule' == github.event_name", NO),
        ("github.ref == 'refs/heads/main'", NO),
        ("github.ref_type == 'tag' && github.repository == 'acme/tidepool'", YES),
        ("github.repository == 'somebody/else'", NO),
        ("startsWith(github.ref, 'refs/tags/')", YES),
        ("startsWith(github.ref, 'refs/heads/')", NO),
        ("!startsWith(github.ref, 'refs/tags/')", NO),
        ("!(startsWith(github.ref, 'refs/tags/'))", UNKNOWN),
        ("contains(github.ref, 'rc')", NO),
        ("endsWith(github.ref_name, '.0')", YES),
        ("(github.event_name == 'push')", YES),
        ("always()", YES),
        ("!cancelled()", YES),
        ("failure()", NO),
        ("false", NO),
        ("always() && github.event_name == 'release'", NO),
        ("github.event_name == 'release' || github.ref_type == 'tag'", YES),
        ("github.actor == 'somebody'", UNKNOWN),
        ("github.event.action == 'published'", UNKNOWN),
        ("inputs.deploy", UNKNOWN),
        ("inputs.deploy && github.event_name == 'workflow_dispatch'", NO),
        ("inputs.deploy || github.event_name == 'push'", YES),
        ("(inputs.a || inputs.b) && github.event_name == 'push'", UNKNOWN),
        ("github.event_name == 'push' && (inputs.a || github.ref_type == 'branch')", UNKNOWN),
        ("${{ github.ref_type == 'tag' }} && ${{ inputs.x }}", UNKNOWN),
        ("github.ref_name == 'a || b'", UNKNOWN),
    ],
)
def test_condition_holds_for_the_tag_or_not_or_that_is_not_known(condition: str, expected: Answer) -> None:
    assert condition_holds(condition, CONTEXT) is expected


JOB = "{needs: NEEDS, steps: [{uses: pypa/gh-action-pypi-publish@v1}]}"


def publishing(tag: str = "v1.3.0", **workflows: str) -> Publishing:
    """Return who publishes with these workflows, by the names of their files without ``.yml``."""
    read = (Workflow.from_text(f"{name}.yml", lines(text)) for name, text in workflows.items())
    return Publishing("acme", "tidepool", tuple(one for one in read if one), {}, (), tag)


def before(**workflows: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = BeforeUpload.of(scripts_before_upload(publishing(**workflows)))
    return found.sessions, found.not_run


RELEASE = """
    on: {push: {tags: ['v*']}, workflow_dispatch: {}}
    jobs:
      site:
        if: github.event_name == 'workflow_dispatch'
        steps: [{run: nox -s site}]
      build:
        needs: site
        if: always()
        steps:
          - uses: actions/checkout@v7
          - run: |
              nox -s build check
              rsync dist/ host:/srv
          - if: failure()
            run: nox -s cry
          - if: inputs.deploy
            run: nox -s deploy
          - shell: pwsh
            run: nox -s windows
      other:
        steps: [{run: nox -s other}]
      publish:
        needs: [build]
        environment: pypi
        steps:
          - run: nox -s last
          - uses: pypa/gh-action-pypi-publish@v1
          - run: gh release create v1
          - run: nox -s announce
      docs:
        needs: publish
        steps: [{run: nox -s docs}]
"""


def test_scripts_are_those_of_jobs_that_the_tag_starts_and_the_upload_waits_for() -> None:
    assert before(release=RELEASE) == (
        ("build", "check", "windows", "last"),
        ("rsync dist/ host:/srv", "nox -s deploy  (if: always(), and inputs.deploy)"),
    )


def test_condition_in_several_lines_is_one() -> None:
    written = "if: |\n          github.event_name == 'workflow_dispatch' ||\n          github.ref_type == 'tag'"
    sessions, _ = before(release=RELEASE.replace("if: always()", written))
    assert sessions == ("build", "check", "windows", "last")


def test_secret_and_sign_of_control_in_a_command_are_not_shown() -> None:
    found = BeforeUpload.of([Script("twine upload -p pypi-" + "A" * 90 + "\necho '\x1b[2J'")])
    assert found.not_run == ("twine upload -p ***", "echo '\\x1b[2J'")


def test_upload_by_a_command_is_listed_and_what_comes_after_it_is_not() -> None:
    step = "- run: |\n              nox -s build\n              twine upload dist/*\n              rsync docs host:"
    text = RELEASE.replace("- uses: pypa/gh-action-pypi-publish@v1", step)
    sessions, not_run = before(release=text)
    assert (sessions[-1], not_run[-1]) == ("last", "twine upload dist/*")
    assert "announce" not in sessions


CALLER = """
    on: {push: {tags: ['v*']}}
    jobs:
      build: {uses: ./.github/workflows/build.yml}
      scan: {uses: somebody/else/.github/workflows/scan.yml@v1}
      docs: {steps: [{run: nox -s docs}]}
      publish: {needs: [build, scan], uses: ./.github/workflows/publish.yml}
"""


def test_workflows_that_call_each_other_are_read_together() -> None:
    build = "on: workflow_call\njobs:\n  x: {steps: [{run: nox -s build}, {run: make dist}]}\n"
    publish = f"on: workflow_call\njobs:\n  p: {JOB.replace('NEEDS', '[]')}\n"
    expected = ("build",), ("make dist", "uses: somebody/else/.github/workflows/scan.yml@v1")
    assert before(release=CALLER, build=build, publish=publish) == expected


def test_workflows_that_call_themselves_end() -> None:
    text = f"""
        on: {{push: {{tags: ['v*']}}}}
        jobs:
          a: {{uses: ./.github/workflows/release.yml}}
          p: {JOB.replace("NEEDS", "a")}
    """
    assert before(release=text) == ((), ())


@pytest.mark.parametrize(
    ("on", "event"),
    [
        ("{push: {tags: ['v*']}, release: {}}", "push"),
        ("{release: {types: [published]}, workflow_dispatch: {}}", "release"),
        ("{workflow_dispatch: {}}", "workflow_dispatch"),
        ("{workflow_run: {workflows: [CI]}}", "workflow_run"),
        ("{schedule: [{cron: '0 0 * * *'}]}", None),
    ],
)
def test_event_is_the_one_that_leads_from_the_tag_to_the_workflow(on: str, event: str | None) -> None:
    found = publishing(release=f"on: {on}\njobs:\n  p: {JOB.replace('NEEDS', '[]')}\n")
    assert found.workflow is not None
    context = context_of(found, found.workflow)
    assert (context.get("event_name"), context["repository"]) == (event, "acme/tidepool")
    assert ("ref" in context) is (event != "workflow_run")
