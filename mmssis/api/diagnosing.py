"""Say what a trained model gets wrong, what it costs, and what to do."""

import json
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Union

import torch

from mmssis.datasets.checks.quietly import quietly
from mmssis.diagnosis.diagnosis import diagnose_images
from mmssis.diagnosis.labeled_images import labeled_images
from mmssis.diagnosis.loading import load
from mmssis.diagnosis.text import show
from mmssis.engine.atomic_backend import AtomicBackend
from mmssis.prediction import find_model

from .configs import ConfigOrPath, settled_config

PathLike = Union[str, Path]


def diagnose(config: ConfigOrPath,
             checkpoint: PathLike,
             *,
             labeled: Optional[PathLike] = None,
             images: Optional[PathLike] = None,
             precision: Union[float, Sequence[float]] = 0.7,
             max_images: int = 1000,
             out: PathLike = 'diagnosis.json',
             overwrite: bool = False,
             device: Optional[str] = None,
             cfg_options: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
    """Judge a model on labeled images that it was not trained on; print it and write it.

        from mmssis.api import diagnose
        found = diagnose('bolts.py', 'work_dirs/bolts/iter_5000.pth', precision=0.8)
        options = found['thresholds']['suggested']['0.8']['options']

    Args:
        config: a file, the name of a shipped config, or what ``load_config`` returned.
        checkpoint: of a training, or an exported one; of a work directory the best, or the last.
        labeled: COCO file of labeled images. Default: the images of validation. Those that the
            config trains on are left out.
        images: folder that the file names of ``labeled`` are relative to.
        precision: one or several precisions that pseudo labels shall have, in (0, 1].
        max_images: images that are looked at, at most, evenly spread, >= 1.
        out: JSON file to write.
        overwrite: replace ``out``.
        device: Default: 'cuda' where there is a GPU, else 'cpu'.
        cfg_options: dotted keys and values that override the config.

    Returns:
        ``ap`` and ``ap_50``; ``errors``: kind to ``count`` and what it costs, ``ap`` and
        ``ap_50``, all in [0, 1]; ``thresholds``: ``table``, ``now``, and ``suggested`` by
        precision, with ``options``; None for a model without a threshold filter; ``advice``.

    Raises:
        ValueError: if an argument is wrong, the checkpoint does not fit, or the images have no
            objects.
    """
    precisions = [precision] if isinstance(precision, (int, float)) else list(precision)
    _check(precisions, max_images, Path(out), overwrite)
    cfg = settled_config(config, cfg_options, check_data=False)
    checkpoint = find_model(checkpoint, cfg.filename or 'config').checkpoint
    with quietly():
        loaded = load(cfg, checkpoint,
                      device or ('cuda' if torch.cuda.is_available() else 'cpu'))
    dataset = labeled_images(cfg, labeled, images)
    found = dict(config=Path(cfg.filename or 'config').name, checkpoint=str(checkpoint),
                 labeled=str(dataset.ann_file),
                 **diagnose_images(loaded, dataset, precisions, max_images))
    show(found)
    AtomicBackend().put_text(json.dumps(found, indent=1), out)
    print(f'Written to {out}')
    return found


def _check(precisions: Sequence[float], max_images: int, out: Path, overwrite: bool) -> None:
    """Refuse wrong arguments before anything is loaded."""
    for precision in precisions:
        if not 0 < precision <= 1:
            raise ValueError(f'--precision {precision:g}: give numbers in (0, 1]')
    if max_images < 1:
        raise ValueError(f'--max-images {max_images}: give 1 or more')
    if out.is_dir():
        raise ValueError(f'--out {out} is a folder: name a file')
    if out.exists() and not overwrite:
        raise ValueError(f'{out} exists: name another file with --out, or give --overwrite')
