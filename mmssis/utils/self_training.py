"""What pseudo labels that are made before training are made of."""

from pathlib import Path

from mmengine.config import Config

from .data_set_spec import train_sources, unlabeled_images
from .keys import OWN_KEYS

KEYS = ('labeled', 'unlabeled', 'image_root', *OWN_KEYS['self_training'])
WORK_DIRS = Path('work_dirs', 'self_training')


def apply_self_training(cfg: Config, name: str) -> None:
    """Write the files of ``cfg.data_set`` to ``cfg.self_training``, in place.

    These are what ``mmssis self-train`` makes pseudo labels of: ``labeled``, ``unlabeled`` and
    ``image_root``. Where the data set names no file of pseudo labels, it is that verb's:
    ``work_dirs/self_training/<name>/pseudo/pseudo_labels.json``.

    Args:
        cfg: any config.
        name: that of the config file, without its ending.

    Raises:
        ValueError: if a key is unknown, or nothing learns from pseudo labels.
    """
    pseudo = train_sources(cfg).get('pseudo')
    if pseudo is not None and not pseudo.get('ann_file'):
        pseudo.ann_file = str(WORK_DIRS / name / 'pseudo' / 'pseudo_labels.json')
    if not cfg.get('self_training'):
        return
    for key in cfg.self_training:
        if key not in KEYS:
            raise ValueError(f'self_training has no key {key!r}: use {", ".join(KEYS)}')
    if pseudo is None:
        raise ValueError('self_training is read by nothing: train_dataloader.dataset has no source '
                         '`pseudo`')
    if 'data_set' in cfg:
        spec = cfg.data_set
        cfg.self_training.update(
            labeled=str(Path(spec.root, spec.labeled)),
            unlabeled=str(Path(spec.root, spec.unlabeled)),
            image_root=unlabeled_images(spec))
