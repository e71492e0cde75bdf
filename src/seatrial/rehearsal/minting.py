"""Upload tokens for identity tokens, in the words of PyPI (its ``oidc/views.py``)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seatrial.facts.publisher import Publisher
    from seatrial.rehearsal.issuer import Issuer

AUDIENCE = "pypi"
LIFETIME = 900
"""Seconds that an upload token is good for."""

NO_PUBLISHER = "valid token, but no corresponding publisher (Publisher with matching claims was not found)"


@dataclass(frozen=True)
class Minted:
    """An answer: an upload token and when it expires (seconds since 1970), or a code and what it means."""

    token: str = ""
    expires: int = 0
    code: str = ""
    description: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        if self.code:
            told = [{"code": self.code, "description": self.description}]
            return {"message": "Token request failed", "errors": told}
        return {"success": True, "token": self.token, "expires": self.expires}


@dataclass
class Mint:
    """Makes upload tokens for the one publisher that is registered. ``lifetime``: that of a token in seconds."""

    publisher: Publisher
    issuer: Issuer
    lifetime: int = LIFETIME
    _used: set[str] = field(default_factory=set, repr=False)
    _known: dict[str, int] = field(default_factory=dict, repr=False)

    def exchange(self, body: object) -> Minted:
        """Return an upload token for the identity token in ``{"token": …}``."""
        token = body.get("token") if isinstance(body, dict) else None
        if not isinstance(token, str):
            return Minted(code="invalid-payload", description="Input should be a valid string")
        if token.count(".") != len(("header", "claims", "signature")) - 1:
            return Minted(code="invalid-payload", description="malformed JWT")
        claims = self.issuer.read(token, AUDIENCE)
        if claims is None:
            return Minted(code="invalid-token", description="malformed or invalid token")
        if claims["jti"] in self._used:
            return Minted(code="invalid-reuse-token", description="invalid token: already used")
        if not _is_of(self.publisher, claims):
            return Minted(code="invalid-publisher", description=NO_PUBLISHER)
        self._used.add(claims["jti"])
        made = f"pypi-{secrets.token_urlsafe(96)}"
        self._known[made] = int(self.issuer.clock()) + self.lifetime
        return Minted(made, self._known[made])

    def burn(self, body: object) -> None:
        """Forget an upload token."""
        if isinstance(body, dict):
            self._known.pop(str(body.get("token")), None)

    def refusal(self, token: str) -> str | None:
        """Return why a token lets nobody in, None if it does."""
        expires = self._known.get(token)
        if expires is None:
            return "Invalid or non-existent authentication information."
        return "Invalid API Token: token is expired" if self.issuer.clock() > expires else None


def _is_of(publisher: Publisher, claims: dict[str, Any]) -> bool:
    """Whether claims are those of a publisher; one without an environment takes every environment."""
    home = f"{publisher.owner}/{publisher.repository}"
    file = f"{home}/.github/workflows/{publisher.workflow}@"
    environment = str(claims.get("environment", ""))
    return (
        str(claims.get("repository", "")).lower() == home.lower()
        and str(claims.get("job_workflow_ref", "")).lower().startswith(file.lower())
        and publisher.environment.lower() in ("", environment.lower())
    )
