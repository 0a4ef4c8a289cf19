#!/bin/sh
# One night: is the machine fit, score, tell what changed. Killed at any point, the same call goes on where it stopped.
#
#   UNPUMP_MODEL   model directory or models:/unpump@champion
#   UNPUMP_TABLES  folder of tonight's canonical tables
#   UNPUMP_OUT     folder for scores and what monitoring found
#   UNPUMP_FEEDBACK  folder of `unpump feedback`, if people's verdicts come back (may be empty)
#
# Any of them may be in an object store (s3://, gs://, abfss://). Exit codes: 0 done, 1 failed, 2 bad input,
# 3 done, and monitoring found something severe.
set -eu
: "${UNPUMP_MODEL:?}" "${UNPUMP_TABLES:?}" "${UNPUMP_OUT:?}"

unpump doctor
set -- --model "$UNPUMP_MODEL" --tables "$UNPUMP_TABLES"
if [ -n "${UNPUMP_FEEDBACK:-}" ]; then
  unpump score "$@" --out "$UNPUMP_OUT/scores" --feedback "$UNPUMP_FEEDBACK" --set score.audit_share=0.005
else
  unpump score "$@" --out "$UNPUMP_OUT/scores" --set score.audit_share=0.005
fi
exec unpump monitor "$@" --out "$UNPUMP_OUT/watch"
