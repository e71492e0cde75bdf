"""Walking through a release in the process of a test, as a preflight does, without building anything."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from seatrial.checks import catalogue
from seatrial.facts.listing import Listing
from seatrial.facts.trigger import Trigger
from seatrial.plan import Wish
from seatrial.preflight import learning
from seatrial.preflight.insisting import judged
from seatrial.preflight.walking import try_push, walked

if TYPE_CHECKING:
    import pytest

    from seatrial.findings import Finding
    from trial import Trial


def enter(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this process the environment that the commands of a project have."""
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, value in trial.environ.items():
        monkeypatch.setenv(name, value)


def findings(trial: Trial, options: str, *, lists_sessions: bool = False) -> dict[str, Finding]:
    """Return what the checks find that need no build and no index, by their codes.

    ``options``: those of the release; ``lists_sessions``: whether nox is asked for the sessions of the project, without
    which what is found of them means nothing.
    """
    words = dict(zip(*[iter(options.split())] * 2))
    with walked(trial.root, Wish(words.get("--part", ""), words.get("--version", ""))) as walking:
        try_push(walking)
        judgements = list(judged(catalogue.OF_THE_WALK, walking.walk(), {}))
        if walking.project and walking.scratch:
            listing = Listing()
            if lists_sessions:
                with learning.asked(walking.project, walking.config) as asked:
                    listing = asked.listing.result()
            publishing = learning.publishing(walking.project, walking.config, walking.scratch, walking.tag)
            trigger = learning.trigger(walking.project, walking.scratch, Trigger(walking.tag, publishing, listing))
            sources = learning.sources(walking.project, walking.scratch, listing, publishing)
            judgements += judged(catalogue.OF_THE_SOURCES, sources, {})
            judgements += judged(catalogue.OF_THE_TRIGGER, trigger, {})
    return {judgement.code: judgement.finding for judgement in judgements}
