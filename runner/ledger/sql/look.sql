-- What a waiter asks: whether the lock is still held, and whether the ledger has moved.
SELECT
    :held
    ,
    tip.*
FROM (VALUES (1)) AS always
LEFT JOIN (
    :tip
) AS tip ON true
