"""Checkpoints are read without running what they hold."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from mmssis.utils.checkpoint import read_checkpoint


class Evil:
    """Runs a function when it is unpickled."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple:
        return self.call


def test_log_history_and_numpy_values_are_read(tmp_path: Path) -> None:
    history = HistoryBuffer([1., 2.], [1, 1])
    torch.save(dict(state_dict=dict(weight=torch.ones(2)), best=np.float64(0.5),
                    message_hub=dict(loss=history)), tmp_path / 'run.pth')
    checkpoint = read_checkpoint(tmp_path / 'run.pth')
    assert checkpoint['message_hub']['loss'].mean() == 1.5
    assert checkpoint['best'] == 0.5


@pytest.mark.parametrize('evil', [
    Evil(exec, 'raise SystemExit("code of the checkpoint ran")'),
    Evil(getattr, dict, '__subclasses__'),
    Evil(getattr, HistoryBuffer, '__init__'),
], ids=['exec', 'getattr_of_another_class', 'private_getattr'])
def test_code_in_a_checkpoint_is_refused(tmp_path: Path, evil: Evil) -> None:
    torch.save(dict(state_dict={}, evil=evil), tmp_path / 'evil.pth')
    with pytest.raises(ValueError, match='evil.pth cannot be read safely'):
        read_checkpoint(tmp_path / 'evil.pth')


def test_torn_files_and_files_without_weights_are_named(tmp_path: Path) -> None:
    for content in (b'', b'PK\x03\x04 cut off'):
        (tmp_path / 'torn.pth').write_bytes(content)
        with pytest.raises(ValueError, match='torn.pth cannot be read safely'):
            read_checkpoint(tmp_path / 'torn.pth')
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(ValueError, match='holds no `state_dict`'):
        read_checkpoint(tmp_path / 'list.pth')
