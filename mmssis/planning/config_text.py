"""The config that a plan is written as."""

from typing import Any, Sequence

from .choices import Choice
from .data_files import DataFiles
from .machine import Base


def config_text(base: Base, files: DataFiles, choices: Sequence[Choice] = (),
                header: str = '') -> str:
    """A config of at most 12 lines; what the base has too is left out.

    Args:
        base: the config to start from.
        files: of the data, with ``val``.
        choices: settings, each a line with its reason.
        header: first line, in words.
    """
    spec = files.as_data_set()
    lines = [f'# {header}'] if header else []
    lines += [f'_base_ = {base.config!r}  # {base.reason}', 'data_set = dict(']
    lines += [f'    {key}={_written(spec[key])},'
              for key in ('root', 'labeled', 'unlabeled', 'val', 'image_dirs')]
    lines[-1] = f'{lines[-1][:-1]})'
    lines += [f'{choice.line}  # {choice.reason}' for choice in choices if choice.line]
    return '\n'.join(lines) + '\n'


def _written(value: Any) -> str:
    """A text, or a dict of texts, as the shipped configs have it."""
    if isinstance(value, dict):
        return f'dict({", ".join(f"{key}={text!r}" for key, text in value.items())})'
    return repr(value)
