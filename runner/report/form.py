"""The form that a result takes: text, or what was asked for."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from runner.results import DocsResult, ReviewResult

if TYPE_CHECKING:
    from runner.results import Result

_OF_EXTENSION = {".md": "markdown", ".markdown": "markdown", ".html": "html", ".json": "json", ".sarif": "sarif"}


def form_of(path: str) -> str | None:
    """The form that the name of a file asks for, if it does."""
    return _OF_EXTENSION.get(PurePath(path).suffix.lower())


def shown(command: str, result: Result, form: str) -> str:
    """The result in the form `text`, `json`, `markdown`, `html` or `sarif`; what has not got that form is text."""
    match form, result:
        case "json", _:
            from runner.report.json import document, result_parts

            return document(command, result.status, result_parts(result))
        case "markdown", ReviewResult():
            from runner.report.markdown import markdown

            return markdown(result)
        case "sarif", ReviewResult():
            from runner.report.sarif import sarif

            return sarif(result)
        case "html", ReviewResult() | DocsResult():
            from runner.report.html import page

            return page(result)
        case _:
            from runner.report.text import render

            return render(result)
