"""The door of an index: what PyPI would say to an upload, in its order and in its words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.checks import addresses, description, fields, inside, naming, shelving, soundness, standard
from seatrial.facts.shelf import Arrival, Shelf, Shelved
from seatrial.findings import Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from seatrial.checks.rule import Rule
    from seatrial.facts.archive import Archive
    from seatrial.findings import Finding

__all__ = ["Arrival", "Refusal", "Shelf", "Shelved", "is_already_there", "refusal"]

BAD_REQUEST = 400

ORDER: tuple[type[Rule], ...] = (
    # The form, and what packaging says of the metadata: three fields first, the others by the alphabet.
    standard.NameSendable,
    standard.MetadataVersion,
    standard.Name,
    standard.VersionValid,
    standard.ContentType,
    standard.Dynamic,
    standard.ImportNames,
    standard.LicenseExpression,
    standard.LicenseFilePaths,
    standard.Extras,
    standard.Requirements,
    standard.RequiresPython,
    standard.SummaryOneLine,
    standard.OtherFields,
    # What PyPI asks of them beyond, in the same order.
    fields.NotLocal,
    addresses.AuthorEmail,
    fields.Classifiers,
    addresses.DownloadUrl,
    fields.DynamicTaken,
    addresses.HomePage,
    fields.OneLicense,
    addresses.MaintainerEmail,
    fields.Obsoletes,
    addresses.ProjectUrls,
    fields.Provides,
    fields.NoDirectRequirement,
    fields.SummaryShort,
    # The project is made, if it is new, and its page.
    shelving.NameFree,
    description.Renders,
    # The file, from its name to its bytes.
    soundness.Characters,
    soundness.Extension,
    soundness.Size,
    shelving.ProjectSize,
    shelving.FileNew,
    shelving.NameNotBurned,
    shelving.ReleaseOpen,
    shelving.OneSdist,
    soundness.Readable,
    soundness.NoBomb,
    soundness.Compression,
    soundness.Layout,
    soundness.Framing,
    soundness.NotSparse,
    # PyPI does not look for this one.
    soundness.Harmless,
    naming.SdistNamed,
    inside.SdistHasLicenses,
    naming.WheelNamed,
    naming.Platform,
    naming.WheelOfProject,
    naming.WheelOfVersion,
    inside.WheelHasLicenses,
    inside.RecordThere,
    inside.EntryPoints,
    inside.MetadataThere,
)
"""Every check whose failure refuses an upload, in the order in which PyPI looks (its ``forklift/legacy.py``)."""


@dataclass(frozen=True)
class Refusal:
    """What an index answers to an upload that it does not take: the status, and PyPI's sentence in one line."""

    status: int
    reason: str


def is_already_there(archive: Archive, shelf: Shelf) -> bool:
    """Whether the index holds the very same file: the answer is then 200, and nothing changes."""
    return shelf.has(archive)


def refusal(archive: Archive, shelf: Shelf, now: datetime) -> Refusal | None:
    """Return why an index refuses a file, None if it takes it.

    ``now``: with its time zone. The very same file again is taken, once nothing else is wrong with its metadata.
    """
    arrival = Arrival(archive, shelf, now)
    # What can't be told of the metadata does not stop PyPI, which has them from the form.
    unmet = set() if archive.metadata else {standard.READ}
    for rule in ORDER:
        if archive.kind not in rule.kinds or not unmet.isdisjoint(rule.needs):
            continue
        if rule is shelving.FileNew and arrival.is_there:
            return None
        finding = _finding(rule(), arrival)
        if finding.verdict is Verdict.FAILED:
            # As PyPI does: the reason of an HTTP status knows no other characters.
            reason = finding.seen.partition("\n")[0].encode("iso-8859-1", "replace").decode("iso-8859-1")
            return Refusal(BAD_REQUEST, reason)
    return None


def _finding(rule: Rule, arrival: Arrival) -> Finding:
    return rule.check(arrival) if isinstance(rule, shelving.ShelvingRule) else rule.check(arrival.archive)
