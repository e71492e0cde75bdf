"""Whether what metadata and RECORD speak of is in the archive."""

from __future__ import annotations

import base64
import configparser
import csv
import re
from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.rule import SDIST, WHEEL, Rule, shown, verdict
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.facts.archive import Archive
    from seatrial.facts.contents import Kind

ENTRY_POINT = re.compile(r"[\w.-]+")
"""What an entry point may be called (entry points specification)."""

REBUILD = "let the build backend write it: nox -s build"


class SdistHasLicenses(Rule):
    """Every licence file that the metadata name is in the sdist."""

    code: ClassVar[str] = "DIST031"
    needs: ClassVar[tuple[str, ...]] = ("DIST101",)
    kinds: ClassVar[tuple[Kind, ...]] = SDIST

    def check(self, facts: Archive) -> Finding:
        """A licence that is not there can't be complied with (PEP 639)."""
        return verdict(_missing_licenses(facts, facts.folder), 'license-files = ["LICENSE"], and commit that file')


class WheelHasLicenses(Rule):
    """Every licence file that the metadata name is in the wheel."""

    code: ClassVar[str] = "DIST032"
    needs: ClassVar[tuple[str, ...]] = ("DIST101",)
    kinds: ClassVar[tuple[Kind, ...]] = WHEEL

    def check(self, facts: Archive) -> Finding:
        """A licence that is not there can't be complied with (PEP 639)."""
        said = _missing_licenses(facts, f"{facts.folder}/licenses")
        return verdict(said, 'license-files = ["LICENSE"], and a current build backend')


class RecordThere(Rule):
    """The wheel has a RECORD that can be read."""

    code: ClassVar[str] = "DIST033"
    needs: ClassVar[tuple[str, ...]] = ("DIST011", "DIST012", "DIST013", "DIST017")
    kinds: ClassVar[tuple[Kind, ...]] = WHEEL

    def check(self, facts: Archive) -> Finding:
        """An installer finds there what it has installed, when it removes it (PEP 427)."""
        said = f"Wheel '{facts.name}' does not contain the required RECORD file: {facts.folder}/RECORD"
        return verdict([] if _record(facts) is not None else [said], REBUILD)


class EntryPoints(Rule):
    """The entry points can be read, and commands have names that are no paths."""

    code: ClassVar[str] = "DIST034"
    kinds: ClassVar[tuple[Kind, ...]] = WHEEL

    def check(self, facts: Archive) -> Finding:
        """An installer makes a command of each name, in a folder of commands."""
        bad = _bad_entry_points(facts)
        said = f"Wheel '{facts.name}' has invalid entry points defined in the entry_points.txt file"
        fix = "letters, digits, and . _ - in the names below [project.scripts]"
        return verdict([said, bad] if bad else [], fix)


class MetadataThere(Rule):
    """The wheel has its METADATA in the .dist-info that its file name names."""

    code: ClassVar[str] = "DIST035"
    needs: ClassVar[tuple[str, ...]] = ("DIST011", "DIST012", "DIST013", "DIST014", "DIST017")
    kinds: ClassVar[tuple[Kind, ...]] = WHEEL

    def check(self, facts: Archive) -> Finding:
        """PyPI serves that file by itself, so that installers need not fetch the wheel (PEP 658)."""
        place = f"{facts.folder}/METADATA"
        there = place in facts.contents.texts or place in facts.contents.cut
        said = f"Wheel '{facts.name}' does not contain the required METADATA file: {place}"
        return verdict([] if there else [said], REBUILD)


class RecordAgrees(Rule):
    """RECORD lists every file of the wheel, with its hash, and no other."""

    code: ClassVar[str] = "DIST036"
    weight: ClassVar[Weight] = Weight.WARNING
    needs: ClassVar[tuple[str, ...]] = ("DIST033",)
    kinds: ClassVar[tuple[Kind, ...]] = WHEEL

    def check(self, facts: Archive) -> Finding:
        """Installers check it; PyPI writes a mail to the owners, and means to refuse it some day."""
        return verdict(shown(_differences(facts)), "do not change a wheel after it was built, or use: wheel pack")


def _missing_licenses(facts: Archive, folder: str) -> Iterator[str]:
    names = {member.name for member in facts.contents.members}
    for path in facts.metadata.list("license_files") if facts.metadata else ():
        place = f"{folder}/{path}"
        if place not in names:
            yield f"License-File {path} does not exist in distribution file {facts.name} at {place}"


def _record(facts: Archive) -> dict[str, str] | None:
    """Return what RECORD says: names, and hashes as they are written; None if it is not there or is no table."""
    data = facts.text("RECORD")
    if data is None:
        return {} if f"{facts.folder}/RECORD" in facts.contents.cut else None
    try:
        rows = [row for row in csv.reader(data.decode().splitlines()) if row]
    except (UnicodeError, csv.Error):
        return None
    return {row[0].replace("\\", "/"): row[1] if len(row) > 1 else "" for row in rows}


def _differences(facts: Archive) -> Iterator[str]:
    record = _record(facts) or {}
    if not record and facts.contents.cut:
        return
    signed = {f"{facts.folder}/RECORD{suffix}" for suffix in ("", ".jws", ".p7s")}
    held = {one.name: one.sha256 for one in facts.files if not one.name.endswith("\\")}
    yield from (f"{name} is in the wheel and not in RECORD" for name in sorted(held.keys() - record.keys() - signed))
    yield from (f"{name} is in RECORD and not in the wheel" for name in sorted(record.keys() - held.keys()))
    for name, written in record.items():
        algorithm, _, value = written.partition("=")
        if algorithm == "sha256" and held.get(name) and value.rstrip("=") != _as_written(held[name]):
            yield f"{name} is not what RECORD says: it has another hash"


def _as_written(digest: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")


class _Parser(configparser.ConfigParser):
    """Names of entry points are case-sensitive."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def _bad_entry_points(facts: Archive) -> str:
    data = facts.text("entry_points.txt")
    if data is None:
        return ""
    parser = _Parser(delimiters=("=",))
    try:
        parser.read_string(data.decode())
    except UnicodeError:
        return "it is not UTF-8"
    except configparser.Error as error:
        return str(error).replace("\n", " ")
    for section in ("console_scripts", "gui_scripts"):
        for name in parser[section] if parser.has_section(section) else ():
            if not ENTRY_POINT.fullmatch(name):
                return f"{name!r} in [{section}]"
    return ""
