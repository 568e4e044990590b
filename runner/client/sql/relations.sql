-- The relations that the queries and the views name: one row a column.
-- A column counts as NOT NULL only if no child table and no constraint that is NOT VALID allows a NULL in it, and if
-- the server itself sees to it: of foreign tables and views nothing is certain.
WITH RECURSIVE family AS (
    SELECT c.oid AS root, c.oid AS member
    FROM pg_catalog.pg_class AS c
    WHERE c.oid = ANY (:'mentioned'::oid[])
    UNION
    SELECT f.root, i.inhrelid
    FROM family AS f
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = f.member
),
open_constraints AS (
    SELECT k.conrelid, k.conkey[1] AS attnum
    FROM pg_catalog.pg_constraint AS k
    WHERE k.contype = 'n' AND NOT k.convalidated
),
may_hold_null AS (
    SELECT DISTINCT f.root, a.attname
    FROM family AS f
    JOIN pg_catalog.pg_class AS c ON c.oid = f.member
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.member
    WHERE a.attnum > 0
    AND (
        NOT a.attnotnull
        OR c.relkind NOT IN ('r', 'p')
        OR EXISTS (SELECT FROM open_constraints AS o WHERE o.conrelid = a.attrelid AND o.attnum = a.attnum)
    )
),
may_skip AS (
    SELECT f.root
    FROM family AS f
    JOIN pg_catalog.pg_class AS c ON c.oid = f.member
    LEFT JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = f.member
    WHERE c.relkind NOT IN ('r', 'p')
    OR t.tgtype & 1 <> 0 AND t.tgtype & 66 <> 0 AND t.tgtype & 20 <> 0 -- row; before, instead; insert, update
)
SELECT
    c.oid,
    n.nspname,
    c.relname,
    pg_catalog.pg_table_is_visible(c.oid),
    c.relhasrules OR c.oid IN (SELECT s.root FROM may_skip AS s),
    a.attnum,
    a.attname,
    a.atttypid,
    m.root IS NULL,
    a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND y.typdefault IS NULL,
    a.attgenerated <> '',
    a.attnotnull
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid
LEFT JOIN may_hold_null AS m ON m.root = c.oid AND m.attname = a.attname
WHERE c.oid = ANY (:'mentioned'::oid[])
AND a.attnum > 0
AND NOT a.attisdropped
ORDER BY c.oid, a.attnum
