"""The door of an index says what PyPI says, in its order: the sentences are from the source of PyPI."""

from __future__ import annotations

import tarfile
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from twine.utils import DEFAULT_REPOSITORY

import sample_dists
from sample_dists import SampleDist
from seatrial.checks.registry import UploadRejection, find_rejection
from seatrial.distributions.pypi_rules import CONTENT_RULES, ContentRule
from seatrial.index.client import IndexFile, ProjectFiles

NOW = datetime(2024, 2, 29, 12, tzinfo=timezone.utc)
INDEX = DEFAULT_REPOSITORY.split("/")[2].partition(".")[2]
SEE = " See https://packaging.python.org/specifications/core-metadata for more information."
SEE_LOCAL = (
    " See https://packaging.python.org/en/latest/specifications/version-specifiers/#local-version-identifiers"
    " for more information."
)
SDIST, WHEEL = sample_dists.sdist(), sample_dists.wheel()
INFO = "tidepool-1.2.3.dist-info"
RST = "Description-Content-Type: text/x-rst"
BAD_RST = "tidepool\n===\n\n`unfinished\n"


def reason(sample: SampleDist, project_files: ProjectFiles = ProjectFiles("tidepool")) -> str:  # noqa: B008 - it is frozen
    refused = find_rejection(sample.distribution(), project_files, NOW)
    return refused.reason if refused else ""


def index_file(name: str, days: int = 0, sha256: str = "0" * 64, size: int = 1000) -> IndexFile:
    return IndexFile(name, sha256, size, NOW - timedelta(days=days))


@pytest.mark.parametrize("healthy", [SDIST, WHEEL], ids=["sdist", "wheel"])
def test_healthy_distribution_passes(healthy: SampleDist) -> None:
    assert not reason(healthy)
    assert not reason(healthy, ProjectFiles())


FIELDS = {
    "Name: -x": "'-x' is an invalid value for Name. Error: Start and end with a letter or numeral containing only "
    "ASCII numeric and '.', '_' and '-'." + SEE,
    "Metadata-Version: 9.9": "'9.9' is not a valid metadata version." + SEE,
    "Metadata-Version: 2.6": "'2.6' is not a valid metadata version." + SEE,
    "Metadata-Version: 2.1": "license-expression introduced in metadata version 2.4, not 2.1." + SEE,
    "Version: 1.0-foo": "'1.0-foo' is invalid for 'version'." + SEE,
    "Version: 1.0+g123": "The use of local versions in '1.0+g123' is not allowed." + SEE_LOCAL,
    "Description-Content-Type: text/html": "'description-content-type' must be one of "
    "['text/plain', 'text/x-rst', 'text/markdown'], not 'text/html'." + SEE,
    "Dynamic: version": "'version' is not allowed as a dynamic field." + SEE,
    "License-Expression: Apache 2": "'Apache 2' is invalid for 'license-expression'." + SEE,
    "License-File: ../LICENSE": "'../LICENSE' is invalid for 'license-file', parent directory indicators are not "
    "allowed." + SEE,
    "Provides-Extra: a b": "'a b' is invalid for 'provides-extra'." + SEE,
    "Requires-Dist: attrs >>1": "'attrs >>1' is invalid for 'requires-dist'." + SEE,
    "Requires-Python: 3.10+": "'3.10+' is invalid for 'requires-python'." + SEE,
    "Author-email: foo@bar": "'foo@bar' is not a valid email address: The part after the @-sign is not valid. "
    "It should have a period." + SEE,
    "Maintainer-email: foo@bar": "'foo@bar' is not a valid email address: The part after the @-sign is not valid. "
    "It should have a period." + SEE,
    "Classifier: Private :: Do Not Upload": "'Private :: Do Not Upload' is not a valid classifier." + SEE,
    "Classifier: Natural Language :: Ukranian": "The classifier 'Natural Language :: Ukranian' has been deprecated, "
    "use one of ['Natural Language :: Ukrainian'] instead." + SEE,
    "Download-URL: not a url": "'not a url' is not a valid url." + SEE,
    "Home-page: not a url": "'not a url' is not a valid url." + SEE,
    "License: MIT": "License is deprecated when License-Expression is present. Only License-Expression should be "
    "present." + SEE,
    "Obsoletes-Dist: a @ https://example.com/a": "Can't have direct dependency: 'a @ https://example.com/a'." + SEE,
    "Provides-Dist: a @ https://example.com/a": "Can't have direct dependency: 'a @ https://example.com/a'." + SEE,
    "Project-URL: Docs, not a url": "'not a url' is not a valid url." + SEE,
    "Project-URL: , https://example.com": "Must have a label." + SEE,
    "Project-URL: Docs": "Must have a URL." + SEE,
    f"Project-URL: {'l' * 33}, https://example.com": f"'{'l' * 33}' must be 32 characters or less." + SEE,
    "Requires-Dist: foo @ https://example.com/foo.whl": "Can't have direct dependency: foo @ "
    "https://example.com/foo.whl." + SEE,
    'Requires-Dist: foo @ https://example.com/foo.whl ; extra == "more"': "Can't have direct dependency: foo @ "
    'https://example.com/foo.whl ; extra == "more".' + SEE,
    f"Summary: {'s' * 513}": "'summary' field must be 512 characters or less." + SEE,
    "License-File: NOTICE": "License-File NOTICE does not exist in distribution file {file} at {place}/NOTICE",
}


@pytest.mark.parametrize(
    ("healthy", "place"), [(SDIST, "tidepool-1.2.3"), (WHEEL, f"{INFO}/licenses")], ids=["sdist", "wheel"]
)
def test_metadata_are_refused_in_the_words_of_pypi(healthy: SampleDist, place: str) -> None:
    expected = {
        line: text.format(file=healthy.name, place=place) if "{" in text else text for line, text in FIELDS.items()
    }
    assert {line: reason(healthy.saying(line)) for line in FIELDS} == expected


@pytest.mark.parametrize(
    ("lines", "first"),
    [
        (("Requires-Python: x", "Version: x"), "Version: x"),
        (("Summary: " + "s" * 600, "Requires-Dist: a >>1"), "Requires-Dist: a >>1"),
        (("License: MIT", "Author-email: foo@bar"), "Author-email: foo@bar"),
        (("Classifier: Nothing", "Version: 1+local"), "Version: 1+local"),
    ],
    ids=["version before all", "specification before PyPI", "by the alphabet", "version before all again"],
)
def test_of_several_mistakes_pypi_reports_the_first(lines: tuple[str, ...], first: str) -> None:
    assert reason(SDIST.saying(*lines)) == reason(SDIST.saying(first))


def test_field_with_the_text_unknown_is_missing() -> None:
    assert not reason(SDIST.saying("Home-page: UNKNOWN", "Author-email: UNKNOWN"))


def test_license_files_of_metadata_from_before_they_were_defined_are_left_out_as_twine_does() -> None:
    lines = ("Metadata-Version: 2.1", "License-File: NOTICE")
    assert not reason(SDIST.saying(*lines, without=("License-Expression",)))


HELP = f" See https://{INDEX}/help/#"
ARCHIVES = f" See https://docs.{INDEX}/archives for more information"


REFUSED: tuple[tuple[SampleDist, str], ...] = (
    (
        SDIST.saying(RST, body=BAD_RST),
        f"The description failed to render for 'text/x-rst'.{HELP}description-content-type for more information.",
    ),
    (
        SDIST.saying(without=("Description-Content-Type",), body=BAD_RST),
        (
            "The description failed to render in the default format of reStructuredText."
            f"{HELP}description-content-type for more information."
        ),
    ),
    (
        SDIST.named("tide\tpool-1.2.3.tar.gz"),
        (
            "Cannot upload a file with non-printable characters (ordinals 0-31) or the DEL character (ordinal 127) "
            "in the name."
        ),
    ),
    (SDIST.named("a/tidepool-1.2.3.tar.gz"), "Cannot upload a file with '/' or '\\' in the name."),
    (
        SDIST.named("tidepool-1.2.3.exe"),
        (
            "Invalid file extension: Use .tar.gz, .whl or .zip extension. "
            "See https://www.python.org/dev/peps/pep-0527 and "
            "https://peps.python.org/pep-0715/ for more information"
        ),
    ),
    (
        SDIST.named("tidepool-1.2.3.TAR.GZ"),
        (
            "Invalid file extension: Extension .TAR.GZ is invalid for filetype sdist. "
            "See https://www.python.org/dev/peps/pep-0527 for more information."
        ),
    ),
    (SDIST.named("1.2.3.tar.gz"), "Invalid source distribution filename: 1.2.3.tar.gz"),
    (SDIST.named("other-1.2.3.tar.gz"), "Start filename for 'tidepool' with 'tidepool'."),
    (
        SDIST.named("Tidepool-1.2.3.tar.gz"),
        "Filename 'Tidepool-1.2.3.tar.gz' is invalid, should be 'tidepool-1.2.3.tar.gz'.",
    ),
    (
        SDIST.named("tidepool-1.2.4.tar.gz"),
        "Filename 'tidepool-1.2.4.tar.gz' is invalid, should be 'tidepool-1.2.3.tar.gz'.",
    ),
    (
        SDIST.named("tidepool-1.2.3.zip"),
        "Filename 'tidepool-1.2.3.zip' is invalid, should be 'tidepool-1.2.3.tar.gz'.",
    ),
    (
        SDIST.saying("Version: 1.2.3.post1").named("tidepool-1.2.3-1.tar.gz"),
        "Filename 'tidepool-1.2.3-1.tar.gz' is invalid, should be 'tidepool-1.2.3.post1.tar.gz'.",
    ),
    (
        WHEEL.named("tidepool-1.2.3-any.whl"),
        "Invalid wheel filename (wrong number of parts): 'tidepool-1.2.3-any'",
    ),
    (
        WHEEL.saying("Name: rockpool"),
        "Start filename for 'rockpool' with 'rockpool'.",
    ),
    (
        sample_dists.wheel("Tide.pool"),
        (
            "Filename 'Tide.pool-1.2.3-py3-none-any.whl' should contain the normalized project name 'tide_pool', "
            "not 'Tide.pool'."
        ),
    ),
    (WHEEL.saying("Version: 1.2.4"), "Version in filename should be '1.2.4' not '1.2.3'."),
    (
        WHEEL.having({f"{INFO}/RECORD": None}),
        f"Wheel 'tidepool-1.2.3-py3-none-any.whl' does not contain the required RECORD file: {INFO}/RECORD",
    ),
    (
        WHEEL.having({f"{INFO}/RECORD": b"\xff"}),
        f"Wheel 'tidepool-1.2.3-py3-none-any.whl' does not contain the required RECORD file: {INFO}/RECORD",
    ),
    (
        WHEEL.having({f"{INFO}/entry_points.txt": "[console_scripts]\n../x = a:b\n"}),
        "Wheel 'tidepool-1.2.3-py3-none-any.whl' has invalid entry points defined in the entry_points.txt file",
    ),
    (
        WHEEL.having({f"{INFO}/entry_points.txt": "no ini file"}),
        "Wheel 'tidepool-1.2.3-py3-none-any.whl' has invalid entry points defined in the entry_points.txt file",
    ),
    (
        WHEEL.having({f"{INFO}/METADATA": None}),
        f"Wheel 'tidepool-1.2.3-py3-none-any.whl' does not contain the required METADATA file: {INFO}/METADATA",
    ),
    (
        WHEEL.having({f"{INFO}/WHEEL": None}),
        f"Invalid distribution file. WHEEL not found at {INFO}/WHEEL",
    ),
    (
        SDIST.having({"README": "outside"}),
        "Invalid distribution file. Incorrect number of top-level directories in sdist",
    ),
    (
        SDIST.having({"tidepool-1.2.3/PKG-INFO": None}),
        "Invalid distribution file. PKG-INFO not found at tidepool-1.2.3/PKG-INFO",
    ),
)
"""Files, and the reason why PyPI refuses each."""


def test_file_is_refused_in_the_words_of_pypi() -> None:
    expected = [(place, made.name, text) for place, (made, text) in enumerate(REFUSED)]
    assert [(place, made.name, reason(made)) for place, (made, _) in enumerate(REFUSED)] == expected


def test_platform_that_not_every_machine_fits_is_refused() -> None:
    tags = (
        *("linux_x86_64", "macosx_11_3_arm64", "macosx_10_9_pentium", "manylinux_2_17_sparc", "manylinux2014_riscv64"),
        *("musllinux_1_2_ppc64", "win_mips", "android_21_mips", "freebsd_13_x86_64", "manylinux1_aarch64"),
    )
    wheels = {tag: sample_dists.wheel(tag=f"cp312-cp312-{tag}") for tag in tags}
    assert {tag: reason(wheel) for tag, wheel in wheels.items()} == {
        tag: f"Binary wheel '{wheel.name}' has an unsupported platform tag '{tag}'." for tag, wheel in wheels.items()
    }


def test_platform_that_pypi_takes_passes() -> None:
    tags = (
        *("any", "win32", "win_amd64", "macosx_10_9_x86_64", "macosx_11_0_universal2", "macosx_26_0_arm64"),
        *("manylinux_2_17_x86_64.manylinux2014_x86_64", "manylinux_2_39_riscv64", "musllinux_1_2_aarch64"),
        *("ios_13_0_arm64_iphoneos", "android_21_arm64_v8a", "pyemscripten_2025_0_wasm32", "linux_armv7l"),
    )
    reasons = {tag: reason(sample_dists.wheel(tag=f"cp312-cp312-{tag}")) for tag in tags}
    assert reasons == dict.fromkeys(tags, "")


def test_same_file_again_is_not_refused() -> None:
    archive = SDIST.distribution()
    project_files = ProjectFiles("tidepool", (index_file(archive.name, 100, archive.sha256),))
    assert project_files.has(archive)
    assert find_rejection(archive, project_files, NOW) is None


def test_other_bytes_under_the_same_name_are_refused() -> None:
    archive = SDIST.distribution()
    project_files = ProjectFiles("tidepool", (index_file(archive.name),))
    assert not project_files.has(archive)
    assert find_rejection(archive, project_files, NOW) == UploadRejection(
        400,
        f"File already exists ('{archive.name}', with blake2_256 hash '{archive.blake2_256}')."
        f"{HELP}file-name-reuse for more information.",
    )


WHEEL_OF_IT = "tidepool-1.2.3-py3-none-any.whl"


@pytest.mark.parametrize(
    ("project_files", "expected"),
    [
        (
            ProjectFiles("tidepool", (index_file(WHEEL_OF_IT, 15), index_file("tidepool-1.2.3-py2-none-any.whl", 1))),
            "Uploading new files to releases older than 14 days is not allowed.",
        ),
        (ProjectFiles("tidepool", (index_file(WHEEL_OF_IT, 14),)), ""),
        (ProjectFiles("tidepool", (index_file("tidepool-1.2.2-py3-none-any.whl", 400),)), ""),
        (
            ProjectFiles("tidepool", (index_file("tidepool-1.2.3.zip", 1),)),
            "Only one sdist may be uploaded per release.",
        ),
        (
            ProjectFiles("tidepool", (index_file("tidepool-1.2.2.tar.gz", 1, size=10 << 30),)),
            (
                "Project size too large. Limit for project 'tidepool' total size is 10 GB. "
                f"See https://docs.{INDEX}/project-management/storage-limits#requesting-a-project-size-limit-increase"
            ),
        ),
    ],
    ids=["older than 14 days", "14 days old", "an older release", "second sdist", "project too large"],
)
def test_what_the_index_holds_decides(project_files: ProjectFiles, expected: str) -> None:
    assert reason(SDIST, project_files) == expected


@pytest.mark.parametrize("name", ["os", "Distutils", "importlib.metadata", "asyncore"])
def test_new_project_is_not_named_like_a_module_of_python(name: str) -> None:
    normalised = name.lower().replace(".", "_")
    sentence = f"The name {name!r} isn't allowed (conflict with Python Standard Library module name)."
    made = sample_dists.sdist(normalised).saying(f"Name: {name}")
    assert reason(made, ProjectFiles()) == f"{sentence}{HELP}project-name for more information."
    assert not reason(made, ProjectFiles(name))


@pytest.mark.parametrize("name", ["requirements.txt", "Rrequirements-TXT"])
def test_new_project_has_no_name_that_pypi_prohibits(name: str) -> None:
    made = sample_dists.sdist(name.lower().replace(".", "_").replace("-", "_")).saying(f"Name: {name}")
    assert reason(made, ProjectFiles()) == f"The name {name!r} isn't allowed.{HELP}project-name for more information."
    assert not reason(made, ProjectFiles(name))


@pytest.mark.parametrize("rule", CONTENT_RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("healthy", [SDIST, WHEEL], ids=["sdist", "wheel"])
def test_code_of_a_protector_is_refused_before_the_structure_of_a_zip_is_looked_at(
    healthy: SampleDist, rule: ContentRule
) -> None:
    module = next(name for name in healthy.files if name.endswith("__init__.py"))
    made = healthy.having({module: b"\n".join(rule.patterns)})
    policy = f" See https://{INDEX}/policy/acceptable-use-policy/ for more information."
    data = made.data() + (b"more" if healthy is WHEEL else b"")
    refused = find_rejection(sample_dists.read(made.name, data), ProjectFiles("tidepool"), NOW)
    assert refused == UploadRejection(400, f"Invalid distribution file. {rule.message}{policy}")


def test_file_of_more_than_100_mb_is_refused() -> None:
    archive = replace(SDIST.distribution(), size=(100 << 20) + 1)
    assert find_rejection(archive, ProjectFiles("tidepool"), NOW) == UploadRejection(
        400,
        "File too large. Limit for project 'tidepool' is 100 MB. "
        f"See https://docs.{INDEX}/project-management/storage-limits#requesting-a-file-size-limit-increase "
        "for more information.",
    )


def test_zip_that_reads_differently_from_its_front_is_refused_in_the_words_of_pypi() -> None:
    data = WHEEL.data() + b"more"
    refused = find_rejection(sample_dists.read(WHEEL.name, data), ProjectFiles("tidepool"), NOW)
    assert refused == UploadRejection(
        400, f"Invalid distribution file. ZIP archive not accepted: Trailing data.{ARCHIVES}"
    )


def test_compression_that_not_every_installer_knows_is_refused() -> None:
    files = {name: text for name, text in WHEEL.files.items() if text is not None}
    archive = sample_dists.read(WHEEL.name, sample_dists.zipped(files, zipfile.ZIP_BZIP2))
    expected = UploadRejection(400, "Invalid distribution file. File does not use a supported compression type")
    assert find_rejection(archive, ProjectFiles("tidepool"), NOW) == expected


def test_sparse_members_are_refused_in_the_words_of_pypi() -> None:
    files = {name: text for name, text in SDIST.files.items() if text is not None}
    sparse = sample_dists.link("tidepool-1.2.3/sparse", "", tarfile.GNUTYPE_SPARSE)
    refused = find_rejection(
        sample_dists.read(SDIST.name, sample_dists.tarred(files, sparse)), ProjectFiles("tidepool"), NOW
    )
    message = "Invalid distribution file. tar archive not accepted: Sparse members are not allowed."
    assert refused == UploadRejection(400, message + ARCHIVES)


def test_reason_has_only_characters_that_a_status_may_have() -> None:
    assert reason(SDIST.saying("Home-page: ünb→kannt")) == "'ünb?kannt' is not a valid url." + SEE
