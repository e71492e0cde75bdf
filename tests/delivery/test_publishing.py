"""Publishing by hand: whole in the end, whatever stops it on the way."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from quay import READ, SDIST, WHEEL, Quay, printed, quay
from seatrial.rehearsal.faults import Faults
from trial import lines

if TYPE_CHECKING:
    from pathlib import Path

    from harbour import Harbour

pytestmark = pytest.mark.slow

BOTH = [WHEEL, SDIST]
ENDS = f"""\
tidepool 1.3.0 is published, byte for byte: http://index/simple/
  {SDIST}  sha256 [.gz]
  {WHEEL}  sha256 [whl]
install it:  pip install --index-url http://index/simple/ --extra-index-url …
"""


def ending(dock: Quay, said: str) -> str:
    """Return what ``invoke publish`` ends with; the user's own index is not told."""
    end = dock.plain(said)[-len(ENDS) - 200 :]
    end = end[end.index("tidepool 1.3.0 is published") :]
    return end.partition("--extra-index-url ")[0] + "--extra-index-url …\n"


@pytest.mark.selection
def test_release_is_published_from_its_tag_and_installed(dock: Quay) -> None:
    shutil.rmtree(dock.proof)
    dock.port.trial.write({"src/tidepool/__init__.py": "an unfinished thought\n"})
    ran = dock.publish("--yes", "--new-name", "tidepool")
    assert ran.returncode == 0, ran.output
    assert dock.held() == BOTH
    assert "  installed on Python " in ran.output
    assert dock.verify().returncode == 0


def test_what_is_there_already_is_done(dock: Quay) -> None:
    dock.shelve(WHEEL)
    ran = dock.publish("--yes", "--no-install")
    assert (ran.returncode, ending(dock, ran.output), dock.held()) == (0, ENDS, BOTH)
    assert dock.plain(ran.output).startswith(f"passed  {SDIST}") or "is there already" in ran.output
    again = dock.publish("--no-install", TWINE_PASSWORD="")
    assert (again.returncode, ending(dock, again.output)) == (0, ENDS)
    assert "seatrial > all of it is there already\n" in again.output


def test_other_bytes_are_an_error_before_anything_is_sent(dock: Quay) -> None:
    dock.shelve(WHEEL, extra=b"\0")
    ran = dock.publish("--yes")
    assert (ran.returncode, dock.held()) == (7, [WHEEL])
    assert dock.plain(ran.output) == lines(
        f"""
        seatrial: nothing was sent: tidepool 1.3.0 is there with other bytes on http://index/simple/:
          {SDIST}  is not there
          {WHEEL}  has other bytes: sha256 […], and [whl] was proved
        fix:  invoke undo 1.3.0 --index http://index/legacy/
        {READ}otherbytes
        """
    )


def test_new_name_has_to_be_typed(dock: Quay) -> None:
    ran = dock.publish("--yes")
    assert (ran.returncode, dock.held()) == (5, [])
    assert dock.plain(ran.output).endswith(
        "seatrial: there is no terminal to ask on; nothing was sent\n"
        "fix:  invoke publish --version 1.3.0 --index http://index/legacy/ --yes --new-name tidepool\n"
        f"{READ}declined\n"
    )
    wrong = dock.as_printed("invoke publish --index " + dock.url, "y\n")
    assert (wrong.returncode, dock.held()) == (5, [])
    assert wrong.output.endswith(f"seatrial: that is not the name; nothing was sent\n{READ}declined\n")


@dataclass(frozen=True)
class Trouble:
    """What goes wrong, what is said of it, and the state that is true afterwards."""

    said: str
    state: str
    held: list[str] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    environ: dict[str, str] = field(default_factory=dict)


TROUBLES = {
    "dies after the first": Trouble("the line was cut", "partlythere", [WHEEL], Faults(cut_after=1)),
    "500": Trouble("HTTPError: 500 Internal Server Error", "notthere", faults=Faults(errors=99)),
    "cut": Trouble("the line was cut", "notthere", faults=Faults(cut_after=0)),
    "wrong token": Trouble("HTTPError: 403", "notthere", environ={"TWINE_PASSWORD": "pypi-wrongwrongwrong"}),
    "expired token": Trouble("token is expired", "notthere", faults=Faults(token_lifetime=-1)),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_stopped_half_way_is_named_with_the_state_that_is_true_and_what_finishes_it(
    port: Harbour, tmp_path: Path, trouble: str
) -> None:
    """Only the real twine says what it says when a real index fails it in this way."""
    known = TROUBLES[trouble]
    with quay(port, tmp_path / "index", known.faults) as dock:
        failed = dock.publish("--yes", "--new-name", "tidepool", "--no-install", **known.environ)
        assert (failed.returncode, failed.was_a_traceback, dock.held()) == (4, False, known.held), failed.output
        assert known.said in failed.output
        state = dock.verify("--limit", "0")
        assert state.output.endswith(f"{READ}{known.state}\n")
        assert printed(failed.output) == printed(state.output)
        if dock.held():
            dock.net.index.faults = Faults()
            # What is not there at all is finished below.
            insist_on_finishing(dock, failed.output, "y\n")


def insist_on_finishing(dock: Quay, said: str, typed: str, **environ: str) -> None:
    """Run the command that was printed, and see all of the release on the index."""
    finished = dock.as_printed(said, typed, "--no-install", **environ)
    assert (finished.returncode, dock.held()) == (0, BOTH), finished.output
    assert "\ntidepool 1.3.0 is published, byte for byte: " in finished.output


def test_token_that_nobody_knows_is_asked_for_on_a_terminal(dock: Quay) -> None:
    """A real terminal is asked, which does not show what is typed, and the release that is not there gets there."""
    ran = dock.publish("--yes", "--new-name", "tidepool", TWINE_PASSWORD="")
    assert (ran.returncode, dock.held()) == (4, [])
    assert dock.plain(ran.output).endswith(
        "fix:  let twine know a token: keyring set, .pypirc, or TWINE_PASSWORD; or run it on a terminal\n"
        f"      invoke publish --version 1.3.0 --index http://index/legacy/\n{READ}credentialmissing\n"
    )
    insist_on_finishing(dock, ran.output, f"tidepool\n{dock.token()}\n", TWINE_PASSWORD="")
