"""The weighted box head: mmdet's losses with weights of 1, and what each weight changes."""

import copy

import pytest
import torch
from toy_condinst import PLAIN, box_sample, build_condinst
from toy_mask_rcnn import images_of, sample_of

SMALL = dict(mask_channels=8, num_params=169)
NAMES = ('loss_cls', 'loss_bbox', 'loss_centerness')


def losses_of(model, samples):
    """Losses of the box head alone, on the same features for every call."""
    head = model.train().bbox_head
    features = model.extract_feat(images_of(len(samples)))
    return head.loss(features, copy.deepcopy(samples))


def twins(**settings):
    """A weighted CondInst and mmdet's own with the same weights."""
    ours = build_condinst(**SMALL, **settings)
    theirs = build_condinst(**SMALL, **PLAIN, **settings)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def boxes_of(sample, boxes):
    sample.gt_instances.bboxes = torch.tensor(boxes, dtype=torch.float32)
    return sample


@pytest.mark.parametrize('make', [
    pytest.param(lambda: [sample_of(()), sample_of(())], id='no instance at all'),
    pytest.param(lambda: [sample_of((0, 1, 2)), sample_of(())], id='three that overlap, and none'),
    pytest.param(lambda: [boxes_of(sample_of((0, 0)), [[70, 70, 90, 95], [9, 9, 9, 9]])],
                 id='outside the image, and without area'),
    pytest.param(lambda: [sample_of((0, 0), cls_weights=torch.ones(2), box_weights=torch.ones(2))],
                 id='weights of 1, one class'),
])
def test_weights_of_one_give_mmdets_losses_and_gradients(make, request):
    samples = make()
    ours, theirs = twins(num_classes=1 if 'one class' in request.node.name else 3)
    results = []
    for model in (ours, theirs):
        losses = losses_of(model, samples)
        assert list(losses) == list(NAMES)
        sum(losses.values()).backward()
        results.append([*losses.values(), *(parameter.grad for name, parameter in
                                            model.bbox_head.named_parameters()
                                            if 'controller' not in name)])
    for mine, mmdets in zip(*results):
        assert torch.allclose(mine, mmdets, rtol=1e-4, atol=1e-6)


def in_the_corner(bitmap=True):
    """A mask that fills only the upper left corner of its box."""
    sample = sample_of((0, ), bitmap=bitmap)
    masks = sample.gt_instances.masks.masks if bitmap else sample.gt_instances.masks
    masks[:] = 0
    masks[:, 9:20, 5:17] = 1
    return sample


@pytest.mark.parametrize('settings, num_points', [
    pytest.param(dict(center_sampling=False), 2, id='the whole box'),
    pytest.param(dict(center_sample_radius=0.7), 1, id='close to the centroid'),
    pytest.param(dict(center_sample_radius=0.05), 0, id='a region between the points'),
])
def test_centre_sampling_is_mmdets(settings, num_points):
    ours, theirs = twins()
    for head in (ours.bbox_head, theirs.bbox_head):
        vars(head).update(settings)
    losses = [losses_of(model, [in_the_corner()]) for model in (ours, theirs)]
    positives = [model.bbox_head.get_positive_infos()[0].pos_inds for model in (ours, theirs)]
    assert torch.equal(*positives) and len(positives[0]) == num_points
    for mine, mmdets in zip(*(loss.values() for loss in losses)):
        assert torch.allclose(mine, mmdets, rtol=1e-5)


def test_pseudo_masks_do_not_move_the_centre():
    model = build_condinst()
    model.bbox_head.center_sample_radius = 0.7

    def owners(sample):
        losses_of(model, [sample])
        return model.bbox_head.get_positive_infos()[0].pos_inds.tolist()

    assert owners(in_the_corner(bitmap=False)) == owners(box_sample((0, )))
    assert owners(in_the_corner()) != owners(box_sample((0, )))


@pytest.mark.parametrize('name, changed', [
    pytest.param('cls_weights', {'loss_cls'}, id='classification'),
    pytest.param('box_weights', {'loss_bbox', 'loss_centerness'}, id='box and centerness'),
])
def test_weights_change_their_losses_alone_and_linearly(name, changed):
    model = build_condinst()

    def with_weights(*weights):
        return losses_of(model, [sample_of((0, 1), **{name: torch.tensor(weights)})])

    plain, zero, first, double = (
        with_weights(*w) for w in ((1.0, 1.0), (0.0, 0.0), (0.0, 1.0), (1.0, 2.0)))
    for loss in NAMES:
        if loss not in changed:
            assert plain[loss] == zero[loss] == double[loss]
            continue
        assert zero[loss] < first[loss] < plain[loss] < double[loss]
        assert torch.allclose(double[loss] - plain[loss], first[loss] - zero[loss], rtol=1e-3)
    if name == 'box_weights':
        assert zero['loss_bbox'] == zero['loss_centerness'] == 0


def test_background_weight_is_for_points_without_an_instance():
    model = build_condinst()

    def loss(weight, cls_weight):
        samples = [sample_of((0, ), cls_weights=torch.tensor([cls_weight])), sample_of((1, ))]
        samples[0].gt_instances.set_metainfo(dict(background_weight=weight))
        return losses_of(model, samples)['loss_cls']

    # What is left with both at 0 is the other image.
    other, background, instance, both = (
        loss(*w) for w in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)))
    assert 0 < other < instance < both
    assert torch.allclose(background + instance - other, both, rtol=1e-5)
    assert torch.allclose(loss(0.5, 0.0) - other, (background - other) / 2, rtol=1e-4)


def test_positive_points_are_given_once():
    head = build_condinst().bbox_head
    with pytest.raises(RuntimeError, match='compute its losses first'):
        head.get_positive_infos()
