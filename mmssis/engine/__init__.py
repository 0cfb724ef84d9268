"""Hooks and loops of the training engine."""

from . import hooks, runner  # noqa: F401
