"""The order of changes: each after what it waits for, the same every time, and what belongs together side by side."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runner.catalog.order import Ordered, order

GRAPHS = st.dictionaries(st.integers(0, 9), st.sets(st.integers(0, 9), max_size=4))


def sort(items: list[str], before: dict[str, set[str]]) -> Ordered[str]:
    """The items, ranked by name, grouped by their first letter."""
    return order(items, before, rank=lambda item: (item,), group=lambda item: item[0])


def test_each_stands_after_what_it_waits_for() -> None:
    assert sort(["a1", "a2", "b1"], {"a1": {"b1"}, "b1": {"a2"}}).items == ["a2", "b1", "a1"]


def test_a_group_stands_together_where_nothing_forbids_it() -> None:
    assert sort(["b2", "a1", "b1", "a2"], {"a2": {"b1"}}).items == ["a1", "b1", "b2", "a2"]


def test_the_same_items_give_the_same_order_however_they_come() -> None:
    before = {"b1": {"a2"}, "c1": {"a1", "b1"}}

    assert sort(["a1", "a2", "b1", "c1"], before) == sort(["c1", "b1", "a2", "a1"], before)


def test_items_in_a_circle_are_told_and_so_are_those_that_wait_for_them() -> None:
    assert sort(["a", "b", "c", "d"], {"a": {"b"}, "b": {"a"}, "c": {"a"}}) == (["d"], ["a", "b", "c"])


@given(GRAPHS)
def test_no_item_is_lost_and_none_stands_before_what_it_waits_for(before: dict[int, set[int]]) -> None:
    ordered = order(range(10), before, rank=lambda item: (item,), group=lambda item: item % 3)

    assert sorted([*ordered.items, *ordered.cycle]) == list(range(10))
    for place, item in enumerate(ordered.items):
        assert before.get(item, set()) - {item} <= set(ordered.items[:place])
