"""Publishing by hand: whole in the end, whatever stops it on the way."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from index_faults import InjectedFaults, set_faults
from index_server import READ, SDIST, WHEEL, IndexServer, printed, serve_index
from sample_project import lines

if TYPE_CHECKING:
    from pathlib import Path

    from release_repo import ReleaseRepo


pytestmark = pytest.mark.slow

BOTH = [WHEEL, SDIST]
ENDS = f"""\
tidepool 1.3.0 is published, byte for byte: http://index/simple/
  {SDIST}  identical, sha256 [.gz]
  {WHEEL}  identical, sha256 [whl]
install it:  pip install --no-deps --index-url http://index/simple/ tidepool==1.3.0 && pip install tidepool==1.3.0
"""


def ending(server: IndexServer, output: str) -> str:
    """Return what ``invoke publish`` ends with."""
    end = server.plain(output)
    return end[end.index("tidepool 1.3.0 is published") :]


@pytest.mark.selection
def test_release_is_published_from_its_tag_and_installed(server: IndexServer) -> None:
    shutil.rmtree(server.manifest)
    server.repo.project.write({"src/tidepool/__init__.py": "an unfinished thought\n"})
    ran = server.publish("--yes", "--new-name", "tidepool")
    assert ran.returncode == 0, ran.output
    assert server.held() == BOTH
    assert "  installed on Python " in ran.output
    assert server.verify().returncode == 0


def test_published_release_is_done(server: IndexServer) -> None:
    server.store_file(WHEEL)
    ran = server.publish("--yes", "--no-install")
    assert (ran.returncode, ending(server, ran.output), server.held()) == (0, ENDS, BOTH)
    assert f"\n  {WHEEL}  on the index already, sha256 " in ran.output
    again = server.publish("--no-install", TWINE_PASSWORD="")
    assert (again.returncode, ending(server, again.output)) == (0, ENDS)
    assert "  all files are on the index\n" in again.output


def test_different_content_is_an_error_before_anything_is_sent(server: IndexServer) -> None:
    server.store_file(WHEEL, extra=b"\0")
    ran = server.publish("--yes")
    assert (ran.returncode, server.held()) == (7, [WHEEL])
    assert server.plain(ran.output) == lines(
        f"""
        seatrial: nothing was sent: tidepool 1.3.0 is published with different content on http://index/simple/:
          {SDIST}  missing
          {WHEEL}  different content: {WHEEL}: it reads differently for different readers
        fix:  no workflow publishes, so they were uploaded by hand: find out who did, and from where
              if the files are wrong: invoke undo 1.3.0 --index http://index/legacy/
        {READ}ContentDiffers
        """
    )


def test_files_with_the_same_content_are_completed(server: IndexServer) -> None:
    server.store_data(WHEEL, server.repacked(WHEEL))
    ran = server.publish("--yes", "--no-install")
    assert (ran.returncode, server.held()) == (0, BOTH), ran.output
    assert f"  {WHEEL}  same content, packaged differently: dates, compression\n" in ran.output


def test_new_name_has_to_be_typed(server: IndexServer) -> None:
    ran = server.publish("--yes")
    assert (ran.returncode, server.held()) == (5, [])
    assert server.plain(ran.output).endswith(
        "seatrial: there is no terminal to ask on: nothing was sent\n"
        "fix:  invoke publish --version 1.3.0 --index http://index/legacy/ --yes --new-name tidepool\n"
        f"{READ}Declined\n"
    )
    wrong = server.as_printed("invoke publish --index " + server.url, "y\n\n")
    assert (wrong.returncode, server.held()) == (5, [])
    assert "invalid answer 'y'" in wrong.output
    assert wrong.output.endswith("seatrial: nothing was sent\n")


@dataclass(frozen=True)
class UploadFault:
    """What goes wrong, the error in the output, and the state afterwards."""

    error: str
    state: str
    held: list[str] = field(default_factory=list)
    faults: InjectedFaults = field(default_factory=InjectedFaults)
    environ: dict[str, str] = field(default_factory=dict)


UPLOAD_FAULTS = {
    "dies after the first": UploadFault("the line was cut", "PartlyThere", [WHEEL], InjectedFaults(cut_after=1)),
    "500": UploadFault("HTTPError: 500 Internal Server Error", "NotThere", faults=InjectedFaults(errors=99)),
    "cut": UploadFault("the line was cut", "NotThere", faults=InjectedFaults(cut_after=0)),
    "wrong token": UploadFault("HTTPError: 403", "NotThere", environ={"TWINE_PASSWORD": "pypi-wrongwrongwrong"}),
    "expired token": UploadFault("token is expired", "NotThere", faults=InjectedFaults(token_lifetime=-1)),
}


@pytest.mark.parametrize("fault", UPLOAD_FAULTS)
def test_interrupted_upload_is_reported_with_its_state_and_fix(repo: ReleaseRepo, tmp_path: Path, fault: str) -> None:
    """Only the real twine says what it says when a real index fails it in this way."""
    expected = UPLOAD_FAULTS[fault]
    with serve_index(repo, tmp_path / "index", expected.faults) as server:
        failed = server.publish("--yes", "--new-name", "tidepool", "--no-install", **expected.environ)
        assert (failed.returncode, failed.was_a_traceback, server.held()) == (4, False, expected.held), failed.output
        assert expected.error in failed.output
        state = server.verify("--limit", "0")
        assert state.output.endswith(f"{READ}{expected.state}\n")
        assert printed(failed.output) == printed(state.output)
        if server.held():
            set_faults(server.network, InjectedFaults())
            # What is not there at all is finished below.
            require_finishing(server, failed.output, "y\n")


def require_finishing(server: IndexServer, output: str, typed: str, **environ: str) -> None:
    """Run the command that was printed, and see all of the release on the index."""
    finished = server.as_printed(output, typed, "--no-install", **environ)
    assert (finished.returncode, server.held()) == (0, BOTH), finished.output
    assert "\ntidepool 1.3.0 is published, byte for byte: " in finished.output


def test_missing_token_is_prompted_for_on_a_terminal(server: IndexServer) -> None:
    """A real terminal is asked for it, and the release that was not there gets there."""
    ran = server.publish("--yes", "--new-name", "tidepool", TWINE_PASSWORD="")
    assert (ran.returncode, server.held()) == (4, [])
    assert server.plain(ran.output).endswith(
        "fix:  give twine a token with keyring set, .pypirc or TWINE_PASSWORD, or run the command in a terminal\n"
        f"      invoke publish --version 1.3.0 --index http://index/legacy/\n{READ}CredentialMissing\n"
    )
    require_finishing(server, ran.output, f"tidepool\n{server.token()}\n", TWINE_PASSWORD="")
