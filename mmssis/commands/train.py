"""Train a model, on a GPU or the CPU.

    mmssis train CONFIG                                   # to its end
    mmssis train CONFIG --supervised                      # its baseline: the labeled images alone
    mmssis train CONFIG --resume                          # from the newest whole checkpoint
    mmssis train mmssis::pldc/mask2former_r50_coco1pct.py # a config that mmssis ships

Checkpoints and logs go to work_dirs/<name of the config>. Several GPUs: tools/dist_train.sh.
"""

import argparse

from .options import add_run_arguments, keywords_of, read_cfg_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of training.

    Args:
        parser: of this verb.
    """
    parser.add_argument('config', help='config file')
    add_run_arguments(parser)
    parser.add_argument('--resume', nargs='?', const='auto', metavar='CHECKPOINT',
                        help='continue from the newest whole checkpoint of the work directory '
                        'that fits, or from the one given')
    parser.add_argument('--amp', action='store_true', help='mixed precision (needs a GPU)')
    parser.add_argument('--auto-scale-lr', action='store_true',
                        help="scale the learning rate from the config's base_batch_size to the "
                        'batch size of this run')
    parser.add_argument('--supervised', action='store_true',
                        help='train the supervised baseline of the config: no images without '
                        'labels, no pseudo labels (work directory: ..._supervised)')
    parser.add_argument('--verbose', action='store_true',
                        help='show all that goes to the log file, losses of each layer and the '
                        'whole config among it, in place of the bar and the lines that matter')
    parser.add_argument('--print-config', action='store_true',
                        help='print the config with everything that follows from its settings, '
                        'and stop')


def run(args: argparse.Namespace) -> None:
    """Train, or print the config.

    Args:
        args: the arguments.

    Raises:
        SystemExit: if a signal has ended the training; with 128 and the number of the signal.
    """
    from mmssis.api import train
    from mmssis.engine.run import leave_process_group
    from mmssis.engine.stop_signals import StoppedBySignal
    from mmssis.engine.terminal import ignore_library_warnings
    settings = keywords_of(args)
    if settings.pop('print_config'):
        _print_config(args)
        return
    if not args.verbose:
        ignore_library_warnings()
    try:
        train(**settings)
    except StoppedBySignal:
        leave_process_group()
        raise
    leave_process_group()


def _print_config(args: argparse.Namespace) -> None:
    """Print the resolved config; its data need not be there."""
    from mmssis.utils.config import load_config
    print(load_config(args.config, read_cfg_options(args.cfg_options), check_data=False,
                      supervised=args.supervised).pretty_text)
