"""``report``: the page of a run, or of a folder of pseudo labels."""

import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Tuple, Union

PACKAGES = dict(jinja2='Jinja2', plotly='plotly')
POLL_SECONDS = 5
PAGE = 'report.html'


def report(path: Union[str, Path],
           *,
           images: int = 24,
           val_images: int = 200,
           baseline: Optional[Union[str, Path]] = None,
           image_root: Optional[Union[str, Path]] = None,
           out: Optional[Union[str, Path]] = None,
           device: Optional[str] = None,
           cfg_options: Optional[Dict[str, Any]] = None,
           watched: bool = False) -> Path:
    """Write the page of a run, or of a folder of pseudo labels.

    In a work directory nothing is changed but ``report.html`` and ``report_cache``. What was
    computed with a checkpoint is kept there, so that a second call is fast. ::

        from mmssis.api import report
        page = report('work_dirs/bolts', baseline='work_dirs/bolts_supervised')

    Args:
        path: work directory of a training, or folder with ``pseudo_labels.json``.
        images: unlabeled images that are shown, drawn by a fixed seed, >= 1.
        val_images: validation images that are looked at, at most, evenly spread, >= 1.
        baseline: work directory of another run, whose AP stands beside.
        image_root: folder of the images of pseudo labels.
        out: the page; default: ``report.html`` in the folder.
        device: 'cpu', 'cuda:0', ...; default: a GPU if there is one.
        cfg_options: dotted keys and values that override the config of the run.
        watched: whether the page loads itself again from time to time.

    Returns:
        The page.

    Raises:
        ValueError: if the folder is none of both, a number is below 1, or a package is missing.
        WriteError: if the page cannot be written.
    """
    path = Path(path)
    for name, value in dict(images=images, val_images=val_images).items():
        if value < 1:
            raise ValueError(f'{name} = {value}: give 1 or more')
    _check_packages()
    from mmssis.report.html import write_page
    out = Path(out) if out else path / PAGE
    if (path / 'pseudo_labels.json').is_file():
        from mmssis.report.pseudo_page import pseudo_page
        content = pseudo_page(path, images, Path(image_root) if image_root else None)
    else:
        from mmssis.report.run_page import Request, run_page
        content = run_page(path, Request(images, val_images, baseline and Path(baseline),
                                         device or _default_device(), cfg_options or {}))
    write_page(content, out, watched)
    return out


def watch(path: Union[str, Path], say: Callable[[str], None] = print, **settings: Any) -> None:
    """Write the page each time the log, the checkpoints or the data of a run change.

    It returns on Ctrl-C.

    Args:
        path: work directory of a training, which may be running.
        say: is told of each page.
        **settings: of :func:`report`.

    Raises:
        ValueError: as :func:`report`.
    """
    from mmssis.report.work_dir import signature
    seen: Tuple = ()
    try:
        while True:
            now = signature(Path(path))
            if now != seen:
                page = report(path, watched=True, **settings)
                say(f'{page} written {time.strftime("%H:%M:%S")}; Ctrl-C ends this')
                seen = now
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        say('No longer watching.')


def _check_packages() -> None:
    """Name the packages that the page needs and that are not there."""
    missing = [name for module, name in PACKAGES.items() if find_spec(module) is None]
    if missing:
        raise ValueError(f'The page needs {" and ".join(missing)}: pip install '
                         f'{" ".join(missing)}')


def _default_device() -> str:
    """A GPU if there is one."""
    import torch
    return 'cuda:0' if torch.cuda.is_available() else 'cpu'
