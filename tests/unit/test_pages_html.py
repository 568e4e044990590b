"""The pages of a review and of a schema: nothing on them is markup that a schema wrote, and nothing leads nowhere."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.report import diagram_part
from runner.report.html import page
from runner.report.markup import anchor
from runner.report.prose import html_of
from runner.review.locks import LockMode
from runner.review.observed import Refusal
from runner.review.rules.rule import Severity
from runner.review.sizes import Sizes, TableSize
from tests.unit.pages import (
    HOSTILE,
    Read,
    catalog,
    comment,
    constraint,
    docs,
    finding,
    lock,
    relation,
    review,
    reviewed,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.results import DocsResult, ReviewResult

ASSETS = Path(diagram_part.__file__).parent / "assets"
CSS = (ASSETS / "page.css").read_text(encoding="utf-8")
GB = 2**30
SIZES = Sizes("a replica", "2026-01-02T03:04:05Z", None, 180000, "UTC", 240.0, {
    "orders": TableSize(4_100_000, GB, GB // 5, 3, 9, 9, published=False),
})  # fmt: skip


@pytest.fixture(params=["drawn", "to be drawn"], autouse=True)
def drawing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether Graphviz was there when the page was made; what it draws does not matter here."""
    drawn = "<svg><g></g></svg>" if request.param == "drawn" else None
    monkeypatch.setattr(diagram_part, "drawn", lambda _: drawn)
    return str(request.param)


def hostile_docs() -> DocsResult:
    return docs(
        catalog(*(table(name, name, key=name) | comment(name, name) for name in HOSTILE)), title="0001_make_all"
    )


def hostile_review() -> ReviewResult:
    after = catalog(*(table(name, name, key=name) for name in HOSTILE))
    text = "\n".join(f"CREATE TABLE {name} ({name} text PRIMARY KEY);" for name in HOSTILE)
    seen = {
        number: {
            "locks": (lock(LockMode.ACCESS_EXCLUSIVE, name),),
            "rewritten": (relation(name),),
            "scanned": (relation(name),),
            "built": (relation(name, "index", name),),
            "refusal": Refusal("42P01", name, name),
        }
        for number, name in enumerate(HOSTILE, 1)
    }
    found = [finding(1, message=name) for name in HOSTILE] + [finding(2, allowed=name) for name in HOSTILE]
    file = reviewed(text, seen, findings=found, schemas=(catalog(), after), sizes=SIZES._replace(source=HOSTILE[0]))
    return review(file, before=catalog(table("old", "id", key="id")), after=after)


PAGES = {"docs": hostile_docs, "review": hostile_review}


@pytest.mark.parametrize("made", PAGES.values(), ids=PAGES)
def test_no_name_of_a_schema_becomes_markup(made: type) -> None:
    read = Read(page(made()))

    tags = {tag for tag, _ in read.elements}
    assert not tags & {"img", "iframe", "link", "object", "base"}
    assert not [name for _, attributes in read.elements for name in attributes if name.startswith("on")]
    assert "<img src=x onerror=alert(1)>" in read.text


@pytest.mark.parametrize("made", PAGES.values(), ids=PAGES)
def test_every_link_within_a_page_leads_somewhere_and_no_id_stands_twice(made: type) -> None:
    read = Read(page(made()))

    assert sorted(set(read.ids)) == sorted(read.ids)
    assert {each.removeprefix("#") for each in read.links if each.startswith("#")} <= set(read.ids)


@pytest.mark.parametrize("made", PAGES.values(), ids=PAGES)
def test_a_page_asks_no_network_for_anything(made: type) -> None:
    read = Read(page(made()))

    assert not [attributes for _, attributes in read.elements if {"src", "srcset", "poster"} & attributes.keys()]
    assert "url(" not in CSS
    assert "@import" not in CSS


@pytest.mark.parametrize("made", PAGES.values(), ids=PAGES)
def test_the_policy_of_a_page_lets_its_own_scripts_run_and_no_other(made: type) -> None:
    text = page(made())

    policy = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)[0]
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    hashes = {f"'sha256-{b64encode(hashlib.sha256(each.encode()).digest()).decode()}'" for each in scripts}
    assert set(re.findall(r"'sha256-[^']+'", policy)) == hashes
    assert all(len(b64decode(each[8:-1])) == 32 for each in hashes)
    assert "'unsafe-inline'" not in policy.partition("script-src")[2]


def test_a_page_without_a_picture_brings_what_draws_it(drawing: str) -> None:
    text = page(hostile_docs())

    embedded = re.findall(r'<script type="application/json" id="dot">(.*?)</script>', text, re.DOTALL)
    assert ('id="drawer"' in text) == bool(embedded) == (drawing == "to be drawn")
    assert all(json.loads(each).startswith("digraph") for each in embedded)


def test_the_drawer_cannot_end_its_own_element() -> None:
    script = (ASSETS / "viz-global.js").read_text(encoding="utf-8")

    assert "</script" not in script.lower()
    assert "<!--" not in script
    assert hashlib.sha256((ASSETS / "viz-global.js").read_bytes()).hexdigest() in (ASSETS / "README.md").read_text()


def test_the_same_review_gives_the_same_page() -> None:
    assert page(hostile_review()) == page(hostile_review())


def test_hidden_characters_are_shown() -> None:
    assert "⟨U+202E⟩" in page(hostile_docs())
    assert "\u202e" not in page(hostile_docs())


def test_anchors_differ_where_names_do() -> None:
    names = ("a b", "a-b", "a_b", '"a b"', "A.b", "ä", "ö")

    assert len({anchor("table", name) for name in names}) == len(names)
    assert anchor("table", "billing.invoices") == "table-billing.invoices"


TEXT = """-- Why it is.
ALTER TABLE orders ADD COLUMN a text; -- behind
/* between */
CREATE TABLE new_one (id int); SELECT 1;

COMMENT ON TABLE new_one IS 'x;
y';
-- the end"""


def test_every_line_of_the_file_stands_on_the_page_in_its_order() -> None:
    text = page(review(reviewed(TEXT)))

    shown = re.findall(r'<span data-n="(\d+)">(.*?)\n</span>', text)
    lines: dict[int, str] = {}
    for number, line in shown:
        lines[int(number)] = f"{lines.get(int(number), '')} {line}".strip()
    assert [int(number) for number, _ in shown] == sorted(int(number) for number, _ in shown)
    assert {number: line.replace("&#x27;", "'") for number, line in lines.items()} == {
        number: line for number, line in enumerate(TEXT.splitlines(), 1) if line
    }


def words_under(text: str, seen: Mapping[int, Mapping[str, Any]], sizes: Sizes | None = None) -> list[str]:
    """The lines under the statements."""
    made = page(review(reviewed(text, seen, sizes=sizes)))
    return [Read(each).text for each in re.findall(r'<(?:ul|p) class="locks.*?</(?:ul|p)>', made, re.DOTALL)]


def test_a_lock_line_says_what_is_locked_how_large_it_is_and_who_waits() -> None:
    seen = {1: {"locks": (lock(LockMode.ACCESS_EXCLUSIVE, "orders"),), "rewritten": (relation("orders"),)}}

    (line,) = words_under("ALTER TABLE orders ALTER a TYPE bigint;", seen, SIZES)

    assert "ACCESS EXCLUSIVE on orders 1.2 GB with 3 indexes, about 4 million rows" in line
    assert "everything waits, SELECT too" in line
    assert "writes orders anew: 1.0 GB and 3 indexes of 205 MB, 2 s to 25 s at 50 to 500 MB/s" in line


def test_truncate_empties_a_table_and_writes_nothing() -> None:
    (line,) = words_under("TRUNCATE orders;", {1: {"rewritten": (relation("orders"),)}}, SIZES)

    assert line.endswith("empties orders: 1.2 GB with 3 indexes, about 4 million rows")


@pytest.mark.parametrize(
    ("mode", "waits", "goes_on"),
    [
        (LockMode.SHARE_ROW_EXCLUSIVE, "INSERT, UPDATE, DELETE", "SELECT goes on"),
        (LockMode.SHARE_UPDATE_EXCLUSIVE, "VACUUM", "SELECT, INSERT, UPDATE, DELETE go on"),
        (LockMode.ACCESS_SHARE, "ALTER TABLE and other DDL waits", "SELECT, INSERT, UPDATE, DELETE go on"),
    ],
    ids=str,
)
def test_a_lock_line_says_who_goes_on(mode: LockMode, waits: str, goes_on: str) -> None:
    (line,) = words_under("SELECT 1;", {1: {"locks": (lock(mode, "orders"),)}})

    assert waits in line.partition(";")[0]
    assert goes_on in line


def test_an_index_is_told_only_where_its_table_is_not() -> None:
    index = lock(LockMode.ACCESS_EXCLUSIVE, "orders")._replace(relation=relation("orders_idx", "index", "orders"))

    with_table, without = words_under(
        "SELECT 1; DROP INDEX orders_idx;",
        {1: {"locks": (lock(LockMode.ACCESS_EXCLUSIVE, "orders"), index)}, 2: {"locks": (index,)}},
    )

    assert "orders_idx" not in with_table
    assert "index orders_idx" in without


def test_statements_that_lock_nothing_share_one_quiet_line() -> None:
    assert words_under("CREATE TABLE a (); CREATE TABLE b ();", {}) == [
        "statements 1 to 2: nothing that existed is locked"
    ]


def test_what_is_held_from_before_is_told_where_it_matters() -> None:
    seen: Mapping[int, Mapping[str, Any]] = {
        1: {"locks": (lock(LockMode.ACCESS_EXCLUSIVE, "orders"),)},
        2: {"scanned": (relation("orders"),)},
    }

    _, scan, quiet = words_under("SELECT 1; SELECT 2; SELECT 3;", seen)

    assert "still held from before: ACCESS EXCLUSIVE on orders" in scan
    assert quiet == "statement 3: no new lock, and those above are still held"


def test_outside_a_transaction_nothing_is_held() -> None:
    seen: Mapping[int, Mapping[str, Any]] = {
        1: {"locks": (lock(LockMode.ACCESS_EXCLUSIVE, "orders"),)},
        2: {"scanned": (relation("orders"),), "waits": True},
    }

    lines = words_under("-- migrate: no-transaction\nSELECT 1; SELECT 2;", seen, SIZES)

    assert "still held" not in " ".join(lines)
    assert "waits for every older transaction of the database to end; the oldest was 4 min old" in lines[1]


def test_a_refusal_of_the_server_is_told_with_its_hint() -> None:
    (line,) = words_under("SELECT 1;", {1: {"refusal": Refusal("42703", "no such column", "Perhaps another.")}})

    assert line == "refused by the server: no such column (SQLSTATE 42703). Perhaps another."


def test_findings_stand_worst_first_and_those_allowed_last_with_the_reason() -> None:
    findings = [
        finding(1, Severity.NOTE, "rename"),
        finding(1, Severity.ERROR, "check-scan", allowed="it is empty"),
        finding(2, Severity.ERROR),
        finding(0, Severity.WARNING, "cascade"),
    ]

    read = Read(page(review(reviewed("SELECT 1; SELECT 2;", findings=findings))))

    kinds = [attributes["class"] for tag, attributes in read.elements if tag == "li" and "finding" in str(attributes)]
    assert kinds == ["finding error", "finding warning", "finding note", "finding allowed"]
    assert "Allowed: it is empty" in read.text
    assert "1 error, 1 warning and 1 note in 1 pending migration" in read.text


def test_the_safe_shape_of_a_rule_stands_once_in_a_file() -> None:
    text = page(review(reviewed("SELECT 1; SELECT 2;", findings=[finding(1), finding(2)])))

    assert text.count("What to do instead") == 1


def test_a_run_of_rows_is_cut_and_the_page_says_by_how_much() -> None:
    rows = "\n".join(f"INSERT INTO t VALUES ({number}, 'a row of some length');" for number in range(20_000))

    text = page(review(reviewed(rows)))

    shown = len(re.findall(r"<span data-n=", text))
    hidden = sum(int(each) for each in re.findall(r"(\d+) more lines", text))
    assert shown + hidden == 20_000
    assert shown < 100


def test_a_line_without_end_is_cut() -> None:
    text = page(review(reviewed(f"SELECT '{'x' * 300_000}';")))

    assert "x" * 7_000 not in text
    assert "kB of this line" in text


def test_a_schema_of_a_thousand_tables_has_a_page_and_no_diagram() -> None:
    made = catalog(*(table(f"t{number}", "id", "name", key="id") for number in range(1_000)))

    text = page(docs(made))

    assert "1000 tables are more than a diagram can show" in text
    assert len(text) < 5_000_000


def test_of_a_large_schema_the_diagram_shows_what_changes_and_its_neighbours() -> None:
    tables = [table(f"t{number}", "id", "other", key="id") for number in range(300)]
    links = [constraint("t1", "fk", "FOREIGN KEY (other) REFERENCES t2(id)")]
    before, after = catalog(*tables, *links), catalog(*tables, *links, table("t1", "id", "other", "new", key="id"))

    read = Read(page(review(reviewed("SELECT 1;"), before=before, after=after)))

    assert "The schema has 300 tables. Shown are the 2 that change" in read.text


@pytest.mark.parametrize("empty", [review(), docs(catalog())], ids=["review", "docs"])
def test_there_is_a_page_of_nothing(empty: ReviewResult | DocsResult) -> None:
    assert "There is none." in Read(page(empty)).text


def test_a_table_tells_what_it_refers_to_and_what_refers_to_it() -> None:
    made = catalog(
        table("users", "id", key="id") | comment("users", "Who signs in."),
        table('"Orders"', "id", "user_id", schema="shop", key="id"),
        constraint('"Orders"', "fk", "FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE", schema="shop"),
        constraint("users", "users_id_check", "CHECK (id <> ''::text)"),
    )

    read = Read(page(docs(made)))

    assert "(user_id) to users (id) ON DELETE CASCADE fk" in read.text
    assert 'referred to by shop."Orders" (user_id)' in read.text
    assert "Made by 0001_make" in read.text
    assert "Who signs in." in read.text


MARKDOWN = """Do **this** with `a < b`:

```sql
SELECT '<b>';
```

- one
  goes on
- two, see [the manual](https://www.postgresql.org/docs/)"""


def test_the_markdown_of_rules_becomes_elements() -> None:
    assert html_of(MARKDOWN) == (
        "<p>Do <strong>this</strong> with <code>a &lt; b</code>:</p>"
        '<pre class="sql" tabindex="0">SELECT &#x27;&lt;b&gt;&#x27;;</pre>'
        '<ul class=""><li>one goes on</li>'
        '<li>two, see <a href="https://www.postgresql.org/docs/">the manual</a></li></ul>'
    )


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


COLOURS = {name: pair for name, *pair in re.findall(r"--([a-z-]+): light-dark\((#\w{6}), (#\w{6})\)", CSS)}
ON_ALL = [*itertools.product(("text", "quiet", "accent", "error", "warning", "note", "fine"), ("bg", "raised"))]
ON_THEIRS = [(name, f"{name}-bg") for name in ("error", "warning", "note", "fine")]


@pytest.mark.parametrize(("text", "ground"), [*ON_ALL, *ON_THEIRS, ("text", "sunken")], ids="-on-".join)
def test_text_has_the_contrast_that_wcag_asks_for(text: str, ground: str) -> None:
    """Level AA: 4.5 to 1, in the light scheme and in the dark one."""
    assert min(contrast(*pair) for pair in zip(COLOURS[text], COLOURS[ground], strict=True)) >= 4.5
