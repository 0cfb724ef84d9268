"""Hooks and loops of the training engine."""

from . import (atomic_backend, checkpoint_schemes, cpu_distributed, hooks, optim,  # noqa: F401
               runner)
