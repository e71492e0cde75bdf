"""The pages that users read: their words, their links, and what in them has to match the program."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import error_codes
from seatrial.project.config_files import read_toml
from seatrial.project.project import Project
from seatrial.project.settings import CI_KEYS, CONFIG_KEYS, PUBLISHER_KEYS, Config
from seatrial.tasks import ns

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parent.parent
PAGES = sorted((*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/*.md"), *CHECKOUT.glob("changelog.d/*.md")))

AVOIDED = re.compile(
    r"\b(?:nobody|mend(?:s|ed|ing)?|beside|stands|stood|told|tells? of|that which|what is there"
    r"|(?:is|are) (?:one|none|some)(?=[.,;:)]| (?:that|which|such)\b|$))\b",
    re.IGNORECASE | re.MULTILINE,
)
"""Words that read like a translation; "there is one file" and "one of them" are fine."""

LINK = re.compile(
    r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)"
    r"|https://(?:github\.com/seatrial/seatrial/blob|raw\.githubusercontent\.com/seatrial/seatrial)/main/([^)#\s]*)"
)
COMMAND = re.compile(r"(?:(?<=`)|(?<=\$ ))(?:uv run )?(?:seatrial|invoke) ([a-z][^`#\n]*)")
GENERATED = "<!-- what follows is generated"


def prose_of(page: Path) -> str:
    """Return a page without what is generated from the checks, which have their own texts."""
    return page.read_text(encoding="utf-8").partition(GENERATED)[0]


def anchors_of(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> Iterator[str]:
    for path, anchor, from_top in LINK.findall(page.read_text(encoding="utf-8")):
        target = CHECKOUT / from_top if from_top else page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            yield f"{page.relative_to(CHECKOUT)}: {from_top or path}#{anchor}"


@pytest.mark.parametrize(
    ("text", "avoided"),
    [
        ("The name is one.", ["is one"]),
        ("A file that stands\nbeside it is\nnone", ["stands", "beside"]),
        ("Nobody mends it; as it was told", ["Nobody", "mends", "told"]),
        ("There is one file, one of them is none the worse, besides: understand standing amendments.", []),
    ],
)
def test_words_that_are_avoided(text: str, avoided: list[str]) -> None:
    assert AVOIDED.findall(text) == avoided


def test_pages_use_plain_words() -> None:
    places = [
        f"{page.relative_to(CHECKOUT)}:{number}: {word}"
        for page in PAGES
        for number, line in enumerate(prose_of(page).splitlines(), 1)
        for word in AVOIDED.findall(line)
    ]
    assert places == []


def test_links_lead_to_pages_and_headings() -> None:
    assert [link for page in PAGES for link in broken_links(page)] == []


def test_each_error_has_a_meaning_and_a_fix() -> None:
    sections = error_codes.PAGE.read_text(encoding="utf-8").split("\n### ")[1:]
    texts = {
        code: text.partition("\n## ")[0].strip() for code, _, text in (section.partition("\n") for section in sections)
    }
    assert [code for code, text in texts.items() if not re.match(r"[^#].+\n\nFix: \S", text, re.DOTALL)] == []


def test_readme_is_short_and_has_the_two_commands_that_ci_runs() -> None:
    """``.ci/run`` runs the first line that ends with each, and an empty one would pass."""
    lines = (CHECKOUT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 90
    ends = ("nox -s tests", "invoke rehearse --part minor")
    assert [[line.startswith("python3 -m venv ") for line in lines if line.endswith(end)] for end in ends] == [
        [True],
        [True],
    ]


def test_settings_page_shows_every_key_with_a_valid_value(tmp_path: Path) -> None:
    page = (CHECKOUT / "docs/settings.md").read_text(encoding="utf-8")
    example = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert example
    path = tmp_path / "pyproject.toml"
    path.write_text(f'[project]\nname = "tidepool"\nversion = "1.2.3"\n{example[1]}', encoding="utf-8")
    Config.from_project(Project.from_directory(tmp_path))
    table = read_toml(path)["tool"]["seatrial"]
    assert (sorted(table), sorted(table["workflows"]), sorted(table["publisher"])) == (
        sorted(CONFIG_KEYS),
        sorted(CI_KEYS),
        sorted(PUBLISHER_KEYS),
    )


def wrong_commands(page: Path) -> Iterator[str]:
    for command in COMMAND.findall(page.read_text(encoding="utf-8")):
        name, *words = command.split()
        if name not in ns.task_names:
            yield f"{page.relative_to(CHECKOUT)}: {command}"
            continue
        options = {
            f"--{option.replace('_', '-')}" for argument in ns[name].get_arguments() for option in argument.names
        }
        yield from (
            f"{page.relative_to(CHECKOUT)}: {command}: {word}"
            for word in words
            if word.startswith("--") and word.rstrip(".,") not in {*options, "--project", "--help"}
        )


def test_commands_on_pages_exist_with_their_options() -> None:
    assert [command for page in PAGES for command in wrong_commands(page)] == []
