"""What goes wrong with the index, or with the machine: a clear error, and nothing left running or lying about."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from trial import lines, normalised
from voyages import forge_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harbour import Harbour

pytestmark = pytest.mark.slow

READ = "read: https://github.com/seatrial/seatrial/blob/main/docs/errors.md#"
SAIL = """\
import sys
from pathlib import Path
from seatrial.errors import SeatrialError
from seatrial.rehearsal import voyage
from seatrial.rehearsal.faults import Faults
try:
    with voyage.sail(Path.cwd(), ("--part", "minor", "--no-tests"), print, {faults}) as sailed:
        sailed.card()
except SeatrialError as error:
    print(error)
    sys.exit(error.exit_code)
"""


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Harbour]:
    """Return a project that is published from CI; at the end nothing is left of its rehearsals."""
    made = forge_project(tmp_path / "port")
    (tmp_path / "temporary").mkdir()
    made.trial.environ["TMPDIR"] = str(tmp_path / "temporary")
    before = made.state()
    yield made
    assert made.state() == before
    assert [path.name for path in (tmp_path / "temporary").iterdir()] == []


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (
            "Faults(errors=99)",
            f"""
            twine upload failed:
              ERROR    HTTPError: 500 Internal Server Error from {{index}}
                       Internal Server Error
            fix:  the index has a fault of its own: try again later; what it has taken does no harm
            {READ}uploadfailed
            """,
        ),
        (
            "Faults(token_lifetime=-1)",
            f"""
            twine upload failed:
              ERROR    HTTPError: 403 Forbidden from {{index}}
                       Invalid API Token: token is expired
            fix:  upload less at once, or start the upload again: a token is good for 15 minutes
            {READ}uploadfailed
            """,
        ),
        (
            "Faults(cut_after=1)",
            f"""
            twine upload failed:
              …Max retries exceeded…
            fix:  the line was cut: try again; what the index has taken does no harm
            {READ}uploadfailed
            """,
        ),
        (
            "Faults(hangs=True, patience=5)",
            f"""
            twine upload: it had not ended after 5 s
            fix:  try again later, or with fewer files
            {READ}uploadfailed
            """,
        ),
    ],
    ids=["errors", "expired", "cut", "hangs"],
)
def test_fault_of_the_index_ends_in_a_clear_error(port: Harbour, faults: str, said: str) -> None:
    ran = port.trial.run(sys.executable, "-c", SAIL.replace("{faults}", faults))
    assert ran.returncode == 6, ran.output
    assert not ran.was_a_traceback, ran.output
    found = normalised(ran.output[ran.output.rindex("\nleg ") + 1 :]).partition(": ")[2]
    found = re.sub(r"https://\S+", lambda match: match[0] if "github.com" in match[0] else "{index}", found)
    found = re.sub(r".*Max retries exceeded.*", "  …Max retries exceeded…", found)
    assert found == lines(said)


def test_full_disk_ends_in_a_clear_error(port: Harbour) -> None:
    command = f'ulimit -f 64; exec "{sys.executable}" -m invoke rehearse --part minor --no-tests'
    ran = port.trial.run("bash", "-c", command)
    assert ran.returncode in (4, 6), ran.output
    assert not ran.was_a_traceback, ran.output
