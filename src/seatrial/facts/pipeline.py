"""A pipeline of GitLab, as far as a rehearsal has to know it (GitLab, "CI/CD YAML syntax reference")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.facts.pipeline_jobs import Need, PipelineJob, job_of
from seatrial.facts.pipeline_rules import ALWAYS, NEVER, first_rule, texts
from seatrial.facts.pipeline_text import FILE, PipelineText, invalid, table_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

STAGES = (".pre", "build", "test", "deploy", ".post")
"""The stages of a pipeline that names none."""

TO_LISTEN = "rules:\n  - if: $CI_COMMIT_TAG"
"""What has a tag start a job."""

BESIDE = (
    *("after_script", "before_script", "cache", "default", "image", "include", "services", "spec", "stages"),
    *("variables", "workflow"),
)
"""What stands beside the jobs and is none."""


@dataclass(frozen=True)
class Pipeline:
    """What one tag starts: ``jobs`` in the order of their stages, those that do not start among them.

    ``starts``: whether the tag starts a pipeline; ``elsewhere``: includes that lie elsewhere, and were not read.
    """

    jobs: tuple[PipelineJob, ...]
    variables: tuple[tuple[str, str], ...] = ()
    starts: bool = True
    elsewhere: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str, files: Callable[[str], str | None], known: Mapping[str, str]) -> Pipeline:
        """Read the file for one tag; ``files`` returns the text of a file of the repository, or None.

        ``known``: the variables that GitLab sets. Raises `PipelineInvalid`.
        """
        read = PipelineText.read(text, files)
        shared = texts(read.table.get("variables"))
        rules = table_in(read.table.get("workflow")).get("rules")
        start = ALWAYS if rules is None else first_rule(read.values(rules), {**known, **dict(shared)})
        variables = (*shared, *(start.variables if start else ()))
        values = {**known, **dict(variables)}
        stages = _stages(read)
        jobs = [job_of(name, read, stages, values) for name, told in read.table.items() if _is_job(name, told)]
        _insist_on_needs(jobs)
        ordered = sorted(jobs, key=lambda one: stages.index(one.stage))
        is_meant = start is not None and start.when != NEVER
        return cls(tuple(ordered), variables, is_meant, read.elsewhere)

    def publishing_job(self, environments: Iterable[str] = (), *, starting: bool = True) -> PipelineJob | None:
        """Return the job that uploads; of several, one of these environments, or else the last.

        ``starting``: only of those that the tag starts.
        """
        found = [one for one in self.jobs if one.publishes and (not starting or (one.starts and self.starts))]
        wanted = [one for one in found if one.environment in set(environments)] or found
        return wanted[-1] if wanted else None

    def deafness(self, tag: str) -> str:
        """Return why a tag starts nothing that publishes, "" when it does."""
        if self.publishing_job():
            return ""
        job = self.publishing_job(starting=False)
        what = f"the job {job.name}" if job and self.starts else "a pipeline"
        which = "its rules" if self.starts else "workflow: rules"
        return f"{tag} does not start {what} of {FILE}, as {which} say, so nothing would be published"

    def waits_for(self, job: PipelineJob) -> tuple[Need, ...]:
        """Return the jobs that a job waits for: those that it names, or all of earlier stages."""
        if job.needs is not None:
            return tuple(need for need in job.needs if self._starts(need.job))
        order = [one.stage for one in self.jobs]
        earlier = (one for one in self.jobs if one.starts and order.index(one.stage) < order.index(job.stage))
        taken = job.takes
        return tuple(Need(one.name, taken is None or one.name in taken) for one in earlier)

    def before(self, job: PipelineJob) -> tuple[PipelineJob, ...]:
        """Return the jobs that have to be over before a job begins, each after those that it waits for."""
        found: dict[str, PipelineJob] = {}
        self._add(job, found, frozenset())
        return tuple(one for one in found.values() if one.name != job.name)

    def _add(self, job: PipelineJob, found: dict[str, PipelineJob], waiting: frozenset[str]) -> None:
        if job.name in waiting:
            raise invalid(f"{job.name} of {FILE} waits for itself", "take out of needs what leads back to it")
        missing = [one.job for one in job.needs or () if not one.is_optional and not self._starts(one.job)]
        if missing:
            raise invalid(
                f"the job {job.name} of {FILE} needs {', '.join(missing)}, which the tag does not start",
                "let its rules hold for tags, or wait for it where it is there: needs: [{job: …, optional: true}]",
            )
        for need in self.waits_for(job):
            if need.job not in found:
                self._add(self.named(need.job), found, waiting | {job.name})
        found[job.name] = job

    def named(self, name: str) -> PipelineJob:
        """Return the job of a name."""
        return next(one for one in self.jobs if one.name == name)

    def _starts(self, name: str) -> bool:
        return any(one.starts for one in self.jobs if one.name == name)


def _is_job(name: str, told: object) -> bool:
    return isinstance(told, dict) and not name.startswith(".") and name not in BESIDE


def _stages(read: PipelineText) -> tuple[str, ...]:
    told = tuple(str(one) for one in read.values(read.table.get("stages", [])))
    return (".pre", *told, ".post") if told else STAGES


def _insist_on_needs(jobs: Sequence[PipelineJob]) -> None:
    names = {one.name for one in jobs}
    for job in jobs:
        missing = [need.job for need in job.needs or () if need.job not in names and not need.is_optional]
        if missing:
            raise invalid(
                f"the job {job.name} of {FILE} needs {', '.join(missing)}, which is not there",
                f"name in needs of {job.name} a job that is there",
            )
