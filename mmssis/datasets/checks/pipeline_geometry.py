"""Which transforms a pipeline of labeled or unlabeled images may contain."""

from typing import Iterator, NamedTuple, Sequence, Union

Transform = Union[dict, object]

NO_HOMOGRAPHY = frozenset({
    'Expand', 'MinIoURandomCrop', 'RandomShift', 'RandomAffine', 'RandomCenterCropPad', 'Mosaic',
    'CachedMosaic', 'MixUp', 'CachedMixUp', 'CopyPaste', 'Albu', 'CenterCrop'
})
GEOMETRIC = frozenset({
    'Resize', 'FixShapeResize', 'ResizeShortestEdge', 'FixScaleResize', 'RandomResize',
    'RandomChoiceResize', 'RandomFlip', 'RandomCrop', 'Pad', 'GeomTransform', 'Rotate', 'ShearX',
    'ShearY', 'TranslateX', 'TranslateY', 'SegRescale', 'EdgeRotate', 'EdgeShearX', 'EdgeShearY',
    'UniformTranslateX', 'UniformTranslateY'
}) | NO_HOMOGRAPHY
# mmdet records these in positions of pixel indices, half a pixel off those of all others.
EDGE_VERSIONS = {'Rotate': 'EdgeRotate', 'ShearX': 'EdgeShearX', 'ShearY': 'EdgeShearY'}

BOX_BRANCHES = ('unsup_teacher', 'unsup_student')
BOX_META_KEYS = ('box_labeled', 'img_shape', 'ori_shape', 'homography_matrix')


class Step(NamedTuple):
    """A transform of a pipeline, with its place."""

    transform: Transform
    place: str
    branch: str


def check_pipeline_geometry(pipeline: Sequence[Transform],
                            unlabeled: bool = False,
                            same_geometry: bool = True,
                            name: str = 'pipeline',
                            box_labeled: bool = False) -> None:
    """Refuse transforms that would put pseudo labels in the wrong place.

    Inside the branches of ``MultiBranch`` the views of one image part; there a transform that moves
    pixels must record a homography, and is refused altogether where the views share geometry.
    Where they do not, mmdet's rotation and shear are refused, whose homographies are up to 0.37
    pixels off, and unlabeled views must hand their homography on. On unlabeled images a transform
    without homography is refused before the branches as well, since the way back to the original
    image is lost, and so are transforms that drop every image without boxes.

    Args:
        pipeline (Sequence[dict or object]): Configs of transforms, or built transforms.
        unlabeled (bool): Whether the images have no annotations. Defaults to False.
        same_geometry (bool): Whether all branches must share geometry. Defaults to True.
        name (str): Name of the pipeline in messages. Defaults to ``'pipeline'``.
        box_labeled (bool): Whether the images have boxes and no masks; their views, too, must keep
            the way back to the original image. Defaults to False.

    Raises:
        ValueError: At the first refused transform, with its place and the remedy.
    """
    for step in iterate_steps(pipeline, name):
        kinds = _type_names(step.transform)
        if kinds & NO_HOMOGRAPHY and (step.branch or unlabeled or box_labeled):
            raise ValueError(
                f'{step.place} moves pixels without recording a homography, so pseudo labels '
                'would be misplaced without notice. Use Resize, RandomFlip, RandomCrop, '
                'EdgeRotate, EdgeShearX/Y or UniformTranslateX/Y instead.')
        if same_geometry and step.branch and kinds & GEOMETRIC:
            raise ValueError(
                f'{step.place} changes the geometry of branch "{step.branch}" alone, but this '
                'method needs views with the same geometry. Move it before MultiBranch.')
        if step.branch and not same_geometry:
            _check_homography(step, kinds, unlabeled)
        if box_labeled:
            _check_box_labels(step, kinds)
        if unlabeled:
            _check_keeps_images_without_boxes(step, kinds)


def _check_homography(step: Step, kinds: set[str], unlabeled: bool) -> None:
    """Refuse a branch whose homography is inexact, or is needed and left behind."""
    for name, exact in EDGE_VERSIONS.items():
        if name in kinds and exact not in kinds:
            raise ValueError(
                f'{step.place} records a homography of pixel indices, which puts what is mapped '
                f'between views up to 0.37 pixels off. Use {exact} with the same settings.')
    if unlabeled and 'PackDetInputs' in kinds and 'homography_matrix' not in _setting(
            step.transform, 'meta_keys', ()):
        raise ValueError(f'{step.place} leaves the homography behind, without which pseudo labels '
                         'cannot be mapped between views. Add "homography_matrix" to meta_keys.')


def _check_box_labels(step: Step, kinds: set[str]) -> None:
    """Refuse views from which a detector could not tell that an image has boxes and no masks."""
    if 'LoadAnnotations' in kinds and _setting(step.transform, 'with_mask', False):
        raise ValueError(f'{step.place} loads masks of images that have boxes alone. Set '
                         'with_mask=False.')
    if 'PackDetInputs' not in kinds:
        return
    if step.branch not in BOX_BRANCHES:
        raise ValueError(f'{step.place} packs images with boxes alone for "{step.branch}", whose '
                         f'losses need masks. Use MultiBranch with the branches {BOX_BRANCHES}.')
    missing = [key for key in BOX_META_KEYS
               if key not in _setting(step.transform, 'meta_keys', ())]
    if missing:
        raise ValueError(f'{step.place} leaves {missing} behind, which learning from boxes needs. '
                         'Add it to meta_keys.')


def _check_keeps_images_without_boxes(step: Step, kinds: set[str]) -> None:
    """Refuse transforms that return None for every image without boxes."""
    if 'RandomCrop' in kinds and not _setting(step.transform, 'allow_negative_crop', False):
        raise ValueError(f'{step.place} drops every image without boxes, so no unlabeled image '
                         'would be left. Set allow_negative_crop=True.')
    if 'FilterAnnotations' in kinds and _setting(step.transform, 'keep_empty', True):
        raise ValueError(f'{step.place} drops every image without boxes, so no unlabeled image '
                         'would be left (mmdet reads keep_empty=True as "drop"). Remove it or '
                         'set keep_empty=False.')


def check_no_empty_masks(pipeline: Sequence[Transform], name: str = 'pipeline') -> None:
    """Refuse masks of unlabeled images that share batches with images that have boxes alone.

    Args:
        pipeline (Sequence[dict or object]): Transforms of a source.
        name (str): Name of the pipeline in messages. Defaults to ``'pipeline'``.

    Raises:
        ValueError: If empty annotations come with masks; mmdet pads masks of all images or none.
    """
    for step in iterate_steps(pipeline, name):
        if ('LoadEmptyAnnotations' in _type_names(step.transform)
                and _setting(step.transform, 'with_mask', False)):
            raise ValueError(f'{step.place} gives masks to images that share a batch with images '
                             'that have boxes alone. Set with_mask=False.')


def check_branch_fields(labeled: Sequence[Transform], unlabeled: Sequence[Transform]) -> None:
    """Refuse pipelines whose branches cannot be put into one batch.

    Args:
        labeled (Sequence[dict or object]): Transforms of the labeled images.
        unlabeled (Sequence[dict or object]): Transforms of the unlabeled images.

    Raises:
        ValueError: If only one has a ``MultiBranch``, or their ``branch_field`` differ.
    """
    first, second = _branch_field(labeled), _branch_field(unlabeled)
    if first != second:
        raise ValueError('MultiBranch.branch_field must be the same list in the labeled and the '
                         f'unlabeled pipeline, got {first} and {second}.')


def _branch_field(pipeline: Sequence[Transform]) -> list[str]:
    """Branch names of the pipeline's MultiBranch, [] where it has none."""
    for step in iterate_steps(pipeline, ''):
        if 'MultiBranch' in _type_names(step.transform):
            return list(_setting(step.transform, 'branch_field', []))
    return []


def iterate_steps(pipeline: Sequence[Transform], place: str, branch: str = '') -> Iterator[Step]:
    """Walk through a pipeline and everything nested in it.

    Args:
        pipeline (Sequence[dict or object]): Configs of transforms, or built transforms.
        place (str): Where the pipeline stands, for messages.
        branch (str): The branch it belongs to, '' before ``MultiBranch``. Defaults to ''.

    Yields:
        Step: Each transform, wrappers before what they wrap.
    """
    for index, transform in enumerate(pipeline):
        kinds = _type_names(transform)
        here = f'{place}[{index}] ({_type_name(transform)})'
        yield Step(transform, here, branch)
        if 'MultiBranch' in kinds:
            for name, inner in _branches(transform).items():
                yield from iterate_steps(_as_list(inner), f'{here}.{name}', name)
        else:
            yield from iterate_steps(_children(transform), here, branch)


def _branches(transform: Transform) -> dict[str, object]:
    """Pipelines of a MultiBranch by branch name."""
    if isinstance(transform, dict):
        return {k: v for k, v in transform.items() if k not in ('type', 'branch_field')}
    return transform.branch_pipelines


def _children(transform: Transform) -> list[Transform]:
    """Transforms that a wrapper (Compose, RandomApply, RandomChoice, ...) holds."""
    return _as_list(_setting(transform, 'transforms', []))


def _as_list(transforms: object) -> list[Transform]:
    """Flatten a transform, a list of them, or lists of lists."""
    if isinstance(transforms, (list, tuple)):
        return [leaf for item in transforms for leaf in _as_list(item)]
    return [transforms]


def _setting(transform: Transform, key: str, default: object) -> object:
    """A foreign transform's setting, from its config or from the built object."""
    if isinstance(transform, dict):
        return transform.get(key, default)
    return vars(transform).get(key, default) if hasattr(transform, '__dict__') else default


def _type_name(transform: Transform) -> str:
    """Class name of a transform."""
    kind = transform['type'] if isinstance(transform, dict) else type(transform)
    return kind.split('.')[-1] if isinstance(kind, str) else kind.__name__


def _type_names(transform: Transform) -> set[str]:
    """Class names of a transform and of what it is derived from."""
    if not isinstance(transform, dict):
        return {kind.__name__ for kind in type(transform).__mro__}
    kind = transform['type']
    return {kind.split('.')[-1]} if isinstance(kind, str) else {k.__name__ for k in kind.__mro__}
