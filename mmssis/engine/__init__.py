"""Hooks and loops of the training engine."""

from . import checkpoint_schemes, hooks, runner  # noqa: F401
