"""CLIP on regions, with a tiny random CLIP in a file."""

import json
import socket

import open_clip
import pytest
import torch
import torch.nn.functional as F
from mmdet.registry import MODELS

from mmssis.models.clip import open_clip_weights
from mmssis.models.clip.mask_pooling import mask_pooled_features

CLASSES = ('cat', 'dog', 'polar_bear')
MODES = pytest.mark.parametrize('mode', ['crop', 'mask_pool'])


def build(settings, **more):
    """A prepared classifier."""
    classifier = MODELS.build(dict(type='ClipRegionClassifier', **settings, **more))
    classifier.prepare(CLASSES)
    return classifier


BUILT = {}


def shared(settings, **more):
    """As :func:`build`, once for all tests that leave the classifier as it is."""
    key = repr((settings, more))
    if key not in BUILT:
        BUILT[key] = build(settings, **more)
    return BUILT[key]


@pytest.fixture
def images():
    """Two images; the second is dark."""
    return torch.rand(2, 3, 64, 96) * torch.tensor([1, 0.3]).view(2, 1, 1, 1)


@pytest.mark.parametrize('mode, fixture', [
    ('crop', 'tiny_clip'), ('mask_pool', 'tiny_clip'), ('mask_pool', 'tiny_convnext_clip')])
def test_rows_are_distributions(request, regions, images, mode, fixture):
    """Any box gives a distribution: one pixel, the whole image, an image without instances."""
    classifier = shared(request.getfixturevalue(fixture), mode=mode)
    found = [regions((10, 10, 11, 11), (0, 0, 96, 64)), regions()]
    probs = classifier(images, found)
    assert [tuple(each.shape) for each in probs] == [(2, 3), (0, 3)]
    torch.testing.assert_close(probs[0].sum(1), torch.ones(2))
    assert (probs[0][0] - probs[0][1]).abs().max() > 1e-3


def test_crop_mode_is_clip_zero_shot_of_the_crop(tiny_clip, regions, images):
    """On a box of CLIP's own size it equals open_clip used by hand."""
    classifier = shared(tiny_clip)
    probs = classifier(images, [regions(), regions((16, 8, 48, 40))])[1]
    name = open_clip_weights.register_model(tiny_clip['model'])
    clip = open_clip.create_model(name, pretrained=tiny_clip['pretrained']).eval()
    mean, std = (torch.tensor(value).view(3, 1, 1) for value in (
        open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD))
    crop = (images[1:, :, 8:40, 16:48] - mean) / std
    texts = [f'a photo of a {name}.' for name in ('cat', 'dog', 'polar bear')]
    with torch.no_grad():
        image = clip.encode_image(crop, normalize=True)
        text = clip.encode_text(open_clip.get_tokenizer(name)(texts), normalize=True)
        expected = (clip.logit_scale.exp() * image @ text.T).softmax(-1)
    torch.testing.assert_close(probs, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize('fixture', ['tiny_clip', 'tiny_convnext_clip'])
def test_pooling_under_a_full_mask_is_encode_image(request, regions, fixture):
    """Mask pooling over everything equals CLIP's own pooling."""
    tower = shared(request.getfixturevalue(fixture), mode='mask_pool').network_on(
        torch.device('cpu'))
    images = torch.randn(2, 3, 32, 32)
    found = [regions((0, 0, 32, 32), shape=(32, 32)) for _ in images]
    with torch.no_grad():
        torch.testing.assert_close(mask_pooled_features(tower, images, found), tower(images),
                                   atol=1e-5, rtol=1e-4)


@MODES
def test_batch_equals_single(tiny_clip, regions, images, mode):
    """Regions do not see each other, nor the chunks they run in."""
    found = [regions((0, 0, 30, 40), (7, 9, 20, 21)), regions((40, 10, 90, 60))]
    together = torch.cat(shared(tiny_clip, mode=mode)(images, found))
    alone = shared(tiny_clip, mode=mode, batch_size=1)
    single = torch.cat([
        alone(images[i:i + 1], [found[i][j]])[0] for i, j in ((0, 0), (0, 1), (1, 0))])
    torch.testing.assert_close(together, single, atol=1e-5, rtol=1e-4)


@MODES
def test_an_empty_mask_has_no_opinion(tiny_clip, regions, images, mode):
    """The row is uniform and free of NaN; the other rows are not touched."""
    classifier = shared(tiny_clip, mode=mode)
    probs = classifier(images, [regions((5, 5, 5, 5), (0, 0, 40, 40)), regions()])[0]
    torch.testing.assert_close(probs[0], torch.full((3, ), 1 / 3))
    assert probs.isfinite().all() and (probs[1] - 1 / 3).abs().max() > 1e-3


def test_no_images_with_regions(tiny_clip, images, regions):
    """Empty in, empty out, even before any weights are loaded."""
    classifier = MODELS.build(dict(type='ClipRegionClassifier', **tiny_clip))
    assert [len(each) for each in classifier(images, [regions(), regions()])] == [0, 0]


def test_clip_is_frozen_and_in_no_checkpoint(tiny_clip, regions, images):
    """No parameter, no buffer, no state, no gradient, always in eval mode."""
    classifier = shared(tiny_clip)
    classifier.train()
    assert not list(classifier.parameters()) and not classifier.state_dict()
    assert not list(classifier.buffers()) and not list(classifier.children())
    assert not classifier.network_on(images.device).training
    assert not classifier(images.requires_grad_(), [regions((0, 0, 9, 9)), regions()])[
        0].requires_grad


def test_prepare_loads_once_and_again_after_free(tiny_clip, regions, images, monkeypatch):
    """The same classes cost nothing, other classes and a freed model load anew."""
    classifier = build(tiny_clip)
    found = [regions((0, 0, 30, 40)), regions()]
    before = classifier(images, found)[0]
    with monkeypatch.context() as patch:
        patch.setattr('mmssis.models.clip.clip_region_classifier.load_clip', None)
        classifier.prepare(list(CLASSES))
    classifier.free()
    with pytest.raises(RuntimeError, match='prepare'):
        classifier(images, found)
    classifier.prepare(CLASSES)
    torch.testing.assert_close(classifier(images, found)[0], before)
    classifier.prepare(CLASSES[:2])
    assert classifier(images, found)[0].shape == (1, 2)


def test_descriptions_and_their_pooling(tiny_clip, regions, images, tmp_path):
    """Sentences replace the template; 'softmax' is the released code's formula."""
    path = tmp_path / 'descriptions.json'
    path.write_text(json.dumps({'cat': ['whiskers', 'a lazy pet', 'purring'], 'dog': ['barks']}))
    found = [regions((0, 0, 30, 40)), regions()]
    with pytest.warns(UserWarning, match='polar_bear'):
        classifier = build(tiny_clip, descriptions=str(path), sentence_pooling='softmax')
    probs = classifier(images, found)[0]
    with torch.no_grad():
        crops, = classifier.cropper.batches(images, found, (32, 32), torch.zeros(3))
        image = F.normalize(classifier.network_on(images.device)(classifier.preprocess(crops)))
    text = classifier.constants['text'].split(1)
    logits = [20.085537 * (image @ rows[0, :n].T)[0] for rows, n in zip(text, (3, 1, 1))]
    expected = torch.stack([(row * row.softmax(0)).sum() for row in logits]).softmax(0)
    torch.testing.assert_close(probs[0], expected, atol=1e-4, rtol=1e-4)
    with pytest.warns(UserWarning, match='polar_bear'):
        mean = build(tiny_clip, descriptions=str(path)).constants['text']
    torch.testing.assert_close(
        mean[0, 0], F.normalize(classifier.constants['text'][0].mean(0), dim=0))


def test_settings_reach_preprocessing_and_crops(tiny_clip):
    """`normalize` off is the released code's raw input; `largest_part` is the cropper's."""
    classifier = shared(tiny_clip, normalize=False, largest_part=True)
    torch.testing.assert_close(classifier.preprocess(torch.ones(1, 3, 2, 2)),
                               torch.full((1, 3, 2, 2), 255.0))
    assert classifier.cropper.largest_part and not shared(tiny_clip).cropper.largest_part


def test_bfloat16_agrees(tiny_clip, regions, images):
    """Reduced precision changes little, and probabilities stay float32."""
    found = [regions((0, 0, 30, 40)), regions()]
    full = shared(tiny_clip, dtype='float32')(images, found)[0]
    reduced = shared(tiny_clip, dtype='bfloat16')(images, found)[0]
    assert reduced.dtype == torch.float32
    assert not torch.equal(reduced, full)
    torch.testing.assert_close(reduced, full, atol=0.15, rtol=0)


def test_vit_cannot_pool_masks(tiny_vit_clip, regions, images):
    """A ViT is refused for mask_pool and works with crops."""
    with pytest.raises(ValueError, match="mode='crop'"):
        build(tiny_vit_clip, mode='mask_pool')
    assert build(tiny_vit_clip)(images, [regions((0, 0, 9, 9)), regions()])[0].shape == (1, 3)


def test_refused_settings():
    """Wrong settings are named when the config is built, without any weights."""
    for settings, message in [
            (dict(model='RN51'), 'RN51'),  # model
            (dict(pretrained='opennai'), 'openai'),  # tag
            (dict(pretrained=None), 'random weights'),  # random
            (dict(mode='box'), 'mode'),  # mode
            (dict(sentence_pooling='max'), 'sentence_pooling'),  # sentence-pooling
            (dict(dtype='float16'), 'dtype'),  # dtype
            (dict(templates='a photo of a {}.'), 'templates'),  # template-string
            (dict(templates=['a photo']), 'exactly once'),  # template-without-place
            (dict(mode='mask_pool', mask_out=True), 'crops nothing'),  # unread-setting
            (dict(mode='mask_pool', largest_part=True), 'crops nothing'),  # unread-part
    ]:
        with pytest.raises(ValueError, match=message):
            MODELS.build(dict(type='ClipRegionClassifier', **settings))


def refuse(*args, **kwargs):
    """No network."""
    raise OSError('no network')


def test_missing_weights_are_named_at_once(monkeypatch, tmp_path):
    """Building works offline; loading says which file to place where."""
    monkeypatch.setattr(socket, 'create_connection', refuse)
    monkeypatch.setattr(open_clip_weights, 'getproxies', dict)
    monkeypatch.setattr(open_clip_weights, '_cached', lambda config: False)
    default = MODELS.build(dict(type='ClipRegionClassifier'))
    with pytest.raises(RuntimeError, match="checkpoints/clip/RN50.pt.*pretrained="):
        default.prepare(CLASSES)
    absent = MODELS.build(dict(type='ClipRegionClassifier', pretrained=str(tmp_path / 'no.pt')))
    with pytest.raises(RuntimeError, match='no.pt.*checkpoints/clip/RN50.pt'):
        absent.prepare(CLASSES)


def test_files_that_do_not_fit_are_named(tiny_clip, tiny_vit_clip, tmp_path):
    """Nothing is loaded in part."""
    path = tmp_path / 'mmssis_other.json'
    with pytest.raises(RuntimeError, match='does not exist'):
        build(dict(tiny_clip, model=str(path)))
    for setting, content, message in [
            ('model', '{', 'JSON'), ('model', '{"embed_dim": 16}', 'vision_cfg'),
            ('descriptions', '{"cat": []}', 'mmssis_other.json'),
            ('descriptions', 'cat', 'mmssis_other.json'),
    ]:
        path.write_text(content)
        with pytest.raises(ValueError, match=message):
            build({**tiny_clip, setting: str(path)})
    with pytest.raises(RuntimeError, match='do not fit'):
        build(dict(tiny_clip, pretrained=tiny_vit_clip['pretrained']))


def test_openai_archive(tiny_clip, tmp_path, regions, images):
    """OpenAI ships TorchScript archives; their own loader reads them, with QuickGELU."""

    class Archive(torch.nn.Module):
        """Holds the tensors of a state dict under their names."""

    state = torch.load(tiny_clip['pretrained'], weights_only=True)
    archive = Archive()
    for name, value in state.items():
        owner = archive
        *parents, leaf = name.split('.')
        for parent in parents:
            if not hasattr(owner, parent):
                owner.add_module(parent, Archive())
            owner = getattr(owner, parent)
        owner.register_buffer(leaf, value)
    path = tmp_path / 'openai.pt'
    torch.jit.save(torch.jit.script(archive), str(path))
    found = [regions((0, 0, 30, 40)), regions()]
    openai, own = build(dict(tiny_clip, pretrained=str(path))), shared(tiny_clip)
    pixels = openai.preprocess(images[:, :, :32, :32])
    torch.testing.assert_close(own.preprocess(images[:, :, :32, :32]), pixels)
    with torch.no_grad():
        features, expected = (each.network_on(images.device)(pixels) for each in (openai, own))
    torch.testing.assert_close(features, expected, atol=0.02, rtol=0.02)
    assert not torch.equal(openai.constants['text'], own.constants['text'])
    assert openai(images, found)[0].shape == (1, 3)
