"""Judge the newest sdist and wheel of well-known packages: they are on PyPI, so none may have an error.

Needs the network. Run it with the Python of an environment that has seatrial and pip:
python bench/false_alarms.py [NAME ...]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from seatrial.checks.registry import check_distributions, read_distributions
from seatrial.findings import Verdict

PACKAGES = (
    *("aiohttp", "anyio", "attrs", "babel", "black", "build", "certifi", "charset-normalizer", "click", "coverage"),
    *("django", "docutils", "flask", "flit-core", "grpcio", "hatchling", "httpx", "idna", "invoke"),
    *("jinja2", "lxml", "mypy", "nox", "packaging", "pillow", "pip", "markupsafe", "poetry-core", "protobuf"),
    *(
        "pydantic",
        "pygments",
        "pytest",
        "pyyaml",
        "requests",
        "rich",
        "setuptools",
        "sqlalchemy",
        "twine",
        "typing-extensions",
        "urllib3",
    ),
)
KINDS = ("--no-binary", "--only-binary")
SECONDS = 150
"""How long pip may take for one file; for an sdist it asks the build backend for metadata."""


def main() -> int:
    """Fetch and judge; return 1 when an error was failures, or a file was missing."""
    names = sys.argv[1:] or PACKAGES
    errors, missing, warnings = 0, [], Counter[str]()
    for name in names:
        for kind in KINDS:
            with tempfile.TemporaryDirectory() as folder:
                if not _fetched(name, kind, folder):
                    missing.append(f"{name} ({kind})")
                    continue
                started = time.perf_counter()
                paths = sorted(Path(folder).iterdir())
                judged = check_distributions(read_distributions(paths))
                took = time.perf_counter() - started
            failures = [result for result in judged if result.finding.verdict in {Verdict.FAILED, Verdict.UNKNOWN}]
            errors += sum(result.blocks for result in failures)
            warnings.update(result.code for result in failures)
            summary = "; ".join(
                f"{result.code} {result.severity.value}: {str(result.finding.message).splitlines()[0]}"
                for result in failures
            )
            print(f"{paths[0].name}  {took:.2f} s  {summary or 'clean'}", flush=True)
    print(f"{len(names)} packages, {errors} errors; {dict(warnings.most_common())}; not fetched: {missing}")
    return 1 if errors or missing else 0


def _fetched(name: str, kind: str, folder: str) -> bool:
    command = (sys.executable, "-m", "pip", "download", "-q", "--no-deps", kind, name, "-d", folder, name)
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    raise SystemExit(main())
