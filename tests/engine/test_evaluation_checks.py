"""Test data are judged before anything is predicted; errors of building say what is to blame."""

from types import SimpleNamespace

import pytest
from mmdet.registry import DATASETS
from mmengine.config import ConfigDict
from mmengine.evaluator import Evaluator
from toy_data import CLASSES, coco_content, write_json

from mmssis.engine import evaluation_checks


class Run:
    """A runner whose test and validation loops are built when they are asked for."""

    def __init__(self, path, content, **metric):
        file = write_json(path / 'test.json', content)
        dataset = dict(type='CompletedCocoDataset', ann_file=file, metainfo=dict(classes=CLASSES),
                       data_prefix=dict(img=str(path)), test_mode=True)
        loader = ConfigDict(dataset=dataset)
        self.cfg = ConfigDict(test_dataloader=loader, val_dataloader=loader)
        self.metric = dict(type='CocoMetric', ann_file=file, metric='segm', **metric)

    @property
    def test_loop(self):
        dataset = DATASETS.build(self.cfg.test_dataloader.dataset)
        self.evaluator = Evaluator(self.metric)
        self.evaluator.dataset_meta = dataset.metainfo
        return SimpleNamespace(dataloader=SimpleNamespace(dataset=dataset),
                               evaluator=self.evaluator)

    val_loop = test_loop


def drop(key):
    def change(content):
        for annotation in content['annotations']:
            del annotation[key]
    return change


def nan_polygon(content):
    content['annotations'][0]['segmentation'][0][0] = 1e300


@pytest.mark.parametrize('change, settings, message', [
    pytest.param(lambda content: None, {}, None, id='right'),
    pytest.param(drop('iscrowd'), {}, None, id='completed'),
    pytest.param(drop('area'), {}, None, id='area too'),
    pytest.param(lambda content: content.update(annotations=[]), {}, None, id='no annotations'),
    pytest.param(lambda content: content.pop('annotations'), {}, None, id='not even a list'),
    pytest.param(drop('segmentation'), dict(format_only=True, outfile_prefix='x'), None,
                 id='nothing is evaluated'),
    pytest.param(drop('segmentation'), {}, r'annotations\[0\] .id 0. has the mask None', id='mask'),
    pytest.param(nan_polygon, {}, 'far outside', id='what would end the process'),
    pytest.param(drop('bbox'), {}, 'test_dataloader.dataset: .*test.json.*has no "bbox"', id='box'),
])
def test_test_data_are_judged_before_anything_is_predicted(tmp_path, change, settings, message):
    content = coco_content(['a.png', 'b.png'])
    change(content)
    run = Run(tmp_path, content, **settings)
    if message is None:
        evaluation_checks.check_test_data(run)
        annotations = run.evaluator.metrics[0]._coco_api.dataset.get('annotations', [])
        assert settings or all(a['iscrowd'] == 0 and a['area'] == 96 for a in annotations)
        return
    with pytest.raises(ValueError, match=message):
        evaluation_checks.check_test_data(run)


def test_an_error_inside_leaves_no_rank_waiting(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(evaluation_checks, 'broadcast_object_list', told.append)
    monkeypatch.setattr(evaluation_checks, 'judge_coco', lambda *args, **kwargs: {}['x'])
    with pytest.raises(ValueError, match="KeyError: 'x'"):
        evaluation_checks.check_test_data(Run(tmp_path, coco_content(['a.png'])))
    assert len(told) == 1


def test_the_validation_loop_is_built_with_the_cause_of_an_error(tmp_path):
    content = coco_content(['a.png', 'b.png'])
    content['annotations'][1]['id'] = 0
    with pytest.raises(ValueError, match='val_dataloader.dataset: .*"annotations" occur more than'):
        evaluation_checks.build_val_loop(Run(tmp_path, content))
    with pytest.raises(ZeroDivisionError), evaluation_checks.explained(None, 'val'):
        1 / 0
