"""Whether the tag of a release starts what publishes it, and whether the index will know who that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from seatrial.checks.rule import verdict
from seatrial.command_line import typed
from seatrial.facts import pypi
from seatrial.facts.answer import Answer
from seatrial.facts.workflow import FOLDER
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from seatrial.facts.trigger import Trigger
    from seatrial.facts.workflow import Workflow

NONE = "no workflow publishes"


class TriggerRule:
    """A check of what a tag starts."""

    weight: ClassVar[Weight] = Weight.ERROR
    needs: ClassVar[tuple[str, ...]] = ("CI001",)
    code: ClassVar[str]


class Publishes(TriggerRule):
    """CI publishes the project."""

    code: ClassVar[str] = "CI001"
    weight: ClassVar[Weight] = Weight.WARNING
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, facts: Trigger) -> Finding:
        """Without one, the tag of a release stands alone until somebody uploads by hand."""
        there = facts.publishing.workflow is not None or facts.publishing.others
        fix = f"{typed('workflows')}, and commit; or by hand, after the release: {typed('publish')}"
        return verdict([] if there else [f"no workflow in {FOLDER} publishes"], fix)


class Listens(TriggerRule):
    """The tag of the release starts it."""

    code: ClassVar[str] = "CI002"

    def check(self, facts: Trigger) -> Finding:
        """Nothing happens, and nothing says so, when the pattern is another than that of the tag."""
        workflow = facts.publishing.workflow
        heard = facts.by_pipeline
        if heard is not None and heard.answer is Answer.UNKNOWN:
            return Finding.unknown(heard.reason, heard.fix)
        if heard is not None:
            return verdict([heard.reason] if heard.reason else [], heard.fix)
        if workflow is None or not facts.tag:
            return unheard(facts)
        if facts.publishing.starts(workflow, facts.tag):
            return Finding.passed()
        if workflow.waits_for_more:
            return Finding.skipped("something else than a tag is to start it")
        return Finding.failed(deaf(workflow, facts.tag), to_listen(facts.tag))


class SessionsThere(TriggerRule):
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
        return verdict(said, "nox -l shows those that there are")


class MayAsk(TriggerRule):
    """The job that publishes may ask for an identity token."""

    code: ClassVar[str] = "CI004"

    def check(self, facts: Trigger) -> Finding:
        """Trusted publishing exchanges it for a token of the index; without it, the upload is refused."""
        workflow, job = facts.publishing.workflow, facts.publishing.job
        if workflow is None or job is None:
            return Finding.skipped(_none(facts))
        if job.has_password:
            return Finding.skipped("no job publishes by trusted publishing")
        said = f"the job {job.name} of {FOLDER}/{workflow.name} may not ask for an identity token"
        return verdict([] if job.may_ask else [said], "permissions:\n  id-token: write")


class NoPassword(TriggerRule):
    """The job that publishes has no stored password."""

    code: ClassVar[str] = "CI005"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: Trigger) -> Finding:
        """It works from anywhere and for ever; an empty one, such as a secret that is not set, stops the upload."""
        job = facts.publishing.job
        if job is None:
            return Finding.skipped(_none(facts))
        return verdict(
            [f"the job {job.name} is handed one"] if job.has_password else [],
            "take it out: trusted publishing needs none",
        )


class InEnvironment(TriggerRule):
    """The job that publishes runs in an environment."""

    code: ClassVar[str] = "CI006"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: Trigger) -> Finding:
        """It is where a forge asks a reviewer; without one, any job of the workflow is who the index trusts."""
        job = facts.publishing.job
        if job is None:
            return Finding.skipped(_none(facts))
        return verdict([] if job.environment else [f"the job {job.name} names none"], "environment: pypi")


class Registered(TriggerRule):
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
            for key, value in found.told.items()
            if here[key] and (value != here[key] if key == "workflow" else value.lower() != here[key].lower())
        ]
        if found.told.get("environment") and not found.job.environment:
            said.append(f"the environment {found.told['environment']} is registered, and the job names none")
        return verdict(said, "mend the workflow; or register the other one on the index, and mend the setting")


class TokenTaken(TriggerRule):
    """The index takes the identity of such a run."""

    code: ClassVar[str] = "CI008"

    def check(self, facts: Trigger) -> Finding:
        """PyPI publishes nothing for pull_request_target: code of anybody runs there."""
        workflow = facts.publishing.workflow
        if workflow is None:
            return Finding.skipped(_none(facts))
        bad = "pull_request_target" in workflow.events
        said = "Publishing from a workflow invoked via 'pull_request_target' is not supported."
        return verdict([said] if bad else [], "publish from a workflow that only a tag starts")


class AddressKnown(TriggerRule):
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
        return verdict(said, "leave it out for PyPI; for the other: twine upload --repository testpypi dist/*")


class AsGenerated(TriggerRule):
    """The workflows that were generated are what they should be."""

    code: ClassVar[str] = "CI010"
    weight: ClassVar[Weight] = Weight.WARNING
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, facts: Trigger) -> Finding:
        """A noxfile and its workflows that have grown apart show it in a run that fails, or in one that does less."""
        mends = "\n".join(f"{one}, and commit" for one in facts.mends)
        return verdict(facts.drifted, f"{mends}; or see the difference first: {typed('workflows --check')}")


def unheard(facts: Trigger) -> Finding:
    """Return why nothing is said of what a tag starts: no workflow is known that publishes, or no tag."""
    if facts.publishing.workflow is None:
        return Finding.skipped(_none(facts))
    return Finding.unknown("no version was found, so there is no tag")


def _none(facts: Trigger) -> str:
    """Return why nothing is said of a workflow that publishes: there is none, or none that is read."""
    others = ", ".join(facts.publishing.others)
    return f"not applicable: {others} publishes, and only the workflows of GitHub are read" if others else NONE


def _is_mistaken(address: str) -> bool:
    # Loaded here because twine takes its time.
    from twine.utils import DEFAULT_REPOSITORY, TEST_REPOSITORY  # noqa: PLC0415

    domain = pypi.host()
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    is_of_pypi = host == domain or host.endswith(f".{domain}")
    return is_of_pypi and address not in {DEFAULT_REPOSITORY, TEST_REPOSITORY}


def deaf(workflow: Workflow, tag: str) -> str:
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


def to_listen(tag: str) -> str:
    """Return what has a tag of this form start a workflow."""
    return f'on:\n  push:\n    tags: ["{_pattern(tag)}"]'


def _pattern(tag: str) -> str:
    """Return the pattern of tags like this one: what stands before its number, and a star."""
    return tag[: next((index for index, sign in enumerate(tag) if sign.isdecimal()), len(tag))] + "*"
