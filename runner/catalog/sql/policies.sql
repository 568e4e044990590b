-- Policies of row-level security.
SELECT
    'policy',
    relation.schema,
    relation.name,
    pg_catalog.quote_ident(policy.polname),
    policy.tableoid,
    policy.oid,
    0,
    pg_catalog.json_build_array(
        CASE WHEN NOT policy.polpermissive THEN 'RESTRICTIVE' END,
        CASE policy.polcmd
            WHEN 'r' THEN 'SELECT'
            WHEN 'a' THEN 'INSERT'
            WHEN 'w' THEN 'UPDATE'
            WHEN 'd' THEN 'DELETE'
        END,
        (
            SELECT pg_catalog.string_agg(
                CASE role.oid WHEN 0 THEN 'PUBLIC' ELSE role.oid::regrole::text END,
                ', '
                ORDER BY CASE role.oid WHEN 0 THEN '' ELSE role.oid::regrole::text COLLATE "C" END
            )
            FROM pg_catalog.unnest(policy.polroles) AS role (oid)
        ),
        pg_catalog.pg_get_expr(policy.polqual, policy.polrelid, true),
        pg_catalog.pg_get_expr(policy.polwithcheck, policy.polrelid, true)
    )
FROM relation
JOIN pg_catalog.pg_policy AS policy ON policy.polrelid = relation.oid
