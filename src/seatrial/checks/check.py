"""What a check is, and how checks are run: in the order of their needs, over facts that are given.

A release and a preflight report the same errors, because they run the same steps: each error that can end a release
belongs to one check, and a test proves that none is missing.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from seatrial.distributions.filename import FileKind
from seatrial.findings import CheckResult, Finding, Severity, Verdict, printable
from seatrial.index.targets import pypi_host

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from seatrial.errors import SeatrialError


Facts = TypeVar("Facts", contravariant=True)  # noqa: PLC0105 - it reads better than Facts_contra


class Check(Protocol[Facts]):
    """A check of one kind of facts.

    The docstring of its class is its title, a statement that is true when all is well; that of its method says why it
    matters. ``needs``: the codes of checks without which it makes no sense.
    """

    code: ClassVar[str]
    severity: ClassVar[Severity]
    needs: ClassVar[tuple[str, ...]]

    def check(self, facts: Facts) -> Finding:
        """Say what is the matter with the facts."""


def run_checks(
    checks: Iterable[Check[Facts]], facts: Facts, *, subject: str = "", ignore_reasons: Mapping[str, str] | None = None
) -> tuple[CheckResult, ...]:
    """Run every check, in the order given; a check whose need was not met is skipped and says so.

    ``subject``: what the facts are about, such as a file name; ``ignore_reasons``: codes that the project ignores, with
    its reasons.
    """
    judged: dict[str, CheckResult] = {}
    for one in checks:
        unmet = next((code for code in one.needs if code in judged and not _is_met(judged[code])), "")
        finding = Finding.skipped(f"{unmet} did not pass") if unmet else one.check(facts)
        judged[one.code] = _result(one, finding, subject, ignore_reasons)
    return tuple(judged.values())


def report_unknown(
    checks: Iterable[Check[Any]],
    unknown: UnknownFacts,
    *,
    subject: str = "",
    ignore_reasons: Mapping[str, str] | None = None,
) -> tuple[CheckResult, ...]:
    """Say of every check that what it asks for could not be learned, why, and what mends that."""
    finding = Finding.unknown(unknown.reason, unknown.fix)
    return tuple(_result(one, finding, subject, ignore_reasons) for one in checks)


def _result(check: Check[Any], finding: Finding, subject: str, ignore_reasons: Mapping[str, str] | None) -> CheckResult:
    return CheckResult(
        code=check.code,
        title=check_title(check),
        why=check_reason(check),
        severity=check.severity,
        finding=replace(finding, seen=printable(finding.seen), fix=printable(finding.fix)),
        subject=printable(subject),
        ignore_reason=printable((ignore_reasons or {}).get(check.code, "")),
    )


def check_title(check: Check[Facts]) -> str:
    """Return the title of a check: the first line of its class's docstring."""
    return inspect.cleandoc(type(check).__doc__ or "").partition("\n")[0]


def check_reason(check: Check[Facts]) -> str:
    """Return why a check matters: the docstring of its method."""
    return inspect.cleandoc(type(check).check.__doc__ or "")


def _is_met(result: CheckResult) -> bool:
    return result.finding.verdict is Verdict.PASSED


def page_of_checks(checks: Sequence[Check[Any]]) -> str:
    """Return the Markdown of docs/checks.md but its head: what each check holds, and why it matters."""
    in_order = sorted(checks, key=lambda one: one.code)
    return "\n".join(
        f"### {one.code}\n\n**{check_title(one)}** ({one.severity.value}) {check_reason(one)}\n" for one in in_order
    )


BOTH = (FileKind.SDIST, FileKind.WHEEL)
WHEEL = (FileKind.WHEEL,)
SDIST = (FileKind.SDIST,)

MOST_LINES = 5
"""How many files a finding names."""

CORE_METADATA = "https://packaging.python.org/specifications/core-metadata"
LOCAL_VERSIONS = "https://packaging.python.org/en/latest/specifications/version-specifiers/#local-version-identifiers"


class ArchiveCheck(ABC):
    """A check of one archive: what it is of use for, and what it needs.

    It is an error when PyPI refuses the file for it, and a warning when it is just bad.
    """

    severity: ClassVar[Severity] = Severity.ERROR
    needs: ClassVar[tuple[str, ...]] = ()
    kinds: ClassVar[tuple[FileKind, ...]] = BOTH
    code: ClassVar[str]

    @abstractmethod
    def check(self, facts: Any) -> Finding:
        """Say what is the matter with the facts: a `Distribution`, or what a family of rules is about."""


def finding_of(said: Iterable[str], fix: str) -> Finding:
    """Make a finding of what is wrong, a line each, first the one that PyPI tells of; pass if there is nothing."""
    lines = list(said)
    return Finding.failed("\n".join(lines), fix) if lines else Finding.passed()


def first_lines(lines: Iterable[str]) -> list[str]:
    """Return the first lines, and how many more there are; each as one line that can be printed."""
    every = [line if line.isprintable() else ascii(line)[1:-1] for line in lines]
    more = [f"and {len(every) - MOST_LINES} more"] if len(every) > MOST_LINES else []
    return [*every[:MOST_LINES], *more]


def metadata_message(said: str, url: str = CORE_METADATA) -> str:
    """Return what PyPI says of a field, in whole and in one line."""
    said = " ".join(said.split())
    return f"{said}{'' if said.endswith('.') else '.'} See {url} for more information."


def help_page(anchor: str) -> str:
    """Return the address of a paragraph of PyPI's help."""
    return f"https://{pypi_host()}/help/#{anchor}"


def user_docs_page(path: str) -> str:
    """Return the address of a page of PyPI's documentation."""
    return f"https://docs.{pypi_host()}/{path}"


class ReleaseErrorCheck:
    """A check that fails for errors with some ``codes``, or of families with such names.

    It knows nothing before a ``stage`` was walked through.
    """

    severity: ClassVar[Severity] = Severity.ERROR
    needs: ClassVar[tuple[str, ...]] = ()
    code: ClassVar[str]
    codes: ClassVar[tuple[str, ...]]
    stage: ClassVar[ReleaseStage]

    def finding_for(self, attempt: ReleaseAttempt) -> Finding:
        """Say which of its reasons there are."""
        found = attempt.refused_by(self.codes)
        if found:
            fixes = dict.fromkeys(one.fix for one in found if one.fix)
            return Finding.failed("\n".join(one.what for one in found), "\n".join(fixes))
        return Finding.passed() if self.stage in attempt.reached else Finding.unknown(self.stage.value)


class ReleaseStage(Enum):
    """What a release does, one after the other, before it pushes; the value says in words what has to have happened."""

    LOOKED = "the repository could not be looked at"
    ASKED = "the remote was not asked"
    TRIED = "no push was tried"
    PARSED = "pyproject.toml could not be read"
    READ = "version and fragments could not be read"
    CHOSEN = "no version was found to release"
    WRITTEN = "the version and the changelog were not written"
    SEALED = "no commit and no tag were made"
    BUILT = "nothing was built"


@dataclass(frozen=True)
class ReleaseAttempt:
    """A walk through the stages that went on where a release stops.

    ``reasons``: why there can be no release, each with what mends it; ``reached``: the stages that were walked through;
    ``unfinished``: paths in the checkout that are not as in the commit; ``unpushed``: how many commits go out with it.
    """

    reasons: tuple[SeatrialError, ...] = ()
    reached: frozenset[ReleaseStage] = frozenset()
    unfinished: tuple[str, ...] = ()
    unpushed: int = 0

    def refused_by(self, codes: Collection[str]) -> tuple[SeatrialError, ...]:
        """Return the reasons with these codes, or of the families with these names."""
        return tuple(reason for reason in self.reasons if {reason.code, *_families(reason)} & set(codes))


@dataclass(frozen=True)
class UnknownFacts:
    """Facts that could not be learned, why, and what mends that."""

    reason: str
    fix: str = ""


def _families(reason: SeatrialError) -> tuple[str, ...]:
    return tuple(kind.__name__ for kind in type(reason).__mro__)
