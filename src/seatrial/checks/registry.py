"""All checks, in the order in which they are run, and the upload rules of an index in PyPI's order and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.checks import archive as archive_checks
from seatrial.checks import ci, contents, files, git, index, metadata, project, release, workflows
from seatrial.findings import Verdict
from seatrial.index.client import ProjectFiles, Upload

if TYPE_CHECKING:
    from datetime import datetime

    from seatrial.checks.check import ArchiveCheck, Check, ReleaseAttempt
    from seatrial.checks.project import ProjectSources
    from seatrial.checks.workflows import WorkflowCheck
    from seatrial.ci.publisher import Trigger
    from seatrial.distributions.distribution import Distribution
    from seatrial.distributions.reproducible import RebuildResult
    from seatrial.findings import Finding
    from seatrial.index.client import PendingRelease


FILE_CHECKS: tuple[ArchiveCheck, ...] = (
    archive_checks.Extension(),
    archive_checks.Characters(),
    archive_checks.SizeUnderLimit(),
    archive_checks.SizeNearLimit(),
    archive_checks.Readable(),
    archive_checks.NoBomb(),
    archive_checks.Compression(),
    archive_checks.Layout(),
    archive_checks.ZipStructure(),
    archive_checks.NotSparse(),
    archive_checks.Harmless(),
    archive_checks.Distinct(),
    metadata.MetadataReadable(),
    metadata.FieldsKnown(),
    metadata.NameSendable(),
    metadata.MetadataVersion(),
    metadata.Name(),
    metadata.VersionValid(),
    metadata.ContentType(),
    metadata.Dynamic(),
    metadata.ImportNames(),
    metadata.LicenseExpression(),
    metadata.LicenseFilePaths(),
    metadata.Extras(),
    metadata.Requirements(),
    metadata.RequiresPython(),
    metadata.SummaryOneLine(),
    metadata.OtherFields(),
    metadata.NotLocal(),
    metadata.AuthorEmail(),
    metadata.Classifiers(),
    metadata.DownloadUrl(),
    metadata.DynamicTaken(),
    metadata.HomePage(),
    metadata.OneLicense(),
    metadata.MaintainerEmail(),
    metadata.Obsoletes(),
    metadata.ProjectUrls(),
    metadata.Provides(),
    metadata.NoDirectRequirement(),
    metadata.SummaryShort(),
    metadata.Renders(),
    metadata.Described(),
    metadata.NotOfPython(),
    archive_checks.SdistNamed(),
    archive_checks.WheelNamed(),
    archive_checks.Platform(),
    archive_checks.WheelOfProject(),
    archive_checks.WheelOfVersion(),
    archive_checks.SdistHasLicenses(),
    archive_checks.WheelHasLicenses(),
    archive_checks.RecordThere(),
    archive_checks.EntryPoints(),
    archive_checks.MetadataThere(),
    archive_checks.RecordAgrees(),
    contents.NotEmpty(),
    contents.NoBytecode(),
    contents.NoCommonNames(),
    contents.NoInitAtTop(),
    contents.TypedIsMarked(),
    contents.MarkedIsTyped(),
    contents.PythonsAgree(),
    contents.TagFits(),
    contents.NoToken(),
    contents.NoSecret(),
    contents.NoCredentials(),
    contents.NoUnwantedFiles(),
)
"""What a file is judged by alone; a check stands behind those that it needs."""

FILE_SET_CHECKS: tuple[ArchiveCheck, ...] = (files.OneRelease(),)
"""What all files are judged by together."""

RELEASE_FILES_CHECKS: tuple[ArchiveCheck, ...] = (
    files.OneSdist(),
    files.MetadataAgree(),
    files.WheelFromSdist(),
    files.SdistFromSources(),
    files.SdistHasPackage(),
    files.WheelHasPackage(),
)
"""What the files of a release are judged by together."""

UPLOAD_CHECKS: tuple[ArchiveCheck, ...] = (
    index.NameFree(),
    index.ProjectSize(),
    index.FileNew(),
    index.NameNotBurned(),
    index.ReleaseOpen(),
    index.OneSdistOnIndex(),
)
"""What a file is judged by beside what an index holds."""

CHECKS_OF_FILES: tuple[ArchiveCheck, ...] = (*FILE_CHECKS, *FILE_SET_CHECKS, *RELEASE_FILES_CHECKS, *UPLOAD_CHECKS)
"""What can be said of files alone, without the project and the repository that they are from."""

RELEASE_CHECKS: tuple[Check[ReleaseAttempt], ...] = (
    git.Repository(),
    git.Alone(),
    git.Whole(),
    git.AtRest(),
    git.OnBranch(),
    git.RightBranch(),
    git.Remote(),
    git.Answers(),
    git.LetsPush(),
    git.UpToDate(),
    git.Identity(),
    git.TagsHere(),
    git.TagFree(),
    git.HooksAccept(),
    git.Signs(),
    git.Finished(),
    git.Pushed(),
    release.ProjectReadable(),
    release.VersionKnown(),
    release.VersionNext(),
    release.VersionWritten(),
    release.Fragments(),
    release.Entry(),
    release.NothingElse(),
    release.Built(),
)
"""What a release would be refused for, by git, by the remote, or by seatrial."""

PROJECT_CHECKS: tuple[Check[ProjectSources], ...] = (
    project.AsSpecified(),
    project.Summarised(),
    project.ReadmeThere(),
    project.ReadmeNamed(),
    project.ReadmeFormat(),
    project.ReadmeLinks(),
    project.LicenceDeclared(),
    project.LicenceFilesThere(),
    project.LicenceShipped(),
    project.SourcesLinked(),
    project.UrlsOfHere(),
    project.ClassifiersKnown(),
    project.PythonsBounded(),
    project.PythonsNamed(),
    project.NoxfileLoads(),
    project.PythonsTested(),
    project.TypesTarget(),
    project.PythonsInWorkflows(),
)
"""What a project says of itself."""

TRIGGER_CHECKS: tuple[Check[Trigger], ...] = (
    ci.Publishes(),
    ci.TagFilterMatches(),
    ci.SessionsThere(),
    ci.MayAsk(),
    ci.NoPassword(),
    ci.InEnvironment(),
    ci.Registered(),
    ci.TokenTaken(),
    ci.AddressKnown(),
    ci.AsGenerated(),
    ci.StartsAlone(),
    ci.OneAlone(),
    ci.TagCheckedOut(),
)
"""What the tag starts."""

REBUILD_CHECKS: tuple[Check[RebuildResult], ...] = (files.Reproducible(), files.SdistSuffices())
"""What a second build shows."""

PENDING_RELEASE_CHECKS: tuple[Check[PendingRelease], ...] = (index.VersionFree(), index.NameOurs(), index.ProjectOpen())
"""What a release is judged by beside what the index holds."""

PENDING_FILE_CHECKS: tuple[Check[Upload], ...] = (
    *(one for one in UPLOAD_CHECKS if not isinstance(one, index.NameNotBurned)),
    index.SizeAsBefore(),
)
"""What a file is judged by beside what the index shows, which does not show what was deleted."""

BUILT_FILES_CHECKS: tuple[Check[Any], ...] = (
    *FILE_CHECKS,
    *FILE_SET_CHECKS,
    *RELEASE_FILES_CHECKS,
    *PENDING_FILE_CHECKS,
)
"""What the files of a release are judged by once they are built."""

ALL_CHECKS: tuple[Check[Any], ...] = (
    *CHECKS_OF_FILES,
    *RELEASE_CHECKS,
    *PROJECT_CHECKS,
    *TRIGGER_CHECKS,
    *REBUILD_CHECKS,
    *PENDING_RELEASE_CHECKS,
    index.SizeAsBefore(),
)


def checks_for_file(distribution: Distribution) -> tuple[ArchiveCheck, ...]:
    """Return the checks that make sense for a file of its kind."""
    return tuple(rule for rule in FILE_CHECKS if distribution.kind in rule.kinds)


def checks_for_pending_file(file: Distribution) -> tuple[Check[Upload], ...]:
    """Return the checks of a file of its kind beside what the index shows."""
    return tuple(one for one in PENDING_FILE_CHECKS if file.kind in getattr(one, "kinds", (file.kind,)))


WORKFLOW_CHECKS: tuple[WorkflowCheck, ...] = (
    workflows.Pinned(),
    workflows.PinsMatch(),
    workflows.InEnvironment(),
    workflows.NothingOfTheProject(),
    workflows.NoCache(),
    workflows.OneIndexAJob(),
    workflows.AsBuilt(),
    workflows.TestedBeforeUpload(),
    workflows.TagCompared(),
    workflows.NoUntrustedEvents(),
    workflows.GateWhole(),
    workflows.NeverCancelled(),
    workflows.Attested(),
    workflows.ToolsLocked(),
    workflows.Ends(),
    workflows.WorkflowReadable(),
)


BAD_REQUEST = 400

UPLOAD_RULES: tuple[type[ArchiveCheck], ...] = (
    # The form, and what packaging says of the metadata: three fields first, the others by the alphabet.
    metadata.NameSendable,
    metadata.MetadataVersion,
    metadata.Name,
    metadata.VersionValid,
    metadata.ContentType,
    metadata.Dynamic,
    metadata.ImportNames,
    metadata.LicenseExpression,
    metadata.LicenseFilePaths,
    metadata.Extras,
    metadata.Requirements,
    metadata.RequiresPython,
    metadata.SummaryOneLine,
    metadata.OtherFields,
    # What PyPI asks of them beyond, in the same order.
    metadata.NotLocal,
    metadata.AuthorEmail,
    metadata.Classifiers,
    metadata.DownloadUrl,
    metadata.DynamicTaken,
    metadata.HomePage,
    metadata.OneLicense,
    metadata.MaintainerEmail,
    metadata.Obsoletes,
    metadata.ProjectUrls,
    metadata.Provides,
    metadata.NoDirectRequirement,
    metadata.SummaryShort,
    # The project is made, if it is new, and its page.
    index.NameFree,
    metadata.Renders,
    # The file, from its name to its bytes.
    archive_checks.Characters,
    archive_checks.Extension,
    archive_checks.SizeUnderLimit,
    index.ProjectSize,
    index.FileNew,
    index.NameNotBurned,
    index.ReleaseOpen,
    index.OneSdistOnIndex,
    archive_checks.Readable,
    archive_checks.NoBomb,
    archive_checks.Compression,
    archive_checks.Layout,
    archive_checks.ZipStructure,
    archive_checks.NotSparse,
    # PyPI does not look for this one.
    archive_checks.Harmless,
    archive_checks.SdistNamed,
    archive_checks.SdistHasLicenses,
    archive_checks.WheelNamed,
    archive_checks.Platform,
    archive_checks.WheelOfProject,
    archive_checks.WheelOfVersion,
    archive_checks.WheelHasLicenses,
    archive_checks.RecordThere,
    archive_checks.EntryPoints,
    archive_checks.MetadataThere,
)
"""Every check whose failure refuses an upload, in the order in which PyPI looks (its ``forklift/legacy.py``)."""


@dataclass(frozen=True)
class UploadRejection:
    """What an index answers to an upload that it does not take: the status, and PyPI's sentence in one line."""

    status: int
    reason: str


def is_already_there(file: Distribution, project_files: ProjectFiles) -> bool:
    """Whether the index holds the very same file: the answer is then 200, and nothing changes."""
    return project_files.has(file)


def find_rejection(file: Distribution, project_files: ProjectFiles, now: datetime) -> UploadRejection | None:
    """Return why an index refuses a file, None if it takes it.

    ``now``: with its time zone. The very same file again is taken, once nothing else is wrong with its metadata.
    """
    upload = Upload(file, project_files, now)
    # What can't be told of the metadata does not stop PyPI, which has them from the form.
    unmet = set() if file.metadata else {metadata.READABLE_CODE}
    for rule in UPLOAD_RULES:
        if file.kind not in rule.kinds or not unmet.isdisjoint(rule.needs):
            continue
        if rule is index.FileNew and upload.is_there:
            return None
        finding = _finding(rule(), upload)
        if finding.verdict is Verdict.FAILED:
            # As PyPI does: the reason of an HTTP status knows no other characters.
            reason = finding.seen.partition("\n")[0].encode("iso-8859-1", "replace").decode("iso-8859-1")
            return UploadRejection(BAD_REQUEST, reason)
    return None


def _finding(rule: ArchiveCheck, upload: Upload) -> Finding:
    return rule.check(upload) if isinstance(rule, index.UploadCheck) else rule.check(upload.file)
