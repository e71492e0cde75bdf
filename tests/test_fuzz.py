"""One target each for what others write: archives, output with secrets, files with a version, workflows, indexes.

Hypothesis makes the texts; ``--hypothesis-profile=thorough`` makes many more.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import tarfile
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from packaging.version import Version

import sample_dists
from matching_work import MOST_LOOKS, work_of_masking
from seatrial.checks.registry import TRIGGER_CHECKS, check_distributions
from seatrial.ci.before_upload import BeforeUpload, build_without_session, scripts_before_upload
from seatrial.ci.github import WorkflowFiles
from seatrial.ci.publisher import CiFacts, Publishing
from seatrial.distributions.archive import ARCHIVE_ERRORS
from seatrial.distributions.comparison import Sameness, compare
from seatrial.errors import IndexUnreachable
from seatrial.index.client import _parse_project
from seatrial.index.http import Page
from seatrial.project.project import Project
from seatrial.project.version_places import find_assignments, is_version
from seatrial.redaction import redact, redacted_address
from seatrial.release.preconditions import run_checks_on

SDIST = sample_dists.sdist()
NAMES = st.sampled_from(
    [f"tidepool-1.2.3/{name}" for name in ("PKG-INFO", "a", "b", "./a", "d//a", "d", "d/", "../x", "é")]
)
KINDS = st.sampled_from([tarfile.REGTYPE] * 4 + [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])


@st.composite
def tar_members(draw: st.DrawFn) -> bytes:
    """Return the bytes of a tar archive whose members are links, folders and files, maybe damaged."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for _ in range(draw(st.integers(0, 6))):
            info = tarfile.TarInfo(draw(NAMES))
            info.type, info.mode = draw(KINDS), draw(st.sampled_from([0o644, 0o755, 0o4755, 0]))
            data = draw(st.sampled_from([b"", b"x", b"y", sample_dists.METADATA.encode()]))
            if info.type == tarfile.REGTYPE:
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
            else:
                info.linkname = draw(NAMES) if info.type != tarfile.DIRTYPE else ""
                archive.addfile(info)
    return target.getvalue()


def damaged(data: bytes, draw: st.DataObject) -> bytes:
    """Return the bytes with up to three of them changed, and maybe something after the end."""
    changed = bytearray(data)
    for _ in range(draw.draw(st.integers(0, 3))):
        place = draw.draw(st.integers(0, len(changed) - 1))
        changed[place] = draw.draw(st.integers(0, 255))
    return bytes(changed) + draw.draw(st.sampled_from([b"", b"", bytes(512), b"more"]))


def unpacked(data: bytes) -> dict[str, object] | None:
    """Return what Python unpacks from a tar archive, None where it refuses."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                archive.extractall(folder, filter="data")
        except (*ARCHIVE_ERRORS, RecursionError):
            return None
        top = Path(folder)
        return {
            path.relative_to(top).as_posix(): (
                str(path.readlink())
                if path.is_symlink()
                else path.is_file() and (path.read_bytes(), path.stat().st_mode & 0o111)
            )
            for path in sorted(top.rglob("*"))
            if path.is_symlink() or path.is_file()
        }


@given(tar_members(), st.data())
def test_archives_with_the_same_content_unpack_to_the_same_files(data: bytes, draw: st.DataObject) -> None:
    other = damaged(data, draw)
    first, second = (sample_dists.read(SDIST.name, gzip.compress(each, 1, mtime=0)) for each in (data, other))
    check_distributions([second])
    comparison = compare(first, second)
    assert compare(second, first).sameness is comparison.sameness
    if comparison.sameness is Sameness.SAME_CONTENT:
        files = [unpacked(gzip.compress(each, 1)) for each in (data, other)]
        # Metadata are compared by what they say; and where Python refuses one, a mode or an owner can be the cause.
        if None not in files:
            texts = [{name: file for name, file in each.items() if "PKG-INFO" not in name} for each in files if each]
            assert texts[1:] == texts[:-1]


@given(st.dictionaries(st.sampled_from(["a/x.py", "a/y", "t.dist-info/RECORD", "t.dist-info/WHEEL"]), st.binary()))
def test_no_wheel_ends_in_an_exception_when_it_is_compared(files: dict[str, bytes]) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    name = "t-1-py3-none-any.whl"
    other = sample_dists.read(name, target.getvalue())
    assert compare(sample_dists.wheel().distribution(), other).sameness is Sameness.DIFFERENT
    assert compare(other, other).sameness is Sameness.IDENTICAL


SECRETS = st.sampled_from(
    [
        "pypi-AgEIcHlwaS5vcmcCJDAwMDAwMDAwLTAwMDAtMDAwMA",
        "pypi-" + "x" * 90,
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "github_pat_11ABCDEFG0123456789_abcdefghij",
        "glpat-0123456789abcdefghij",
        "AKIA0123456789ABCDEF",
        "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJweXBpIn0.c2lnbmF0dXJl",
        "https://user:opensesame@index.invalid/",
        "https://user:open@sesame@index.invalid/",
    ]
)
BETWEEN = st.sampled_from(
    ["", " ", "\n", "'", '"', "=", ":", ",", "(", "{", "\x1b[31m", "\udcff", "é", "://", "@", "%"]
)


@given(st.lists(st.one_of(BETWEEN, st.text(max_size=5))), SECRETS, st.lists(st.one_of(BETWEEN, st.text(max_size=5))))
def test_secret_is_masked_in_any_text(before: list[str], secret: str, after: list[str]) -> None:
    # A letter before a token, or a sign of its own alphabet after it, makes another word of it.
    text = "".join(before) + " " + secret + " " + "".join(after)
    masked = redact(text)
    assert secret not in masked
    assert "opensesame" not in masked
    assert redact(masked) == masked
    assert work_of_masking(text) <= MOST_LOOKS * len(text)


@given(st.text("ab:/@#?% [].é", max_size=30))
def test_address_is_masked_whatever_is_written_in_it(userinfo: str) -> None:
    redacted = redacted_address(f"https://user:secret-{userinfo}word@index.invalid/simple/")
    assert "secret-" not in redacted


VERSIONS = st.sampled_from(["1.2.3", "0.1", "2024.1.1", "1.0rc1", "1.0.0-rc.1", "1!2.0", "1.2.3.dev4+local"])
LINES = st.sampled_from(
    [
        '__version__ = "{}"',
        "__version__ = '{}'",
        '__version__: str = "{}"',
        'VERSION = "{}"  # the version',
        'version = __version__ = "{}"',
        '    __version__ = "{}"',
        '__version__ = ("{}")',
        "__version__ = f'{}'",
        '# __version__ = "{}"',
        '"""\n__version__ = "{}"\n"""',
        "__version__ = '{}",
        "x = 1\r",
        "\f",
        "é = '{}'",
    ]
)
NEW = Version("7.8.9")


@given(
    st.lists(LINES, max_size=5), VERSIONS, st.sampled_from(["a.py", "setup.py", "setup.cfg", "VERSION", "meson.build"])
)
@example(['__version__ = "{}"', '__version__ = "{}"'], "1.2.3", "a.py")
def test_version_is_written_where_it_was_read(lines: list[str], version: str, name: str) -> None:
    """A place that is found is in the file, and has the new version after it was written there."""
    text = "\n".join(line.replace("{}", version) for line in lines) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pyproject.toml").write_text('[project]\nname = "tidepool"\nversion = "1.2.3"\n')
        path = Path(folder, name)
        path.write_bytes(text.encode())
        project = Project.from_directory(Path(folder))
        for place in list(find_assignments(project, PurePosixPath(name))):
            read = path.read_bytes().decode().replace("\r\n", "\n")
            assert is_version(place.version)
            assert place.text in read
            written = read.replace(place.text, place.with_version(NEW))
            path.write_bytes(written.encode())
            again = [assignment.version for assignment in find_assignments(project, PurePosixPath(name))]
            assert "7.8.9" in again
            path.write_bytes(read.encode())


KEYS = st.sampled_from(
    [
        *("on", "push", "tags", "release", "types", "workflow_run", "workflows", "workflow_call", "jobs", "build"),
        *("publish", "steps", "run", "uses", "with", "if", "needs", "permissions", "id-token", "environment", "name"),
        *("strategy", "matrix", "env", "defaults", "working-directory", "shell", "outputs", "inputs", "secrets"),
        *("path", "merge-multiple", "repository-url", "os", "include", "exclude", "runs-on", "branches"),
    ]
)
LEAVES = st.sampled_from(
    [
        *("v*", "build", "publish", "push", "write", "write-all", "pypi", "", "always()", "true", None, True, 0, 1.5),
        *("twine upload dist/*", "nox -s build check", "python -m build", "cd x && uv publish", "echo 'a\n"),
        *("pypa/gh-action-pypi-publish@release/v1", "actions/download-artifact@v4", "./.github/workflows/release.yml"),
        *("${{ github.ref }}", "${{ startsWith(github.ref, 'refs/tags/v') && !cancelled() }}", "${{ matrix.os }}"),
        *(
            "${{ inputs.x || 'y' }}",
            "${{ ((((",
            "${{ fromJSON(needs.build.outputs.x)[0].y }}",
            "released",
            "bash -e {0}",
        ),
    ]
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=25,
)
STEP = st.dictionaries(st.sampled_from(["run", "uses", "with", "if", "env", "working-directory", "shell"]), TREES)
JOB = st.fixed_dictionaries(
    {"steps": st.one_of(TREES, st.lists(STEP, max_size=4))},
    optional={
        **dict.fromkeys(("if", "needs", "permissions", "environment", "strategy", "env", "defaults", "uses"), TREES),
    },
)
WORKFLOWS = st.one_of(
    TREES,
    st.fixed_dictionaries(
        {
            "on": st.one_of(TREES, st.just({"push": {"tags": ["v*"]}})),
            "jobs": st.one_of(TREES, st.dictionaries(st.sampled_from(["build", "publish", "x"]), JOB, max_size=3)),
        },
        optional={"permissions": TREES, "env": TREES, "defaults": TREES},
    ),
)


@given(WORKFLOWS, WORKFLOWS)
def test_no_workflow_ends_in_an_exception(first: object, second: object) -> None:
    texts = {"release.yml": json.dumps(first), "ci.yml": json.dumps(second)}
    publishing = Publishing("acme", "tidepool", WorkflowFiles.from_texts(texts), tag="v1.2.3")
    for job in publishing.possible_jobs:
        BeforeUpload.of(scripts_before_upload(job))
    build_without_session(publishing)
    assert len(run_checks_on(TRIGGER_CHECKS, CiFacts("v1.2.3", publishing), {})) == len(TRIGGER_CHECKS)


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from(
            ["tidepool-1.2.3.tar.gz", "../x.whl", "http://[::1", "2024-02-29T12:00:00Z", "a" * 64, "9" * 5000]
        ),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
FILE = st.fixed_dictionaries(
    {"filename": VALUES, "hashes": st.one_of(VALUES, st.just({"sha256": "a" * 64}))},
    optional=dict.fromkeys(
        ("url", "size", "upload-time", "yanked", "core-metadata", "provenance", "requires-python"), VALUES
    ),
)
ANSWERS = st.one_of(
    VALUES,
    st.fixed_dictionaries(
        {"files": st.one_of(VALUES, st.lists(FILE, max_size=3))}, optional={"project-status": VALUES}
    ),
)
HTML = st.lists(
    st.sampled_from(
        [
            *(
                "<a href='t-1.tar.gz#sha256=aa'>",
                "<a href=",
                "'../x.whl'",
                "</a>",
                "<!--",
                "-->",
                "<![CDATA[",
                "<![x[",
                "]]>",
            ),
            *("<!doctype html>", "<?x", "<meta name='pypi:repository-version' content='1.1'>", "&#x110000;", "&", "\0"),
            *(
                " data-yanked",
                " data-core-metadata='true'",
                "<base href='http://[::1'>",
                "<a href='http://[::1/x.whl'>",
                ">",
            ),
        ]
    ),
    max_size=12,
).map("".join)
PAGE = "https://index.invalid/simple/tidepool/"


@given(
    st.one_of(ANSWERS.map(json.dumps), st.text(max_size=20), HTML), st.sampled_from(["application/json", "text/html"])
)
@example("<![x[", "text/html")
def test_no_answer_of_an_index_ends_in_an_exception(text: str, kind: str) -> None:
    page = Page(PAGE, kind, text.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(IndexUnreachable):
        files: Any = _parse_project(page, "tidepool")
        for file in files.files:
            assert isinstance(file.name, str)
        assert sorted(files.versions) == list(files.versions)
