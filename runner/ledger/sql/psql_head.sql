\set ON_ERROR_STOP on
\o /dev/null
