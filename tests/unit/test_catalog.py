"""Catalogs as values: what two of them tell apart, and what is left out."""

from __future__ import annotations

import json
import re

import pytest

from runner.catalog.catalog import Catalog, Column, Index, Key, Table, Text, View, read_catalog, read_line
from runner.catalog.difference import as_lines, change_lines, compare
from runner.catalog.introspect import pattern
from runner.config import OnDrift, load_config
from runner.errors import BadSetting

TABLE = Table(None, None, None, None, None, None, None, None, None, False, False, None, None, None)  # noqa: FBT003
COLUMN = Column("text", None, None, None, None, None, None, None, None, None)
USERS = Key("table", "public", "users", "")
EMAIL = Key("column", "public", "users", "email")
NAMES = Key("index", "public", "users", "users_name_idx")


def catalog(*objects: tuple[Key, object], major: int = 18) -> Catalog:
    return Catalog(dict(objects), major)  # type: ignore[arg-type]


def test_a_line_is_read_into_what_it_names() -> None:
    key, parts = read_line(json.dumps(["enum", "public", "mood", "", [["sad", "happy"]]]))

    assert key == Key("enum", "public", "mood", "")
    assert parts == read_catalog([json.dumps([*key, [["sad", "happy"]]])], 18).objects[key]
    assert hash(parts)


def test_equal_catalogs_have_no_difference() -> None:
    assert compare(catalog((USERS, TABLE), (EMAIL, COLUMN)), catalog((EMAIL, COLUMN), (USERS, TABLE))) == ()


def test_what_belongs_to_a_new_table_is_told_inside_it() -> None:
    note = Key("comment", "public", "users", "COLUMN users.email")
    index = Index("CREATE INDEX users_name_idx ON users USING btree (name)", True, False, False, None)  # noqa: FBT003
    now = catalog((USERS, TABLE), (EMAIL, COLUMN), (NAMES, index), (note, Text("x")))

    assert as_lines(compare(catalog(), now)) == ["users", "  + CREATE TABLE users (", "  +     email text", "  + );"]


def test_a_comment_goes_with_its_column() -> None:
    note = Key("comment", "public", "users", "COLUMN users.email")
    before = catalog((USERS, TABLE), (EMAIL, COLUMN), (note, Text("x")))

    assert as_lines(compare(before, catalog((USERS, TABLE)))) == ["users", "  - email text"]


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        (" SELECT users.id\n   FROM users;", " SELECT id\n   FROM users;", True),
        (' SELECT "Users"."Id"\n   FROM "Users";', ' SELECT "Id"\n   FROM "Users";', True),
        (" SELECT users.id\n   FROM users;", " SELECT email\n   FROM users;", False),
    ],
    ids=["qualified", "quoted", "another column"],
)
def test_a_view_is_spelled_by_majors_in_their_own_way(expected: str, actual: str, *, same: bool) -> None:
    key = Key("view", "public", "v", "")
    before, now = (
        catalog((key, View(text, None, None, None)), major=major) for text, major in ((expected, 15), (actual, 18))
    )

    assert (compare(before, now) == ()) is same
    assert compare(before, now._replace(major=15)) != ()


def test_of_a_long_text_only_what_changed_is_shown() -> None:
    key = Key("view", "public", "v", "")
    lines = [f"line {number}" for number in range(30)]
    changed = [*lines[:10], "another", *lines[11:25], "and one more", *lines[26:]]
    [difference] = compare(
        catalog((key, View("\n".join(lines), None, None, None))),
        catalog((key, View("\n".join(changed), None, None, None))),
    )

    assert change_lines(difference) == [
        "  line 9",
        "- line 10",
        "+ another",
        "  line 11",
        "  …",
        "  line 24",
        "- line 25",
        "+ and one more",
        "  line 26",
    ]


@pytest.mark.parametrize(
    ("globs", "path", "found"),
    [
        ([], "public.users", False),
        (["log_p*"], "public.log_p1", True),
        (["log_p*"], "other.log_p1", True),
        (["log_p*"], "public.log", False),
        (["public.log?"], "public.log1", True),
        (["audit.*"], "audit.anything", True),
        (["audit.*"], "audit.audit", True),
        (["a+b(c"], "public.a+b(c", True),
        (["a", "b"], "public.b", True),
        (["a"], "public.ab", False),
    ],
)
def test_patterns_are_those_of_a_shell(globs: list[str], path: str, *, found: bool) -> None:
    assert bool(re.search(pattern(globs), path)) is found


def test_a_schema_is_left_out_with_what_is_in_it() -> None:
    assert re.search(pattern(["audit.*"]), Key("schema", "", "", "audit").path)


def test_the_settings_of_the_schema_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATE_IGNORE", "a_p*, b.*")
    config = load_config({"on_drift": "fail"}, needs_database=False)

    assert config.ignore == ("a_p*", "b.*")
    assert config.on_drift is OnDrift.FAIL
    with pytest.raises(BadSetting, match='--on-drift is "perhaps"'):
        load_config({"on_drift": "perhaps"}, needs_database=False)
