"""Upload tokens for identity tokens, in the words of PyPI (its ``oidc/views.py``)."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seatrial.checks.rule import help_page
from seatrial.facts.publisher import NOT_FOUND

if TYPE_CHECKING:
    from seatrial.facts.publisher import Publisher
    from seatrial.rehearsal.issuer import Issuer

AUDIENCE = "pypi"
LIFETIME = 900
"""Seconds that an upload token is good for."""

UNMATCHED = "valid token, but no corresponding publisher ({})"
NO_PUBLISHER = UNMATCHED.format(NOT_FOUND)


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
    """Makes upload tokens for the one publisher that is registered; safe to use from several threads.

    ``lifetime``: that of a token in seconds.
    """

    publisher: Publisher
    issuer: Issuer
    lifetime: int = LIFETIME
    _used: set[str] = field(default_factory=set, repr=False)
    _known: dict[str, int] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def exchange(self, body: object) -> Minted:
        """Return an upload token for the identity token in ``{"token": …}``."""
        token = body.get("token") if isinstance(body, dict) else None
        claims = self.issuer.read(token, AUDIENCE) if isinstance(token, str) else None
        if claims is None:
            return self._unreadable(token)
        why = self.publisher.mismatch(claims)
        if why:
            return Minted(code="invalid-publisher", description=UNMATCHED.format(why))
        with self._lock:
            if claims["jti"] in self._used:
                return Minted(code="invalid-reuse-token", description="invalid token: already used")
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
            told = "Invalid or non-existent authentication information."
            return f"{told} See {help_page('invalid-auth')} for more information."
        return "Invalid API Token: token is expired" if self.issuer.clock() >= expires else None

    def _unreadable(self, token: object) -> Minted:
        """Return what is wrong with an identity token that is not one of the issuer's."""
        if not isinstance(token, str):
            return Minted(code="invalid-payload", description="Input should be a valid string")
        issuer = self.issuer.name_in(token)
        if issuer is None:
            return Minted(code="invalid-payload", description="malformed JWT")
        if issuer != self.issuer.name:
            return Minted(code="invalid-payload", description="unknown trusted publishing issuer")
        return Minted(code="invalid-token", description="malformed or invalid token")
