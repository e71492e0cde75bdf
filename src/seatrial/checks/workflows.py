"""Checks of workflow files: that they keep their token safe, and publish what was tested."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from seatrial.checks.check import finding_of, first_lines
from seatrial.ci.commands import followed_by, sessions_of
from seatrial.ci.pins import ACTIONS, CHECKOUT_PIN, PUBLISH_PIN
from seatrial.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seatrial.ci.github import WorkflowFile, WorkflowFileJob


UNTRUSTED_EVENTS = frozenset(("pull_request_target", "workflow_run", "issue_comment", "issues", "discussion_comment"))
"""Events that anybody can bring about, and that run with the rights of the repository."""

INSTALLS = re.compile(r"\bpip3?\s+install\b(?P<rest>.*)|\buv\s+(?:pip|tool)\s+install\b|\bpipx\s+(?:install|run)\b")
BUILDS = re.compile(
    followed_by("nox", r"\bnox\b", r"\bbuild\b")
    + r"|-m build\b|\b(?:uv|hatch|flit|pdm|poetry|maturin) build\b|\bpyproject-build\b"
)
IN_VARIABLE = re.compile(followed_by("nox", r"\bnox\b", r"-s \"?\$"))
RUNNERS = re.compile(r"\b(?:pytest|tox|unittest)\b|\bhatch test\b")
BUILT = ("build", "check")


class WorkflowCheck(ABC):
    """A check of a workflow."""

    severity: ClassVar[Severity] = Severity.ERROR
    needs: ClassVar[tuple[str, ...]] = ()
    code: ClassVar[str]

    @abstractmethod
    def check(self, facts: WorkflowFile) -> Finding:
        """Say what is the matter with a workflow."""


class Pinned(WorkflowCheck):
    """Every action is named by a commit, with the version that it is of in a comment."""

    code: ClassVar[str] = "CI101"

    def check(self, facts: WorkflowFile) -> Finding:
        """A tag can be moved to other code overnight, and dependabot raises what it can tell the version of."""
        bad = [
            f"{one.action}@{one.ref} {'has no version after it' if one.is_pinned else 'is no commit'}"
            for one in facts.uses
            if not (one.is_pinned and one.version) and not one.action.startswith(".")
        ]
        return finding_of(first_lines(bad), "name the commit, and its version: " + CHECKOUT_PIN)


class PinsMatch(WorkflowCheck):
    """The version after a commit is the one that it is of."""

    code: ClassVar[str] = "CI102"

    def check(self, facts: WorkflowFile) -> Finding:
        """Whoever reviews it reads the version, and what runs is the commit."""
        known = {one.partition("@")[0]: one.partition("@")[2].split(" # ") for one in ACTIONS}
        bad = []
        for one in facts.uses:
            ref, version = known.get(one.action, ("", ""))
            if ref and one.version and (one.ref == ref) != (one.version == version):
                bad.append(f"{one.action} {version} is {ref[:12]}, and it says {one.version} is {one.ref[:12]}")
        return finding_of(first_lines(bad), "\n".join(ACTIONS))


class InEnvironment(WorkflowCheck):
    """The job that publishes names an environment."""

    code: ClassVar[str] = "CI103"

    def check(self, facts: WorkflowFile) -> Finding:
        """Without one, every job of the file that may ask for a token can publish, and nobody is asked before."""
        bad = [f"the job {one.name} has no environment" for one in facts.publishing if not one.table.get("environment")]
        return finding_of(bad, "environment: pypi")


class NothingOfTheProject(WorkflowCheck):
    """The job that publishes has no checkout, and runs nothing of the project."""

    code: ClassVar[str] = "CI104"

    def check(self, facts: WorkflowFile) -> Finding:
        """Whatever runs beside the token can use it: a build backend, a test, a plugin of one."""
        return finding_of(
            first_lines(_steps_next_to_token(facts)), "build, check and test in other jobs, and hand the files on"
        )


class NoCache(WorkflowCheck):
    """A workflow that publishes takes nothing from a cache."""

    code: ClassVar[str] = "CI105"

    def check(self, facts: WorkflowFile) -> Finding:
        """A cache is filled by other runs, those of other branches among them."""
        bad = [f"the job {job.name} {said}" for job in facts.jobs for said in _caches(job)] if facts.publishing else []
        return finding_of(first_lines(bad), "with:\n  enable-cache: false")


class OneIndexAJob(WorkflowCheck):
    """A job uploads to one index, once."""

    code: ClassVar[str] = "CI106"

    def check(self, facts: WorkflowFile) -> Finding:
        """The second upload of a job finds the attestations of the first, and an index is given more than it is for."""
        bad = [f"the job {one.name} uploads {one.uploads} times" for one in facts.publishing if one.uploads > 1]
        return finding_of(bad, "give each index a job with an environment of its own")


class NoUntrustedEvents(WorkflowCheck):
    """No event that a stranger can bring about starts a workflow that publishes."""

    code: ClassVar[str] = "CI110"

    def check(self, facts: WorkflowFile) -> Finding:
        """It runs with the rights of the repository, on what the stranger has written."""
        bad = [f"{name} starts it" for name in sorted(facts.triggers & UNTRUSTED_EVENTS)] if facts.publishing else []
        if "workflow_dispatch" in facts.triggers:
            bad += [
                f"started by hand, from any branch, the job {job.name} would publish"
                for job in facts.publishing
                if "github.event_name == 'push'" not in text_in(job.table, "if")
            ]
        return finding_of(bad, "if: github.event_name == 'push'")


class ToolsLocked(WorkflowCheck):
    """A workflow that publishes installs its tools from a lock file, with hashes."""

    code: ClassVar[str] = "CI114"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: WorkflowFile) -> Finding:
        """What a tool's newest release does to the build is known to nobody when the tag is pushed."""
        lines = [line.strip() for job in facts.jobs for text in job.commands for line in text.splitlines()]
        bad = [line for line in dict.fromkeys(lines) if facts.publishing and _is_ad_hoc(line)]
        return finding_of(
            first_lines(bad), "uv lock, with seatrial in a dependency group; or pip install --require-hashes"
        )


def _steps_next_to_token(facts: WorkflowFile) -> Iterator[str]:
    for job in facts.publishing:
        if any(True for _ in job.inputs("actions/checkout")):
            yield f"the job {job.name} checks the project out"
        yield from (
            f"the job {job.name} runs {text.strip().splitlines()[0]}"
            for text in job.commands
            if BUILDS.search(text) or runs_tests(text) or re.search(r"\b(nox|seatrial|invoke|inv|make)\s", text)
        )


def _caches(job: WorkflowFileJob) -> Iterator[str]:
    for told in job.inputs("astral-sh/setup-uv"):
        if not mentions(told, "enable-cache", "false"):
            yield "has uv's cache"
    for told in job.inputs("actions/setup-python"):
        if "cache" in told:
            yield "has pip's cache"
    if any(True for _ in job.inputs("actions/cache")):
        yield "uses actions/cache"


def _is_ad_hoc(line: str) -> bool:
    found = INSTALLS.search(line)
    is_of_here = "--no-deps" in line.split() and line.endswith((" .", "\t."))
    return bool(found) and "--require-hashes" not in line and not is_of_here


def runs_tests(text: str) -> bool:
    """Whether a command runs a test: a session that is not one of those which build, or a runner of tests."""
    names = set(sessions_of(text))
    return bool(IN_VARIABLE.search(text)) or bool(names - set(BUILT)) or bool(RUNNERS.search(text))


def mentions(told: object, name: str, value: str) -> bool:
    """Whether an input of an action has a value."""
    return isinstance(told, dict) and text_in(told, name).lower() == value


def text_in(table: Mapping[str, Any], name: str) -> str:
    """Return a text in a table, "" for none: anything else, written out, could multiply by its aliases."""
    found = table.get(name)
    return found if isinstance(found, str) else ""


class AsBuilt(WorkflowCheck):
    """What is published comes from a job before, by its id or its name."""

    code: ClassVar[str] = "CI107"

    def check(self, facts: WorkflowFile) -> Finding:
        """Files that are built again are others than those that were tested."""
        bad = []
        for job in facts.publishing:
            if not any(True for _ in job.inputs("actions/download-artifact")):
                bad.append(f"the job {job.name} fetches nothing that another has built")
            builders = [one.name for one in (*facts.before(job), job) if any(map(BUILDS.search, one.commands))]
            if len(builders) > 1:
                bad.append(f"before {job.name}, {' and '.join(builders)} build each for itself")
        return finding_of(bad, "build once, keep the files with actions/upload-artifact, and fetch them by their id")


class TestedBeforeUpload(WorkflowCheck):
    """What is published was tested before, in a job that the upload waits for."""

    code: ClassVar[str] = "CI108"

    def check(self, facts: WorkflowFile) -> Finding:
        """A version can't be taken back: it can be yanked, and its number is spent."""
        bad = [
            f"the job {job.name} waits for no test"
            for job in facts.publishing
            if not any(runs_tests(text) for one in facts.before(job) for text in one.commands)
        ]
        return finding_of(bad, "needs: [build, test]")


class TagCompared(WorkflowCheck):
    """Before it publishes for a tag, a workflow compares the tag with the version of the project."""

    code: ClassVar[str] = "CI109"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: WorkflowFile) -> Finding:
        """The tag is what people see, the version is what they install, and PyPI does not compare them."""
        on = facts.table.get("on")
        push = on.get("push") if isinstance(on, dict) else None
        if not isinstance(push, dict) or "tags" not in push:
            return Finding.passed()
        bad = [
            f"nothing before {job.name} looks at the tag"
            for job in facts.publishing
            if not any("ci.verify" in text for one in facts.before(job) for text in one.commands)
        ]
        return finding_of(bad, 'run: seatrial ci.verify --tag "$GITHUB_REF_NAME" --built')


class GateWhole(WorkflowCheck):
    """The gate waits for every job that tests, runs always, and looks at how they ended."""

    code: ClassVar[str] = "CI111"

    def check(self, facts: WorkflowFile) -> Finding:
        """It is the one check that a change has to pass: what it does not wait for may fail."""
        gate = next((one for one in facts.jobs if one.name == "gate"), None)
        if gate is None:
            return Finding.skipped("there is no job gate")
        behind = {one.name for one in facts.jobs if gate.name in one.needs or one.uploads}
        missing = [one.name for one in facts.jobs if one.name not in {*gate.needs, *behind, gate.name}]
        bad = [f"it does not wait for {name}" for name in missing]
        if "always()" not in text_in(gate.table, "if"):
            bad.append("it is skipped, and a skipped check passes, when a job before it fails")
        if not any("result" in text and "success" in text for text in gate.commands):
            bad.append("it does not look at the results")
        return finding_of(bad, "if: always(), and compare toJSON(needs) with success")


class NeverCancelled(WorkflowCheck):
    """A run that publishes a release is not cancelled by the next one."""

    code: ClassVar[str] = "CI112"

    def check(self, facts: WorkflowFile) -> Finding:
        """Cancelled between two files, it leaves half a release on the index."""
        group = facts.table.get("concurrency")
        told = text_in(group, "cancel-in-progress") if isinstance(group, dict) else ""
        bad = [f"cancel-in-progress is {told}"] if facts.publishing and told == "true" else []
        return finding_of(bad, "concurrency:\n  group: release-${{ github.ref }}\n  cancel-in-progress: false")


class Attested(WorkflowCheck):
    """Files are published with attestations, and a file of the same name is not passed over."""

    code: ClassVar[str] = "CI113"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: WorkflowFile) -> Finding:
        """They say which workflow made a file; and where an upload is skipped, the old file is what people install."""
        inputs = [(job.name, told) for job in facts.publishing for told in job.inputs(PUBLISH_PIN.partition("@")[0])]
        bad = [
            f"the job {name} publishes without attestations"
            for name, told in inputs
            if mentions(told, "attestations", "false")
        ]
        bad += [
            f"the job {name} skips what is there" for name, told in inputs if mentions(told, "skip-existing", "true")
        ]
        return finding_of(bad, "with:\n  attestations: true")


class Ends(WorkflowCheck):
    """Every job has an end."""

    code: ClassVar[str] = "CI115"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: WorkflowFile) -> Finding:
        """A job that hangs is ended after six hours, and until then a release waits for it."""
        own = [one for one in facts.jobs if "uses" not in one.table]
        bad = [f"the job {one.name} has no timeout-minutes" for one in own if "timeout-minutes" not in one.table]
        return finding_of(first_lines(bad), "timeout-minutes: 20")


class WorkflowReadable(WorkflowCheck):
    """Every file in the folder of workflows is a workflow that can be read, in which no name stands twice."""

    code: ClassVar[str] = "CI116"

    def check(self, facts: WorkflowFile) -> Finding:
        """GitHub runs nothing of a file that it can't read, and says so on a page that nobody looks at."""
        return finding_of([facts.trouble] if facts.trouble else [], "mend it, or move it out of .github/workflows")
