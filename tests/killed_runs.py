"""Run as a script, in a project: seatrial is put into it again and again, and killed at each step of its writing.

The process is gone there and then, as if somebody had pulled the plug: nothing is cleaned up. After each, what there is
after the next run is printed: the number of the step, the untracked files, the difference of those that it
does; one zero byte between them, and two at the end.
"""

from __future__ import annotations

import os
import sys
from itertools import count
from pathlib import Path

from seatrial.git.command import Git
from seatrial.init.detect import detect_project
from seatrial.init.files import require_clean_files, write_proposal
from seatrial.init.propose import Parts

KILLED, DONE = 9, 0


def main() -> None:
    """Kill it at one step after the other, until it comes to its end; print how many steps there were."""
    root = Path.cwd()
    here = Git(root)
    for number in count():
        here.run("clean", "-fdxq")
        here.run("reset", "-q", "--hard")
        child = os.fork()
        if not child:
            _put(root, number)
            os._exit(DONE)
        status = os.WEXITSTATUS(os.waitpid(child, 0)[1])
        if status == KILLED:
            _put(root)
        names = here.run("ls-files", "--others")
        texts = [f"{name}\n{Path(name).read_text()}" for name in names.splitlines()]
        sys.stdout.write("\0".join([str(number), *texts, here.run("diff")]) + "\0\0")
        if status == DONE:
            return


def _put(root: Path, last: int | None = None) -> None:
    """Put seatrial into the project, and die at a step of the writing: whatever makes or changes a file."""
    detected = detect_project(root)
    proposal = Parts(workflows=False).propose(detected)
    require_clean_files(detected, proposal)
    if last is not None:
        steps = iter(range(last))

        def see(event: str, args: tuple[object, ...]) -> None:
            writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
            if (event in {"os.mkdir", "os.rename"} or writes) and next(steps, None) is None:
                os._exit(KILLED)

        sys.addaudithook(see)
    write_proposal(detected, proposal)


if __name__ == "__main__":
    main()
