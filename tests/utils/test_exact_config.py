"""Whatever stands in names and paths, a written config reads back letter by letter."""

import copy
import json
import math
from pathlib import Path

import pytest
from mmengine.config import Config

from mmssis.utils.exact_config import ExactConfig

# Of the form that ends its own quotes once mmengine has replaced it.
CODE = '{{$Q:.{9}|\\\'+str(exec("raise SystemExit"))}}"'
NAMES = (
    '{{ fileDirname }}', '{{$HOME:x}}', '{{$NO_SUCH:}}', '{{ _base_.model }}', CODE, '{{{', '}}',
    "driver's seat", '"quoted"', '\'"both', '"""', "'''", 'two\nlines', 'back\\slash', '\\x7b{',
    '$HOME', '#', '%s', '\ud800', '\u2028', '\x00', 'ünïcode 螺母', 'class', 'None', '')


def read_back(tmp_path, content):
    """A config written by a copy of it, as the runner does, and read by mmengine."""
    path = tmp_path / 'written.py'
    copy.deepcopy(ExactConfig(content)).dump(path)
    return Config.fromfile(path).to_dict()


def test_names_come_back_as_values_and_as_keys(tmp_path):
    content = dict(
        names=NAMES, listed=list(NAMES), nested=[dict(name=name, deep=[(name, )])
                                                 for name in NAMES],
        class_map={name: [name] for name in NAMES}, dicts={name: dict(a=name) for name in NAMES},
        numbers={1: 2, '3': 4}, empty=[(), [], {}])
    assert read_back(tmp_path, content) == content


def test_values_that_python_does_not_write_as_it_reads_them(tmp_path):
    found = read_back(tmp_path, dict(path=Path('/a {{x}}/b'), high=[math.inf, -math.inf, math.nan]))
    assert found['path'] == '/a {{x}}/b' and found['high'][:2] == [math.inf, -math.inf]
    assert math.isnan(found['high'][2])


@pytest.mark.parametrize('name', [CODE, '{{ fileDirname }}', "driver's seat", 'two\nlines'])
def test_names_of_an_annotation_file_reach_the_written_config(name, data_root, load, tmp_path):
    for path in data_root.glob('*.json'):
        content = json.loads(path.read_text())
        content['categories'][0]['name'] = name
        path.write_text(json.dumps(content))
    cfg = load(f"data_set = dict(root={str(data_root)!r}, labeled='labeled.json', "
               "unlabeled='unlabeled.json', val='val.json', image_dirs='images')")
    cfg.dump(tmp_path / 'written.py')
    found = Config.fromfile(tmp_path / 'written.py').to_dict()
    assert found == cfg.to_dict()
    assert found['train_dataloader']['dataset']['labeled']['metainfo']['classes'] == (name, 'nut')


def test_a_config_of_json_is_written_as_python(data_root, tmp_path):
    path = tmp_path / 'mine.json'
    path.write_text(json.dumps(dict(name='a')))
    cfg = ExactConfig.of(Config.fromfile(path))
    cfg.name = '{{ fileBasename }}'
    assert Path(cfg.filename).name == 'mine.py'
    (tmp_path / 'mine.py').write_text(cfg.dump())
    assert Config.fromfile(tmp_path / 'mine.py').name == '{{ fileBasename }}'
