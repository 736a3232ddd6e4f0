"""Links and anchors in the documentation lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import REPO
from examples import code_blocks

PAGES = [
    *REPO.glob("*.md"),
    *(REPO / "docs").rglob("*.md"),
    *(REPO / "model").rglob("*.md"),
    *(REPO / "seeds").rglob("*.md"),
]
_LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+(?:\([^()]*\))?)\)")


def without_code(text: str) -> str:
    for block in code_blocks(text):
        text = text.replace(block.text, "\n" * block.text.count("\n"))
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub, GitLab and MyST give to the headings of a page."""
    found: dict[str, int] = {}
    text = path.read_text(encoding="utf-8")
    for block in code_blocks(text):
        text = text.replace(block.text, "")
    names = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *$", text, re.M):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        names.add(f"{slug}-{found[slug]}" if slug in found else slug)
        found[slug] = found.get(slug, 0) + 1
    return names


@pytest.mark.parametrize("page", [path.relative_to(REPO).as_posix() for path in PAGES])
def test_links_of_a_page(page: str) -> None:
    path = REPO / page
    for link in _LINK.findall(without_code(path.read_text(encoding="utf-8"))):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_page_can_be_reached() -> None:
    """From the README, by links and tables of contents alone."""
    seen: set[Path] = set()
    waiting = [REPO / "README.md", REPO / "docs" / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        links = [link.partition("#")[0] for link in _LINK.findall(without_code(page.read_text(encoding="utf-8")))]
        waiting += [(page.parent / link).resolve() for link in links if link and "://" not in link]
    pages = {path for path in PAGES if REPO / "docs" in path.parents and path.parent.name not in ("notes", "figures")}
    guides = {path for path in pages if path.name == "index.md"}
    assert pages - guides <= seen
