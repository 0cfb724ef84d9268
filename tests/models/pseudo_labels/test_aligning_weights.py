"""DALoss's weights: the paper's, the released code's, and each part alone."""

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData

RELEASED_KNET = dict(class_clip=0.5, class_reference=(0.5, 0.75), mask_reference=(0.4**0.25, 1.0),
                     background_weight=0.1225)
CLASS, MASK = [0.35, 0.5, 0.9], [0.3, 0.795, 1.0]


def pseudo_labels(num=3):
    return InstanceData(labels=torch.zeros(num, dtype=torch.long),
                        class_scores=torch.tensor(CLASS[:num]),
                        mask_scores=torch.tensor(MASK[:num]))


def weigh(instances, **settings):
    hook = MODELS.build(dict(type='AligningWeights', **settings))
    return hook([instances], None)[0]


@pytest.mark.parametrize('settings, cls_weights, mask_weights, background', [
    pytest.param({}, [c ** 4 for c in CLASS], [s ** 4 for s in MASK], 1.0, id='paper'),
    pytest.param(RELEASED_KNET, [12 * min(c, 0.5) ** 4 for c in CLASS],
                 [2.5 * s ** 4 for s in MASK], 0.35 ** 2, id='released for K-Net'),
    pytest.param(dict(alpha=0.0, beta=0.0), [1.0] * 3, [1.0] * 3, 1.0, id='exponent 0'),
])
def test_weights(settings, cls_weights, mask_weights, background):
    instances = weigh(pseudo_labels(), **settings)
    assert instances.cls_weights.tolist() == pytest.approx(cls_weights)
    assert instances.mask_weights.tolist() == pytest.approx(mask_weights)
    assert instances.metainfo['background_weight'] == pytest.approx(background)


def test_the_reference_holds_for_every_exponent():
    """Table 6 varies the curve, not the size of the loss."""
    for alpha in (1.0, 4.0):
        instances = weigh(pseudo_labels(), class_reference=(0.5, 0.75), alpha=alpha)
        assert instances.cls_weights[1].item() == pytest.approx(0.75)


def test_each_weight_alone():
    """Table 5, rows 2 and 4."""
    classes, masks = weigh(pseudo_labels(), beta=None), weigh(pseudo_labels(), alpha=None)
    assert 'cls_weights' in classes and 'mask_weights' not in classes
    assert 'mask_weights' in masks and 'cls_weights' not in masks


def test_no_pseudo_label_still_tells_the_weight_of_the_background():
    instances = weigh(pseudo_labels(0), background_weight=0.1)
    assert len(instances) == 0 and instances.metainfo['background_weight'] == 0.1
    assert instances.cls_weights.shape == instances.mask_weights.shape == (0, )


def test_refuses():
    for settings, message in [
            (dict(alpha=-1), 'alpha = -1'),
            (dict(beta=float('nan')), 'beta = nan'),
            (dict(class_clip=0), 'class_clip = 0'),
            (dict(class_reference=(2, 1)), 'score of class_reference = 2'),
            (dict(mask_reference=(0.5, -1)), 'weight of mask_reference = -1'),
            (dict(background_weight=-0.5), 'background_weight = -0.5'),
    ]:
        with pytest.raises(ValueError, match=message):
            MODELS.build(dict(type='AligningWeights', **settings))
    unjudged = pseudo_labels()
    del unjudged.mask_scores
    with pytest.raises(ValueError, match='no mask_scores.*beta=None'):
        weigh(unjudged)
