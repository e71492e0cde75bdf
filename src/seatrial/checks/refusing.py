"""What the checks have in common that ask whether a release would be refused: by git, the remote, or seatrial itself.

A release and a preflight say the same, because they walk the same way: each reason that a release would end with is
claimed by one check, and a test sees to it that none is forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from seatrial.facts.walk import Stage, Walk


class Refusal:
    """A check that fails for errors with some ``codes``, or of families with such names.

    It knows nothing before a ``stage`` was walked through.
    """

    weight: ClassVar[Weight] = Weight.ERROR
    needs: ClassVar[tuple[str, ...]] = ()
    code: ClassVar[str]
    codes: ClassVar[tuple[str, ...]]
    stage: ClassVar[Stage]

    def verdict(self, walk: Walk) -> Finding:
        """Say which of its reasons there are."""
        found = walk.refused_by(self.codes)
        if found:
            fixes = dict.fromkeys(one.fix for one in found if one.fix)
            return Finding.failed("\n".join(one.what for one in found), "\n".join(fixes))
        return Finding.passed() if self.stage in walk.reached else Finding.unknown(self.stage.value)
