"""Whether a wheel holds what it should, and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.rule import BOTH, WHEEL, Rule, shown, verdict
from seatrial.checks.standard import READ, metadata_of
from seatrial.facts.metadata import FAILURES
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from seatrial.facts.archive import Archive
    from seatrial.facts.contents import Kind

COMMON = frozenset(
    (
        *("build", "data", "dist", "doc", "docs", "example", "examples", "scripts", "src", "test", "tests"),
        *("bench", "benchmark", "benchmarks", "node_modules", "tools", "conftest", "setup", "noxfile", "tasks"),
        *(".eggs", ".github", ".nox", ".tox", ".venv", "venv"),
    )
)
"""What projects have at their top and nobody means to install; names from check-wheel-contents (W005), and more."""

CODE = (".py", ".pyi", ".so", ".pyd", ".pth")
COMPILED = (".so", ".pyd", ".dylib")
TYPED = "Typing :: Typed"


class ContentsRule(Rule):
    """A check of what is in a wheel: PyPI takes it, whoever installs it may not be glad."""

    weight: ClassVar[Weight] = Weight.WARNING
    needs: ClassVar[tuple[str, ...]] = ("DIST011", "DIST012", "DIST013", "DIST017")
    kinds: ClassVar[tuple[Kind, ...]] = WHEEL


class NotEmpty(ContentsRule):
    """The wheel brings something."""

    code: ClassVar[str] = "DIST201"

    def check(self, facts: Archive) -> Finding:
        """A package that the build backend does not find is left out without a word."""
        said = "the wheel holds metadata and nothing else"
        brought = any(not _top(one.name).endswith(".dist-info") for one in facts.files)
        return verdict([] if brought else [said], "tell the build backend where the package is")


class NoBytecode(ContentsRule):
    """There is no compiled bytecode in the archive."""

    code: ClassVar[str] = "DIST202"
    kinds: ClassVar[tuple[Kind, ...]] = BOTH

    def check(self, facts: Archive) -> Finding:
        """It is for one version of Python, and installers make it themselves."""
        return verdict(shown(one.name for one in facts.files if one.name.endswith((".pyc", ".pyo"))), "leave out *.pyc")


class NoCommonNames(ContentsRule):
    """Nothing at the top of the wheel is named as every project names it."""

    code: ClassVar[str] = "DIST203"

    def check(self, facts: Archive) -> Finding:
        """Two distributions with a top-level package `tests` overwrite each other when they are installed."""
        tops = {re.sub(r"\.pyi?$", "", _top(name)) for name in installed(facts)}
        own = metadata_of(facts).name.lower().replace("-", "_")
        said = [f"it would install {name}" for name in sorted(tops & COMMON - {own})]
        return verdict(said, "tell the build backend which packages to take, or keep yours in src/")


class NoInitAtTop(ContentsRule):
    """There is no __init__.py at the top of the wheel."""

    code: ClassVar[str] = "DIST204"

    def check(self, facts: Archive) -> Finding:
        """It would make a package of the folder that all packages are in."""
        bad = "__init__.py" in installed(facts)
        return verdict(["__init__.py is at the top"] if bad else [], "the package is the folder, not what is in it")


class TypedIsMarked(ContentsRule):
    """A package that says it is typed has its py.typed."""

    code: ClassVar[str] = "DIST205"
    needs: ClassVar[tuple[str, ...]] = (*ContentsRule.needs, READ)

    def check(self, facts: Archive) -> Finding:
        """Without the file type checkers take no notice of the types (PEP 561)."""
        bad = TYPED in metadata_of(facts).list("classifiers") and not _has_types(facts)
        said = f"it says {TYPED!r} and has no py.typed"
        return verdict([said] if bad else [], "add an empty file py.typed beside __init__.py, and to the wheel")


class MarkedIsTyped(ContentsRule):
    """A package with a py.typed says that it is typed."""

    code: ClassVar[str] = "DIST206"
    needs: ClassVar[tuple[str, ...]] = (*ContentsRule.needs, READ)

    def check(self, facts: Archive) -> Finding:
        """Whoever looks for typed packages looks for the classifier."""
        has_it = any(name.endswith("/py.typed") for name in installed(facts))
        bad = has_it and TYPED not in metadata_of(facts).list("classifiers")
        said = f"it has a py.typed and does not say {TYPED!r}"
        return verdict([said] if bad else [], f'add "{TYPED}" to the classifiers')


class PythonsAgree(ContentsRule):
    """Requires-Python does not exclude a Python that a classifier names."""

    code: ClassVar[str] = "DIST207"
    needs: ClassVar[tuple[str, ...]] = (READ,)
    kinds: ClassVar[tuple[Kind, ...]] = BOTH

    def check(self, facts: Archive) -> Finding:
        """One of the two promises is wrong."""
        wanted = metadata_of(facts).requires_python
        found = (
            re.fullmatch(r"Programming Language :: Python :: (\d+\.\d+)", one)
            for one in metadata_of(facts).list("classifiers")
        )
        named = [match[1] for match in found if match]
        bad = [one for one in named if wanted is not None and not _allows(str(wanted), one)]
        said = f"a classifier names Python {', '.join(bad)}, and Requires-Python is {wanted}"
        return verdict([said] if bad else [], "mend requires-python or the classifiers")


class TagFits(ContentsRule):
    """A wheel with compiled modules is not for every platform."""

    code: ClassVar[str] = "DIST208"

    def check(self, facts: Archive) -> Finding:
        """It would be installed where what it holds can't be loaded."""
        is_any = facts.name.endswith("-none-any.whl")
        said = shown(name for name in installed(facts) if name.endswith(COMPILED))
        return verdict(said if is_any else [], "tell the build backend that the wheel is not pure")


def installed(facts: Archive) -> tuple[str, ...]:
    """Return the files of a wheel as they lie below site-packages, without its metadata."""
    names = []
    for member in facts.files:
        if _top(member.name).endswith(".data"):
            _, scheme, below = (*member.name.split("/", 2), "", "")[:3]
            names += [below] if scheme in {"purelib", "platlib"} else []
        elif not _top(member.name).endswith(".dist-info"):
            names.append(member.name)
    return tuple(names)


def _top(name: str) -> str:
    return name.partition("/")[0]


def _has_types(facts: Archive) -> bool:
    return any(name.endswith(("/py.typed", ".pyi")) or "-stubs/" in name for name in installed(facts))


def _allows(specifier: str, python: str) -> bool:
    """Whether some release of ``python``, such as 3.9, is allowed."""
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - of use here alone

    try:
        allowed = SpecifierSet(specifier)
        return any(allowed.contains(f"{python}.{patch}") for patch in range(50))
    except FAILURES:
        return True
