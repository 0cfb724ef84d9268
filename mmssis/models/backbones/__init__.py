"""Backbones."""

from .frozen_norm_timm import FrozenNormTIMM

__all__ = ['FrozenNormTIMM']
