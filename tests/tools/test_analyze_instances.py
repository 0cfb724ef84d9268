"""The tools that judge pseudo labels, results and region classifiers, on a toy world."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.structures import InstanceData
from pycocotools import mask as coco_mask
from toy import CLASSES, toy_config

from mmssis.evaluation import judge_stages
from mmssis.evaluation.analysis_data import analysis_images, spread, teacher_pipeline
from mmssis.evaluation.hidden_ground_truth import rasterise
from mmssis.models.clip import RegionClassifier

TOOLS = Path(__file__).parents[2] / 'tools' / 'analysis_tools'


@MODELS.register_module(force=True)
class ColorClassifier(RegionClassifier):
    """Knows the toy's classes by the colour of their masks, red last: 200 - 60 * label in green."""

    def load(self, classes):
        return torch.nn.Linear(1, 1), dict(covers=torch.ones(len(classes), dtype=torch.bool))

    def classify(self, network, images, instances):
        green = torch.stack([images[0, 1][mask].median() for mask in instances[0].masks]) * 255
        blue = torch.stack([images[0, 2][mask].median() for mask in instances[0].masks]) * 255
        own = torch.arange(3) * torch.tensor([[-60.], [80.]]) + torch.tensor([[200.], [60.]])
        away = (green[:, None] - own[0]).abs() + (blue[:, None] - own[1]).abs()
        return (-away).softmax(1)


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A toy config with hidden labels and a colour classifier, and an untrained checkpoint."""
    monkeypatch.syspath_prepend(str(TOOLS))
    hooks = dict(
        ddtf=dict(type='DualThresholdFilter', class_thr=0.0, mask_thr=0.0, min_area=0),
        dicc=dict(type='ClipCategoryCorrection', classifier=dict(type='ColorClassifier')))
    config = toy_config(tmp_path, val=True, hooks=hooks)
    config['test_dataloader'] = config['val_dataloader']
    config['default_hooks']['statistics'] = dict(
        type='PseudoLabelStatisticsHook',
        hidden_ann_file=str(tmp_path / 'annotations' / 'unlabeled.json'))
    Config(config).dump(str(tmp_path / 'config.py'))
    model = MODELS.build(config['model'])
    torch.save(dict(state_dict=model.student.state_dict(), meta={}), tmp_path / 'plain.pth')
    return tmp_path


def test_pseudo_labels_stage_by_stage(world, run_tool, capsys):
    tool, out = 'analysis_tools/analyze_pseudo_labels.py', world / 'out'
    options = ['--device', 'cpu', '--out-dir', out, '--score-thr', '0', '--stride', '1']
    for data, images in (('unlabeled', 3), ('val', 2)):
        run_tool(tool, world / 'config.py', world / 'plain.pth', '--data', data, '--images', '3',
                 *options)
        written = json.loads((out / 'analysis.json').read_text())
        assert [*written] == ['candidates', 'ddtf', 'dicc']
        candidates, dicc = written['candidates'], written['dicc']
        # 6 queries and 2 true masks an image; an untrained mask may be empty, which ddtf drops.
        assert (candidates['images'], candidates['instances']) == (images, 6 * images)
        assert candidates['objects'] == dicc['objects'] == 2 * images
        assert [*candidates['rank_correlation']] == ['class score', 'mask score', 'product']
        assert len(candidates['points']['IoU']) == 6 * images and dicc['points'] == {}
        assert 'ddtf: ' in capsys.readouterr().out
    assert {path.name for path in out.iterdir()} == {
        'analysis.json', 'error_types.png', 'scores_candidates.png', 'confusion_candidates.png',
        'confusion_ddtf.png', 'confusion_dicc.png'}


def test_pseudo_labels_without_truth(world, run_tool):
    tool = 'analysis_tools/analyze_pseudo_labels.py'
    for options, message in (
            (['--cfg-options', 'default_hooks.statistics=None'], 'no data_set.hidden'),
            (['--cfg-options', 'default_hooks.statistics.hidden_ann_file='
              f'{world}/annotations/val.json'], 'has none of the images'),
            (['--cfg-options', 'train_dataloader.dataset.unlabeled=None',
              'train_dataloader.batch_sampler.unlabeled=0', 'train_dataloader.batch_size=2'],
             'dataset.unlabeled')):
        with pytest.raises(SystemExit, match=message):
            run_tool(tool, world / 'config.py', world / 'plain.pth', '--device', 'cpu', *options)


class Perfect:
    """A detector whose stages are the true masks, in the view that is twice the image."""

    def __init__(self, annotations):
        masks = np.stack([rasterise(item['segmentation'], 64, 64) for item in annotations])
        self.masks = torch.from_numpy(masks).bool().repeat_interleave(2, 1).repeat_interleave(2, 2)

    def pseudo_label_stages(self, images, samples):
        yield 'last', [InstanceData(masks=self.masks, labels=torch.tensor([0, 0]))]


def test_the_truth_is_moved_into_the_view(world):
    cfg = Config.fromfile(world / 'config.py')
    cfg.val_dataloader.dataset.pipeline[1].scale = (128, 128)
    cfg.test_dataloader.dataset.pipeline[1].scale = (128, 128)
    dataset, hidden = analysis_images(cfg, 'val', teacher_pipeline(cfg), CLASSES)
    sample = next(spread(dataset, 1))
    content = json.loads((world / 'annotations' / 'val.json').read_text())
    own = [item for item in content['annotations'] if item['image_id'] == 1]
    batch = dict(inputs=torch.zeros(1, 3, 128, 128), data_samples=[sample['data_samples']])
    image = judge_stages(Perfect(own), batch, hidden, stride=2)['last']
    assert image.iou.diagonal().tolist() == [1, 1]
    assert image.gt_labels.tolist() == [item['category_id'] - 1 for item in own]


def test_results_of_models(world, run_tool, capsys):
    content = json.loads((world / 'annotations' / 'val.json').read_text())
    right = [dict(image_id=item['image_id'], category_id=item['category_id'], score=0.9,
                  segmentation=dict(size=[64, 64], counts=rle_of(item)))
             for item in content['annotations']]
    wrong = [dict(item, category_id=1 + item['category_id'] % 3) for item in right]
    files = [world / 'a' / 'results.segm.json', world / 'b' / 'results.segm.json']
    for file, results in zip(files, (right, wrong)):
        file.parent.mkdir()
        file.write_text(json.dumps(results))
    arguments = ['analysis_tools/analyze_results.py', world / 'annotations' / 'val.json', *files,
                 '--out-dir', world / 'out']
    with pytest.raises(SystemExit):
        run_tool(*arguments)
    assert '--names' in capsys.readouterr().err
    run_tool(*arguments, '--names', 'good', 'bad')
    written = json.loads((world / 'out' / 'analysis.json').read_text())
    assert [written[name]['error_types'] for name in ('good', 'bad')] == [
        dict(Cor=4, Loc=0, Sim=0, Oth=0, BG=0), dict(Cor=0, Loc=0, Sim=0, Oth=4, BG=0)]
    assert [written[name]['class_accuracy'] for name in ('good', 'bad')] == [1, 0]
    assert (world / 'out' / 'confusion_bad.png').exists()


def rle_of(item):
    mask = rasterise(item['segmentation'], 64, 64)
    return coco_mask.encode(np.asfortranarray(mask))['counts'].decode()


def test_region_classifier_on_true_masks(world, run_tool, capsys):
    tool, out = 'analysis_tools/analyze_region_classifier.py', world / 'out'
    run_tool(tool, world / 'config.py', '--device', 'cpu', '--out-dir', out)
    written = json.loads((out / 'regions.json').read_text())
    assert (written['images'], written['regions'], written['left_out']) == (2, 4, 0)
    assert written['accuracy'] == written['mean_recall'] == 1
    assert 'mean precision 1.000' in capsys.readouterr().out
    assert (out / 'classes.png').exists() and (out / 'confusion.png').exists()
    with pytest.raises(SystemExit, match='dicc'):
        run_tool(tool, world / 'config.py', '--cfg-options', 'model.pseudo_label_hooks.dicc=None')
    with pytest.raises(ValueError, match='crops of ClipRegionClassifier'):
        run_tool(tool, world / 'config.py', '--device', 'cpu', '--compare-open-clip')
