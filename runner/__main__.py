"""`python -m runner` is `migrate`; the script of that name starts here too.

Containers start the command all the time and mostly for nothing, so the start and the end of the process are kept
short: what is imported lives to the end, so it is not searched for garbage, and at the end it is not taken apart.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn


def start() -> NoReturn:
    """Runs the command and ends the process with its exit status; connections and servers are closed by then."""
    gc.set_threshold(100_000)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until there is something to cancel: no traceback for a quick Ctrl-C

    from runner.cli import main

    try:
        main(prog_name="migrate")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)
    raise AssertionError("click ends with SystemExit")  # pragma: no cover


if __name__ == "__main__":
    start()
