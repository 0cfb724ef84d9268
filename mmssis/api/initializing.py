"""A config for a user's own data."""

import os
import shlex
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Optional, Union

from mmengine.registry import init_default_scope

from mmssis.planning import cost
from mmssis.planning.data_files import find_files
from mmssis.planning.machine import Machine, choose_base, machine_at_hand
from mmssis.planning.plan import Plan, make_plan
from mmssis.planning.plan_text import plan_text, write_plan

PathLike = Union[str, Path]
OPTIONS = ('labeled, unlabeled and val are what --labeled, --unlabeled and --val name; '
           'data_set.image_dirs is --images and --val-images.')


def init(*, labeled: PathLike, images: PathLike, unlabeled: PathLike,
         val: Optional[PathLike] = None, val_images: Optional[PathLike] = None,
         out: PathLike = 'my_config.py', measure: bool = True, force: bool = False) -> Path:
    """Write a config for a user's own data, and print the account of the data and the choices.

        from mmssis.api import init
        config = init(labeled='labeled.json', images='images', unlabeled='more_images')

    Without ``val``, a fifth of the labeled images is split off. Of ``unlabeled``, images that are
    labeled or validated on are left out. New annotation files are written beside the config; the
    user's files are only read.

    Args:
        labeled: COCO file with masks.
        images: folder of its images.
        unlabeled: folder of images, or COCO file (.json) that lists images of ``images``.
        val: COCO file with masks to validate on.
        val_images: folder of its images; default: ``images``.
        out: config to write, a name ending in .py.
        measure: whether to estimate time and memory from a few updates.
        force: whether to replace files of the same names.

    Returns:
        Path of the config.

    Raises:
        ValueError: if an argument or the data are wrong, with the remedy.
    """
    path = Path(os.path.abspath(out))
    _check_out(path, force)
    files = find_files(labeled, images, unlabeled, val, val_images)
    machine = machine_at_hand()
    init_default_scope('mmdet')
    with TemporaryDirectory() as folder:
        try:
            plan = make_plan(files, choose_base(machine), Path(folder), path.stem)
        except (ValueError, OSError) as error:
            is_of_config = any(key in str(error) for key in ('data_set', '_dataloader'))
            raise ValueError(f'{error}\n({OPTIONS})' if is_of_config else str(error)) from error
        print(plan_text(plan))
        written = write_plan(plan, Path(folder), path, force)
    print('\nWritten: ' + ', '.join(os.path.relpath(file) for file in written), flush=True)
    if measure:
        _print_cost(path, plan, machine)
    _print_next(os.path.relpath(path), machine)
    return path


def _check_out(path: Path, force: bool) -> None:
    """Refuse a name that is no config, and one that is taken."""
    if path.suffix != '.py':
        raise ValueError(f'--out {path} does not end in .py: name a config, my_config.py for '
                         'example')
    if path.exists() and not force:
        raise ValueError(f'--out {path} is there already: give another name, or --force to '
                         'replace it')


def _print_cost(path: Path, plan: Plan, machine: Machine) -> None:
    """Time and memory of the run; what goes wrong is told."""
    print(f'Measuring {cost.MEASURED} updates of each kind ...', flush=True)
    try:
        found = cost.measure_updates(path, plan.facts.median_objects)
    except Exception as error:  # The config is written, whatever a model on a GPU may raise.
        print(f'Time and memory could not be measured: {type(error).__name__}: {error}')
    else:
        print(cost.told(found, plan.max_iters, machine.gpu))


def _print_next(path: str, machine: Machine) -> None:
    """The commands that come next."""
    train = f'mmssis train {shlex.quote(path)}{" --amp" if machine.gpu else ""}'
    print(f'\nNext:\n    {train}\n    {train} --supervised   # the baseline: labeled images alone')
