"""What runs the jobs of a pipeline of GitLab: this machine, in the place of runners and images.

GitLab, "CI/CD YAML syntax reference", and "Shells supported by GitLab Runner": the commands of a job run in one shell,
which ends with the first that fails.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial import interpreters, shell
from seatrial.facts.distribution import SUFFIXES, Distribution, paths_in
from seatrial.facts.pipeline import TO_LISTEN, Pipeline
from seatrial.facts.pipeline_commands import Commands
from seatrial.facts.pipeline_rules import expanded
from seatrial.facts.pipeline_text import FILE, files_below
from seatrial.facts.pipeline_variables import variables_of
from seatrial.facts.project import Project
from seatrial.facts.session_names import sessions_of
from seatrial.mishaps import LegFailed
from seatrial.rehearsal import handover
from seatrial.rehearsal.legs import ALWAYS, Ready
from seatrial.rehearsal.machine import bash, insist_on_success, path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from seatrial.facts.pipeline_jobs import PipelineJob
    from seatrial.rehearsal.course import Course
    from seatrial.rehearsal.world import World
    from seatrial.release.proof import Proof

Row = tuple[tuple[str, str], ...]

TELL = "import json, os, sys; json.dump([os.getcwd(), dict(os.environ)], open(sys.argv[1], 'w'))"
"""What the shell of a job ends with, so that the upload can be in the same folder, with the same variables."""

ATTESTATIONS = " --attestations"


@dataclass(frozen=True)
class Runner:
    """Runs what comes before the upload. ``branch``: the default one; ``tests``: whether sessions run that test."""

    world: World
    course: Course
    branch: str
    tests: bool

    def about(self, tag: str) -> str:
        """Say what it does."""
        return f"the jobs of {FILE} that {tag} starts, up to the upload, each in a fresh checkout"

    def run(self, proof: Proof, say: Callable[[str], None]) -> Ready:
        """Run the jobs, and return what is ready to be uploaded. Raises `LegFailed` or `PipelineInvalid`."""
        known = variables_of(self.course.sender, proof.tag, proof.commit, self.branch, self.course.host)
        pipeline = Pipeline.of(self.course.pipeline, files_below(self.world.clone), known)
        job = pipeline.publishing_job((self.course.sender.environment,))
        if job is None:
            raise LegFailed(pipeline.deafness(proof.tag), fix=TO_LISTEN)
        self._know_branch(proof)
        yard = _Yard(self, pipeline, {**known, **dict(pipeline.variables)}, proof, say)
        for one in pipeline.before(job):
            yard.run(one)
        return yard.ready(job)

    def _know_branch(self, proof: Proof) -> None:
        """Let the branch that was released from stand for the default one: a rehearsal can be begun on another."""
        ref = f"refs/heads/{self.branch}"
        if self.world.attempt("git", "rev-parse", "--verify", ref, cwd=self.world.remote).returncode:
            self.world.run("git", "update-ref", ref, proof.commit, cwd=self.world.remote)


@dataclass
class _Yard:
    """The jobs of one pipeline, and what they have handed on so far."""

    runner: Runner
    pipeline: Pipeline
    known: Mapping[str, str]
    proof: Proof
    say: Callable[[str], None]
    handed: dict[str, list[handover.Handed]] = field(default_factory=dict)
    images: list[str] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    count: int = 0

    @property
    def world(self) -> World:
        return self.runner.world

    def run(self, job: PipelineJob) -> None:
        """Run a job, once for each row of its matrix, and keep what it hands on."""
        commands = Commands.of(job.commands)
        if not commands.makes:
            self.not_run.append(job.name)
            return
        for row in job.rows:
            values = self._values(job, row)
            sessions = [name for text in commands.run for name in sessions_of(expanded(text, values))]
            missing = self._missing(sessions)
            if missing:
                self.not_run.append(f"{job.name} ({', '.join(missing)}: that Python is not installed)")
            elif self.runner.tests or set(ALWAYS).issuperset(sessions):
                self._run(job, row, values, commands)

    def ready(self, job: PipelineJob) -> Ready:
        """Run what the job that publishes does before it uploads, and find the files."""
        values = self._values(job, job.rows[0])
        commands = Commands.of(job.commands)
        cwd, environment = self._run(job, job.rows[0], values, commands)
        remarks = self._remarks(commands)
        paths = _named(commands.upload, cwd, environment) if commands.is_for_twine else []
        if not paths:
            paths = list(paths_in(cwd / "dist"))
        if not paths:
            told = "; ".join(commands.upload)
            raise LegFailed(
                f"nothing lies there that the job {job.name} of {FILE} could upload: {told}",
                fix="artifacts:\n  paths: [dist/]\nin the job that builds, and needs: [that job]",
            )
        script = tuple(one.replace(ATTESTATIONS, "") for one in commands.upload) if commands.is_for_twine else ()
        for line in script:
            self.say(f"in the next leg: {line}")
        files = tuple(Distribution.from_path(path) for path in paths)
        tokens = () if job.has_password else job.tokens
        return Ready(files, environment, cwd, script, tokens, remarks)

    def _remarks(self, commands: Commands) -> tuple[str, ...]:
        images = ", ".join(dict.fromkeys(self.images))
        told = [f"this machine and its tools stood for the images {images}"] if images else []
        told += [f"not run of {FILE}: {', '.join(self.not_run)}"] if self.not_run else []
        told += [f"twine stood for: {'; '.join(commands.upload)}"] if not commands.is_for_twine else []
        if any(ATTESTATIONS in one for one in commands.upload):
            told.append("no attestations were made and uploaded: Sigstore makes them")
        return tuple(told)

    def _values(self, job: PipelineJob, row: Row) -> dict[str, str]:
        """Return the variables of a job, without those of the jobs before it."""
        own = {"CI_JOB_NAME": job.name, "CI_JOB_STAGE": job.stage, "CI_ENVIRONMENT_NAME": job.environment}
        values = {**self.known, **own}
        for name, text in (*job.variables, *row):
            values[name] = expanded(text, values)
        return values

    def _missing(self, sessions: Sequence[str]) -> list[str]:
        """Return the sessions of Pythons that are not installed: an image would bring them."""
        project = Project.from_directory(self.world.project)
        here = {one.version for one in interpreters.find(project.pythons, os.environ)}
        wanted = [(name, name.rpartition("-")[2]) for name in sessions]
        return [name for name, python in wanted if python in project.pythons and python not in here]

    def _run(
        self, job: PipelineJob, row: Row, values: dict[str, str], commands: Commands
    ) -> tuple[Path, Mapping[str, str]]:
        """Run a job; return the folder and the variables in which its shell ended. Raises `LegFailed`."""
        self.count += 1
        folder = self._folder(values)
        values = {**values, "CI_PROJECT_DIR": str(folder), "CI_BUILDS_DIR": str(folder.parent)}
        waited = self.pipeline.waits_for(job)
        for name in (need.job for need in waited if need.hands_on and (job.takes is None or need.job in job.takes)):
            for one in self.handed.get(name, ()):
                one.give(folder)
                values.update(one.variables)
        # What a matrix or a job names is meant, whatever a job before it has told.
        values = {**values, **dict(row)}
        self._announce(job, row, expanded(job.image, values), commands)
        ended = self._shell(
            folder, {**self.world.environment, **values, "PATH": path_of(self.world)}, commands.run, job
        )
        store = self.world.folder / "handed" / str(self.count)
        handed = handover.take(folder, store, [expanded(one, values) for one in job.artifacts], job.dotenv)
        self.handed.setdefault(job.name, []).append(handed)
        return ended

    def _folder(self, values: Mapping[str, str]) -> Path:
        """Return the folder of a job: a fresh checkout of the tag, or nothing where it wants none."""
        name = f"job-{self.count}"
        if values.get("GIT_STRATEGY") in ("none", "empty"):
            (self.world.folder / name).mkdir()
        else:
            self.world.checkout(self.proof.tag, name)
        return self.world.folder / name

    def _announce(self, job: PipelineJob, row: Row, image: str, commands: Commands) -> None:
        told = ", ".join(f"{name}={value}" for name, value in row)
        where = f", on this machine instead of {image}" if image else ""
        by_hand = ", which somebody starts by hand" if job.start.when == "manual" else ""
        self.say(f"job {job.name}{f' ({told})' if told else ''}{where}{by_hand}")
        self.images += [image] if image else []
        for line in commands.left_out:
            head, more, _ = line.partition("\n")
            self.say(f"left out: {head}{' …' if more else ''}")

    def _shell(
        self, folder: Path, environment: Mapping[str, str], commands: Sequence[str], job: PipelineJob
    ) -> tuple[Path, Mapping[str, str]]:
        script, told = self.world.folder / f"job-{self.count}.sh", self.world.folder / f"job-{self.count}.json"
        lines = ["set -eo pipefail", "set -a"]
        for command in commands:
            lines += [f"printf '%s\\n' {shlex.quote(f'$ {line}')}" for line in command.splitlines()]
            lines.append(command)
        lines.append(shlex.join((sys.executable, "-c", TELL, str(told))))
        script.write_bytes("\n".join(lines).encode() + b"\n")
        done = shell.follow((*bash(environment), str(script)), cwd=folder, env=environment, say=self.say)
        if not job.may_fail:
            insist_on_success(f"the job {job.name} of {FILE}", done)
        if not told.exists():
            self.say(f"job {job.name} failed, as it may")
            return folder, environment
        cwd, ended = json.loads(told.read_text(encoding="utf-8"))
        return Path(cwd), ended


def _named(commands: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> list[Path]:
    """Return the distributions that ``twine upload`` names."""
    found: dict[Path, None] = {}
    for command in commands:
        for word in shlex.split(command):
            pattern = expanded(word, environment)
            try:
                paths = sorted(cwd.glob(pattern.removeprefix(f"{cwd}/").removeprefix("./")))
            except (ValueError, NotImplementedError):
                continue
            found.update((path, None) for path in paths if path.name.endswith(SUFFIXES))
    return list(found)
