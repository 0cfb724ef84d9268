"""Arguments that several verbs have."""

import argparse
import os
from typing import Any, Dict, Optional, Sequence

CFG_OPTIONS_HELP = ('override settings of the config, e.g. schedule.max_iters=1000 '
                    'data_set.root=data/mine key="[a,b]" (no white space inside)')
LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options KEY=VALUE ...``; :func:`read_cfg_options` reads the values.

    Args:
        parser: gets the option.
    """
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', help=CFG_OPTIONS_HELP)


def read_cfg_options(words: Optional[Sequence[str]]) -> Dict[str, Any]:
    """Read ``KEY=VALUE`` as mmengine does.

    Args:
        words: what stood after ``--cfg-options``, or None.

    Returns:
        Dotted keys and their values.
    """
    from mmengine.config import DictAction
    parser = argparse.ArgumentParser(prog='--cfg-options')
    parser.add_argument('options', nargs='*', action=DictAction)
    return parser.parse_args(list(words)).options if words else {}


def add_launcher(parser: argparse.ArgumentParser) -> None:
    """Add ``--launcher``, and the rank that old launchers pass.

    Args:
        parser: gets the options.
    """
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none',
                        help='what started the processes (default: none, one process)')
    parser.add_argument('--local_rank', '--local-rank', action=_LocalRank,
                        default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that training and testing share.

    Args:
        parser: gets ``--work-dir``, ``--cfg-options`` and those of :func:`add_launcher`.
    """
    parser.add_argument('--work-dir', help='folder of logs and checkpoints '
                        '(default: the one in the config, or work_dirs/<name of the config>)')
    add_cfg_options(parser)
    add_launcher(parser)


def keywords_of(args: argparse.Namespace) -> Dict[str, Any]:
    """The arguments of a verb as keyword arguments of its function.

    Args:
        args: what the parser of the verb read.

    Returns:
        All that :func:`mmssis.commands.main` did not add; the values of ``cfg_options`` are read.
    """
    keywords = {name: value for name, value in vars(args).items() if name not in ('verb', 'parser')}
    if 'cfg_options' in keywords:
        keywords['cfg_options'] = read_cfg_options(args.cfg_options)
    return keywords


class _LocalRank(argparse.Action):
    """Put the rank where mmengine looks for it, unless the launcher did."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace,
                 values: str, option_string: Optional[str] = None) -> None:
        os.environ.setdefault('LOCAL_RANK', values)
