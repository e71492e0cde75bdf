"""What building a second time shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.rule import verdict
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from seatrial.facts.rebuilt import Rebuilt


class Reproducible:
    """The same commit gives the same bytes, in another folder too."""

    code: ClassVar[str] = "DIST412"
    weight: ClassVar[Weight] = Weight.WARNING
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, facts: Rebuilt) -> Finding:
        """CI builds again what was proved here; if it gets other bytes, nobody can tell whether they are the same."""
        said = (str(one) for one in facts.again)
        return verdict(said, "find what the build takes from the clock, the folder, or the order of a set")


class SdistSuffices:
    """The wheel that is built from the sdist is the one that is built from the tree."""

    code: ClassVar[str] = "DIST413"
    weight: ClassVar[Weight] = Weight.WARNING
    needs: ClassVar[tuple[str, ...]] = ("DIST412",)

    def check(self, facts: Rebuilt) -> Finding:
        """What the sdist lacks, everybody lacks who builds from it; here the wheel is built from it, too."""
        said = [str(facts.direct)] if facts.direct else []
        return verdict(said, "have the build backend put into the sdist what the wheel takes from the tree")
