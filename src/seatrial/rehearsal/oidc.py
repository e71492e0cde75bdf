"""Identity tokens, and the upload tokens that an index gives for them, as GitHub, GitLab and PyPI do.

GitHub, "OpenID Connect reference"; GitLab, "OpenID Connect (OIDC) Authentication Using ID Tokens"; PyPI's
``oidc/views.py``. The identity token is a JSON web token signed with RS256 (RFC 7519).
"""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Callable

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from seatrial.checks.check import help_page
from seatrial.ci.publisher import NOT_FOUND, Publisher

ISSUER_NAMES = {"github": "https://token.actions.githubusercontent.com", "gitlab": "https://gitlab.com"}
"""The issuers of the forges whose tokens PyPI accepts."""

IDENTITY_LIFETIME = 300
"""Seconds that an identity token is valid, as GitHub's are."""

CLOCK_LEEWAY = 30
"""Seconds by which clocks may differ (PyPI, ``oidc/services.py``)."""


@dataclass(frozen=True)
class CiIdentity:
    """The job that requests a token: its publisher, and the tag and commit that it runs for.

    ``tokens``: the variables of a GitLab job with its tokens, and their audiences.
    """

    publisher: Publisher
    tag: str
    commit: str
    tokens: tuple[tuple[str, tuple[str, ...]], ...] = (("PYPI_ID_TOKEN", ("pypi",)),)

    def claims(self) -> dict[str, str]:
        """Return the claims of a token for this job."""
        publisher, ref = self.publisher, f"refs/tags/{self.tag}"
        home = publisher.home
        environment = {"environment": publisher.environment} if publisher.environment else {}
        if publisher.forge == "gitlab":
            return {
                "sub": f"project_path:{home}:ref_type:tag:ref:{self.tag}",
                "project_path": home,
                "namespace_path": publisher.owner,
                "ci_config_ref_uri": f"gitlab.com/{home}//{publisher.workflow}@{ref}",
                "ref": self.tag,
                "ref_type": "tag",
                "ref_path": ref,
                "sha": self.commit,
                "pipeline_source": "push",
                **environment,
            }
        return {
            "sub": f"repo:{home}:environment:{publisher.environment}"
            if publisher.environment
            else f"repo:{home}:ref:{ref}",
            "repository": home,
            "repository_owner": publisher.owner,
            "repository_owner_id": "1",
            "job_workflow_ref": f"{home}/.github/workflows/{publisher.workflow}@{ref}",
            "event_name": "push",
            "ref": ref,
            "sha": self.commit,
            **environment,
        }


@dataclass(frozen=True)
class TokenIssuer:
    """Signs identity tokens, and verifies them. ``clock``: seconds since 1970."""

    key: Any = field(repr=False)
    bearer: str = field(repr=False)
    clock: Callable[[], float] = time.time
    name: str = ISSUER_NAMES["github"]

    @classmethod
    def make(cls, clock: Callable[[], float] = time.time, *, forge: str = "github") -> TokenIssuer:
        """Return an issuer with a new key, and a secret for the job that may request tokens."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return cls(key, secrets.token_urlsafe(), clock, ISSUER_NAMES[forge])

    def token(self, identity: CiIdentity, *audience: str) -> str:
        """Return a token for a job."""
        now = int(self.clock())
        times = {"iat": now, "nbf": now, "exp": now + IDENTITY_LIFETIME}
        audiences = audience[0] if len(audience) == 1 else list(audience)
        claims = {**identity.claims(), **times, "iss": self.name, "aud": audiences, "jti": secrets.token_hex(16)}
        return jwt.encode(claims, self.key, algorithm="RS256")

    @staticmethod
    def name_in(token: str) -> str | None:
        """Return the issuer in a token, which is not verified; None when it is no token."""
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None
        name = claims.get("iss")
        return name if isinstance(name, str) else None

    def read(self, token: str, audience: str) -> dict[str, Any] | None:
        """Return the claims of a token; None when its signature, audience or time is wrong."""
        required = ["iss", "iat", "exp", "aud", "jti"]
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self.key.public_key(),
                algorithms=["RS256"],
                audience=audience,
                issuer=self.name,
                leeway=CLOCK_LEEWAY,
                options={"require": required, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None
        return claims if claims["iat"] - CLOCK_LEEWAY <= self.clock() <= claims["exp"] + CLOCK_LEEWAY else None


AUDIENCE = "pypi"
UPLOAD_TOKEN_LIFETIME = 900
"""Seconds that an upload token is valid."""

UNMATCHED = "valid token, but no corresponding publisher ({})"
NO_PUBLISHER = UNMATCHED.format(NOT_FOUND)


@dataclass(frozen=True)
class ExchangeResult:
    """An upload token and when it expires (seconds since 1970), or the code and the description of an error."""

    token: str = ""
    expires: int = 0
    code: str = ""
    description: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        if self.code:
            errors = [{"code": self.code, "description": self.description}]
            return {"message": "Token request failed", "errors": errors}
        return {"success": True, "token": self.token, "expires": self.expires}


@dataclass
class TokenExchange:
    """Exchanges identity tokens of the registered publisher for upload tokens; safe to use from several threads.

    ``lifetime``: that of an upload token in seconds.
    """

    publisher: Publisher
    issuer: TokenIssuer
    lifetime: int = UPLOAD_TOKEN_LIFETIME
    _used: set[str] = field(default_factory=set, repr=False)
    _known: dict[str, int] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def exchange(self, body: object) -> ExchangeResult:
        """Return an upload token for the identity token in ``{"token": …}``."""
        token = body.get("token") if isinstance(body, dict) else None
        claims = self.issuer.read(token, AUDIENCE) if isinstance(token, str) else None
        if claims is None:
            return self._unreadable(token)
        why = self.publisher.mismatch(claims)
        if why:
            return ExchangeResult(code="invalid-publisher", description=UNMATCHED.format(why))
        with self._lock:
            if claims["jti"] in self._used:
                return ExchangeResult(code="invalid-reuse-token", description="invalid token: already used")
            self._used.add(claims["jti"])
        upload_token = f"pypi-{secrets.token_urlsafe(96)}"
        self._known[upload_token] = int(self.issuer.clock()) + self.lifetime
        return ExchangeResult(upload_token, self._known[upload_token])

    def burn(self, body: object) -> None:
        """Revoke an upload token."""
        if isinstance(body, dict):
            self._known.pop(str(body.get("token")), None)

    def refusal(self, token: str) -> str | None:
        """Return why an upload token is rejected, None if it is valid."""
        expires = self._known.get(token)
        if expires is None:
            reason = "Invalid or non-existent authentication information."
            return f"{reason} See {help_page('invalid-auth')} for more information."
        return "Invalid API Token: token is expired" if self.issuer.clock() >= expires else None

    def _unreadable(self, token: object) -> ExchangeResult:
        """Return the error about an identity token that can't be verified."""
        if not isinstance(token, str):
            return ExchangeResult(code="invalid-payload", description="Input should be a valid string")
        issuer = self.issuer.name_in(token)
        if issuer is None:
            return ExchangeResult(code="invalid-payload", description="malformed JWT")
        if issuer != self.issuer.name:
            return ExchangeResult(code="invalid-payload", description="unknown trusted publishing issuer")
        return ExchangeResult(code="invalid-token", description="malformed or invalid token")
