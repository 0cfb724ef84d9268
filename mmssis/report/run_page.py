"""The content of the page of a run, section by section."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

from mmengine.config import Config

from mmssis.datasets.checks.account import SourceAccount
from mmssis.utils.class_names import make_palette

from .cache import FOLDER, Cache
from .curves import figures_of
from .quality import ap_rows
from .settings import base_of, differences
from .trained import TrainedModel
from .work_dir import WorkDir, read_work_dir

Content = Dict[str, Any]
WORST_IMAGES = 12


@dataclass
class Request:
    """What the page of a run is asked to show.

    Attributes:
        images: unlabeled images in the gallery.
        val_images: validation images that are looked at, at most.
        baseline: work directory of another run.
        device: 'cpu', 'cuda:0', ...
        cfg_options: override the config.
    """

    images: int
    val_images: int
    baseline: Optional[Path]
    device: str
    cfg_options: Dict[str, Any] = field(default_factory=dict)


def run_page(path: Path, request: Request) -> Content:
    """Everything that the page of a run shows.

    Args:
        path: the work directory.
        request: what is asked for.

    Returns:
        A dict for each section; one with ``missing``, a sentence, is left out.

    Raises:
        ValueError: if the folder, or that of the baseline, is no work directory.
    """
    work = read_work_dir(path)
    baseline = read_work_dir(request.baseline) if request.baseline else None
    return _RunPage(work, baseline, request).content()


class _RunPage:
    """The sections of one page, which share the model and what it predicts."""

    def __init__(self, work: WorkDir, baseline: Optional[WorkDir], request: Request) -> None:
        self.work = work
        self.baseline = baseline
        self.request = request
        self.cache = Cache(work.path / FOLDER)
        self.model: Optional[TrainedModel] = None
        self.no_model = ''
        try:
            self.model = TrainedModel(work, self.cache, request.device, request.cfg_options)
        except (ValueError, OSError) as error:
            self.no_model = str(error)
        self.config = None if work.config is None else Config.fromfile(work.config)

    def content(self) -> Content:
        """All sections."""
        validation = _or_missing(self._validation)
        account = self.work.account
        classes = self._classes()
        return dict(
            title=self.work.path.resolve().name, classes=classes,
            palette=self._palette(classes),
            checkpoint=self.work.checkpoint and self.work.checkpoint.name,
            quality=self._quality(validation),
            course=_or_missing(self._course),
            taught=_or_missing(self._taught),
            wrong=validation if 'missing' in validation else self._wrong(validation),
            data=account or dict(missing='The run has written no data.json: its engine hook '
                                 'preflight was off, or it has not begun.'),
            settings=_or_missing(self._settings))

    def _classes(self) -> List[str]:
        """Class names, from the account or the config."""
        if self.work.account:
            return self.work.account['classes']
        dataset = self.config.get('val_dataloader') if self.config is not None else None
        metainfo = dataset and dataset.dataset.get('metainfo')
        return list(metainfo['classes']) if metainfo else []

    def _palette(self, classes: List[str]) -> List[str]:
        """Colours of the data set, or made ones, as CSS has them."""
        loader = self.config.get('val_dataloader') if self.config is not None else None
        metainfo = (loader and loader.dataset.get('metainfo')) or {}
        colors = metainfo.get('palette') or make_palette(max(len(classes), 1))
        return ['#{:02x}{:02x}{:02x}'.format(*color) for color in colors]

    def _validation(self) -> Content:
        """What each branch and the baseline say of the validation images."""
        model = self._need_model()
        limit = self.request.val_images
        found = {branch or 'model': model.validation(branch, limit, f'val_{branch or "model"}')
                 for branch in model.branches}
        if self.baseline:
            other = TrainedModel(self.baseline, self.cache, self.request.device,
                                 self.request.cfg_options)
            found['baseline'] = other.validation(other.branches[0], limit, 'val_baseline')
        return found

    def _quality(self, validation: Content) -> Content:
        """AP as logged, and by class."""
        rows = [row for scalars, name in self._logs() for row in ap_rows(scalars, name)]
        if not rows and 'missing' in validation:
            return dict(missing='The log has no validation yet. ' + validation['missing'])
        by_class = {} if 'missing' in validation else validation
        return dict(rows=rows, by_class=by_class, measured=next(iter(by_class.values()), None),
                    labels=self._labels('labeled'), no_classes=validation.get('missing'))

    def _logs(self) -> List[tuple]:
        """Scalars of the run and of the baseline."""
        logs = [(self.work.scalars, '')]
        return logs + ([(self.baseline.scalars, 'baseline')] if self.baseline else [])

    def _labels(self, source: str) -> Dict[str, int]:
        """Labels by class of a source, empty where unknown."""
        sources = self.work.account['sources'] if self.work.account else {}
        return sources[source]['labels'] if source in sources else {}

    def _course(self) -> Content:
        """Curves."""
        burn_in = self.config.model.get('burn_in') if self.config is not None else None
        classes = self._classes()
        figures = figures_of(
            self.work.scalars, burn_in if isinstance(burn_in, (int, float)) else None,
            self._labels_per_image(), self.baseline and self.baseline.scalars,
            dict(zip(classes, self._palette(classes))))
        if not figures:
            raise ValueError('Nothing is logged yet (*/vis_data/scalars.json).')
        taught = any('pseudo/instances_per_image' in line for line in self.work.scalars)
        return dict(figures=figures, no_pseudo_labels='' if taught else (
            'The log has no numbers of pseudo labels: burn-in has not ended, the run is '
            'supervised, or the engine hook statistics is off.'))

    def _labels_per_image(self) -> Optional[float]:
        """Labels of a labeled image, the mean."""
        sources = self.work.account['sources'] if self.work.account else {}
        if 'labeled' not in sources:
            return None
        source = SourceAccount(**sources['labeled'])
        return source.instances / source.images if source.images and source.instances else None

    def _taught(self) -> Content:
        """The gallery."""
        return self._need_model().gallery(self.request.images)

    def _wrong(self, validation: Content) -> Content:
        """Errors of the branch that predicts."""
        branch, predicted = next(iter(validation.items()))
        summary, worst = self._need_model().mistakes(predicted, WORST_IMAGES)
        return dict(summary, branch=branch, worst=worst, of=predicted['of'],
                    unreadable=predicted['unreadable'])

    def _need_model(self) -> TrainedModel:
        """The model, or the reason why there is none, as an error."""
        if self.model is None:
            raise ValueError(self.no_model)
        return self.model

    def _settings(self) -> Content:
        """Command, versions, and what differs from the base config."""
        if self.config is None:
            raise ValueError(f'{self.work.path} holds no config of a training (*.py).')
        base = base_of(self.work.origin, self.work.config)
        changed, follows = differences(self.config, base) if base else ([], [])
        return dict(base=base, changed=changed, follows=follows, origin=self.work.origin,
                    config=self.work.config.name)


def _or_missing(make: Callable[[], Content]) -> Content:
    """A section, or the reason why it is left out."""
    try:
        return make()
    except (ValueError, OSError) as error:
        return dict(missing=str(error))
