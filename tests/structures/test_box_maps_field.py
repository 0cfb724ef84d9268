"""Maps on box grids as a field of InstanceData."""

import copy

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from mmssis.ops import sample_box_maps
from mmssis.structures import BoxMaps

FLIP = np.array([[-1.0, 0.0, 64.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
BOXES = torch.tensor([[4.0, 8.0, 36.0, 40.0], [12.0, 20.0, 44.0, 52.0], [30.0, 2.0, 60.0, 30.0]])


def box_maps(num=3, matrix=FLIP):
    maps = torch.rand(num, 6, 6, generator=torch.Generator().manual_seed(0))
    return BoxMaps(maps, BOXES[:num], matrix)


@pytest.mark.parametrize('item, kept', [
    pytest.param(0, [0], id='int keeps the axis'),
    pytest.param(-1, [2], id='from the end'),
    pytest.param(slice(0, None, 2), [0, 2], id='slice with a step'),
    pytest.param(torch.tensor([True, False, True]), [0, 2], id='bool'),
    pytest.param(torch.tensor([2, 0, 2]), [2, 0, 2], id='long, out of order'),
    pytest.param(torch.tensor([], dtype=torch.long), [], id='long, none'),
])
def test_indexing_alone_and_inside_instance_data(item, kept):
    maps = box_maps()
    instances = InstanceData(labels=torch.arange(3), masks=maps)
    for part in (maps[item], instances[item].masks):
        assert isinstance(part, BoxMaps) and len(part) == len(kept)
        assert torch.equal(part.maps, maps.maps[kept]) and torch.equal(part.boxes, BOXES[kept])
        assert part.matrix is maps.matrix
    assert instances[item].labels.tolist() == kept


def test_cat_of_instance_data():
    instances = InstanceData(labels=torch.arange(3), masks=box_maps())
    joined = InstanceData.cat([instances[2:], instances[:1]])
    assert torch.equal(joined.masks.maps, box_maps().maps[[2, 0]])
    assert len(BoxMaps.cat([box_maps(), box_maps(2)])) == 5, 'equal matrices'
    with pytest.raises(ValueError, match='different matrices'):
        BoxMaps.cat([box_maps(), box_maps(matrix=np.eye(3))])


def test_deepcopy_and_to_copy_everything():
    instances = InstanceData(masks=box_maps())
    copied = copy.deepcopy(instances)
    copied.masks.maps.zero_()
    assert instances.masks.maps.any() and torch.equal(copied.masks.boxes, BOXES)
    on_meta = instances.to('meta').masks
    assert on_meta.device.type == 'meta' and on_meta.matrix.device.type == 'meta'
    assert instances.masks.device.type == 'cpu'


@pytest.mark.parametrize('inds, border', [([], False), ([2, 0, 0], False), ([2, 0, 0], True)])
def test_crop_reads_the_map_of_each_roi(inds, border):
    maps, inds = box_maps(), torch.tensor(inds, dtype=torch.long)
    rois = torch.rand(len(inds), 4) * 20 + torch.tensor([0.0, 0.0, 30.0, 30.0])
    expected = sample_box_maps(maps.maps[inds], BOXES[inds], torch.tensor(FLIP), rois, 7, border)
    assert torch.equal(maps.crop(rois, inds, 7, border), expected)
    assert expected.shape == (len(inds), 7, 7)


def test_wrong_shapes():
    for maps, boxes, matrix in [
            (torch.rand(2, 6, 6), BOXES, FLIP),  # fewer maps than boxes
            (torch.rand(3, 36), BOXES, FLIP),  # flat maps
            (torch.rand(3, 6, 6), BOXES, FLIP[:2]),  # matrix without its last row
    ]:
        with pytest.raises(ValueError, match=r'give maps \(N, s, s\)'):
            BoxMaps(maps, boxes, matrix)
    for item in (3, -4):
        with pytest.raises(IndexError, match='BoxMaps with 3 maps'):
            box_maps()[item]
