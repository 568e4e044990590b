-- The entry, in the transaction of its file. A condition that does not hold makes its history NULL, which is refused.
INSERT INTO :"schema"._migrations (
    version,
    name,
    checksum,
    state,
    started_at,
    applied_at,
    duration_ms,
    statements_done,
    applied_by,
    runner_version,
    history,
    sql
)
VALUES (
    :'version',
    :'name',
    :'checksum',
    :'state',
    :began
    ,
    :applied_at
    ,
    :duration_ms
    ,
    :'statements_done',
    :'applied_by',
    :'runner_version',
    :history
    ,
    :'sql'
)
