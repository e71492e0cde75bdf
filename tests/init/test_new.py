"""A package from nothing: that it can be released as it is, and that there is all of it or nothing."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import tomlkit
from packaging.licenses import canonicalize_license_expression

from errors_raised import raises_error
from one_page_index import serve_page
from release_repo import SETTINGS, made_once
from sample_project import HERE, WITHOUT_ACCOUNTS, SampleProject, environment, normalised
from seatrial.commands import own_origin
from seatrial.init.new import (
    ORIGIN_HINT,
    PackageName,
    PackageRequest,
    PackageTemplate,
    require_address,
    require_free_folder,
    require_license,
)
from seatrial.project.project import Project
from seatrial.pythons import end_of_life, newest_minor

NO_SERVER = "http://127.0.0.1:9/simple/"
"""Nothing listens at port 9, so no test asks an index outside."""
AUTHOR, LINE = "author@example.org", ' "High\\"\n tide'
FORGE = "https://github.com/acme/tide-pool.git"
FILES = (
    ".github/dependabot.yml",
    ".github/workflows/ci.yml",
    ".github/workflows/release.yml",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "changelog.d/+first.feature.md",
    "noxfile.py",
    "pyproject.toml",
    "src/tide_pool/__init__.py",
    "src/tide_pool/__main__.py",
    "src/tide_pool/py.typed",
    "tasks.py",
    "tests/test_command.py",
    "tests/test_tide_pool.py",
)
OUTPUT = """\
whether the name tide-pool is free is unknown: http://127.0.0.1:9/simple/tide-pool/ does not answer: Connection refused

tide-pool, import tide_pool: 16 files, one commit on main
  {files}

Its licence is BSD-3-Clause, in LICENSE and pyproject.toml.
{origin}Next:
  cd tide-pool
  nox
  seatrial rehearse minor
  git push -u origin HEAD
  seatrial preflight minor
"""
NOX = f"""\
any  {HERE}
build  ✓ N s
check  ✓ N s
tests  ✓ N s
mypy  ✓ N s
lint  ✓ N s

5 passed in N s
"""
PREFLIGHT = """\
tide-pool 0.1.0, tag v0.1.0

on the tag v0.1.0:
  release.yml starts
    also on workflow_dispatch
    plan runs
    build runs
    test runs after plan and build
    pypi runs after build and test, uploads dist/ from artifact `distributions` to PyPI as publisher (acme, tide-pool, \
release.yml, environment pypi); attestations: yes
    release runs after build and pypi
    prove does not run (if: github.event_name == 'workflow_dispatch')
the tag publishes to PyPI

? INDEX001 to INDEX014 (9 checks)  http://127.0.0.1:9/simple/tide-pool/ does not answer: Connection refused
  fix: go online, or correct the address: no server answers there

✓ the repository and its remote  17 checks
✓ the project and its next version  25 checks
✓ the distributions  141 checks
✓ the workflows, and what the tag starts  18 checks
? the index  0 checks, 14 unknown

What a code means: seatrial explain INDEX001
"""

SEEN = """
import sys
from seatrial.init.new import PackageRequest, create_package

def see(event, args):
    if event in ("os.mkdir", "os.rename", "os.rmdir") or event == "open" and args[1] and set(args[1]) & set("wax+"):
        print(event, args[0], *(args[1:2] if event == "os.rename" else ()))

sys.addaudithook(see)
create_package(PackageRequest.of("tidepool", "3.9"))
"""
INTERRUPTED = """
import sys
from seatrial.tasks.program import main

def see(event, args):
    if event == "subprocess.Popen" and "commit" in args[1]:
        raise KeyboardInterrupt

sys.addaudithook(see)
sys.argv[1:] = ["new", "tidepool"]
main()
"""


def new(project: SampleProject, *args: str, code: int = 0, **environ: str) -> str:
    """Run ``seatrial new`` and return what it says."""
    ran = project.seatrial("new", *args, PIP_INDEX_URL=NO_SERVER, **environ)
    assert not ran.was_a_traceback
    assert ran.returncode == code, ran.output
    return ran.output


def listed(folder: Path) -> list[str]:
    """Return all that is in a folder, links not followed."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize(
    ("text", "project", "module"),
    [
        ("tidepool", "tidepool", "tidepool"),
        ("Tide_Pool", "tide-pool", "tide_pool"),
        ("tide.pool-2", "tide-pool-2", "tide_pool_2"),
    ],
)
def test_name_is_normalised_for_the_index_and_for_an_import(text: str, project: str, module: str) -> None:
    assert PackageName.of(text) == PackageName(project, module)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it takes ASCII letters, digits, and - _ . between them (PEP 508)"),
        ("..", "it takes ASCII letters, digits, and - _ . between them (PEP 508)"),
        ("tide pool", "it takes ASCII letters, digits, and - _ . between them (PEP 508)"),
        ("-tide", "it takes ASCII letters, digits, and - _ . between them (PEP 508)"),
        ("tidé", "it takes ASCII letters, digits, and - _ . between them (PEP 508)"),
        ("3d-tides", "import 3d_tides is not valid Python"),
        ("async", "async is a word of Python's grammar"),
        (
            "Email",
            "email is, or once was, a module of Python's standard library, whose name PyPI refuses",
        ),
        ("Requirements.txt", "PyPI prohibits the name Requirements.txt"),
        ("tests", "tests is what every project calls a folder of its own"),
    ],
)
def test_name_that_no_package_can_have_is_refused_with_the_reason(text: str, why: str) -> None:
    with raises_error("NameUnfit") as caught:
        PackageName.of(text)
    assert caught.value.what == f"{text!r} can't be the name of a package: {why}"


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("3.8", "3.9"),
        ("3.14t", "3.14"),
        ("3.12.1", "3.12"),
        ("3.99", f"3.{newest_minor()}"),
        ("4.0", f"3.{newest_minor()}"),
        ("pypy3.11", "3.11"),
        ("old", "3.9"),
    ],
)
def test_python_that_seatrial_does_not_test_is_refused_with_the_nearest(text: str, near: str) -> None:
    with raises_error("PythonUnsupported") as caught:
        PackageRequest.of("tidepool", text)
    pythons = [f"3.{minor}" for minor in range(9, newest_minor() + 1)]
    assert caught.value.what == f"--python {text} is not supported: choose from {', '.join(pythons)}"
    assert caught.value.fix == f"seatrial new tidepool --python {near}"


def test_oldest_python_of_a_new_package_gets_fixes() -> None:
    pythons = [f"3.{minor}" for minor in range(9, newest_minor() + 1)]
    assert f"3.{PackageRequest.of('tidepool').oldest}" == pythons[len(end_of_life(pythons))]


@pytest.mark.parametrize(
    ("expression", "title", "holder"),
    [
        ("MIT", "MIT License\n", "Copyright (c) 2026 A. Author\n"),
        ("Apache-2.0", "Apache License\n", "Copyright 2026 A. Author\n"),
        ("BSD-3-Clause", "BSD 3-Clause License\n", "Copyright (c) 2026, A. Author\n"),
        # Its text has no place for a holder (GNU, "How to Apply These Terms"); the README names it.
        ("GPL-3.0-or-later", "GNU GENERAL PUBLIC LICENSE\n", ""),
    ],
)
def test_licence_is_its_full_text_and_its_expression(expression: str, title: str, holder: str) -> None:
    request = replace(PackageRequest.of("tide-pool"), license=expression)
    package = PackageTemplate(request, "A. Author", None, 2026)
    text, readme = package.texts["LICENSE"], package.texts["README.md"]
    assert (text.lstrip().startswith(title), holder in text, "$" in text) == (True, True, False)
    assert canonicalize_license_expression(expression) == expression
    assert tomlkit.parse(package.texts["pyproject.toml"]).unwrap()["project"]["license"] == expression
    assert readme.endswith(f"## License\n\nCopyright (c) 2026 A. Author. {expression}, see LICENSE.\n")


def test_licence_without_a_text_is_refused_with_those_that_have_one() -> None:
    with raises_error("LicenseUnknown") as caught:
        require_license("WTFPL", "tide-pool")
    assert (
        caught.value.what
        == "--license WTFPL is not available: choose from MIT, Apache-2.0, BSD-3-Clause, GPL-3.0-or-later"
    )
    assert caught.value.fix == (
        "seatrial new tide-pool --license MIT; for another one, change LICENSE and pyproject.toml afterwards"
    )
    assert require_license("apache-2.0") == "Apache-2.0"


@pytest.mark.parametrize("text", ["github", "not an address", "demo.git"])
def test_text_that_is_no_address_of_a_repository_is_refused(text: str) -> None:
    with raises_error("ValueUnknown") as caught:
        require_address(text, "tide-pool")
    assert caught.value.what == f"{text!r} is not the address of a repository"
    assert caught.value.fix == "seatrial new tide-pool --remote https://github.com/OWNER/NAME.git"


@pytest.mark.parametrize("text", [FORGE, "git@github.com:acme/x.git", "../my remote.git", "C:\\git\\x", "gh:acme/x"])
def test_address_of_a_repository_is_a_url_a_host_with_a_path_or_a_path(text: str) -> None:
    assert require_address(f" {text} ") == text


def test_metadata_have_the_command_the_keywords_and_the_addresses_that_are_given() -> None:
    plain_request, page = PackageRequest.of("tide-pool"), "https://github.com/acme/tide-pool"
    request = replace(plain_request, keywords=("sea", "tides"), has_command=True)
    package = PackageTemplate(request, "A. Author", None, 2026, page=page)
    table = tomlkit.parse(package.texts["pyproject.toml"]).unwrap()["project"]
    assert table["keywords"] == ["sea", "tides"]
    assert table["scripts"] == {"tide-pool": "tide_pool.__main__:main"}
    assert list(table["urls"]) == ["Homepage", "Documentation", "Repository", "Issues", "Changelog"]
    plain = PackageTemplate(plain_request, "A. Author", None, 2026)
    table = tomlkit.parse(plain.texts["pyproject.toml"]).unwrap()["project"]
    assert {"keywords", "scripts", "urls"} & set(table) == set()
    assert "src/tide_pool/__main__.py" not in plain.texts


def begin(folder: Path) -> None:
    """Make a new package with a remote, that is tested on one Python."""
    (folder / "home").mkdir()
    project = SampleProject(folder, environment(folder / "home"))
    options = ("--license", "bsd-3-clause", "--script", "--keyword", "sea", "--keyword", "tides")
    # In an environment for tests, it is installed from a wheel or a folder of this machine.
    machine = own_origin().machine
    origin = f"{ORIGIN_HINT.format(shlex.quote(machine))}\n" if machine else ""
    output = new(project, "tide-pool", "--remote", FORGE, *options)
    assert output == OUTPUT.format(files="\n  ".join(FILES), origin=origin)
    assert sorted(path.name for path in folder.iterdir()) == ["home", "tide-pool"]
    made = SampleProject(folder / "tide-pool", project.environ)
    assert made.git("ls-files").splitlines() == sorted(FILES)
    assert made.git("log", "--format=%s, %an") == "Begin tide-pool, A. Author\n"
    assert made.git("status", "--short") == ""
    path = made.root / "pyproject.toml"
    classifiers = r'(  "Programming Language :: Python :: [\d.]+",\n)+'
    text = re.sub(r'">=3\.\d+"', f'"=={HERE}.*"', path.read_text())
    path.write_text(re.sub(classifiers, f'  "Programming Language :: Python :: {HERE}",\n', text) + SETTINGS)
    assert made.invoke("workflows").returncode == 0
    made.commit("Name one Python")
    made.run("git", "init", "-q", "--bare", "-b", "main", "../remote.git")
    made.git("config", "url.../remote.git.insteadOf", FORGE)
    made.git("push", "-q", "-u", "origin", "HEAD")


@pytest.fixture
def begun(tmp_path: Path) -> SampleProject:
    """Return a new package."""
    return made_once("new-package", begin).copy(tmp_path / "port").project


@pytest.mark.slow
@pytest.mark.selection
def test_new_package_passes_nox_and_preflight(begun: SampleProject) -> None:
    """The real tools take what the template says: the backend, pytest, mypy, ruff, and all that a preflight asks."""
    assert begun.nox().summary == NOX
    judged = begun.invoke("preflight", "--part", "minor")
    assert normalised(judged.output[judged.output.index("tide-pool 0.1.0") :]) == PREFLIGHT


@pytest.mark.slow
def test_first_release_of_a_new_package_is_rehearsed(begun: SampleProject) -> None:
    """It is uploaded by its own generated workflow's identity to an index that has never heard of it, and installed."""
    rehearsed = begun.invoke("rehearse", "--part", "minor")
    assert rehearsed.returncode == 0, rehearsed.output
    assert "tide-pool 0.1.0 was rehearsed, on this machine only: released, uploaded and installed" in rehearsed.output


@pytest.mark.slow
def test_second_run_and_a_folder_that_holds_something_are_refused_and_nothing_is_written(
    project: SampleProject,
) -> None:
    new(project, "tidepool")
    (project.root / "flat").write_text("It\n")
    (project.root / "link").symlink_to("nowhere")
    (project.root / "full/deep").mkdir(parents=True)
    before = listed(project.root)
    assert f"{project.root}/tidepool exists, and is not empty\n" in new(project, "tidepool", code=2)
    for name, why in (("full", "is not empty"), ("flat", "is not a folder"), ("link", "is not a folder")):
        with raises_error("FolderTaken") as caught:
            require_free_folder(project.root / name)
        assert caught.value.what == f"{project.root / name} exists, and {why}"
    assert "is where you are" in new(SampleProject(project.root / "full/deep", project.environ), "../deep", code=2)
    assert listed(project.root) == before


@pytest.mark.slow
def test_without_git_or_a_name_in_it_or_leave_to_write_nothing_is_written(project: SampleProject) -> None:
    assert "git has no user.name and user.email, which become the author of the package" in new(
        project, "deep/down/tidepool", code=5, GIT_AUTHOR_NAME=""
    )
    assert "git can't be run" in new(project, "tidepool", code=5, PATH=str(project.root))
    project.root.chmod(0o555)
    try:
        ran = project.run(*WITHOUT_ACCOUNTS, sys.executable, "-m", "seatrial", "new", "tidepool")
        assert (ran.returncode, "Permission denied" in ran.output, ran.was_a_traceback) == (4, True, False), ran.output
    finally:
        project.root.chmod(0o755)
    assert "tidé" in new(project, "tidé", code=2)
    assert listed(project.root) == []


@pytest.mark.slow
def test_project_is_moved_into_place_as_a_whole(project: SampleProject) -> None:
    """So a run that is killed, at whatever step, has made nothing, or all of it."""
    assert PackageRequest.of("sub/../tidepool").folder == Path.cwd().resolve() / "tidepool"
    ran = project.run(sys.executable, "-c", SEEN)
    assert ran.returncode == 0, ran.output
    # What lies elsewhere is in a temporary folder.
    steps = [line.split() for line in ran.output.splitlines() if str(project.root) in line]
    within = [step for step in steps if all(path.startswith(f"{project.root}/.tidepool-") for path in step[1:])]
    assert len(within) > len(FILES) * 2
    above, moved = (step for step in steps if step not in within)
    assert above == ["os.mkdir", str(project.root)]
    assert (moved[0], moved[2]) == ("os.rename", f"{project.root}/tidepool")
    # Afterwards it moves the folder next to it, which works.
    assert [step[0] for step in steps[steps.index(moved) + 1 :]] == ["os.rmdir"]


@pytest.mark.slow
def test_run_that_is_interrupted_before_its_commit_leaves_nothing(project: SampleProject) -> None:
    ran = project.run(sys.executable, "-c", INTERRUPTED, PIP_INDEX_URL=NO_SERVER)
    assert (ran.returncode, ran.output.splitlines()[-1]) == (130, "seatrial: interrupted; nothing was made")
    assert listed(project.root) == []


@pytest.mark.slow
def test_empty_folder_is_filled_and_the_metadata_has_the_address_of_the_remote(project: SampleProject) -> None:
    (project.root / "packages/tide").mkdir(parents=True)
    remote = "git@gitlab.com:acme/tide.git"
    new(
        project, "packages/tide", "--python", "3.12", "--remote", remote, "--description", LINE, GIT_AUTHOR_EMAIL=AUTHOR
    )
    made = SampleProject(project.root / "packages/tide", project.environ)
    assert made.git("remote", "get-url", "origin") == f"{remote}\n"
    assert (made.root / ".gitlab-ci.yml").is_file()
    loaded = Project.from_directory(made.root)
    table = loaded.table["project"]
    assert loaded.pythons == tuple(f"3.{minor}" for minor in range(12, newest_minor() + 1))
    assert table["description"] == '"High\\" tide'
    assert table["authors"] == [{"name": "A. Author", "email": AUTHOR}]
    assert table["urls"]["Repository"] == "https://gitlab.com/acme/tide"
    init = (made.root / "src/tide/__init__.py").read_text()
    assert ast.get_docstring(ast.parse(init)) == '"High\\" tide.'


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminal")
def test_missing_values_are_prompted_for_on_a_terminal(project: SampleProject) -> None:
    """A real terminal: no fast test has one."""
    import pty  # noqa: PLC0415 - Windows has none

    answers = ("Measures tides.", "WTFPL", "Apache-2.0", "sea, tides", FORGE)
    terminal, end = pty.openpty()
    try:
        os.write(terminal, "".join(f"{answer}\n" for answer in answers).encode())
        ran = subprocess.run(
            (sys.executable, "-m", "seatrial", "new", "tide-pool", "--no-workflows"),
            cwd=project.root,
            env={**project.environ, "PIP_INDEX_URL": NO_SERVER},
            stdin=end,
            stdout=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(terminal)
        os.close(end)
    assert (ran.returncode, b"invalid choice 'WTFPL'" in ran.stdout) == (0, True), ran.stdout
    table = Project.from_directory(project.root / "tide-pool").table["project"]
    assert (table["description"], table["license"], table["keywords"]) == (
        "Measures tides.",
        "Apache-2.0",
        ["sea", "tides"],
    )
    assert table["urls"]["Homepage"] == FORGE.removesuffix(".git")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminal")
@pytest.mark.parametrize(
    ("answers", "code"),
    [([b"n\n"], 5), ([b"\x03"], 130), ([b"maybe\n", b"y\n"], 0)],
    ids=["no", "Ctrl-C", "yes"],
)
def test_name_that_is_taken_is_a_question_on_a_terminal(
    project: SampleProject, answers: list[bytes], code: int
) -> None:
    """Only a real terminal is asked. The package is made after "yes" alone."""
    from terminal import run_on_terminal  # noqa: PLC0415 - Windows has none

    is_made = code == 0
    dialog = [("create it all the same? [y]es [n]o (n) ", answer) for answer in answers]
    if is_made:
        dialog += [("description (", b"\n"), ("licence", b"\r"), ("keywords", b"\n"), ("address of the", b"\n")]
    page = {"meta": {"api-version": "1.1"}, "name": "tidepool", "versions": ["1.2.3"], "files": []}
    with serve_page(json.dumps(page).encode(), project="tidepool") as index:
        environ = {**project.environ, "PIP_INDEX_URL": index}
        ran = run_on_terminal(("seatrial", "new", "tidepool"), project.root, environ, dialog)
    assert ran.returncode == code, ran.output
    assert f"the name tidepool is taken on {index}" in ran.output.replace("\n", " ")
    assert ("invalid choice 'maybe'" in ran.output) == is_made
    assert (project.root / "tidepool/pyproject.toml").is_file() == is_made
    if not is_made:
        assert listed(project.root) == []
        assert "nothing was made" in ran.output
