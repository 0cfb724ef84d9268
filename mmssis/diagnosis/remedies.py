"""What can be done about each kind of error: options to paste, or a place in the docs."""

from typing import Callable, Dict, List

from .facts import Facts

OPTION, DOC = '--cfg-options ', 'see '


def _classes(facts: Facts) -> List[str]:
    """Correct the classes of pseudo labels, or the corrector."""
    if any(kind.endswith('CategoryCorrection') for kind in facts.hooks.values()):
        return ['does the classifier of the category correction know these class names? '
                f'{DOC}docs/methods/pldc.md#clips-weights-and-other-classifiers',
                f'compare with a run without it: {_without(facts, "CategoryCorrection")}']
    return ['add the category correction, if the class names are everyday words that CLIP knows: '
            f'{DOC}docs/custom_data.md#what-to-change-next', 'label more images of these classes']


def _without(facts: Facts, ending: str) -> str:
    """Option that leaves a hook out."""
    name = next(name for name, kind in facts.hooks.items() if kind.endswith(ending))
    return f'{OPTION}model.pseudo_label_hooks.{name}=None'


def _masks(facts: Facts) -> List[str]:
    """Weigh uncertain pixels less, see more of them, or refine."""
    steps = _larger_image(facts)
    if 'MaskUncertainty' not in facts.hooks.values() and facts.num_queries is not None:
        steps.insert(0, 'let uncertain pixels count less (PMUA): '
                     f'{OPTION}model.pseudo_label_hooks.pmua.type=MaskUncertainty')
    return [*steps, 'a mask head for noisy boundaries, on Mask R-CNN: '
            f'{DOC}docs/methods/noisy_boundaries.md']


def _larger_image(facts: Facts) -> List[str]:
    """Half as much again, in steps of 32 pixels."""
    if facts.image_size is None:
        return [f'larger images: {DOC}docs/custom_data.md#what-to-change-next']
    width, height = (round(1.5 * side / 32) * 32 for side in facts.image_size)
    return [f'larger images: {OPTION}image_size="[{width},{height}]"']


def _both(facts: Facts) -> List[str]:
    """The model is not there yet."""
    return ['train longer on labels, or label more images', *_longer_burn_in(facts)]


def _longer_burn_in(facts: Facts) -> List[str]:
    """Twice as long; one that ends itself is left alone."""
    if not isinstance(facts.burn_in, int) or not facts.burn_in:
        return []
    return [f'longer burn-in: {OPTION}schedule.burn_in={2 * facts.burn_in}',
            f'or burn-in that ends itself: {DOC}docs/custom_data.md#burn-in-that-ends-itself']


def _duplicates(facts: Facts) -> List[str]:
    """By queries: more training; by boxes: a stricter suppression."""
    if facts.num_queries is not None:
        return ['longer on labels alone: queries learn there to leave an object to one of them',
                *_longer_burn_in(facts), *_suggested(facts, keep_more=False)]
    return ['a stricter suppression of boxes: lower nms.iou_threshold in model.detector.test_cfg',
            *_suggested(facts, keep_more=False)]


def _background(facts: Facts) -> List[str]:
    """Objects without a label, or too low thresholds."""
    return ['are all objects of the labeled images labeled? One without a label counts as '
            'background', *_suggested(facts, keep_more=False)]


def _suggested(facts: Facts, keep_more: bool) -> List[str]:
    """The suggested thresholds, if they keep more, or fewer, pseudo labels."""
    if facts.thresholds is None or facts.keep_more != keep_more:
        return []
    return [f'the suggested thresholds: {OPTION}{facts.thresholds}']


def _missed(facts: Facts) -> List[str]:
    """Too few queries, too little training, too small images, too strict thresholds."""
    steps = [*_longer_burn_in(facts), *_larger_image(facts)]
    if facts.num_queries is not None and facts.most_objects > facts.num_queries:
        steps.insert(0, f'an image has {facts.most_objects} objects, the model {facts.num_queries} '
                     f'queries: {OPTION}num_queries={facts.most_objects}')
    return steps + _suggested(facts, keep_more=True)


REMEDIES: Dict[str, Callable[[Facts], List[str]]] = {
    'class': _classes, 'mask': _masks, 'both': _both, 'duplicate': _duplicates,
    'background': _background, 'missed': _missed,
}
