"""The labeled images that a diagnosis looks at."""

from pathlib import Path
from typing import Iterator, List, Optional, Union

from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS
from mmengine.config import Config

from mmssis.datasets.checks.coco_validation import validate_coco_json
from mmssis.datasets.checks.quietly import quietly
from mmssis.datasets.leaf_datasets import leaf_datasets
from mmssis.evaluation.analysis_data import class_names_of
from mmssis.report.validation import validation_images

PathLike = Union[str, Path]


def labeled_images(cfg: Config, labeled: Optional[PathLike] = None,
                   images: Optional[PathLike] = None) -> CocoDataset:
    """Images of validation, or others; those that the config trains on are left out.

    Args:
        cfg: a resolved config.
        labeled: COCO file of other images; None takes validation.
        images: folder that its file names are relative to.

    Returns:
        The images as the model sees them.

    Raises:
        ValueError: if one of both is missing, the file has faults or other classes, no image is
            left, or the config has no validation images, which say how images are read.
    """
    if labeled is None or not cfg.get('val_dataloader'):
        return validation_images(cfg)
    _check_paths(labeled, images)
    if problems := validate_coco_json(str(labeled), class_names_of(cfg)):
        raise ValueError('\n'.join(problems))
    others = Config(dict(val_dataloader=dict(dataset=dict(
        cfg.val_dataloader.dataset, ann_file=str(Path(labeled).absolute()), data_root=None,
        data_prefix=dict(img=str(Path(images).absolute()))))))
    others.test_dataloader = cfg.test_dataloader
    dataset = validation_images(others)
    trained = set(_trained_on(cfg))
    kept = [i for i in range(len(dataset))
            if Path(dataset.get_data_info(i)['img_path']).resolve() not in trained]
    if left_out := len(dataset) - len(kept):
        print(f'{left_out} of {len(dataset)} images are trained on: left out')
    if not kept:
        raise ValueError(f'The model is trained on all images of {labeled}, where it makes fewer '
                         'errors than elsewhere: give others with --labeled and --images.')
    dataset.get_subset_(kept)
    return dataset


def _check_paths(labeled: PathLike, images: Optional[PathLike]) -> None:
    """Refuse a file that is not there, and a folder that is none."""
    if not Path(labeled).is_file():
        raise ValueError(f'--labeled {labeled}: there is no such file.')
    if images is None:
        raise ValueError('--labeled needs --images, the folder that its file names are relative '
                         'to.')
    if not Path(images).is_dir():
        raise ValueError(f'--images {images} is no folder.')


def _trained_on(cfg: Config) -> Iterator[Path]:
    """Images that the config trains on with labels."""
    for part in _parts(cfg):
        with quietly():
            built = DATASETS.build(dict(part, pipeline=[]))
        for leaf in leaf_datasets(built):
            for i in range(len(leaf)):
                yield Path(leaf.get_data_info(i)['img_path']).resolve()


def _parts(cfg: Config) -> List[dict]:
    """The data sets of a config that have true labels."""
    if not cfg.get('train_dataloader'):
        return []
    part = cfg.train_dataloader.dataset
    if part.type != 'SemiDataset':
        return [part]
    return [part[name] for name in ('labeled', 'boxes') if part.get(name)]
