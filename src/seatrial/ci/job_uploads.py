"""The uploads of a job: by which step, to which index, and with whose password; and what may upload unseen.

Whether the files that a job uploads to an index reach it: the artifacts that are stored before, and those fetched.

GitHub's README of ``actions/upload-artifact`` and ``actions/download-artifact``: the name of an artifact is "artifact"
where none is given; several artifacts are unpacked into a folder each, unless ``merge-multiple`` is true; each artifact
of a run has a name of its own (since version 4).
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from seatrial.ci.evaluation import Event, JobRun, StepRun, every_run, matrix_rows, one_line, started
from seatrial.ci.expressions import Answer, all_of
from seatrial.ci.job_commands import (
    PASSWORD_VARIABLE,
    CommandUpload,
    UploadReader,
    builds,
    may_upload,
    programs_in,
    programs_of,
    upload_of,
)
from seatrial.ci.shell import read_script

if TYPE_CHECKING:
    from seatrial.ci.github import Job, Uses


PUBLISH_ACTION = "pypa/gh-action-pypi-publish"
"""The action that publishes; it makes attestations unless an input forbids it, or a password is given."""

ATTEST_ACTION = "astral-sh/attest-action"
"""The action that writes attestations next to the files, where ``uv publish`` looks for them (its README)."""


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


HOST_AT = 2
"""The part of an address between slashes that is the host."""


def index_of(name: str | None, address: str | None) -> Index:
    """Return the index of an upload by its name or its address, None for the usual one."""
    if address:
        return _index_at(address)
    if name is None or name.lower() in {"pypi", "main"}:
        return Index.PYPI
    return Index.TESTPYPI if name.lower() in {"testpypi", "test-pypi", "test_pypi", "test"} else Index.UNKNOWN


def _index_at(address: str) -> Index:
    # What an expression has after the host does not lead to another one.
    if "$" in "/".join(address.split("/", HOST_AT + 1)[: HOST_AT + 1]):
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
    reader, attested = UploadReader(), list[str]()
    for step in run.steps:
        if step.step.uses_action(ATTEST_ACTION) and step.starts is Answer.YES:
            attested += (step.input("paths") or f"{DIST}/*").split()
        elif step.step.uses_action(PUBLISH_ACTION):
            uploads.append(_by_action(step))
        elif script := uploading_script(step):
            uploads += (_by_command(step, upload, attested) for upload in reader.uploads(script, step.variables))
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


def _by_command(step: StepRun, upload: CommandUpload, attested: Sequence[str]) -> Upload:
    index, address = (text and step.filled(text) for text in (upload.index, upload.address))
    return Upload(
        step,
        index_of(index, address),
        address,
        all_of((step.starts, upload.program.command.runs)),
        has_password=upload.has_password,
        attests=upload.attests or (upload.program.name == "uv" and _are_attested(upload.program.args, attested)),
        skips_existing="--skip-existing" in upload.program.args,
    )


FILE_ENDINGS = ("-py3-none-any.whl", ".tar.gz")
"""How the names of files end that are uploaded."""


def _are_attested(args: Sequence[str], attested: Sequence[str]) -> bool:
    """Whether there are attestations for all files that ``uv publish`` is given; ``attested``: folders and patterns.

    What a variable decides is taken for the files that are uploaded.
    """
    if "--no-attestations" in args or not attested:
        return False
    if any("$" in pattern for pattern in attested):
        return True
    forms = [_form_of_files(pattern) for pattern in attested]
    words = [word for word in args if re.search(r"[/*]", word) and not re.search(r"^-|://", word)] or [f"{DIST}/*"]
    return all(any(re.fullmatch(form, path) for form in forms) for word in words for path in _paths_of(word))


def _paths_of(pattern: str) -> list[str]:
    """Return paths that stand for all files of a pattern of ``uv publish``: a wheel and an sdist, or one of them."""
    folder, name = posixpath.split(posixpath.normpath(pattern))
    if "*" not in name:
        return [posixpath.join(folder, name)]
    endings = [ending for ending in FILE_ENDINGS if re.fullmatch(_form_of_files(f"*{name.rpartition('*')[2]}"), ending)]
    begin = name.partition("*")[0]
    return [posixpath.join(folder, f"{begin}1{ending}") for ending in endings or FILE_ENDINGS]


def _form_of_files(pattern: str) -> str:
    """Return a pattern of files, or a folder that stands for those in it, as a regular expression."""
    tokens = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    whole = posixpath.normpath(pattern if re.search(r"[*?]|\.(whl|gz)$", pattern) else f"{pattern}/*")
    return "".join(tokens.get(token) or re.escape(token) for token in re.split(r"(\*\*/|\*\*|\*|\?)", whole))


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
    """Whether a job has a secret of an index, or all that there are; what only a harmless action gets is none."""
    if job.secrets == "inherit":
        return True
    steps = [step for step in job.steps if step.uses is None or not _is_harmless(step.uses)]
    tables = [job.variables, job.inputs, *(table for step in steps for table in (step.variables, step.inputs))]
    tables += [job.secrets] if not isinstance(job.secrets, str) else []
    texts = (*(text for table in tables for text in table.values()), *job.scripts)
    is_used = any(SECRET_OF_INDEX.search(text) and not SECRET_OF_TESTPYPI.search(text) for text in texts)
    return is_used or any(PASSWORD_VARIABLE.fullmatch(name) for table in tables for name in table)


def _is_harmless(uses: Uses) -> bool:
    return not (uses.is_image or uses.is_local) and uses.name.lower().startswith(HARMLESS_ACTIONS)


def _doubts(step: StepRun) -> Iterator[str]:
    uses = step.step.uses
    if step.step.uses_action(MATURIN_ACTION):
        return
    if uses is not None and not _is_harmless(uses):
        yield f"uses {uses}"
    if step.step.run is None:
        return
    if not step.step.has_shell:
        yield f"runs a script of {step.step.shell}"
        return
    for statement in read_script(step.step.run):
        programs = [program for command in statement.commands for program in programs_of(command)]
        unseen = [program for program in programs if may_upload(program) and not upload_of(program, {})]
        if not statement.is_readable:
            yield f"runs {one_line(statement.text.splitlines()[0])}"
        elif unseen:
            yield f"runs {unseen[0].command.line}"


STORE, FETCH = "actions/upload-artifact", "actions/download-artifact"
MERGE = f"{STORE}/merge"
DEFAULT_NAME = "artifact"
MERGED_NAME = "merged-artifacts"
DIST = "dist"
"""The folder that the publish action uploads where no other is named."""

MOVERS = frozenset(("mv", "cp", "find", "rsync", "unzip", "tar", "install", "ln", "python", "xargs"))
"""Commands that may put files elsewhere."""

EXPRESSION = re.compile(r"\$\{\{.*?\}\}")

UPLOADING_DIST = frozenset(("uv", "hatch", "flit", "poetry", "pdm", "rye", "seatrial", "invoke", "inv"))
"""The programs that upload what is in ``dist``, unless they are given other files."""


@dataclass(frozen=True)
class Stored:
    """An artifact that a job stores.

    ``name``: with its expressions, as far as they are not known; ``folders``: where in it the files are, "" for on top,
    None where that is not known; ``step``: the id of the step; ``is_alone``: whether another of its name is refused.
    """

    name: str
    folders: frozenset[str] | None = frozenset(("",))
    step: str | None = None
    is_alone: bool = True


def transfer_problems(run: JobRun) -> dict[str, str]:
    """Return why the files of a job do not arrive where it uploads them from, each with its fix.

    Artifacts of another run, and what others' actions and workflows store, are not known, and no problem.
    """
    fetches = [step for step in run.steps if step.step.uses_action(FETCH) and step.starts is not Answer.NO]
    if any(step.step.inputs.get(name) for step in fetches for name in ("run-id", "github-token", "repository")):
        return {}
    before = [earlier for earlier in run.before if earlier.starts is not Answer.NO]
    stored = [artifact for earlier in before for artifact in _stored(earlier)]
    problems = [problem for problem in _clashes(before) if fetches]
    if not any(map(_stores_unseen, before)):
        problems += [problem for step in fetches for problem in _missing(step, stored)]
    named = dict.fromkeys(problems, "give each artifact a name of its own, and fetch it by that name or by its id")
    return named or dict(_elsewhere(run, fetches, stored))


def _stored(run: JobRun) -> Iterator[Stored]:
    for step in run.steps:
        if step.step.uses_action(MERGE) and step.starts is not Answer.NO:
            yield Stored(step.input("name") or MERGED_NAME, None, step.step.id)
        if not step.step.uses_action(STORE) or step.starts is Answer.NO:
            continue
        paths = [path.strip() for path in (step.input("path") or "").splitlines() if path.strip()]
        uses = step.step.uses
        is_old = bool(uses and re.match(r"v?[123]\b", uses.version or uses.ref or ""))
        is_alone = not is_old and (step.input("overwrite") or "") != "true"
        text = step.step.inputs.get("name") or DEFAULT_NAME
        rows = [step.in_row(row) for row in matrix_rows(run.job)]
        names = [each.filled(text) for each in rows if each.starts is not Answer.NO]
        # For a clash, it has to be known which jobs of a matrix store the artifact.
        is_alone = is_alone and all(each.starts is not Answer.UNKNOWN for each in rows)
        for name in names if is_alone else dict.fromkeys(names):
            yield Stored(name, _folders_inside(paths), step.step.id, is_alone)


def _folders_inside(paths: list[str]) -> frozenset[str] | None:
    """Return where in an artifact the files are, below the folder that all paths are in; None where it is unknown."""
    places = {posixpath.normpath(re.sub(r"[^/]*[*?\[].*", "", path) or ".") for path in paths if path[0] != "!"}
    if not places or "." in places or any("$" in place or place.startswith(("/", "~")) for place in places):
        return None
    if len(places) == 1:
        return frozenset(("",))
    top = posixpath.commonpath(places)
    inside = {posixpath.relpath(place, top) for place in places if not posixpath.splitext(place)[1]}
    return frozenset("" if folder == "." else folder for folder in inside) or frozenset(("",))


def _stores_unseen(run: JobRun) -> bool:
    """Whether a job may store what is not seen here: a workflow or an action of somebody else."""
    owners = ("actions", "astral-sh", "docker")
    others = [step.step.uses for step in run.steps if step.step.uses and not step.step.uses.is_local]
    is_elsewhere = run.job.call is not None and not run.inside
    return is_elsewhere or any(uses.name.partition("/")[0] not in owners for uses in others)


def _missing(step: StepRun, stored: list[Stored]) -> Iterator[str]:
    """Yield what a step fetches that no job before stores."""
    name, pattern, ids = (step.input(key) for key in ("name", "pattern", "artifact-ids"))
    names = ", ".join(dict.fromkeys(artifact.name for artifact in stored)) or "nothing"
    if name and not ids and not any(_may_be(artifact.name, name) for artifact in stored):
        yield f"it fetches the artifact {name}, and the jobs before it store {names}"
    elif pattern and not any(_may_match(artifact.name, pattern) for artifact in stored):
        yield f"it fetches the artifacts {pattern}, and the jobs before it store {names}"
    elif not (name or pattern or ids or stored):
        yield "it fetches all artifacts, and the jobs before it store none"


def _may_be(stored: str, fetched: str) -> bool:
    """Whether two names with expressions can be the same."""
    patterns = [".*".join(map(re.escape, EXPRESSION.split(name))) for name in (stored, fetched)]
    return bool(re.fullmatch(patterns[0], fetched, re.DOTALL) or re.fullmatch(patterns[1], stored, re.DOTALL))


def _may_match(stored: str, pattern: str) -> bool:
    """Whether a name with expressions can match a pattern."""
    if "${{" in pattern:
        return True
    if "${{" not in stored:
        return fnmatch.fnmatchcase(stored, pattern)
    first, begin = EXPRESSION.split(stored)[0], re.split(r"[*?\[{]", pattern)[0]
    return first.startswith(begin) or begin.startswith(first)


def _clashes(runs: list[JobRun]) -> Iterator[str]:
    """Yield the names that several jobs, or each job of a matrix, give to an artifact."""
    owners: dict[str, list[JobRun]] = {}
    for run in runs:
        for artifact in _stored(run):
            if artifact.is_alone and "${{" not in artifact.name:
                owners.setdefault(artifact.name, []).append(run)
    for name, several in owners.items():
        names = list(dict.fromkeys(run.name for run in several))
        if len(names) > 1:
            yield f"the jobs {' and '.join(names)} store an artifact {name} each"
        elif len(several) > 1 and several[0].job.matrix:
            yield f"each job of the matrix of {names[0]} stores an artifact {name}"


def _elsewhere(run: JobRun, fetches: list[StepRun], stored: list[Stored]) -> Iterator[tuple[str, str]]:
    """Yield why files are in other folders than the one that is uploaded, with a fix."""
    programs = [program for step in run.steps for program in programs_in(step.step.run or "")]
    others = [step.step.uses for step in run.steps if step.step.uses and not step.step.uses.is_action(PUBLISH_ACTION)]
    is_unseen = any(not uses.name.startswith(("actions/", "astral-sh/")) for uses in others)
    if is_unseen or any(program.name in MOVERS or builds(program) or may_upload(program) for program in programs):
        return
    places = [_places_of(run, step, stored) for step in fetches]
    arrived = {folder for folders in places if folders is not None for folder in folders}
    uploads = [upload for upload in uploads_of(run) if upload.starts is not Answer.NO]
    for folder in dict.fromkeys(uploaded_folder(upload.step) for upload in uploads):
        if folder is None or folder in arrived or not fetches or None in places:
            continue
        of_artifacts = [step for step in fetches if _is_by_folder(step) and _path(step) == folder]
        if of_artifacts:
            problem = f"each artifact is in a folder of its own in {folder}, and the files in {folder} itself"
            yield f"{problem} are uploaded", f"with:\n  merge-multiple: true\n  path: {folder}"
        elif any(_path(step) == folder for step in fetches):
            problem = f"the files are in {', '.join(sorted(arrived))}, as they were stored"
            yield f"{problem}, and those in {folder} are uploaded", "store them alone"
        else:
            into = ", ".join("the working directory" if place == "." else place for place in sorted(arrived))
            problem = f"the files are fetched into {into}, and those in {folder} are uploaded"
            yield problem, f"with:\n  path: {folder}"


def _path(step: StepRun) -> str:
    return posixpath.normpath(step.input("path") or ".")


def _is_by_folder(step: StepRun) -> bool:
    """Whether a step unpacks each artifact into a folder of its own."""
    is_merged = (step.input("merge-multiple") or "").lower() == "true"
    return not (step.input("name") or step.input("artifact-ids") or is_merged)


def _places_of(run: JobRun, step: StepRun, stored: list[Stored]) -> frozenset[str] | None:
    """Return the folders into which a step puts files, None where they are not known."""
    names = set(fetched_artifacts(run, None, (step,)))
    artifacts = [artifact for artifact in stored if artifact.name in names]
    if not artifacts or any(artifact.folders is None for artifact in artifacts) or "$" in _path(step):
        return None
    return frozenset(
        posixpath.normpath(posixpath.join(_path(step), artifact.name if _is_by_folder(step) else "", folder))
        for artifact in artifacts
        for folder in artifact.folders or ()
    )


def uploaded_folder(step: StepRun) -> str | None:
    """Return the folder whose files a step uploads, None where that is not known."""
    if step.step.uses_action(PUBLISH_ACTION):
        return posixpath.normpath(step.input("packages-dir") or step.input("packages_dir") or DIST)
    uploading = [program for program in programs_in(uploading_script(step) or "") if upload_of(program, {})]
    words = [word for program in uploading for word in program.args]
    patterns = [word.rpartition("/")[0] for word in words if re.fullmatch(r"[\w./-]+/\*(?:\.\w+|\.tar\.gz)?", word)]
    names_files = any(re.search(r"[/*]", word) and "://" not in word for word in words)
    if not names_files and any(program.name in UPLOADING_DIST for program in uploading):
        return DIST
    return posixpath.normpath(patterns[0]) if patterns else None


def _named_by_id(run: JobRun, ids: str) -> Iterator[str]:
    """Yield the names of artifacts that are fetched by ids which jobs hand on; what is not known stays as it is."""
    for text in re.findall(r"\$\{\{.*?\}\}|[^\s,]+", ids):
        output = re.search(r"needs\.([\w-]+)\.outputs\.([\w-]+)", text)
        owner = next((earlier for earlier in run.before if output and earlier.name == output[1]), None)
        handed = owner.job.outputs.get(output[2], "") if owner and output else ""
        step = re.search(r"steps\.([\w-]+)\.outputs\.artifact-id", handed)
        names = [artifact.name for artifact in _stored(owner) if step and artifact.step == step[1]] if owner else []
        yield from names or [text]


def fetched_artifacts(run: JobRun, folder: str | None, steps: tuple[StepRun, ...] | None = None) -> Iterator[str]:
    """Yield the names of the artifacts that a job fetches into a folder; a pattern where they are not known."""
    names = [artifact.name for earlier in run.before for artifact in _stored(earlier)]
    for step in run.steps if steps is None else steps:
        place = _path(step)
        # What is put into a folder above or below may be in it.
        is_near = place == "." or f"{folder}/".startswith(f"{place}/") or place.startswith(f"{folder}/")
        if not step.step.uses_action(FETCH) or (folder and not is_near):
            continue
        name, pattern, ids = (step.input(key) for key in ("name", "pattern", "artifact-ids"))
        if ids:
            yield from _named_by_id(run, ids)
        elif name:
            yield name
        else:
            chosen = dict.fromkeys(stored for stored in names if not pattern or _may_match(stored, pattern))
            yield from chosen or [pattern or "*"]
