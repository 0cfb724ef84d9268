#!/usr/bin/env bash
# Sets up the environment of mmssis: `bash tools/setup_env.sh`.
#
# Uses the active virtualenv or conda environment, or makes .venv at the repository root.
# quickstart.sh and run_tests.sh source this file and call `setup_env`, which leaves the
# interpreter in ENV_PYTHON. A second run finds the stamp of the first and returns at once.
#
#   PYTHON           interpreter that makes .venv (default: the first of python3.11, 3.12, 3.10,
#                    3.13, python3 that is >= 3.10 and <= 3.13)
#   PIP_FIND_LINKS   a folder with a compiled onedl-mmcv wheel saves its build (about 15 minutes)
#   MAX_JOBS         compiler processes of that build

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
CONSTRAINTS="$ROOT/requirements/constraints.txt"
MMCV_PIN="$(sed -n 's/^onedl-mmcv==\([^ ;]*\).*/\1/p' "$CONSTRAINTS")"
NEEDED_GB=12
UNFINISHED=mmssis-setup.unfinished
STEPS=5

fail() {
    printf '\nmmssis setup stopped: %s\n' "$1" >&2
    exit 1
}

step() { printf '[%s/%s] %s\n' "$1" "$STEPS" "$2"; }

duration() { printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); }

# logged WHAT TYPICAL COMMAND...: run with the output in the log and a sign of life every 30 s.
logged() {
    local what="$1" typical="$2" start=$SECONDS next=30 log="$ENV_DIR/mmssis-setup.log" status=0
    shift 2
    printf '\n== %s\n' "$*" >>"$log"
    local mark
    mark=$(wc -c <"$log")
    # A group of its own, so that an interrupt ends the compiler processes too.
    setsid "$@" >>"$log" 2>&1 &
    local child=$!
    trap 'kill -- "-$child" 2>/dev/null; exit 130' INT TERM
    while kill -0 "$child" 2>/dev/null; do
        sleep 0.5
        if ((SECONDS - start >= next)); then
            local files
            files=$(tail -c "+$((mark + 1))" "$log" | grep -oE '^ *\[[0-9]+/[0-9]+\]' | tail -1)
            printf '      %s: %s%s (typically %s)\n' "$what" "$(duration $((SECONDS - start)))" \
                "${files:+, file $(tr -d ' ' <<<"$files")}" "$typical"
            next=$((next + 30))
        fi
    done
    wait "$child" || status=$?
    trap - INT TERM
    ((status == 0)) && return 0
    tail -n 25 "$log" >&2
    printf '      failed: %s; the whole log: %s\n' "$what" "$log" >&2
    return "$status"
}

version_is_supported() {
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

# Debian packs the two modules apart from Python.
makes_environments() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

find_python() {
    local candidate candidates=(python3.11 python3.12 python3.10 python3.13 python3)
    [[ -n ${PYTHON:-} ]] && candidates=("$PYTHON")
    for candidate in "${candidates[@]}"; do
        if version_is_supported "$candidate" && makes_environments "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    local tried="${PYTHON:-python3}"
    fail "no usable Python ($tried: $(command -v "$tried" >/dev/null && "$tried" --version 2>&1 ||
        echo 'not found')).
  Needed: Python 3.10 to 3.13 with the modules venv and ensurepip; tested: 3.11.
  Debian/Ubuntu: apt-get install python3.11 python3.11-venv; then: PYTHON=python3.11 bash $0"
}

# Sets ENV_DIR, ENV_PYTHON and OWN_ENV (1: the .venv of this repository).
select_environment() {
    local active="${VIRTUAL_ENV:-}"
    if [[ -z $active && ${CONDA_DEFAULT_ENV:-base} != base ]]; then
        active="${CONDA_PREFIX:-}"
    fi
    ENV_DIR="${active:-$ROOT/.venv}"
    ENV_PYTHON="$ENV_DIR/bin/python"
    OWN_ENV=0
    [[ $ENV_DIR == "$ROOT/.venv" ]] && OWN_ENV=1
    return 0
}

check_disk() {
    local free_gb
    free_gb=$(($(df -Pk "$ROOT" | awk 'NR == 2 {print $4}') / 1048576))
    ((free_gb >= NEEDED_GB)) ||
        fail "$free_gb GB free on the disk of $ROOT, $NEEDED_GB GB needed (PyTorch with CUDA takes 5)."
}

stamp_of_requirements() {
    cat "$ROOT"/requirements/*.txt "$ROOT/setup.py" "$ROOT/tools/setup_env.sh" <(echo "$ROOT") \
        <("$ENV_PYTHON" --version) | sha256sum | cut -d' ' -f1
}

# An interrupt leaves an environment without pip, which no later run could finish. Only one that
# this script was making is removed.
repair_environment() {
    if [[ -f $ENV_DIR/$UNFINISHED ]]; then
        echo "      an earlier run was interrupted: making $ENV_DIR anew"
        rm -rf "$ENV_DIR"
    fi
    [[ -e $ENV_DIR ]] || return 0
    "$ENV_PYTHON" -m pip --version >/dev/null 2>&1 && return 0
    echo "      $ENV_DIR has no pip (an earlier run was interrupted?): adding it"
    { "$ENV_PYTHON" -m ensurepip && "$ENV_PYTHON" -m pip --version; } >/dev/null 2>&1 ||
        fail "the Python of $ENV_DIR is missing, does not run or takes no pip.
  If nothing in that folder is needed: rm -rf '$ENV_DIR'; then run this again."
}

create_environment() {
    repair_environment
    if [[ -x $ENV_PYTHON ]]; then
        step 1 "using the environment $ENV_DIR ($("$ENV_PYTHON" --version 2>&1))"
        version_is_supported "$ENV_PYTHON" ||
            fail "$ENV_PYTHON is $("$ENV_PYTHON" --version 2>&1); Python 3.10 to 3.13 is needed.
  Deactivate that environment (a fresh .venv is made then) or activate another one."
    else
        local python
        python="$(find_python)" || exit 1
        step 1 "creating the virtual environment $ENV_DIR with $("$python" --version)"
        { mkdir -p "$ENV_DIR" && : >"$ENV_DIR/$UNFINISHED"; } || fail "could not create $ENV_DIR"
        "$python" -m venv "$ENV_DIR" || fail "could not create $ENV_DIR"
        rm "$ENV_DIR/$UNFINISHED"
    fi
    "$ENV_PYTHON" -c 'import torch' 2>/dev/null || check_disk
}

# An environment the user brought keeps its torch and numpy, and its original mmcv and mmdet if it has them.
inspect_environment() {
    KEPT="$("$ENV_PYTHON" - "$OWN_ENV" <<'PY'
import sys
from importlib.metadata import PackageNotFoundError, version

kept = ['mmengine', 'mmcv', 'mmdet']
if sys.argv[1] != '1':
    kept += ['torch', 'torchvision', 'numpy']
for name in kept:
    try:
        print(f'{name}=={version(name)}')
    except PackageNotFoundError:
        pass
PY
)"
    ACTIVE_CONSTRAINTS="$ENV_DIR/mmssis-constraints.txt"
    cp "$CONSTRAINTS" "$ACTIVE_CONSTRAINTS"
    HAS_ORIGINALS=0
    [[ -z $KEPT ]] && return 0
    printf '      keeping what this environment has: %s\n' "$(tr '\n' ' ' <<<"$KEPT")"
    if grep -qE '^mm(engine|cv|det)==' <<<"$KEPT"; then
        HAS_ORIGINALS=1
        printf '%s\n' "$KEPT" >"$ACTIVE_CONSTRAINTS"
    else
        { grep -vE '^(torch|torchvision|numpy)==' "$CONSTRAINTS"; printf '%s\n' "$KEPT"; } >"$ACTIVE_CONSTRAINTS"
    fi
}

ops_work() {
    "$ENV_PYTHON" - >>"$ENV_DIR/mmssis-setup.log" 2>&1 <<'PY'
import torch
import mmcv._ext  # noqa: F401
from mmcv.ops import nms

boxes = torch.tensor([[0., 0., 4., 4.], [0., 0., 4., 4.], [8., 8., 9., 9.]])
kept = nms(boxes, torch.tensor([.9, .8, .7]), 0.5)[1]
assert kept.tolist() == [0, 2], kept
if torch.cuda.is_available():
    nms(boxes.cuda(), torch.tensor([.9, .8, .7]).cuda(), 0.5)
PY
}

# A wheel that may fit; whether it does is found out by running its ops.
find_mmcv_wheel() {
    local folder="$ENV_DIR/mmssis-wheels"
    rm -rf "$folder"
    "$ENV_PYTHON" -m pip download --quiet --no-deps --no-cache-dir --only-binary onedl-mmcv \
        --dest "$folder" "onedl-mmcv==$MMCV_PIN" >>"$ENV_DIR/mmssis-setup.log" 2>&1
    compgen -G "$folder/onedl_mmcv-*.whl" | head -1 || true
}

check_compiler() {
    command -v "${CXX:-c++}" >/dev/null || command -v g++ >/dev/null ||
        fail "no C++ compiler, and no compiled onedl-mmcv $MMCV_PIN was found in PIP_FIND_LINKS.
  Debian/Ubuntu: apt-get install g++; conda: conda install -c conda-forge gxx"
    local headers
    headers="$("$ENV_PYTHON" -c 'import sysconfig; print(sysconfig.get_paths()["include"])')"
    [[ -f $headers/Python.h ]] ||
        fail "the Python headers are missing ($headers/Python.h); mmcv's ops cannot be compiled.
  Debian/Ubuntu: apt-get install python3-dev (or python3.11-dev for python3.11)"
    "$ENV_PYTHON" - <<'PY' || fail "a GPU is visible but there is no nvcc to compile mmcv's CUDA ops.
  Install the CUDA toolkit of PyTorch's version and set CUDA_HOME, or hide the GPU
  (CUDA_VISIBLE_DEVICES='') to set up for the CPU alone."
import os, shutil, sys
try:
    import torch
except ImportError:
    sys.exit(0)
home = os.environ.get('CUDA_HOME', '/usr/local/cuda')
found = shutil.which('nvcc') or os.path.exists(os.path.join(home, 'bin', 'nvcc'))
sys.exit(torch.cuda.is_available() and not found)
PY
}

# Two gigabytes for each compiler process.
compile_jobs() {
    local cores memory
    cores=$(nproc 2>/dev/null || echo 2)
    memory=$(awk '/MemAvailable/ {print int($2 / 2097152)}' /proc/meminfo 2>/dev/null || echo 2)
    ((memory < 1)) && memory=1
    echo $((cores < memory ? cores : memory))
}

compile_mmcv() {
    local jobs="${MAX_JOBS:-$(compile_jobs)}"
    echo "      compiling onedl-mmcv $MMCV_PIN with $jobs processes: about 15 minutes on 2 cores"
    # Without --no-build-isolation the wheel has no ops; with the cache, pip may take a wheel that
    # was built against another torch.
    logged 'compiling mmcv' '15 min on 2 cores' \
        env MMCV_WITH_OPS=1 CXXFLAGS="${CXXFLAGS:-} -g0" MAX_JOBS="$jobs" \
        "$ENV_PYTHON" -m pip install -v --no-build-isolation --no-cache-dir --no-deps \
        --force-reinstall --no-binary onedl-mmcv "onedl-mmcv==$MMCV_PIN" ||
        fail 'onedl-mmcv could not be compiled.'
}

install_build_tools() {
    step 2 'installing build tools'
    logged 'build tools' '10 s' "$ENV_PYTHON" -m pip install -c "$ACTIVE_CONSTRAINTS" 'pip>=23.1' \
        setuptools wheel ninja || fail 'the build tools could not be installed.'
    ((HAS_ORIGINALS)) && return 0
    MMCV_WHEEL=''
    ops_work && return 0
    MMCV_WHEEL="$(find_mmcv_wheel)"
    # Before the long download, not after it.
    [[ -n $MMCV_WHEEL ]] || check_compiler
}

install_packages() {
    local size=''
    "$ENV_PYTHON" -c 'import torch' 2>/dev/null || size=' (about 3 GB to download)'
    step 3 "installing PyTorch, MMDetection and the rest$size"
    local packages="$ENV_DIR/mmssis-packages.txt"
    cat "$ROOT"/requirements/{runtime,tests,optional}.txt >"$packages"
    if ((HAS_ORIGINALS)); then
        # The original beside the originals; the maintained build would bring its own mmcv.
        "$ENV_PYTHON" -c 'import mmpretrain' 2>/dev/null || echo 'mmpretrain>=1.2,<1.3' >>"$packages"
    else
        grep -v '^onedl-mmcv' "$ROOT/requirements/mminstall.txt" >>"$packages"
    fi
    logged 'packages' '2 to 10 min' "$ENV_PYTHON" -m pip install -c "$ACTIVE_CONSTRAINTS" -r "$packages" ||
        fail 'the packages could not be installed.'
}

install_mmcv() {
    step 4 'mmcv with compiled ops'
    if ops_work; then
        echo '      the installed mmcv and its ops work'
        return 0
    fi
    ((HAS_ORIGINALS)) && fail "the ops of this environment's mmcv do not work with its torch.
  Install a build of mmcv for that torch, or deactivate the environment and run this again."
    if [[ -n $MMCV_WHEEL ]]; then
        echo "      trying ${MMCV_WHEEL##*/}"
        logged 'mmcv wheel' '10 s' "$ENV_PYTHON" -m pip install -c "$ACTIVE_CONSTRAINTS" --no-cache-dir \
            --no-deps --force-reinstall "$MMCV_WHEEL" || true
        ops_work && return 0
        echo '      that wheel is for another torch or has no ops: compiling'
        logged 'removing it' '1 s' "$ENV_PYTHON" -m pip uninstall -y onedl-mmcv
    fi
    check_compiler
    compile_mmcv
    ops_work || fail "mmcv was compiled but its ops do not run; see $ENV_DIR/mmssis-setup.log"
}

install_mmssis() {
    step 5 'mmssis itself (editable)'
    logged 'mmssis' '5 s' "$ENV_PYTHON" -m pip install --no-deps --no-build-isolation -e "$ROOT" ||
        fail 'mmssis could not be installed.'
    "$ENV_PYTHON" -c 'import mmssis; print("      " + mmssis.describe_environment())' ||
        fail '`import mmssis` fails; the message above says why.'
    # yapf, which mmengine writes configs with, fills a cache at its first import and does not
    # lock it: of two processes that import it first at once, one may read half a file.
    "$ENV_PYTHON" -c 'import yapf'
}

setup_env() {
    select_environment
    local stamp="$ENV_DIR/mmssis-setup.stamp"
    if [[ -x $ENV_PYTHON && -f $stamp && $(<"$stamp") == "$(stamp_of_requirements)" ]]; then
        echo "Environment ready: $ENV_DIR"
        return 0
    fi
    local begin=$SECONDS
    echo "Setting up mmssis in $ENV_DIR (log: $ENV_DIR/mmssis-setup.log)"
    create_environment
    : >"$ENV_DIR/mmssis-setup.log"
    inspect_environment
    install_build_tools
    install_packages
    install_mmcv
    install_mmssis
    rm -rf "$ENV_DIR/mmssis-wheels"
    stamp_of_requirements >"$stamp"
    echo "Environment ready after $(duration $((SECONDS - begin))): $ENV_DIR"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    set -euo pipefail
    setup_env
    echo "Activate it with: source $ENV_DIR/bin/activate"
fi
