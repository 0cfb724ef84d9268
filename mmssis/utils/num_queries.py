"""The number of queries, written once in a config."""

from typing import Any, Iterator, Tuple

from mmengine.config import Config, ConfigDict

from .settings import check_range


def apply_num_queries(cfg: Config) -> None:
    """Write ``cfg.num_queries`` to the model, in place, and take the key out.

    It is the largest number of instances that Mask2Former (``num_queries``) or K-Net
    (``num_kernels``) finds in an image, and the largest number in its predictions.

    Args:
        cfg: any config.

    Raises:
        ValueError: if it is no whole number >= 1, or the model has no queries.
    """
    number = cfg.pop('num_queries', None)
    if number is None:
        return
    check_range('num_queries', number, 1, whole=True)
    places = list(_places(cfg.model))
    if not places:
        raise ValueError(f'num_queries = {number} is read by nothing: a '
                         f'{cfg.model.get("detector", cfg.model).type} has no queries, leave it '
                         'out')
    for node, key in places:
        node[key] = number


def _places(node: Any) -> Iterator[Tuple[ConfigDict, str]]:
    """Dicts with a number of queries, and their keys."""
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from _places(child)
    if not isinstance(node, dict):
        return
    for head, key, most in (('panoptic_head', 'num_queries', 'max_per_image'),
                            ('kernel_head', 'num_kernels', 'max_per_img')):
        if key in (node.get(head) or {}):
            yield node[head], key
            node.setdefault('test_cfg', ConfigDict())
            yield node.test_cfg, most
    for child in list(node.values()):
        yield from _places(child)
