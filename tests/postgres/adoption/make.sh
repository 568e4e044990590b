#!/bin/sh
# Makes the fixtures of the tools that a package registry has anew, with the tools themselves: `make.sh [TOOL …]`.
# URL names a server where databases may be created; the tools are on PATH, versions in README.md.
set -eu
: "${URL:=postgres://postgres@127.0.0.1:5432}"
here=$(cd "$(dirname "$0")" && pwd)
users='CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);'
posts='CREATE TABLE posts (
    id bigint PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id),
    title text
);
CREATE FUNCTION titled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.title := coalesce(NEW.title, '"'untitled; as yet'"');
    RETURN NEW;
END
$$;
CREATE TRIGGER titled BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION titled();'
index='CREATE INDEX CONCURRENTLY posts_user_id_idx ON posts (user_id);'
paid='ALTER TABLE posts ADD COLUMN paid_at timestamptz;'

begin() {  # a database and a folder of the tool's name, and into the folder
    tool=$1
    db="adopt_$(echo "$tool" | tr - _)"
    psql -q "$URL/postgres" -c "DROP DATABASE IF EXISTS $db" -c "CREATE DATABASE $db" 2>/dev/null
    rm -rf "${here:?}/$tool"
    mkdir -p "$here/$tool/files"
    cd "$here/$tool/files"
}

dump() {  # what the tool left in the database, as statements that any client can send
    pg_dump --no-owner --no-privileges --inserts "$URL/$db" | grep -v '^\\' | grep -v '^--' | cat -s > "$here/$tool/history.sql"
}

dbmate_() {
    begin dbmate
    printf -- '-- migrate:up\n%s\n\n-- migrate:down\nDROP TABLE users;\n' "$users" > 20240101090000_create_users.sql
    printf -- '-- migrate:up\n%s\n\n-- migrate:down\nDROP TABLE posts;\n' "$posts" > 20240102090000_create_posts.sql
    printf -- '-- migrate:up transaction:false\n%s\n\n-- migrate:down transaction:false\nDROP INDEX posts_user_id_idx;\n' "$index" \
        > 20240103090000_index_posts.sql
    dbmate --no-dump-schema --migrations-dir . --url "$URL/$db?sslmode=disable" up > /dev/null
    printf -- '-- migrate:up\n%s\n\n-- migrate:down\n' "$paid" > 20240104090000_add_paid_at.sql
    dump
}

liquibase_() {
    begin liquibase
    mkdir -p db/changelog/changes
    cat > db/changelog/changelog.xml <<'X'
<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">
    <includeAll path="db/changelog/changes/"/>
</databaseChangeLog>
X
    cd db/changelog/changes
    printf -- '--liquibase formatted sql\n\n--changeset ada:1\n%s\n--rollback DROP TABLE users;\n' "$users" > 001-users.sql
    {
        printf -- '--liquibase formatted sql\n\n--changeset ada:1 splitStatements:false\n--comment: posts\n%s\n' "$posts"
        printf -- '--rollback DROP TABLE posts;\n\n--changeset ada:2 runInTransaction:false\n%s\n' "$index"
        printf -- '--rollback DROP INDEX posts_user_id_idx;\n\n--changeset ada:3\n'
        printf -- '--preconditions onFail:MARK_RAN\n'
        printf -- '--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_class WHERE relname = '"'users'"'\n'
        printf -- 'CREATE TABLE users_again (id bigint);\n'
    } > 002-posts.sql
    cd ../../..
    liquibase --log-level=off --changelog-file=db/changelog/changelog.xml --url="jdbc:postgresql://${URL#*@}/$db" \
        --username=postgres --password=none --search-path=. update > /dev/null 2>&1
    {
        printf -- '--liquibase formatted sql\n\n--changeset bob:paid context:prod\n%s\n\n' "$paid"
        printf -- '--changeset bob:elsewhere dbms:oracle\nSELECT 1 FROM dual;\n'
    } > db/changelog/changes/003-paid.sql
    dump
}

sqlx_() {
    begin sqlx
    pair() { printf '%s\n' "$2" > "$1.up.sql" && printf '%s\n' "$3" > "$1.down.sql"; }
    pair 20240101090000_create_users "$users" 'DROP TABLE users;'
    pair 20240102090000_create_posts "$posts" 'DROP TABLE posts;'
    pair 20240103090000_index_posts "-- no-transaction
$index" 'DROP INDEX posts_user_id_idx;'
    sqlx migrate run --source . --database-url "$URL/$db" > /dev/null
    pair 20240104090000_add_paid_at "$paid" 'ALTER TABLE posts DROP COLUMN paid_at;'
    dump
}

node_pg_migrate_() {
    begin node-pg-migrate
    printf -- '-- Up Migration\n%s\n\n-- Down Migration\nDROP TABLE users;\n' "$users" > 1704099600000_create-users.sql
    printf -- '-- Up Migration\n%s\n\n-- Down Migration\nDROP TABLE posts;\n' "$posts" > 1704186000000_create-posts.sql
    DATABASE_URL="$URL/$db" node-pg-migrate up -m . > /dev/null
    printf -- '-- Up Migration\n%s\n\n-- Down Migration\n' "$paid" > 1704358800000_add-paid-at.sql
    dump
}

node_pg_migrate_js_() {
    begin node-pg-migrate-js
    printf 'exports.up = (pgm) => pgm.createTable("users", { id: "id", email: { type: "text", notNull: true } });\n' \
        > 1704099600000_create-users.js
    printf -- '-- Up Migration\n%s\n\n-- Down Migration\nDROP TABLE posts;\n' "$posts" | sed 's/bigint NOT NULL/int NOT NULL/' \
        > 1704186000000_create-posts.sql
    DATABASE_URL="$URL/$db" node-pg-migrate up -m . > /dev/null
    printf -- '-- Up Migration\n%s\n\n-- Down Migration\n' "$paid" > 1704358800000_add-paid-at.sql
    dump
}

graphile_migrate_() {
    begin graphile-migrate
    psql -q "$URL/postgres" -c "DROP DATABASE IF EXISTS ${db}_shadow" -c "CREATE DATABASE ${db}_shadow" 2>/dev/null
    echo '{}' > .gmrc
    export DATABASE_URL="$URL/$db" SHADOW_DATABASE_URL="$URL/${db}_shadow" ROOT_DATABASE_URL="$URL/postgres"
    mkdir -p migrations/committed
    for text in "$users" "$posts" "--! no-transaction
$index"; do
        printf '%s\n' "$text" > migrations/current.sql
        graphile-migrate commit --message "the next one" > /dev/null
    done
    graphile-migrate migrate > /dev/null
    printf '%s\n' "$paid" > migrations/current.sql
    graphile-migrate commit > /dev/null
    psql -q "$URL/$db" -c "DELETE FROM graphile_migrate.migrations WHERE filename = '000004.sql'" \
        -c 'ALTER TABLE posts DROP COLUMN paid_at'
    mv migrations/committed/* . && rm -rf migrations .gmrc
    dump
}

sqitch_() {
    begin sqitch
    export SQITCH_FULLNAME='An Author' SQITCH_EMAIL=author@example.com
    sqitch init shop --engine pg > /dev/null
    script() { sqitch add "$1" -n "$1" $3 > /dev/null && printf -- '-- Deploy shop:%s to pg\n\nBEGIN;\n\n%s\n\nCOMMIT;\n' "$1" "$2" > "deploy/$1.sql"; }
    script users "$users" ''
    script posts "$posts" '--requires users'
    sqitch tag v1 -n one > /dev/null
    sqitch deploy "db:pg:${URL#*:}/$db" 2>&1 | grep -q posts
    sqitch rework posts -n 'count them' > /dev/null
    printf -- '-- Deploy shop:posts to pg\n\nBEGIN;\n\nALTER TABLE posts ADD COLUMN number int;\n\nCOMMIT;\n' > deploy/posts.sql
    sqitch deploy "db:pg:${URL#*:}/$db" 2>&1 | grep -q posts
    script paid "$paid" '--requires posts'
    rm -rf revert verify
    dump
}

yoyo_() {
    begin yoyo
    printf '%s\n' "$users" > 0001.create-users.sql
    printf 'DROP TABLE users\n' > 0001.create-users.rollback.sql
    printf -- '-- depends: 0001.create-users\n\n%s\n' "$posts" > 0002.create-posts.sql
    printf -- '-- transactional: false\n-- depends: 0002.create-posts\n\n%s\n' "$index" > 0003.index-posts.sql
    yoyo apply --batch --no-config-file --database "postgresql${URL#postgres}/$db" . 2> /dev/null
    printf -- '-- depends: 0003.index-posts\n\n%s\n' "$paid" > 0004.add-paid-at.sql
    dump
}

yoyo_py_() {
    begin yoyo-py
    printf 'from yoyo import step\n\nsteps = [step("%s")]\n' "$users" > 20240101_01_aB3cD-create-users.py
    printf -- '-- depends: 20240101_01_aB3cD-create-users\n\n%s\n' "$posts" > 20240102_01_xY9zW-create-posts.sql
    yoyo apply --batch --no-config-file --database "postgresql${URL#postgres}/$db" . 2> /dev/null
    dump
}

alembic_() {
    begin alembic
    alembic init alembic > /dev/null
    sed -i "s#^sqlalchemy.url.*#sqlalchemy.url = postgresql${URL#postgres}/$db#" alembic.ini
    alembic revision --rev-id a1 -m 'create users' > /dev/null
    alembic revision --rev-id b2 -m 'create posts' > /dev/null
    python - alembic/versions <<'P'
import pathlib, sys
bodies = {
    "a1_create_users.py": 'op.create_table("users", sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("email", sa.Text, nullable=False))',
    "b2_create_posts.py": 'op.create_table("posts", sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("user_id", sa.BigInteger, sa.ForeignKey("users.id"), nullable=False, index=True))',
}
for name, body in bodies.items():
    path = pathlib.Path(sys.argv[1]) / name
    path.write_text(path.read_text().replace("    pass", f"    {body}", 1))
P
    alembic upgrade head 2> /dev/null
    rm -rf alembic/__pycache__ alembic/versions/__pycache__ alembic/README alembic/script.py.mako alembic/env.py alembic.ini
    dump
}

django_() {
    begin django
    mkdir -p shop/migrations && touch shop/__init__.py shop/migrations/__init__.py
    cat > settings.py <<P
from urllib.parse import urlsplit
_url = urlsplit("$URL")
SECRET_KEY, USE_TZ, DEFAULT_AUTO_FIELD = "x", True, "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "$db", "USER": _url.username,
    "PASSWORD": _url.password or "", "HOST": _url.hostname, "PORT": _url.port}}
P
    cat > shop/models.py <<'P'
from django.conf import settings
from django.db import models


class Post(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    title = models.TextField(default="")
P
    export DJANGO_SETTINGS_MODULE=settings PYTHONPATH=. PYTHONDONTWRITEBYTECODE=1
    python -m django makemigrations -v 0 shop
    python -m django migrate -v 0
    rm settings.py shop/models.py
    dump
}

rails_() {
    begin rails
    mkdir -p db/migrate
    cat > db/migrate/20240101090000_create_users.rb <<'R'
class CreateUsers < ActiveRecord::Migration[6.1]
  def change
    create_table(:users) { |t| t.text :email, null: false, index: { unique: true } }
  end
end
R
    cat > db/migrate/20240102090000_create_posts.rb <<'R'
class CreatePosts < ActiveRecord::Migration[6.1]
  def change
    create_table(:posts) { |t| t.references :user, null: false, foreign_key: true; t.text :title; t.timestamps }
  end
end
R
    ruby -e 'require "active_record"
ActiveRecord::Base.establish_connection(ARGV[0])
ActiveRecord::Migration.verbose = false
ActiveRecord::MigrationContext.new("db/migrate", ActiveRecord::SchemaMigration).migrate' "postgresql${URL#postgres}/$db"
    dump
}

for tool in "${@:-}"; do
    if [ -z "$tool" ]; then
        exec "$0" dbmate liquibase sqlx node_pg_migrate node_pg_migrate_js graphile_migrate sqitch yoyo yoyo_py alembic django rails
    fi
    "${tool}_"
done
