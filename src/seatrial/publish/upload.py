"""Uploads a release by hand, for a project without CI, or when CI stopped half-way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from seatrial import process, report
from seatrial.checks.registry import check_uploads, require_acceptable
from seatrial.commands import Command
from seatrial.errors import BuildError, CredentialMissing, SeatrialError, UploadFailed
from seatrial.index.client import ProjectFiles, download_file, read_project_files
from seatrial.index.destination import Credential, Destination, pip_index_url, pypirc_passwords
from seatrial.index.twine import KEYRING_SECONDS, Patience, twine_upload, upload_interactively
from seatrial.publish.release_on_index import IndexState, ReleaseOnIndex
from seatrial.publish.tagged_release import TaggedRelease, manifest_of, read_ci_runs, require_same_tag
from seatrial.publish.verify import state_error
from seatrial.redaction import redact, redact_values

if TYPE_CHECKING:
    from seatrial.distributions.distribution import Distribution
    from seatrial.events import Progress


LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class UploadPlan:
    """The files to upload, and the index; ``on_index``: the state of the release there."""

    tagged: TaggedRelease
    destination: Destination
    on_index: ReleaseOnIndex
    files: tuple[Distribution, ...]

    @property
    def is_first(self) -> bool:
        """Whether the index does not have the project yet: the upload takes the name."""
        return not self.on_index.has_project

    def __str__(self) -> str:
        release, index = self.on_index, self.destination.display_name
        lines = [f"{release.project} {release.version} to {index}, from {self.tagged.tag}"]
        names = {file.name for file in self.files}
        for name, sha256 in release.hashes.items():
            lines.append(f"  {name}  {'' if name in names else 'on the index already, '}sha256 {sha256}")
        if self.is_first:
            lines.append(
                f"  {index} has no project {release.project} yet: this upload creates it, and makes you its owner"
            )
        return "\n".join(lines)

    @property
    def again(self) -> Command:
        """The command that continues the upload."""
        return Command("publish", "--version", self.on_index.version, *self.destination.option)


def plan_upload(tagged: TaggedRelease, destination: Destination, folder: Path, progress: Progress) -> UploadPlan:
    """Build a release from its tag, check it, and compare it with the index; nothing is sent.

    ``folder``: where files are built. Raises `DistributionsRefused`, `IndexUnreachable`,
    `ContentDiffers`, `UnexpectedFiles` or `NotCompared`.
    """
    require_same_tag(tagged, progress.note)
    manifest = manifest_of(tagged, folder, progress.report)
    downloads = folder / "index"
    downloads.mkdir()
    project_files = read_project_files(destination.simple, tagged.name)
    on_index = ReleaseOnIndex.compare(manifest, tagged.name, destination.simple, project_files)
    on_index = on_index.with_content(manifest, partial(download_file, folder=downloads))
    if on_index.not_compared or on_index.state in {IndexState.DIFFERENT, IndexState.UNEXPECTED}:
        raise state_error(on_index, read_ci_runs(tagged), destination, before="nothing was sent: ")
    files = tuple(file for file in manifest.files if file.name in on_index.missing)
    if files:
        require_acceptable(files, tagged.snapshot.config.ignore, progress)
        _require_room(files, project_files, tagged)
    return UploadPlan(tagged, destination, on_index, files)


def _require_room(files: tuple[Distribution, ...], project_files: ProjectFiles, tagged: TaggedRelease) -> None:
    """Raise `DistributionsRefused` when the index would reject a file, which could be the second of two."""
    results = check_uploads(files, project_files, ignore_reasons=tagged.snapshot.config.ignore)
    if any(result.blocks for result in results):
        raise BuildError(
            f"the index would not take the distributions:\n{report.results_text(results)}",
            code="DistributionsRefused",
            fix="fix each of them",
        )


def upload_release(
    upload_plan: UploadPlan,
    environ: Mapping[str, str],
    progress: Progress,
    before_asking: Callable[[], None] | None = None,
) -> None:
    """Upload with twine, which finds the token in its usual places.

    ``environ``: for the secrets in it; ``before_asking``: called before twine asks for a token on the terminal; None
    where there is no terminal. Raises `UploadFailed` or `CredentialMissing`.
    """
    if not upload_plan.files:
        progress.report("all files are on the index")
        return
    destination, paths = upload_plan.destination, [file.path for file in upload_plan.files]
    environment = _twine_environment(destination)
    secrets = (environ.get("TWINE_PASSWORD", ""), *pypirc_passwords(environ).values())
    asks_keyring = Credential.of(destination, environ).password is None
    if asks_keyring:
        progress.line(
            f"asking the keyring for the password of {destination.display_name}, for at most {KEYRING_SECONDS} s"
        )
    try:
        patience = Patience(keyring=KEYRING_SECONDS if asks_keyring else None)
        output = twine_upload(paths, environment, patience, destination.name)
    except CredentialMissing as error:
        if before_asking is None:
            raise _with_next_command(error, upload_plan, secrets) from None
        before_asking()
        try:
            upload_interactively(paths, environment, destination.name)
        except UploadFailed as failed:
            raise _with_next_command(failed, upload_plan, secrets) from None
    except UploadFailed as error:
        raise _with_next_command(error, upload_plan, secrets) from None
    else:
        for line in redact_values(output, secrets).rstrip().splitlines():
            progress.line(line)


def _with_next_command(error: SeatrialError, upload_plan: UploadPlan, secrets: Sequence[str]) -> SeatrialError:
    """Return an error with its secrets masked, and with the command that continues the upload."""
    return type(error)(redact_values(error.what, secrets), fix=f"{error.fix}\n{upload_plan.again}")


def install_command(upload_plan: UploadPlan, environ: Mapping[str, str]) -> str:
    """Return the command that installs the release.

    From another index than the user's own, the release alone is installed first: of a name that both indexes have, pip
    would take the newest, whoever owns it.
    """
    simple, usual = redact(upload_plan.destination.simple), redact(pip_index_url(environ))
    requirement = f"{upload_plan.on_index.project}=={upload_plan.on_index.version}"
    first_command = "" if simple == usual else f"pip install --no-deps --index-url {simple} {requirement} && "
    return f"{first_command}pip install {requirement}"


def _twine_environment(destination: Destination) -> dict[str, str]:
    """Return the environment of twine, in which it uploads to ``destination`` and nowhere else."""
    kept = {
        name: value
        for name, value in process.publishing_environment().items()
        if not name.startswith("TWINE_REPOSITORY")
    }
    address = {} if destination.name else {"TWINE_REPOSITORY_URL": destination.upload}
    proxy = {"NO_PROXY": LOOPBACK} if urlsplit(destination.upload).hostname == LOOPBACK else {}
    return {**kept, **address, **proxy}
