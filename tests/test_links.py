"""What the project's own pages link to and name is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PROJECT

FOLDERS = (".", ".github", "docs", "benchmarks")
PAGES = sorted(page for folder in FOLDERS for page in (PROJECT / folder).glob("*.md"))
SOURCE = re.compile(r"`((?:pipeline|components|modules)/[\w./{},-]*)`")
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def _links(page: Path) -> Iterator[tuple[Path, str]]:
    """The file and the heading's anchor that each link of a page names, but for the web's."""
    prose = CODE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if not re.match(r"\w+:", target):
            name, _, anchor = target.partition("#")
            yield (page.parent / name if name else page), anchor


def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    prose = CODE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_each_link_of_a_page_leads_to_a_file_and_a_heading_that_exist(page: Path) -> None:
    broken = [
        f"{file.name}#{anchor}"
        for file, anchor in _links(page)
        if not file.exists() or (anchor and anchor not in _anchors(file))
    ]
    assert not broken


def test_the_pages_have_links_to_check() -> None:
    links = [link for page in PAGES for link in _links(page)]
    assert len(links) > 50
    assert any(anchor for _, anchor in links)


def test_the_readme_leads_to_every_page_that_people_start_from() -> None:
    linked = {file.resolve() for file, _ in _links(PROJECT / "README.md")}
    papers = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "ARCHITECTURE.md")
    assert {PROJECT / name for name in papers} <= linked


def _alternatives(path: str) -> list[str]:
    """The paths that ``folder/{a,b}.py`` stands for."""
    start, brace, rest = path.partition("{")
    if not brace:
        return [path]
    names, _, end = rest.partition("}")
    return [f"{start}{name}{end}" for name in names.split(",")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_each_source_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    paths = [path for name in SOURCE.findall(text) for path in _alternatives(name)]
    assert not [path for path in paths if not (PROJECT / path).exists()]


def test_the_page_on_architecture_names_source_files() -> None:
    text = (PROJECT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert len(SOURCE.findall(text)) > 30
