"""Checks of what a release tag starts (CI0xx): that it publishes, and that the index accepts the publisher."""

from __future__ import annotations

from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING

from seatrial.checks.check import ERROR, WARNING, check, finding_of
from seatrial.ci.before_upload import BUILD_SESSIONS
from seatrial.ci.expressions import Answer, any_of
from seatrial.ci.job_commands import builds, programs_in, sessions_named
from seatrial.ci.job_uploads import Index, transfer_problems
from seatrial.ci.publisher import CiFacts, PublishingJob, mismatch_with_tag, titles_before
from seatrial.commands import Command
from seatrial.findings import Finding
from seatrial.index.destination import upload_addresses

if TYPE_CHECKING:
    from seatrial.ci.evaluation import JobRun
    from seatrial.ci.github import Workflow


ci_check = partial(check, severity=ERROR, needs=("CI001",))


@check(
    "CI001",
    "A workflow publishes the project",
    "Without one, a release is a tag and no more until somebody uploads the files by hand.",
    severity=WARNING,
)
def publishes(facts: CiFacts) -> Finding:
    publishing = facts.publishing
    if publishing.jobs or publishing.others:
        return Finding.passed()
    doubts = [f"{job.run.place} may publish: {job.doubt}" for job in publishing.possible_jobs]
    if doubts:
        return Finding.unknown(
            "\n".join(doubts), "upload in a step of the workflow: pypa/gh-action-pypi-publish, or twine upload"
        )
    generate = facts.obstacles or [f"{Command('workflows')}, and commit"]
    tested = [session for session in facts.listing.sessions if session.name not in BUILD_SESSIONS]
    lacking = [SESSION_FIX] if facts.listing.sessions and not any("ci" in session.tags for session in tested) else []
    fix = "\nthen: ".join([*lacking, *generate])
    return Finding.failed(f"no {facts.place} publishes", f"{fix}\nor by hand, after the release: {Command('publish')}")


SESSION_FIX = "sessions.tests() in the noxfile, or a session of your own with the tag ci"
"""What a noxfile needs before files of CI are generated."""


@ci_check(
    "CI002",
    "The tag starts the job that publishes",
    "GitHub starts nothing, and reports nothing, if the tag does not match the filter or a condition is false.",
)
def tag_starts_job(facts: CiFacts) -> Finding:
    job = facts.publishing.job
    if facts.by_pipeline is not None:
        return facts.by_pipeline
    if job is None or not facts.tag:
        return _no_job_or_tag(facts)
    if job.event is not None and not job.is_started_by_tag:
        return Finding.skipped("it is not the tag that starts it")
    if job.event is None:
        return Finding.failed(tag_filter_mismatch(job.entry, facts.tag), how_to_listen(facts.tag))
    starts = any_of(other.starts for other in facts.publishing.jobs)
    does_not_run = f"{job.run.place} does not run for {facts.tag}: {job.reason}"
    is_unknown = f"whether {job.run.place} runs for {facts.tag} is not known: {job.reason}"
    fix = f"have it run for {facts.tag}, for example with if: github.ref_type == 'tag'"
    if starts is Answer.UNKNOWN:
        return Finding.unknown(is_unknown, fix)
    return Finding.passed() if starts is Answer.YES else Finding.failed(does_not_run, fix)


@ci_check(
    "CI003",
    "The noxfile has every session that a workflow runs",
    "A session that was renamed stops CI, in a release after the tag was pushed.",
    needs=(),
)
def sessions_exist(facts: CiFacts) -> Finding:
    listing = facts.listing
    if not listing.is_there or listing.failure:
        return Finding.skipped("the noxfile is missing or can't be loaded")
    missing = {
        workflow.name: [name for name in workflow.sessions(facts.publishing.folder) if not listing.has(name)]
        for workflow in facts.publishing.workflows
    }
    lines = [f"{name} names {', '.join(names)}, which nox does not list" for name, names in missing.items() if names]
    return finding_of(lines, "see the sessions: nox -l")


@ci_check(
    "CI004",
    "The publishing job may ask for an identity token",
    "Trusted publishing exchanges it for a token of the index; without it, the upload is rejected.",
)
def may_ask_for_token(facts: CiFacts) -> Finding:
    jobs = [job for job in facts.publishing.jobs if not job.has_password]
    if not jobs:
        return Finding.skipped("no job uses trusted publishing" if facts.publishing.jobs else _no_job(facts))
    return finding_of(
        map(_token_refusal, (job for job in jobs if not job.may_get_token)), "permissions:\n  id-token: write"
    )


def _token_refusal(job: PublishingJob) -> str:
    caller = job.run.refused_by
    if caller is None:
        return f"{job.run.place} may not ask for an identity token"
    return f"{caller.place} does not grant id-token: write to {job.workflow.name}, which asks for it"


@ci_check(
    "CI005",
    "The publishing job has no stored password",
    "A password works from anywhere until it is revoked; an empty one, such as an unset secret, stops the upload.",
    severity=WARNING,
)
def no_password(facts: CiFacts) -> Finding:
    if not facts.publishing.jobs:
        return Finding.skipped(_no_job(facts))
    lines = [f"{job.run.place} has a stored password or token" for job in facts.publishing.jobs if job.has_password]
    return finding_of(lines, "remove it, and register the workflow as a trusted publisher")


@ci_check(
    "CI006",
    "The publishing job runs in an environment",
    "An environment can ask a reviewer; without one, the index trusts every job of the workflow.",
    severity=WARNING,
)
def has_environment(facts: CiFacts) -> Finding:
    if not facts.publishing.jobs:
        return Finding.skipped(_no_job(facts))
    lines = [f"{job.run.place} has no environment" for job in facts.publishing.jobs if job.environment is None]
    return finding_of(lines, "environment: pypi")


@ci_check(
    "CI007",
    "Workflow and environment are those of the registered publisher",
    "The index compares them letter by letter, and rejects others with invalid-publisher.",
)
def matches_registered(facts: CiFacts) -> Finding:
    publishing, job = facts.publishing, facts.publishing.job
    if job is None:
        return Finding.skipped(_no_job(facts))
    environment, registered = job.environment, publishing.overrides.get("environment")
    here = {
        "owner": publishing.owner,
        "repository": publishing.repository,
        "workflow": job.workflow.name,
        "environment": environment.name if environment else None,
    }
    # GitHub ignores the case of owners and repositories, and PyPI that of environments.
    lines = [
        f"[tool.seatrial.publisher] has {key} {value!r}, and it is {actual!r} here"
        for key, value in publishing.overrides.items()
        if (actual := here[key]) and (value != actual if key == "workflow" else value.lower() != actual.lower())
    ]
    if registered and environment is None:
        lines.append(f"the environment {registered} is registered, and {job.run.place} names no environment")
    if registered and environment and environment.name is None and not lines:
        return Finding.unknown(f"the environment of {job.run.place} is an expression: {environment.text}")
    return finding_of(
        lines, "change the workflow; or register the other environment on the index, and change the setting"
    )


@ci_check(
    "CI008",
    "The index accepts identity tokens of the event",
    "PyPI publishes nothing for pull_request_target: it runs with the rights of the repository on code of strangers.",
)
def event_accepted(facts: CiFacts) -> Finding:
    if not facts.publishing.jobs:
        return Finding.skipped(_no_job(facts))
    is_refused = any("pull_request_target" in job.entry.events for job in facts.publishing.jobs)
    refusal = "Publishing from a workflow invoked via 'pull_request_target' is not supported."
    return finding_of([refusal] if is_refused else [], "publish from a workflow that only a tag starts")


@ci_check(
    "CI009",
    "Addresses of PyPI and TestPyPI are correct",
    "Another host, or a missing slash, ends the upload with a redirect or a page that does not exist.",
    needs=(),
)
def addresses_correct(facts: CiFacts) -> Finding:
    lines = [
        f"{run.place} uploads to {upload.address}"
        for run, upload in facts.publishing.uploads
        if upload.address and upload.index in {Index.PYPI, Index.TESTPYPI}
        if upload.address not in upload_addresses().values()
    ]
    fix = "leave it out for PyPI; for TestPyPI: twine upload --repository testpypi dist/*"
    return finding_of(dict.fromkeys(lines), fix)


@ci_check(
    "CI010",
    "Generated workflows are up to date",
    "Where the noxfile and its workflows differ, CI fails or does less than it should.",
    severity=WARNING,
    needs=(),
)
def up_to_date(facts: CiFacts) -> Finding:
    fixes = "\n".join(f"{fix}, and commit" for fix in facts.fixes)
    return finding_of(facts.drifted, f"{fixes}; or see the difference first: {Command('workflows', '--check')}")


@ci_check(
    "CI011",
    "The tag alone starts the job that publishes",
    "Until somebody creates a release on the forge, or starts a run by hand, the tag is not published.",
    severity=WARNING,
)
def starts_alone(facts: CiFacts) -> Finding:
    job = facts.publishing.job
    if job is None or not facts.tag:
        return _no_job_or_tag(facts)
    if job.event is None or job.is_started_by_tag:
        return Finding.passed()
    by_hand = facts.publishing.start_by_hand(job)
    listen = f"have the tag do it:\n{how_to_listen(facts.tag)}"
    if by_hand is None:
        fix = f"after {Command('release')}, start {job.entry.path} by hand; or {listen}"
    else:
        fix = f"after {Command('release')}: {by_hand}; or {listen}"
    return Finding.failed(tag_filter_mismatch(job.entry, facts.tag), fix)


@ci_check(
    "CI012",
    "The tag starts one workflow that publishes",
    "Two that each build race for the same file names: the index has a mixture, and one run fails.",
    severity=WARNING,
)
def one_publisher(facts: CiFacts) -> Finding:
    if not facts.tag:
        return Finding.unknown("the version is unknown, and so is its tag")
    names = dict.fromkeys(
        job.entry.name
        for job in facts.publishing.possible_jobs
        if job.publishes is Answer.YES and job.is_started_by_tag and job.starts is Answer.YES
    )
    several = f"{facts.tag} starts {' and '.join(names)}, and each of them publishes"
    fix = "publish from one of them, and remove the job from the others"
    return finding_of([several] if len(names) > 1 else [], fix)


@ci_check(
    "CI013",
    "A workflow that publishes after another one checks out the tag",
    "GitHub starts it on the default branch; an environment that allows only tags rejects the run.",
    severity=WARNING,
)
def tag_checked_out(facts: CiFacts) -> Finding:
    job = facts.publishing.job
    if job is None or not facts.tag:
        return _no_job_or_tag(facts)
    steps = [step for other in job.entry.jobs for step in other.steps if step.uses_action("actions/checkout")]
    if job.event != "workflow_run" or all(step.inputs.get("ref") for step in steps):
        return Finding.passed()
    start = f"{job.entry.name} starts after {titles_before(job.entry)} on the default branch"
    problem = f"{start}, and checks out that branch, not {facts.tag}"
    return Finding.failed(problem, "with:\n  ref: ${{ github.event.workflow_run.head_sha }}")


@ci_check(
    "CI014",
    "The index accepts the attestations",
    "An attestation names the workflow that was started, and the index compares it with the file of the job.",
)
def attestations_accepted(facts: CiFacts) -> Finding:
    jobs = [job for job in facts.publishing.jobs if job.attests]
    lines = [
        f"{job.run.place} uploads with attestations, and {job.entry.name} calls that workflow: the index rejects them"
        for job in jobs
        if job.run.callers
    ]
    file = next((job.entry.path for job in jobs), "")
    fix = f"upload in a job of {file} itself; or without attestations:\nwith:\n  attestations: false"
    if lines:
        return Finding.failed("\n".join(lines), fix)
    actions = {str(upload.step.actions[0]): job for job in jobs for upload in job.uploads if upload.step.actions}
    lines = [
        f"{job.run.place} uploads within {action}, where attestations are not known to work"
        for action, job in actions.items()
    ]
    return Finding.unknown("\n".join(lines), fix) if lines else Finding.passed()


@ci_check(
    "CI015",
    "The publishing job gets the files that were built",
    "A name that no artifact has stops the job; files in a folder of their own are not uploaded.",
)
def files_arrive(facts: CiFacts) -> Finding:
    problems = {
        f"{job.run.place}: {problem}": fix
        for job in facts.publishing.jobs
        if job.starts is not Answer.NO
        for problem, fix in transfer_problems(job.run).items()
    }
    return finding_of(problems, "\n".join(dict.fromkeys(problems.values())))


@ci_check(
    "CI016",
    "Jobs that build fetch submodules and files in Git LFS",
    "A checkout leaves them out unless it is asked: the distributions get pointers, or lack files.",
    severity=WARNING,
)
def fetches_all(facts: CiFacts) -> Finding:
    lacking = {run.place: facts.checkout.lacking(run) for run in _runs_before_upload(facts)}
    lines = [f"{place} checks out without {' and '.join(names)}" for place, names in lacking.items() if names]
    values = {"lfs": "lfs: true", "submodules": "submodules: recursive"}
    needed = dict.fromkeys(f"  {values[name]}" for names in lacking.values() for name in names)
    return finding_of(lines, "\n".join(("with:", *needed)))


@ci_check(
    "CI017",
    "Submodules are checked out here, as CI does it",
    "The release is verified without the files of a submodule that is not initialised, and CI builds with them.",
    needs=(),
)
def submodules_present(facts: CiFacts) -> Finding:
    leave_out = [run for run in _runs_before_upload(facts) if "submodules" in facts.checkout.lacking(run)]
    if leave_out:
        return Finding.skipped("CI builds without submodules")
    lines = [f"the submodule {path} is not initialised" for path in facts.checkout.absent]
    return finding_of(lines, "git submodule update --init --recursive")


@ci_check(
    "CI018",
    "Submodules can be fetched from their remotes",
    "CI, and everybody who clones the repository, gets what is on the remotes: a commit that is only here stops them.",
    severity=WARNING,
    needs=(),
)
def submodules_pushed(facts: CiFacts) -> Finding:
    unnamed, unpushed = facts.checkout.unnamed, facts.checkout.unpushed
    lines = [f"{path} is a repository of its own, and .gitmodules does not name it" for path in unnamed]
    lines += [f"no branch and no tag of the remote of {path} has its commit, as of the last fetch" for path in unpushed]
    fixes = [*(f"git submodule add ADDRESS {path}" for path in unnamed), *(f"git -C {path} push" for path in unpushed)]
    return finding_of(lines, "\n".join(fixes))


def _runs_before_upload(facts: CiFacts) -> tuple[JobRun, ...]:
    """Return the jobs that build what is published; where none is known to, all up to those that publish."""
    runs = {run.place: run for job in facts.publishing.jobs for run in (*job.run.before, job.run)}
    building = {
        place: run
        for place, run in runs.items()
        for text in run.job.scripts
        for program in programs_in(text)
        if builds(program) or {"build", "check"}.intersection(sessions_named(program))
    }
    return tuple((building or runs).values())


def _no_job_or_tag(facts: CiFacts) -> Finding:
    if facts.publishing.job is None:
        return Finding.skipped(_no_job(facts))
    return Finding.unknown("the version is unknown, and so is its tag")


def _no_job(facts: CiFacts) -> str:
    if not facts.publishing.others:
        return "no workflow publishes"
    return f"not applicable: {', '.join(facts.publishing.others)} publishes, and only the workflows of GitHub are read"


def tag_filter_mismatch(workflow: Workflow, tag: str) -> str:
    """Return why a tag does not start a workflow."""
    push = workflow.trigger("push")
    if push and push.matches_tag(tag):
        return f"{workflow.name} publishes when a release is created on the forge, not when {tag} is pushed"
    return f"{workflow.name} {mismatch_with_tag(workflow, tag)}"


def how_to_listen(tag: str) -> str:
    """Return what has a tag of this form start a workflow."""
    before_number = "".join(takewhile(lambda sign: not sign.isdecimal(), tag))
    return f'on:\n  push:\n    tags: ["{before_number}*"]'


CHECKS = (
    *(publishes, tag_starts_job, sessions_exist, may_ask_for_token, no_password, has_environment),
    *(matches_registered, event_accepted, addresses_correct, up_to_date, starts_alone, one_publisher),
    *(tag_checked_out, attestations_accepted, files_arrive, fetches_all, submodules_present, submodules_pushed),
)
"""The checks of what a tag starts."""
