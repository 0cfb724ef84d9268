"""Look at unlabeled images, correct their pseudo labels, and go on with more labels."""

import json
import os
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Union

import torch
from mmengine.config import Config

from mmssis.datasets.checks.coco_validation import shorten
from mmssis.datasets.checks.quietly import quietly
from mmssis.diagnosis.loading import load
from mmssis.engine.atomic_backend import AtomicBackend
from mmssis.prediction import find_model
from mmssis.review.applying import apply_decisions, import_labels
from mmssis.review.decisions import PROPOSALS, review_id
from mmssis.review.exchange import export_file, read_labels
from mmssis.review.journal import JOURNAL, Base, Journal, Step, read_journal
from mmssis.review.page_file import write_review_page
from mmssis.review.paths import relative
from mmssis.review.proposing import Chosen, choose
from mmssis.review.viewer import Viewer
from mmssis.utils.class_names import make_palette
from mmssis.utils.data_set_spec import image_dir

from .configs import ConfigOrPath, settled_config

PathLike = Union[str, Path]
PAGE, ORDER, LISTED = 'index.html', 'order.json', 'unlabeled.0.json'


class ReviewedData(NamedTuple):
    """The data of a review after a step.

    Attributes:
        labeled: COCO file of the labeled images.
        unlabeled: list of the unlabeled images.
        options: of ``--cfg-options``, to train on them.
    """

    labeled: Path
    unlabeled: Path
    options: List[str]


def review(config: ConfigOrPath,
           checkpoint: PathLike,
           *,
           images: int = 50,
           pool: int = 2000,
           out: PathLike = 'review',
           device: Optional[str] = None,
           cfg_options: Optional[Dict[str, Any]] = None) -> Path:
    """Order unlabeled images by what a label would teach, and write a page to decide on them.

        from mmssis.api import review
        page = review('bolts.py', 'work_dirs/bolts', images=20)

    Args:
        config: a file, the name of a shipped config, or what ``load_config`` returned; with a
            ``data_set``.
        checkpoint: of its training, or an exported one; of a work directory the best, or the last.
        images: of the review, >= 1.
        pool: unlabeled images that are looked at, at most, evenly spread, >= 1.
        out: folder of the review; must not hold one.
        device: Default: 'cuda' where there is a GPU, else 'cpu'.
        cfg_options: dotted keys and values that override the config.

    Returns:
        The page. Beside it are ``order.json`` (the images with the reasons for their order),
        ``proposals.json`` (their pseudo labels), ``unlabeled.0.json`` and ``journal.json``.

    Raises:
        ValueError: if an argument is wrong, or the checkpoint does not fit.
        UnreadableImageError: if a chosen image cannot be read.
    """
    folder = Path(out)
    _check(images, pool, folder)
    cfg = settled_config(config, cfg_options)
    base = _base(cfg, folder)
    found = find_model(checkpoint, cfg.filename or 'config').checkpoint
    with quietly():
        loaded = load(cfg, found, device or ('cuda' if torch.cuda.is_available() else 'cpu'))
    chosen = choose(cfg, Viewer(loaded.model), loaded.classes,
                    Path(cfg.data_set.root, image_dir(cfg.data_set, 'unlabeled')), images, pool)
    _write(folder, base, chosen, Path(cfg.filename or 'config').stem)
    if chosen.unreadable:
        print(f'{len(chosen.unreadable)} images could not be read: {shorten(chosen.unreadable)}')
    print(f'{len(chosen.places)} images to decide on: open {folder / PAGE} in a browser')
    return folder / PAGE


def apply_review(config: ConfigOrPath, decisions: PathLike, *, out: PathLike = 'review',
                 cfg_options: Optional[Dict[str, Any]] = None) -> ReviewedData:
    """Join the images that were decided on to the labels; new files are written.

    Args:
        config: of the review.
        decisions: file that the page has downloaded.
        out: folder of the review.
        cfg_options: dotted keys and values that override the config.

    Returns:
        The data to go on with.

    Raises:
        ValueError: if the decisions are wrong, or hold nothing new.
    """
    cfg, journal = _opened(config, out, cfg_options)
    return _told(cfg, journal, apply_decisions(journal, Path(decisions)))


def import_review(config: ConfigOrPath, source: PathLike, *, out: PathLike = 'review',
                  cfg_options: Optional[Dict[str, Any]] = None) -> ReviewedData:
    """Join images that were labeled in CVAT or Label Studio; they count as complete.

    Args:
        config: of the review.
        source: COCO file, or JSON of Label Studio.
        out: folder of the review.
        cfg_options: dotted keys and values that override the config.

    Returns:
        The data to go on with.

    Raises:
        ValueError: if the file is wrong, or has images that are none of the unlabeled ones.
    """
    cfg, journal = _opened(config, out, cfg_options)
    content = read_labels(Path(source), journal)
    return _told(cfg, journal, import_labels(journal, Path(source), content))


def undo_review(config: ConfigOrPath, *, out: PathLike = 'review',
                cfg_options: Optional[Dict[str, Any]] = None) -> ReviewedData:
    """Take back the last step that was applied or imported; its files are kept.

    Args:
        config: of the review.
        out: folder of the review.
        cfg_options: dotted keys and values that override the config.

    Returns:
        The data as they were before.

    Raises:
        ValueError: if there is no step.
    """
    cfg, journal = _opened(config, out, cfg_options)
    step = journal.undo()
    print(f'Step {step.number} ({step.source}) is taken back; its files are kept')
    return _told(cfg, journal, None)


def export_review(config: ConfigOrPath, kind: str, file: PathLike, *, out: PathLike = 'review',
                  overwrite: bool = False, cfg_options: Optional[Dict[str, Any]] = None) -> Path:
    """Write images that have to be labeled by hand, with the labels they have so far.

    Those are the incomplete ones of the last decisions; before any, all images of the review with
    their pseudo labels.

    Args:
        config: of the review.
        kind: 'cvat' (COCO 1.0) or 'labelstudio'.
        file: JSON file to write.
        out: folder of the review.
        overwrite: replace ``file``.
        cfg_options: dotted keys and values that override the config.

    Returns:
        The file.

    Raises:
        ValueError: if the file exists, or there is no image to label.
    """
    if Path(file).exists() and not overwrite:
        raise ValueError(f'{file} exists: name another file, or give --overwrite')
    _, journal = _opened(config, out, cfg_options)
    count = export_file(journal, kind, Path(file))
    print(f'{count} images written to {file}; they are in '
          f'{os.path.normpath(journal.folder / journal.base.unlabeled_images)}')
    return Path(file)


def _check(images: int, pool: int, folder: Path) -> None:
    """Refuse wrong arguments before anything is loaded."""
    for option, value in (('--images', images), ('--pool', pool)):
        if value < 1:
            raise ValueError(f'{option} {value}: give 1 or more')
    if (folder / JOURNAL).exists():
        raise ValueError(f'--out {folder} holds a review: name another folder, or move it away')


def _base(cfg: Config, folder: Path) -> Base:
    """The data of a config, relative to the folder of the review."""
    if 'data_set' not in cfg or {'labeled', 'unlabeled'} - set(cfg.data_set):
        raise ValueError('A review needs a config with data_set.labeled and data_set.unlabeled')
    root = Path(cfg.data_set.root)
    parts = dict(labeled=root / cfg.data_set.labeled,
                 labeled_images=root / image_dir(cfg.data_set, 'labeled'),
                 unlabeled_images=root / image_dir(cfg.data_set, 'unlabeled'))
    return Base(unlabeled=LISTED, **{name: relative(path, folder)
                                     for name, path in parts.items()})


def _write(folder: Path, base: Base, chosen: Chosen, title: str) -> None:
    """Write the files of a review; the journal, which makes it one, is the last."""
    for name, content in ((PROPOSALS, chosen.proposals), (LISTED, chosen.listed),
                          (ORDER, [place._asdict() for place in chosen.places])):
        AtomicBackend().put_text(json.dumps(content, indent=1 if name == ORDER else None,
                                            ensure_ascii=False), folder / name)
    categories = chosen.proposals['categories']
    write_review_page(folder / PAGE, title, review_id(folder / PROPOSALS), chosen.proposals,
                      folder / base.unlabeled_images, chosen.places, make_palette(len(categories)))
    Journal(folder, base).write()


def _opened(config: ConfigOrPath, out: PathLike, cfg_options: Optional[Dict[str, Any]]) -> tuple:
    """The config and the journal of a review, which belong together."""
    cfg = settled_config(config, cfg_options, check_data=False)
    journal = read_journal(Path(out))
    _base(cfg, journal.folder)
    journal.check_config(Path(cfg.data_set.root, cfg.data_set.labeled))
    return cfg, journal


def _told(cfg: Config, journal: Journal, step: Optional[Step]) -> ReviewedData:
    """Say what was done, and how to go on."""
    if step:
        print(f'{len(step.images)} images are labeled now (step {step.number} in '
              f'{journal.folder / JOURNAL}; take it back with --undo)')
        if step.to_annotate:
            print(f'Incomplete images: {journal.folder / step.to_annotate}; for a tool: '
                  'mmssis review --export cvat FILE')
    root = cfg.data_set.root
    options = [f'data_set.{part}={relative(path, root)}'
               for part, path in (('labeled', journal.labeled), ('unlabeled', journal.unlabeled))]
    print(f'Go on with:\n    --cfg-options {" ".join(options)}')
    return ReviewedData(journal.labeled, journal.unlabeled, options)
