"""Whether something went into an archive that should have stayed at home."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.rule import Rule, shown, verdict
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from seatrial.facts.archive import Archive

OF_PYPI = "a token of PyPI"

CREDENTIALS = frozenset((".pypirc", ".netrc", "_netrc", ".git-credentials", ".htpasswd", "id_rsa", "id_ed25519"))
"""Files whose use is to hold a password, a token or a key."""

SETTINGS = (".env", ".env.local", ".envrc")
"""Files that often hold one."""

FOLDERS = frozenset(
    (
        *(".git", ".hg", ".svn", ".venv", ".tox", ".nox", "__pycache__", "node_modules", ".eggs"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".idea", "htmlcov"),
    )
)
"""Folders that tools make and nobody means to ship."""

FILES = frozenset((".DS_Store", "Thumbs.db", ".coverage", "pyvenv.cfg"))


class NoToken(Rule):
    """There is no token of PyPI in the archive."""

    code: ClassVar[str] = "DIST301"
    needs: ClassVar[tuple[str, ...]] = ("DIST011",)

    def check(self, facts: Archive) -> Finding:
        """Whoever downloads it can release in your name."""
        bad = shown(f"{one.member} has {one.looks_like}" for one in facts.contents.secrets if one.looks_like == OF_PYPI)
        return verdict(bad, "revoke the token on PyPI now, take it out of the file, and build again")


class NoSecret(Rule):
    """There is nothing in the archive that looks like another secret."""

    code: ClassVar[str] = "DIST302"
    weight: ClassVar[Weight] = Weight.WARNING
    needs: ClassVar[tuple[str, ...]] = ("DIST011",)

    def check(self, facts: Archive) -> Finding:
        """What is on an index stays there: everybody has it, and it is searched for such things."""
        bad = shown(f"{one.member} has {one.looks_like}" for one in facts.contents.secrets if one.looks_like != OF_PYPI)
        return verdict(bad, "revoke it if it is real; if tests need it, ignore this check, with that reason")


class NoCredentials(Rule):
    """There is no file in the archive whose use is to hold a password."""

    code: ClassVar[str] = "DIST303"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: Archive) -> Finding:
        """What lies beside the sources by chance is packed with them."""
        names = (one.name for one in facts.files)
        bad = [name for name in names if name.rpartition("/")[2] in CREDENTIALS or name.endswith(_paths(SETTINGS))]
        return verdict(shown(bad), "move it out of the project, and revoke what is in it if it has been released")


class NoStrays(Rule):
    """There is nothing in the archive that tools make."""

    code: ClassVar[str] = "DIST304"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: Archive) -> Finding:
        """Caches and environments make a distribution large, and say more of your machine than you would."""
        bad = (one.name for one in facts.files if _is_stray(one.name))
        return verdict(shown(bad), "add it to .gitignore, or exclude it in the configuration of the build backend")


def _paths(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"/{name}" for name in names)


def _is_stray(name: str) -> bool:
    *folders, last = name.split("/")
    return not FOLDERS.isdisjoint(folders) or last in FILES or last.endswith((".swp", "~"))
