"""All checks of distributions, in the order of their codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.checks import (
    addresses,
    contents,
    description,
    fields,
    inside,
    naming,
    shelving,
    soundness,
    standard,
    strays,
    together,
)

if TYPE_CHECKING:
    from seatrial.checks.rule import Rule
    from seatrial.facts.archive import Archive

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

ALL = (*OF_A_FILE, *OF_ALL_FILES, *OF_A_RELEASE, *OF_AN_ARRIVAL)


def rules(archive: Archive) -> tuple[Rule, ...]:
    """Return the checks that make sense for a file of its kind."""
    return tuple(rule for rule in OF_A_FILE if archive.kind in rule.kinds)
