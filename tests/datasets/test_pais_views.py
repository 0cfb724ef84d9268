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
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.dataset.sampler import DefaultSampler
from toy_data import coco_content, write_images, write_json

from mmssis.datasets import check_pipeline_geometry
from mmssis.datasets.pipeline_geometry import check_branch_fields, iterate_steps
from mmssis.datasets.samplers import seeded_rng
from mmssis.models.data_preprocessors import SemiDataPreprocessor
from mmssis.ops import affine_masks
from mmssis.structures import view_to_view

FOLDER = Path(__file__).parents[2] / 'configs/_base_/datasets'
CONFIGS = [f'semi_{name}_pais' for name in (
    'coco_instance', 'cityscapes_instance', 'animals', 'dsb2018')]
BRANCHES = ['sup', 'unsup_teacher', 'unsup_student']
# Size of a typical image, and ranges of the longer and the shorter side of each view.
SIZES = {
    'semi_coco_instance_pais': ((480, 640), (533, 1333), (400, 1000), (533, 1333), (400, 1000)),
    'semi_cityscapes_instance_pais': (
        (1024, 2048), (1600, 2048), (800, 1024), (1600, 2048), (800, 1024)),
    'semi_animals_pais': ((256, 384), (153, 192), (102, 128), (115, 192), (76, 192)),
    'semi_dsb2018_pais': ((256, 256), (256, 320), (256, 320), (192, 256), (192, 256)),
}
every_config = pytest.mark.parametrize('name', CONFIGS)


@lru_cache(maxsize=None)
def loaded(name):
    return Config.fromfile(FOLDER / f'{name}.py')


def pipelines(name):
    """Configs of the labeled and the unlabeled pipeline."""
    return [dataset.to_dict()['pipeline'] for dataset in loaded(name).train_dataloader.dataset
            .datasets]


def steps(name, kind):
    """Settings of all transforms of a type in the unlabeled pipeline."""
    return [step.transform for step in iterate_steps(pipelines(name)[1], '')
            if step.transform['type'] == kind]


def smooth_image(size, seed=0):
    """Large soft spots in [40, 220], (H, W, 3)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 221, (6, 8, 3)).astype(np.uint8)
    return cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_LINEAR)


def write_sample(folder, size):
    path = folder / '0.png'
    cv2.imwrite(str(path), smooth_image(size))
    return dict(img_id=0, img_path=str(path), height=size[0], width=size[1], instances=[])


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


def draw_views(pipeline, sample, seed):
    with seeded_rng(seed):
        packed = pipeline(dict(sample))
    return [(packed['inputs'][branch], packed['data_samples'][branch]) for branch in BRANCHES[1:]]


@every_config
@pytest.mark.parametrize('seed', range(4))
def test_student_s_pixels_are_the_teacher_s_moved(name, seed, tmp_path):
    pipeline = Compose(without_photometry(pipelines(name)[1]))
    (weak, source), (strong, target) = draw_views(
        pipeline, write_sample(tmp_path, SIZES[name][0]), seed)
    matrix = view_to_view(source, target)
    assert np.abs(matrix - np.eye(3)).max() > 1e-3
    moved = affine_masks(weak.float(), matrix, target.img_shape)
    inside = torch.nn.functional.pad(torch.ones(1, weak.shape[1] - 8, weak.shape[2] - 8), [4] * 4)
    seen = (affine_masks(inside, matrix, target.img_shape)[0] > 0.99) & (strong > 30).all(0)
    assert seen.float().mean() > 0.3
    # Both are bilinear; where the scales differ they do not read the same pixels.
    assert (moved - strong)[:, seen].abs().mean() < 1.5
    assert np.corrcoef(moved[:, seen].flatten(), strong[:, seen].flatten())[0, 1] > 0.99


@every_config
def test_the_teacher_is_shown_all_that_the_student_sees(name, tmp_path):
    """What only the student sees would count as background, for want of a pseudo label."""
    pipeline = Compose(without_photometry(pipelines(name)[1]))
    sample = write_sample(tmp_path, SIZES[name][0])
    for seed in range(3):
        (weak, source), (strong, target) = draw_views(pipeline, sample, seed)
        shown = affine_masks(torch.ones(1, *weak.shape[1:]), view_to_view(source, target),
                             target.img_shape)[0] > 0.2
        # Pixels at the very border are mixed with the black beyond it.
        assert ((strong > 100).all(0) & ~shown).float().mean() < 0.002


@every_config
def test_sizes_and_draws_of_the_views(name, tmp_path):
    size, *ranges = SIZES[name]
    sample, pipeline = write_sample(tmp_path, size), Compose(pipelines(name)[1])
    seen = [[data.img_shape for _, data in draw_views(pipeline, sample, seed)]
            for seed in range(6)]
    sides = np.array([[(max(shape), min(shape)) for shape in shapes] for shapes in seen])
    for (low, high), drawn in zip(ranges, sides.reshape(6, 4).T):
        assert low <= drawn.min() and drawn.max() <= high
    assert len({tuple(shapes[0]) for shapes in seen}) > 2
    assert any(weak != strong for weak, strong in seen)


@every_config
def test_no_unlabeled_image_is_dropped(name, tmp_path):
    pipeline = Compose(pipelines(name)[1])
    sample = write_sample(tmp_path, (40, 60))
    for seed in range(10):
        for _, data in draw_views(pipeline, sample, seed):
            assert len(data.gt_instances) == 0
            assert data.gt_instances.masks.masks.shape == (0, *data.img_shape)
            assert data.homography_matrix.shape == (3, 3)


@every_config
def test_pipelines_pass_the_checks_for_views_of_their_own_geometry_only(name):
    labeled, unlabeled = pipelines(name)
    check_branch_fields(labeled, unlabeled)
    check_pipeline_geometry(labeled, same_geometry=False)
    check_pipeline_geometry(unlabeled, unlabeled=True, same_geometry=False)
    with pytest.raises(ValueError, match='branch "unsup_teacher" alone'):
        check_pipeline_geometry(unlabeled, unlabeled=True)
    assert loaded(name).train_dataloader.dataset.same_geometry is False


@every_config
def test_settings_are_the_released_ones(name):
    """facts A.6: magnitudes of the strong view; batches of 1 : 3."""
    assert steps(name, 'OneOfColor') == [dict(type='OneOfColor')]
    limits = {kind: steps(name, kind)[0]['max_mag'] for kind in (
        'UniformTranslateX', 'UniformTranslateY', 'EdgeRotate', 'EdgeShearX', 'EdgeShearY')}
    assert list(limits.values()) == [0.1, 0.1, 30.0, 30.0, 30.0]
    erasing = [] if 'cityscapes' in name else [
        dict(type='RandomErasing', n_patches=(1, 4), ratio=(0.0, 0.2), img_border_value=125)]
    assert steps(name, 'RandomErasing') == erasing
    assert len(steps(name, 'CutOut')) == 1 - len(erasing)
    loader = loaded(name).train_dataloader
    assert loader.batch_sampler.source_ratio == [1, 3] and loader.batch_size % 4 == 0
    if 'instance' in name:
        assert loader.batch_size == 4 and loaded(name).auto_scale_lr.base_batch_size == 16


def toy_loader(name, folder):
    """The config's data set and sampler over four labeled and six unlabeled toy images."""
    cfg = loaded(name).train_dataloader
    labeled, unlabeled = (dataset.to_dict() for dataset in cfg.dataset.datasets)
    classes = labeled.get('metainfo', CocoDataset.METAINFO)['classes']
    names = write_images(folder / 'images', 10, size=(48, 64))
    for dataset, part in ((labeled, names[:4]), (unlabeled, names[4:])):
        content = coco_content(part, size=(48, 64), classes=classes)
        ann_file = write_json(folder / f'{dataset["type"]}.json', content)
        dataset.update(data_root='', ann_file=ann_file,
                       data_prefix=dict(img=str(folder / 'images')))
    data = DATASETS.build(dict(cfg.dataset.to_dict(), datasets=[labeled, unlabeled]))
    settings = dict(cfg.batch_sampler.to_dict(), batch_size=cfg.batch_size, seed=0,
                    sampler=DefaultSampler(data, shuffle=False))
    return data, iter(DATA_SAMPLERS.build(settings))


@every_config
def test_batches_collate_and_branches_are_padded_apart(name, tmp_path):
    data, batches = toy_loader(name, tmp_path)
    preprocess = SemiDataPreprocessor(data_preprocessor=dict(
        type='DetDataPreprocessor', pad_size_divisor=32, pad_mask=True))
    batch_size = loaded(name).train_dataloader.batch_size
    shapes = set()
    for _ in range(2):
        out = preprocess(pseudo_collate([data[index] for index in next(batches)]), training=True)
        assert list(out['inputs']) == list(out['data_samples']) == BRANCHES
        for branch, images in out['inputs'].items():
            samples = out['data_samples'][branch]
            assert len(images) == len(samples) == batch_size * (1 if branch == 'sup' else 3) // 4
            assert {sample.batch_input_shape for sample in samples} == {images.shape[2:]}
            num_instances = {len(sample.gt_instances) for sample in samples}
            assert num_instances == {1} if branch == 'sup' else num_instances == {0}
            shapes.add((branch, images.shape[2:]))
    assert len({shape for _, shape in shapes}) > 1


def erase(seed, num=0):
    """The strong view's erasing of a white image without annotations."""
    settings = steps('semi_coco_instance_pais', 'RandomErasing')
    image = np.full((100, 200, 3), 255, np.uint8)
    load = dict(type='LoadEmptyAnnotations', with_bbox=True, with_mask=True)
    with seeded_rng(seed):
        return Compose([load, *settings])(dict(img=image, img_shape=(100, 200)))


def test_erasing_changes_pixels_only_and_needs_no_annotations():
    for seed in range(50):
        results = erase(seed)
        erased = results['img'] != 255
        assert (results['img'][erased] == 125).all()
        # At most four squares of at most a fifth of each side.
        assert erased.any(-1).mean() <= 4 * 0.2**2
        assert results['gt_masks'].masks.shape == (0, 100, 200)
        assert len(results['gt_bboxes']) == len(results['gt_bboxes_labels']) == 0


def test_erasing_draws_one_to_four_squares():
    transform = Compose(steps('semi_coco_instance_pais', 'RandomErasing')).transforms[0]
    with seeded_rng(0):
        patches = [transform._get_patches((100, 200)) for _ in range(400)]
    counts = np.bincount([len(patch) for patch in patches], minlength=5)
    assert counts[0] == 0 and (counts[1:] > 70).all()
    sides = np.concatenate(patches)
    widths, heights = (sides[:, 2:] - sides[:, :2]).T
    assert np.abs(widths - 2 * heights).max() <= 2 and widths.max() < 0.2 * 200
    assert widths.mean() == pytest.approx(0.1 * 200, rel=0.05)
