"""PreflightHook before a plain detector learns from pseudo labels on disk."""

import json
import re
from types import SimpleNamespace

import pytest
from mmdet.registry import MODELS
from mmengine.runner import Runner
from toy_pseudo import pseudo_config

from mmssis.engine.hooks import PreflightHook


def check(root, **settings):
    """Run the checks on the toy world below ``root``."""
    config = pseudo_config(root, write=False)
    runner = SimpleNamespace(
        model=MODELS.build(config['model']), val_loop=None, max_iters=9, train_loop=None,
        work_dir=root, hooks=[],
        train_dataloader=Runner.build_dataloader(config['train_dataloader'], seed=0))
    PreflightHook(warn_only=['categories'], **settings).before_train(runner)


@pytest.fixture
def world(tmp_path):
    """The files of the toy world."""
    pseudo_config(tmp_path)
    return tmp_path


def edit(root, change):
    """Change the pseudo-label file."""
    path = root / 'pseudo_labels.json'
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def no_mask(content):
    content['annotations'][0].pop('segmentation')


def same_id(content):
    content['images'].append(dict(content['images'][0], file_name='unlabeled_001.png'))


def wrong_rle_size(content):
    content['annotations'][0]['segmentation'] = dict(size=[9, 9], counts='91')


def labeled_image(content):
    content['images'][1].update(file_name='../labeled/labeled_001.png')


@pytest.mark.parametrize('change, message', [
    pytest.param(no_mask, 'instances without a mask', id='no mask'),
    pytest.param(same_id, 'pseudo_labels.json: ids of "images" occur more than once', id='ids'),
    pytest.param(wrong_rle_size, r'RLE size \[9, 9\] differs from the image size', id='RLE size'),
    pytest.param(labeled_image, '1 images are in both .*labeled and .*pseudo', id='labeled image'),
])
def test_problems_of_the_pseudo_labels_are_found(world, change, message):
    check(world, decode_images=True)
    edit(world, change)
    with pytest.raises(ValueError, match=message) as caught:
        check(world)
    assert not re.search('A check failed itself', str(caught.value))


def test_missing_pseudo_labeled_images_are_named(world):
    (world / 'unlabeled/unlabeled_003.png').unlink()
    with pytest.raises(ValueError, match='unlabeled_003.png'):
        check(world)
