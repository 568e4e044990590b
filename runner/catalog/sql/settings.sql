-- What the server's own words for an expression or a definition depend on, so that equal schemas read equal.
SET LOCAL search_path = public;
SET LOCAL "TimeZone" = 'UTC';
SET LOCAL "DateStyle" = 'ISO, YMD';
SET LOCAL "IntervalStyle" = 'postgres';
SET LOCAL bytea_output = 'hex';
SET LOCAL extra_float_digits = 1;
SET LOCAL quote_all_identifiers = off;
SET LOCAL standard_conforming_strings = on;
SET LOCAL lock_timeout = '200ms';
SET LOCAL jit = off;
SET LOCAL join_collapse_limit = 1;
SET LOCAL from_collapse_limit = 1;
SET LOCAL max_parallel_workers_per_gather = 0;
