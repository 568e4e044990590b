-- Which object needs which.
SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid
FROM pg_catalog.pg_depend
WHERE objid >= 16384 AND refobjid >= 16384 AND deptype IN ('n', 'a', 'i', 'P', 'S')
