"""What is in the files that are applied: texts by number, and folders of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def table(number: int) -> str:
    """The smallest migration that makes something."""
    return f"CREATE TABLE t{number} (\n    id bigint PRIMARY KEY,\n    name text NOT NULL\n);\n"


def small(number: int) -> str:
    """What a small migration mostly is."""
    index = f"CREATE INDEX t{number}_name_idx ON t{number} (name);\n"
    comment = f"COMMENT ON TABLE t{number} IS 'The table number {number}.';\n"
    return f"{table(number)}\n{index}\n{comment}"


def light(number: int) -> str:
    """As long as a small migration, and next to nothing to run."""
    return f"SELECT {number} AS number, '{'as long as a small migration; ' * 6}' AS note;\n"


def slow(number: int) -> str:
    """Leaves a row each time that it is run, and gives others the time to run it too."""
    return f"INSERT INTO runs (file) VALUES ({number});\nSELECT pg_sleep(0.02);\n"


def big(number: int) -> str:
    """A data file of 24 MB, a statement a row."""
    note = "a note that is long enough to make the file as large as the data files that people really have " * 2
    rows = (f"INSERT INTO t VALUES ({row}, 'ünïcode {row}', '{note}');\n" for row in range(100_000))
    return f"CREATE TABLE t (id bigint PRIMARY KEY, name text, note text);\n-- file {number}\n{''.join(rows)}"


def write(folder: Path, files: dict[str, str]) -> Path:
    """The folder, made, with the files in it by their names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def wide(count: int) -> str:
    """So many tables with 10 columns, 3 indexes and 2 constraints each."""
    return "".join(
        f"CREATE TABLE t{n} (id bigint GENERATED ALWAYS AS IDENTITY, a text NOT NULL, b text, "
        "c numeric(20,10) NOT NULL DEFAULT 0, d timestamptz NOT NULL DEFAULT now(), e jsonb, f integer, "
        'g boolean NOT NULL DEFAULT false, h uuid, i text COLLATE "C", '
        f"CONSTRAINT t{n}_pkey PRIMARY KEY (id), CONSTRAINT t{n}_a_check CHECK (length(a) > 0 AND f > 3));\n"
        f"CREATE INDEX t{n}_b_idx ON t{n} (b);\n"
        f"CREATE INDEX t{n}_d_idx ON t{n} (d, f) WHERE g;\n"
        f"CREATE UNIQUE INDEX t{n}_h_idx ON t{n} (h);\n"
        for n in range(1, count + 1)
    )
