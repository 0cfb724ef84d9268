"""The weights of one detector out of a checkpoint, and what goes with them."""

from typing import Any, Dict, Mapping, Optional

from mmdet.registry import MODELS
from mmengine.config import Config
from torch import Tensor, nn

from mmssis.engine.checkpoint import CheckpointError
from mmssis.engine.trained_model import does_not_fit, weight_faults

# The mask-IoU branches judge pseudo labels; they change no prediction.
IOU_BRANCHES = ('roi_head.mask_head.iou_branch.', 'panoptic_head.cls_embed.iou.')


def branch_of(cfg: Config, wanted: Optional[str]) -> Optional[str]:
    """Which branch to export.

    Args:
        cfg: of the training run.
        wanted: 'teacher', 'student' or None, the teacher if there is one.

    Returns:
        The branch; None for a model without branches.

    Raises:
        ValueError: if a branch is wanted of a model without branches, or is none.
    """
    if wanted not in (None, 'teacher', 'student'):
        raise ValueError(f"branch = {wanted!r}: give 'teacher' or 'student'")
    if 'detector' in cfg.model:
        return wanted or 'teacher'
    if wanted is not None:
        raise ValueError(f'--branch {wanted}: model.type = {cfg.model.type} has no teacher and no '
                         'student; leave it out')
    return None


def weights_of(branch: Optional[str], state_dict: Mapping[str, Tensor],
               is_plain: bool = True) -> Dict[str, Tensor]:
    """Take one branch out of a checkpoint.

    Args:
        branch: 'teacher' or 'student'; None takes a model without branches.
        state_dict: weights of both, or of the model.
        is_plain: whether they are for a plain detector, which has no mask-IoU branch.

    Returns:
        Its weights under the names of the detector.

    Raises:
        ValueError: if the checkpoint does not hold that branch.
    """
    prefix = '' if branch is None else f'{branch}.'
    # Cloned: a view would save the storage it is part of.
    weights = {name[len(prefix):]: value.detach().clone().contiguous()
               for name, value in state_dict.items() if name.startswith(prefix)}
    if not weights:
        raise ValueError(f'the checkpoint holds no {branch}; is it an exported one?')
    return {name: value for name, value in weights.items()
            if not (is_plain and name.startswith(IOU_BRANCHES))}


def meta_of(checkpoint: Mapping[str, Any]) -> Dict[str, Any]:
    """Class names and colours of a checkpoint as plain Python values.

    Args:
        checkpoint: of a training run or an exported one.

    Returns:
        ``classes`` and, if the checkpoint has it, ``palette``.

    Raises:
        CheckpointError: if the checkpoint does not name its classes.
    """
    meta = checkpoint.get('meta', {}).get('dataset_meta', {})
    if 'classes' not in meta:
        raise CheckpointError("the checkpoint has no meta['dataset_meta']['classes']: give one of "
                              'mmssis train or mmdet 3')
    plain = dict(classes=tuple(str(name) for name in meta['classes']))
    if meta.get('palette') is not None:
        plain['palette'] = [tuple(int(part) for part in colour) for colour in meta['palette']]
    return plain


def build_with(cfg: Config, weights: Mapping[str, Tensor]) -> nn.Module:
    """Build the detector of a config with weights.

    Args:
        cfg: of :func:`mmssis.export.plain_config`.
        weights: of :func:`weights_of`.

    Returns:
        The detector in eval mode, on the CPU.

    Raises:
        CheckpointError: if a weight is missing, left over or of another shape.
    """
    detector = MODELS.build(cfg.model)
    own = detector.state_dict()
    faults = weight_faults(own, weights)
    faults += [f'{name} is not in the config' for name in weights if name not in own]
    if faults:
        raise CheckpointError(does_not_fit(faults))
    detector.load_state_dict(weights)
    return detector.eval()
