"""Export the teacher of a training: for mmdet, as safetensors, or as ONNX.

    mmssis export work_dirs/bolts/iter_20000.pth detector.pth      # detector.py goes beside it
    mmssis export CONFIG CHECKPOINT detector.pth                   # with another config
    mmssis export CHECKPOINT detector.safetensors                  # and detector.py
    mmssis export CHECKPOINT detector.onnx --check-images a.jpg b.jpg

detector.py and detector.pth work with mmdet alone: init_detector, DetInferencer, its test.py.
What mmdet lacks (K-Net, CondInst's dynamic head, the noise-tolerant mask head) stays mmssis's:
the config imports it, and it must be installed. A model without teacher and student is exported
as a whole. ONNX: Mask2Former and Mask R-CNN; the file is compared with torch before it is written.
"""

import argparse
from pathlib import Path

from .options import add_cfg_options, keywords_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of exporting.

    Args:
        parser: of this verb.
    """
    parser.add_argument('config', nargs='?', metavar='CONFIG',
                        help='config of the training (default: the one beside the checkpoint)')
    parser.add_argument('checkpoint', type=Path, metavar='CHECKPOINT',
                        help='of a training, an exported one, or a work directory')
    parser.add_argument('out', type=Path, metavar='OUT',
                        help='file to write: OUT.pth, OUT.safetensors or OUT.onnx')
    parser.add_argument('--branch', choices=['teacher', 'student'],
                        help='what to export of a semi-supervised model (default: teacher)')
    parser.add_argument('--supervised', action='store_true',
                        help='the checkpoint is of mmssis train CONFIG --supervised')
    parser.add_argument('--check-images', nargs='+', default=[], metavar='IMAGE',
                        help='images on which OUT.onnx is compared with torch (default: noise)')
    parser.add_argument('--overwrite', action='store_true', help='replace files that exist')
    add_cfg_options(parser)


def run(args: argparse.Namespace) -> None:
    """Export.

    Args:
        args: the arguments.
    """
    from mmssis.api import export
    export(**keywords_of(args))
