"""The part of a review's page that tells who waits for which lock, with the modes that occur in it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from runner.report.markup import anchor, link, text
from runner.report.summary import felt
from runner.report.words import count
from runner.review.locks import WORK, LockMode, conflict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.review.review import Reviewed

_MOST_LINKS = 4


def waits_part(files: Sequence[Reviewed]) -> str:
    """The eight modes against the work of others; a mode that occurs says where."""
    heads = "".join(f'<th scope="col">{text(work.name)}</th>' for work in WORK)
    taken = _taken(files)
    rows = "".join(_row(mode, taken.get(mode, ())) for mode in sorted(LockMode, reverse=True))
    return f"""<section id="waits" data-stop="section"><h2>Who waits for a lock</h2>
<p>While a session holds the lock on the left, does this work of another session on the same table wait?
The modes in bold occur in this review.</p>
<div class="scroll" tabindex="0" role="group" aria-label="Lock modes and who waits"><table class="matrix">
<thead><tr><th scope="col">lock mode</th>{heads}<th scope="col">in this review</th></tr></thead>
<tbody>{rows}</tbody></table></div></section>"""


def _taken(files: Sequence[Reviewed]) -> Mapping[LockMode, Sequence[str]]:
    """The titles of the files that take each mode."""
    found: defaultdict[LockMode, list[str]] = defaultdict(list)
    for each in files:
        modes = {lock.mode for observed in each.subject.statements for lock in felt(observed.locks)}
        for mode in modes:
            found[mode].append(each.subject.trace.migration.title)
    return found


def _row(mode: LockMode, titles: Sequence[str]) -> str:
    cells = "".join(_cell(waits=conflict(mode, work.mode)) for work in WORK)
    links = ", ".join(link(anchor("file", title), text(title)) for title in titles[:_MOST_LINKS])
    more = f" and {count(len(titles) - _MOST_LINKS, 'more file')}" if len(titles) > _MOST_LINKS else ""
    kind = "occurs" if titles else "absent"
    return f'<tr class="{kind}"><th scope="row">{mode}</th>{cells}<td>{links + more or "no"}</td></tr>'


def _cell(*, waits: bool) -> str:
    return '<td class="waits">waits</td>' if waits else '<td class="goes">goes on</td>'
