"""The contract of every verb, and what a command says of errors."""

import inspect
import subprocess
import sys

import pytest

from mmssis import api
from mmssis.commands import VERBS, run_verb, split
from mmssis.commands.label import PRESETS
from mmssis.offline import tta_views

HELP = '''
import sys
sys.argv = ['mmssis', 'help']
from mmssis.commands import VERBS, main
for words in [[]] + [[verb] for verb in VERBS]:
    try:
        main([*words, '--help'])
    except SystemExit as error:
        assert error.code == 0
heavy = {'torch', 'mmengine', 'mmdet', 'mmcv', 'numpy', 'cv2'} & set(sys.modules)
assert not heavy, heavy
'''


def test_help_loads_no_heavy_package():
    done = subprocess.run([sys.executable, '-c', HELP], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for verb in VERBS:
        assert f'usage: mmssis {verb} ' in done.stdout


@pytest.mark.parametrize('verb', VERBS)
def test_a_verb_is_a_documented_function(verb):
    function = getattr(api, verb.replace('-', '_'))
    assert function.__name__ in api.__all__
    signature = inspect.signature(function)
    for name, parameter in signature.parameters.items():
        assert parameter.annotation is not parameter.empty, name
        assert f'        {name}: ' in function.__doc__, name
    assert signature.return_annotation is not signature.empty
    assert 'from mmssis' in function.__doc__, 'an example'


def test_choices_are_those_of_the_function():
    assert PRESETS == tta_views.PRESETS


def test_a_refusal_is_a_message_and_a_fault_keeps_its_traceback(tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match='gone.json'):
        run_verb('split', [str(tmp_path / 'gone.json'), '--percents', '1'])
    monkeypatch.setattr(split, 'run', lambda args: int('no number'))
    with pytest.raises(ValueError, match='no number'):
        run_verb('split', ['x.json', '--percents', '1'])


def test_a_shipped_config_has_a_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    name = 'mmssis::pldc/mask2former_lite0_animals2pct.py'
    run_verb('train', [name, '--print-config', '--cfg-options', 'schedule.max_iters=77'])
    assert 'max_iters=77' in capsys.readouterr().out
    with pytest.raises(SystemExit, match='did you mean mmssis::pldc/mask2former_lite0_animals2pct'):
        run_verb('train', [name.replace('lite0', 'lite')])


def test_a_config_that_was_read_is_not_read_otherwise(tmp_path):
    from mmengine.config import Config
    with pytest.raises(ValueError, match='give them to load_config'):
        api.train(Config(dict(model=dict())), supervised=True)
