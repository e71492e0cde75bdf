"""Checks of what a release tag starts: that it publishes, and that the index accepts the publisher."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from seatrial.checks.check import finding_of
from seatrial.ci.condition import Answer
from seatrial.ci.github import WORKFLOWS_FOLDER
from seatrial.findings import Finding, Severity
from seatrial.index.targets import pypi_host
from seatrial.invocation import task_command

if TYPE_CHECKING:
    from seatrial.ci.github import Workflow
    from seatrial.ci.publisher import Trigger


NO_PUBLISHER = "no workflow publishes"


class TriggerCheck:
    """A check of what a tag starts."""

    severity: ClassVar[Severity] = Severity.ERROR
    needs: ClassVar[tuple[str, ...]] = ("CI001",)
    code: ClassVar[str]


class Publishes(TriggerCheck):
    """CI publishes the project."""

    code: ClassVar[str] = "CI001"
    severity: ClassVar[Severity] = Severity.WARNING
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, facts: Trigger) -> Finding:
        """Without one, the tag of a release stands alone until somebody uploads by hand."""
        there = facts.publishing.workflow is not None or facts.publishing.others
        fix = f"{task_command('workflows')}, and commit; or by hand, after the release: {task_command('publish')}"
        return finding_of([] if there else [f"no workflow in {WORKFLOWS_FOLDER} publishes"], fix)


class TagFilterMatches(TriggerCheck):
    """The tag of the release starts it."""

    code: ClassVar[str] = "CI002"

    def check(self, facts: Trigger) -> Finding:
        """Nothing happens, and nothing says so, when the pattern is another than that of the tag."""
        workflow = facts.publishing.workflow
        heard = facts.by_pipeline
        if heard is not None and heard.answer is Answer.UNKNOWN:
            return Finding.unknown(heard.reason, heard.fix)
        if heard is not None:
            return finding_of([heard.reason] if heard.reason else [], heard.fix)
        if workflow is None or not facts.tag:
            return not_listening(facts)
        if facts.publishing.starts(workflow, facts.tag):
            return Finding.passed()
        if workflow.waits_for_more:
            return Finding.skipped("something else than a tag is to start it")
        return Finding.failed(tag_filter_mismatch(workflow, facts.tag), how_to_listen(facts.tag))


class SessionsThere(TriggerCheck):
    """Every session that a workflow names is in the noxfile."""

    code: ClassVar[str] = "CI003"
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, facts: Trigger) -> Finding:
        """A session that was renamed stops CI, for a release after the tag is out."""
        listing = facts.listing
        if not listing.is_there or listing.failure:
            return Finding.skipped("there is no noxfile that can be loaded")
        said = []
        for workflow in facts.publishing.workflows:
            missing = [name for name in workflow.sessions() if not listing.has(name)]
            said += [f"{workflow.name} names {', '.join(missing)}, which nox does not know"] if missing else []
        return finding_of(said, "nox -l shows those that there are")


class MayAsk(TriggerCheck):
    """The job that publishes may ask for an identity token."""

    code: ClassVar[str] = "CI004"

    def check(self, facts: Trigger) -> Finding:
        """Trusted publishing exchanges it for a token of the index; without it, the upload is refused."""
        workflow, job = facts.publishing.workflow, facts.publishing.job
        if workflow is None or job is None:
            return Finding.skipped(_none(facts))
        if job.has_password:
            return Finding.skipped("no job publishes by trusted publishing")
        said = f"the job {job.name} of {WORKFLOWS_FOLDER}/{workflow.name} may not ask for an identity token"
        return finding_of([] if job.may_ask else [said], "permissions:\n  id-token: write")


class NoPassword(TriggerCheck):
    """The job that publishes has no stored password."""

    code: ClassVar[str] = "CI005"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: Trigger) -> Finding:
        """It works from anywhere and for ever; an empty one, such as a secret that is not set, stops the upload."""
        job = facts.publishing.job
        if job is None:
            return Finding.skipped(_none(facts))
        return finding_of(
            [f"the job {job.name} is handed one"] if job.has_password else [],
            "take it out: trusted publishing needs none",
        )


class InEnvironment(TriggerCheck):
    """The job that publishes runs in an environment."""

    code: ClassVar[str] = "CI006"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: Trigger) -> Finding:
        """It is where a forge asks a reviewer; without one, any job of the workflow is who the index trusts."""
        job = facts.publishing.job
        if job is None:
            return Finding.skipped(_none(facts))
        return finding_of([] if job.environment else [f"the job {job.name} names none"], "environment: pypi")


class Registered(TriggerCheck):
    """The workflow and its environment are those that are registered as the trusted publisher."""

    code: ClassVar[str] = "CI007"

    def check(self, facts: Trigger) -> Finding:
        """The index compares them letter by letter, and refuses with invalid-publisher."""
        found = facts.publishing
        if found.workflow is None or found.job is None:
            return Finding.skipped(_none(facts))
        here = {
            "owner": found.owner,
            "repository": found.repository,
            "workflow": found.workflow.name,
            "environment": found.job.environment,
        }
        # Whoever owns a repository, and what it is called, is the same in capitals; so is an environment for PyPI.
        said = [
            f"[tool.seatrial.publisher] says {key} {value!r}, and here it is {here[key]!r}"
            for key, value in found.overrides.items()
            if here[key] and (value != here[key] if key == "workflow" else value.lower() != here[key].lower())
        ]
        if found.overrides.get("environment") and not found.job.environment:
            said.append(f"the environment {found.overrides['environment']} is registered, and the job names none")
        return finding_of(said, "mend the workflow; or register the other one on the index, and mend the setting")


class TokenTaken(TriggerCheck):
    """The index takes the identity of such a run."""

    code: ClassVar[str] = "CI008"

    def check(self, facts: Trigger) -> Finding:
        """PyPI publishes nothing for pull_request_target: code of anybody runs there."""
        workflow = facts.publishing.workflow
        if workflow is None:
            return Finding.skipped(_none(facts))
        bad = "pull_request_target" in workflow.events
        said = "Publishing from a workflow invoked via 'pull_request_target' is not supported."
        return finding_of([said] if bad else [], "publish from a workflow that only a tag starts")


class AddressKnown(TriggerCheck):
    """Where a job names the address of PyPI or TestPyPI, it is the right one."""

    code: ClassVar[str] = "CI009"
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, facts: Trigger) -> Finding:
        """Another host, or a slash that is missing, ends the upload with a redirect or a page that is not there."""
        jobs = ((workflow, job) for workflow in facts.publishing.workflows for job in workflow.jobs)
        said = [
            f"the job {job.name} of {workflow.name} uploads to {address}"
            for workflow, job in jobs
            for address in job.addresses
            if _is_mistaken(address)
        ]
        return finding_of(said, "leave it out for PyPI; for the other: twine upload --repository testpypi dist/*")


class AsGenerated(TriggerCheck):
    """The workflows that were generated are what they should be."""

    code: ClassVar[str] = "CI010"
    severity: ClassVar[Severity] = Severity.WARNING
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, facts: Trigger) -> Finding:
        """A noxfile and its workflows that have grown apart show it in a run that fails, or in one that does less."""
        fixes = "\n".join(f"{one}, and commit" for one in facts.fixes)
        return finding_of(facts.drifted, f"{fixes}; or see the difference first: {task_command('workflows --check')}")


def not_listening(facts: Trigger) -> Finding:
    """Return why nothing is said of what a tag starts: no workflow is known that publishes, or no tag."""
    if facts.publishing.workflow is None:
        return Finding.skipped(_none(facts))
    return Finding.unknown("no version was found, so there is no tag")


def _none(facts: Trigger) -> str:
    """Return why nothing is said of a workflow that publishes: there is none, or none that is read."""
    others = ", ".join(facts.publishing.others)
    return f"not applicable: {others} publishes, and only the workflows of GitHub are read" if others else NO_PUBLISHER


def _is_mistaken(address: str) -> bool:
    # Loaded here because twine takes its time.
    from twine.utils import DEFAULT_REPOSITORY, TEST_REPOSITORY  # noqa: PLC0415

    domain = pypi_host()
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    is_of_pypi = host == domain or host.endswith(f".{domain}")
    return is_of_pypi and address not in {DEFAULT_REPOSITORY, TEST_REPOSITORY}


def tag_filter_mismatch(workflow: Workflow, tag: str) -> str:
    """Return why a tag does not start a workflow."""
    if "push" in workflow.events and workflow.tags:
        return f"{workflow.name} listens to {', '.join(workflow.tags)}, which {tag} is not"
    if "push" in workflow.events and workflow.tags_ignored:
        return f"{workflow.name} ignores {', '.join(workflow.tags_ignored)}, which {tag} is"
    if workflow.chain.after:
        return f"{workflow.name} starts after {', '.join(workflow.chain.after)}, and {tag} leads to none of them"
    if "release" in workflow.events:
        return f"{workflow.name} starts when a release is made on the forge, not when {tag} is pushed"
    return f"{workflow.name} starts on {', '.join(workflow.events) or 'nothing'}, not on a tag"


def how_to_listen(tag: str) -> str:
    """Return what has a tag of this form start a workflow."""
    return f'on:\n  push:\n    tags: ["{_pattern(tag)}"]'


def _pattern(tag: str) -> str:
    """Return the pattern of tags like this one: what stands before its number, and a star."""
    return tag[: next((index for index, sign in enumerate(tag) if sign.isdecimal()), len(tag))] + "*"


class StartsAlone(TriggerCheck):
    """The tag of the release starts it without anybody's help."""

    code: ClassVar[str] = "CI011"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: Trigger) -> Finding:
        """Until somebody makes a release on the forge, or starts a run by hand, the tag stands there unpublished."""
        workflow = facts.publishing.workflow
        if workflow is None or not facts.tag:
            return not_listening(facts)
        if facts.publishing.starts(workflow, facts.tag) or not workflow.waits_for_more:
            return Finding.passed()
        by_hand = workflow.started_by_hand(facts.tag)
        return Finding.failed(
            tag_filter_mismatch(workflow, facts.tag),
            f"after {task_command('release')}: {by_hand}; or have the tag do it:\n{how_to_listen(facts.tag)}",
        )


class OneAlone(TriggerCheck):
    """The tag of the release starts one workflow that publishes, not several."""

    code: ClassVar[str] = "CI012"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: Trigger) -> Finding:
        """Two that build each for itself race for the same file names: the index has a mixture, and one run is red."""
        if not facts.tag:
            return Finding.unknown("no version was found, so there is no tag")
        known = facts.publishing
        found = [one.name for one in known.workflows if one.publishing_job() and known.starts(one, facts.tag)]
        several = f"{facts.tag} starts {' and '.join(found)}, and each of them publishes"
        return finding_of(
            [several] if len(found) > 1 else [], "publish from one of them, and remove the job from the others"
        )


class TagCheckedOut(TriggerCheck):
    """A workflow that publishes after another one checks out what the tag names."""

    code: ClassVar[str] = "CI013"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: Trigger) -> Finding:
        """GitHub starts it on the default branch; an environment that admits tags alone refuses it, too."""
        workflow = facts.publishing.workflow
        if workflow is None or not facts.tag:
            return not_listening(facts)
        if workflow.listens_to(facts.tag) or not workflow.chain.after:
            return Finding.passed()
        said = (
            f"{workflow.name} starts after {', '.join(workflow.chain.after)}, on the default branch, and checks that "
            f"branch out, not {facts.tag}"
        )
        fix = "with:\n  ref: ${{ github.event.workflow_run.head_sha }}"
        return finding_of([said] if workflow.chain.checks_branch_out else [], fix)
