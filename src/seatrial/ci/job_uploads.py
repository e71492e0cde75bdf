"""The uploads of a job: by which step, to which index, and with whose password; and what may upload unseen."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from seatrial.ci.commands import PASSWORD_VARIABLE, UploadReader, may_upload, programs_in, programs_of, upload_of
from seatrial.ci.evaluation import Event, every_run, one_line, started
from seatrial.ci.expressions import Answer, all_of
from seatrial.ci.pins import PUBLISH_PIN
from seatrial.ci.shell import read_script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.ci.commands import CommandUpload
    from seatrial.ci.evaluation import JobRun, StepRun
    from seatrial.ci.github import Job


PUBLISH_ACTION = PUBLISH_PIN.partition("@")[0]
"""The action that publishes; it makes attestations unless an input forbids it, or a password is given."""


class Index(Enum):
    """The index of an upload."""

    PYPI = "PyPI"
    TESTPYPI = "TestPyPI"
    OTHER = "another index"
    UNKNOWN = "an unknown index"


@dataclass(frozen=True)
class Upload:
    """An upload by a step.

    ``index`` and ``address``: where to, as far as that is known; ``starts``: whether it runs when its job does;
    ``attests``: whether it asks for attestations; ``skips_existing``: whether it passes over files that are there.
    """

    step: StepRun
    index: Index
    address: str | None = None
    starts: Answer = Answer.YES
    has_password: bool = False
    attests: bool = False
    skips_existing: bool = False

    @property
    def is_action(self) -> bool:
        """Whether the publish action makes it."""
        return self.step.step.uses_action(PUBLISH_ACTION)

    @property
    def may_publish(self) -> bool:
        """Whether it goes to PyPI, or may."""
        return self.index in {Index.PYPI, Index.UNKNOWN}


def index_of(name: str | None, address: str | None) -> Index:
    """Return the index of an upload by its name or its address, None for the usual one."""
    if address:
        return _index_at(address)
    if name is None or name.lower() in {"pypi", "main"}:
        return Index.PYPI
    return Index.TESTPYPI if name.lower() in {"testpypi", "test-pypi", "test_pypi", "test"} else Index.UNKNOWN


def _index_at(address: str) -> Index:
    if "$" in address:
        return Index.UNKNOWN
    # Loaded here because twine takes its time, and most jobs name no address.
    from twine.utils import DEFAULT_REPOSITORY, TEST_REPOSITORY  # noqa: PLC0415

    try:
        host, pypi, test = (urlsplit(url).hostname or "" for url in (address, DEFAULT_REPOSITORY, TEST_REPOSITORY))
    except ValueError:
        return Index.OTHER
    domain = pypi.partition(".")[2]
    if host == test:
        return Index.TESTPYPI
    return Index.PYPI if host == domain or host.endswith(f".{domain}") else Index.OTHER


def uploads_of(run: JobRun) -> tuple[Upload, ...]:
    """Return the uploads of a job, in their order."""
    uploads: list[Upload] = []
    reader = UploadReader()
    for step in run.steps:
        if step.step.uses_action(PUBLISH_ACTION):
            uploads.append(_by_action(step))
        elif script := uploading_script(step):
            uploads += [_by_command(step, upload) for upload in reader.uploads(script, step.variables)]
    is_stored = reader.stores_password
    return tuple(
        replace(upload, has_password=upload.has_password or (is_stored and not upload.is_action)) for upload in uploads
    )


MATURIN_ACTION = "PyO3/maturin-action"
"""The action that runs maturin with the command and the arguments of its inputs; ``build`` where none is named."""


def uploading_script(step: StepRun) -> str | None:
    """Return the script of a step, or the command that its action runs; None for what is not of a shell."""
    if step.step.uses_action(MATURIN_ACTION):
        return f"maturin {step.input('command') or 'build'} {step.input('args') or ''}"
    return step.step.run if step.step.has_shell else None


def _by_action(step: StepRun) -> Upload:
    address = step.input("repository-url") or step.input("repository_url")
    inputs = step.step.inputs
    return Upload(
        step,
        index_of(None, address),
        address,
        step.starts,
        has_password=bool(inputs.get("password")),
        attests=(step.input("attestations") or "true").lower() != "false",
        skips_existing=any((step.input(name) or "").lower() == "true" for name in ("skip-existing", "skip_existing")),
    )


def _by_command(step: StepRun, upload: CommandUpload) -> Upload:
    index, address = (text and step.filled(text) for text in (upload.index, upload.address))
    return Upload(
        step,
        index_of(index, address),
        address,
        all_of((step.starts, upload.program.command.runs)),
        has_password=upload.has_password,
        attests=upload.attests,
        skips_existing="--skip-existing" in upload.program.args,
    )


HARMLESS_ACTIONS = (
    *("actions/", "github/", "aws-actions/", "azure/", "google-github-actions/", "sigstore/", "docker/", "codecov/"),
    *("hashicorp/", "ossf/", "slsa-framework/", "astral-sh/", "pypa/", "anchore/", "softprops/", "ncipollo/"),
    *("hynek/build-and-inspect-python-package", "rust-lang/crates-io-auth-action", "dtolnay/rust-toolchain"),
    *("codspeedhq/", "hynek/setup-cached-uv", "re-actors/", "peter-evans/create-pull-request", "coverallsapp/"),
    *("step-security/harden-runner", "pre-commit/", "pdm-project/setup-pdm", "jamesives/github-pages-deploy-action"),
    *("swatinem/rust-cache", "aio-libs/create-release", "cachix/", "mamba-org/", "conda-incubator/", "prefix-dev/"),
)
"""Actions that need an identity token for something else, or have nothing to do with an index, and owners of such."""

SECRET_OF_INDEX = re.compile(
    r"secrets\s*(?:\.|\[')\s*\w*(?:PYPI|TWINE|FLIT|UV_PUBLISH|POETRY|HATCH_INDEX|PDM_PUBLISH)", re.IGNORECASE
)
SECRET_OF_TESTPYPI = re.compile(r"secrets\s*(?:\.|\[')\s*\w*TEST", re.IGNORECASE)


def doubts_about(run: JobRun) -> tuple[str, ...]:
    """Return what may upload unseen in a job that could: a script, a session, an action, or a workflow elsewhere."""
    if run.job.call is None:
        is_able = run.may_get_token or _has_secret(run.job)
        doubts = [doubt for step in run.steps for doubt in _doubts(step)] if is_able else []
        return tuple(dict.fromkeys((*doubts, *_starts_of_others(run))))
    if run.inside or not (run.may_get_token or _has_secret(run.job)):
        return ()
    return (f"calls {run.job.call}",)


RELEASE_ACTIONS = (
    *(
        "softprops/action-gh-release",
        "ncipollo/release-action",
        "actions/create-release",
        "elgohr/github-release-action",
    ),
    *("marvinpinto/action-automatic-releases", "release-drafter/release-drafter", "googleapis/release-please-action"),
)
"""Actions that make a release on the forge."""

OWN_TOKEN = re.compile(r"\$\{\{\s*(?:github\.token|secrets\.GITHUB_TOKEN)\s*\}\}", re.IGNORECASE)
"""The token of the run, whose releases start no workflow (GitHub, "Use GITHUB_TOKEN in workflows")."""

TOKENS_OF_RELEASE = re.compile(r"(?:GH|GITHUB)_TOKEN|(?:repo-?|github-?)?token", re.IGNORECASE)


def _starts_of_others(run: JobRun) -> Iterator[str]:
    """Yield how a job starts another workflow that uploads: by a command, or with a release of another's token."""
    for step in run.steps:
        if step.starts is Answer.NO:
            continue
        tables = (step.variables, step.step.inputs)
        tokens = [text for table in tables for name, text in table.items() if TOKENS_OF_RELEASE.fullmatch(name)]
        makes_event = bool(tokens) and not any(map(OWN_TOKEN.fullmatch, tokens))
        if step.step.uses is not None and step.step.uses.name.lower() in RELEASE_ACTIONS and makes_event:
            yield from (f"starts {name} with a release: {step.step.uses}" for name in _uploading(run, "release"))
        if "gh " not in (step.step.run or "") or not step.step.has_shell:
            continue
        for program in programs_in(step.step.run or ""):
            if program.words[:3] == ("gh", "workflow", "run"):
                names = _uploading(run, "workflow_dispatch", program.args[2:])
                yield from (f"starts {name}: gh workflow run" for name in names)
            elif program.words[:3] == ("gh", "release", "create") and makes_event:
                yield from (f"starts {name} with a release: gh release create" for name in _uploading(run, "release"))


def _uploading(run: JobRun, event: str, words: tuple[str, ...] | None = None) -> Iterator[str]:
    """Yield the names of the other workflows that upload on an event; ``words``: of a command that names one."""
    for workflow in run.files:
        if workflow == run.entry or not workflow.trigger(event):
            continue
        if words is not None and not {workflow.name, workflow.title} & {*words}:
            continue
        if any(uploads_of(other) for other in every_run(started(workflow, Event(event), run.files))):
            yield workflow.name


def _has_secret(job: Job) -> bool:
    """Whether a job has a secret of an index, or all that there are."""
    if job.secrets == "inherit":
        return True
    tables = [job.variables, job.inputs, *(table for step in job.steps for table in (step.variables, step.inputs))]
    tables += [job.secrets] if not isinstance(job.secrets, str) else []
    texts = [text for table in tables for text in table.values()]
    return any(
        SECRET_OF_INDEX.search(text) and not SECRET_OF_TESTPYPI.search(text)
        for text in (*texts, *(step.run or "" for step in job.steps))
    ) or any(PASSWORD_VARIABLE.fullmatch(name) for table in tables for name in table)


def _doubts(step: StepRun) -> Iterator[str]:
    uses = step.step.uses
    if step.step.uses_action(MATURIN_ACTION):
        return
    if uses is not None and (uses.is_image or uses.is_local or not uses.name.lower().startswith(HARMLESS_ACTIONS)):
        yield f"uses {uses}"
    if step.step.run is None:
        return
    if not step.step.has_shell:
        yield f"runs a script of {step.step.shell}"
        return
    for statement in read_script(step.step.run):
        programs = [program for command in statement.commands for program in programs_of(command)]
        if not statement.is_readable or any(may_upload(program) and not upload_of(program, {}) for program in programs):
            yield f"runs {one_line(statement.text.splitlines()[0])}"
