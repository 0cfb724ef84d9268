"""PAIS's views, as the data configs give them: two geometries of one image, one map between."""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmdet.datasets import CocoDataset
from mmdet.registry import DATA_SAMPLERS, DATASETS
from mmengine.dataset import pseudo_collate
from mmengine.dataset.sampler import DefaultSampler
from toy_data import coco_content, write_images, write_json

from mmssis.datasets.checks.pipeline_geometry import iterate_steps
from mmssis.datasets.samplers import seeded_rng
from mmssis.models.data_preprocessors import SemiDataPreprocessor
from mmssis.ops import affine_masks
from mmssis.structures import view_to_view
from mmssis.utils import load_config

FOLDER = Path(__file__).parents[2] / 'configs/pais'
BRANCHES = ['sup', 'unsup_teacher', 'unsup_student']
# Size of a typical image, and ranges of the longer and the shorter side of each view.
SIZES = {
    'knet_r50_coco1pct': ((480, 640), (533, 1333), (400, 1000), (533, 1333), (400, 1000)),
    'mask-rcnn_r50_cityscapes5pct': (
        (1024, 2048), (1600, 2048), (800, 1024), (1600, 2048), (800, 1024)),
    'knet_lite0_animals2pct': ((256, 384), (153, 192), (102, 128), (115, 192), (76, 192)),
    'mask-rcnn_lite0_dsb2018_5pct': ((256, 256), (256, 320), (256, 320), (192, 256), (192, 256)),
}
every_config = pytest.mark.parametrize('name', SIZES)


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@lru_cache(maxsize=None)
def loaded(name):
    return load_config(str(FOLDER / f'{name}.py'), check_data=False)


def pipelines(name):
    """Configs of the labeled and the unlabeled pipeline."""
    dataset = loaded(name).train_dataloader.dataset.to_dict()
    return [dataset[source]['pipeline'] for source in ('labeled', 'unlabeled')]


def without_photometry(pipeline):
    """The pipeline with no colour change or erasing, and with black instead of grey borders."""
    for step in iterate_steps(pipeline, ''):
        if step.transform['type'] == 'OneOfColor':
            step.transform['names'] = ['identity']
        if step.transform['type'] == 'RandomErasing':
            step.transform.update(n_patches=1, ratio=0.0)
        if step.transform['type'] == 'CutOut':
            step.transform.update(cutout_shape=(0, 0))
        if 'max_mag' in step.transform:
            step.transform['img_border_value'] = 0
    return pipeline


def draw_views(pipeline, size, seeds):
    """Pixels and data sample of the teacher's and of the student's view, seed by seed."""
    path = 'image.png'
    cv2.imwrite(path, soft_spots(size))
    sample = dict(img_id=0, img_path=path, height=size[0], width=size[1], instances=[])
    for seed in range(seeds):
        with seeded_rng(seed):
            packed = Compose(pipeline)(dict(sample))
        yield [(packed['inputs'][branch], packed['data_samples'][branch])
               for branch in BRANCHES[1:]]


def soft_spots(size):
    """Large soft spots in [40, 220], (H, W, 3)."""
    coarse = np.random.default_rng(0).integers(40, 221, (6, 8, 3)).astype(np.uint8)
    return cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_LINEAR)


@every_config
def test_student_s_pixels_are_the_teacher_s_moved(name):
    for views in draw_views(without_photometry(pipelines(name)[1]), SIZES[name][0], 2):
        (weak, source), (strong, target) = views
        matrix = view_to_view(source, target)
        assert np.abs(matrix - np.eye(3)).max() > 1e-3
        moved = affine_masks(weak.float(), matrix, target.img_shape)
        ones = torch.ones(1, *weak.shape[1:])
        inside = torch.nn.functional.pad(ones[:, 4:-4, 4:-4], [4] * 4)
        seen = (affine_masks(inside, matrix, target.img_shape)[0] > 0.99) & (strong > 30).all(0)
        assert seen.float().mean() > 0.3
        # Both are bilinear; where the scales differ they do not read the same pixels.
        assert (moved - strong)[:, seen].abs().mean() < 1.5
        assert np.corrcoef(moved[:, seen].flatten(), strong[:, seen].flatten())[0, 1] > 0.99
        # What only the student sees would count as background, for want of a pseudo label.
        # Pixels at the very border are mixed with the black beyond it.
        shown = affine_masks(ones, matrix, target.img_shape)[0] > 0.2
        assert ((strong > 100).all(0) & ~shown).float().mean() < 0.002


@every_config
def test_sizes_and_draws_of_the_views(name):
    size, *ranges = SIZES[name]
    seen = [[data.img_shape for _, data in views]
            for views in draw_views(pipelines(name)[1], size, 6)]
    # No image is dropped, however small.
    assert len(list(draw_views(pipelines(name)[1], (40, 60), 5))) == 5
    sides = np.array([[(max(shape), min(shape)) for shape in shapes] for shapes in seen])
    for (low, high), drawn in zip(ranges, sides.reshape(6, 4).T):
        assert low <= drawn.min() and drawn.max() <= high
    assert len({tuple(shapes[0]) for shapes in seen}) > 2
    assert any(weak != strong for weak, strong in seen)


def toy_loader(cfg, folder):
    """The data set and sampler of a loader over four labeled and six unlabeled toy images."""
    labeled, unlabeled = (cfg.dataset[name].to_dict() for name in ('labeled', 'unlabeled'))
    classes = labeled.get('metainfo', CocoDataset.METAINFO)['classes']
    names = write_images(folder / 'images', 10, size=(48, 64))
    for dataset, part in ((labeled, names[:4]), (unlabeled, names[4:])):
        content = coco_content(part, size=(48, 64), classes=classes)
        ann_file = write_json(folder / f'{dataset["type"]}.json', content)
        dataset.update(data_root='', ann_file=ann_file,
                       data_prefix=dict(img=str(folder / 'images')))
    data = DATASETS.build(dict(cfg.dataset.to_dict(), labeled=labeled, unlabeled=unlabeled))
    settings = dict(cfg.batch_sampler.to_dict(), batch_size=cfg.batch_size, seed=0,
                    sampler=DefaultSampler(data, shuffle=False))
    return data, iter(DATA_SAMPLERS.build(settings))


@pytest.mark.parametrize('name', ['knet_r50_coco1pct', 'mask-rcnn_lite0_dsb2018_5pct'])
def test_batches_collate_and_branches_are_padded_apart(name, tmp_path):
    loader = loaded(name).train_dataloader
    data, batches = toy_loader(loader, tmp_path)
    preprocess = SemiDataPreprocessor(data_preprocessor=dict(
        type='DetDataPreprocessor', pad_size_divisor=32, pad_mask=True))
    batch = pseudo_collate([data[index] for index in next(batches)])
    out = preprocess(batch, training=True)
    assert list(out['inputs']) == list(out['data_samples']) == BRANCHES
    for branch, images in out['inputs'].items():
        samples = out['data_samples'][branch]
        source, instances = ('labeled', 1) if branch == 'sup' else ('unlabeled', 0)
        assert len(images) == len(samples) == loader.batch_sampler[source]
        assert {sample.batch_input_shape for sample in samples} == {images.shape[2:]}
        assert {len(sample.gt_instances) for sample in samples} == {instances}
    assert len({images.shape[2:] for images in out['inputs'].values()}) > 1
