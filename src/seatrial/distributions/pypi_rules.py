"""Tables copied from PyPI's own code: names, limits, tags and patterns that decide whether it accepts a file.

``tests/compare_pypi.py`` compares them with a checkout of pypi/warehouse; its last result is in docs/checks.md. A
comment above each table names the file of PyPI that it is from.
"""

from __future__ import annotations

from dataclasses import dataclass

MIB, GIB = 1 << 20, 1 << 30

# warehouse/constants.py
FILE_LIMIT = 100 * MIB
"""How large a file may be, unless PyPI has granted more."""

PROJECT_LIMIT = 10 * GIB
"""How large all files of a project may be together."""

# warehouse/forklift/legacy.py
DAYS_OPEN = 14
"""For how many days a release takes new files."""

ZIP_RATIO = 50
"""How many times its size a zip file may unpack to, if it unpacks to more than `ZIP_FREE`."""

ZIP_FREE = 64 * MIB

PLATFORMS = frozenset(
    (
        *("any", "win32", "win_arm64", "win_amd64", "win_ia64"),
        *(f"manylinux1_{arch}" for arch in ("x86_64", "i686")),
        *(f"manylinux2010_{arch}" for arch in ("x86_64", "i686")),
        *(f"manylinux2014_{arch}" for arch in ("x86_64", "i686", "aarch64", "armv7l", "ppc64", "ppc64le", "s390x")),
        *("linux_armv6l", "linux_armv7l"),
    )
)
"""The platform tags that PyPI accepts by name."""

MACOS_ARCHES = frozenset(
    (
        *("ppc", "ppc64", "i386", "x86_64", "arm64", "intel", "fat", "fat3", "fat64"),
        *("universal", "universal2"),
    )
)
MACOS_VERSIONS = frozenset(("11", "12", "13", "14", "15", "26"))
"""The major versions of macOS after 10, whose tags have the minor version 0."""

MUSLLINUX_ARCHES = frozenset(("x86_64", "i686", "aarch64", "armv7l", "ppc64le", "s390x", "riscv64"))
MANYLINUX_ARCHES = MUSLLINUX_ARCHES | {"ppc64"}
IOS_ARCHES = frozenset(("arm64", "x86_64"))
ANDROID_ARCHES = frozenset(("armeabi_v7a", "arm64_v8a", "x86", "x86_64"))

# warehouse/forklift/forms.py
EXTENSIONS = {"sdist": frozenset((".zip", ".tar.gz")), "bdist_wheel": frozenset((".whl",))}
"""The extensions of each kind of file, as an upload names it."""

# warehouse/utils/project.py
PROJECT_NAME = r"([A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])"
"""The pattern of a project's name, whatever its case; ASCII only (core metadata, Name)."""

# warehouse/migrations/versions/1e2ccd34f539_move_existing_blacklisted_projects_into_.py
PROHIBITED_NAMES = frozenset(("requirements-txt", "rrequirements-txt"))
"""Names, normalised, that no new project may have; administrators of PyPI prohibit more, and do not publish them."""

# warehouse/forklift/metadata.py
METADATA_VERSIONS = frozenset(("1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5"))
"""The versions of core metadata that PyPI accepts; 2.0 was withdrawn."""

DYNAMIC_FIELDS = frozenset(
    (
        *("platform", "supported-platform", "summary", "description", "description-content-type", "keywords"),
        *("home-page", "download-url", "author", "author-email", "maintainer", "maintainer-email", "license"),
        *("license-expression", "license-file", "classifier", "requires-dist", "requires-python", "requires-external"),
        *("project-url", "provides-extra", "provides-dist", "obsoletes-dist", "requires", "provides", "obsoletes"),
        *("import-name", "import-namespace"),
    )
)
"""The fields that may be dynamic (PEP 643, PEP 794)."""

SUMMARY_LIMIT = 512
"""How many characters the summary may have."""

LABEL_LIMIT = 32
"""How many characters the label of a project URL may have."""

# warehouse/utils/readme.py
CONTENT_TYPES = frozenset(("text/plain", "text/x-rst", "text/markdown"))
"""The content types of a description that PyPI renders."""

# warehouse/utils/scanner.py
SCANNED_SUFFIXES = frozenset((".py", ".pye"))
SCANNED_LIMIT = 5 * MIB
"""How large a file may be that PyPI searches for the patterns below."""


@dataclass(frozen=True)
class ContentRule:
    """Content that PyPI refuses: ``needs_all``: whether a file has to contain all the patterns, or only one.

    ``message``: what PyPI says, but for the address of its policy.
    """

    name: str
    message: str
    patterns: tuple[bytes, ...]
    needs_all: bool


# warehouse/utils/scanner_rules/*.yar; in parts, so that PyPI accepts this file.
CONTENT_RULES = (
    ContentRule(
        "pyarmor_encrypted",
        "PyArmor-encrypted content is not allowed.",
        (
            b"__pyarmor" + b"__(__name__, __file__,",
            *(b"__pyarmor" + word for word in (b"_enter__", b"_exit__", b"_assert__", b"_bcc__")),
        ),
        needs_all=False,
    ),
    ContentRule(
        "sourcedefender_encrypted",
        "SourceDefender-encrypted content is not allowed.",
        (b"---BEGIN " + b"PYE FILE---", b"---END " + b"PYE FILE---"),
        needs_all=True,
    ),
)
