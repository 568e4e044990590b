"""Putting items in order: each after what it needs, and beside what belongs to the same group where that can be."""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Item = TypeVar("Item")


class Ordered(NamedTuple, Generic[Item]):
    """The items in order; `cycle` are those that need each other and stand at the end as they came."""

    items: list[Item]
    cycle: list[Item]


def order(  # noqa: C901  # one algorithm, in one piece
    items: Sequence[Item],
    before: Mapping[Item, Iterable[Item]],
    *,
    rank: Callable[[Item], tuple[object, ...]],
    group: Callable[[Item], object],
) -> Ordered[Item]:
    """The items, each after all that stand `before` it; among those that could come next the same group, then rank.

    A topological sort (Kahn, 1962), so that the same items give the same order however they came.
    """
    waiting: dict[Item, int] = {}
    after: defaultdict[Item, list[Item]] = defaultdict(list)
    for item in items:
        earlier = {each for each in before.get(item, ()) if each != item}
        waiting[item] = len(earlier)
        for each in earlier:
            after[each].append(item)
    ranked = {item: (rank(item), number) for number, item in enumerate(items)}
    ready: defaultdict[object, list[tuple[tuple[tuple[object, ...], int], Item]]] = defaultdict(list)
    starts: list[tuple[tuple[tuple[object, ...], int], Item]] = []

    def make_ready(item: Item) -> None:
        heapq.heappush(ready[group(item)], (ranked[item], item))
        heapq.heappush(starts, (ranked[item], item))

    for item in items:
        if not waiting[item]:
            make_ready(item)
    done: dict[Item, None] = {}
    current: object = None
    while starts:
        item = heapq.heappop(ready[current])[1] if ready[current] else heapq.heappop(starts)[1]
        if item in done:
            continue
        done[item] = None
        current = group(item)
        for each in after[item]:
            waiting[each] -= 1
            if not waiting[each]:
                make_ready(each)
    return Ordered(list(done), [item for item in items if item not in done])
