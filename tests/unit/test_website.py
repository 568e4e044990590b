"""The pages of the site: links that stay inside lead to the same place, and those that leave are no dead ends."""

from __future__ import annotations

from pathlib import PurePosixPath

from docs.website.pages import ROOT, page, sources

PLACES = {PurePosixPath(path): PurePosixPath(place) for path, place in (
    ("docs/README.md", "index.md"),
    ("docs/errors.md", "errors.md"),
    ("docs/reference/json.md", "reference/json.md"),
    ("docs/reference/json.schema.json", "reference/json.schema.json"),
    ("CONTRIBUTING.md", "contributing.md"),
)}  # fmt: skip


def shown(text: str, path: str = "docs/reference/json.md", repository: str | None = None) -> str:
    """The text as a page of the site."""
    return page(PurePosixPath(path), text, PLACES, repository)


def test_a_link_to_a_page_leads_to_its_place() -> None:
    assert shown("[errors](../errors.md#a), [all](../README.md)") == "[errors](../errors.md#a), [all](../index.md)"
    assert shown("[how](../../CONTRIBUTING.md)") == "[how](../contributing.md)"
    assert shown("[errors](docs/errors.md)", "CONTRIBUTING.md") == "[errors](errors.md)"


def test_a_link_to_a_file_is_left_alone_by_the_generator() -> None:
    assert shown("[schema](json.schema.json)") == "[schema](json.schema.json){.external}"


def test_a_link_that_leaves_the_site_is_text_or_leads_to_the_repository() -> None:
    assert shown("[the licence](../../LICENSE)") == "the licence"
    assert (
        shown("[it](../../LICENSE)", repository="https://code.example/blob")
        == "[it](https://code.example/blob/LICENSE)"
    )


def test_addresses_anchors_and_code_stay() -> None:
    for text in ("[a](https://db.example/x.md)", "[a](#below)", "```\n[a](../../LICENSE)\n```\n"):
        assert shown(text) == text


def test_an_index_lists_its_pages_as_navigation() -> None:
    text = "# Pages\n\nSee [errors](errors.md).\n\n## All\n\n- [Errors](errors.md): all\n- [JSON](reference/json.md)\n"
    assert shown(text, "docs/README.md") == (
        f"{text}\n```{{toctree}}\n:hidden:\n:caption: All\n\nerrors.md\nreference/json.md\n```\n"
    )


def test_every_page_and_the_schema_of_the_json_are_on_the_site() -> None:
    places = sources().values()
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md") if path.name != "README.md"]
    assert {PurePosixPath(path) for path in pages} <= set(places)
    assert PurePosixPath("reference/json.schema.json") in places
    assert PurePosixPath("contributing.md") in places
