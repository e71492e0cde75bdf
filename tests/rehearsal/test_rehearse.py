"""A rehearsal runs every step, leaves nothing behind, and changes nothing of the user's."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rehearsal_projects import forge_project
from sample_project import BUILD_SYSTEMS, HERE, RunResult, SampleProject, lines, normalised
from terminal import TerminalRun, run_on_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from release_repo import ReleaseRepo


pytestmark = pytest.mark.slow

PUBLISHER = "owner acme, repository tidepool, workflow release.yml, environment pypi"
REPORT = f"""\
tidepool 1.3.0 was rehearsed, on this machine only: released, uploaded and installed

tag        v1.3.0 at {{commit}}
files      tidepool-1.3.0.tar.gz  … bytes  sha256 {{sha256}}
           tidepool-1.3.0-py3-none-any.whl  … bytes  sha256 {{sha256}}
installed  Python {HERE}: import tidepool
{{remarks}}unknown    whether the name tidepool is free on PyPI, or yours
           whether PyPI has the publisher: {PUBLISHER}; to register it: invoke trusted-publisher
           whether the environment pypi waits for a reviewer, and who may push tags
next       invoke release --part minor
"""

NARROW_REPORT = f"""\
tidepool 1.3.0 was rehearsed, on this machine only:
released, uploaded and installed

tag        v1.3.0 at {{commit}}
files      tidepool-1.3.0.tar.gz  … bytes
           sha256 {{cut}}…
           tidepool-1.3.0-py3-none-any.whl  … bytes
           sha256 {{cut}}…
installed  Python {HERE}: import tidepool
unknown    whether the name tidepool is free on PyPI, or
           yours
           whether PyPI has the publisher: owner acme,
           repository tidepool, workflow release.yml,
           environment pypi; to register it:
           seatrial trusted-publisher
           whether the environment pypi waits for a
           reviewer, and who may push tags
next       seatrial release --part minor
"""
"""That on a terminal of 60 columns: a line breaks at a blank, and a hash is cut."""


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[ReleaseRepo]:
    """Return a project whose remote is on a forge; at the end nothing is left of its rehearsals."""
    made = forge_project(tmp_path / "port", "uv_build")
    (tmp_path / "temporary").mkdir()
    made.project.environ["TMPDIR"] = str(tmp_path / "temporary")
    yield made
    assert [path.name for path in (tmp_path / "temporary").iterdir()] == []
    assert processes_of(tmp_path) == []


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of processes that name a folder (proc(5))."""
    command_lines = []
    for process in os.scandir("/proc"):
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                with open(f"/proc/{process.name}/environ", "rb") as environ:  # noqa: PTH123 - many and small
                    if os.fsencode(folder / "temporary") in environ.read():
                        with open(f"/proc/{process.name}/cmdline", "rb") as words:  # noqa: PTH123
                            command_lines.append(words.read().replace(b"\0", b" ").decode())
            except OSError:
                continue
    return command_lines


def rehearse(repo: ReleaseRepo, *args: str) -> RunResult:
    return repo.project.invoke("rehearse", "--part", "minor", *args)


@contextlib.contextmanager
def begun(repo: ReleaseRepo, *args: str) -> Iterator[subprocess.Popen[bytes]]:
    """Begin a rehearsal, and end it whatever the test does."""
    command = (sys.executable, "-m", "invoke", "rehearse", "--part", "minor", *args)
    pipe, both = subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(
        command, cwd=repo.project.root, env=repo.project.environ, stdout=pipe, stderr=both, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def report(ran: RunResult | TerminalRun) -> str:
    """Return the card of a rehearsal without what differs from one to the next."""
    assert ran.returncode == 0, ran.output
    text = normalised(ran.output[ran.output.index("\ntidepool 1.3.0 was rehearsed") :])
    text = re.sub(r"[0-9a-f]{64}", "{sha256}", re.sub(r"at [0-9a-f]{12}", "at {commit}", text))
    return re.sub(r"[\d,]+ bytes", "… bytes", text)


@pytest.mark.selection
def test_rehearsal_ends_with_the_report_and_changes_nothing(repo: ReleaseRepo) -> None:
    before, home = repo.state(), sorted((repo.project.root.parent / "home").rglob("*"))
    ran = rehearse(repo)
    assert report(ran) == REPORT.replace("{remarks}", "")
    assert repo.state() == before
    assert sorted((repo.project.root.parent / "home").rglob("*")) == home
    lines_of_steps = normalised(ran.output.partition("\n\n")[0]).splitlines()
    # The notes are those of the release; what it says is in tests/release.
    assert [line for line in lines_of_steps if re.match(r"sandbox|  (?!fix)\w+: |  clean up| *[✓✗] ", line)] == [
        "sandbox: a clone, a remote and an index on this machine",
        "✓ sandbox  N s",
        "  release: seatrial release --part minor",
        "  ✓ check  N s",
        "  ✓ prepare  N s",
        "  ✓ commit  N s",
        "  ✓ build  N s",
        "  ✓ check files  N s",
        "    ✓ build  N s",
        "    ✓ check  N s",
        f"    ✓ tests-{HERE}  N s",
        "  ✓ tests  N s",
        "  ✓ push  N s",
        "  ✓ update  N s",
        "✓ release  N s",
        "  CI: nox -s build check, in a fresh checkout of v1.3.0",
        "  ✓ build  N s",
        "  ✓ check  N s",
        "✓ CI  N s",
        "  upload: to the local index, as owner acme, repository tidepool, workflow release.yml, environment pypi",
        "✓ upload  N s",
        f"  install: tidepool==1.3.0 from the local index, on {HERE}",
        "✓ install  N s",
        "  compare: the files on the index with those that the release verified",
        "✓ compare  N s",
        "  clean up: the sandbox, with the environments of all sessions",
        "✓ clean up  N s",
    ]


def test_two_rehearsals_at_once_do_not_meet_and_install_from_nowhere_else(repo: ReleaseRepo, tmp_path: Path) -> None:
    """The user's pip and uv know another place, which has a broken tidepool 1.3.0."""
    rogue = tmp_path / "rogue"
    rogue.mkdir()
    with zipfile.ZipFile(rogue / "tidepool-1.3.0-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tidepool/__init__.py", "1 / 0\n")
        wheel.writestr("tidepool-1.3.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tidepool\nVersion: 1.3.0\n")
        wheel.writestr(
            "tidepool-1.3.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("tidepool-1.3.0.dist-info/RECORD", "")
    places = {"PIP_FIND_LINKS": str(rogue), "PIP_EXTRA_INDEX_URL": f"file://{rogue}", "UV_FIND_LINKS": str(rogue)}
    repo.project.environ.update(places)
    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(lambda _: rehearse(repo, "--no-tests"), range(2)))
    assert [report(ran) for ran in ended] == [REPORT.replace("{remarks}", "")] * 2


def test_without_a_remote_or_a_branch_or_a_name_and_with_work_unfinished(repo: ReleaseRepo) -> None:
    repo.project.git("remote", "remove", "origin")
    repo.project.git("checkout", "-q", "--detach")
    pyproject = repo.read("pyproject.toml") + '\n[project.urls]\nRepository = "https://github.com/acme/tidepool"\n'
    repo.project.write({"pyproject.toml": pyproject})
    repo.project.commit("Say where it lives")
    repo.project.write({"src/tidepool/__init__.py": "broken(\n", "notes.txt": "mine\n"})
    for name in ("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        repo.project.environ[name] = ""
    printed = report(rehearse(repo, "--no-tests")).replace(str(repo.project.root), "{root}")
    assert printed == REPORT.replace(
        "{remarks}",
        "remarks    a real release refuses: {root} has no remote to push to\n"
        "           a real release refuses: no branch is checked out, HEAD is at {commit}\n"
        "           2 files differ from the commit, and were left out\n"
        "           git has no user.name and user.email, which a real release needs\n",
    ).replace("release --part minor", "status")


SCRIPT = """\
def main():
    try:
        import iniconfig
    except ImportError:
        raise SystemExit("pip install 'tidepool[cli]'")
    print("How deep is it?")
"""


def test_report_is_json_too_and_names_the_extra_of_a_console_script(repo: ReleaseRepo) -> None:
    entry = '\n[project.scripts]\nsound = "tidepool.sounding:main"\n'
    extras = '\n[project.optional-dependencies]\nall = ["nothing-of-that-name"]\ncli = ["iniconfig"]\n'
    repo.project.write({"pyproject.toml": repo.read("pyproject.toml") + entry + extras})
    repo.project.write({"src/tidepool/sounding.py": SCRIPT})
    repo.project.commit("Sound")
    process = subprocess.run(
        (sys.executable, "-m", "seatrial", "rehearse", "--version", "2.0rc1", "--no-tests", "--json"),
        cwd=repo.project.root,
        env=repo.project.environ,
        capture_output=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr.decode()
    report_data = json.loads(process.stdout)
    assert re.fullmatch(r"[0-9a-f]{40}", report_data.pop("commit"))
    assert list(report_data.pop("seconds")) == ["release", "CI", "upload", "install", "compare"]
    for file in report_data["files"]:
        assert re.fullmatch(r"[0-9a-f]{64}", file.pop("sha256"))
        assert file.pop("size") > 0
    who = ("acme", "tidepool", "release.yml", "pypi", "github")
    publisher = dict(zip(("owner", "repository", "workflow", "environment", "forge"), who))
    started = {"command": ["sound", "--help"], "extras": ["cli"]}
    assert report_data == {
        "project": "tidepool",
        "name": None,
        "tag": "v2.0rc1",
        "version": "2.0rc1",
        "files": [{"name": "tidepool-2.0rc1.tar.gz"}, {"name": "tidepool-2.0rc1-py3-none-any.whl"}],
        "installed": [{"python": HERE, "version": "2.0rc1", "modules": ["tidepool"], "scripts": [started]}],
        "publisher": publisher,
        "remarks": [],
        "not_run": [],
        "unknown": report_data["unknown"],
    }


def test_kept_sandbox_can_be_inspected_until_it_is_ended(repo: ReleaseRepo, tmp_path: Path) -> None:
    with begun(repo, "--no-tests", "--keep") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"The sandbox stays"):
                break
        clone, install, page, folder = (process.stdout.readline().decode().split() for _ in range(4))
        assert {path.name for path in Path(folder[0]).iterdir()} >= {"ci", "clone", "home"}
        assert repo.project.run(*clone, str(tmp_path / "looked")).returncode == 0
        assert (tmp_path / "looked/pyproject.toml").read_text().count('version = "1.3.0"') == 1
        target = ("--target", str(tmp_path / "site"), "--no-cache")
        ran = repo.project.run("uv", *install, *target)
        assert ran.returncode == 0, ran.output
        assert (tmp_path / "site/tidepool/__init__.py").exists()
        with urllib.request.urlopen(page[0]) as answer:  # noqa: S310 - an address on loopback
            assert "tidepool-1.3.0-py3-none-any.whl" in answer.read().decode()
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait() == 0


@pytest.mark.parametrize(
    ("step", "sign"),
    [
        (b"  release: ", signal.SIGINT),
        (b"  upload: ", signal.SIGTERM),
        (b"  install: ", signal.SIGINT),
    ],
)
def test_interrupted_rehearsal_leaves_nothing(repo: ReleaseRepo, step: bytes, sign: signal.Signals) -> None:
    """Each of these legs starts its command in its own way; the second does as the first."""
    before = repo.state()
    with begun(repo) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(step):
                break
        process.send_signal(sign)
        output = process.stdout.read().decode()
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert repo.state() == before


REACH = """


@nox.session(venv_backend="none", tags=["release"])
def reach(session):
    for args in (
        ("git", "ls-remote", "ssh://git@127.0.0.1/x"),
        ("git", "ls-remote", "git@127.0.0.1:x"),
        ("git", "ls-remote", "git://127.0.0.1/x"),
        ("ssh", "-V"),
        ("scp", "x", "127.0.0.1:"),
    ):
        session.run(*args, external=True, success_codes=range(1, 256))
"""


def test_commands_of_the_project_do_not_reach_the_users_keys(repo: ReleaseRepo) -> None:
    repo.project.write({"noxfile.py": repo.read("noxfile.py") + REACH})
    repo.project.commit("Reach out")
    repo.project.environ["SSH_AUTH_SOCK"] = "/tmp/agent"  # noqa: S108 - nothing is there
    ran = repo.project.run(sys.executable, "-m", "seatrial", "rehearse", "--part", "minor")
    assert ran.returncode == 0, ran.output
    log = next((repo.project.root / ".git/seatrial/logs").glob("*-rehearse.log")).read_text(encoding="utf-8")
    refused = re.findall(r"^(?:fatal: transport .*|\w+: not in a rehearsal.*)$", log, re.MULTILINE)
    assert refused == [
        "fatal: transport 'ssh' not allowed",
        "fatal: transport 'ssh' not allowed",
        "fatal: transport 'git' not allowed",
        "ssh: not in a rehearsal, which does not use your keys",
        "scp: not in a rehearsal, which does not use your keys",
    ]


def test_failing_step_is_named_with_its_reason(repo: ReleaseRepo) -> None:
    repo.project.write({"tests/test_tidepool.py": "def test_depth():\n    assert False\n"})
    repo.project.commit("Break")
    ran = rehearse(repo)
    assert ran.returncode == 6
    message = normalised(ran.output[ran.output.index("\nseatrial: ") + 1 :])
    assert re.sub(r"(?s):\n.*\nfix", ":\n  …\nfix", message) == lines(
        """
        seatrial: release: seatrial release --yes --part minor ended with exit code 5:
          …
        fix:  fix that, commit, and rehearse again
        more: seatrial explain StepFailed
        """
    )


def test_sandbox_of_a_failed_step_can_be_kept_too(repo: ReleaseRepo) -> None:
    repo.project.write({"src/tidepool/__init__.py": '__version__ = "1.2.2"\n'})
    repo.project.commit("Fall out of step")
    with begun(repo, "--no-tests", "--keep") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"The sandbox stays"):
                break
        assert repo.project.run(*process.stdout.readline().decode().split(), "--bare", "-q", "looked").returncode == 0
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait() == 6
    shutil.rmtree(repo.project.root / "looked")


def test_version_from_the_tag_is_rehearsed(repo: ReleaseRepo) -> None:
    """setuptools-scm writes into the sdist what it has seen of git, which differs between a clone and a checkout."""
    system = 'requires = ["setuptools>=77", "setuptools-scm"]\nbuild-backend = "setuptools.build_meta"'
    text = repo.read("pyproject.toml").replace('version = "1.2.3"', 'dynamic = ["version"]')
    text = text.replace(BUILD_SYSTEMS["uv_build"], system) + "\n[tool.setuptools_scm]\n"
    repo.project.write(
        {"pyproject.toml": text, "src/tidepool/__init__.py": "def depth(level):\n    return level * 2\n"}
    )
    repo.project.commit("Take the version from the tag")
    repo.project.git("tag", "-a", "-m", "1.2.3", "v1.2.3")
    words = ("seatrial", "rehearse", "--part", "minor", "--no-tests")
    ran = run_on_terminal(words, repo.project.root, repo.project.environ, [], columns=60)
    assert re.sub(r"[0-9a-f]{41}…", "{cut}…", report(ran)) == NARROW_REPORT


def test_project_of_many_quirks_is_rehearsed(repo: ReleaseRepo, tmp_path: Path) -> None:
    """It prints when it is imported, has a build.py at its top, no noxfile, and no CI that seatrial reads.

    A submodule of it is nowhere but in the user's repository.
    """
    other = SampleProject(tmp_path / "vendored", repo.project.environ)
    other.write({"__init__.py": "LEVEL = 2\n"})
    other.git("init", "-q", "-b", "main")
    other.commit("Vendor")
    allowed = ("-c", "protocol.file.allow=always")
    repo.project.git(*allowed, "submodule", "add", "-q", str(other.root), "src/tidepool/vendored")
    shutil.rmtree(other.root)
    noise = 'import sys\nprint("hello")\nprint("hello", file=sys.stderr)\n'
    module = noise + repo.read("src/tidepool/__init__.py") + "\n\nfrom tidepool.vendored import LEVEL as LEVEL\n"
    repo.project.write({"src/tidepool/__init__.py": module, "build.py": "1 / 0\n"})
    repo.project.git("rm", "-q", "noxfile.py", ".github/workflows/release.yml")
    repo.project.commit("Be odd")
    remark = "no workflow in .github/workflows publishes: release.yml and the environment pypi are assumed\n"
    assert report(rehearse(repo, "--no-tests")) == REPORT.replace("{remarks}", f"remarks    {remark}")


def test_build_that_depends_on_the_clock_is_found_out(repo: ReleaseRepo) -> None:
    pyproject = repo.read("pyproject.toml").replace(
        'build-backend = "uv_build"', 'build-backend = "clock"\nbackend-path = ["."]'
    )
    backend = (
        "import pathlib, time\nfrom uv_build import *\n"
        "def build_sdist(*args):\n"
        '    pathlib.Path("src/tidepool/built.py").write_text(f"AT = {time.time_ns()}\\n")\n'
        "    import uv_build\n    return uv_build.build_sdist(*args)\n"
    )
    in_sdist = '\n[tool.uv.build-backend]\nsource-include = ["clock.py"]\n'
    repo.project.write({"pyproject.toml": pyproject + in_sdist, "clock.py": backend})
    repo.project.commit("Build with the clock")
    ran = rehearse(repo, "--no-tests")
    assert ran.returncode == 6, ran.output
    assert normalised(ran.output[ran.output.index("\nseatrial: ") + 1 :]) == lines(
        """
        seatrial: compare: the index does not serve what the release verified:
          tidepool-1.3.0.tar.gz  different content: tidepool-1.3.0/src/tidepool/built.py
          tidepool-1.3.0-py3-none-any.whl  different content: tidepool/built.py
        fix:  find out what the build takes from outside the commit: the clock, the folder, the machine
        more: seatrial explain BytesDiffer
        """
    )
