"""The command ``mmssis VERB ...``; nothing here or in a verb's module loads torch when imported.

A verb is a module with a docstring (its help), ``add_arguments(parser)`` and ``run(args)``, which
imports what it needs. What it does is a function of :mod:`mmssis.api`.
"""

import argparse
import sys
import traceback
from importlib import import_module
from types import ModuleType
from typing import Dict, Optional, Sequence

import mmssis

# In the order of the user's loop: name, one line of help.
VERBS: Dict[str, str] = {
    'init': 'write a config for your own data',
    'train': 'train a model, or its supervised baseline',
    'test': 'evaluate a checkpoint',
    'split': 'split a labeled data set into a labeled part and an unlabeled rest',
    'label': 'write pseudo labels of a folder of images',
    'self-train': 'train a teacher, write its pseudo labels, train a student',
    'predict': 'draw and write what a model sees in images or a video',
    'report': 'write a page about a run or about pseudo labels, for the browser',
    'diagnose': 'say what a model gets wrong, what it costs, and what to do',
    'review': 'choose unlabeled images, correct their pseudo labels, join them',
    'export': 'write a trained detector for mmdet, as safetensors or as ONNX',
}


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run ``mmssis VERB ...``.

    Args:
        argv: the verb and its arguments; default: those of the process.
    """
    parser = argparse.ArgumentParser(
        prog='mmssis', description='Semi-supervised instance segmentation on MMDetection.')
    parser.add_argument('--version', action='version', version=f'mmssis {mmssis.__version__}')
    verbs = parser.add_subparsers(dest='verb', required=True, metavar='VERB')
    for verb, words in VERBS.items():
        _describe(verbs.add_parser(verb, help=words), _module_of(verb))
    args = parser.parse_args(argv)
    # Processes that this one starts import mmssis under its name; they need the components too.
    sys.argv[0] = f'{sys.argv[0]} {args.verb}'
    _run(args)


def run_verb(verb: str, argv: Optional[Sequence[str]] = None) -> None:
    """Run one verb, as its script in ``tools/`` does.

    Args:
        verb: a key of :data:`VERBS`.
        argv: its arguments; default: those of the process.
    """
    parser = argparse.ArgumentParser()
    _describe(parser, _module_of(verb))
    _run(parser.parse_args(argv, argparse.Namespace(verb=verb)))


def _module_of(verb: str) -> ModuleType:
    """The module of a verb; of ``self-train`` it is ``self_train``."""
    return import_module(f'{__name__}.{verb.replace("-", "_")}')


def _describe(parser: argparse.ArgumentParser, module: ModuleType) -> None:
    """Give a parser the text and the arguments of a verb."""
    parser.description = module.__doc__
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.set_defaults(parser=parser)
    module.add_arguments(parser)


def _run(args: argparse.Namespace) -> None:
    """Register every component and do what was asked for; a refusal is a message, no traceback."""
    mmssis.register_all()
    try:
        _module_of(args.verb).run(args)
    except (ValueError, OSError) as error:
        if not _is_refusal(error):
            raise
        raise SystemExit(str(error)) from error


def _is_refusal(error: Exception) -> bool:
    """Whether an error is about what was given: mmssis raised it itself, or a file is missing."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    statement = traceback.extract_tb(error.__traceback__)[-1].line
    is_told = isinstance(error, FileNotFoundError) or statement.startswith('raise ')
    return is_told and frame.f_globals['__name__'].startswith('mmssis.')
