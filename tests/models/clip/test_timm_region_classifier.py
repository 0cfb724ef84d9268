"""ImageNet classes as classes of the data set."""

import functools
import json

import pytest
import timm
import torch
from mmdet.registry import MODELS

from mmssis.models.clip.imagenet_names import resolve_class_map
from mmssis.models.clip.lite0_weights import load_efficientnet_lite0, rename_lite0_key

CLASSES = ('bear', 'otter', 'unicorn')
MAP = {'bear': ['brown bear', 296], 'otter': ['Otter'], 'unicorn': []}


@functools.lru_cache
def shared():
    """One for all tests that leave it as it is."""
    return build()


def build(**settings):
    """A prepared classifier with the packaged weights."""
    settings = dict(dict(class_map=MAP), **settings)
    classifier = MODELS.build(dict(type='TimmRegionClassifier', **settings))
    classifier.prepare(CLASSES)
    return classifier


def test_probabilities_are_summed_imagenet_probabilities(regions):
    """By hand: softmax, sum the classes of the map, normalise; unmapped classes get 0."""
    classifier = shared()
    images, found = torch.rand(1, 3, 64, 96), [regions((0, 0, 40, 40), (9, 9, 10, 10))]
    crops, = classifier.cropper.batches(images, found, (224, 224), torch.zeros(3))
    with torch.no_grad():
        imagenet = classifier.network_on(images.device)(crops * 2 - 1).softmax(1)
    bear = imagenet[:, [294, 296]].sum(1)
    expected = torch.stack((bear, imagenet[:, 360], torch.zeros(2)), 1)
    probs = classifier(images, found)[0]
    torch.testing.assert_close(probs, expected / expected.sum(1, keepdim=True))
    assert classifier.constants['covers'].tolist() == [True, True, False]
    assert not classifier.state_dict() and not list(classifier.parameters())


@pytest.mark.parametrize('settings, box', [
    pytest.param({}, (5, 5, 5, 5), id='empty-mask'),
    pytest.param(dict(class_map={name: [] for name in CLASSES}), (0, 0, 40, 40), id='no-map'),
])
def test_no_opinion(regions, settings, box):
    """A uniform row instead of noise or NaN."""
    classifier = build(**settings) if settings else shared()
    probs = classifier(torch.rand(1, 3, 64, 96), [regions(box)])[0]
    torch.testing.assert_close(probs, torch.full((1, 3), 1 / 3))


def test_class_map_from_a_file(tmp_path):
    """A JSON file is the same as the dict."""
    path = tmp_path / 'classes.json'
    path.write_text(json.dumps(MAP))
    assert torch.equal(build(class_map=str(path)).constants['members'],
                       shared().constants['members'])


def test_refused_class_maps():
    """The message names the entry."""
    for class_map, message in [
            ({'bear': ['brown bear'], 'otter': []}, 'unicorn'),  # class-missing
            (dict(MAP, unicorn=['unicorn']), 'unknown'),  # unknown-name
            (dict(MAP, unicorn=['crane']), 'several'),  # ambiguous-name
            (dict(MAP, unicorn=[1000]), 'index'),  # index-out-of-range
            (dict(MAP, unicorn=['otter']), 'list it once'),  # used-twice
            (dict(MAP, unicorn='otter'), 'give a dict'),  # no-list
    ]:
        with pytest.raises(ValueError, match=message):
            build(class_map=class_map)


def test_missing_files_are_named(tmp_path):
    """Building works without files; loading names them."""
    with pytest.raises(RuntimeError, match='no.json'):
        build(class_map=str(tmp_path / 'no.json'))
    with pytest.raises(RuntimeError, match='no.pth'):
        build(pretrained=str(tmp_path / 'no.pth'))


def test_refused_settings():
    """Wrong settings are named when the config is built."""
    for settings in [
            dict(model='no_such_model'),
            dict(model='resnet18'),
    ]:
        with pytest.raises(ValueError, match=list(settings)[0].split('_')[0]):
            MODELS.build(dict(type='TimmRegionClassifier', class_map=MAP, **settings))


def test_any_timm_model_from_a_file(tmp_path, regions):
    """Weights of another model, in timm's own format."""
    path = tmp_path / 'atto.pth'
    torch.save(timm.create_model('convnext_atto').state_dict(), path)
    classifier = build(model='convnext_atto', pretrained=str(path))
    probs = classifier(torch.rand(1, 3, 64, 96), [regions((0, 0, 40, 40))])[0]
    torch.testing.assert_close(probs.sum(1), torch.ones(1))


def test_imagenet_names_are_synonyms_in_any_case():
    """'ice bear, polar bear, ...' is one class."""
    assert resolve_class_map({'a': ['POLAR bear'], 'b': ['Ice Bear ']}, ['a']) == [[296]]


def test_lite0_weights_fit_timm_exactly():
    """All 247 tensors and 49 counters load under timm's names."""
    state = load_efficientnet_lite0()
    timm.create_model('tf_efficientnet_lite0').load_state_dict(state, strict=True)
    assert len([key for key in state if 'num_batches' not in key]) == 247


def test_foreign_lite0_keys():
    """Weights of another network are refused."""
    for key in [
            '_blocks.16._bn0.weight',
            'layer1.weight',
            '_blocks.x.y',
            '',
    ]:
        with pytest.raises(ValueError, match='EfficientNet-Lite0'):
            rename_lite0_key(key)
