"""The consistency measure: values of a made-up layer, and the tool on a toy checkpoint."""

import importlib.util
import json
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from toy import CLASSES, toy_config

TOOL = Path(__file__).parents[2] / 'tools' / 'analysis_tools' / 'rank_statistics.py'
PIXELS = dict(type='RankStatisticsWeights', channels=32, num_classes=3, k=3,
              layer='panoptic_head.pixel_decoder.output_convs.0')


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('rank_statistics', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Images:
    """A probe and a data set in one: features and classes of each image are given."""

    num_classes = 2

    def __init__(self, tool, images):
        self.settings = tool.Settings('', 2, 1)
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return i

    def of_image(self, i):
        features, labels = self.images[i]
        return torch.tensor(features).view(-1, 4), torch.tensor(labels, dtype=torch.long)


A, B, C = [4.0, 3, 0, 0], [0.0, 4, 3, 0], [0.0, 0, 3, 4]


@pytest.mark.parametrize('images, within, between, top1', [
    pytest.param([([A, B], [0, 1]), ([A, B], [0, 1])], [1.0, 1.0, None], [0.5, 0.5, None],
                 [1.0, 1.0, None], id='two classes that share a channel'),
    pytest.param([([A, C], [0, 2]), ([A, C], [0, 2])], [1.0, None, 1.0], [0.0, None, 0.0],
                 [1.0, None, 1.0], id='a class and the background'),
    pytest.param([([A, C], [0, 2]), ([C, A], [0, 2])], [0.0, None, 0.0], [1.0, None, 1.0],
                 [0.0, None, 0.0], id='always the other one'),
    pytest.param([([A, A], [0, 1]), ([A, A], [0, 1])], [1.0, 1.0, None], [1.0, 1.0, None],
                 [0.5, 0.5, None], id='ties count in part'),
    pytest.param([([A, B, C], [0, 1, 2]), ([A, C], [0, 2]), ([], [])], [1.0, None, 1.0],
                 [0.125, None, 0.125], [1.0, None, 1.0],
                 id='a class of one image is a wrong answer for the others'),
])
def test_measures(tool, images, within, between, top1):
    data = Images(tool, images)
    table = tool.measure(data, data, 10)
    assert (table['within'], table['between'], table['top1']) == (within, between, top1)


def test_verdict(tool):
    data = Images(tool, [([A, B], [0, 1]), ([A, B], [0, 1])])
    summary = tool.summarise(tool.measure(data, data, 2))
    assert summary == dict(within=1.0, between=0.5, difference=0.5, top1=1.0, classes=2,
                           worth_enabling=True)
    data = Images(tool, [([A, A], [0, 1]), ([A, A], [0, 1])])
    assert not tool.summarise(tool.measure(data, data, 2))['worth_enabling']
    for images, message in (([([A], [0])], '1 labeled images'),
                            ([([A], [0]), ([B], [1])], 'no class has features in two images')):
        data = Images(tool, images)
        with pytest.raises(ValueError, match=message):
            tool.summarise(tool.measure(data, data, 2))


@pytest.fixture
def world(tmp_path):
    """A toy config with the hook and an untrained checkpoint of the plain detector."""
    config = toy_config(tmp_path, val=True, hooks=dict(ranks=PIXELS))
    config['test_dataloader'] = config['val_dataloader']
    Config(config).dump(str(tmp_path / 'config.py'))
    model = MODELS.build(config['model'])
    model.init_weights()
    torch.save(dict(state_dict=model.student.state_dict(), meta=dict()), tmp_path / 'plain.pth')
    return tmp_path


def test_tool_prints_a_table_and_writes_it(world, run_tool, capsys):
    tool, weights = 'analysis_tools/rank_statistics.py', [world / 'plain.pth', '--device', 'cpu']
    for k, arguments in ((3, ['--data', 'labeled']), (2, [
            '--data', 'val', '--layer', 'panoptic_head.pixel_decoder.lateral_convs.0',
            '--k', '2'])):
        run_tool(tool, world / 'config.py', *weights, '--out', world / 'ranks.json', *arguments)
        printed = capsys.readouterr().out
        assert all(name in printed for name in (*CLASSES, 'background', 'within - between ='))
        written = json.loads((world / 'ranks.json').read_text())
        assert written['classes'] == [*CLASSES, 'background'] and written['settings']['k'] == k
        assert all(value is None or 0 <= value <= 1
                   for name in ('within', 'between', 'top1') for value in written[name])
    with pytest.raises(ValueError, match='no RankStatisticsWeights.*--layer'):
        run_tool(tool, world / 'config.py', *weights,
                 '--cfg-options', 'model.pseudo_label_hooks.ranks=None')
