"""Checks of what a distribution contains (DIST2xx, DIST3xx): the package, and no unwanted or secret files."""

from __future__ import annotations

import posixpath
import re
from functools import partial
from typing import TYPE_CHECKING, Callable

from seatrial.checks.archive import UNPACKED
from seatrial.checks.check import ERROR, WARNING, WHEEL, Check, check, finding_of, first_lines
from seatrial.checks.metadata import NEEDS_METADATA
from seatrial.distributions.archive import Member, MemberKind, Secret
from seatrial.project.project import admits

if TYPE_CHECKING:
    from seatrial.distributions.distribution import Distribution
    from seatrial.findings import Finding, Severity


# What PyPI accepts and what troubles the people who install it is a warning.
wheel_warning = partial(check, severity=WARNING, needs=UNPACKED, kinds=WHEEL)

MODULE_SUFFIXES = (".py", ".pyi", ".so", ".pyd")
COMPILED = (".so", ".pyd", ".dylib")
TYPED = "Typing :: Typed"


@wheel_warning(
    "DIST201",
    "The wheel contains more than metadata",
    "A build backend that does not find the package builds an empty wheel without an error.",
)
def not_empty(wheel: Distribution) -> Finding:
    has_content = any(not _top(member.path).endswith(".dist-info") for member in wheel.files)
    line = "the wheel contains nothing but metadata"
    return finding_of([] if has_content else [line], "configure where the package is, in the build backend")


@check(
    "DIST202",
    "The archive contains no compiled bytecode",
    "Bytecode is for one version of Python, and installers compile it themselves.",
    severity=WARNING,
    needs=UNPACKED,
)
def no_bytecode(file: Distribution) -> Finding:
    compiled = first_lines(member.name for member in file.files if member.name.endswith((".pyc", ".pyo")))
    return finding_of(compiled, "leave out *.pyc")


COMMON_NAMES = frozenset(
    (
        *("build", "data", "dist", "doc", "docs", "example", "examples", "scripts", "src", "test", "tests"),
        *("bench", "benchmark", "benchmarks", "node_modules", "tools", "conftest", "setup", "noxfile", "tasks"),
        *(".eggs", ".github", ".nox", ".tox", ".venv", "venv"),
    )
)
"""What many projects have at their top and do not mean to install; from check-wheel-contents (W005), and more."""


@wheel_warning(
    "DIST203",
    "No module or folder at the top of the wheel has a name that many projects use",
    "Two distributions with a top-level package `tests` overwrite each other's files.",
)
def no_common_names(wheel: Distribution) -> Finding:
    tops = {re.sub(r"\.pyi?$", "", _top(place)) for place in wheel.tree}
    own = wheel.metadata.name.lower().replace("-", "_")
    lines = [f"the wheel would install {name}" for name in sorted(tops & COMMON_NAMES - {own})]
    return finding_of(lines, "configure which packages the build backend includes, or keep yours in src/")


@wheel_warning(
    "DIST204",
    "The wheel has no __init__.py at its top",
    "It would turn site-packages, the folder of all packages, into a package.",
)
def no_init_at_top(wheel: Distribution) -> Finding:
    line = "__init__.py is at the top of the wheel"
    return finding_of([line] if "__init__.py" in wheel.tree else [], "include the package's folder, not its content")


@wheel_warning(
    "DIST205",
    "A package that is classified as typed contains py.typed",
    "Without the file, type checkers ignore the types (PEP 561).",
    needs=(*UNPACKED, *NEEDS_METADATA),
)
def typed_is_marked(wheel: Distribution) -> Finding:
    has_types = any(place.endswith(("/py.typed", ".pyi")) or "-stubs/" in place for place in wheel.tree)
    bad = TYPED in wheel.metadata.list("classifiers") and not has_types
    line = f"the classifier is {TYPED!r}, and py.typed is missing"
    return finding_of([line] if bad else [], "add an empty file py.typed next to __init__.py, and to the wheel")


@wheel_warning(
    "DIST206",
    "Every py.typed is next to the modules of a package",
    "Type checkers ignore a py.typed in another place (PEP 561).",
)
def marker_in_package(wheel: Distribution) -> Finding:
    markers = [place for place in wheel.tree if posixpath.basename(place) == "py.typed"]
    packages = {posixpath.dirname(place) for place in wheel.tree if "/" in place and place.endswith(MODULE_SUFFIXES)}
    lines = (f"{place} is not in a package" for place in markers if posixpath.dirname(place) not in packages)
    return finding_of(first_lines(lines), "move py.typed next to __init__.py")


@check(
    "DIST207",
    "Requires-Python admits every Python that a classifier names",
    "One of the two statements is wrong.",
    severity=WARNING,
    needs=NEEDS_METADATA,
)
def pythons_agree(file: Distribution) -> Finding:
    specifier = file.metadata.requires_python
    classifiers = file.metadata.list("classifiers")
    matches = (re.fullmatch(r"Programming Language :: Python :: (\d+\.\d+)", name) for name in classifiers)
    pythons = [match[1] for match in matches if match]
    excluded = [python for python in pythons if specifier is not None and not admits(specifier, python)]
    line = f"a classifier names Python {', '.join(excluded)}, and Requires-Python is {specifier}"
    return finding_of([line] if excluded else [], "correct requires-python or the classifiers")


@wheel_warning(
    "DIST208",
    "A wheel with compiled modules has a platform tag",
    "Without one, it is installed on machines that cannot load its modules.",
)
def tag_fits(wheel: Distribution) -> Finding:
    is_for_all = wheel.name.endswith("-none-any.whl")
    compiled = first_lines(place for place in wheel.tree if place.endswith(COMPILED))
    return finding_of(compiled if is_for_all else [], "configure the build backend to build a platform-specific wheel")


INSTALLED_AT_TOP = (*MODULE_SUFFIXES, ".pyc", ".pth", ".dll", ".dylib", ".typed")
"""How files end that belong at the top, or that another check finds there."""


@wheel_warning(
    "DIST209",
    "Every file at the top of the wheel is a module or belongs to one",
    "A README, a licence or a file of settings is installed into site-packages, where other projects overwrite it.",
)
def only_modules_at_top(wheel: Distribution) -> Finding:
    at_top = (place for place in wheel.tree if "/" not in place)
    places = (place for place in at_top if not re.sub(r"[.\d]+$", "", place).endswith(INSTALLED_AT_TOP))
    lines = first_lines(f"the wheel would install {place}" for place in places)
    fix = "leave it out of the wheel: readme and license-files in [project] put those where they belong"
    return finding_of(lines, fix)


LIBRARIES = (".libs", ".dylibs", "-stubs")
"""How folders end that hold no module by design: shared libraries (auditwheel, delocate), and stubs of namespaces."""


@wheel_warning(
    "DIST210",
    "Every folder at the top of the wheel contains a module",
    "A folder without a module cannot be imported, so its modules were left out or it is in the wrong place.",
)
def folders_have_modules(wheel: Distribution) -> Finding:
    empty = {_top(member.path) for member in wheel.contents.members if member.kind is MemberKind.FOLDER}
    folders = {_top(place) for place in wheel.tree if "/" in place}
    folders |= {folder for folder in empty if not folder.endswith((".dist-info", ".data"))}
    full = {_top(place) for place in wheel.tree if "/" in place and place.endswith(MODULE_SUFFIXES)}
    bare = sorted(folder for folder in folders - full if not folder.endswith(LIBRARIES))
    lines = first_lines(f"{folder}/ contains no module" for folder in bare)
    return finding_of(lines, "have the build backend include the modules, or leave the folder out")


def _top(name: str) -> str:
    return name.partition("/")[0]


TEST_FOLDERS = frozenset(("test", "tests", "testing", "_tests", "fixtures", "testdata", "test_data"))
"""Folders whose files are made up for tests."""

OF_PYPI = "a token of PyPI"
PRIVATE_KEY = "a private key"


def _secret_check(
    code: str, title: str, why: str, severity: Severity, is_meant: Callable[[Secret], bool], fix: str
) -> Check[Distribution]:
    """Return the check that no member holds a secret of a kind."""

    def no_secret(file: Distribution) -> Finding:
        secrets = filter(is_meant, file.contents.secrets)
        return finding_of(first_lines(f"{secret.member} contains {secret.looks_like}" for secret in secrets), fix)

    return Check(code, title, why, no_secret, severity, ("DIST011",))


def _is_other_secret(secret: Secret) -> bool:
    is_fixture = secret.looks_like == PRIVATE_KEY and _is_test_file(secret.member)
    return secret.looks_like != OF_PYPI and not is_fixture


SECRET_CHECKS = (
    _secret_check(
        "DIST301",
        "The archive contains no PyPI token",
        "Everybody who downloads it can publish releases in your name.",
        ERROR,
        lambda secret: secret.looks_like == OF_PYPI,
        "revoke the token on PyPI now, remove it from the file, and build again",
    ),
    _secret_check(
        "DIST302",
        "Nothing in the archive looks like another secret",
        "Published files stay public, and they are searched for secrets.",
        WARNING,
        _is_other_secret,
        "revoke it if it is real; if tests need it, ignore this check, with that reason",
    ),
)

CREDENTIALS = frozenset((".pypirc", ".netrc", "_netrc", ".git-credentials", ".htpasswd", "id_rsa", "id_ed25519"))
"""Files that hold a password, a token or a key."""

SETTINGS = frozenset((".env", ".env.local", ".envrc"))
"""Files that often hold one."""


def _names_check(code: str, title: str, why: str, is_bad: Callable[[Member], bool], fix: str) -> Check[Distribution]:
    """Return the check that no member is of a bad kind, which its name shows."""

    def no_such_member(file: Distribution) -> Finding:
        return finding_of(first_lines(member.name for member in file.files if is_bad(member)), fix)

    return Check(code, title, why, no_such_member, WARNING)


def _holds_credentials(member: Member) -> bool:
    name = member.name.rpartition("/")[2]
    # An empty file holds nothing, and what lies among the tests is made up for them.
    return name in CREDENTIALS | SETTINGS and member.size > 0 and not _is_test_file(member.name)


def _is_test_file(name: str) -> bool:
    return not TEST_FOLDERS.isdisjoint(name.split("/")[:-1])


TOOL_FOLDERS = frozenset(
    (
        *(".git", ".hg", ".svn", ".venv", ".tox", ".nox", "__pycache__", "node_modules", ".eggs"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".idea", "htmlcov"),
    )
)
"""Folders that tools create and that do not belong in a release."""

TOOL_FILES = frozenset((".DS_Store", "Thumbs.db", ".coverage", "pyvenv.cfg"))


def _is_of_tool(member: Member) -> bool:
    *folders, name = member.path.split("/")
    return not TOOL_FOLDERS.isdisjoint(folders) or name in TOOL_FILES or name.endswith((".swp", "~"))


NAMES_CHECKS = (
    _names_check(
        "DIST303",
        "No file in the archive stores passwords",
        "A build backend can pack files that happen to lie next to the sources.",
        _holds_credentials,
        "move it out of the project, and revoke what is in it if it was released",
    ),
    _names_check(
        "DIST304",
        "No file in the archive was created by a tool",
        "Caches and environments make a distribution large, and reveal details of your machine.",
        _is_of_tool,
        "add it to .gitignore, or exclude it in the configuration of the build backend",
    ),
)

CHECKS = (
    *(not_empty, no_bytecode, no_common_names, no_init_at_top, typed_is_marked, marker_in_package),
    *(pythons_agree, tag_fits, only_modules_at_top, folders_have_modules, *SECRET_CHECKS, *NAMES_CHECKS),
)
