#!/usr/bin/env bash
# Evaluate on several GPUs (or CPU processes where there is no GPU), on one machine or more:
#   bash tools/dist_test.sh CONFIG CHECKPOINT PROCESSES_PER_MACHINE [options of test.py]
#
# More machines: run it on each with NNODES=2 NODE_RANK=0|1 MASTER_ADDR=<address of rank 0>.
# PORT has to differ between runs on one machine. PYTHON names another interpreter.

set -euo pipefail
if (($# < 3)); then
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
config="$1"
checkpoint="$2"
processes="$3"
shift 3

# Fills the cache of yapf, which several ranks must not write at once.
"${PYTHON:-python}" -c 'import yapf'
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$processes" \
    "$(dirname "$0")/test.py" "$config" "$checkpoint" --launcher pytorch "$@"
