"""Checkpoints are read without running what they hold, and plain data come back as they were."""

import functools
import os
import pickle
import tarfile
from collections import Counter, OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader
from torch import nn

from mmssis.engine import checkpoint as reader
from mmssis.engine import checkpoint_schemes, plain_pickle
from mmssis.engine.checkpoint import CheckpointError, read_checkpoint


class Evil:
    """Becomes what its pickle says."""

    def __init__(self, function: object, *arguments: object, state: object = None) -> None:
        self.call = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self) -> tuple:
        return self.call


@pytest.fixture(params=['as it is', 'before 2.6'])
def torch_version(request, monkeypatch) -> None:
    """This torch with its own reader, and with the one for a torch that takes no list of names."""
    if request.param == 'before 2.6':
        monkeypatch.setattr(reader, 'digit_version', lambda text: (text == '2.6', ))


def save(path: Path, legacy: bool = False, **content: object) -> Path:
    torch.save({'state_dict': OrderedDict(w=torch.ones(2)), **content}, path,
               _use_new_zipfile_serialization=not legacy)
    return path


ARRAYS = [np.ones((2, 3), code) for code in '?bhilBHILefdgFD'] + [
    np.array([b'a', b'bc']), np.array(['é', 'bc']), np.arange(3, dtype='>f4'), np.zeros((0, 4)),
    np.array(2.5), np.asfortranarray(np.arange(6.).reshape(2, 3))]


@pytest.mark.parametrize('legacy', [False, True], ids=['zip', 'before torch 1.6'])
def test_what_the_zoo_keeps_comes_back(tmp_path, torch_version, legacy) -> None:
    weights = OrderedDict(a=torch.randn(2, 3), b=nn.Parameter(torch.ones(2)),
                          c=torch.ones(1).half(), d=torch.ones(1).bfloat16(), e=torch.tensor(3))
    weights._metadata = OrderedDict({'': dict(version=1)})
    read = read_checkpoint(save(
        tmp_path / 'zoo.pth', legacy, state_dict=weights, arrays=ARRAYS,
        scalars=[array.ravel()[0] for array in ARRAYS if array.size],
        message_hub=dict(log_scalars=dict(loss=HistoryBuffer([1., 2.], [1, 3]))),
        meta=dict(CLASSES=('a', 'ü'), PALETTE=[(1, 2)], seed=None, config_dict=ConfigDict(
            a=[1, dict(b=2)])), milestones=Counter([3]), groups={1}, bytes=b'\xff'))
    assert read['state_dict']._metadata == weights._metadata
    for name, value in weights.items():
        assert torch.equal(read['state_dict'][name], value), name
        assert read['state_dict'][name].dtype == value.dtype
    for array, found in zip(ARRAYS, read['arrays']):
        assert type(found) is np.ndarray and found.dtype == array.dtype, array.dtype
        assert found.shape == array.shape and (found == array).all() and found.flags.writeable
        assert found.flags.f_contiguous == array.flags.f_contiguous
    assert read['scalars'] == [array.ravel()[0] for array in ARRAYS if array.size]
    loss = read['message_hub']['log_scalars']['loss']
    assert loss.statistics('mean') == 0.75 and type(pickle.loads(pickle.dumps(loss))) is type(loss)
    assert read['meta'] == dict(CLASSES=('a', 'ü'), PALETTE=[(1, 2)], seed=None,
                                config_dict=dict(a=[1, dict(b=2)]))
    assert type(read['meta']['config_dict']['a'][1]) is dict
    assert (read['milestones'], read['groups'], read['bytes']) == (Counter([3]), {1}, b'\xff')


def poisoned() -> HistoryBuffer:
    history = HistoryBuffer([1.], [1])
    history._log_history = ['no', 'numbers']
    return history


MARK = 'the code of a checkpoint ran'
FLAGS = (3, '<', None, None, None, -1, -1, 63)  # would make numbers addresses of objects
EVIL = dict(
    system=(Evil(os.system, f'echo {MARK}'), 'posix.system'),
    exec=(Evil(exec, f'raise SystemExit("{MARK}")'), 'exec'),
    import_=(Evil(__import__, 'os'), '__import__'),
    getattr=(Evil(getattr, dict, '__subclasses__'), 'dict'),
    private=(Evil(getattr, HistoryBuffer, '__init__'), '__init__'),
    chain=(Evil(getattr, Evil(getattr, HistoryBuffer, 'mean'), '__globals__'), '__globals__'),
    partial=(functools.partial(os.system, 'x'), 'functools.partial'),
    nested=(Evil(torch.storage._load_from_bytes, b''), '_load_from_bytes'),
    module=(nn.Linear(1, 1), 'Linear'),
    objects=(np.array([1, 'a'], object), "numpy.dtype('O8')"),
    records=(np.zeros(1, [('a', 'f4')]), "numpy.dtype('V4')"),
    history=(poisoned(), 'no numbers'))


@pytest.mark.parametrize('legacy', [False, True], ids=['zip', 'before torch 1.6'])
@pytest.mark.parametrize('name', EVIL)
def test_code_is_refused_by_its_name(tmp_path, torch_version, capfd, name, legacy) -> None:
    evil, asked = EVIL[name]
    for place in ('state_dict', 'message_hub', 'optimizer', 'zz'):
        path = save(tmp_path / 'evil.pth', legacy, **{place: dict(a=[evil])})
        with pytest.raises(CheckpointError) as caught:
            read_checkpoint(path)
        assert 'evil.pth cannot be read safely' in str(caught.value)
        assert asked in str(caught.value), place
    assert MARK not in capfd.readouterr().out
    assert name == 'history' or 'python -c "import torch' in str(caught.value)


def test_flags_of_a_numpy_type_are_not_taken(tmp_path, torch_version) -> None:
    evil = Evil(np.dtype, 'f8', False, True, state=FLAGS)
    read = read_checkpoint(save(tmp_path / 'a.pth', kind=evil))
    assert not read['kind'].hasobject


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 255
    path.write_bytes(content)


DAMAGED = dict(
    missing=(lambda path: path.unlink(), 'does not exist'),
    empty=(lambda path: path.write_bytes(b''), 'is empty'),
    zeros=(lambda path: path.write_bytes(bytes(2000)), 'is empty'),
    half=(lambda path: path.write_bytes(path.read_bytes()[:500]), 'is torn: its end'),
    text=(lambda path: path.write_text('hello'), 'is no checkpoint of torch'),
    flipped=(lambda path: flip(path, path.read_bytes().index(b'\x80\x3f')), 'is damaged: the che'),
    folder=(lambda path: (path.unlink(), path.mkdir()), 'is no file'),
    fifo=(lambda path: (path.unlink(), os.mkfifo(path)), 'is no file'),
    tar=(lambda path: tarfile.open(path, 'w').close(), 'is empty'),
    script=(lambda path: torch.jit.save(torch.jit.script(nn.ReLU()), str(path)), 'TorchScript'),
    pickle=(lambda path: path.write_bytes(pickle.dumps(EVIL['exec'][0])), 'cannot be read safely'),
    list=(lambda path: torch.save([1], path), 'it is a list'),
    loop=(lambda path: save(path, loop=LOOP), 'holds itself'),
    bare=(lambda path: torch.save(dict(w=torch.ones(1)), path), 'holds no `state_dict`'))
LOOP: dict = {}
LOOP['loop'] = LOOP


@pytest.mark.parametrize('name', DAMAGED)
@pytest.mark.filterwarnings('ignore')
def test_damaged_and_other_files_are_named(tmp_path, torch_version, name) -> None:
    damage, message = DAMAGED[name]
    path = save(tmp_path / 'run.pth')
    damage(path)
    with pytest.raises(CheckpointError, match='run.pth') as caught:
        read_checkpoint(path)
    assert message in str(caught.value)


def test_texts_of_configs_are_left_out(tmp_path) -> None:
    code = f'raise SystemExit("{MARK}")'
    read = read_checkpoint(save(tmp_path / 'a.pth', meta=dict(config=code, cfg=code, iter=3),
                                message_hub=dict(runtime_info=dict(cfg=code, epoch=1))))
    assert read['meta'] == dict(iter=3) and read['message_hub'] == dict(runtime_info=dict(epoch=1))
    # What MMEngine does with such a text.
    with pytest.raises(SystemExit, match=MARK):
        Config.fromstring(code, '.py')


def test_every_address_ends_in_the_reader(tmp_path, monkeypatch) -> None:
    evil = save(tmp_path / 'evil.pth', evil=EVIL['exec'][0]).read_bytes()
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, 'download_url_to_file',
                        lambda url, path, **_: Path(path).write_bytes(evil))
    for address in (str(tmp_path / 'evil.pth'), 'http://a.b/c.pth', 'https://a.b/c.pth?d=e',
                    'torchvision://resnet18', 'modelzoo://resnet18', 'mmcls://vgg11',
                    'open-mmlab://vgg16_caffe', 'openmmlab://vgg16_caffe'):
        with pytest.raises(CheckpointError, match='it asks for'):
            CheckpointLoader.load_checkpoint(address)
    for address in ('s3://a/b.pth', 'x:petrel://a', 'pavi://a', 'torchvision://none'):
        with pytest.raises(CheckpointError, match=address):
            CheckpointLoader.load_checkpoint(address)
    ours = {checkpoint_schemes.__name__}
    assert {loader.__module__ for loader in CheckpointLoader._schemes.values()} == ours


def test_names_are_allowed_one_by_one() -> None:
    names = {*plain_pickle.ALLOWED, *plain_pickle._OF_TORCH}
    assert not [name for name in names if name.startswith(('os.', 'posix.', 'sys.', 'builtins.e'))]
    assert plain_pickle.ALLOWED['builtins.getattr'] is not getattr
