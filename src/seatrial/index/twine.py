"""Checks and uploads distributions with twine's command line: its functions are not public (pypa/twine issue 194)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from seatrial import process
from seatrial.errors import BuildError, CommandFailed, CredentialMissing, UploadFailed, last_lines
from seatrial.process import Deadline
from seatrial.redaction import redact, redact_values, secrets_of

UPLOAD_TIMEOUT = 600
"""Seconds that an upload may take: as many as PyPI gives to it."""

TOKEN_OF_GITLAB = "let the publishing job ask for it:\nid_tokens:\n  PYPI_ID_TOKEN:\n    aud: pypi"  # noqa: S105 - a key

UPLOAD_FIXES = (
    ("PYPI_ID_TOKEN not found", TOKEN_OF_GITLAB),
    ("audience claim mismatch", TOKEN_OF_GITLAB),
    ("ACTIONS_ID_TOKEN_REQUEST_", "let the publishing job ask for a token:\npermissions:\n  id-token: write"),
    ("token is expired", "upload less at once, or start the upload again: a token is good for 15 minutes"),
    (
        "Credential not found",
        "give twine a token with keyring set, .pypirc or TWINE_PASSWORD, or run the command in a terminal",
    ),
    ("authentication information", "give twine a token that the index accepts, by keyring, .pypirc or TWINE_PASSWORD"),
    ("HTTPError: 5", "the index has a fault of its own: try again later; what it has taken does no harm"),
    # Before the next entry, whose text the same message contains.
    ("SSLError", "have the certificate of the index trusted: REQUESTS_CA_BUNDLE"),
    ("Max retries exceeded", "the line was cut: try again; what the index has taken does no harm"),
    ("Connection aborted", "the line was cut: try again; what the index has taken does no harm"),
)
"""Messages of twine, and the fix of each."""

NO_CREDENTIAL = "Credential not found"
"""What twine says before it has sent anything."""

KEYRING_SECONDS = 60
"""How long the keyring may take: a window in which it asks for a password can be open."""

KEYRING_FIX = (
    "unlock the keyring, or leave it out: set TWINE_PASSWORD, or PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring"
)

KEYRING_FAILURE = re.compile(r"^WARNING .* from keyring\s*\n(?: +\S.*\n)* +(\S.*?) *\n(?! )", re.MULTILINE)
"""The exception of a keyring, at the end of the traceback that twine logs before it goes on without a password."""

FIRST_KNOWING_METADATA_2_5 = 7

KNOWING_METADATA_2_5 = """\
import sys
import packaging.metadata
import twine.package
if "2.5" not in packaging.metadata._VALID_METADATA_VERSIONS:
    packaging.metadata._VALID_METADATA_VERSIONS.append("2.5")
from twine.__main__ import main
sys.argv[0] = "twine"
sys.exit(main())
"""
"""Runs twine 6, the last for Python 3.9, so that it accepts metadata 2.5 (PEP 794), as indexes do.

twine 6 shortens packaging's list of versions and refuses what today's flit_core writes on every Python; twine 7 does
not. The list is private: there is no public way to extend it, and a test fails when it is gone.
"""


OF_DESCRIPTIONS = frozenset(("DIST107", "DIST141"))
"""The checks of what makes ``twine check`` fail for a file that it can read: the type and the markup of its text."""

CHECKED = re.compile(r"^Checking .*: (?:PASSED|FAILED)", re.MULTILINE)
"""What ``twine check`` prints for a file that it can read; with any other it ends."""


def twine_check(paths: Sequence[Path], ignore: Iterable[str] = ()) -> str:
    """Return how ``twine check`` went, in a few words. Raises `DistributionsRefused` unless it passes.

    ``ignore``: the codes of the checks that the project ignores: `OF_DESCRIPTIONS` let a description pass that can't be
    rendered. What twine warns about, and refuses with ``--strict``, is a missing description or content type: check
    DIST142, which a project can ignore with a reason.
    """
    args = (*_program(), "--no-color", "check", *(str(path) for path in paths))
    env = process.child_environment(COLUMNS="1000")
    done = process.attempt(args, cwd=paths[0].parent, env=env)
    if not done.returncode:
        return "passed"
    ignored = sorted(OF_DESCRIPTIONS.intersection(ignore))
    if ignored and len(CHECKED.findall(done.output)) == len(paths):
        return f"passed but for a description, which {ignored[0]} is ignored for"
    raise BuildError(
        f"twine check does not accept the distributions:\n{last_lines(redact(done.output + done.errors))}",
        code="DistributionsRefused",
        fix="correct what it names in pyproject.toml or in the README, then run: nox -s check",
    )


@dataclass(frozen=True)
class Patience:
    """How many seconds an upload may take, and its part before the first file: there twine asks the keyring."""

    upload: float = UPLOAD_TIMEOUT
    keyring: float | None = None


PATIENCE = Patience()


def twine_upload(
    paths: Sequence[Path], env: Mapping[str, str], patience: Patience = PATIENCE, repository: str | None = "pypi"
) -> str:
    """Run ``twine upload`` and return what it says; to PyPI by default, as that is for this environment.

    ``repository``: the name of the index, None for the address in the environment, which can hold a password: every
    user of the machine sees the arguments of a command.
    Raises `CredentialMissing`, or `UploadFailed` with the words of twine and of the index.
    """
    options = ("--non-interactive", "--disable-progress-bar", *(("--repository", repository) if repository else ()))
    args = (*_program(), "--no-color", "upload", *options, *(str(path) for path in paths))
    env, deadline = {**env, "COLUMNS": "1000", "PYTHONUNBUFFERED": "1"}, Deadline(patience.keyring or patience.upload)
    is_begun = patience.keyring is None

    def read(line: str) -> None:
        nonlocal is_begun
        if not is_begun and any(line == f"Uploading {path.name}" for path in paths):
            is_begun = True
            deadline.put_off(patience.upload)

    try:
        done = process.run_streaming(args, cwd=paths[0].parent, env=env, say=read, deadline=deadline)
    except CommandFailed as error:
        if error.returncode == process.OUT_OF_TIME and not is_begun:
            raise UploadFailed(
                f"nothing was sent: the keyring has not answered within {patience.keyring:g} s", fix=KEYRING_FIX
            ) from None
        raise UploadFailed(f"twine upload: {error.output}", fix="try again later, or with fewer files") from None
    output = redact_values(done.output, secrets_of(env))
    if done.returncode:
        # Its error, or the last line of an exception that it did not foresee.
        message = last_lines(output)
        start = message.rfind("  ERROR ")
        message = message[start:] if start >= 0 else message.rpartition("\n")[2]
        fix = next((fix for sign, fix in UPLOAD_FIXES if sign in message), "correct what it names")
        failure = KEYRING_FAILURE.search(output) if NO_CREDENTIAL in message else None
        if failure:
            message, fix = f"{message}\n  the keyring failed: {failure[1]}", KEYRING_FIX
        kind = CredentialMissing if NO_CREDENTIAL in message else UploadFailed
        raise kind(f"twine upload failed:\n{message}", fix=fix)
    return output.strip()


def upload_interactively(paths: Sequence[Path], env: Mapping[str, str], repository: str | None) -> None:
    """Run ``twine upload`` on the terminal, where it prompts for credentials. Raises `UploadFailed`."""
    options = ("--disable-progress-bar", *(("--repository", repository) if repository else ()))
    args = (*_program(), "upload", *options, *(str(path) for path in paths))
    if process.run_interactively(args, cwd=paths[0].parent, env=env):
        raise UploadFailed("twine upload failed, as it says above", fix="correct what it names")


def _program() -> tuple[str, ...]:
    knows = int(metadata.version("twine").partition(".")[0]) >= FIRST_KNOWING_METADATA_2_5
    return process.module_command("twine") if knows else process.script_command(KNOWING_METADATA_2_5)
