"""Draw and write what a model sees."""

from pathlib import Path
from typing import Callable, Optional, Sequence, Union

import torch

from mmssis.datasets.checks.coco_validation import shorten
from mmssis.prediction import Detector, find_model, list_sources
from mmssis.prediction.job import Job
from mmssis.prediction.out_dir import RESULTS, begin, finish
from mmssis.utils.config import load_config
from mmssis.utils.write_errors import explained_write_errors

PathLike = Union[str, Path]


def predict(model: PathLike,
            sources: Union[PathLike, Sequence[PathLike]],
            *,
            config: Optional[PathLike] = None,
            out_dir: PathLike = 'predictions',
            score_thr: float = 0.3,
            branch: Optional[str] = None,
            device: Optional[str] = None,
            batch_size: int = 1) -> Path:
    """Draw what a model sees in images and videos, and write it as a COCO file.

        from mmssis.api import predict
        results = predict('work_dirs/bolts', ['photos', 'clip.mp4'], out_dir='seen')

    Args:
        model: checkpoint of a training, an exported one, or a work directory: its best
            checkpoint, or else its last.
        sources: images, folders of images and videos, one or several.
        config: of the model: a file, or the name of a shipped config. Default: the one beside it.
        out_dir: new or empty folder; gets a picture or video of each file, and
            ``predictions.json``.
        score_thr: instances below are left out, in [0, 1].
        branch: 'teacher' or 'student' of a semi-supervised model; None takes the config's.
        device: Default: 'cuda' where there is a GPU, else 'cpu'.
        batch_size: images at once, >= 1; those of different sizes are padded.

    Returns:
        ``predictions.json``, a COCO file whose annotations have a ``score``.

    Raises:
        ValueError: if an argument is wrong, before anything is predicted; or if files could not be
            read, after all others are done.
    """
    if not 0 <= score_thr <= 1:
        raise ValueError(f'--score-thr {score_thr}: give a number in [0, 1]')
    if batch_size < 1:
        raise ValueError(f'--batch-size {batch_size}: give 1 or more')
    given = [sources] if isinstance(sources, (str, Path)) else list(sources)
    files = list_sources(given, out_dir)
    found = find_model(model, config)
    print(f'Checkpoint {found.checkpoint}, config {found.config}', flush=True)
    device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
    detector = Detector(load_config(found.config, check_data=False), found.checkpoint, branch,
                        device, score_thr)
    draw = _drawer(detector)
    folder = Path(out_dir)
    begin(folder, dict(checkpoint=str(found.checkpoint), config=found.config, branch=branch,
                       score_thr=score_thr, files=[str(source.path) for source in files]))
    workers = 2 if torch.device(device).type == 'cuda' else 0
    job = Job(detector, draw, folder, batch_size, workers)
    with explained_write_errors(folder):
        job.run(files)
        job.results.write(folder / RESULTS)
        finish(folder)
    _tell(job, folder, len(files))
    return folder / RESULTS


def _drawer(detector: Detector) -> Callable:
    """What draws; the package for it is optional."""
    try:
        from mmssis.prediction.drawing import Drawer
    except ImportError as error:
        raise ValueError("Pictures are drawn with the package supervision: pip install "
                         "'supervision>=0.26,<1'") from error
    return Drawer(detector.classes, detector.colours)


def _tell(job: Job, folder: Path, num_files: int) -> None:
    """Print the table, and raise if files could not be read."""
    print(job.results.table())
    print(f'Written to {folder}: pictures, and {RESULTS}')
    if job.unreadable:
        raise ValueError(f'{len(job.unreadable)} of {num_files} files could not be read: '
                         f'{shorten(job.unreadable)}. All others are done.')
