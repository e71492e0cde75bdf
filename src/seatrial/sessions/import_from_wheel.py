"""A finder that makes tests import the wheel, whatever ``sys.path`` contains.

pytest puts the folder of a ``conftest.py`` at the front of ``sys.path``, ``pythonpath = ["src"]`` does so with
the sources, ``python -m pytest`` with the current folder. Then the source tree is tested, which never lacks a file,
and not the wheel. So each test environment gets a finder that comes first for the wheel's modules. Tests inside the
package that the wheel lacks are found in the source tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


NAME = "_seatrial_wheel_finder"

TREE_VARIABLE = "SEATRIAL_SOURCE_TREE"
"""The environment variable that names the folder of the source tree, in which tests are found."""

SOURCE = '''\
"""Written by seatrial: the modules of the wheel are found in site-packages, wherever sys.path leads."""
import os
import sys
from importlib.machinery import PathFinder

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = frozenset({modules!r})
TESTS = frozenset(("tests", "test", "conftest"))


def find_tests(name, target):
    """Find tests inside a package of the wheel that the wheel lacks."""
    tree, (head, _, last) = os.environ.get("{variable}"), name.rpartition(".")
    if not tree or last not in TESTS or not any((head + ".").startswith(module + ".") for module in MODULES):
        return None
    parts = head.split(".")
    if PathFinder.find_spec(name, [os.path.join(HERE, *parts)], target):
        return None
    return PathFinder.find_spec(name, [os.path.join(tree, top, *parts) for top in ("src", "")], target)


class WheelFinder:
    """Answers for MODULES before anybody else does."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in MODULES:
            return find_tests(name, target)
        folder = os.path.join(HERE, *name.split(".")[:-1])
        spec = PathFinder.find_spec(name, [folder], target)
        if spec is None:
            raise ModuleNotFoundError("No module named %r in the wheel" % name, name=name)
        return spec


sys.meta_path.insert(0, WheelFinder)
'''


def write_finder(site_packages: Path, modules: Sequence[str]) -> None:
    """Write the finder for ``modules``, dotted names, into an environment; for none, remove it.

    A ``.pth`` file loads it whenever that Python starts (the site module's documentation).
    """
    source, loader = site_packages / f"{NAME}.py", site_packages / f"{NAME}.pth"
    loader.unlink(missing_ok=True)
    source.unlink(missing_ok=True)
    if modules:
        source.write_text(SOURCE.format(modules=sorted(modules), variable=TREE_VARIABLE), encoding="utf-8")
        loader.write_text(f"import {NAME}\n", encoding="utf-8")
