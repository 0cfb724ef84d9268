"""AP at single IoU thresholds beside COCO's."""

import pytest
from mmdet.registry import METRICS
from test_boundary_coco_metric import ann_file, evaluate, predictions  # noqa: F401

from mmssis.evaluation import ThresholdCocoMetric


def upper_part(mask):
    """A disc without its lowest rows, about 0.65 of it."""
    rows = mask.any(1).nonzero()[0]
    cut = mask.copy()
    cut[rows[0] + round(0.6 * len(rows)):] = 0
    return cut


def test_ap_at_thresholds(ann_file):  # noqa: F811
    """Every mask has an IoU above 0.5 and below 0.7 with its object: AP is 1 and 0."""
    samples = predictions(upper_part)
    found = evaluate(METRICS.get('ThresholdCocoMetric'), samples, ann_file=ann_file,
                     thresholds=(0.25, 0.5, 0.7))
    assert [found[f'coco/segm_mAP_{percent}'] for percent in (25, 50, 70)] == [1.0, 1.0, 0.0]
    assert found['coco/bbox_mAP_25'] == 1.0
    assert 0 < found['coco/segm_mAP'] < 0.5, 'of ten thresholds'
    plain = evaluate(METRICS.get('CocoMetric'), samples, ann_file=ann_file)
    assert all(found[name] == value for name, value in plain.items())


@pytest.mark.parametrize('threshold, message', [
    pytest.param(25, 'val_evaluator.thresholds = 25', id='a percentage'),
    pytest.param(0.255, 'whole hundredths', id='no name for it'),
])
def test_a_threshold_out_of_range_is_refused(threshold, message):
    with pytest.raises(ValueError, match=message):
        ThresholdCocoMetric(thresholds=(threshold, ))
