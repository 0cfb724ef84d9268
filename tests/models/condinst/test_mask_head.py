"""Mask losses by the kind of labels: against mmdet, against loops, and what the weights change."""

import numpy as np
import pytest
import torch
from mmdet.structures.mask import PolygonMasks
from mmengine.structures import InstanceData
from reference import affinity_equations, box_supervision_equations
from reference import condinst as naive
from toy_condinst import DICE, PLAIN, box_sample, build_condinst, similarity_of
from toy_mask_rcnn import BOXES, images_of, sample_of

from mmssis.models.condinst.mask_targets import cell_boxes, cell_masks, middle_of_cells
from mmssis.models.condinst.points import instance_centers

LOSSES = ['loss_mask', 'loss_project', 'loss_pairwise', 'loss_pseudo_mask', 'loss_affinity']
CELLS = 16


def losses_of(samples, owners, seed=0, logits=None, **settings):
    """Mask losses of random logits at stride 4, with the owner of each point, image by image."""
    head = build_condinst(**dict(dict(warm_up=0), **settings)).mask_head
    if logits is None:
        generator = torch.Generator().manual_seed(seed)
        logits = [2 * torch.randn(len(image), CELLS, CELLS, generator=generator)
                  for image in owners]
    infos = [InstanceData(pos_assigned_gt_inds=torch.tensor(image, dtype=torch.long))
             for image in owners]
    losses = head.loss_by_feat(
        logits, [sample.gt_instances for sample in samples],
        [sample.metainfo for sample in samples], infos)
    assert list(losses) == LOSSES
    return {name: value.item() for name, value in losses.items()}, logits


def pseudo(labels=(0, 1), **fields):
    return box_sample(labels, masks=True, **fields)


def box_of(i):
    return naive.box_mask(BOXES[i], CELLS, CELLS, 4)


def pseudo_mask(sample, i):
    """Pseudo mask of an instance inside its box, at the middle of each cell."""
    thin = sample.gt_instances.masks[i, 2::4, 2::4]
    return (thin * torch.tensor(box_of(i))).tolist()


@pytest.mark.parametrize('labels, topk', [
    pytest.param([(0, 1), (2, )], 2, id='two images, the best points alone'),
    pytest.param([(0, 1, 2), ()], -1, id='one image without instances, all points'),
    pytest.param([(), ()], 2, id='no instance'),
])
def test_weights_of_one_give_mmdets_loss_and_gradients(labels, topk):
    settings = dict(mask_channels=8, num_params=169, topk_masks_per_img=topk)
    ours, theirs = build_condinst(**settings), build_condinst(**settings, **PLAIN)
    theirs.load_state_dict(ours.state_dict())
    results = []
    for model in (ours, theirs):
        weights = {} if model is theirs else dict(mask_weights=1, pixel_weights=1)
        samples = [sample_of(image) for image in labels]
        for sample, image in zip(samples, labels):
            for name, value in weights.items():
                shape = (len(image), CELLS, CELLS)[:3 if name == 'pixel_weights' else 1]
                sample.gt_instances.set_field(torch.full(shape, float(value)), name)
        losses = model.train().loss(images_of(2), samples)
        if any(labels):
            losses['loss_mask'].backward()
        grads = [p.grad for p in model.parameters() if p.grad is not None]
        results.append([losses['loss_mask'], *grads])
    assert len(results[0]) == len(results[1])
    for mine, mmdets in zip(*results):
        assert torch.allclose(mine, mmdets, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize('fields, bitmap', [
    pytest.param({}, True, id='no weight'),
    pytest.param(dict(mask_weights=torch.tensor([0.0, 2.0])), True, id='mask weights, one 0'),
    pytest.param(dict(pixel_weights=torch.rand(2, CELLS, CELLS),
                      mask_weights=torch.tensor([0.5, 1.5])), False, id='both, tensor masks'),
])
def test_mask_loss_is_the_naive_one(fields, bitmap):
    samples = [sample_of((0, 1), bitmap=bitmap, **fields), sample_of((2, ), bitmap=bitmap)]
    owners = [[0, 1, 1], [0]]
    losses, logits = losses_of(samples, owners)
    total = 0.0
    for sample, image, maps in zip(samples, owners, logits):
        instances = sample.gt_instances
        masks = instances.masks.to_tensor(torch.bool, 'cpu') if bitmap else instances.masks
        for owner, mask_logits in zip(image, maps):
            pixels = instances.get('pixel_weights', torch.ones(2, CELLS, CELLS))[owner]
            weight = instances.get('mask_weights', torch.ones(2))[owner].item()
            total += weight * naive.weighted_dice(
                mask_logits.tolist(), masks[owner, 2::4, 2::4].float().tolist(), pixels.tolist())
    assert losses['loss_mask'] == pytest.approx(total / 4, rel=1e-4)
    assert all(losses[name] == 0 for name in LOSSES[1:])


def test_box_losses_are_the_naive_ones():
    samples = [box_sample((0, 1)), box_sample((2, 0, 1)), box_sample(())]
    owners = [[0, 1, 1], [2], []]
    losses, logits = losses_of(samples, owners, color_threshold=0.6)
    similarity = similarity_of().tolist()
    project = pairwise = pairs = 0.0
    for image, maps in zip(owners, logits):
        for owner, mask_logits in zip(image, maps.tolist()):
            project += box_supervision_equations.projection_loss(mask_logits, box_of(owner))
            total, count = box_supervision_equations.pairwise_loss(
                mask_logits, similarity, box_of(owner), 0.6, 2)
            pairwise, pairs = pairwise + total, pairs + count
    assert 0 < pairs < 8 * sum(map(sum, box_of(0))) * 4
    assert losses['loss_project'] == pytest.approx(project / 4, rel=1e-4)
    assert losses['loss_pairwise'] == pytest.approx(pairwise / pairs, rel=1e-4)
    assert losses['loss_mask'] == losses['loss_pseudo_mask'] == losses['loss_affinity'] == 0


@pytest.mark.parametrize('weights, threshold', [
    pytest.param(None, 0.5, id='no weight'),
    pytest.param((0.0, 0.8), 0.5, id='a box without a pseudo mask'),
    pytest.param((0.3, 0.8), None, id='soft affinity'),
])
def test_pseudo_mask_losses_are_the_naive_ones(weights, threshold):
    fields = {} if weights is None else dict(mask_weights=torch.tensor(weights))
    samples, owners = [pseudo((0, 1), **fields), box_sample((0, ))], [[0, 1, 1], [0]]
    losses, logits = losses_of(samples, owners, affinity_threshold=threshold,
                               pseudo_mask_weight=0.4, affinity_weight=0.2)
    dice = affinity = count = 0.0
    for owner, mask_logits in zip(owners[0], logits[0].tolist()):
        s = 1.0 if weights is None else weights[owner]
        target = pseudo_mask(samples[0], owner)
        dice += s * naive.mask_dice(mask_logits, target)
        affinity += s * affinity_equations.affinity_loss(
            mask_logits, affinity_equations.mask_affinity(target), threshold, box_of(owner))
        count += s > 0
    assert losses['loss_pseudo_mask'] == pytest.approx(0.4 * dice / count, rel=1e-4)
    assert losses['loss_affinity'] == pytest.approx(0.2 * affinity / count, rel=1e-4)
    assert losses['loss_project'] > 0 and losses['loss_mask'] == 0


def test_pixel_weights_enter_the_dice_of_pseudo_masks():
    pixels = torch.rand(1, CELLS, CELLS)
    sample = pseudo((0, ), pixel_weights=pixels)
    losses, logits = losses_of([sample], [[0]], pseudo_mask_weight=1.0)
    expected = naive.weighted_dice(
        logits[0][0].tolist(), pseudo_mask(sample, 0), pixels[0].tolist())
    assert losses['loss_pseudo_mask'] == pytest.approx(expected, rel=1e-4)


def test_cross_entropy_of_pseudo_masks():
    """log 2 of logits 0; of logits 2, log(1 + e^-2) = 0.126928 inside and 2.126928 outside."""
    weights, pixels = torch.tensor([1.0, 0.5]), torch.rand(2, CELLS, CELLS)
    settings = dict(pseudo_mask_loss='bce', pseudo_mask_weight=1.0)
    sample = pseudo((0, 1), mask_weights=weights)
    flat = [torch.stack([torch.zeros(CELLS, CELLS), torch.full((CELLS, CELLS), 2.0)])]
    losses, _ = losses_of([sample], [[0, 1]], logits=flat, **settings)
    share = np.mean(pseudo_mask(sample, 1))
    expected = (0.693147 + 0.5 * (0.126928 * share + 2.126928 * (1 - share))) / 2
    assert losses['loss_pseudo_mask'] == pytest.approx(expected, rel=1e-5)
    sample.gt_instances.pixel_weights = pixels
    losses, logits = losses_of([sample], [[0, 1]], **settings)
    expected = sum(weights[i].item() * naive.mask_bce(
        logits[0][i].tolist(), pseudo_mask(sample, i), pixels[i].tolist()) for i in (0, 1)) / 2
    assert losses['loss_pseudo_mask'] == pytest.approx(expected, rel=1e-4)


def beside(rows, columns):
    valid = torch.zeros(CELLS, CELLS, dtype=torch.bool)
    valid[rows, columns] = True
    return valid


@pytest.mark.parametrize('metainfo, valid', [
    pytest.param(dict(img_shape=(64, 52)), beside(slice(None), slice(13)), id='padding'),
    pytest.param(dict(labeled_cells=beside(slice(1, 6), slice(13))),
                 beside(slice(1, 6), slice(13)), id='cells without labels'),
])
def test_what_is_not_labeled_has_no_affinity(metainfo, valid):
    sample = pseudo((0, 1, 2))
    sample.set_metainfo(metainfo)
    losses, logits = losses_of([sample], [[2]], affinity_weight=1.0)
    mu = affinity_equations.mask_affinity(pseudo_mask(sample, 2), valid=valid.tolist())
    expected = affinity_equations.affinity_loss(logits[0][0].tolist(), mu, 0.5, box_of(2))
    assert losses['loss_affinity'] == pytest.approx(expected, rel=1e-4)
    whole, _ = losses_of([pseudo((0, 1, 2))], [[2]], affinity_weight=1.0)
    assert losses['loss_affinity'] != pytest.approx(whole['loss_affinity'], rel=1e-3)


@pytest.mark.parametrize('iteration, warm_up, share', [
    pytest.param(25, 100, 0.25, id='in between'),
    pytest.param(130, 100, 1.0, id='beyond the end'),
    pytest.param(0, 0, 1.0, id='no warm-up'),
])
def test_warm_up(iteration, warm_up, share):
    samples, owners = [pseudo(), sample_of((0, ))], [[0, 1], [0]]
    full, _ = losses_of(samples, owners, warm_up=0)
    samples[0].set_metainfo(dict(iteration=iteration))
    losses, _ = losses_of(samples, owners, warm_up=warm_up)
    for name in LOSSES:
        scale = share if name in LOSSES[2:] else 1.0
        assert losses[name] == pytest.approx(scale * full[name]) and full[name] > 0


def test_kinds_do_not_disturb_each_other():
    samples, owners = [sample_of((0, 1)), pseudo((2, 0)), box_sample((1, ))], [[0, 1], [1, 0], [0]]
    mixed, logits = losses_of(samples, owners)
    masks, _ = losses_of(samples[:1], owners[:1], logits=logits[:1])
    boxes, _ = losses_of(samples[1:], owners[1:], logits=logits[1:])
    for name in LOSSES:
        assert mixed[name] == pytest.approx(masks[name] + boxes[name])


def test_ranks_agree_on_the_numbers(monkeypatch):
    """Every rank reduces once, whatever it has, and divides by the mean over ranks."""
    reduced = []

    def of_two_ranks(counts):
        reduced.append(counts)
        return counts * 2

    monkeypatch.setattr('mmssis.models.condinst.mask_head.reduce_mean', of_two_ranks)
    samples, owners = [sample_of((0, 1)), pseudo((2, 0))], [[0, 1], [1, 0, 0]]
    shared, _ = losses_of(samples, owners)
    losses_of([sample_of(()), box_sample(())], [[], []])
    assert reduced[0][[0, 1, 3, 4]].tolist() == [2, 3, 3, 3] and reduced[0][2] > 100
    assert reduced[1].tolist() == [0] * 5 and len(reduced) == 2
    monkeypatch.undo()
    alone, _ = losses_of(samples, owners)
    assert all(alone[name] == pytest.approx(2 * shared[name]) for name in LOSSES)


def test_a_weight_of_zero_hides_no_nan():
    logits = [torch.full((1, CELLS, CELLS), float('nan'))]
    sample = sample_of((0, ), mask_weights=torch.zeros(1))
    assert losses_of([sample], [[0]], logits=logits)[0]['loss_mask'] != 0


@pytest.mark.parametrize('size', [
    pytest.param(64, id='network input'), pytest.param(16, id='stride 4'),
    pytest.param(8, id='stride 8'),
])
def test_masks_of_any_resolution(size):
    true = sample_of((0, 1), bitmap=False).gt_instances
    cells = middle_of_cells(true.masks, (size, size))
    assert torch.equal(cell_masks(InstanceData(labels=true.labels, masks=cells), (16, 16), 4),
                       middle_of_cells(cells, (16, 16)).float())
    assert torch.equal(middle_of_cells(true.masks, (16, 16)), true.masks[:, 2::4, 2::4])
    coarse = middle_of_cells(cells, (8, 8))
    assert torch.equal(middle_of_cells(coarse, (16, 16)), coarse.repeat_interleave(
        2, 1).repeat_interleave(2, 2))


def test_an_empty_mask_has_no_gradient_and_its_box_is_found_around_its_middle():
    """A box that got no mask offline: mmdet would look for it around the image's corner."""
    sample = sample_of((0, 1))
    sample.gt_instances.masks.masks[1] = 0
    assert instance_centers(sample.gt_instances)[1].tolist() == [
        (BOXES[1][0] + BOXES[1][2]) / 2, (BOXES[1][1] + BOXES[1][3]) / 2]
    logits = torch.randn(2, CELLS, CELLS, requires_grad=True)
    losses = build_condinst().mask_head.loss_by_feat(
        [logits], [sample.gt_instances], [sample.metainfo],
        [InstanceData(pos_assigned_gt_inds=torch.tensor([0, 1]))])
    losses['loss_mask'].backward()
    assert logits.grad[0].any() and not logits.grad[1].any()


def test_mmdets_masks_are_padded_to_the_grid():
    instances = sample_of((0, 1)).gt_instances
    padded = cell_masks(instances, (20, 24), 4)
    assert torch.equal(padded[:, :16, :16], cell_masks(instances, (16, 16), 4))
    assert padded.sum() == padded[:, :16, :16].sum()


@pytest.mark.parametrize('corners', [
    pytest.param([[5, 5, 40, 5, 40, 50]], id='a triangle'), pytest.param([], id='no instance'),
])
def test_polygons_are_read_as_mmdet_reads_them(corners):
    polygons = PolygonMasks([[np.array(part, float)] for part in corners], 64, 64)
    instances = InstanceData(
        labels=torch.zeros(len(corners)), bboxes=torch.zeros(len(corners), 4), masks=polygons)
    pixels = polygons.to_tensor(torch.bool, 'cpu')
    assert torch.equal(cell_masks(instances, (16, 16), 4), pixels[:, 2::4, 2::4].float())
    expected = [pixel.nonzero().float().mean(0).flip(0).tolist() for pixel in pixels]
    assert torch.allclose(instance_centers(instances), torch.tensor(expected).view(-1, 2))


@pytest.mark.parametrize('box', [
    pytest.param((2.0, 2.0, 6.0, 10.0), id='a side on a centre: left and top are inside'),
    pytest.param((-9.0, 5.0, 70.0, 90.0), id='beyond the image'),
    pytest.param((3.0, 3.0, 3.0, 9.0), id='without area'),
    pytest.param((70.0, 70.0, 90.0, 90.0), id='outside the image'),
])
def test_cells_of_a_box(box):
    cells = cell_boxes(torch.tensor([box]), (6, 5), 4)[0]
    assert cells.float().tolist() == naive.box_mask(box, 6, 5, 4)


def test_wrong_settings():
    for settings, message in [
            (dict(pseudo_mask_weight=-1), 'pseudo_mask_weight = -1'),  # weight below 0
            (dict(affinity_threshold=2), 'affinity_threshold = 2'),  # affinity above 1
            (dict(color_threshold=None), 'color_threshold = None'),  # no colour threshold
            (dict(topk_masks_per_img=0), 'topk_masks_per_img = 0'),  # no point
            (dict(max_masks_to_train=300), 'leave it out'),  # mmdet's other rule
            (dict(mask_out_stride=3), 'divisor of .* = 8'),  # stride
            (dict(loss_mask=dict(DICE, naive_dice=True)), 'squared sums'),  # naive dice
            (dict(pseudo_mask_loss='focal'), "pseudo_mask_loss = 'focal'"),  # pixel loss
    ]:
        with pytest.raises(ValueError, match=message):
            build_condinst(**settings)
    with pytest.raises(TypeError, match='loss_mask of mask_head is a FocalLoss'):
        build_condinst(loss_mask=dict(type='FocalLoss'))


def without(sample, name):
    if name in sample.gt_instances:
        del sample.gt_instances[name]
    else:
        delattr(sample, name)
    return sample


def with_true_masks(sample):
    sample.gt_instances.masks = sample_of((0, )).gt_instances.masks
    return sample


def test_wrong_labels():
    for make, error, message in [
            # no masks
            (lambda: without(sample_of((0, )), 'masks'), ValueError, 'set box_labeled=True'),
            # no colours
            (lambda: without(box_sample((0, )), 'color_similarity'), ValueError,
             "no 'color_similarity'"),
            # true masks beside box labels
            (lambda: with_true_masks(box_sample((0, ))), ValueError, 'that is true masks'),
            # probabilities
            (lambda: sample_of((0, ), masks=torch.rand(1, 64, 64)), TypeError, 'masks > 0.5'),
            # weights of another type
            (lambda: sample_of((0, ), pixel_weights=[1.0]), TypeError,
             'pixel_weights of gt_instances are list'),
    ]:
        with pytest.raises(error, match=message):
            losses_of([make()], [[0]])
