"""Checks of workflow files (CI1xx): that they keep their token safe, and publish what was tested.

zizmor finds more in a workflow, and what it finds is not checked here: actions that are not pinned, caches, dangerous
events, permissions, credentials that a checkout leaves behind.

Here are the actions that generated workflows use, too, each pinned to a commit, with the version of that commit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from packaging.version import Version

from seatrial.checks.check import ERROR, WARNING, check, finding_of, first_lines
from seatrial.ci.evaluation import Event, JobRun, every_run, one_line, started
from seatrial.ci.expressions import Answer
from seatrial.ci.job_commands import Program, builds, programs_in, programs_of, sessions_named
from seatrial.ci.job_uploads import PUBLISH_ACTION, Upload, transfer_problems, uploads_of
from seatrial.ci.shell import ShellCommand, commands_in
from seatrial.distributions.metadata import parse_requirement
from seatrial.findings import Finding

if TYPE_CHECKING:
    from seatrial.ci.github import Job, Workflow, WorkflowFiles


CHECKOUT_PIN = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
SETUP_PYTHON_PIN = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0"
SETUP_UV_PIN = "astral-sh/setup-uv@c18668ad3cf93ea998bef934396af7bb5c839dc7 # v10.2.0"
UPLOAD_ARTIFACT_PIN = "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1"
DOWNLOAD_ARTIFACT_PIN = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1"
PUBLISH_PIN = f"{PUBLISH_ACTION}@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2"
"""The commit of the release, not the id of its tag: the action pulls an image that is named by the former."""

ACTIONS = (CHECKOUT_PIN, SETUP_PYTHON_PIN, SETUP_UV_PIN, UPLOAD_ARTIFACT_PIN, DOWNLOAD_ARTIFACT_PIN, PUBLISH_PIN)

PIN = re.compile(r"(?<=uses: )(?P<action>[\w./-]+)@(?P<ref>[0-9a-f]{40}) # v(?P<version>\d+(?:\.\d+)*)$", re.MULTILINE)


def keep_newer_pins(text: str, now: str) -> str:
    """Return a text in which older pins are replaced by those of ``now``, which were raised by a merge.

    Only a later version counts: not an earlier one, and none whose commit or version alone is ours.
    """
    raised: dict[str, re.Match[str]] = {}
    for pin in PIN.finditer(now):
        if _matches(pin) and _version(pin) >= _version(raised.get(pin["action"], pin)):
            raised[pin["action"]] = pin

    def later(pin: re.Match[str]) -> str:
        other = raised.get(pin["action"], pin)
        return other[0] if _version(other) > _version(pin) else pin[0]

    return PIN.sub(later, text)


def versions_match_commits(text: str) -> bool:
    """Whether no action of a text has the version of ours with another commit, or our commit with another version."""
    return all(map(_matches, PIN.finditer(text)))


def _matches(pin: re.Match[str]) -> bool:
    newest = OURS.get(pin["action"], pin)
    return (pin["ref"] == newest["ref"]) == (pin["version"] == newest["version"])


def _version(pin: re.Match[str]) -> Version:
    return Version(pin["version"])


OURS = {pin["action"]: pin for pin in PIN.finditer("".join(f"uses: {action}\n" for action in ACTIONS))}

BUILD_SESSIONS = frozenset(("build", "check"))
TEST_RUNNERS = frozenset(("pytest", "tox", "unittest", "trial", "ward", "stestr"))


@dataclass(frozen=True)
class WorkflowFacts:
    """A workflow, and the others of its repository: those that it calls, and those that call it.

    ``group``: the dependency group that holds seatrial, None for none.
    """

    workflow: Workflow
    files: WorkflowFiles
    group: str | None = None

    @cached_property
    def publishing(self) -> tuple[tuple[JobRun, tuple[Upload, ...]], ...]:
        """The jobs of its file that upload to an index, as a caller runs them, and their uploads."""
        jobs: dict[str, tuple[JobRun, tuple[Upload, ...]]] = {}
        for entry in self.files:
            for run in every_run(started(entry, Event(None), self.files)):
                uploads = uploads_of(run) if run.workflow == self.workflow else ()
                if uploads and (run.callers or run.name not in jobs):
                    jobs[run.name] = run, uploads
        return tuple(jobs.values())


workflow_check = partial(check, severity=ERROR)


@workflow_check(
    "CI101",
    "The version of a pinned action is in a comment",
    "A commit says nothing to a reviewer, and dependabot raises the versions that it finds.",
    severity=WARNING,
)
def version_in_comment(facts: WorkflowFacts) -> Finding:
    lines = [f"{uses} has no version after it" for uses in facts.workflow.uses if uses.is_pinned and not uses.version]
    return finding_of(first_lines(lines), f"name the version of the commit: {CHECKOUT_PIN}")


@workflow_check(
    "CI102",
    "The version comment matches the pinned commit",
    "Whoever reviews it reads the version, and what runs is the commit.",
)
def pins_match(facts: WorkflowFacts) -> Finding:
    pins = {pin.partition("@")[0]: pin.partition("@")[2].split(" # ") for pin in ACTIONS}
    lines = []
    for uses in facts.workflow.uses:
        ref, version = pins.get(uses.name, ("", ""))
        # A comment may have no v, or the first numbers alone: v7 is every commit of it.
        here = f"v{(uses.version or '').removeprefix('v')}"
        is_fit = f"{version}.".startswith(f"{here}.") if uses.ref == ref else here != version
        if ref and uses.ref and uses.version and not is_fit:
            lines.append(f"{uses.name} {version} is {ref[:12]}, and here {uses.version} is {uses.ref[:12]}")
    return finding_of(first_lines(lines), "\n".join(ACTIONS))


@workflow_check(
    "CI103",
    "The publishing job has an environment",
    "Without it, every job of the file that may request a token can publish without a review.",
)
def has_environment(facts: WorkflowFacts) -> Finding:
    lines = [f"the job {run.name} has no environment" for run, _ in facts.publishing if run.environment is None]
    return finding_of(lines, "environment: pypi")


@workflow_check(
    "CI104",
    "The publishing job has no checkout, and runs nothing of the project",
    "Whatever runs next to the token can use it: a build backend, a test, a plugin of a test.",
)
def nothing_of_the_project(facts: WorkflowFacts) -> Finding:
    lines = [line for run, _ in facts.publishing for line in _next_to_token(run)]
    return finding_of(first_lines(lines), "build, check and test in other jobs, and hand the files on")


def _next_to_token(run: JobRun) -> Iterator[str]:
    if any(step.step.uses_action("actions/checkout") for step in run.steps):
        yield f"the job {run.name} checks the project out"
    for step in run.steps:
        for program in programs_in(step.step.run or ""):
            is_runner = program.name in {"nox", "seatrial", "invoke", "inv", "make", "tox"}
            if builds(program) or runs_tests(program) or is_runner:
                yield f"the job {run.name} runs {one_line(' '.join(program.words))}"


@workflow_check(
    "CI106",
    "A job uploads to one index",
    "The second upload of a job finds the attestations of the first, and may go to an index that it was not meant for.",
)
def one_index(facts: WorkflowFacts) -> Finding:
    lines = []
    for run, uploads in facts.publishing:
        certain = [upload for upload in uploads if upload.starts is Answer.YES]
        names = list(dict.fromkeys(upload.index.value for upload in certain))
        if len(names) > 1:
            lines.append(f"the job {run.name} uploads to {' and to '.join(names)}")
        elif sum(upload.is_action for upload in certain) > 1:
            lines.append(f"the job {run.name} uploads {len(certain)} times")
    return finding_of(lines, "give each index a job with an environment of its own")


@workflow_check(
    "CI107",
    "The published files come from the one job that built them",
    "Files that are built again are not the files that were tested.",
)
def built_once(facts: WorkflowFacts) -> Finding:
    lines = []
    for run, _ in facts.publishing:
        builders = [other.name for other in (*run.before, run) if any(map(_builds_all, _programs(other.job)))]
        if len(builders) > 1:
            lines.append(f"before {run.name}, {' and '.join(builders)} build each for itself")
        are_stored = any(
            step.step.uses_action("actions/upload-artifact") for other in run.before for step in other.steps
        )
        if are_stored and run.name not in builders and not _fetches(run):
            lines.append(f"the job {run.name} fetches nothing that another has built")
        lines += [f"the job {run.name}: {problem}" for problem in transfer_problems(run)]
    return finding_of(lines, "build once, keep the files with actions/upload-artifact, and fetch them by their id")


def _programs(job: Job) -> Iterator[Program]:
    return (program for script in job.scripts for program in programs_in(script))


def _builds_all(program: Program) -> bool:
    """Whether a program builds sdist and wheel: what builds one of them leaves the other to another job."""
    is_part = bool({"--sdist", "--wheel", "-s", "-w"} & set(program.args)) or program.name == "maturin"
    return "build" in sessions_named(program) or (builds(program) and not is_part)


def _fetches(run: JobRun) -> bool:
    """Whether a job fetches files, by an action or by a command; an action that is not known may do so."""
    others = ("actions/checkout", "actions/setup-python", "astral-sh/setup-uv", "pypa/gh-action-pypi-publish")
    actions = [step.step for step in run.steps if step.step.uses]
    has_command = any(program.words[:2] in {("gh", "run"), ("gh", "release")} for program in _programs(run.job))
    return has_command or any(not any(step.uses_action(name) for name in others) for step in actions)


@workflow_check(
    "CI108",
    "The published files were tested in a job that the upload waits for",
    "A version can't be taken back: it can be yanked, and its number is used up.",
    severity=WARNING,
)
def tested_before(facts: WorkflowFacts) -> Finding:
    lines = [
        f"the job {run.name} waits for no test"
        for run, _ in facts.publishing
        if not any(runs_tests(program) for other in (*run.before, run) for program in _programs(other.job))
    ]
    return finding_of(lines, "needs: [build, test]")


@workflow_check(
    "CI111",
    "The gate waits for every job that tests, always runs, and looks at their results",
    "It is the one check that a change has to pass; what it does not wait for may fail.",
)
def gate_complete(facts: WorkflowFacts) -> Finding:
    jobs = facts.workflow.jobs
    gate = next((job for job in jobs if job.name == "gate"), None)
    if gate is None or not facts.publishing:
        return Finding.skipped("no job gate in a workflow that publishes")
    uploading = {run.name for run, _ in facts.publishing}
    behind = {job.name for job in jobs if gate.name in job.needs} | uploading
    missing = [job.name for job in jobs if job.name not in {*gate.needs, *behind, gate.name}]
    lines = [f"it does not wait for {name}" for name in missing]
    if "always()" not in (gate.condition or ""):
        lines.append("it is skipped, and a skipped check passes, when a job before it fails")
    if not any("result" in script and "success" in script for script in gate.scripts):
        lines.append("it does not look at the results")
    return finding_of(lines, "if: always(), and compare toJSON(needs) with success")


@workflow_check(
    "CI113",
    "Files are published with attestations, and existing files are not skipped",
    "Attestations name the workflow that made a file; where an upload is skipped, people install the old file.",
    severity=WARNING,
)
def attested(facts: WorkflowFacts) -> Finding:
    by_action = [(run.name, upload) for run, uploads in facts.publishing for upload in uploads if upload.is_action]
    lines = [f"the job {name} publishes without attestations" for name, upload in by_action if not upload.attests]
    lines += [f"the job {name} skips files that exist" for name, upload in by_action if upload.skips_existing]
    return finding_of(lines, "with:\n  attestations: true")


@workflow_check(
    "CI114",
    "A workflow that publishes installs its tools from a lock file, with hashes",
    "Without it, a release of a tool that appears before the tag is pushed can change or break the build.",
    severity=WARNING,
)
def tools_locked(facts: WorkflowFacts) -> Finding:
    scripts = [script for job in facts.workflow.jobs for script in job.scripts]
    lines = dict.fromkeys(
        command.line
        for script in scripts
        for command in commands_in(script)
        if facts.publishing and _is_unlocked(command, facts.group)
    )
    return finding_of(
        first_lines(lines), "uv lock, with seatrial in a dependency group; or pip install --require-hashes"
    )


TOOL_RUNNERS = (("uv", "tool"), ("pipx", "install"), ("pipx", "run"))


def _is_unlocked(command: ShellCommand, group: str | None) -> bool:
    """Whether a command installs what no lock file names: neither by hashes, nor the project itself alone."""
    if command.words[:1] == ("uvx",) or command.words[:2] in TOOL_RUNNERS:
        return True
    words = [word for program in programs_of(command) for word in program.words]
    if words[:2] not in (["pip", "install"], ["pip3", "install"]) and words[:3] != ["uv", "pip", "install"]:
        return False
    if "--no-index" in words or ("--no-deps" in words and words[-1] == "."):
        return False
    return "--require-hashes" not in words and not _is_own_install(words[words.index("install") + 1 :], group)


def _is_own_install(words: Sequence[str], group: str | None) -> bool:
    """Whether a generated workflow without a lock file installs seatrial by these words: its group and uv, or both."""
    requirements = map(parse_requirement, words)
    names = [requirement.name if requirement else None for requirement in requirements]
    return names == ["seatrial", "uv"] or (group is not None and words == ["--group", group, "uv"])


@workflow_check(
    "CI115",
    "Every job of a workflow that publishes has a time limit",
    "A job that hangs is stopped after six hours, and a release waits for it until then.",
    severity=WARNING,
)
def has_time_limit(facts: WorkflowFacts) -> Finding:
    jobs = [job for job in facts.workflow.jobs if job.call is None] if facts.publishing else []
    lines = [f"the job {job.name} has no timeout-minutes" for job in jobs if not job.has_timeout]
    return finding_of(first_lines(lines), "timeout-minutes: 20")


@workflow_check(
    "CI116",
    "Every file in the folder of workflows is a workflow that GitHub can read, and names no job twice",
    "GitHub runs nothing of a file that it can't read, and reports that only on a page of its own.",
)
def readable(facts: WorkflowFacts) -> Finding:
    problem = facts.workflow.problem
    return finding_of([problem] if problem else [], "correct it, or move it out of .github/workflows")


def runs_tests(program: Program) -> bool:
    """Whether a program runs tests: a session that is not one of those which build, or a runner of tests."""
    if program.name == "nox":
        is_variable = any("$" in word for word in program.args)
        return is_variable or bool(set(sessions_named(program)) - BUILD_SESSIONS)
    return program.name in TEST_RUNNERS or program.words[:2] == ("hatch", "test")


CHECKS = (
    *(version_in_comment, pins_match, has_environment, nothing_of_the_project, one_index, built_once),
    *(tested_before, gate_complete, attested, tools_locked, has_time_limit, readable),
)
"""The checks of a workflow file."""
