"""Nothing is silently wrong, hangs or crashes; what is wrong is refused by name.

Longer: ``pytest tests/fuzz --fuzz-inputs 2000 --fuzz-seed 1``; a table comes at the end.
"""

import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from hypothesis import given, seed
from mmengine.config import Config

from .coco_inputs import CocoInput, coco_inputs
from .coco_rules import compare, toy_model
from .config_inputs import ConfigInput, config_inputs, dotted
from .config_rules import begin
from .harness import RIGHT, Tally, run_in_child
from .image_inputs import ImageInput, image_inputs
from .image_rules import read_folder
from .world import make_world, plain, read_json, start


def test_coco(tmp_path: Path, fuzzing: Any, tally: Tally, request: Any) -> None:
    """Annotation files: what is learned and measured is what they say."""
    make_world(tmp_path)
    model = toy_model()
    paths = {part: tmp_path / 'annotations' / f'{part}.json' for part in ('labeled', 'val')}
    files = {part: read_json(path) for part, path in paths.items()}
    originals = {part: path.read_bytes() for part, path in paths.items()}

    def run(case: CocoInput) -> None:
        for part, path in paths.items():
            path.write_bytes(originals[part])
        path = paths[case.part]
        path.write_bytes(case.data)
        tally.add(case.label, run_in_child(
            lambda: start(tmp_path / 'base.py', model,
                          lambda runner: compare(runner, case.part, case.content)),
            [path.name, 'data_set.', 'train_dataloader.dataset', 'val_dataloader.dataset']))

    run(CocoInput('unchanged', 'labeled', originals['labeled'], files['labeled']))
    assert tally.counts[RIGHT] == 1, tally.bad
    fuzzing(seed(request.config.getoption('--fuzz-seed'))(given(coco_inputs(files))(run)))()
    tally.check()


def test_images(tmp_path: Path, fuzzing: Any, tally: Tally, request: Any) -> None:
    """Files and what is none in a folder of images: read with the right pixels, or named."""
    folder = tmp_path / 'images'

    def run(case: ImageInput) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        cv2.imwrite(str(folder / 'good.png'), np.full((9, 9, 3), 70, np.uint8))
        case.place(folder / case.name)
        tally.add(case.label, run_in_child(lambda: read_folder(folder, case), [case.name]))

    fuzzing(seed(request.config.getoption('--fuzz-seed'))(given(image_inputs())(run)))()
    tally.check()


def test_configs(tmp_path: Path, fuzzing: Any, tally: Tally, request: Any) -> None:
    """Configs: a setting that is accepted is in the run, every other one is refused by its key."""
    make_world(tmp_path)
    base, path = tmp_path / 'base.py', tmp_path / 'mine.py'
    config = plain(Config.fromfile(base)._cfg_dict.to_dict())

    def run(case: ConfigInput) -> None:
        path.write_text(case.text if case.is_whole else f'_base_ = {str(base)!r}\n{case.text}\n')
        names = [path.name, 'data_set', '_base_', 'model.type', 'loss is not finite',
                 *(key for key in case.place[-2:] if isinstance(key, str)),
                 *(dotted(case.place[:length]) for length in range(3, len(case.place)))]
        tally.add(case.label, run_in_child(lambda: begin(path, case), names))

    path.write_text(f'_base_ = {str(base)!r}')
    assert run_in_child(lambda: start(path), []).outcome == RIGHT
    fuzzing(seed(request.config.getoption('--fuzz-seed'))(given(config_inputs(config))(run)))()
    tally.check()
