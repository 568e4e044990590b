"""An adoption as text: the plan, a line for each file of ours, and what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.adoption.plan import Becomes
from runner.adoption.texts import LIVE
from runner.report.style import bold, dim, green
from runner.report.words import count

if TYPE_CHECKING:
    from runner.adoption.plan import Step
    from runner.results import AdoptResult

_COLOURS = {Becomes.BASELINE: green, Becomes.PENDING: bold, Becomes.KNOWN: dim}


def adoption_text(result: AdoptResult) -> str:
    """The plan, if it was not shown before, and what was done or would be."""
    if not (result.to_write or result.to_record or result.recorded):
        return "\n".join([f"nothing to do: all that {result.tool} has is adopted", *_pending(result)])
    return _verdict(result) if result.shown else f"{plan_text(result)}\n{_verdict(result)}"


def plan_text(result: AdoptResult) -> str:
    """Which file of ours each migration of theirs becomes, and what was compared."""
    lines = [f"{result.tool} keeps {result.table}" + (f" and files in {result.source}" if result.source else "")]
    theirs = max((len(_stands(step)) for step in result.steps), default=0)
    ours = max((len(str(step.path)) for step in result.steps), default=0)
    lines += [_line(step, theirs, ours) for step in result.steps]
    return "\n".join([*lines, f"checked: {result.checks}"])


def _stands(step: Step) -> str:
    first = step.theirs[0].shown if step.theirs else ""
    return f"{first} and {len(step.theirs) - 1} more" if len(step.theirs) > 1 else first


def _line(step: Step, theirs: int, ours: int) -> str:
    new = "" if step.text is None else "new, "
    return f"  {_stands(step):<{theirs}}  {step.path!s:<{ours}}  {_COLOURS[step.becomes](new + step.becomes.value)}"


def _verdict(result: AdoptResult) -> str:
    if not result.done:
        files, entries = count(result.to_write, "file"), count(result.to_record, "entry")
        return f"would write {files} and record {entries} as baseline; nothing was changed"
    files, entries = count(result.written, "file"), count(len(result.recorded), "migration")
    lines = [f"wrote {files}; recorded {entries} as baseline; {result.table} is as it was"]
    if any(step.text and f"\n{LIVE}\n" in step.text for step in result.steps):
        lines.append("rows that migrations put in are not in the file of the live schema")
    lines += _pending(result)
    return "\n".join([*lines, f"try the files: migrate verify --replay --ignore '{','.join(result.own)}'"])


def _pending(result: AdoptResult) -> list[str]:
    pending = sum(step.becomes is Becomes.PENDING for step in result.steps)
    return [f"{pending} pending: {result.tool} has not applied what they stand for; migrate up does"] if pending else []
