"""The interface of a pseudo-label hook, and how hooks are built from a config."""

from abc import ABCMeta, abstractmethod
from typing import Any, List, Mapping, Optional, Tuple

from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmengine.structures import InstanceData
from torch import nn

from mmssis.structures import PseudoLabelContext

PLACE = 'model.pseudo_label_hooks'


class PseudoLabelHook(nn.Module, metaclass=ABCMeta):
    """One decision about pseudo labels: drop, correct or weigh them.

    Hooks stand by name in a dict of the config (``model.pseudo_label_hooks``) and run in its
    order; setting one to None leaves it out. State that a hook learns is a registered buffer:
    saved, resumed, reduced over ranks.
    """

    filters: bool = False
    """Whether the hook drops candidates; without such a hook each would be a pseudo label."""

    reads_candidates: bool = False
    """Whether the hook reads ``context.candidates``, which are kept for it."""

    only: Optional[str] = None
    """'unlabeled': images with box labels pass unchanged. Set by the config."""

    def prepare(self, classes: Tuple[str, ...]) -> None:
        """Load what the hook needs, once, before training or inference starts.

        Args:
            classes: class names of the data set, in label order.

        Raises:
            RuntimeError: if something cannot be had; the message names the file and place.
        """

    def run(self, pseudo_labels: List[InstanceData],
            context: PseudoLabelContext) -> List[InstanceData]:
        """Call the hook on the images that it is for.

        With ``only='unlabeled'`` the hook sees images with box labels without instances. It is
        called once a step on every rank, so what it reduces over ranks stays in step.

        Args:
            pseudo_labels: as for :meth:`forward`.
            context: as for :meth:`forward`.

        Returns:
            New instances of each image.
        """
        pseudo_labels = [instances[:] for instances in pseudo_labels]
        if self.only is None:
            return self(pseudo_labels, context)
        known = context.box_labels
        shown = [instances if boxes is None else instances[:0]
                 for instances, boxes in zip(pseudo_labels, known)]
        return [changed if boxes is None else instances for instances, changed, boxes in zip(
            pseudo_labels, self(shown, context), known)]

    @abstractmethod
    def forward(self, pseudo_labels: List[InstanceData],
                context: PseudoLabelContext) -> List[InstanceData]:
        """Work on the pseudo labels of a batch.

        Args:
            pseudo_labels: one per image, fields as in :mod:`mmssis.structures.pseudo_label`.
            context: weak images, training progress and box labels of the same batch.

        Returns:
            One per image; an image without instances stays without.
        """

    def reasons(self, name: str, dropped: InstanceData) -> List[str]:
        """Say why the hook drops instances, to who looks at them; training does not ask.

        Args:
            name: of the hook in ``model.pseudo_label_hooks``.
            dropped: M instances of one image that it drops, as they reach it.

        Returns:
            M short texts.
        """
        return [f'dropped by {name}'] * len(dropped)


class LearnsFromLabels:
    """Mixin for a pseudo-label hook that learns from labeled images."""

    def attach(self, teacher: nn.Module) -> None:
        """Look at the teacher once, when the model is built; a hook may listen to its layers.

        Args:
            teacher: the teacher, before its weights are loaded.

        Raises:
            ValueError: if it lacks what the hook needs.
        """

    def wants_labels(self, iteration: int) -> bool:
        """Whether :meth:`learn` is to be called in an iteration; the same on all ranks.

        Args:
            iteration: of the run, from 0.
        """
        return True

    def learn(self, candidates: List[InstanceData], data_samples: SampleList) -> None:
        """Learn from labeled images, after the teacher has seen their weak views.

        Args:
            candidates: the teacher's output on each image.
            data_samples: their samples with ``gt_instances``.
        """
        raise NotImplementedError(f'{type(self).__name__} must define learn()')


def shown_below(value: float, limit: float) -> str:
    """A score in words, with as many digits as tell it from a limit that it does not reach.

    Args:
        value: the score.
        limit: what it is compared with.
    """
    return f'{value:.2f}' if float(f'{value:.2f}') < limit else f'{value:.4f}'


def build_pseudo_label_hooks(cfgs: Mapping[str, Optional[dict]]) -> nn.ModuleDict:
    """Build the hooks of a config, in the order in which they run.

    Beside the settings of its hook an entry may have ``only='unlabeled'`` (images with box labels
    pass unchanged) and ``before='NAME'`` (run before that hook rather than in the dict's order).

    Args:
        cfgs: name -> config of the hook, or None to leave it out.

    Returns:
        The hooks by name.

    Raises:
        ValueError: if an entry is wrong; the message names its key.
    """
    if not isinstance(cfgs, Mapping):
        raise ValueError(f'{PLACE} is a {type(cfgs).__name__}: give a dict of name -> config')
    hooks = nn.ModuleDict()
    for name in _in_order(cfgs):
        if cfgs[name] is not None:
            hooks[name] = _build_hook(f'{PLACE}.{name}', cfgs[name])
            early = [other for other, hook in hooks.items() if hook.reads_candidates]
            if early and hooks[name].filters:
                raise ValueError(f'{PLACE}.{name} drops instances behind {PLACE}.{early[0]}, which '
                                 'must know what was dropped: set `before` in the entry of the '
                                 'former')
    return hooks


def _in_order(cfgs: Mapping[str, Optional[dict]]) -> List[str]:
    """Names in the order in which the hooks run."""
    order = list(cfgs)
    for name, cfg in cfgs.items():
        if name == 'candidates' or '.' in name or hasattr(nn.ModuleDict, name):
            raise ValueError(f'{PLACE}.{name}: no hook can have this name, choose another')
        before = cfg.get('before') if isinstance(cfg, Mapping) else None
        if before is None:
            continue
        others = [other for other in cfgs if other != name]
        if before not in others:
            raise ValueError(f'{PLACE}.{name}.before = {before!r}: give one of {others}')
        order.remove(name)
        order.insert(order.index(before), name)
    return order


def _build_hook(place: str, cfg: Any) -> nn.Module:
    """Build one hook; ``only`` and ``before`` are taken out of its config."""
    if not isinstance(cfg, Mapping) or 'type' not in cfg:
        raise ValueError(f'{place} = {cfg!r}: give a dict with the `type` of a hook, or None to '
                         'leave it out')
    settings = {key: value for key, value in cfg.items() if key not in ('only', 'before')}
    only = cfg.get('only')
    if only not in (None, 'unlabeled'):
        raise ValueError(f"{place}.only = {only!r}: give 'unlabeled' or leave it out")
    try:
        hook = MODELS.build(settings)
    except ValueError as error:
        raise ValueError(f'{place}: {error}') from error
    hook.only = only
    return hook
