-- Publications, and the tables in them (PostgreSQL 15 and later).
SELECT
    'publication',
    '',
    '',
    pg_catalog.quote_ident(publication.pubname),
    publication.tableoid,
    publication.oid,
    0,
    pg_catalog.json_build_array(
        publication.puballtables,
        pg_catalog.concat_ws(
            ', ',
            CASE WHEN publication.pubinsert THEN 'insert' END,
            CASE WHEN publication.pubupdate THEN 'update' END,
            CASE WHEN publication.pubdelete THEN 'delete' END,
            CASE WHEN publication.pubtruncate THEN 'truncate' END
        ),
        publication.pubviaroot,
        (
            SELECT pg_catalog.string_agg(
                member.prrelid::regclass::text
                || coalesce(' (' || (
                    SELECT pg_catalog.string_agg(
                        pg_catalog.quote_ident(attribute.attname), ', ' ORDER BY attribute.attname COLLATE "C"
                    )
                    FROM pg_catalog.pg_attribute AS attribute
                    WHERE attribute.attrelid = member.prrelid
                        AND attribute.attnum = ANY (member.prattrs::int2[])
                ) || ')', '')
                || coalesce(' WHERE (' || pg_catalog.pg_get_expr(member.prqual, member.prrelid, true) || ')', ''),
                ', '
                ORDER BY member.prrelid::regclass::text COLLATE "C"
            )
            FROM pg_catalog.pg_publication_rel AS member
            WHERE member.prpubid = publication.oid
        ),
        (
            SELECT pg_catalog.string_agg(
                whole.pnnspid::regnamespace::text, ', ' ORDER BY whole.pnnspid::regnamespace::text COLLATE "C"
            )
            FROM pg_catalog.pg_publication_namespace AS whole
            WHERE whole.pnpubid = publication.oid
        )
    )
FROM pg_catalog.pg_publication AS publication
WHERE NOT EXISTS (
    SELECT FROM extended
    WHERE extended.classid = 'pg_catalog.pg_publication'::regclass AND extended.objid = publication.oid
)
