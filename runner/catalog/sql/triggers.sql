-- Triggers of tables and views, and rules; the clones on partitions are told with the parent.
SELECT
    'trigger',
    relation.schema,
    relation.name,
    pg_catalog.quote_ident(trigger.tgname),
    trigger.tableoid,
    trigger.oid,
    0,
    pg_catalog.json_build_array(
        pg_catalog.pg_get_triggerdef(trigger.oid, true),
        CASE trigger.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END
    )
FROM relation
JOIN pg_catalog.pg_trigger AS trigger ON trigger.tgrelid = relation.oid
WHERE NOT trigger.tgisinternal AND trigger.tgparentid = 0
UNION ALL
SELECT
    'rule',
    relation.schema,
    relation.name,
    pg_catalog.quote_ident(rule.rulename),
    rule.tableoid,
    rule.oid,
    0,
    pg_catalog.json_build_array(
        pg_catalog.pg_get_ruledef(rule.oid, true),
        CASE rule.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END
    )
FROM relation
JOIN pg_catalog.pg_rewrite AS rule ON rule.ev_class = relation.oid
WHERE rule.rulename <> '_RETURN'
