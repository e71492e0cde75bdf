"""Of the commands of a job, those are run that need no image and no service."""

from __future__ import annotations

import pytest

from seatrial.facts.pipeline_commands import Commands


@pytest.mark.parametrize(
    ("told", "run", "left_out"),
    [
        (("nox -s build", "cd packages"), ("nox -s build", "cd packages"), ()),
        (("pip install nox", "nox"), ("nox",), ("pip install nox",)),
        (("pip install build && python -m build",), ("python -m build",), ("pip install build",)),
        (("apt-get update", "sudo apk add git", "nox"), ("nox",), ("apt-get update", "sudo apk add git")),
        (
            ("python -m venv .venv", ". .venv/bin/activate", "uv sync --locked", "nox"),
            ("nox",),
            ("python -m venv .venv", ". .venv/bin/activate", "uv sync --locked"),
        ),
        (("pip install nox\nnox -s build\n",), ("nox -s build",), ("pip install nox",)),
        (("nox -s build \\\n  check",), ("nox -s build \\\n  check",), ()),
        (
            ("python -m pip install -r /dev/stdin <<'END'\nnox\nEND\n",),
            (),
            ("python -m pip install -r /dev/stdin <<'END'\nnox\nEND",),
        ),
        (("if a; then\n  nox\nfi",), ("if a; then\n  nox\nfi",), ()),
        (("python -m pypi_attestations sign dist/*",), (), ("python -m pypi_attestations sign dist/*",)),
        (
            ("docker build .", "twine upload -r testpypi dist/*"),
            (),
            ("docker build .", "twine upload -r testpypi dist/*"),
        ),
    ],
)
def test_what_brings_tools_or_asks_a_service_is_left_out(
    told: tuple[str, ...], run: tuple[str, ...], left_out: tuple[str, ...]
) -> None:
    assert Commands.of(told) == Commands(run, left_out)


@pytest.mark.parametrize(
    ("told", "is_for_twine"),
    [
        ("twine upload dist/*", True),
        ("python -m twine upload --attestations dist/*", True),
        ("twine upload -u __token__ -p $TOKEN dist/*", False),
        ("uv publish", False),
        ("poetry publish --build", False),
    ],
)
def test_upload_stands_alone(told: str, *, is_for_twine: bool) -> None:
    found = Commands.of(("nox -s build", told, "echo done"))
    assert found == Commands(("nox -s build",), (), (told,), ("echo done",))
    assert found.is_for_twine is is_for_twine


@pytest.mark.parametrize(
    ("told", "makes"),
    [("nox -s build", True), ("python -m build", True), ("make docs", False), ("pip install build", False)],
)
def test_job_makes_something_of_the_package_or_not(told: str, *, makes: bool) -> None:
    assert Commands.of((told,)).makes is makes
