"""What towncrier renders, and what of it is not public."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seatrial.errors import MAKE_ROOM, CommandFailed
from seatrial.project.changelog import ChangelogSettings, create_fragment, how_to_keep, render_entry
from seatrial.project.project import Project

if TYPE_CHECKING:
    from pathlib import Path


TOWNCRIER = '[tool.towncrier]\ndirectory = "news"\nfilename = "NEWS.md"\nname = "tide"\ntitle_format = "## {version}"\n'


@pytest.mark.parametrize(
    ("files", "name", "sign"),
    [((), "CHANGELOG.md", "## "), (("docs/changelog.md",), "docs/changelog.md", "## "), (("NEWS", "x.md"), "NEWS", "")],
)
def test_way_to_keep_a_changelog_names_the_file_of_the_project(
    tmp_path: Path, files: tuple[str, ...], name: str, sign: str
) -> None:
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("")
    assert how_to_keep(tmp_path).splitlines() == [
        *("[tool.towncrier]", 'directory = "changelog.d"', f'filename = "{name}"'),
        *(f'title_format = "{sign}{{version}} ({{project_date}})"', "ignore = []"),
        f'or, without fragments: write a heading "{sign}Unreleased" above the latest release in {name}',
    ]


@pytest.mark.slow
def test_fragments_of_one_issue_are_in_the_order_of_their_numbers_on_every_machine(tmp_path: Path) -> None:
    """Towncrier lists them in the order of the folder: `IN_ORDER` sorts what os.listdir returns to it."""
    (tmp_path / "pyproject.toml").write_text(TOWNCRIER)
    (tmp_path / "news").mkdir()
    numbers = range(24)
    for number in (*numbers[1::2], *numbers[::2]):
        name = f"7.feature.{number}.md" if number else "7.feature.md"
        (tmp_path / "news" / name).write_text(f"No. {number}.\n")
    entry = render_entry(tmp_path, "1.0", "2026-01-31")
    assert [line for line in entry.splitlines() if line.startswith("- ")] == [
        f"- No. {number}. (#7)" for number in numbers
    ]


FAILS = """\
from pathlib import Path
folder = Path("news")
for name in {names}:
    (folder / name).touch()
(folder / "7.feature.2.md").write_text("Of an editor.")
raise OSError(28, "No space left on device")
"""


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("7.feature.md", ("7.feature.1.md", "7.bugfix.md", "77.feature.md", "7.feature.rst", "note.txt")),
        ("+.feature.md", ("+0a1b2c3d.feature.md", "+fall.feature.md", "7.feature.1.md")),
    ],
)
def test_fragment_that_could_not_be_written_alone_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, names: tuple[str, ...]
) -> None:
    """Here a template of towncrier fails when something else has written, too."""
    settings = '[tool.towncrier]\ndirectory = "news"\nfilename = "NEWS.md"\ntemplate = "fails:a.md"\n'
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "tidepool"\n{settings}')
    (tmp_path / "news").mkdir()
    (tmp_path / "news/7.feature.md").touch()
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules/fails.py").write_text(FAILS.format(names=names))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))
    news = ChangelogSettings.from_project(Project.from_directory(tmp_path))
    assert news is not None
    with pytest.raises(CommandFailed) as raised:
        create_fragment(tmp_path, news, name, "Text.")
    kept = {*names[1:], "7.feature.md", "7.feature.2.md"}
    assert ({path.name for path in (tmp_path / "news").iterdir()}, raised.value.fix) == (kept, MAKE_ROOM)
