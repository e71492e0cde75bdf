"""What goes wrong with the index, or with the machine: a clear error, and nothing left running or lying about."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rehearsal_projects import forge_project
from sample_project import lines, normalised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from release_repo import ReleaseRepo


pytestmark = pytest.mark.slow

READ = "more: seatrial explain "
REHEARSE = """\
import os
import sys
from pathlib import Path
sys.path.append({tests!r})
from index_faults import InjectedFaults, index_with
from seatrial.console import Console
from seatrial.errors import SeatrialError
from seatrial.rehearsal.rehearse import rehearse_release
from seatrial.tasks.console import show
try:
    options = ("--part", "minor", "--no-tests")
    with rehearse_release(Path.cwd(), options, os.environ, Console().progress, {make_index}) as finished:
        finished.report()
except SeatrialError as error:
    show(error.explained_text)
    sys.exit(error.exit_code)
""".format(tests=str(Path(__file__).parent.parent), make_index="index_with(InjectedFaults(hangs=True), patience=4)")


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[ReleaseRepo]:
    """Return a project that is published from CI; at the end nothing is left of its rehearsals."""
    made = forge_project(tmp_path / "port")
    (tmp_path / "temporary").mkdir()
    made.project.environ["TMPDIR"] = str(tmp_path / "temporary")
    before = made.state()
    yield made
    assert made.state() == before
    assert [path.name for path in (tmp_path / "temporary").iterdir()] == []


def test_index_that_hangs_ends_in_a_clear_error(repo: ReleaseRepo) -> None:
    """What is said of its other faults is in test_network.py."""
    ran = repo.project.run(sys.executable, "-c", REHEARSE)
    assert ran.returncode == 6, ran.output
    assert not ran.was_a_traceback, ran.output
    message = normalised(ran.output[ran.output.rindex("\nupload: ") + 1 :]).partition(": ")[2]
    assert message == lines(
        f"""
        twine upload: it had not ended after 4 s
        fix:  try again later, or with fewer files
        {READ}UploadFailed
        """
    )


def test_full_disk_ends_in_a_clear_error(repo: ReleaseRepo) -> None:
    command = f'ulimit -f 64; exec "{sys.executable}" -m invoke rehearse --part minor --no-tests'
    ran = repo.project.run("bash", "-c", command)
    assert ran.returncode in (4, 6), ran.output
    assert not ran.was_a_traceback, ran.output
