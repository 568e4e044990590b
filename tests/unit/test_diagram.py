"""Diagrams: what a schema's tables and foreign keys become in DOT and Mermaid."""

from __future__ import annotations

import re
import shutil
from xml.etree import ElementTree as ET

import pytest

from runner.catalog.difference import compare
from runner.report.diagram import dot_of, mermaid_of
from runner.report.drawing import cleaned, drawn
from runner.report.entities import model_of, short_type
from runner.report.references import Change, named, references_of
from tests.unit.pages import HOSTILE, catalog, constraint, table

USERS = table("users", "id", "name", key="id")
ORDERS = table("orders", "id", "user_id", key="id")
LINK = constraint("orders", "orders_user_id_fkey", "FOREIGN KEY (user_id) REFERENCES users(id)")


def hostile_schema() -> str:
    names = dict(enumerate(HOSTILE))
    tables = [table(name, name, "id", key="id") for name in HOSTILE]
    links = [
        constraint(name, "fk", f"FOREIGN KEY ({name}) REFERENCES {names[(at + 1) % len(names)]}(id)")
        for at, name in names.items()
    ]
    return dot_of(model_of(None, catalog(*tables, *links)), link=lambda name: f"#{name[1]}")


@pytest.mark.parametrize(
    ("definition", "columns", "parent", "referenced"),
    [
        ("FOREIGN KEY (a) REFERENCES t(b)", ("a",), ("public", "t"), ("b",)),
        ("FOREIGN KEY (a, b) REFERENCES s.t(c, d) ON DELETE CASCADE", ("a", "b"), ("s", "t"), ("c", "d")),
        (
            'FOREIGN KEY ("a, b") REFERENCES "S.x"."t (1)"("c""d") NOT VALID',
            ('"a, b"',),
            ('"S.x"', '"t (1)"'),
            ('"c""d"',),
        ),
        ("FOREIGN KEY (a, PERIOD p) REFERENCES t(b, PERIOD q)", ("a", "p"), ("public", "t"), ("b", "q")),
        ("FOREIGN KEY (a) REFERENCES t(b) ON DELETE SET NULL (a)", ("a",), ("public", "t"), ("b",)),
    ],
    ids=["plain", "schema", "quoted", "temporal", "set null"],
)
def test_a_foreign_key_is_read_from_its_definition(
    definition: str, columns: tuple[str, ...], parent: tuple[str, str], referenced: tuple[str, ...]
) -> None:
    (found,) = references_of(catalog(table("child", *columns), constraint("child", "fk", definition)))

    assert (found.columns, found.parent, found.referenced) == (columns, parent, referenced)


@pytest.mark.parametrize(
    ("text", "name"),
    [("t", ("public", "t")), ('s."a.b"', ("s", '"a.b"')), ('"a b"', ("public", '"a b"'))],
    ids=["plain", "schema", "quoted"],
)
def test_a_name_is_taken_apart(text: str, name: tuple[str, str]) -> None:
    assert named(text) == name


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("timestamp with time zone", "timestamptz"),
        ("timestamp(3) without time zone[]", "timestamp(3)[]"),
        ("character varying(50)", "varchar(50)"),
        ("numeric(10,2)", "numeric(10,2)"),
    ],
)
def test_types_are_short(long: str, short: str) -> None:
    assert short_type(long) == short


def test_the_labels_of_hostile_names_are_well_formed() -> None:
    labels = re.findall(r"label=<(.*)>\];", hostile_schema())

    assert len(labels) == len(HOSTILE)
    heads = {next(ET.fromstring(each).iter("b")).text for each in labels}  # noqa: S314  # the tests' own
    assert heads >= {
        '"a|b{c}"',
        '"</script><img src=x onerror=alert(1)>"',
    }


def test_every_edge_ends_at_a_row_that_is_there() -> None:
    text = hostile_schema()

    nodes = {
        name: set(re.findall(r'port="(\w+)"', line))
        for name, line in re.findall(r"^  (t\d+) (\[id=.*)$", text, re.MULTILINE)
    }
    ends = re.findall(r"(t\d+):(\w+):[ew]", text)
    assert len(ends) == 2 * len(HOSTILE)
    assert all(port in nodes[node] for node, port in ends)


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_draws_hostile_names() -> None:
    svg = drawn(hostile_schema())

    assert svg is not None
    root = ET.fromstring(svg)  # noqa: S314  # the tests' own
    assert len([each for each in root.iter() if each.get("class", "").startswith("node")]) == len(HOSTILE)
    assert "<script" not in svg
    assert "<title>" not in svg


def test_without_graphviz_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)

    assert drawn("digraph {}") is None


def test_of_an_svg_the_element_is_kept() -> None:
    assert cleaned("<?xml?>\n<!-- made by -->\n<svg><title>t0</title>\n<g/></svg>\n") == "<svg><g/></svg>"
    assert cleaned("an error") is None


def test_a_model_knows_what_changes() -> None:
    before = catalog(USERS, ORDERS, table("gone", "id"))
    after = catalog(USERS, table("orders", "id", "user_id", "note", key="id"), LINK, table("fresh", "id"))

    model = model_of(before, after)

    changes = {name[1]: entity.change for name, entity in model.entities.items()}
    assert changes == {"users": Change.NONE, "orders": Change.CHANGED, "gone": Change.REMOVED, "fresh": Change.ADDED}
    fields = {field.name: (field.change, field.keys) for field in model.entities["public", "orders"].fields}
    assert fields["note"] == (Change.ADDED, ())
    assert fields["user_id"] == (Change.NONE, ("FK",))
    assert [each.change for each in model.references] == [Change.ADDED]


def test_where_nothing_was_before_nothing_counts_as_changed() -> None:
    assert {each.change for each in model_of(catalog(), catalog(USERS)).entities.values()} == {Change.NONE}


def test_partitions_are_rows_of_their_table() -> None:
    whole = table("log", "at", partitioned_by="RANGE (at)")
    parts = [table(f"log_{n}", "at", partition_of="log", bound="DEFAULT") for n in range(3)]

    model = model_of(catalog(whole, *parts[:1]), catalog(whole, *parts))

    assert [name[1] for name in model.entities] == ["log"]
    assert [change for _, change in model.entities["public", "log"].partitions] == [
        Change.NONE,
        Change.ADDED,
        Change.ADDED,
    ]
    assert "3 partitions" in dot_of(model)


def test_a_wide_table_shows_the_columns_of_keys_and_counts_the_rest() -> None:
    wide = table("wide", *(f"c{n}" for n in range(99)), key="c98")

    text = dot_of(model_of(None, catalog(wide)))

    assert "c98" in text
    assert "… 59 more columns" in text


def mermaid(before: object, after: object) -> str | None:
    one, other = catalog(*before), catalog(*after)  # type: ignore[misc]
    return mermaid_of(one, other, compare(one, other))


def test_mermaid_shows_what_changes_and_one_table_further() -> None:
    far = table("far", "id", "user_id", key="id")
    further = constraint("users", "fk", "FOREIGN KEY (name) REFERENCES far(id)")
    changed = table("orders", "id", "user_id", "note", key="id")

    text = mermaid([USERS, ORDERS, LINK, far, further], [USERS, changed, LINK, far, further])

    assert text is not None
    assert re.findall(r'\["(.*)"\]', text) == ["~ orders", "users"]
    assert 'text note "added"' in text
    assert "t1 |o--o{ t0" in text
    assert ":::changed" in text


def test_mermaid_has_nothing_to_show_if_no_table_changes() -> None:
    assert mermaid([USERS], [USERS]) is None


def test_mermaid_says_how_many_tables_it_leaves_out() -> None:
    text = mermaid([USERS], [USERS, *(table(f"t{n}", "id") for n in range(20))])

    assert text is not None
    assert re.findall(r'(\w+)\["', text) == [*(f"t{n}" for n in range(15)), "rest"]
    assert "5 more, not shown" in text


def test_mermaid_writes_no_character_of_a_name_that_means_something_to_it() -> None:
    text = mermaid([USERS], [USERS, *(table(name, name, "id", key=name) for name in HOSTILE)])

    assert text is not None
    for line in text.partition("classDef")[0].splitlines()[1:]:
        assert re.fullmatch(
            r'    (t\d+\["[\w .$+~-]+"\](:::\w+)? \{|    [A-Za-z_]\w* [A-Za-z_]\w*( [PF]K(, FK)?)?( "\w+")?|\}|)', line
        ), line
