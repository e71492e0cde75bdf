"""Uploads a release by hand, for a project without CI, or when CI stopped half-way."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from seatrial import process, report
from seatrial.checks.run import check_uploads, require_acceptable
from seatrial.errors import BuildError, CredentialMissing, DeliveryError, UploadFailed
from seatrial.index.client import read_project_files
from seatrial.index.targets import pip_index_url, pypirc_passwords
from seatrial.index.twine import twine_upload, upload_interactively
from seatrial.invocation import task_command
from seatrial.publish.state import IndexState
from seatrial.publish.tagged_release import manifest_of, require_same_tag
from seatrial.publish.verify import IndexWatch, compare_with_index
from seatrial.redaction import redact, redact_values

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from seatrial.distributions.distribution import Distribution
    from seatrial.errors import SeatrialError
    from seatrial.index.client import ProjectFiles
    from seatrial.index.targets import Destination
    from seatrial.publish.state import ReleaseOnIndex
    from seatrial.publish.tagged_release import TaggedRelease


LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class UploadPlan:
    """What is to be uploaded, and where to; ``found``: what the index has already."""

    tagged: TaggedRelease
    destination: Destination
    found: ReleaseOnIndex
    files: tuple[Distribution, ...]

    @property
    def is_first(self) -> bool:
        """Whether the index does not know the project yet: the name is taken with this upload."""
        return not self.found.known

    def __str__(self) -> str:
        """Return what goes where."""
        lines = [f"{self.found.project} {self.found.version} to {self.destination.shown}, from {self.tagged.tag}"]
        going = {one.path.name for one in self.files}
        for name, sha256 in self.found.wanted.items():
            lines.append(f"  {name}  {'' if name in going else 'is there already, '}sha256 {sha256}")
        if self.is_first:
            lines.append(f"  {self.destination.shown} does not know {self.found.project} yet: the name becomes yours")
        return "\n".join(lines)

    @property
    def again(self) -> str:
        """The command that goes on where this stopped."""
        return task_command(f"publish --version {self.found.version}{self.destination.option}")


def plan_upload(tagged: TaggedRelease, destination: Destination, into: Path, say: Callable[[str], None]) -> UploadPlan:
    """Build a release from its tag, check it, and look what of it the index has; nothing is sent.

    ``into``: a folder for the files. Raises `DistributionsRefused`, `IndexUnreachable` or `OtherBytes`.
    """
    require_same_tag(tagged, say)
    manifest = manifest_of(tagged, into, say)
    project_files = read_project_files(destination.simple, tagged.name)
    found = compare_with_index(project_files, IndexWatch(tagged.name, destination.simple, manifest, 0))
    if found.state is IndexState.OTHER_BYTES:
        raise DeliveryError(
            f"nothing was sent: {found.project} {found.version} is {found.state.value} on {found.index}:\n"
            + "\n".join(f"  {line}" for line in str(found).splitlines()),
            code="OtherBytes",
            fix=task_command(f"undo {found.version}{destination.option}"),
        )
    files = tuple(one for one in manifest.files if one.path.name in found.missing)
    if files:
        ignore = tagged.snapshot.config.ignore
        require_acceptable(files, ignore, say)
        _require_room(files, project_files, tagged)
    return UploadPlan(tagged, destination, found, files)


def _require_room(files: tuple[Distribution, ...], project_files: ProjectFiles, tagged: TaggedRelease) -> None:
    """Raise `DistributionsRefused` when the index has no room: it would take the first file and refuse the second."""
    judged = check_uploads(files, project_files, ignore_reasons=tagged.snapshot.config.ignore)
    if any(one.blocks for one in judged):
        raise BuildError(
            f"the index would not take the distributions:\n{report.results_text(judged)}",
            code="DistributionsRefused",
            fix="mend each of them",
        )


def upload_release(upload_plan: UploadPlan, say: Callable[[str], None], *, can_ask: bool) -> None:
    """Upload with twine, which finds the token where it always does; ``can_ask``: on the terminal, too.

    Raises `UploadFailed` or `CredentialMissing`.
    """
    if not upload_plan.files:
        say("all of it is there already")
        return
    destination, paths = upload_plan.destination, [one.path for one in upload_plan.files]
    environment = _twine_environment(destination)
    secrets = (os.environ.get("TWINE_PASSWORD", ""), *pypirc_passwords(os.environ).values())
    try:
        said = twine_upload(paths, environment, repository=destination.name)
    except CredentialMissing as error:
        if not can_ask:
            raise _with_next_command(error, upload_plan, secrets) from None
        try:
            upload_interactively(paths, environment, destination.name)
        except UploadFailed as failed:
            raise _with_next_command(failed, upload_plan, secrets) from None
    except UploadFailed as error:
        raise _with_next_command(error, upload_plan, secrets) from None
    else:
        for line in redact_values(said, secrets).rstrip().splitlines():
            say(line)


def _with_next_command(error: SeatrialError, upload_plan: UploadPlan, secrets: Sequence[str]) -> SeatrialError:
    """Return an error without secrets, and with the command that goes on."""
    return type(error)(redact_values(error.what, secrets), fix=f"{error.fix}\n{upload_plan.again}")


def install_command(upload_plan: UploadPlan) -> str:
    """Return the command that installs what was published; what it needs comes from the user's own index."""
    simple, usual = redact(upload_plan.destination.simple), redact(pip_index_url(os.environ))
    places = "" if simple == usual else f"--index-url {simple} --extra-index-url {usual} "
    return f"pip install {places}{upload_plan.found.project}=={upload_plan.found.version}"


def _twine_environment(destination: Destination) -> dict[str, str]:
    """Return the environment of twine, which goes where ``destination`` says and nowhere else."""
    kept = {
        name: value
        for name, value in process.publishing_environment().items()
        if not name.startswith("TWINE_REPOSITORY")
    }
    address = {} if destination.name else {"TWINE_REPOSITORY_URL": destination.upload}
    alone = {"NO_PROXY": LOOPBACK} if urlsplit(destination.upload).hostname == LOOPBACK else {}
    return {**kept, **address, **alone}
