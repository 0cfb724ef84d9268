"""CLIP on regions, with a tiny random CLIP in a file."""

import json
import socket

import open_clip
import pytest
import torch
import torch.nn.functional as F
from mmdet.registry import MODELS

from mmssis.models.clip import open_clip_names, open_clip_weights
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
    name = open_clip_names.register_model(tiny_clip['model'])
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


def test_independent_scores_of_siglip_become_distributions(tiny_siglip, monkeypatch):
    """By hand: cosines 1 and 0, scale 12, bias -10: sigmoids of 2 and -10 over their sum."""
    classifier = shared(tiny_siglip)
    constants = dict(
        classifier.constants, text=torch.eye(2)[:, None], described=torch.ones(2, 1).bool(),
        logit_scale=torch.tensor(12.0))
    assert constants['logit_bias'] == -10
    monkeypatch.setattr(classifier, 'constants', constants)
    # sigmoid(2) = 0.8807971, sigmoid(-10) = 0.0000454; a softmax would say 0.9999939.
    probs = classifier.class_probs(torch.tensor([[3.0, 0.0]]))
    torch.testing.assert_close(probs, torch.tensor([[0.9999485, 0.0000515]]), atol=1e-7, rtol=0)


@pytest.mark.parametrize('fixture, scale', [('tiny_clip', 100.0), ('tiny_siglip', 200.0)])
def test_the_scale_is_clamped_as_it_was_in_training(request, tmp_path, fixture, scale):
    """CLIP's is at most 100, SigLIP's has no limit."""
    settings = dict(request.getfixturevalue(fixture))
    state = torch.load(settings['pretrained'], weights_only=True)
    state['logit_scale'].fill_(200.0).log_()
    torch.save(state, tmp_path / 'scaled.pt')
    constants = build(dict(settings, pretrained=str(tmp_path / 'scaled.pt'))).constants
    assert constants['logit_scale'].item() == pytest.approx(scale)


@pytest.mark.parametrize('model, tag, quick_gelu, mean', [
    pytest.param('RN50', None, True, 0.48145466, id='all weights of RN50 have QuickGELU'),
    pytest.param('ViT-B-32-quickgelu', None, True, 0.48145466, id='the name says it'),
    pytest.param('ViT-B-32', 'openai', True, 0.48145466, id='the tag says it'),
    pytest.param('ViT-B-32', 'laion2b_e16', False, 0.48145466, id='the tag says the other'),
    pytest.param('ViT-B-16-SigLIP', None, False, 0.5, id="SigLIP's mean colour"),
    pytest.param('mmssis_test_resnet', None, False, 0.48145466, id='a config of your own'),
])
def test_what_a_state_dict_does_not_tell(model, tag, quick_gelu, mean, tiny_clip):
    traits = open_clip_weights._traits_of_file(model, 'weights.pt', tag)
    assert traits.quick_gelu is quick_gelu and traits.mean[0] == mean


def test_a_state_dict_of_quick_gelu_weights(tiny_clip, monkeypatch):
    """It gets QuickGELU and the mean colour of the tag, or is refused; it got GELU silently."""
    cfg = dict(mean=(0.5, ) * 3, std=(0.25, ) * 3)
    tags = dict(plain=cfg, quick=dict(cfg, quick_gelu=True))
    name = open_clip_names.register_model(tiny_clip['model'])
    monkeypatch.setattr(open_clip, 'list_pretrained_tags_by_model', lambda model: list(tags))
    # open_clip itself finds no such tag and so takes the file.
    monkeypatch.setattr(open_clip, 'get_pretrained_cfg', lambda model, tag: tags[tag])
    with pytest.raises(RuntimeError, match=r"set `tag`.*\['plain'\] \| \['quick'\]"):
        open_clip_weights.load_clip(name, tiny_clip['pretrained'])
    for tag, activation in (('plain', torch.nn.GELU), ('quick', open_clip.model.QuickGELU)):
        clip = open_clip_weights.load_clip(name, tiny_clip['pretrained'], tag)
        assert isinstance(clip.transformer.resblocks[0].mlp.gelu, activation)
        assert open_clip.get_model_preprocess_cfg(clip)['std'] == (0.25, ) * 3


def test_a_tokenizer_that_needs_a_package_is_named_at_the_door(monkeypatch):
    settings = dict(type='ClipRegionClassifier', model='ViT-B-16-SigLIP', pretrained='webli')
    monkeypatch.setattr(open_clip_names, 'find_spec', lambda name: None)
    with pytest.raises(ValueError, match=r"SigLIP.*pip install 'transformers\[sentencepiece\]'"):
        MODELS.build(settings)
    monkeypatch.setattr(open_clip_names, 'find_spec', lambda name: name)
    assert MODELS.build(settings).model == 'ViT-B-16-SigLIP'
    monkeypatch.setattr(open_clip, 'get_tokenizer', refuse)
    with pytest.raises(RuntimeError, match="tokenizer of 'ViT-B-16-SigLIP' .*no network.*copy"):
        open_clip_names.load_tokenizer('ViT-B-16-SigLIP')


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
            (dict(tag='openai'), 'local file'),  # tag-beside-a-tag
            (dict(pretrained='a/b.pt', tag='laion'), "'laion' is no tag"),  # tag-unknown
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
