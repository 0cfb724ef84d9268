"""Trained detectors in the forms that others read: plain mmdet, safetensors, ONNX.

The modules ``onnx_*`` are for ONNX; onnx and onnxruntime are imported when they are needed.
"""

from .plain import own_types, plain_config
from .weights import branch_of, build_with, meta_of, weights_of

__all__ = ['branch_of', 'build_with', 'meta_of', 'own_types', 'plain_config', 'weights_of']
