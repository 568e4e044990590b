"""What sqlc says of the corpus in tests/postgres/corpus: which columns of which queries can be NULL, and where it errs.

sqlc_corpus.py SQLC                        offline, from the schema's text
sqlc_corpus.py SQLC --database-url URL     with the database's help; it has schema.sql loaded (and schema_18.sql)
sqlc_corpus.py SQLC --list                 and each answer that is wrong
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).parents[1] / "tests" / "postgres" / "corpus"
FILES = ("queries.sql", "queries_17.sql", "queries_18.sql")
OPTIONAL = re.compile(r"(?<![\w@<>])@(\w+)\?")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sqlc", type=Path, help="the path of the binary")
    parser.add_argument("--database-url", help="ask this database, too")
    parser.add_argument("--list", action="store_true", help="each answer that is wrong")
    options = parser.parse_args()
    sqlc = Sqlc(options.sqlc.resolve(), options.database_url)
    wrong: list[str] = []
    print(
        "| queries of | columns | exact | unsound | too careful | queries | exact | unsound | too careful | refused |"
    )
    print("|---|" + "---:|" * 9)
    for file in FILES:
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(sqlc.ask, read(CORPUS / file)))
        print(f"| {file} | {' | '.join(str(number) for number in numbers(answers))} |")
        wrong += [f"- {given.query.name}: {text}" for given in answers for text in given.wrong()]
    if options.list:
        print("", *wrong, sep="\n")


@dataclass(frozen=True, slots=True)
class Query:
    """A query of the corpus, and what is true of its columns."""

    name: str
    sql: str
    columns: dict[str, bool]
    """Whether it can be NULL."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What sqlc says of a query: which columns can be NULL, or why it does not say (it may lose columns, too)."""

    query: Query
    nullable: list[bool]
    refusal: str = ""

    def verdicts(self) -> list[str]:
        """A word for each column."""
        verdict = {(True, False): "unsound", (False, True): "too careful"}
        truth = self.query.columns.values()
        return [] if self.refusal else [verdict.get(pair, "exact") for pair in zip(truth, self.nullable, strict=True)]

    def verdict(self) -> str:
        """The worst of the columns' verdicts."""
        given = self.verdicts()
        return "refused" if self.refusal else next((v for v in ("unsound", "too careful") if v in given), "exact")

    def wrong(self) -> list[str]:
        pairs = zip(self.query.columns, self.verdicts(), strict=False)
        return [f"refused, {self.refusal}"] if self.refusal else [f"{name} {v}" for name, v in pairs if v != "exact"]


@dataclass(frozen=True, slots=True)
class Sqlc:
    """The binary, and the database that it may ask."""

    binary: Path
    url: str | None

    def ask(self, query: Query) -> Answer:
        schema = ["schema.sql", "schema_18.sql"] if "modern" in query.sql else ["schema.sql"]
        with tempfile.TemporaryDirectory() as folder:
            target = {"json": {"out": ".", "filename": "out.json"}}
            entry: dict[str, object] = {"engine": "postgresql", "schema": schema, "queries": "query.sql", "gen": target}
            if self.url:
                entry["database"] = {"uri": self.url}
            Path(folder, "sqlc.json").write_text(json.dumps({"version": "2", "sql": [entry]}))
            Path(folder, "query.sql").write_text(query.sql)
            for file in schema:
                shutil.copy(CORPUS / file, folder)
            command = [str(self.binary), "generate", "--no-remote"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                return Answer(query, [], done.stderr.strip().splitlines()[-1])
            columns = json.loads(Path(folder, "out.json").read_text())["queries"][0]["columns"]
        if len(columns) != len(query.columns):
            return Answer(query, [], f"it gives {len(columns)} columns")
        return Answer(query, [not column["not_null"] for column in columns])


def read(path: Path) -> list[Query]:
    """The queries of a file that have columns."""
    blocks = re.split(r"(?m)^(?=-- name:)", path.read_text())[1:]
    return [query for query in map(parse, blocks) if query.columns]


def parse(block: str) -> Query:
    lines = block.splitlines()
    listed = next(line for line in lines if line.startswith("-- columns:")).removeprefix("-- columns:")
    names = [name.strip() for name in listed.split(",") if name.strip()]
    text = "\n".join(line for line in lines[1:] if not line.startswith("--"))
    sql = OPTIONAL.sub(r"sqlc.narg(\1)", text)
    columns = {name.removesuffix("?"): name.endswith("?") for name in names}
    return Query(lines[0].split()[2], f"{lines[0]}\n{sql}", columns)


def numbers(answers: list[Answer]) -> list[int]:
    """A row of the table, without its name; the columns of a query that is refused are not counted."""
    columns = Counter(verdict for given in answers for verdict in given.verdicts())
    queries = Counter(given.verdict() for given in answers)
    kinds = ("exact", "unsound", "too careful")
    per_query = [queries[kind] for kind in (*kinds, "refused")]
    return [columns.total(), *(columns[kind] for kind in kinds), len(answers), *per_query]


if __name__ == "__main__":
    main()
