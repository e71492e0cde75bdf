"""What twine is asked, and what of others is used there that is not public."""

from __future__ import annotations

from typing import TYPE_CHECKING

import packaging.metadata
import pytest
from twine.utils import DEFAULT_REPOSITORY, TEST_REPOSITORY

import sample_dists
from errors_raised import raises_error
from seatrial.errors import CredentialMissing, UploadFailed
from seatrial.index.destination import upload_addresses
from seatrial.index.twine import KEYRING_FIX, KNOWING_METADATA_2_5, Patience, twine_check, twine_upload

if TYPE_CHECKING:
    from pathlib import Path

    from sample_project import SampleProject


KEYRING = """\
import threading
import keyring.backend

class Backend(keyring.backend.KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        {body}

    def set_password(self, service, username, password):
        raise NotImplementedError
"""


def test_private_list_for_metadata_2_5_exists_in_twine_6() -> None:
    assert "packaging.metadata._VALID_METADATA_VERSIONS.append" in KNOWING_METADATA_2_5
    assert isinstance(packaging.metadata._VALID_METADATA_VERSIONS, list)  # noqa: SLF001
    assert "2.4" in packaging.metadata._VALID_METADATA_VERSIONS  # noqa: SLF001


@pytest.mark.slow
def test_twine_accepts_a_missing_description_and_refuses_one_that_cannot_be_rendered(tmp_path: Path) -> None:
    """Twine itself runs: what it refuses, no check of ours decides."""
    healthy, broken = sample_dists.sdist(), sample_dists.wheel()
    rst = "Description-Content-Type: text/x-rst"
    for made in (healthy.saying(body=""), broken.saying(rst, body="Title\n=\n\n.. nonsense::\n")):
        (tmp_path / made.name).write_bytes(made.data())
    twine_check([tmp_path / healthy.name])
    with raises_error("DistributionsRefused") as raised:
        twine_check([tmp_path / healthy.name, tmp_path / broken.name])
    assert raised.value.what.startswith("twine check does not accept the distributions:\n")
    assert 'Unknown directive type "nonsense".' in raised.value.what
    ignored = "passed but for a description, which DIST141 is ignored for"
    assert twine_check([tmp_path / healthy.name, tmp_path / broken.name], {"DIST141": "ours"}) == ignored
    (tmp_path / healthy.name).write_bytes(b"no archive")
    for names in ((broken.name, healthy.name), (healthy.name, broken.name)):
        with raises_error("DistributionsRefused"):
            twine_check([tmp_path / name for name in names], {"DIST141": "ours"})


@pytest.mark.slow
def test_keyring_that_does_not_answer_is_not_waited_for(project: SampleProject) -> None:
    (project.root / "seeded_keyring.py").write_text(KEYRING.format(body="threading.Event().wait()"))
    wheel = sample_dists.wheel()
    (project.root / wheel.name).write_bytes(wheel.data())
    seeded = {"PYTHONPATH": str(project.root), "PYTHON_KEYRING_BACKEND": "seeded_keyring.Backend"}
    environ = {**project.environ, **seeded, "HTTPS_PROXY": "http://127.0.0.1:9"}
    with pytest.raises(UploadFailed) as raised:
        twine_upload([project.root / wheel.name], environ, Patience(keyring=3))
    assert raised.value.what == "nothing was sent: the keyring has not answered within 3 s"
    assert raised.value.fix == KEYRING_FIX
    without = {**environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    with pytest.raises(UploadFailed):
        twine_upload([project.root / wheel.name], without, Patience(keyring=600))


@pytest.mark.slow
def test_keyring_that_fails_is_named(project: SampleProject) -> None:
    """Twine logs what it raises, and then says only that no credential was found."""
    (project.root / "failing_keyring.py").write_text(KEYRING.format(body="raise RuntimeError('it is locked')"))
    wheel = sample_dists.wheel()
    (project.root / wheel.name).write_bytes(wheel.data())
    failing = {"PYTHONPATH": str(project.root), "PYTHON_KEYRING_BACKEND": "failing_keyring.Backend"}
    index = {"TWINE_REPOSITORY_URL": "http://127.0.0.1:9/legacy/", "TWINE_USERNAME": "a"}
    with pytest.raises(CredentialMissing) as raised:
        twine_upload([project.root / wheel.name], {**project.environ, **failing, **index}, repository=None)
    assert raised.value.what.endswith("\n  the keyring failed: RuntimeError: it is locked")
    assert raised.value.fix == KEYRING_FIX


def test_addresses_that_are_read_from_the_source_of_twine_are_those_that_it_uploads_to() -> None:
    assert upload_addresses() == {"pypi": DEFAULT_REPOSITORY, "testpypi": TEST_REPOSITORY}
