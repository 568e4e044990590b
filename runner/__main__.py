"""`python -m runner` is `migrate`."""

from runner.cli import main

main(prog_name="migrate")
