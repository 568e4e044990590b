"""What was measured, as tables in Markdown."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from measure import Cost

PATIENCE = 60  # seconds: what takes longer is killed


@dataclass(frozen=True, slots=True)
class Result:
    """What a run cost and, of files that should have run once, how many ran twice or more, and how many did not."""

    cost: Cost
    copies: int = 1
    twice: int = 0
    never: int = 0

    @property
    def is_wrong(self) -> bool:
        return bool(self.cost.failed or self.twice or self.never)


Results = dict[str, list[Result]]  # by the tool's name, ours first


def table(title: str, columns: dict[str, Results]) -> str:
    """The table in Markdown: a row a tool, first those without a fault, by the time and memory of the last column."""
    *_, last = columns.values()

    def order(name: str) -> tuple[bool, float]:
        return any(each.is_wrong for results in columns.values() for each in results[name]), median(last[name])

    ours = [next(iter(results.values())) for results in columns.values()]
    lines = [f"### {title}\n", f"| | {' | '.join(columns)} | memory |", f"|---{'|---:' * (len(columns) + 1)}|"]
    for name in sorted(last, key=order):
        cells = [cell(results[name], against) for results, against in zip(columns.values(), ours, strict=True)]
        memory = statistics.median(each.cost.mebibytes for each in last[name])
        shown = f"**{name}**" if name == "migrate" else name
        lines.append(f"| {shown} | {' | '.join(cells)} | {memory:.0f} MiB |")
    return "\n".join(lines)


def cell(results: list[Result], ours: list[Result]) -> str:
    """The median, in brackets as a multiple of ours, and what went wrong."""
    took = median(results)
    time = f"{took * 1000:.0f} ms" if took < 1 else f"{took:.1f} s"
    if took >= PATIENCE:
        return f"over {PATIENCE} s"
    if any(each.cost.failed == each.copies for each in results):
        return f"failed after {time}"
    wrong = {
        "failed": [each.cost.failed for each in results],
        "files run twice": [each.twice for each in results],
        "files not run": [each.never for each in results],
    }
    spans = [f", {span(counts)} {what}" for what, counts in wrong.items() if any(counts)]
    ratio = took / median(ours)
    return f"{time} ({ratio:.{1 if ratio >= 1 else 2}f}){''.join(spans)}"


def median(results: list[Result]) -> float:
    return statistics.median(each.cost.seconds for each in results)


def span(counts: list[int]) -> str:
    return str(min(counts)) if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
