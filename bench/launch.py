"""Starts a command COPIES times at once, waits for all, prints seconds, kibibytes of the largest process, and failures.

python -I -S launch.py COPIES PATIENCE COMMAND…

A program of its own, and a small one: Linux counts the peak memory of a process from that of the process that started
it, so what a large bench starts would never look smaller than the bench. After PATIENCE seconds all copies are killed.
"""

import os
import signal
import sys
import time


def main(copies: int, patience: int, *command: str) -> None:
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    before = time.perf_counter()
    running = {os.posix_spawnp(command[0], command, os.environ, file_actions=silent) for _ in range(copies)}

    def give_up(*_: object) -> None:
        for each in running:
            os.kill(each, signal.SIGKILL)

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(patience)
    failures = largest = 0
    while running:
        process, status, usage = os.wait4(-1, 0)
        running.discard(process)
        failures += status != 0
        largest = max(largest, usage.ru_maxrss)
    print(time.perf_counter() - before, largest, failures)


main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
