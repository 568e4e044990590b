#!/bin/sh
# Applies what is pending, then becomes the application.
set -eu

migrate up &
runner=$!
trap 'kill -TERM "$runner"' TERM INT
status=0
wait "$runner" || status=$?
trap - TERM INT
if kill -0 "$runner" 2>/dev/null; then   # the signal woke us first: let the runner finish
    status=0
    wait "$runner" || status=$?
fi
[ "$status" -eq 0 ] || exit "$status"

exec "$@"
