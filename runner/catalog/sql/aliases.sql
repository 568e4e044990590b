-- What stands for what among PostgreSQL's dependencies: a view's rule for the view, a default for its column, the
-- index of a constraint for the constraint, a row type for its table, an array type for the type of its elements,
-- a table in a publication for that, a part of an extension for that.
SELECT tableoid, oid, 0, 'pg_catalog.pg_class'::regclass::oid, ev_class, 0
FROM pg_catalog.pg_rewrite
WHERE rulename = '_RETURN' AND oid >= 16384
UNION ALL
SELECT tableoid, oid, 0, 'pg_catalog.pg_class'::regclass::oid, adrelid, adnum
FROM pg_catalog.pg_attrdef
UNION ALL
SELECT 'pg_catalog.pg_class'::regclass::oid, conindid, 0, tableoid, oid, 0
FROM pg_catalog.pg_constraint
WHERE contype IN ('p', 'u', 'x')
UNION ALL
SELECT tableoid, oid, 0, 'pg_catalog.pg_class'::regclass::oid, typrelid, 0
FROM pg_catalog.pg_type
WHERE oid >= 16384 AND typrelid <> 0
UNION ALL
SELECT tableoid, oid, 0, tableoid, typelem, 0
FROM pg_catalog.pg_type
WHERE oid >= 16384 AND typelem <> 0 AND typcategory = 'A'
UNION ALL
SELECT 'pg_catalog.pg_type'::regclass::oid, rngmultitypid, 0, 'pg_catalog.pg_type'::regclass::oid, rngtypid, 0
FROM pg_catalog.pg_range
WHERE rngtypid >= 16384
UNION ALL
SELECT tableoid, oid, 0, 'pg_catalog.pg_publication'::regclass::oid, prpubid, 0
FROM pg_catalog.pg_publication_rel
UNION ALL
SELECT classid, objid, 0, refclassid, refobjid, 0
FROM pg_catalog.pg_depend
WHERE deptype = 'e'
