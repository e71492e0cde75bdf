"""Every rule fails on the distribution that it is about, and passes on a healthy one.

What each says is in tests/expected/findings.txt; pytest tests/checks/test_release.py --refresh writes it anew.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import tarfile
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest
from twine.utils import DEFAULT_REPOSITORY

import sample_dists
from seatrial.checks.registry import ANSWERED_BY_INDEX, CHECKS_OF_FILES, check_distributions, check_uploads
from seatrial.distributions.pypi_rules import CONTENT_RULES
from seatrial.findings import CheckResult, Finding, Verdict
from seatrial.index.client import ProjectFiles

if TYPE_CHECKING:
    from seatrial.distributions.distribution import Distribution


EXPECTED = Path(__file__).resolve().parents[1] / "expected/findings.txt"
INDEX = DEFAULT_REPOSITORY.split("/")[2].partition(".")[2]
SDIST, WHEEL = sample_dists.sdist(), sample_dists.wheel()
TOP, INFO = "tidepool-1.2.3", "tidepool-1.2.3.dist-info"
IN_SDIST = {name: text for name, text in SDIST.files.items() if text is not None}
IN_WHEEL = {name: text for name, text in WHEEL.files.items() if text is not None}
SOURCES = tuple(PurePosixPath(name).relative_to(TOP) for name in SDIST.files)


def linked(*members: tarfile.TarInfo) -> Distribution:
    """Return the sdist with more members."""
    return sample_dists.read(SDIST.name, sample_dists.tarred(IN_SDIST, *members))


def with_commands(lines: str) -> Distribution:
    """Return the wheel with other commands among its entry points."""
    return WHEEL.having({f"{INFO}/entry_points.txt": f"[console_scripts]\n{lines}\n"}).distribution()


SECRET_TOKEN = "pypi-" + "A" * 120
SECRET_KEY = "-----BEGIN " + "PRIVATE KEY-----\nMII"
LFS_POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 1048576\n"
PROTECTED = f"{CONTENT_RULES[0].patterns[0].decode()} b'')\n"


@functools.cache
def broken() -> dict[str, tuple[Distribution, ...]]:
    """Return for each rule the files that it is about."""
    return {
        "DIST001": (SDIST.named("tidepool-1.2.3.egg").distribution(),),
        "DIST002": (SDIST.named("a\\tidepool-1.2.3.tar.gz").distribution(),),
        "DIST003": (replace(SDIST.distribution(), size=101 << 20),),
        "DIST004": (replace(SDIST.distribution(), size=90 << 20),),
        "DIST011": (sample_dists.read(WHEEL.name, b"no zip file"),),
        "DIST012": (
            sample_dists.read(WHEEL.name, sample_dists.zipped({**IN_WHEEL, "tidepool/zeros": bytes(65 << 20)})),
        ),
        "DIST013": (sample_dists.read(WHEEL.name, sample_dists.zipped(IN_WHEEL, zipfile.ZIP_LZMA)),),
        "DIST014": (WHEEL.named("Tidepool-1.2.3-py3-none-any.whl").distribution(),),
        "DIST015": (sample_dists.read(WHEEL.name, b"#!/bin/sh\n" + WHEEL.data()),),
        "DIST016": (linked(sample_dists.link(f"{TOP}/sparse", "", tarfile.GNUTYPE_SPARSE)),),
        "DIST017": (linked(sample_dists.link(f"{TOP}/passwords", "/etc/passwd")),),
        "DIST018": (linked(sample_dists.link(f"{TOP}/license", "", tarfile.REGTYPE)),),
        "DIST019": (SDIST.having({f"{TOP}/src/tidepool/_a.py": PROTECTED}).distribution(),),
        "DIST020": (SDIST.having({f"{TOP}/src/tidepool/a.bin": LFS_POINTER}).distribution(),),
        "DIST021": (SDIST.named("Tidepool-1.2.3.tar.gz").distribution(),),
        "DIST022": (WHEEL.named("tidepool-1.2.3-any.whl").distribution(),),
        "DIST023": (sample_dists.wheel(tag="cp312-cp312-linux_x86_64").distribution(),),
        "DIST024": (sample_dists.wheel("Tidepool").distribution(),),
        "DIST025": (WHEEL.saying("Version: 1.2.4").distribution(),),
        "DIST026": (SDIST.in_folder("tidepool").distribution(),),
        "DIST027": (
            linked(sample_dists.link(f"{TOP}/copy", "gone", tarfile.LNKTYPE)),
            WHEEL.having({"tidepool/a": "", "tidepool/a/b.py": ""}).distribution(),
        ),
        "DIST028": (sample_dists.read(SDIST.name, SDIST.data() + b"more"),),
        "DIST031": (SDIST.having({f"{TOP}/LICENSE": None}).distribution(),),
        "DIST032": (WHEEL.having({f"{INFO}/licenses/LICENSE": None}).distribution(),),
        "DIST033": (WHEEL.having({f"{INFO}/RECORD": None}).distribution(),),
        "DIST034": (
            WHEEL.having({f"{INFO}/entry_points.txt": "[console_scripts]\nsome/where = a:b\n"}).distribution(),
        ),
        "DIST035": (WHEEL.having({f"{INFO}/METADATA": None}).distribution(),),
        "DIST036": (
            WHEEL.having(
                {f"{INFO}/RECORD": f"tidepool/__init__.py,sha256=AAA,1\ngone.py,,\n{INFO}/RECORD,,\n"}
            ).distribution(),
        ),
        "DIST037": (WHEEL.having({f"{INFO}/WHEEL": "Wheel-Version: 9.0\nRoot-Is-Purelib: true\n"}).distribution(),),
        "DIST038": (WHEEL.having({f"{INFO}/WHEEL": "Wheel-Version: 1.0\nTag: py2-none-any\n"}).distribution(),),
        "DIST039": (
            WHEEL.having({"other-1.dist-info/a": "", f"{TOP}.data/share/a": "", f"{TOP}.data/a": ""}).distribution(),
        ),
        "DIST040": (with_commands("depth = tidepool\n.. = tidepool:depth"),),
        "DIST101": (WHEEL.having({f"{INFO}/METADATA": None}).distribution(),),
        "DIST102": (SDIST.saying("Nonsense: yes", "Keywords: a\nKeywords: b").distribution(),),
        "DIST103": (SDIST.saying("Name: tide pool").distribution(),),
        "DIST104": (SDIST.saying("Metadata-Version: 3.0").distribution(),),
        "DIST105": (SDIST.saying(without=("Name",)).distribution(),),
        "DIST106": (SDIST.saying("Version: 1.0-foo").distribution(),),
        "DIST107": (SDIST.saying("Description-Content-Type: text/html").distribution(),),
        "DIST108": (SDIST.saying("Dynamic: name").distribution(),),
        "DIST109": (SDIST.saying("Metadata-Version: 2.5", "Import-Name: 1st").distribution(),),
        "DIST110": (SDIST.saying("License-Expression: Apache 2").distribution(),),
        "DIST111": (SDIST.saying("License-File: *.txt").distribution(),),
        "DIST112": (SDIST.saying("Provides-Extra: a b").distribution(),),
        "DIST113": (SDIST.saying("Requires-Dist: attrs >>1").distribution(),),
        "DIST114": (SDIST.saying("Requires-Python: 3.10+").distribution(),),
        "DIST115": (SDIST.saying("Summary: one\n  two").distribution(),),
        "DIST116": (SDIST.saying("Metadata-Version: 1.1", "Maintainer: A. Author").distribution(),),
        "DIST122": (SDIST.saying("Version: 1.0+g123").distribution(),),
        "DIST123": (SDIST.saying("Author-email: foo@bar").distribution(),),
        "DIST124": (
            SDIST.saying(
                "Classifier: Private :: Do Not Upload\nClassifier: Natural Language :: Ukranian"
            ).distribution(),
        ),
        "DIST125": (SDIST.saying("Download-URL: ftp://example.com").distribution(),),
        "DIST126": (SDIST.saying("Dynamic: Dynamic").distribution(),),
        "DIST127": (SDIST.saying("Home-page: not a url").distribution(),),
        "DIST128": (SDIST.saying("License: MIT").distribution(),),
        "DIST129": (SDIST.saying("Maintainer-email: foo@bar").distribution(),),
        "DIST130": (SDIST.saying("Obsoletes-Dist: a b").distribution(),),
        "DIST131": (SDIST.saying("Project-URL: Docs, not a url").distribution(),),
        "DIST132": (SDIST.saying("Provides-Dist: a @ https://example.com/a").distribution(),),
        "DIST133": (SDIST.saying("Requires-Dist: foo @ https://example.com/foo.whl").distribution(),),
        "DIST134": (SDIST.saying("Summary: " + "s" * 513).distribution(),),
        "DIST141": (
            SDIST.saying("Description-Content-Type: text/x-rst", body="Title\n=\n\n.. nonsense::\n").distribution(),
        ),
        "DIST142": (SDIST.saying(body="").distribution(),),
        "DIST143": (sample_dists.sdist("asyncore").distribution(),),
        "DIST201": (WHEEL.having({"tidepool/__init__.py": None}).distribution(),),
        "DIST202": (WHEEL.having({"tidepool/__pycache__/a.cpython-312.pyc": "x"}).distribution(),),
        "DIST203": (WHEEL.having({"tests/test_a.py": "x", "setup.py": "x"}).distribution(),),
        "DIST204": (WHEEL.having({"__init__.py": ""}).distribution(),),
        "DIST205": (WHEEL.saying("Classifier: Typing :: Typed").distribution(),),
        "DIST206": (WHEEL.having({"py.typed": ""}).distribution(),),
        "DIST207": (SDIST.saying("Classifier: Programming Language :: Python :: 3.8").distribution(),),
        "DIST208": (WHEEL.having({"tidepool/fast.abi3.so": "x"}).distribution(),),
        "DIST209": (WHEEL.having({"README.md": "x", "LICENSE": "x"}).distribution(),),
        "DIST210": (WHEEL.having({"assets/logo.svg": "x"}).distribution(),),
        "DIST301": (SDIST.having({f"{TOP}/notes.txt": SECRET_TOKEN}).distribution(),),
        "DIST302": (SDIST.having({f"{TOP}/notes.txt": SECRET_KEY}).distribution(),),
        "DIST303": (SDIST.having({f"{TOP}/.pypirc": "[pypi]\n", f"{TOP}/.env": "A=b"}).distribution(),),
        "DIST304": (SDIST.having({f"{TOP}/.venv/bin/python": "x", f"{TOP}/.DS_Store": "x"}).distribution(),),
        "DIST401": (SDIST.distribution(), sample_dists.sdist(version="1.2.4").distribution()),
        "DIST402": (SDIST.distribution(), SDIST.named("tidepool-1.2.3.zip").distribution()),
        "DIST403": (SDIST.distribution(), WHEEL.saying("Requires-Dist: attrs>=24").distribution()),
        "DIST404": (SDIST.distribution(), WHEEL.having({"tidepool/extra.py": "extra"}).distribution()),
        "DIST405": (SDIST.having({f"{TOP}/notes.txt": "x"}).distribution(),),
        "DIST406": (SDIST.having({f"{TOP}/src/tidepool/__init__.py": None}).distribution(), WHEEL.distribution()),
        "DIST407": (WHEEL.having({"tidepool/__init__.py": None, "tidepool/depth.py": ""}).distribution(),),
    }


def judged(archives: tuple[Distribution, ...], code: str) -> CheckResult:
    checked = [result for result in check_distributions(archives, sources=SOURCES) if result.code == code]
    return next((result for result in checked if result.finding.verdict is Verdict.FAILED), checked[0])


def text_of(result: CheckResult) -> str:
    finding = result.finding
    text = f"{result.code} {result.severity.value} {finding.verdict.value}\n{finding.message}\nfix: {finding.fix}\n"
    # The name of PyPI's host is written nowhere.
    return text.replace(INDEX, "{index}")


@functools.cache
def results() -> dict[str, CheckResult]:
    """Return what each rule says of the files that it is about."""
    return {code: judged(archives, code) for code, archives in broken().items()}


def test_every_rule_fails_for_some_file() -> None:
    assert broken().keys() == {rule.code for rule in CHECKS_OF_FILES if rule.code.startswith("DIST")}


def test_what_every_rule_says_is_as_expected(pytestconfig: pytest.Config) -> None:
    texts = "\n".join(map(text_of, results().values()))
    if pytestconfig.getoption("--refresh"):
        EXPECTED.parent.mkdir(exist_ok=True)
        EXPECTED.write_text(texts, encoding="utf-8")
    assert EXPECTED.read_text(encoding="utf-8") == texts


def test_rule_fails_on_what_it_is_about() -> None:
    verdicts = {code: result.finding.verdict for code, result in results().items()}
    assert {code: verdict for code, verdict in verdicts.items() if verdict is not Verdict.FAILED} == {}


def test_healthy_files_pass_every_rule() -> None:
    checked = check_distributions((SDIST.distribution(), WHEEL.distribution()), sources=SOURCES)
    assert {result.finding for result in checked} == {Finding.passed()}
    codes = {result.code for result in checked}
    assert codes == {rule.code for rule in CHECKS_OF_FILES if rule.code.startswith("DIST")}


def verdict(file: Distribution, code: str) -> Verdict:
    return judged((file,), code).finding.verdict


def in_wheel(**files: str) -> Distribution:
    """Return the wheel with more files; two underscores in a name stand for a slash, three for a dot."""
    named = {name.replace("___", ".").replace("__", "/"): text for name, text in files.items()}
    return WHEEL.having(dict(named)).distribution()


def described_as(wheel_file: str, tag: str = "py3-none-any") -> Distribution:
    return sample_dists.wheel(tag=tag).having({f"{INFO}/WHEEL": wheel_file}).distribution()


def in_sdist(name: str, text: bytes | str) -> Distribution:
    return SDIST.having({f"{TOP}/{name}": text}).distribution()


MODULE = "tidepool/__init__.py"
HASHED = base64.urlsafe_b64encode(hashlib.sha256(sample_dists.MODULE.encode()).digest()).decode().rstrip("=")
IN_DATA = tuple(f"{TOP}.data/{name}" for name in ("", "purelib/a.py", "platlib/b.py", "headers/c.h", "data/d/../e"))


def links(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo]:
    return (sample_dists.link(f"{TOP}/{name}", target, kind),)


def dated(time: float) -> tarfile.TarInfo:
    member = sample_dists.link(f"{TOP}/old", "", tarfile.REGTYPE)
    member.pax_headers = {"mtime": str(time)}
    return member


def recorded(row: str) -> Distribution:
    """Return the wheel with another row of its module in RECORD."""
    right = f"{MODULE},sha256={HASHED},39\n"
    record = sample_dists.record(IN_WHEEL)
    assert right in record
    return WHEEL.having({f"{INFO}/RECORD": record.replace(right, f"{MODULE}{row}\n") if row else record}).distribution()


BEGIN, END = (pattern.decode() for pattern in CONTENT_RULES[1].patterns)
FULL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"


@functools.cache
def edge_cases() -> tuple[tuple[str, Distribution, Verdict], ...]:
    """Return codes, files and what the check finds in them."""
    failed, passed = Verdict.FAILED, Verdict.PASSED
    return (
        # Content that PyPI refuses: in sources of up to 5 MiB, wherever in them.
        ("DIST019", in_sdist("notes.txt", PROTECTED), passed),
        ("DIST019", in_sdist("a.pye", f"{BEGIN}\n{END}\n"), failed),
        ("DIST019", in_sdist("a.pye", f"{BEGIN}\n"), passed),
        ("DIST019", in_sdist("a.py", "#" * ((1 << 20) - 5) + PROTECTED), failed),
        ("DIST019", in_sdist("a.py", PROTECTED + "#" * (5 << 20)), passed),
        # Only a whole file is a pointer.
        ("DIST020", in_sdist("a.bin", LFS_POINTER.replace("oid", "ext-0-x sha256:1\noid")), failed),
        ("DIST020", in_sdist("docs.md", f"A pointer:\n{LFS_POINTER}"), passed),
        ("DIST020", in_sdist("docs.md", f"{LFS_POINTER}is a pointer"), passed),
        ("DIST026", SDIST.named("tidepool-1.2.3.zip").distribution(), passed),
        ("DIST026", SDIST.in_folder("Tidepool-1.2.3").distribution(), failed),
        # What no system can create.
        ("DIST027", linked(sample_dists.link(f"{TOP}/copy", f"./{TOP}//LICENSE", tarfile.LNKTYPE)), passed),
        ("DIST027", linked(*links("link", "src"), *links("copy", f"{TOP}/link/a", tarfile.LNKTYPE)), passed),
        ("DIST027", linked(*links("copy", f"{TOP}/copy", tarfile.LNKTYPE)), failed),
        ("DIST027", linked(*links("LICENSE/.", "", tarfile.DIRTYPE)), failed),
        ("DIST027", linked(*links("src/..", "", tarfile.REGTYPE)), failed),
        ("DIST027", linked(*links("src", "", tarfile.DIRTYPE), *links("src/a/", "", tarfile.DIRTYPE)), passed),
        ("DIST027", in_sdist("n" * 255, ""), passed),
        ("DIST027", in_sdist("é" * 128, ""), failed),
        ("DIST027", in_sdist("d/" * 2100 + "a", ""), failed),
        ("DIST027", linked(dated(10.0**18)), passed),
        ("DIST027", linked(dated(float("inf"))), failed),
        ("DIST027", linked(dated(float("nan"))), failed),
        # What comes after the end.
        ("DIST028", sample_dists.read(SDIST.name, SDIST.data() + bytes(100)), passed),
        ("DIST028", sample_dists.read(SDIST.name, SDIST.data() + SDIST.data()), failed),
        ("DIST028", sample_dists.read(SDIST.name, SDIST.data()[:-6]), failed),
        ("DIST028", sample_dists.read(SDIST.name, SDIST.data()[:-8] + bytes(8)), failed),
        # RECORD is true of each file.
        ("DIST036", recorded(""), passed),
        ("DIST036", recorded(",sha256=" + HASHED + ","), passed),
        ("DIST036", recorded(",sha256=" + HASHED + "=, 39 "), passed),
        ("DIST036", recorded(",sha256=" + HASHED + ",38"), failed),
        ("DIST036", recorded(",sha256=" + HASHED + ",many"), failed),
        ("DIST036", recorded(",,"), failed),
        ("DIST036", recorded(",md5=abc,"), failed),
        ("DIST036", recorded(",sha512=abc,"), Verdict.UNKNOWN),
        ("DIST036", recorded(f",sha256={HASHED},39\n{MODULE},sha256={HASHED},39"), passed),
        ("DIST036", recorded(f",sha256=abc,39\n{MODULE},sha256={HASHED},39"), failed),
        # What installers refuse, and what they guess.
        ("DIST039", WHEEL.having(dict.fromkeys(IN_DATA, "")).distribution(), passed),
        ("DIST039", WHEEL.having({"tidepool/other-1.dist-info/a": ""}).distribution(), passed),
        ("DIST039", WHEEL.having({f"{TOP}.data/data/../../a": ""}).distribution(), failed),
        ("DIST039", WHEEL.having({f"{TOP}.data/scripts//bin/a": ""}).distribution(), failed),
        ("DIST039", WHEEL.having({f"{TOP}.data/scripts/../a": ""}).distribution(), failed),
        ("DIST040", with_commands("a-b.c = tidepool.x : Depth.of [fast]\n..a = t%:d"), failed),
        ("DIST040", with_commands("a-b.c = tidepool.x : Depth.of [fast]\n..a = t:d"), passed),
        ("DIST040", with_commands("a ="), failed),
        ("DIST040", with_commands("a = tidepool:depth()"), failed),
        ("DIST037", described_as(""), failed),
        ("DIST037", described_as("Root-Is-Purelib: true\n"), failed),
        ("DIST037", described_as("Wheel-Version: one\n"), failed),
        ("DIST037", described_as("Wheel-Version: 1.9\n"), passed),
        ("DIST038", described_as(f"{FULL}Tag: py2-none-any\nTag: py3-none-any\n", "py2.py3-none-any"), passed),
        ("DIST038", described_as(f"{FULL}Tag: py2.py3-none-any\n", "py2.py3-none-any"), passed),
        ("DIST038", described_as(f"{FULL}Tag: none\n"), failed),
        ("DIST038", described_as(FULL), failed),
        ("DIST038", described_as("Wheel-Version: 1.0\nRoot-Is-Purelib: yes\nTag: py3-none-any\n"), failed),
        # What lands in site-packages.
        ("DIST209", in_wheel(tidepool__README___md="x"), passed),
        ("DIST209", in_wheel(authors___py="x", changes__x___py="x"), passed),
        ("DIST209", in_wheel(_tidepool___pth="x", _tidepool___abi3___so="x", libx___so___5="x"), passed),
        ("DIST209", in_wheel(LICENSE___txt="x"), failed),
        ("DIST209", in_wheel(pyproject___toml="x"), failed),
        ("DIST209", in_wheel(Makefile="x"), failed),
        ("DIST209", WHEEL.having({"tidepool-1.2.3.data/purelib/COPYING": "x"}).distribution(), failed),
        ("DIST210", WHEEL.having({"tidepool.libs/libx.so.5": "x"}).distribution(), passed),
        ("DIST210", WHEEL.having({"tidepool-stubs/py.typed": "x"}).distribution(), passed),
        ("DIST210", in_wheel(google__cloud__x___py="x"), passed),
        ("DIST210", WHEEL.having({"tidepool-1.2.3.data/data/share/x": "x"}).distribution(), passed),
        ("DIST210", WHEEL.having({"empty/": ""}).distribution(), failed),
        # A classifier is a choice; a marker belongs to a package, also to one of stubs or in a namespace.
        ("DIST206", in_wheel(tidepool__py___typed=""), passed),
        ("DIST206", in_wheel(google__cloud__x___py="", google__cloud__py___typed=""), passed),
        ("DIST206", WHEEL.having({"x-stubs/x.pyi": "", "x-stubs/py.typed": ""}).distribution(), passed),
        ("DIST206", in_wheel(google__cloud__x___py="", google__py___typed=""), failed),
        # What tests need is made up.
        ("DIST302", in_sdist("tests/certs/server.key", SECRET_KEY), passed),
        ("DIST302", in_sdist("tests/token.txt", "glpat-" + "a" * 20), failed),
        ("DIST301", in_sdist("tests/token.txt", SECRET_TOKEN), failed),
        ("DIST303", in_sdist("tests/data/.netrc", "machine x\n"), passed),
        ("DIST303", in_sdist("src/.netrc", "machine x\n"), failed),
        ("DIST303", in_sdist(".env", ""), passed),
    )


def test_check_fails_for_mistakes_and_not_for_what_resembles_them() -> None:
    verdicts = [(place, code, verdict(file, code)) for place, (code, file, _) in enumerate(edge_cases())]
    assert verdicts == [(place, code, expected) for place, (code, _, expected) in enumerate(edge_cases())]


def test_of_two_members_with_one_name_the_last_counts_and_both_are_reported() -> None:
    first, last = SDIST.saying("Name: other").files, SDIST.files
    texts = [*first.items(), *last.items()]
    members = [(name, text) for name, text in texts if isinstance(text, str)]
    file = sample_dists.read(SDIST.name, sample_dists.tarred_in_order(members))
    assert file.metadata.name == "tidepool"
    line = f"{TOP}/PKG-INFO is in the archive more than once, and the last one counts"
    assert line in (judged((file,), "DIST018").finding.message or "").splitlines()


@pytest.mark.parametrize(
    ("dist", "name", "again"),
    [
        (SDIST, f"{TOP}/PKG-INFO", f"./{TOP}/PKG-INFO"),
        (SDIST, f"{TOP}/PKG-INFO", f"{TOP}//PKG-INFO"),
        (SDIST, f"{TOP}/PKG-INFO", f"{TOP}/./PKG-INFO"),
        (SDIST, f"{TOP}/PKG-INFO", f"{TOP}/tests/../PKG-INFO"),
        (WHEEL, f"{INFO}/METADATA", f"./{INFO}/METADATA"),
        (WHEEL, f"{INFO}/METADATA", f"{INFO}//METADATA"),
    ],
)
def test_of_two_members_with_one_path_the_last_counts_and_both_are_reported(
    dist: sample_dists.SampleDist, name: str, again: str
) -> None:
    file = dist.saying("Name: other").having({again: dist.files[name]}).distribution()
    assert file.metadata.name == "tidepool"
    line = f"{name} and {again} are the same file, and the last one counts"
    assert judged((file,), "DIST018").finding.message == line


@pytest.mark.parametrize("place", [f"{INFO}/./", f"./{INFO}/", f"{INFO}//", f"a/../{INFO}/"])
def test_metadata_and_record_of_a_wheel_are_found_by_their_very_names(place: str) -> None:
    """PyPI and pip read them from the archive, where a path that leads there is another name."""
    for code, name in (("DIST033", "RECORD"), ("DIST035", "METADATA")):
        files = {f"{INFO}/{name}": None, f"{place}{name}": WHEEL.files[f"{INFO}/{name}"]}
        assert judged((WHEEL.having(files).distribution(),), code).finding.verdict is Verdict.FAILED


def test_letters_in_two_unicode_forms_are_one_file_on_macos() -> None:
    name = f"{TOP}/caf\u00e9.txt"
    names = [unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)]
    file = SDIST.having(dict.fromkeys(names, "x")).distribution()
    assert judged((file,), "DIST018").finding.message == (
        f"{names[0]} and {names[1]} differ only in the Unicode form of their letters"
    )


def test_check_whose_need_failed_is_skipped_and_says_so() -> None:
    result = judged(broken()["DIST022"], "DIST023")
    assert result.finding == Finding.skipped("DIST022 did not pass")


def test_wheel_of_another_python_may_lack_what_the_sdist_says_is_dynamic() -> None:
    archives = (
        SDIST.saying("Dynamic: Requires-Dist").distribution(),
        WHEEL.saying(without=("Requires-Dist",)).distribution(),
    )
    assert judged(archives, "DIST403").finding == Finding.passed()


def test_rules_over_a_release_do_not_mix_projects() -> None:
    archives = (SDIST.distribution(), sample_dists.wheel("rockpool").saying("Requires-Dist: attrs>=24").distribution())
    assert judged(archives, "DIST403").finding == Finding.passed()


def test_name_of_a_python_module_is_reported_once_with_an_index() -> None:
    file = sample_dists.sdist("asyncore").distribution()
    codes = {result.code for result in check_distributions((file,), without=ANSWERED_BY_INDEX)}
    assert {result.code for result in check_distributions((file,))} - codes == {"DIST143"}
    uploads = {result.code: result for result in check_uploads((file,), ProjectFiles())}
    assert uploads["INDEX001"].blocks
    assert not {result.code: result for result in check_uploads((file,), ProjectFiles("asyncore"))}["INDEX001"].blocks


def test_error_with_an_ignore_reason_does_not_block() -> None:
    checked = check_distributions(broken()["DIST124"], ignore_reasons={"DIST124": "the classifier is to come"})
    assert [result.code for result in checked if result.blocks] == []
    assert [result.ignore_reason for result in checked if result.code == "DIST124"] == ["the classifier is to come"]


def test_what_a_build_backend_puts_into_an_sdist_is_not_unwanted() -> None:
    names = ("pyproject.toml.orig", "tidepool.egg-info/PKG-INFO", "src/tidepool/_version.py")
    findings = {
        name: judged((SDIST.having({f"{TOP}/{name}": "x"}).distribution(),), "DIST405").finding for name in names
    }
    assert findings == dict.fromkeys(names, Finding.passed())
