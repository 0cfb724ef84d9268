"""Export a trained detector: plain mmdet, safetensors, ONNX."""

from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Union

from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from torch import Tensor, nn

import mmssis
from mmssis.engine.checkpoint import read_checkpoint
from mmssis.export import branch_of, build_with, meta_of, own_types, plain_config, weights_of
from mmssis.export.files import (check_out, config_bytes, refuse_overwriting, weight_bytes,
                                 write_files)
from mmssis.export.onnx_support import check_model, check_packages, resize_of
from mmssis.prediction.found_model import find_model
from mmssis.utils.config import load_config

PathLike = Union[str, Path]


def export(config: Optional[PathLike],
           checkpoint: PathLike,
           out: PathLike,
           *,
           branch: Optional[str] = None,
           supervised: bool = False,
           cfg_options: Optional[Dict[str, Any]] = None,
           check_images: Sequence[PathLike] = (),
           overwrite: bool = False) -> Path:
    """Write the teacher, or a model without teacher and student, for use elsewhere.

        from mmssis.api import export
        export('bolts.py', 'work_dirs/bolts/iter_20000.pth', 'detector.onnx')

    Args:
        config: of the training, or None: the one beside the checkpoint.
        checkpoint: of the training, an exported one, or a work directory.
        out: file to write; its ending is the format. ``.pth`` and ``.safetensors`` get a config
            for mmdet beside them.
        branch: 'teacher' or 'student' of a semi-supervised model; None takes the teacher.
        supervised: the checkpoint is of a supervised baseline.
        cfg_options: dotted keys and values that override the config.
        check_images: images on which ``.onnx`` is compared with torch; none: noise.
        overwrite: replace files that exist.

    Returns:
        The written file.

    Raises:
        ValueError: if the model cannot be exported in this format, checkpoint and config do not
            fit, a file exists already, or the ONNX model finds other instances than torch.
    """
    out = Path(out)
    check_out(out, check_images)
    init_default_scope('mmdet')
    found = find_model(checkpoint, config)
    training = load_config(found.config, cfg_options, check_data=False, supervised=supervised)
    branch = branch_of(training, branch)
    cfg = plain_config(training)
    resize = _check_model(training, cfg, out)
    text = None if resize else config_bytes(cfg)
    if not overwrite:
        refuse_overwriting(out, text)
    content = read_checkpoint(found.checkpoint)
    weights = weights_of(branch, content['state_dict'], is_plain=not own_types(cfg.model))
    detector, meta = build_with(cfg, weights), meta_of(content)
    if resize is None:
        by = f'mmssis {mmssis.__version__}'
        # The config first: without its weights it is of no use, and may be written again.
        write_files({out.with_suffix('.py'): text, out: weight_bytes(
            weights, dict(dataset_meta=meta, exported_by=by), out.suffix)})
    else:
        write_files({out: _onnx(training, detector, meta, resize, check_images)})
    _tell(out, found.checkpoint, own_types(cfg.model))
    return out


def _check_model(training: Config, cfg: Config, out: Path) -> Optional[Dict[str, Any]]:
    """Refuse what cannot be exported; for ONNX, how images are resized."""
    if out.suffix == '.onnx':
        check_packages()
        check_model(cfg)
        return resize_of(training)
    if out.suffix == '.pth' and 'detector' not in training.model \
            and not own_types(training.model):
        raise ValueError(f'model.type = {training.model.type}: there is no teacher to export, and '
                         'no class of mmssis to replace; mmdet loads config and checkpoint as is')
    return None


def _onnx(training: Config, detector: nn.Module, meta: Dict[str, Any], resize: Dict[str, Any],
          check_images: Sequence[PathLike]) -> bytes:
    """The content of an ONNX file that finds what the detector finds."""
    from mmssis.export.onnx_file import checked, metadata_of, noise_like, onnx_bytes
    images = [_loaded(training, path) for path in check_images] or noise_like(resize)
    print('Writing the graph and comparing it with torch on '
          f'{len(images)} image{"s" * (len(images) > 1)} ...', flush=True)
    model = onnx_bytes(detector, metadata_of(detector, meta, resize), images[0])
    checked(model, detector, images)
    return model


def _loaded(cfg: Config, path: PathLike) -> Tensor:
    """An image as the test has it, uint8, RGB, (3, H, W)."""
    steps = [step for step in cfg.test_dataloader.dataset.pipeline
             if step.type != 'LoadAnnotations']
    # mmdet loads BGR.
    return Compose(steps)(dict(img_path=str(path), img_id=0))['inputs'].flip(0)


def _tell(out: Path, checkpoint: Path, own: List[str]) -> None:
    """Print what was written and what it needs."""
    size, before = (path.stat().st_size / 2**20 for path in (out, checkpoint))
    sizes = f'{out} ({size:.0f} MB; {checkpoint.name} has {before:.0f} MB)'
    both = f'{sizes} and {out.with_suffix(".py")}'
    if out.suffix == '.onnx':
        print(f'{sizes} needs onnxruntime alone; docs/export.md has an example.')
    elif out.suffix == '.safetensors':
        print(f'{both}: the functions of mmdet read them where mmssis is imported. For mmdet '
              'alone export OUT.pth.')
    else:
        print(f'{both} need ' + (f'mmssis, for {", ".join(own)}.' if own else 'mmdet alone.'))
