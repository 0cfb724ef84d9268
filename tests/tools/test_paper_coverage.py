"""The page of the papers' tables: its rows and commands, and that it is not stale."""

import argparse
import importlib.util
import shlex
from pathlib import Path

import pytest
import yaml
from mmengine.config import DictAction

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def tool():
    path = ROOT / 'tools' / 'analysis_tools' / 'paper_coverage.py'
    spec = importlib.util.spec_from_file_location('paper_coverage', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_that_of_the_metafiles(tool):
    stale = 'docs/coverage.md is stale: run python tools/analysis_tools/paper_coverage.py'
    assert tool.PAGE.read_text() == tool.page_of(tool.shipped()), stale


@pytest.mark.parametrize('collection, table, places', [
    ('PAIS', '3, 11', [('PAIS', 'Table 3', ''), ('PAIS', 'Table 11', '')]),
    ('PL-DC', '4a', [('PL-DC', 'Table 4', 'a')]),
    ('Noisy Boundaries', '1, PAIS 2', [('Noisy Boundaries', 'Table 1', ''),
                                       ('PAIS', 'Table 2', '')]),
    ('GuidedDistillation', 'PL-DC 5', [('PL-DC', 'Table 5', '')]),
    ('Rank statistics', 'supplement 4', [('Rank statistics', 'Supplementary Table 4', '')]),
    ('PL-DC', 'AAAI 2026', [('PL-DC', 'AAAI 2026', '')]),
    ('PAIS', '', [('PAIS', 'in no table', '')]),
    ('Supervised', 'model zoo, another head', [('Supervised', 'model zoo, another head', '')]),
])
def test_places(tool, collection, table, places):
    assert tool.places_of(collection, table) == places


def test_tables_come_in_order(tool):
    headings = ['in no table', 'Fig. 7', 'Table 10', 'Supplementary Table 1', 'Table 9']
    assert sorted(headings, key=tool.order_of) == [
        'Table 9', 'Table 10', 'Supplementary Table 1', 'Fig. 7', 'in no table']


METAFILE = """\
# A remark.
Collection: PAIS
Paper: https://example.org
Rows:
- {Name: ours, Table: '2, 4a', Config: configs/pais/x.py, Published: {mask AP: 1.5, PQ: 3}}
- {Name: theirs, Table: '2', Missing: no code, Published: {AP50: 2.0}}
- {Name: small, Table: '', Config: configs/pais/x.py, Supervised: true, Run: docs/results.md}
"""


def test_page(tool):
    lines = tool.page_of([METAFILE]).splitlines()
    assert '| PAIS | 2 | 1 | 1 | 0 |' in lines
    section = lines[lines.index('## PAIS'):]
    assert [line for line in section if line and '---' not in line] == [
        '## PAIS', 'https://example.org', 'A remark.',
        '### PAIS: Table 2', '| row | published | command | ran by us |',
        '| ours | 1.5; PQ 3 | `train.py configs/pais/x.py` |  |',
        '| theirs | AP50 2.0 | not here: no code |  |',
        '### PAIS: Table 4', '| row | published | command | ran by us |',
        '| a, ours | 1.5; PQ 3 | `train.py configs/pais/x.py` |  |',
        '### PAIS: in no table', '| row | published | command | ran by us |',
        '| small |  | `train.py configs/pais/x.py --supervised` | [ran](results.md) |']


@pytest.mark.parametrize('more, expected', [
    ({}, 'self_train.py C'), (dict(Supervised=True), 'train.py C --supervised'),
    (dict(TeacherOptions={'lr': 1}), 'self_train.py C --teacher-cfg-options lr=1'),
    (dict(Tool='look.py'), 'look.py C'),
    (dict(Options={'self_training': None}), 'train.py C --cfg-options self_training=None')])
def test_noisy_boundaries_trains_a_teacher_first(tool, more, expected):
    config = 'configs/noisy_boundaries/x.py'
    assert tool.command_of(dict(Config=config, **more)) == expected.replace('C', config, 1)


def test_commands_read_as_the_options_of_the_metafiles(tool):
    parser = argparse.ArgumentParser()
    for option in ('--cfg-options', '--teacher-cfg-options'):
        parser.add_argument(option, nargs='+', action=DictAction, default={})
    rows = [row for text in tool.shipped() for row in yaml.safe_load(text)['Rows']
            if 'Config' in row]
    assert any('TeacherOptions' in row for row in rows)
    for row in rows:
        words = shlex.split(tool.command_of(row))
        assert (ROOT / 'tools' / words[0]).exists(), row['Name']
        read = parser.parse_known_args(words[2:])[0]
        for key, options in (('Options', read.cfg_options),
                             ('TeacherOptions', read.teacher_cfg_options)):
            assert nested(options) == nested(row.get(key, {})), row['Name']


def nested(options):
    """Dotted keys as dicts in dicts, however they are mixed."""
    whole = {}
    for key, value in options.items():
        *parents, last = key.split('.')
        place = whole
        for parent in parents:
            place = place.setdefault(parent, {})
        if isinstance(value, dict) and value:
            place.setdefault(last, {}).update(nested(value))
        else:
            place[last] = value
    return whole
