"""The issuer of identity tokens: what GitHub or GitLab is to a job that may ask who it is.

GitHub, "OpenID Connect reference"; GitLab, "OpenID Connect (OIDC) Authentication Using ID Tokens"; the token is a JSON
web token signed with RS256 (RFC 7519).
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from seatrial.facts.publisher import Publisher

NAMES = {"github": "https://token.actions.githubusercontent.com", "gitlab": "https://gitlab.com"}
"""Who signs the tokens of a forge, as far as PyPI takes them from everybody."""

LIFETIME = 300
"""Seconds that an identity token is good for, as GitHub's are."""

LEEWAY = 30
"""Seconds that clocks may differ (PyPI, ``oidc/services.py``)."""


@dataclass(frozen=True)
class Sender:
    """The job that asks: who it is, and the tag and commit that it runs for.

    ``tokens``: the variables of GitLab in which it finds its tokens, and whom each is for.
    """

    publisher: Publisher
    tag: str
    commit: str
    tokens: tuple[tuple[str, tuple[str, ...]], ...] = (("PYPI_ID_TOKEN", ("pypi",)),)

    def claims(self) -> dict[str, str]:
        """Return what a token of the forge says of this job."""
        who, ref = self.publisher, f"refs/tags/{self.tag}"
        home = who.home
        environment = {"environment": who.environment} if who.environment else {}
        if who.forge == "gitlab":
            return {
                "sub": f"project_path:{home}:ref_type:tag:ref:{self.tag}",
                "project_path": home,
                "namespace_path": who.owner,
                "ci_config_ref_uri": f"gitlab.com/{home}//{who.workflow}@{ref}",
                "ref": self.tag,
                "ref_type": "tag",
                "ref_path": ref,
                "sha": self.commit,
                "pipeline_source": "push",
                **environment,
            }
        return {
            "sub": f"repo:{home}:environment:{who.environment}" if who.environment else f"repo:{home}:ref:{ref}",
            "repository": home,
            "repository_owner": who.owner,
            "repository_owner_id": "1",
            "job_workflow_ref": f"{home}/.github/workflows/{who.workflow}@{ref}",
            "event_name": "push",
            "ref": ref,
            "sha": self.commit,
            **environment,
        }


@dataclass(frozen=True)
class Issuer:
    """Signs tokens, and knows its own again. ``clock``: seconds since 1970."""

    key: Any = field(repr=False)
    bearer: str = field(repr=False)
    clock: Callable[[], float] = time.time
    name: str = NAMES["github"]

    @classmethod
    def make(cls, clock: Callable[[], float] = time.time, *, forge: str = "github") -> Issuer:
        """Return an issuer with a key of its own, and a secret for the one job that may ask it."""
        # Only a rehearsal needs it.
        from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return cls(key, secrets.token_urlsafe(), clock, NAMES[forge])

    def token(self, sender: Sender, *audience: str) -> str:
        """Return a token for a job; ``audience``: whom it is for."""
        import jwt  # noqa: PLC0415 - see make()

        now = int(self.clock())
        times = {"iat": now, "nbf": now, "exp": now + LIFETIME}
        whom = audience[0] if len(audience) == 1 else list(audience)
        claims = {**sender.claims(), **times, "iss": self.name, "aud": whom, "jti": secrets.token_hex(16)}
        return jwt.encode(claims, self.key, algorithm="RS256")

    @staticmethod
    def name_in(token: str) -> str | None:
        """Return who says to have signed a token, whether or not that is true; None when it is no token."""
        import jwt  # noqa: PLC0415 - see make()

        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None
        name = claims.get("iss")
        return name if isinstance(name, str) else None

    def read(self, token: str, audience: str) -> dict[str, Any] | None:
        """Return the claims of a token; None when it is not signed here, is for somebody else, or is out of date."""
        import jwt  # noqa: PLC0415 - see make()

        wanted = ["iss", "iat", "exp", "aud", "jti"]
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self.key.public_key(),
                algorithms=["RS256"],
                audience=audience,
                issuer=self.name,
                leeway=LEEWAY,
                options={"require": wanted, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None
        return claims if claims["iat"] - LEEWAY <= self.clock() <= claims["exp"] + LEEWAY else None
