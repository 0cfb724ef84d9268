"""A training that is killed again and again, compared with one that is not.

    python benchmarks/kill_chain.py CONFIG --kills 8 --seed 0

Trains CONFIG once from start to end. Then trains it once more with ``--resume``, and ends each
process at a random moment after its first checkpoint: SIGKILL, SIGTERM and SIGINT in turn. Every
tensor and number of the two last checkpoints (student, teacher, buffers of hooks, optimizer,
schedules) is compared bit for bit.
Without CONFIG a toy config of the tests is used. CONFIG must be exact from run to run: on the CPU,
or with ``--cfg-options randomness.deterministic=True``.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Iterator, List, Optional, Tuple

import torch

from mmssis.engine.checkpoint import read_checkpoint
from mmssis.engine.resume import checkpoints_of

ROOT = Path(__file__).resolve().parents[1]
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGINT)
PARTS = ('state_dict', 'optimizer', 'param_schedulers')


def train(command: List[str], log: Path, work_dir: Path, number: int = 0,
          after: float = 0.0) -> Tuple[int, float]:
    """Train; end it with a signal some seconds after its first checkpoint.

    Args:
        command: of ``tools/train.py``, without Python.
        log: gets what is printed.
        work_dir: of the run.
        number: the signal; 0 lets it run.
        after: seconds.

    Returns:
        The exit status, negative for a signal, and the seconds it took.
    """
    begin, before = time.monotonic(), checkpoints_of(work_dir)[:1]
    command = [sys.executable, *command, '--work-dir', str(work_dir)]
    with log.open('a') as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
        while number and process.poll() is None and checkpoints_of(work_dir)[:1] == before:
            time.sleep(0.02)
        if number:
            time.sleep(after)
            process.send_signal(number)
        return process.wait(), time.monotonic() - begin


def leaves(value: Any, name: str = '') -> Iterator[Tuple[str, Any]]:
    """Tensors and numbers of a nested state, by name."""
    if isinstance(value, (list, tuple)):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        yield name, value
        return
    for key, child in value.items():
        yield from leaves(child, f'{name}.{key}')


def differing(first: Path, second: Path) -> Tuple[int, List[str]]:
    """Number of leaves of two checkpoints, and the names of those that differ."""
    one, other = (dict(leaves({part: content.get(part) for part in PARTS}))
                  for content in map(read_checkpoint, (first, second)))
    different = one.keys() ^ other.keys()
    for name in one.keys() & other.keys():
        same = (torch.equal(one[name], other[name]) if torch.is_tensor(one[name])
                else one[name] == other[name])
        different = different if same else different | {name}
    return len(one), sorted(different)


def write_toy(folder: Path) -> str:
    """Write the toy config and its data."""
    sys.path.insert(0, str(ROOT / 'tests'))
    from mmengine.config import Config
    from toy import toy_config
    config = toy_config(folder, max_iters=120, burn_in=40)
    config.pop('work_dir')
    config['default_hooks']['checkpoint'].update(
        interval=10, max_keep_ckpts=2, backend_args=dict(backend='atomic'))
    Config(config).dump(folder / 'toy.py')
    return str(folder / 'toy.py')


def main(arguments: Optional[List[str]] = None) -> None:
    """Run the chain and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', nargs='?', help='config (default: a toy config of the tests)')
    parser.add_argument('--kills', type=int, default=8, help='number of killed starts')
    parser.add_argument('--seed', type=int, default=0, help='of the moments of the kills')
    parser.add_argument('--seconds', type=float, default=1.0,
                        help='at most so long after the first checkpoint of a start')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE')
    args = parser.parse_args(arguments)
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    folder = Path(tempfile.mkdtemp(prefix='kill_chain_'))
    options = ['--cfg-options', *args.cfg_options] if args.cfg_options else []
    command = [str(ROOT / 'tools/train.py'), args.config or write_toy(folder), *options]
    whole, killed, log = folder / 'whole', folder / 'killed', folder / 'log.txt'
    status, seconds = train(command, log, whole)
    print(f'whole run: exit status {status}, {seconds:.0f} s (log: {log})', flush=True)
    draw = random.Random(args.seed)
    resume = [*command, '--resume']
    for kill in range(args.kills):
        number, after = SIGNALS[kill % len(SIGNALS)], draw.uniform(0, args.seconds)
        status, _ = train(resume, log, killed, number, after)
        print(f'{number.name} {after:.2f} s after a checkpoint: exit status {status}, newest '
              f'{[path.name for path in checkpoints_of(killed)[:1]]}', flush=True)
    status, _ = train(resume, log, killed)
    number, different = differing(checkpoints_of(whole)[0], checkpoints_of(killed)[0])
    left = [path.name for path in killed.glob('*.partial')] + [
        path.name for path in killed.glob('.*.partial')]
    print(f'last start: exit status {status}; {number} leaves compared, {len(different)} differ '
          f'{different[:3] or ""}; unfinished files left: {len(left)}')


if __name__ == '__main__':
    main()
