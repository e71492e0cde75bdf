"""How long, and in how much memory, distributions are judged: many files, and large ones.

Linux alone tells the memory. python bench/judging.py
"""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

MEASURE = """
import re, sys, time
from pathlib import Path
from seatrial.checks.registry import check_distributions, read_distributions
path = Path(sys.argv[1])
check_distributions(read_distributions([path]))
started = time.process_time()
judged = check_distributions(read_distributions([path]))
took = time.process_time() - started
# What getrusage tells has in it what the parent held when it forked.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024
blocking = [one.code for one in judged if one.blocks]
print(f"{took:6.2f} s of processor time, {peak:4} MiB at most, errors: {blocking}")
"""

METADATA = "Metadata-Version: 2.1\nName: big\nVersion: 1\nDescription-Content-Type: text/plain\n\nBig.\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def main() -> None:
    """Make wheels of several sizes and measure each in a process of its own."""
    for files, size in ((1, 100), (1_000, 1_000), (10_000, 1_000), (100_000, 100), (1, 50 << 20), (1, 99 << 20)):
        with tempfile.TemporaryDirectory() as folder:
            path = make(Path(folder), files, size)
            print(f"{files:7,} files of {size:11,} bytes: ", end="", flush=True)
            subprocess.run((sys.executable, "-c", MEASURE, str(path)), check=True)


def make(folder: Path, count: int, size: int) -> Path:
    """Write a wheel with ``count`` files of ``size`` bytes that do not compress."""
    path = folder / "big-1-py3-none-any.whl"
    rows = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        files = {f"big/m{number}.py": b"" for number in range(count)}
        files.update({"big-1.dist-info/METADATA": METADATA.encode(), "big-1.dist-info/WHEEL": WHEEL.encode()})
        for name, text in files.items():
            data = text or os.urandom(size)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            rows.append(f"{name},sha256={digest},{len(data)}")
            archive.writestr(name, data)
        archive.writestr("big-1.dist-info/RECORD", "\n".join([*rows, "big-1.dist-info/RECORD,,"]))
    return path


if __name__ == "__main__":
    main()
