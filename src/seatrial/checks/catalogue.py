"""All checks, in the order in which they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.checks import (
    addresses,
    completeness,
    contents,
    description,
    fields,
    inside,
    landing,
    naming,
    project,
    publication,
    pythons,
    readme,
    rebuilding,
    release,
    repository,
    shelving,
    soundness,
    standard,
    starting,
    strays,
    together,
)

if TYPE_CHECKING:
    from seatrial.checks.judging import Check
    from seatrial.checks.rule import Rule
    from seatrial.facts.archive import Archive
    from seatrial.facts.rebuilt import Rebuilt
    from seatrial.facts.shelf import Arrival, Landing
    from seatrial.facts.sources import Sources
    from seatrial.facts.trigger import Trigger
    from seatrial.facts.walk import Walk

OF_A_FILE: tuple[Rule, ...] = (
    soundness.Extension(),
    soundness.Characters(),
    soundness.Size(),
    soundness.SizeNearLimit(),
    soundness.Readable(),
    soundness.NoBomb(),
    soundness.Compression(),
    soundness.Layout(),
    soundness.Framing(),
    soundness.NotSparse(),
    soundness.Harmless(),
    soundness.Distinct(),
    standard.Readable(),
    standard.FieldsKnown(),
    standard.NameSendable(),
    standard.MetadataVersion(),
    standard.Name(),
    standard.VersionValid(),
    standard.ContentType(),
    standard.Dynamic(),
    standard.ImportNames(),
    standard.LicenseExpression(),
    standard.LicenseFilePaths(),
    standard.Extras(),
    standard.Requirements(),
    standard.RequiresPython(),
    standard.SummaryOneLine(),
    standard.OtherFields(),
    fields.NotLocal(),
    addresses.AuthorEmail(),
    fields.Classifiers(),
    addresses.DownloadUrl(),
    fields.DynamicTaken(),
    addresses.HomePage(),
    fields.OneLicense(),
    addresses.MaintainerEmail(),
    fields.Obsoletes(),
    addresses.ProjectUrls(),
    fields.Provides(),
    fields.NoDirectRequirement(),
    fields.SummaryShort(),
    description.Renders(),
    description.Described(),
    description.NotOfPython(),
    naming.SdistNamed(),
    naming.WheelNamed(),
    naming.Platform(),
    naming.WheelOfProject(),
    naming.WheelOfVersion(),
    inside.SdistHasLicenses(),
    inside.WheelHasLicenses(),
    inside.RecordThere(),
    inside.EntryPoints(),
    inside.MetadataThere(),
    inside.RecordAgrees(),
    contents.NotEmpty(),
    contents.NoBytecode(),
    contents.NoCommonNames(),
    contents.NoInitAtTop(),
    contents.TypedIsMarked(),
    contents.MarkedIsTyped(),
    contents.PythonsAgree(),
    contents.TagFits(),
    strays.NoToken(),
    strays.NoSecret(),
    strays.NoCredentials(),
    strays.NoStrays(),
)
"""What a file is judged by alone; a check stands behind those that it needs."""

OF_ALL_FILES: tuple[Rule, ...] = (together.OneRelease(),)
"""What all files are judged by together."""

OF_A_RELEASE: tuple[Rule, ...] = (
    together.OneSdist(),
    together.MetadataAgree(),
    together.WheelFromSdist(),
    together.SdistFromSources(),
    completeness.SdistHasPackage(),
    completeness.WheelHasPackage(),
)
"""What the files of a release are judged by together."""

OF_AN_ARRIVAL: tuple[Rule, ...] = (
    shelving.NameFree(),
    shelving.ProjectSize(),
    shelving.FileNew(),
    shelving.NameNotBurned(),
    shelving.ReleaseOpen(),
    shelving.OneSdist(),
)
"""What a file is judged by beside what an index holds."""

OF_FILES: tuple[Rule, ...] = (*OF_A_FILE, *OF_ALL_FILES, *OF_A_RELEASE, *OF_AN_ARRIVAL)
"""What can be said of files alone, without the project and the repository that they are from."""

OF_THE_WALK: tuple[Check[Walk], ...] = (
    repository.Repository(),
    repository.Alone(),
    repository.Whole(),
    repository.AtRest(),
    repository.OnBranch(),
    repository.RightBranch(),
    repository.Remote(),
    repository.Answers(),
    repository.LetsPush(),
    repository.UpToDate(),
    repository.Identity(),
    repository.TagsHere(),
    repository.TagFree(),
    repository.HooksAccept(),
    repository.Signs(),
    repository.Finished(),
    repository.Pushed(),
    release.Readable(),
    release.VersionKnown(),
    release.VersionNext(),
    release.VersionWritten(),
    release.Fragments(),
    release.Entry(),
    release.NothingElse(),
    release.Built(),
)
"""What a release would be refused for, by git, by the remote, or by seatrial."""

OF_THE_SOURCES: tuple[Check[Sources], ...] = (
    project.AsSpecified(),
    project.Summarised(),
    readme.ReadmeThere(),
    readme.ReadmeNamed(),
    readme.ReadmeFormat(),
    readme.ReadmeLinks(),
    project.LicenceSaid(),
    project.LicenceFilesThere(),
    project.LicenceShipped(),
    project.SourcesLinked(),
    project.UrlsOfHere(),
    project.ClassifiersKnown(),
    pythons.PythonsBounded(),
    pythons.PythonsNamed(),
    pythons.NoxfileLoads(),
    pythons.PythonsTested(),
    pythons.TypesTarget(),
    pythons.PythonsInWorkflows(),
)
"""What a project says of itself."""

OF_THE_TRIGGER: tuple[Check[Trigger], ...] = (
    publication.Publishes(),
    publication.Listens(),
    publication.SessionsThere(),
    publication.MayAsk(),
    publication.NoPassword(),
    publication.InEnvironment(),
    publication.Registered(),
    publication.TokenTaken(),
    publication.AddressKnown(),
    publication.AsGenerated(),
    starting.StartsAlone(),
    starting.OneAlone(),
    starting.TagCheckedOut(),
)
"""What the tag starts."""

OF_THE_REBUILD: tuple[Check[Rebuilt], ...] = (rebuilding.Reproducible(), rebuilding.SdistSuffices())
"""What a second build shows."""

OF_THE_LANDING: tuple[Check[Landing], ...] = (landing.VersionFree(), landing.NameOurs(), landing.ProjectOpen())
"""What a release is judged by beside what the index holds."""

OF_THE_FILES_THERE: tuple[Check[Arrival], ...] = (
    *(one for one in OF_AN_ARRIVAL if not isinstance(one, shelving.NameNotBurned)),
    landing.SizeAsBefore(),
)
"""What a file is judged by beside what the index shows, which does not show what was deleted."""

OF_BUILT_FILES: tuple[Check[Any], ...] = (*OF_A_FILE, *OF_ALL_FILES, *OF_A_RELEASE, *OF_THE_FILES_THERE)
"""What the files of a release are judged by once they are built."""

ALL: tuple[Check[Any], ...] = (
    *OF_FILES,
    *OF_THE_WALK,
    *OF_THE_SOURCES,
    *OF_THE_TRIGGER,
    *OF_THE_REBUILD,
    *OF_THE_LANDING,
    landing.SizeAsBefore(),
)


def rules(archive: Archive) -> tuple[Rule, ...]:
    """Return the checks that make sense for a file of its kind."""
    return tuple(rule for rule in OF_A_FILE if archive.kind in rule.kinds)


def of_an_arrival(archive: Archive) -> tuple[Check[Arrival], ...]:
    """Return the checks of a file of its kind beside what the index shows."""
    return tuple(one for one in OF_THE_FILES_THERE if archive.kind in getattr(one, "kinds", (archive.kind,)))
