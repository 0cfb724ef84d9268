"""Weights in safetensors files are read as those of checkpoints are."""

import json
from pathlib import Path

import pytest
import torch
from mmengine.runner import CheckpointLoader
from safetensors.torch import save_file

from mmssis.engine.checkpoint import CheckpointError, read_checkpoint
from mmssis.engine.safetensors_file import safetensors_bytes

META = dict(dataset_meta=dict(classes=('a', 'ü "{{b}}"'), palette=[(1, 2, 3), (4, 5, 6)]),
            exported_by='mmssis')


def test_weights_names_and_colours_come_back(tmp_path: Path) -> None:
    weights = dict(a=torch.randn(2, 3), b=torch.ones(2).half(), c=torch.tensor(3))
    path = tmp_path / 'a.safetensors'
    path.write_bytes(safetensors_bytes(weights, META))
    for read in (read_checkpoint(path), CheckpointLoader.load_checkpoint(str(path)),
                 read_checkpoint(path, torch.device('cpu'))):
        assert {name: (value.dtype, value.tolist()) for name, value in
                read['state_dict'].items()} == {
            name: (value.dtype, value.tolist()) for name, value in weights.items()}
        assert read['meta'] == dict(META, format='pt')


def test_files_of_others_have_no_names(tmp_path: Path) -> None:
    save_file(dict(a=torch.ones(1)), tmp_path / 'a.safetensors')
    assert read_checkpoint(tmp_path / 'a.safetensors')['meta'] == {}


BROKEN = dict(
    missing=(lambda path: path.unlink(), 'does not exist'),
    empty=(lambda path: path.write_bytes(b''), 'is torn or damaged'),
    half=(lambda path: path.write_bytes(path.read_bytes()[:-4]), 'is torn or damaged'),
    checkpoint=(lambda path: torch.save(dict(state_dict={}), path), 'is torn or damaged'),
    no_json=(lambda path: named(path, '{'), 'cannot be read safely'),
    no_names=(lambda path: named(path, json.dumps(dict(classes=[1]))), 'no list `classes`'))


def named(path: Path, text: str) -> None:
    save_file(dict(a=torch.ones(9)), path, metadata=dict(dataset_meta=text))


@pytest.mark.parametrize('name', BROKEN)
def test_broken_files_are_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / 'a.safetensors'
    path.write_bytes(safetensors_bytes(dict(a=torch.ones(9)), META))
    damage, message = BROKEN[name]
    damage(path)
    with pytest.raises(CheckpointError, match=f'a.safetensors cannot be read safely.*{message}|'
                       f'a.safetensors {message}'):
        read_checkpoint(path)
