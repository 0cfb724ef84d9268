"""Configs for the user's own data."""

from .config import load_config  # noqa: F401
