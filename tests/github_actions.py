"""GitHub, as far as the jobs of a workflow use it: checkouts, artifacts, outputs, and ``gh`` with its releases."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sample_project import RunResult
from seatrial.checks.workflows import CHECKOUT_PIN, DOWNLOAD_ARTIFACT_PIN, PUBLISH_PIN, UPLOAD_ARTIFACT_PIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from release_repo import ReleaseRepo
    from seatrial.rehearsal.network import LocalNetwork
    from seatrial.rehearsal.oidc import CiIdentity


# A path with a blank cannot stand behind #!: the shell reads three lines, and Python takes them for a string.
GH = """\
#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import json, os, pathlib, shutil, subprocess, sys
forge, (command, *words) = pathlib.Path({forge!r}), sys.argv[1:]
options = {{"--repo", "--json", "--jq", "--title", "--notes-file"}}
if command == "api" and words[0].endswith(("/git/tags", "/git/refs")):
    fields = dict(word.split("=", 1) for before, word in zip(words, words[1:]) if before == "--raw-field")
    if os.environ.get("GH_FAILS") == words[0].rpartition("/")[2]:
        sys.exit("HTTP 502")
    tagger = "tagger CI <ci@example.invalid> 1709208000 +0000"
    text = "object {{object}}\\ntype {{type}}\\ntag {{tag}}\\n" + tagger + "\\n\\n{{message}}\\n"
    git = ["git", "update-ref", fields["ref"], fields["sha"], "0" * 40] if "ref" in fields else ["git", "mktag"]
    given = None if "ref" in fields else text.format(**fields)
    done = subprocess.run(git, cwd={remote!r}, capture_output=True, text=True, input=given)
    print(done.stdout, done.stderr, end="", sep="")
    sys.exit(done.returncode)
if command == "api":
    ref = words[0].partition("/commits/")[2]
    command = ["git", "rev-parse", f"refs/{{ref}}^{{{{commit}}}}"]
    done = subprocess.run(command, cwd={remote!r}, capture_output=True, text=True)
    print(done.stdout, end="")
    sys.exit(done.returncode)
verb, tag, rest = words[0], words[1], words[2:]
release, state = forge / tag, forge / tag / ".state"
given = dict(zip(rest, rest[1:]))
files = [word for before, word in zip(["", *rest], rest) if before not in options and not word.startswith("--")]
if verb == "create" and not state.exists():
    release.mkdir(parents=True, exist_ok=True)
    (release / ".notes").write_text(pathlib.Path(given["--notes-file"]).read_text())
    state.write_text("true")
    for number, file in enumerate(files):
        if os.environ.get("GH_FAILS") == str(number):
            sys.exit("HTTP 502")
        shutil.copy(file, release)
    state.write_text("false")
elif not state.exists():
    sys.exit("release not found")
elif verb == "view" and given["--json"] == "isDraft":
    print(state.read_text())
elif verb == "view":
    print(*sorted(path.name for path in release.glob("[!.]*")), sep="\\n")
elif verb == "delete" and state.read_text() == "true":
    shutil.rmtree(release)
elif verb == "upload":
    if any((release / pathlib.Path(file).name).exists() for file in files):
        sys.exit("asset under the same name already exists")
    for file in files:
        shutil.copy(file, release)
else:
    sys.exit(f"{{verb}}: a release with the same tag name already exists: {{tag}}")
"""
"""The substitute for gh: a release is a folder, with its files, its notes, and whether it is a draft."""

EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")


@dataclass
class GithubActions:
    """A run of the workflow ``name`` for a tag; ``folder``: where jobs work, ``net``: where they publish.

    ``before``: the commit of main before the push that started the run, where it was a push of main and not of the tag.
    ``inputs``: those of a run that was started by hand, on the branch ``tag``; ``address``: that of the remote in its
    checkout. ``outputs``: by the name of a job, those that it ended with; they stay when another job is run again.
    """

    repo: ReleaseRepo
    name: str
    tag: str
    folder: Path
    network: LocalNetwork | None = None
    identity: CiIdentity | None = None
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    summaries: dict[str, str] = field(default_factory=dict)
    before: str | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    address: str | None = None
    _count: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        pushed = "main" if self.before else self.tag
        self.commit = self.repo.remote.git("rev-parse", f"{pushed}^{{commit}}").strip()
        self.workflow: dict[str, Any] = yaml.safe_load(
            self.repo.remote.git("show", f"{self.commit}:.github/workflows/{self.name}")
        )
        program = self.folder / "bin/gh"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(
            GH.format(python=sys.executable, forge=str(self.folder / "releases"), remote=str(self.repo.remote.root))
        )
        program.chmod(0o755)

    def rows(self, job: str = "plan") -> list[dict[str, str]]:
        """Return the rows of the matrix that the job plan has made."""
        rows: list[dict[str, str]] = json.loads(self.outputs[job]["matrix"])["include"]
        return rows

    def released(self) -> dict[str, str]:
        """Return the files of the release on the forge, by name, and its notes and state."""
        paths = (self.folder / "releases" / self.tag).iterdir()
        return {path.name: path.read_bytes().hex() if path.name[0] != "." else path.read_text() for path in paths}

    def run(self, name: str, row: Mapping[str, str] | None = None, **environ: str) -> RunResult:
        """Run a job, as GitHub does on a machine of its own, up to the first step that fails."""
        job = self.workflow["jobs"][name]
        number = next(self._count)
        place = self.folder / f"{number}-{name}"
        (place / "work").mkdir(parents=True)
        ref_name = "main" if self.before else self.tag
        values = {"github.token": "t0ken", "github.ref_name": ref_name, "github.event.before": self.before or ""}
        values |= {f"inputs.{key}": value for key, value in self.inputs.items()}
        values |= {f"matrix.{key}": value for key, value in (row or {}).items()}
        values |= {
            f"needs.{needed}.outputs.{key}": value for needed, out in self.outputs.items() for key, value in out.items()
        }
        output = ""
        common = {key: _filled(value, values) for key, value in job.get("env", {}).items()}
        environ = {"GITHUB_REF_NAME": ref_name, **common, **environ}
        for step in job["steps"]:
            ran = self._step(step, place, values, environ)
            output += ran.output
            if ran.returncode:
                return RunResult(ran.returncode, output)
        self.outputs[name] = {key: _filled(value, values) for key, value in job.get("outputs", {}).items()}
        page = place / "github_step_summary"
        self.summaries[name] = page.read_text() if page.exists() else ""
        return RunResult(0, output)

    def _step(self, step: dict[str, Any], place: Path, values: dict[str, str], environ: dict[str, str]) -> RunResult:
        inputs = {key: _filled(str(value), values) for key, value in step.get("with", {}).items()}
        action = step.get("uses", "").partition("@")[0]
        work = place / "work"
        if action == _name(CHECKOUT_PIN):
            self.repo.remote.git("clone", "-q", "--no-checkout", str(self.repo.remote.root), str(work))
            if self.address:
                self.repo.project.run("git", "-C", str(work), "remote", "set-url", "origin", self.address)
                return self.repo.project.run(
                    "git", "-C", str(work), "checkout", "-q", "-B", self.tag, f"origin/{self.tag}"
                )
            return self.repo.project.run("git", "-C", str(work), "checkout", "-q", "--detach", self.commit)
        if action == _name(UPLOAD_ARTIFACT_PIN):
            return self._keep(step, inputs, place, values)
        if action == _name(DOWNLOAD_ARTIFACT_PIN):
            shutil.copytree(
                self.folder / "artifacts" / inputs["artifact-ids"], work / inputs["path"], dirs_exist_ok=True
            )
            return RunResult(0, "")
        if action == _name(PUBLISH_PIN):
            assert self.network is not None
            assert self.identity is not None
            env = self.network.environment(self.repo.project.environ, self.identity)
            files = sorted(map(str, (work / "dist").iterdir()))
            return _ran([sys.executable, "-m", "twine", "--no-color", "upload", "--non-interactive", *files], work, env)
        return self._command(step, place, values, environ) if "run" in step else RunResult(0, "")

    def _command(self, step: dict[str, Any], place: Path, values: dict[str, str], environ: dict[str, str]) -> RunResult:
        if "pip install" in step["run"] or "uv sync" in step["run"]:
            return RunResult(0, "")
        files = {name: place / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV")}
        for path in files.values():
            path.touch()
        env = {
            **self.repo.project.environ,
            "CI": "true",
            "GITHUB_REPOSITORY": "acme/tidepool",
            "GITHUB_SHA": self.commit,
            **{name: str(path) for name, path in files.items()},
            **environ,
            **{name: _filled(str(value), values) for name, value in step.get("env", {}).items()},
        }
        # The tools that a job installs are those of this Python.
        env["PATH"] = os.pathsep.join((str(self.folder / "bin"), str(Path(sys.executable).parent), env["PATH"]))
        common = self.workflow.get("defaults", {}).get("run", {}).get("working-directory", ".")
        bash = shutil.which("bash")
        assert bash
        command = [bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        before = files["GITHUB_OUTPUT"].read_text()
        ran = _ran(command, place / "work" / step.get("working-directory", common), env)
        for line in files["GITHUB_OUTPUT"].read_text()[len(before) :].splitlines():
            name, _, value = line.partition("=")
            values[f"steps.{step.get('id')}.outputs.{name}"] = value
        return ran

    def _keep(self, step: dict[str, Any], inputs: dict[str, str], place: Path, values: dict[str, str]) -> RunResult:
        """Store files as the action does: below the folder that their patterns have in common."""
        patterns = inputs["path"].split()
        top = Path(os.path.commonpath([str(Path(pattern).parent) for pattern in patterns]))
        paths = [path for pattern in patterns for path in sorted((place / "work").glob(pattern))]
        if not paths:
            return RunResult(1, f"No files were found with the provided path: {inputs['path']}")
        identity = str(1000 + next(self._count))
        for path in paths:
            target = self.folder / "artifacts" / identity / path.relative_to(place / "work" / top)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        values[f"steps.{step['id']}.outputs.artifact-id"] = identity
        return RunResult(0, "")


def _ran(command: list[str], cwd: Path, env: Mapping[str, str]) -> RunResult:
    done = subprocess.run(command, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return RunResult(done.returncode, (done.stdout + done.stderr).decode())


def _filled(text: str, values: Mapping[str, str]) -> str:
    return EXPRESSION.sub(lambda match: values.get(match[1], ""), text)


def _name(pin: str) -> str:
    return pin.partition("@")[0]
