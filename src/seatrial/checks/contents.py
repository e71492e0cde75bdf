"""Checks of what a distribution contains: the package, and no unwanted or secret files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.check import BOTH, WHEEL, ArchiveCheck, finding_of, first_lines
from seatrial.checks.metadata import READABLE_CODE, metadata_of
from seatrial.distributions.metadata import PARSER_FAILURES
from seatrial.findings import Finding, Severity

if TYPE_CHECKING:
    from seatrial.distributions.distribution import Distribution
    from seatrial.distributions.filename import FileKind


COMMON_NAMES = frozenset(
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


class ContentsCheck(ArchiveCheck):
    """A check of what is in a wheel: PyPI takes it, whoever installs it may not be glad."""

    severity: ClassVar[Severity] = Severity.WARNING
    needs: ClassVar[tuple[str, ...]] = ("DIST011", "DIST012", "DIST013", "DIST017")
    kinds: ClassVar[tuple[FileKind, ...]] = WHEEL


class NotEmpty(ContentsCheck):
    """The wheel brings something."""

    code: ClassVar[str] = "DIST201"

    def check(self, facts: Distribution) -> Finding:
        """A package that the build backend does not find is left out without a word."""
        said = "the wheel holds metadata and nothing else"
        brought = any(not _top(one.name).endswith(".dist-info") for one in facts.files)
        return finding_of([] if brought else [said], "tell the build backend where the package is")


class NoBytecode(ContentsCheck):
    """There is no compiled bytecode in the archive."""

    code: ClassVar[str] = "DIST202"
    kinds: ClassVar[tuple[FileKind, ...]] = BOTH

    def check(self, facts: Distribution) -> Finding:
        """It is for one version of Python, and installers make it themselves."""
        return finding_of(
            first_lines(one.name for one in facts.files if one.name.endswith((".pyc", ".pyo"))), "leave out *.pyc"
        )


class NoCommonNames(ContentsCheck):
    """Nothing at the top of the wheel is named as every project names it."""

    code: ClassVar[str] = "DIST203"

    def check(self, facts: Distribution) -> Finding:
        """Two distributions with a top-level package `tests` overwrite each other when they are installed."""
        tops = {re.sub(r"\.pyi?$", "", _top(name)) for name in facts.tree}
        own = metadata_of(facts).name.lower().replace("-", "_")
        said = [f"it would install {name}" for name in sorted(tops & COMMON_NAMES - {own})]
        return finding_of(said, "tell the build backend which packages to take, or keep yours in src/")


class NoInitAtTop(ContentsCheck):
    """There is no __init__.py at the top of the wheel."""

    code: ClassVar[str] = "DIST204"

    def check(self, facts: Distribution) -> Finding:
        """It would make a package of the folder that all packages are in."""
        bad = "__init__.py" in facts.tree
        return finding_of(["__init__.py is at the top"] if bad else [], "the package is the folder, not what is in it")


class TypedIsMarked(ContentsCheck):
    """A package that says it is typed has its py.typed."""

    code: ClassVar[str] = "DIST205"
    needs: ClassVar[tuple[str, ...]] = (*ContentsCheck.needs, READABLE_CODE)

    def check(self, facts: Distribution) -> Finding:
        """Without the file type checkers take no notice of the types (PEP 561)."""
        bad = TYPED in metadata_of(facts).list("classifiers") and not _has_types(facts)
        said = f"it says {TYPED!r} and has no py.typed"
        return finding_of([said] if bad else [], "add an empty file py.typed beside __init__.py, and to the wheel")


class MarkedIsTyped(ContentsCheck):
    """A package with a py.typed says that it is typed."""

    code: ClassVar[str] = "DIST206"
    needs: ClassVar[tuple[str, ...]] = (*ContentsCheck.needs, READABLE_CODE)

    def check(self, facts: Distribution) -> Finding:
        """Whoever looks for typed packages looks for the classifier."""
        has_it = any(name.endswith("/py.typed") for name in facts.tree)
        bad = has_it and TYPED not in metadata_of(facts).list("classifiers")
        said = f"it has a py.typed and does not say {TYPED!r}"
        return finding_of([said] if bad else [], f'add "{TYPED}" to the classifiers')


class PythonsAgree(ContentsCheck):
    """Requires-Python does not exclude a Python that a classifier names."""

    code: ClassVar[str] = "DIST207"
    needs: ClassVar[tuple[str, ...]] = (READABLE_CODE,)
    kinds: ClassVar[tuple[FileKind, ...]] = BOTH

    def check(self, facts: Distribution) -> Finding:
        """One of the two promises is wrong."""
        wanted = metadata_of(facts).requires_python
        found = (
            re.fullmatch(r"Programming Language :: Python :: (\d+\.\d+)", one)
            for one in metadata_of(facts).list("classifiers")
        )
        named = [match[1] for match in found if match]
        bad = [one for one in named if wanted is not None and not _allows(str(wanted), one)]
        said = f"a classifier names Python {', '.join(bad)}, and Requires-Python is {wanted}"
        return finding_of([said] if bad else [], "mend requires-python or the classifiers")


class TagFits(ContentsCheck):
    """A wheel with compiled modules is not for every platform."""

    code: ClassVar[str] = "DIST208"

    def check(self, facts: Distribution) -> Finding:
        """It would be installed where what it holds can't be loaded."""
        is_any = facts.name.endswith("-none-any.whl")
        said = first_lines(name for name in facts.tree if name.endswith(COMPILED))
        return finding_of(said if is_any else [], "tell the build backend that the wheel is not pure")


def _top(name: str) -> str:
    return name.partition("/")[0]


def _has_types(facts: Distribution) -> bool:
    return any(name.endswith(("/py.typed", ".pyi")) or "-stubs/" in name for name in facts.tree)


def _allows(specifier: str, python: str) -> bool:
    """Whether some release of ``python``, such as 3.9, is allowed."""
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - of use here alone

    try:
        allowed = SpecifierSet(specifier)
        return any(allowed.contains(f"{python}.{patch}") for patch in range(50))
    except PARSER_FAILURES:
        return True


OF_PYPI = "a token of PyPI"

CREDENTIALS = frozenset((".pypirc", ".netrc", "_netrc", ".git-credentials", ".htpasswd", "id_rsa", "id_ed25519"))
"""Files whose use is to hold a password, a token or a key."""

SETTINGS = (".env", ".env.local", ".envrc")
"""Files that often hold one."""

FOLDERS = frozenset(
    (
        *(".git", ".hg", ".svn", ".venv", ".tox", ".nox", "__pycache__", "node_modules", ".eggs"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".idea", "htmlcov"),
    )
)
"""Folders that tools make and nobody means to ship."""

FILES = frozenset((".DS_Store", "Thumbs.db", ".coverage", "pyvenv.cfg"))


class NoToken(ArchiveCheck):
    """There is no token of PyPI in the archive."""

    code: ClassVar[str] = "DIST301"
    needs: ClassVar[tuple[str, ...]] = ("DIST011",)

    def check(self, facts: Distribution) -> Finding:
        """Whoever downloads it can release in your name."""
        bad = first_lines(
            f"{one.member} has {one.looks_like}" for one in facts.contents.secrets if one.looks_like == OF_PYPI
        )
        return finding_of(bad, "revoke the token on PyPI now, take it out of the file, and build again")


class NoSecret(ArchiveCheck):
    """There is nothing in the archive that looks like another secret."""

    code: ClassVar[str] = "DIST302"
    severity: ClassVar[Severity] = Severity.WARNING
    needs: ClassVar[tuple[str, ...]] = ("DIST011",)

    def check(self, facts: Distribution) -> Finding:
        """What is on an index stays there: everybody has it, and it is searched for such things."""
        bad = first_lines(
            f"{one.member} has {one.looks_like}" for one in facts.contents.secrets if one.looks_like != OF_PYPI
        )
        return finding_of(bad, "revoke it if it is real; if tests need it, ignore this check, with that reason")


class NoCredentials(ArchiveCheck):
    """There is no file in the archive whose use is to hold a password."""

    code: ClassVar[str] = "DIST303"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: Distribution) -> Finding:
        """What lies beside the sources by chance is packed with them."""
        names = (one.name for one in facts.files)
        bad = [name for name in names if name.rpartition("/")[2] in CREDENTIALS or name.endswith(_paths(SETTINGS))]
        return finding_of(
            first_lines(bad), "move it out of the project, and revoke what is in it if it has been released"
        )


class NoUnwantedFiles(ArchiveCheck):
    """There is nothing in the archive that tools make."""

    code: ClassVar[str] = "DIST304"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: Distribution) -> Finding:
        """Caches and environments make a distribution large, and say more of your machine than you would."""
        bad = (one.name for one in facts.files if _is_unwanted(one.name))
        return finding_of(
            first_lines(bad), "add it to .gitignore, or exclude it in the configuration of the build backend"
        )


def _paths(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"/{name}" for name in names)


def _is_unwanted(name: str) -> bool:
    *folders, last = name.split("/")
    return not FOLDERS.isdisjoint(folders) or last in FILES or last.endswith((".swp", "~"))
