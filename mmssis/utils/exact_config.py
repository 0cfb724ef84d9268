"""A config whose written text reads back letter by letter."""

import math
from keyword import iskeyword
from pathlib import Path, PurePath
from typing import Any

from mmengine.config import Config


class ExactConfig(Config):
    """mmengine's ``Config`` that writes names as they are.

    mmengine replaces ``{{ ... }}`` in the text of a config when it reads it, so that a class name
    of an annotation file could become code; and it writes keys without escaping quotes in them.
    Here both are escaped, so that :meth:`mmengine.config.Config.fromfile` gives every text back.
    Paths, infinity and NaN are written so that they can be read, too.
    """

    @classmethod
    def of(cls, cfg: Config) -> 'ExactConfig':
        """The same config; it is written as Python, whatever it was read from.

        Args:
            cfg: what was read from a file; its content is shared.
        """
        name = str(Path(cfg.filename).with_suffix('.py'))
        return cls(cfg._cfg_dict, cfg.text, name, cfg.env_variables)

    @property
    def pretty_text(self) -> str:
        """The config as Python."""
        return Config(_escaped(self.to_dict())).pretty_text


class _Text(str):
    """A text that mmengine writes with ``repr``."""

    def __repr__(self) -> str:
        return f"'{_inside_quotes(self)}'"


class _Key(str):
    """A key: mmengine writes names of variables as they are and puts all others into quotes."""

    def __str__(self) -> str:
        text = _inside_quotes(self)
        # A keyword such as `class` cannot stand before "=": escaped it is no name.
        return f'\\x{ord(text[0]):02x}{text[1:]}' if iskeyword(text) else text

    def __format__(self, spec: str) -> str:
        return str(self)


class _Number(float):
    """Infinity or NaN, which Python does not write as it reads them."""

    def __str__(self) -> str:
        return f"float('{float(self)}')"


def _inside_quotes(text: str) -> str:
    """A text as it stands between single quotes in Python."""
    # With a double quote in front repr takes single ones around.
    return repr('"' + str.__str__(text))[2:-1].replace('{{', '{\\x7b')


def _escaped(node: Any) -> Any:
    """A part of a config with texts that write themselves exactly."""
    if isinstance(node, dict):
        return {_Key(key) if isinstance(key, str) else key: _escaped(value)
                for key, value in node.items()}
    if type(node) in (list, tuple):
        return type(node)(map(_escaped, node))
    if isinstance(node, (str, PurePath)):
        return _Text(node)
    if isinstance(node, float) and not math.isfinite(node):
        return _Number(node)
    return node
