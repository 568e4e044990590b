"""Writes the fixtures of the tools that no package registry has: their tables as documented, rows as they would be.

`python by_hand.py` beside this file. The checksums are taken here in the plainest way, not by the code under test.
"""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

HERE = Path(__file__).parent
USERS = "CREATE TABLE users (\n    id bigint PRIMARY KEY,\n    email text NOT NULL\n);\n"
POSTS = """\
CREATE TABLE posts (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id), title text);
CREATE FUNCTION titled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.title := coalesce(NEW.title, 'untitled; as yet');
    RETURN NEW;
END
$$;
CREATE TRIGGER titled BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION titled();
"""
INDEX = "CREATE INDEX CONCURRENTLY posts_user_id_idx ON posts (user_id);\n"
PAID = "ALTER TABLE posts ADD COLUMN paid_at timestamptz;\n"
VIEW = "CREATE OR REPLACE VIEW titles AS SELECT title FROM posts;\n"
WHEN = "'2024-01-05 12:00:00'"


def write(tool: str, files: dict[str, str], history: str) -> None:
    """A fixture: the tool's files, and a database that it would have left."""
    for name, text in files.items():
        path = HERE / tool / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    schema = (USERS + POSTS + INDEX.replace(" CONCURRENTLY", "")).replace("$$;", "$$;")
    (HERE / tool / "history.sql").write_text(f"{schema}\n{history.strip()}\n")


def flyway() -> None:
    files = {
        "V1__create_users.sql": USERS,
        "V1.1__create_posts.sql": POSTS,
        "V2__index_posts.sql": INDEX,
        "R__titles.sql": VIEW,
        "V3__add_paid_at.sql": PAID,
    }
    rows = ""
    versions = ("1", "1.1", "2", None)
    for rank, (version, (name, text)) in enumerate(zip(versions, files.items(), strict=False), 1):
        crc = zlib.crc32("".join(text.splitlines()).encode())
        signed = crc - 2**32 if crc >= 2**31 else crc
        shown = f"'{version}'" if version else "NULL"
        words = name.partition("__")[2].removesuffix(".sql").replace("_", " ")
        values = f"{rank}, {shown}, '{words}', 'SQL', '{name}', {signed}, 'app', {WHEN}, 5, true"
        rows += f"INSERT INTO flyway_schema_history VALUES ({values});\n"
    write(
        "flyway",
        files,
        f"""{VIEW}
CREATE TABLE flyway_schema_history (
    installed_rank integer NOT NULL CONSTRAINT flyway_schema_history_pk PRIMARY KEY,
    version varchar(50),
    description varchar(200) NOT NULL,
    type varchar(20) NOT NULL,
    script varchar(1000) NOT NULL,
    checksum integer,
    installed_by varchar(100) NOT NULL,
    installed_on timestamp NOT NULL DEFAULT now(),
    execution_time integer NOT NULL,
    success boolean NOT NULL
);
CREATE INDEX flyway_schema_history_s_idx ON flyway_schema_history (success);
{rows}""",
    )


def liquibase() -> None:
    files = {
        "changelog.xml": '<databaseChangeLog><includeAll path="changes"/></databaseChangeLog>\n',
        "changes/001-users.sql": "--liquibase formatted sql\n\n--changeset ada:1\n"
        f"{USERS}--rollback DROP TABLE users;\n",
        "changes/002-posts.sql": "--liquibase formatted sql\n\n--changeset ada:1 splitStatements:false\n"
        f"--comment: posts\n{POSTS}--rollback DROP TABLE posts;\n\n"
        f"--changeset ada:2 runInTransaction:false\n{INDEX}--rollback DROP INDEX posts_user_id_idx;\n",
        "changes/003-paid.sql": f"--liquibase formatted sql\n\n--changeset bob:paid context:prod\n{PAID}"
        "\n--changeset bob:elsewhere dbms:oracle\nSELECT 1 FROM dual;\n",
    }
    rows = "".join(
        f"INSERT INTO databasechangelog VALUES ('{each}', 'ada', 'db/changelog/changes/{name}', {WHEN}, {order}, "
        f"'EXECUTED', '9:0123456789abcdef0123456789abcdef', 'sql', '', NULL, '4.33.0', NULL, NULL, '4437222222');\n"
        for order, (each, name) in enumerate(
            (("1", "001-users.sql"), ("1", "002-posts.sql"), ("2", "002-posts.sql")), 1
        )
    )
    write(
        "liquibase",
        files,
        f"""CREATE TABLE databasechangeloglock (
    id integer CONSTRAINT databasechangeloglock_pkey PRIMARY KEY,
    locked boolean NOT NULL,
    lockgranted timestamp,
    lockedby varchar(255)
);
INSERT INTO databasechangeloglock VALUES (1, false, NULL, NULL);
CREATE TABLE databasechangelog (
    id varchar(255) NOT NULL,
    author varchar(255) NOT NULL,
    filename varchar(255) NOT NULL,
    dateexecuted timestamp NOT NULL,
    orderexecuted integer NOT NULL,
    exectype varchar(10) NOT NULL,
    md5sum varchar(35),
    description varchar(255),
    comments varchar(255),
    tag varchar(255),
    liquibase varchar(20),
    contexts varchar(255),
    labels varchar(255),
    deployment_id varchar(10)
);
{rows}""",
    )


def golang_migrate() -> None:
    files = {
        "000001_create_users.up.sql": USERS,
        "000001_create_users.down.sql": "DROP TABLE users;\n",
        "000002_create_posts.up.sql": f"BEGIN;\n{POSTS}COMMIT;\n",
        "000002_create_posts.down.sql": "DROP TABLE posts;\n",
        "000003_index_posts.up.sql": INDEX,
        "000004_add_paid_at.up.sql": PAID,
    }
    history = "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);\n"
    write("golang-migrate", files, f"{history}INSERT INTO schema_migrations VALUES (3, false);")


def goose() -> None:
    begin, end = "-- +goose StatementBegin\n", "-- +goose StatementEnd\n"
    files = {
        "00001_create_users.sql": f"-- +goose Up\n{USERS}\n-- +goose Down\nDROP TABLE users;\n",
        "00002_create_posts.sql": f"-- +goose Up\n{begin}{POSTS}{end}\n-- +goose Down\nDROP TABLE posts;\n",
        "00003_index_posts.sql": f"-- +goose NO TRANSACTION\n-- +goose Up\n{INDEX}\n-- +goose Down\nDROP INDEX i;\n",
        "00004_add_paid_at.sql": f"-- +goose Up\n{PAID}",
    }
    rows = "".join(
        f"INSERT INTO goose_db_version (version_id, is_applied, tstamp) VALUES ({version}, {applied}, {WHEN});\n"
        for version, applied in ((0, "true"), (1, "true"), (1, "false"), (1, "true"), (2, "true"), (3, "true"))
    )
    write(
        "goose",
        files,
        f"""CREATE TABLE goose_db_version (
    id integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
    version_id bigint NOT NULL,
    is_applied boolean NOT NULL,
    tstamp timestamp NOT NULL DEFAULT now()
);
{rows}""",
    )


def prisma() -> None:
    files = {
        "migration_lock.toml": 'provider = "postgresql"\n',
        "0_init/migration.sql": USERS,
        "20240102090000_create_posts/migration.sql": POSTS,
        "20240103090000_index_posts/migration.sql": INDEX,
        "20240104090000_add_paid_at/migration.sql": PAID,
    }
    applied = [(name.rpartition("/")[0], text) for name, text in files.items()][1:4]
    rows = "".join(
        f"INSERT INTO _prisma_migrations VALUES ('{number:036d}', '{hashlib.sha256(text.encode()).hexdigest()}', "
        f"{WHEN}, '{name}', NULL, NULL, {WHEN}, 1);\n"
        for number, (name, text) in enumerate(applied)
    )
    write(
        "prisma",
        files,
        f"""CREATE TABLE _prisma_migrations (
    id varchar(36) NOT NULL PRIMARY KEY,
    checksum varchar(64) NOT NULL,
    finished_at timestamptz,
    migration_name varchar(255) NOT NULL,
    logs text,
    rolled_back_at timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(),
    applied_steps_count integer NOT NULL DEFAULT 0
);
{rows}INSERT INTO _prisma_migrations
VALUES ('{9:036d}', '{"0" * 64}', NULL, '20240103090000_index_posts', 'it failed', {WHEN}, {WHEN}, 0);""",
    )


def tern() -> None:
    below = "\n---- create above / drop below ----\n\n"
    files = {
        "001_create_users.sql": f"{USERS}{below}DROP TABLE users;\n",
        "002_create_posts.sql": f"{POSTS}{below}DROP TABLE posts;\n",
        "003_index_posts.sql": f"---- tern: disable-tx ----\n{INDEX}{below}DROP INDEX posts_user_id_idx;\n",
        "004_add_paid_at.sql": f"{PAID}{below}ALTER TABLE posts DROP COLUMN paid_at;\n",
    }
    history = "CREATE TABLE schema_version (version integer NOT NULL);\nINSERT INTO schema_version VALUES (3);"
    write("tern", files, history)


for fixture in (flyway, liquibase, golang_migrate, goose, prisma, tern):
    fixture()
