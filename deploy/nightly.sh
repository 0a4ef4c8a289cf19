#!/bin/sh
# One night: is the machine fit, score, tell what changed. Killed at any point, the same call goes on where it stopped.
#
#   UNPUMP_MODEL   model directory or models:/unpump@champion
#   UNPUMP_TABLES  folder of tonight's canonical tables
#   UNPUMP_OUT     folder for scores, a folder a night in scores/, and what monitoring found
#   UNPUMP_FEEDBACK  folder of `unpump feedback`, if people's verdicts come back; it need not be there on the first night
#   UNPUMP_NIGHT   name of the night's folder (default: the date in UTC); name it to go on with a night before this one
#
# Scores of a night stay where they are: verdicts of days later must meet the scores people saw. Remove those that nobody
# decides about any more. Any of the places may be in an object store (s3://, gs://, abfss://). Exit codes: 0 done,
# 1 failed, 2 bad input, 3 done, and monitoring found something severe.
set -eu
: "${UNPUMP_MODEL:?}" "${UNPUMP_TABLES:?}" "${UNPUMP_OUT:?}"
scores="$UNPUMP_OUT/scores/${UNPUMP_NIGHT:-$(date -u +%F)}"

# A model in a folder needs no tracking server, and a server that is down must not cost the night.
case "$UNPUMP_MODEL" in
models:/* | runs:/*) ;;
*) unset MLFLOW_TRACKING_URI ;;
esac
unpump doctor
set -- --model "$UNPUMP_MODEL" --tables "$UNPUMP_TABLES"
if [ -n "${UNPUMP_FEEDBACK:-}" ]; then
  unpump score "$@" --out "$scores" --feedback "$UNPUMP_FEEDBACK" --set score.audit_share=0.005
else
  unpump score "$@" --out "$scores" --set score.audit_share=0.005
fi
exec unpump monitor "$@" --out "$UNPUMP_OUT/watch"
