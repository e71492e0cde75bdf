"""Whether a workflow publishes what was proved, whole, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.rule import shown, verdict
from seatrial.checks.workflow_rules import BUILDS, WorkflowRule, runs_tests, says, text_in
from seatrial.facts import pins
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from seatrial.facts.ci_file import CiFile


class AsBuilt(WorkflowRule):
    """What is published comes from a job before, by its id or its name."""

    code: ClassVar[str] = "CI107"

    def check(self, facts: CiFile) -> Finding:
        """Files that are built again are others than those that were tested."""
        bad = []
        for job in facts.publishing:
            if not any(True for _ in job.inputs("actions/download-artifact")):
                bad.append(f"the job {job.name} fetches nothing that another has built")
            builders = [one.name for one in (*facts.before(job), job) if any(map(BUILDS.search, one.commands))]
            if len(builders) > 1:
                bad.append(f"before {job.name}, {' and '.join(builders)} build each for itself")
        return verdict(bad, "build once, keep the files with actions/upload-artifact, and fetch them by their id")


class Tested(WorkflowRule):
    """What is published was tested before, in a job that the upload waits for."""

    code: ClassVar[str] = "CI108"

    def check(self, facts: CiFile) -> Finding:
        """A version can't be taken back: it can be yanked, and its number is spent."""
        bad = [
            f"the job {job.name} waits for no test"
            for job in facts.publishing
            if not any(runs_tests(text) for one in facts.before(job) for text in one.commands)
        ]
        return verdict(bad, "needs: [build, test]")


class TagCompared(WorkflowRule):
    """Before it publishes for a tag, a workflow compares the tag with the version of the project."""

    code: ClassVar[str] = "CI109"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: CiFile) -> Finding:
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
        return verdict(bad, 'run: seatrial ci.verify --tag "$GITHUB_REF_NAME" --built')


class GateWhole(WorkflowRule):
    """The gate waits for every job that tests, runs always, and looks at how they ended."""

    code: ClassVar[str] = "CI111"

    def check(self, facts: CiFile) -> Finding:
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
        return verdict(bad, "if: always(), and compare toJSON(needs) with success")


class NeverCancelled(WorkflowRule):
    """A run that publishes a release is not cancelled by the next one."""

    code: ClassVar[str] = "CI112"

    def check(self, facts: CiFile) -> Finding:
        """Cancelled between two files, it leaves half a release on the index."""
        group = facts.table.get("concurrency")
        told = text_in(group, "cancel-in-progress") if isinstance(group, dict) else ""
        bad = [f"cancel-in-progress is {told}"] if facts.publishing and told == "true" else []
        return verdict(bad, "concurrency:\n  group: release-${{ github.ref }}\n  cancel-in-progress: false")


class Attested(WorkflowRule):
    """Files are published with attestations, and a file of the same name is not passed over."""

    code: ClassVar[str] = "CI113"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: CiFile) -> Finding:
        """They say which workflow made a file; and where an upload is skipped, the old file is what people install."""
        inputs = [(job.name, told) for job in facts.publishing for told in job.inputs(pins.PUBLISH.partition("@")[0])]
        bad = [
            f"the job {name} publishes without attestations"
            for name, told in inputs
            if says(told, "attestations", "false")
        ]
        bad += [f"the job {name} skips what is there" for name, told in inputs if says(told, "skip-existing", "true")]
        return verdict(bad, "with:\n  attestations: true")


class Ends(WorkflowRule):
    """Every job has an end."""

    code: ClassVar[str] = "CI115"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: CiFile) -> Finding:
        """A job that hangs is ended after six hours, and until then a release waits for it."""
        own = [one for one in facts.jobs if "uses" not in one.table]
        bad = [f"the job {one.name} has no timeout-minutes" for one in own if "timeout-minutes" not in one.table]
        return verdict(shown(bad), "timeout-minutes: 20")


class Readable(WorkflowRule):
    """Every file in the folder of workflows is a workflow that can be read, in which no name stands twice."""

    code: ClassVar[str] = "CI116"

    def check(self, facts: CiFile) -> Finding:
        """GitHub runs nothing of a file that it can't read, and says so on a page that nobody looks at."""
        return verdict([facts.trouble] if facts.trouble else [], "mend it, or move it out of .github/workflows")
