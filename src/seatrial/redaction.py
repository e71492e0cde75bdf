"""Redaction: secrets are kept out of everything that is shown, raised or stored."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote


class TokenForm(NamedTuple):
    """What a kind of token looks like.

    ``sign``: what is always in it, which is searched for fast; ``whole``: a pattern of the whole token; ``piece``: a
    pattern of a part that is masked, too, because output can be cut.
    """

    kind: str
    sign: str
    whole: str
    piece: str = ""


TOKEN_FORMS = (
    TokenForm("a token of PyPI", "pypi-", r"pypi-[A-Za-z0-9_-]{85,}", r"pypi-AgE[A-Za-z0-9_-]{13,}"),
    TokenForm(
        "a token of GitHub",
        "gh",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})",
    ),
    TokenForm("a token of GitLab", "glpat-", r"\bglpat-[A-Za-z0-9_-]{20,}", r"\bglpat-[A-Za-z0-9_-]{16,}"),
    TokenForm("a key of AWS", "AKIA", r"\bAKIA[A-Z0-9]{16}\b"),
    TokenForm("a token of Slack", "xox", r"\bxox[abprs]-[0-9]{8,}-[A-Za-z0-9-]{20,}"),
)
"""Tokens that are recognised by their form: masked in output, and searched for in distributions.

No pattern here searches a stretch of text from each place in it: the output of a tool can be long, and hostile."""

TOKEN = re.compile(
    "|".join(
        (
            *(pattern for form in TOKEN_FORMS for pattern in (form.whole, form.piece) if pattern),
            r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*",
        )
    )
)
"""Any of them, or a JSON web token."""

USER = re.compile(r"(?<=://)[^/\s:@]{16,}(?=@)|(?<=http://)[^/\s:@]+(?=@)|(?<=https://)[^/\s:@]+(?=@)")
"""A user without a password in an address: over HTTP, or when it is long, a token as often as not."""

USER_AND_PASSWORD = re.compile(r"://[^/\s:@]*:(?!\d+/)(?=[^\s@])")
"""What the credentials of an address begin with; a port is no password."""

CREDENTIALS = re.compile(r"[a-z][a-z0-9+.-]*://([^/\s:@]*(?::(?!\d+/).*)?)@", re.IGNORECASE | re.DOTALL)
"""The part of an address before its host, even with characters that it should not contain."""

SECRET_VARIABLE = re.compile(
    r".*(PASSWORD|PASSWD|PASSPHRASE|TOKEN(?!IZ)|SECRET|CREDENTIAL|(API|ACCESS|AUTH|DEPLOY|ENCRYPTION|PRIVATE|SIGNING)_?KEY).*"
    r"|.+_(PASS|PAT|PWD|PW|AUTH|KEY|JWT|CREDS)",
    re.IGNORECASE,
)
"""Names of environment variables that hold a secret: their values are masked, and the code of a project, its build
backend and its tests do not get them."""

PUBLISHING_VARIABLE = re.compile(
    r"(TWINE|UV_PUBLISH|FLIT|HATCH_INDEX|PDM_PUBLISH|ACTIONS_ID_TOKEN_REQUEST|ACTIONS_RUNTIME)_.*"
    r"|POETRY_(PYPI_TOKEN|HTTP_BASIC)_.*|MATURIN_(?!PEP517|IMPORT_HOOK).*|CI_JOB_(JWT|TOKEN).*|.*_ID_TOKEN|.*(PYPI|DEVPI).*",
    re.IGNORECASE,
)
"""Names of environment variables that let their holder publish: besides twine, nothing gets them."""

INSTALLER_CREDENTIALS = re.compile(
    r"(PIP|UV(?!_PUBLISH)|VSS_NUGET|ARTIFACTS_CREDENTIALPROVIDER)_.*|NETRC", re.IGNORECASE
)
"""Names of environment variables of pip, uv and the keyring of Azure: an index that requirements come from may need a
password. They reach what installs: git, nox and pre-commit, but no backend and no tests if they hold credentials."""

SECRET_MEMBER = re.compile(rf"{SECRET_VARIABLE.pattern}|auth|pass", re.IGNORECASE)
"""Names in JSON, such as that of a configuration of Docker, whose values are secrets."""


def is_secret(name: str, value: str = "") -> bool:
    """Whether an environment variable is kept from nox and the code of a project: for its name, or its value."""
    if INSTALLER_CREDENTIALS.fullmatch(name):
        return False
    is_named = any(names.fullmatch(name) for names in (SECRET_VARIABLE, PUBLISHING_VARIABLE))
    return is_named or TOKEN.search(value) is not None or bool(_json_secrets(value))


def is_for_installers(name: str, value: str) -> bool:
    """Whether an environment variable holds credentials for an index that requirements come from, or names a file."""
    if not INSTALLER_CREDENTIALS.fullmatch(name):
        return False
    return name.upper() == "NETRC" or bool(secrets_of({name: value}))


def _json_secrets(value: str) -> tuple[str, ...]:
    """Return the secrets in a variable with JSON, as their names say."""
    if not value.lstrip().startswith(("{", "[")):
        return ()
    try:
        pending = [json.loads(value)]
    except (ValueError, RecursionError):
        return ()
    secrets = []
    while pending:
        table = pending.pop()
        pairs = table.items() if isinstance(table, dict) else enumerate(table)
        for name, held in pairs:
            if isinstance(held, (dict, list)):
                pending.append(held)
            elif isinstance(held, str) and SECRET_MEMBER.fullmatch(str(name)):
                secrets.append(held)
    return tuple(secrets)


def _address_secrets(value: str) -> Iterator[str]:
    """Yield the passwords in addresses, and the users without one: a token as often as not."""
    for word in value.split():
        address = CREDENTIALS.search(word)
        name, colon, password = address[1].partition(":") if address else ("", "", "")
        for secret in {password if colon else name} - {""}:
            yield secret
            yield unquote(secret)


SHORTEST_SECRET = 6
"""Letters of the shortest text that is taken for a secret: a shorter one is part of other words, too."""


def secrets_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of the variables that hold a secret, as their names say, and the secrets in other values."""
    secrets = []
    for name, value in environ.items():
        if SECRET_VARIABLE.fullmatch(name) or TOKEN.search(value):
            secrets.append(value)
        secrets += _json_secrets(value)
        secrets += _address_secrets(value) if INSTALLER_CREDENTIALS.fullmatch(name) else ()
    return tuple(secrets)


def redact_address(text: str, address: str) -> str:
    """Return ``text`` without the credentials of an address, also where a library shows a piece of them."""
    match = CREDENTIALS.match(address)
    if not match:
        return redact(text)
    name, colon, password = match[1].partition(":")
    secret = password if colon else name
    pieces = (match[1], secret, *re.split(r"[:/?#@\s]", secret))
    return redact_values(text, {form for piece in pieces for form in (piece, unquote(piece))})


def redacted_address(address: str) -> str:
    """Return an address as it can be shown."""
    return redact_address(address, address)


def without_credentials(address: str) -> str:
    """Return an address that can be typed: without user and password."""
    match = CREDENTIALS.match(address)
    return address[: match.start(1)] + address[match.end() :] if match else address


def redact_values(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` without secrets that are known by their value, and without what looks like one."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return redact(text)


SURROGATE = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""What JSON can hold and UTF-8 can't, other than the bytes that Python reads as a surrogate."""


def redact(text: str) -> str:
    """Return ``text``, fit to be printed, with everything that looks like a secret replaced by ``***``."""
    text = SURROGATE.sub(lambda match: ascii(match[0])[1:-1], text)
    text = text.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="backslashreplace")
    return USER.sub("***", _redact_passwords(TOKEN.sub("***", text)))


def _redact_passwords(text: str) -> str:
    """Return ``text`` with ``user:password`` masked in each address, up to the last at sign of a word.

    Each sign is looked at a fixed number of times, so that the time is linear in the length.
    """
    if "://" not in text or "@" not in text:
        return text
    return re.sub(r"\S+", lambda word: _redact_word(word[0]), text)


def _redact_word(word: str) -> str:
    last = word.rfind("@")
    match = USER_AND_PASSWORD.search(word, 0, last) if last > 0 else None
    return f"{word[: match.start() + 3]}***{word[last:]}" if match else word
