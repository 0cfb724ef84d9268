"""Data sets, samplers and views."""

from . import samplers, transforms  # noqa: F401
