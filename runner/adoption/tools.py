"""The tools that can be adopted from, by the name that `--from` takes."""

from __future__ import annotations

from runner.adoption import (
    alembic,
    dbmate,
    django,
    flyway,
    golang_migrate,
    goose,
    graphile_migrate,
    liquibase,
    node_pg_migrate,
    prisma,
    rails,
    sqitch,
    sqlx,
    tern,
    yoyo,
)

TOOLS = {
    module.TOOL.name: module.TOOL
    for module in (
        flyway,
        liquibase,
        golang_migrate,
        goose,
        dbmate,
        sqlx,
        prisma,
        alembic,
        yoyo,
        tern,
        node_pg_migrate,
        graphile_migrate,
        sqitch,
        rails,
        django,
    )
}
