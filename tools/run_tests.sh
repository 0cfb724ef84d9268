#!/usr/bin/env bash
# Sets up the environment and runs the tests: `bash tools/run_tests.sh [pytest options]`.
#
#   bash tools/run_tests.sh                          the whole suite
#   bash tools/run_tests.sh -m 'not slow'            without the slow tests
#   bash tools/run_tests.sh tests/ops -x --pdb       one folder, in one process

set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup_env.sh"
setup_env

cores=$(nproc 2>/dev/null || echo 2)
workers=$((cores < 8 ? cores : 8))
parallel=(-n "$workers" --dist loadfile)
for option in "$@"; do
    case "$option" in
    -n | -n?* | --numprocesses* | --pdb | -s | --capture=no) parallel=() ;;
    esac
done
# One thread for each worker: the tests' models are too small to gain from more.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" MKL_NUM_THREADS="${MKL_NUM_THREADS:-1}"

cd "$ROOT"
exec "$ENV_PYTHON" -m pytest ${parallel[@]+"${parallel[@]}"} "$@"
