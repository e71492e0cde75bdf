"""Whether a workflow keeps its token to itself, and runs what it says: what its linters do not look for."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from seatrial.checks.rule import shown, verdict
from seatrial.facts import pins
from seatrial.facts.session_names import sessions_of
from seatrial.facts.stretches import followed
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seatrial.facts.ci_file import CiFile, CiJob

STRANGERS = frozenset(("pull_request_target", "workflow_run", "issue_comment", "issues", "discussion_comment"))
"""Events that anybody can bring about, and that run with the rights of the repository."""

INSTALLS = re.compile(r"\bpip3?\s+install\b(?P<rest>.*)|\buv\s+(?:pip|tool)\s+install\b|\bpipx\s+(?:install|run)\b")
BUILDS = re.compile(
    followed("nox", r"\bnox\b", r"\bbuild\b")
    + r"|-m build\b|\b(?:uv|hatch|flit|pdm|poetry|maturin) build\b|\bpyproject-build\b"
)
IN_VARIABLE = re.compile(followed("nox", r"\bnox\b", r"-s \"?\$"))
RUNNERS = re.compile(r"\b(?:pytest|tox|unittest)\b|\bhatch test\b")
BUILT = ("build", "check")


class WorkflowRule(ABC):
    """A check of a workflow."""

    weight: ClassVar[Weight] = Weight.ERROR
    needs: ClassVar[tuple[str, ...]] = ()
    code: ClassVar[str]

    @abstractmethod
    def check(self, facts: CiFile) -> Finding:
        """Say what is the matter with a workflow."""


class Pinned(WorkflowRule):
    """Every action is named by a commit, with the version that it is of in a comment."""

    code: ClassVar[str] = "CI101"

    def check(self, facts: CiFile) -> Finding:
        """A tag can be moved to other code overnight, and dependabot raises what it can tell the version of."""
        bad = [
            f"{one.action}@{one.ref} {'has no version after it' if one.is_pinned else 'is no commit'}"
            for one in facts.uses
            if not (one.is_pinned and one.version) and not one.action.startswith(".")
        ]
        return verdict(shown(bad), "name the commit, and its version: " + pins.CHECKOUT)


class PinsTrue(WorkflowRule):
    """The version after a commit is the one that it is of."""

    code: ClassVar[str] = "CI102"

    def check(self, facts: CiFile) -> Finding:
        """Whoever reviews it reads the version, and what runs is the commit."""
        known = {one.partition("@")[0]: one.partition("@")[2].split(" # ") for one in pins.ACTIONS}
        bad = []
        for one in facts.uses:
            ref, version = known.get(one.action, ("", ""))
            if ref and one.version and (one.ref == ref) != (one.version == version):
                bad.append(f"{one.action} {version} is {ref[:12]}, and it says {one.version} is {one.ref[:12]}")
        return verdict(shown(bad), "\n".join(pins.ACTIONS))


class InEnvironment(WorkflowRule):
    """The job that publishes names an environment."""

    code: ClassVar[str] = "CI103"

    def check(self, facts: CiFile) -> Finding:
        """Without one, every job of the file that may ask for a token can publish, and nobody is asked before."""
        bad = [f"the job {one.name} has no environment" for one in facts.publishing if not one.table.get("environment")]
        return verdict(bad, "environment: pypi")


class NothingOfTheProject(WorkflowRule):
    """The job that publishes has no checkout, and runs nothing of the project."""

    code: ClassVar[str] = "CI104"

    def check(self, facts: CiFile) -> Finding:
        """Whatever runs beside the token can use it: a build backend, a test, a plugin of one."""
        return verdict(shown(_beside_the_token(facts)), "build, check and test in other jobs, and hand the files on")


class NoCache(WorkflowRule):
    """A workflow that publishes takes nothing from a cache."""

    code: ClassVar[str] = "CI105"

    def check(self, facts: CiFile) -> Finding:
        """A cache is filled by other runs, those of other branches among them."""
        bad = [f"the job {job.name} {said}" for job in facts.jobs for said in _caches(job)] if facts.publishing else []
        return verdict(shown(bad), "with:\n  enable-cache: false")


class OneIndexAJob(WorkflowRule):
    """A job uploads to one index, once."""

    code: ClassVar[str] = "CI106"

    def check(self, facts: CiFile) -> Finding:
        """The second upload of a job finds the attestations of the first, and an index is given more than it is for."""
        bad = [f"the job {one.name} uploads {one.uploads} times" for one in facts.publishing if one.uploads > 1]
        return verdict(bad, "give each index a job with an environment of its own")


class StrangersStayOut(WorkflowRule):
    """No event that a stranger can bring about starts a workflow that publishes."""

    code: ClassVar[str] = "CI110"

    def check(self, facts: CiFile) -> Finding:
        """It runs with the rights of the repository, on what the stranger has written."""
        bad = [f"{name} starts it" for name in sorted(facts.triggers & STRANGERS)] if facts.publishing else []
        if "workflow_dispatch" in facts.triggers:
            bad += [
                f"started by hand, from any branch, the job {job.name} would publish"
                for job in facts.publishing
                if "github.event_name == 'push'" not in text_in(job.table, "if")
            ]
        return verdict(bad, "if: github.event_name == 'push'")


class ToolsLocked(WorkflowRule):
    """A workflow that publishes installs its tools from a lock file, with hashes."""

    code: ClassVar[str] = "CI114"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: CiFile) -> Finding:
        """What a tool's newest release does to the build is known to nobody when the tag is pushed."""
        lines = [line.strip() for job in facts.jobs for text in job.commands for line in text.splitlines()]
        bad = [line for line in dict.fromkeys(lines) if facts.publishing and _is_ad_hoc(line)]
        return verdict(shown(bad), "uv lock, with seatrial in a dependency group; or pip install --require-hashes")


def _beside_the_token(facts: CiFile) -> Iterator[str]:
    for job in facts.publishing:
        if any(True for _ in job.inputs("actions/checkout")):
            yield f"the job {job.name} checks the project out"
        yield from (
            f"the job {job.name} runs {text.strip().splitlines()[0]}"
            for text in job.commands
            if BUILDS.search(text) or runs_tests(text) or re.search(r"\b(nox|seatrial|invoke|inv|make)\s", text)
        )


def _caches(job: CiJob) -> Iterator[str]:
    for told in job.inputs("astral-sh/setup-uv"):
        if not says(told, "enable-cache", "false"):
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


def says(told: object, name: str, value: str) -> bool:
    """Whether an input of an action has a value."""
    return isinstance(told, dict) and text_in(told, name).lower() == value


def text_in(table: Mapping[str, Any], name: str) -> str:
    """Return a text in a table, "" for none: anything else, written out, could multiply by its aliases."""
    found = table.get(name)
    return found if isinstance(found, str) else ""
