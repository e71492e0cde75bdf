"""The only door to a subprocess."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import process
from seatrial.commands import CALLED_VARIABLE
from seatrial.errors import CommandFailed
from seatrial.redaction import redact

if TYPE_CHECKING:
    from pathlib import Path


TOKEN = "pypi-AgEIcHlwaS5vcmcCJDAwMDAwMDAwLTAwMDAtMDAwMA"  # noqa: S105 - it opens nothing
WEB_TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJweXBpIn0.c2lnbmF0dXJl"  # noqa: S105


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_output_of_a_command_is_returned(tmp_path: Path) -> None:
    code = "import os; print(os.getcwd(), os.environ['TIDE'], 'é')"
    assert process.run(python(code), cwd=tmp_path, env={**os.environ, "TIDE": "high", "PYTHONUTF8": "1"}) == (
        f"{tmp_path.resolve()} high é\n"
    )


def test_failure_names_the_command_its_exit_code_and_its_last_lines(tmp_path: Path) -> None:
    code = "print(*range(100), sep='\\n'); raise SystemExit('it failed')"
    with pytest.raises(CommandFailed) as raised:
        process.run(python(code), cwd=tmp_path, env=dict(os.environ))
    error = raised.value
    assert error.returncode == 1
    assert error.what == f"{error.args_shown} ended with exit code 1:\n" + "\n".join(
        f"  {line}" for line in [*range(81, 100), "it failed"]
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
@pytest.mark.parametrize(("number", "name"), [(int(signal.SIGKILL), "SIGKILL"), (40, "signal 40")])
def test_command_that_a_signal_ends_is_named_with_it(tmp_path: Path, number: int, name: str) -> None:
    """A system without memory kills what needs it, and says nothing."""
    command = (sys.executable, "-c", f"import os; os.kill(os.getpid(), {number})")
    with pytest.raises(CommandFailed, match=rf" was ended by {name}$"):
        process.run(command, cwd=tmp_path, env=process.user_environment())


def test_command_that_can_not_be_started_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as raised:
        process.attempt(("no-such-program",), cwd=tmp_path, env={})
    assert raised.value.returncode == 127


def test_nothing_waits_for_standard_input(tmp_path: Path) -> None:
    assert (
        process.run(python("import sys; print(repr(sys.stdin.read()))"), cwd=tmp_path, env=dict(os.environ)) == "''\n"
    )


def test_arguments_do_not_reach_a_shell(tmp_path: Path) -> None:
    """What a shell would run stays an argument."""
    output = process.run(
        (*python("import sys; print(sys.argv[1])"), "$(touch x); `touch x` && *"), cwd=tmp_path, env={}
    )
    assert output == "$(touch x); `touch x` && *\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
def test_umask_holds_for_the_command_alone(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        process.run(python("open('x', 'w')"), cwd=tmp_path, env={}, umask=0o022)
        assert (tmp_path / "x").stat().st_mode & 0o777 == 0o644
        process.run(python("open('y', 'w')"), cwd=tmp_path, env={})
        assert (tmp_path / "y").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_bytes_that_are_not_utf8_can_be_encoded_back_and_shown(tmp_path: Path) -> None:
    output = process.run(python("import sys; sys.stdout.buffer.write(b'\\xff.py\\0')"), cwd=tmp_path, env={})
    assert output.encode("utf-8", "surrogateescape") == b"\xff.py\0"
    assert redact(output) == "\\xff.py\0"


MASKED = {
    f"Authorization: {TOKEN}.": "Authorization: ***.",
    f'{{"token": "{WEB_TOKEN}"}}': '{"token": "***"}',
    "https://user:secret@example.invalid/simple/": "https://***@example.invalid/simple/",
    "https://example.invalid:8080/a@b": "https://example.invalid:8080/a@b",
    "https://user:p@ss/word@example.invalid/": "https://***@example.invalid/",
    "https://0123456789abcdef0123@example.invalid/": "https://***@example.invalid/",
    "https://opensesame@example.invalid/": "https://***@example.invalid/",
    "ssh://git@example.invalid/": "ssh://git@example.invalid/",
    "token ghp_0123456789abcdefghijABCDEFGHIJ012345 used": "token *** used",
    "github_pat_11ABCDEFG0123456789_abcdefghij": "***",
    "glpat-0123456789abcdefghij": "***",
    "pypi-server is no token": "pypi-server is no token",
}
"""Texts, and how they are shown."""


def test_what_looks_like_a_secret_is_masked() -> None:
    assert {text: redact(text) for text in MASKED} == MASKED


def test_secrets_in_a_command_are_masked_in_its_error(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as raised:
        process.run((*python(f"raise SystemExit('refused {TOKEN}')"), "--password", TOKEN), cwd=tmp_path, env={})
    assert TOKEN not in str(raised.value)
    assert str(raised.value).count("***") == 3


def test_invocation_is_passed_to_the_child_and_not_to_its_children(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(CALLED_VARIABLE, "invoke")
    assert CALLED_VARIABLE not in process.child_environment()
    assert process.child_environment(**{CALLED_VARIABLE: "seatrial"})[CALLED_VARIABLE] == "seatrial"


LEAVES_ONE = """
import subprocess, sys
waits = "import sys, time; held = open('alive', 'w'); print('begun', flush=True); time.sleep(60)"
left = subprocess.Popen([sys.executable, "-c", waits], stdout=subprocess.PIPE)
left.stdout.readline()
print("one")
print("the end", end="")
"""


def test_command_that_leaves_another_behind_is_over_when_it_ends_and_takes_the_other_with_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "alive")
    alive = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    lines: list[str] = []
    done = process.run_streaming(python(LEAVES_ONE), cwd=tmp_path, env=process.child_environment(), say=lines.append)
    assert (done.returncode, done.output, lines) == (0, "one\nthe end", ["one", "the end"])
    os.set_blocking(alive, True)
    assert os.read(alive, 1) == b"", "the process that held it open has ended"
    os.close(alive)


GONE_SECONDS = 30
"""How long the death of a process may take before it counts as alive."""

STARTS_ONE_AND_WAITS = """
import subprocess, sys
waits = "import time; held = open('alive', 'w'); print('begun', file=held, flush=True); time.sleep(600)"
subprocess.run([sys.executable, "-c", waits])
"""
RUNS = """
import os, signal, sys
from pathlib import Path
from seatrial import process
from seatrial.tasks.console import termination_as_interrupt
with termination_as_interrupt():
    try:
        process.run((sys.executable, "-c", sys.argv[1]), cwd=Path.cwd(), env=dict(os.environ), on_terminal=False)
    except KeyboardInterrupt:
        sys.exit(7)
"""


def test_signal_that_nohup_has_ignored_stays_ignored(tmp_path: Path) -> None:
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    script = "import os; os.kill(os.getppid(), 1); print('asked')"
    done = process.attempt((*python(ignoring + RUNS + "print('ended')"), script), cwd=tmp_path, env=dict(os.environ))
    assert (done.returncode, done.output) == (0, "ended\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_signal_ends_all_processes_of_the_command(tmp_path: Path, number: int) -> None:
    os.mkfifo(tmp_path / "alive")
    alive = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    with subprocess.Popen((*python(RUNS), STARTS_ONE_AND_WAITS), cwd=tmp_path) as program:
        os.set_blocking(alive, True)
        select.select([alive], [], [])
        assert os.read(alive, 6) == b"begun\n"
        program.send_signal(number)
        assert program.wait() == 7
        assert select.select([alive], [], [], GONE_SECONDS)[0], "the process that held it open has ended"
        assert os.read(alive, 1) == b""
    os.close(alive)


def test_git_that_is_interrupted_ends_what_it_has_started(tmp_path: Path) -> None:
    """A command on the terminal can't be ended with its session, which is that of this program."""
    os.mkfifo(tmp_path / "alive")
    alive = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    waits = "held = open('alive', 'w'); print('begun', file=held, flush=True); import time; time.sleep(600)"
    alias = f"alias.wait=!exec '{sys.executable}' -c \"{waits}\""
    script = RUNS.replace('(sys.executable, "-c", sys.argv[1])', '("git", "-c", sys.argv[1], "wait")')
    script = script.replace("on_terminal=False", "on_terminal=True")
    with subprocess.Popen((*python(script), alias), cwd=tmp_path) as program:
        os.set_blocking(alive, True)
        select.select([alive], [], [])
        assert os.read(alive, 6) == b"begun\n"
        program.send_signal(signal.SIGTERM)
        assert program.wait() == 7
        assert select.select([alive], [], [], GONE_SECONDS)[0], "the process that held it open has ended"
        assert os.read(alive, 1) == b""
    os.close(alive)


def test_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as raised:
        process.run_detached(
            python("import time; time.sleep(600)"), cwd=tmp_path, env=process.child_environment(), seconds=0.1
        )
    assert raised.value.returncode == -9
    assert raised.value.output == "it had not ended after 0.1 s"


def test_command_that_was_started_ahead_and_takes_too_long_is_ended_at_once(tmp_path: Path) -> None:
    args = (sys.executable, "-c", "import threading; threading.Event().wait()")
    with process.start_waiting(args, cwd=tmp_path, env=process.user_environment()) as command:
        with pytest.raises(CommandFailed, match=r"had not ended after 0\.1 s"):
            command.attempt("", 0.1)
        assert command.process.wait(timeout=60) == -signal.SIGKILL


def test_program_that_can_not_be_started_is_reported(tmp_path: Path) -> None:
    for start in (process.run_detached, lambda *args, **more: process.run_streaming(*args, **more, say=print)):
        with pytest.raises(CommandFailed) as raised:
            start(("seatrial-is-not-there",), cwd=tmp_path, env={})
        assert raised.value.returncode == 127


def test_interrupt_waits_until_what_must_be_whole_is_whole() -> None:
    done = []

    def work() -> None:
        with process.signals_held():
            signal.raise_signal(signal.SIGINT)
            done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all of it"]


def test_interrupt_that_a_shell_has_ignored_for_this_process_stays_so_and_reaches_the_command(tmp_path: Path) -> None:
    """``command &`` in a script ignores SIGINT: only the process that started a command interrupts it."""
    code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with process.signals_held():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert process.run_detached(python(code), cwd=tmp_path, env=process.child_environment()).output == "True\n"
    finally:
        signal.signal(signal.SIGINT, before)


@given(st.text())
def test_masking_ends_for_any_text_and_twice_is_once(text: str) -> None:
    assert redact(redact(text)) == redact(text)


def test_environment_for_children_leads_no_git_astray_and_lets_nobody_publish(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dropped = (
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_WORK_TREE",
        "GIT_CONFIG",
        "GIT_ICASE_PATHSPECS",
        "TWINE_PASSWORD",
        "UV_PUBLISH_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "TESTPYPI_ID_TOKEN",
        "HATCH_INDEX_AUTH",
        # It would translate the messages that are read.
        "LANGUAGE",
    )
    kept = ("GIT_SSH_COMMAND", "GIT_CONFIG_COUNT", "GIT_AUTHOR_NAME", "UV_INDEX_URL", "GITHUB_ACTIONS")
    for name in (*dropped, *kept):
        monkeypatch.setenv(name, "x")
    environment = process.child_environment(TIDE="high")
    assert [name for name in (*dropped, *kept) if name in environment] == list(kept)
    assert (environment["TIDE"], environment["LC_ALL"]) == ("high", "C.UTF-8")


def test_git_installers_and_sessions_get_nothing_that_publishes(monkeypatch: pytest.MonkeyPatch) -> None:
    names = (
        "FLIT_USERNAME",
        "TWINE_REPOSITORY_URL",
        "PDM_PUBLISH_USERNAME",
        "MATURIN_PYPI_TOKEN",
        "INTERNAL_DEVPI_USER",
    )
    for name in names:
        monkeypatch.setenv(name, "x")
    assert not {*names} & process.user_environment().keys()
    assert process.publishing_removed().items() >= dict.fromkeys(names).items()
    assert process.secrets_removed().items() >= dict.fromkeys(names).items()
    assert {*names} <= process.publishing_environment().keys()


def test_build_of_a_commit_gets_no_variable_that_changes_what_is_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dropped = (
        *("SETUPTOOLS_SCM_PRETEND_VERSION", "HATCH_BUILD_NO_HOOKS", "PDM_BUILD_SCM_VERSION", "PBR_VERSION"),
        *("DIST_EXTRA_CONFIG", "PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONPATH", "TIDEPOOL_WITHOUT_SPEEDUPS", "TIDE"),
    )
    kept = ("PATH", "TMPDIR", "https_proxy", "SSL_CERT_FILE", "PIP_INDEX_URL", "CC", "TIDEPOOL_DATA")
    for name in (*dropped, *kept):
        monkeypatch.setenv(name, os.environ.get(name, "x"))
    environment = process.commit_environment(tmp_path, ["TIDEPOOL_D*"], TIDE="high")
    assert [name for name in (*dropped, *kept) if name in environment] == ["TIDE", *kept]
    assert (environment["TIDE"], environment["HOME"]) == ("high", str(tmp_path))


def test_pass_env_names_the_secrets_that_the_code_of_a_project_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_PASSWORD", "DATABASE_TOKEN", "OTHER_PASSWORD", "TWINE_PASSWORD"):
        monkeypatch.setenv(name, "x")
    before = set(process.child_environment())
    assert set(process.child_environment(["DATABASE_*"])) - before == {"DATABASE_PASSWORD", "DATABASE_TOKEN"}
    assert [name for name in process.withheld_variables(["DATABASE_*"]) if "PASSWORD" in name] == ["OTHER_PASSWORD"]


FEEDS = '{"endpointCredentials": [{"endpoint": "https://index.example/", "password": "drawbridge"}]}'
"""How a build of Azure hands tokens to pip and NuGet."""


def test_code_of_a_project_gets_no_credentials_of_installers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    held = {
        "PIP_INDEX_URL": "https://me:drawbridge@index.example/simple/",
        "PIP_EXTRA_INDEX_URL": "https://a.example/ https://drawbridge@b.example/",
        "UV_INDEX": "mine=https://me:drawbridge@index.example/simple/",
        "UV_INDEX_MINE_PASSWORD": "drawbridge",
        "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS": FEEDS,
        "NETRC": str(tmp_path / "netrc"),
    }
    plain = {"UV_DEFAULT_INDEX": "https://index.example/simple/", "PIP_CERT": "/ca.pem", "UV_INDEX_MINE_USERNAME": "me"}
    for name, value in {**held, **plain}.items():
        monkeypatch.setenv(name, value)
    both = {*held, *plain}
    assert both <= process.child_environment().keys()
    environments = (process.code_environment(), process.commit_environment(tmp_path))
    assert [environ.keys() & both for environ in environments] == [{*plain}] * 2
    assert {name for name, value in process.secrets_removed().items() if value is None} & both == {*held}
    assert process.code_environment(["UV_*"]).keys() & both == {*plain, "UV_INDEX", "UV_INDEX_MINE_PASSWORD"}
    assert "UV_INDEX" not in process.secrets_removed(["UV_*"])


@pytest.mark.parametrize("name", ["PIP_INDEX_URL", "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS"])
def test_secrets_in_the_value_of_a_variable_are_masked_alone_too(tmp_path: Path, name: str) -> None:
    value = {"PIP_INDEX_URL": "https://me:draw%2Fbridge@index.example/"}.get(name, FEEDS)
    lines: list[str] = []
    script = "print('draw%2Fbridge draw/bridge drawbridge index')"
    process.run_streaming(python(script), cwd=tmp_path, env={name: value}, say=lines.append)
    assert lines == [{"PIP_INDEX_URL": "*** *** drawbridge index"}.get(name, "draw%2Fbridge draw/bridge *** index")]


def test_secrets_of_the_environment_are_masked_in_what_a_command_says(tmp_path: Path) -> None:
    env = {"DEPLOY_TOKEN": "opensesame", "INDEX_PASSWORD": "drawbridge", "PLAIN": "harbour"}
    with pytest.raises(CommandFailed) as raised:
        process.run(
            python("import os; raise SystemExit(sorted(map(os.getenv, " + repr(tuple(env)) + ")))"),
            cwd=tmp_path,
            env=env,
        )
    assert raised.value.output == "['***', 'harbour', '***']\n"


def test_scripts_and_modules_import_nothing_from_the_folder_they_run_in(tmp_path: Path) -> None:
    for name in ("runpy", "json", "contextlib", "towncrier", "sysconfig"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the module of the folder was imported')\n")
    script = process.script_command("import json, contextlib, sysconfig; print(sys.argv[1:])", "a")
    assert process.run(script, cwd=tmp_path, env={}) == "['a']\n"
    assert process.run((*process.module_command("json.tool"), "--help"), cwd=tmp_path, env={}).startswith("usage: ")
