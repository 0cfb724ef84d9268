#!/usr/bin/env bash
# From a fresh clone to PL-DC against the supervised baseline: `bash tools/quickstart.sh`.
#
# Sets up the environment (setup_env.sh), then runs tools/demo/run_demo.py: generates images,
# trains on the CPU or GPU, evaluates, and prints a table and the path of a page. Options go
# to run_demo.py, e.g. `bash tools/quickstart.sh --help`.

set -euo pipefail
start=$SECONDS
source "$(dirname "${BASH_SOURCE[0]}")/setup_env.sh"

echo '== 1 of 2: environment'
setup_env

echo "== 2 of 2: demo (data, training, evaluation) with $ENV_PYTHON"
cd "$ROOT"
# A session may have fewer cores than the machine: torch asks the machine.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-$(nproc 2>/dev/null || echo 2)}"
"$ENV_PYTHON" tools/demo/run_demo.py "$@"

echo "Done after $(duration $((SECONDS - start)))."
echo "Next: source $ENV_DIR/bin/activate; README.md has the commands to train on your own data."
