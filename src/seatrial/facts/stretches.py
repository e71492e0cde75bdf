"""Patterns for what stands somewhere after something else, which take no longer than the text is long."""

from __future__ import annotations


def followed(name: str, first: str, rest: str, *, ends: str = r"\n") -> str:
    r"""Return a pattern for ``first`` with ``rest`` after it in the same stretch of text.

    ``name``: that of a group, which no other has; ``ends``: the signs that end a stretch, as in ``[…]``. ``.*`` between
    the two would be searched anew from each ``first``: here it is from the first of a stretch alone, which finds as
    much. Python has atomic groups since 3.11 only; a lookahead and a reference to it are the same.
    """
    inside = f"[^{ends}]"
    return rf"(?<!{inside})(?=(?P<{name}>{inside}*?{first}))(?P={name}){inside}*{rest}"
