"""Printing. Whoever reads may stop reading (`migrate up | head`): that ends the printing, and never the work."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from runner.errors import Place, Unwritable


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Prints to stdout, or to stderr; to nowhere once its reader has gone."""
    try:
        click.echo(text, err=err, nl=nl)
    except OSError:  # a closed pipe, a full disk
        nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # open as long as the process
        if err:
            sys.stderr = nowhere
        else:
            sys.stdout = nowhere


def write(path: str, text: str) -> None:
    """Writes a report to a file; the folders above it are made. Raises Unwritable."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        plain = click.unstyle(text)
        Path(path).write_text(plain if plain.endswith("\n") else f"{plain}\n", encoding="utf-8")
    except OSError as error:
        raise Unwritable(f"the file cannot be written: {error.strerror}", place=Place(path)) from error
