"""The steps that docs/methods/noisy_boundaries.md gives by hand are those of self_train.py."""

import json
import shlex
import subprocess
from pathlib import Path
from typing import Callable, List

REPOSITORY = Path(__file__).resolve().parents[2]
STUDENT = 'configs/noisy_boundaries/mask-rcnn_lite0_animals2pct.py'
NO_STEP = subprocess.CompletedProcess([], 0)


def documented() -> List[List[str]]:
    """Words of the three commands after "By hand"."""
    text = (REPOSITORY / 'docs/methods/noisy_boundaries.md').read_text()
    block = text.split('By hand:\n\n')[1].split('\n\n')[0].replace('\\\n', ' ')
    lines = [shlex.split(line, comments=True) for line in block.splitlines()]
    return [words for words in lines if words]


def test_by_hand_is_what_self_train_does(tmp_path: Path, run_tool: Callable, monkeypatch) -> None:
    data = tmp_path / 'data/animals'
    (data / 'train').mkdir(parents=True)
    (data / 'semi_anns').mkdir()
    (data / 'annotations').mkdir()
    names = ('bear', 'deer', 'elephant', 'otter', 'rhesus monkey', 'tiger', 'turtle')
    categories = [dict(id=i, name=name) for i, name in enumerate(names)]
    content = json.dumps(dict(images=[], categories=categories))
    for name in ('semi_anns/instances_train.1@2', 'semi_anns/instances_train.1@2-unlabeled',
                 'annotations/instances_val+test', 'annotations/instances_train'):
        (data / f'{name}.json').write_text(content)
    pseudo = tmp_path / 'work_dirs/self_training/mask-rcnn_lite0_animals2pct/pseudo'
    pseudo.mkdir(parents=True)
    (pseudo / 'pseudo_labels.json').write_text(content)
    (tmp_path / 'configs').symlink_to(REPOSITORY / 'configs')
    commands = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(subprocess, 'run', lambda command: commands.append(command) or NO_STEP)
    run_tool('self_train.py', STUDENT)
    assert documented() == [
        ['mmssis', *words] for _, _, _, *words in commands]
