"""Of what CI does before its upload, sessions are run by name; every other command is listed, and none is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from sample_project import SampleProject, environment, lines
from seatrial.checks.check import run_checks
from seatrial.checks.registry import TRIGGER_CHECKS
from seatrial.ci.before_upload import (
    LONGEST_COMMAND,
    BeforeUpload,
    CheckoutNeeds,
    Script,
    scripts_before_upload,
    up_to_upload,
)
from seatrial.ci.expressions import Answer
from seatrial.ci.github import WorkflowFiles
from seatrial.ci.publisher import CiFacts, Publishing
from seatrial.findings import Verdict
from seatrial.project.nox_sessions import NoxCall

NO, UNKNOWN = Answer.NO, Answer.UNKNOWN


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
        ("nox -s build\ncd docs\nnox -s site", ("build",), ("cd docs", "nox -s site")),
        ("cd docs && nox -s site", (), ("cd docs && nox -s site",)),
        ("cd docs\nmake\ncd ..\nnox -s build", ("build",), ("cd docs", "make", "cd ..")),
        ("(cd docs && make)\nnox -s build", ("build",), ("(cd docs && make)",)),
        ("(nox -s lint && nox -s build)", ("lint", "build"), ("(nox -s lint && nox -s build)",)),
        ("(nox -s build)", ("build",), ()),
        ("pushd docs\npopd\nnox -s build", ("build",), ("pushd docs", "popd")),
        ('cd "$X"\ncd "$GITHUB_WORKSPACE"\nnox -s build', ("build",), ('cd "$X"', 'cd "$GITHUB_WORKSPACE"')),
        ('[ -d "$X" ] && cd "$X"\nnox -s build', (), ('[ -d "$X" ] && cd "$X"', "nox -s build")),
        ("uv run --directory docs nox -s site", (), ("uv run --directory docs nox -s site",)),
        ("env -C . nox -s build", ("build",), ()),
        ("nox -l -s build", (), ("nox -l -s build",)),
        ("nox -rs build", ("build",), ()),
        ("nox -f ci/noxfile.py -s build", (), ("nox -f ci/noxfile.py -s build",)),
        ("nox -s tests -- $ARGS", (), ("nox -s tests -- $ARGS",)),
        ("nox -s tests -p ${{ matrix.python }}", (), ("nox -s tests -p ${{ matrix.python }}",)),
    ],
)
def test_sessions_are_those_of_plain_commands_and_all_else_is_listed(
    text: str, sessions: tuple[str, ...], not_run: tuple[str, ...]
) -> None:
    before = BeforeUpload.of([Script(text)])
    assert (before.sessions, before.not_run) == (sessions, not_run)


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("nox -s lint\nnox -s build -- --fast", ["-s lint", "-s build -- --fast"]),
        ("nox -s lint\nnox -s build lint check", ["-s lint build check"]),
        ("nox -s tests -p 3.9 3.13 -- -x", ["-s tests -p 3.9 3.13 -- -x"]),
        ("nox -p 3.9 -rs tests -k fast\nnox --session=tests --python 3.9 --keywords fast", ["-s tests -p 3.9 -k fast"]),
        ("nox -s a\nnox -s a -- x\nnox -s a b", ["-s a", "-s a -- x", "-s b"]),
        ("nox -xRs a -t quick --extra-python 3.15 --reuse-venv yes", ["-s a --extra-pythons 3.15 -t quick"]),
    ],
)
def test_calls_of_nox_keep_what_selects_and_what_sessions_get(text: str, calls: list[str]) -> None:
    assert [" ".join(call.args) for call in BeforeUpload.of([Script(text)]).calls] == calls


def test_sessions_of_a_package_are_those_that_run_in_its_folder() -> None:
    scripts = [
        Script("nox -s top\ncd packages/a && nox -s a"),
        Script("nox -s b", folder="packages/a"),
        Script("nox -s c", folder="./packages/b/../a/"),
        Script("nox -s d", folder="${{ matrix.package }}"),
        Script("cd ../a && nox -s e", folder="packages/b"),
        Script("nox -s f", folder="${{ github.workspace }}/packages/a"),
    ]
    before = BeforeUpload.of(scripts, "packages/a")
    assert before.sessions == ("a", "b", "c", "e", "f")
    assert before.not_run == ("nox -s top", "cd packages/a && nox -s a", "nox -s d", "cd ../a && nox -s e")


def test_script_that_does_not_run_is_ignored_and_an_uncertain_one_is_listed() -> None:
    scripts = (
        Script("nox -s a"),
        Script("nox -s b", NO, "x"),
        Script("nox -s c\nrsync", UNKNOWN, "if: vars.X and if: y"),
    )
    before = BeforeUpload.of(scripts)
    assert before == BeforeUpload(
        (NoxCall(("a",)),),
        ("nox -s c  (if: vars.X and if: y)", "rsync  (if: vars.X and if: y)"),
        places=("", ""),
    )


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


JOB = "{needs: NEEDS, steps: [{uses: pypa/gh-action-pypi-publish@v1}]}"


def publishing(tag: str = "v1.3.0", **workflows: str) -> Publishing:
    """Return who publishes with these workflows, by the names of their files without ``.yml``."""
    texts = {f"{name}.yml": lines(text) for name, text in workflows.items()}
    return Publishing("acme", "tidepool", WorkflowFiles.from_texts(texts), tag=tag)


def before(**workflows: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    job = publishing(**workflows).job
    assert job is not None
    before = BeforeUpload.of(scripts_before_upload(job))
    return before.sessions, before.not_run


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
          - if: vars.DEPLOY
            run: nox -s deploy
          - shell: pwsh
            run: nox -s windows
      other:
        steps: [{run: nox -s other}]
      publish:
        needs: [build]
        if: "!failure()"
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
        ("rsync dist/ host:/srv", "nox -s deploy  (if: vars.DEPLOY)"),
    )


def test_condition_in_several_lines_is_joined() -> None:
    condition = ("if: |", "always() && (", "github.event_name == 'release' ||", "github.ref_type == 'tag')")
    written = "\n          ".join(condition)
    sessions, _ = before(release=RELEASE.replace("if: always()", written))
    assert sessions == ("build", "check", "windows", "last")


def test_secret_and_sign_of_control_in_a_command_are_not_shown() -> None:
    before = BeforeUpload.of([Script("twine upload -p pypi-" + "A" * 90 + "\necho '\x1b[2J'")])
    assert before.not_run == ("twine upload -p ***", "echo ''")


def test_upload_by_a_command_is_listed_and_what_comes_after_it_is_not() -> None:
    step = "- run: |\n              nox -s build\n              twine upload dist/*\n              rsync docs host:"
    text = RELEASE.replace("- uses: pypa/gh-action-pypi-publish@v1", step)
    sessions, not_run = before(release=text)
    assert (sessions[-1], not_run[-1]) == ("last", "twine upload dist/*")
    assert "announce" not in sessions


def test_command_is_listed_with_its_file_and_job() -> None:
    job = publishing(release=RELEASE).job
    assert job is not None
    before = BeforeUpload.of(scripts_before_upload(job))
    assert list(zip(before.places, before.not_run)) == [
        ("release.yml, job build", "rsync dist/ host:/srv"),
        ("release.yml, job build", "nox -s deploy  (if: vars.DEPLOY)"),
    ]


def test_session_of_another_folder_is_listed() -> None:
    """Its noxfile is another one."""
    text = RELEASE.replace("- run: nox -s last", "- {run: nox -s last, working-directory: docs}")
    sessions, not_run = before(release=text)
    assert (sessions[-1], not_run[-1]) == ("windows", "nox -s last")


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
    assert before(release=text) == ((), ("uses: ./.github/workflows/release.yml",))


@pytest.mark.parametrize(
    ("on", "event"),
    [
        ("{push: {tags: ['v*']}, release: {}}", "push"),
        ("{release: {types: [published]}, workflow_dispatch: {}}", "release"),
        ("{workflow_dispatch: {}}", "workflow_dispatch"),
        ("create", "create"),
        ("{workflow_run: {workflows: [CI]}}", "workflow_run"),
        ("{workflow_run: {workflows: [Other]}}", None),
        ("{schedule: [{cron: '0 0 * * *'}]}", None),
    ],
)
def test_event_is_that_by_which_the_tag_starts_the_workflow(on: str, event: str | None) -> None:
    publish = f"on: {on}\njobs:\n  p: {JOB.replace('NEEDS', '[]')}\n"
    job = publishing(release=publish, ci="name: CI\non: {push: {tags: ['v*']}}\njobs: {}").job
    assert job is not None
    assert (job.event, job.is_started_by_tag) == (event, event in {"push", "create", "workflow_run"})
    assert job.starts is (Answer.YES if event else Answer.NO)


def committed(folder: Path, files: dict[str, str]) -> SampleProject:
    folder.mkdir()
    made = SampleProject(folder, environment(folder.parent))
    made.git("init", "-q", "-b", "main")
    made.write(files)
    made.commit()
    return made


def submodule(project: SampleProject, *args: str) -> None:
    project.git("-c", "protocol.file.allow=always", "submodule", "--quiet", *args)


def test_submodules_of_submodules_are_found_and_those_without_files_are_absent(tmp_path: Path) -> None:
    inner = committed(tmp_path / "inner", {"a.txt": ""})
    outer = committed(tmp_path / "outer", {"b.txt": ""})
    submodule(outer, "add", str(inner.root), "deep")
    outer.commit()
    top = committed(tmp_path / "top", {"c.txt": ""})
    submodule(top, "add", "--name", "tides", str(outer.root), "vendor/the outer")
    assert CheckoutNeeds.in_tree(top.root) == CheckoutNeeds(
        submodules=("vendor/the outer", "vendor/the outer/deep"), absent=("vendor/the outer/deep",)
    )
    submodule(top, "update", "--init", "--recursive")
    assert CheckoutNeeds.in_tree(top.root).absent == ()
    submodule(top, "deinit", "--force", "--all")
    assert CheckoutNeeds.in_tree(top.root).absent == ("vendor/the outer",)


def test_submodules_that_nobody_else_can_fetch_are_found(tmp_path: Path) -> None:
    library = committed(tmp_path / "library", {"a.txt": ""})
    top = committed(tmp_path / "top", {"c.txt": ""})
    submodule(top, "add", str(library.root), "vendor/tides")
    committed(top.root / "moon", {"m.txt": ""})
    top.commit()
    needs = CheckoutNeeds.in_tree(top.root, top.root)
    assert (needs.unnamed, needs.unpushed) == (("moon",), ())
    tides = SampleProject(top.root / "vendor/tides", top.environ)
    tides.write({"b.txt": ""})
    tides.commit()
    assert CheckoutNeeds.in_tree(top.root, top.root).unpushed == ("vendor/tides",)
    assert CheckoutNeeds.in_tree(top.root).unpushed == ()
    tides.git("push", "-q", "origin", "HEAD:refs/heads/next")
    assert CheckoutNeeds.in_tree(top.root, top.root).unpushed == ()


@pytest.mark.parametrize(
    ("files", "lfs"),
    [
        ({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"}, True),
        ({"data/.gitattributes": "* text=auto\n*.csv -text filter=lfs\n"}, True),
        ({".gitattributes": "# *.bin filter=lfs\n*.dat filter=crypt\n*.x -filter=lfs-like\n"}, False),
        ({"notes.txt": "a filter=lfs\n"}, False),
    ],
)
def test_files_in_git_lfs_are_found_by_their_attribute(tmp_path: Path, files: dict[str, str], *, lfs: bool) -> None:
    assert CheckoutNeeds.in_tree(committed(tmp_path / "top", files).root) == CheckoutNeeds(lfs=lfs)


BOTH = CheckoutNeeds(lfs=True, submodules=("vendor/tides",), absent=("vendor/tides",))
WORKFLOW = """\
on: {push: {tags: ['v*']}}
jobs:
  lint: {steps: [{uses: actions/checkout@v5}, {run: nox -s lint}]}
  build: {steps: [STEPS]}
  pypi:
    needs: [lint, build]
    environment: pypi
    permissions: {id-token: write}
    steps: [{uses: pypa/gh-action-pypi-publish@v1}]
"""
CHECKOUT = "{uses: actions/checkout@v5, with: {WITH}}, {run: python -m build}"
LEFT_OUT = "the job build of .github/workflows/release.yml checks out without "


def findings(steps: str, needs: CheckoutNeeds = BOTH) -> dict[str, tuple[Verdict, str]]:
    files = WorkflowFiles.from_texts({"release.yml": WORKFLOW.replace("STEPS", steps)})
    facts = CiFacts("v1.3.0", Publishing("acme", "tidepool", files, tag="v1.3.0"), checkout=needs)
    results = run_checks(TRIGGER_CHECKS, facts)
    return {
        result.code: (result.finding.verdict, result.finding.message or "")
        for result in results
        if result.code in {"CI016", "CI017"}
    }


@pytest.mark.parametrize(
    ("steps", "lacking"),
    [
        (CHECKOUT.replace("WITH", "fetch-depth: 0"), "lfs and submodules"),
        (CHECKOUT.replace("WITH", "lfs: false, submodules: true"), "lfs"),
        (CHECKOUT.replace("WITH", "lfs: true"), "submodules"),
        (CHECKOUT.replace("WITH", "lfs: true, submodules: recursive"), None),
        (CHECKOUT.replace("WITH", "") + ", {run: 'git lfs pull && git submodule update --init'}", None),
        ("{run: git clone x && python -m build}", None),
        (CHECKOUT.replace("WITH", "lfs: '${{ vars.LFS }}', submodules: recursive"), None),
    ],
)
def test_checkout_of_a_job_that_builds_fetches_all_or_is_reported(steps: str, lacking: str | None) -> None:
    verdict, text = findings(steps)["CI016"]
    assert (verdict, text) == ((Verdict.FAILED, LEFT_OUT + lacking) if lacking else (Verdict.PASSED, ""))


def test_submodule_that_is_absent_here_is_an_error_where_ci_has_it() -> None:
    fetched, left_out = CHECKOUT.replace("WITH", "submodules: true"), CHECKOUT.replace("WITH", "")
    assert findings(fetched)["CI017"] == (Verdict.FAILED, "the submodule vendor/tides is not initialised")
    assert findings(left_out)["CI017"] == (Verdict.SKIPPED, "CI builds without submodules")
    assert findings(left_out, CheckoutNeeds())["CI017"] == (Verdict.PASSED, "")
