"""A CI file that publishes, as far as an index and a rehearsal have to know it.

GitHub, "Workflow syntax for GitHub Actions"; GitLab, "CI/CD YAML syntax reference".
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PUBLISHES = re.compile(
    r"gh-action-pypi-publish|\btwine upload\b|\buv publish\b|\bseatrial publish\b|\binvoke publish\b"
)
"""What a step that uploads has in ``uses`` or in ``run``."""

ENDS_A_COMMAND = {"&&", "||", ";", "|", "--"}


@dataclass(frozen=True)
class Job:
    """A job.

    ``commands``: the texts of its ``run``; ``may_ask``: whether it may ask for an identity token; ``has_password``:
    whether a stored password is handed to one of its steps.
    """

    name: str
    environment: str = ""
    commands: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    may_ask: bool = False
    has_password: bool = False

    @property
    def publishes(self) -> bool:
        """Whether one of its steps uploads to an index."""
        return any(PUBLISHES.search(text) for text in (*self.commands, *self.uses))


@dataclass(frozen=True)
class Workflow:
    """A workflow of GitHub: ``name`` of the file; ``tags``: the patterns of tags that start it."""

    name: str
    tags: tuple[str, ...] = ()
    jobs: tuple[Job, ...] = ()

    @classmethod
    def from_text(cls, name: str, text: str) -> Workflow | None:
        """Read a file; None when it is no workflow."""
        # Only a rehearsal and the checks of CI files need it.
        import yaml  # noqa: PLC0415

        try:
            told = yaml.safe_load(text)
        except yaml.YAMLError:
            return None
        if not isinstance(told, dict) or not isinstance(told.get("jobs"), dict):
            return None
        # YAML 1.1 reads the key "on" as a truth.
        started = told.get("on", told.get(True))
        push = started.get("push") if isinstance(started, dict) else None
        tags = push.get("tags") if isinstance(push, dict) else ()
        jobs = tuple(
            _job(str(key), job, told.get("permissions")) for key, job in told["jobs"].items() if isinstance(job, dict)
        )
        return cls(name, tuple(map(str, tags)) if isinstance(tags, list) else (), jobs)

    def publishing_job(self, environments: Iterable[str] = ()) -> Job | None:
        """Return the job that uploads; of several, one of these environments, or else the last."""
        jobs = [job for job in self.jobs if job.publishes]
        wanted = [job for job in jobs if job.environment in set(environments)] or jobs
        return wanted[-1] if wanted else None

    def sessions(self) -> tuple[str, ...]:
        """Return the nox sessions that its steps name; those that stand in a variable are not known here."""
        texts = (text for job in self.jobs for text in job.commands)
        return tuple(dict.fromkeys(name for text in texts for name in sessions_of(text)))


def sessions_of(commands: str) -> Iterator[str]:
    """Yield the sessions that ``nox -s`` or ``nox --session`` names in the text of a step."""
    for line in commands.replace("\\\n", " ").splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        if not any(word == "nox" or word.endswith("/nox") for word in words):
            continue
        is_name = False
        for word in words:
            if word.startswith("-") or word in ENDS_A_COMMAND:
                is_name = word in ("-s", "-e", "--session", "--sessions")
            elif is_name and "$" not in word:
                yield word


def _job(name: str, told: Mapping[str, Any], permissions: object) -> Job:
    steps = [step for step in told.get("steps") or () if isinstance(step, dict)]
    environment = told.get("environment", "")
    return Job(
        name=name,
        environment=str(environment.get("name", "") if isinstance(environment, dict) else environment or ""),
        commands=tuple(str(step["run"]) for step in steps if "run" in step),
        uses=tuple(str(step["uses"]) for step in steps if "uses" in step),
        may_ask=_grants_identity(told.get("permissions", permissions)),
        has_password=any(_is_password(key) for one in (told, *steps) for key in _keys(one, "env") | _keys(one, "with")),
    )


def _keys(told: Mapping[str, Any], name: str) -> set[str]:
    found = told.get(name)
    return set(map(str, found)) if isinstance(found, dict) else set()


def _is_password(name: str) -> bool:
    return name in ("password", "TWINE_PASSWORD", "UV_PUBLISH_TOKEN", "UV_PUBLISH_PASSWORD")


def _grants_identity(permissions: object) -> bool:
    if isinstance(permissions, dict):
        return permissions.get("id-token") == "write"
    return permissions == "write-all"
