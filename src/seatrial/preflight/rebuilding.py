"""A second build of the same commit, in another folder."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.facts.comparison import Sameness, compare
from seatrial.facts.project import Project
from seatrial.facts.rebuilt import Difference, Rebuilt
from seatrial.release import voyage
from seatrial.source_tree import SourceTree
from seatrial.tools import installer, pypabuild
from seatrial.tools.git import Git

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.build_record import Built
    from seatrial.facts.distribution import Distribution
    from seatrial.tools.scratch import Scratch


def again(scratch: Scratch, built: Built, say: Callable[[str], None]) -> Rebuilt:
    """Build once more what was built in the scratch clone: the sdist, and the wheel straight from the tree.

    If that wheel is another, it is built from the sdist once more, to tell a wheel that is never the same from an sdist
    that lacks something. Raises `BuildError` or `InstallFailed`.
    """
    say("building both once more, in another folder, the wheel straight from the tree")
    with tempfile.TemporaryDirectory(prefix="seatrial-again-") as folder:
        top = Path(folder, "tree")
        # With its git folder, from which some backends take versions and the list of files.
        shutil.copytree(scratch.root, top, symlinks=True)
        Git(top).run("clean", "--quiet", "-ffdx")
        project = Project.from_directory(top / scratch.repository.prefix)
        epoch = SourceTree.survey(project).epoch
        environment = pypabuild.BuildEnvironment(voyage.state_of(scratch.repository) / "build", installer.best())
        into = Path(folder, "direct")
        sdist, wheel = pypabuild.build_from_tree(project.root, into, environment, epoch)
        changed = [*_difference(built.sdist, sdist)]
        if not built.wheel.is_for_any_machine:
            # A compiler writes down the folder that it ran in, and such a wheel is not published.
            return Rebuilt(tuple(changed))
        direct = next(iter(_difference(built.wheel, wheel)), None)
        if direct:
            _, like = pypabuild.build_distributions(project.root, Path(folder, "like"), environment, epoch)
            changed += _difference(built.wheel, like)
        return Rebuilt(tuple(changed), direct)


def _difference(first: Distribution, second: Path) -> list[Difference]:
    found = compare(first.path, second)
    return [] if found.sameness is Sameness.IDENTICAL else [Difference(first.path.name, found.differences)]
