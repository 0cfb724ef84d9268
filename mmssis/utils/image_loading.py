"""How images are read, written once in a config."""

from typing import Any, Iterator

from mmengine.config import Config, ConfigDict

LOADER = 'LoadImageRobust'


def apply_image_loading(cfg: Config) -> None:
    """Write ``cfg.image_loading`` to every ``LoadImageRobust``, in place, and take the key out.

    Args:
        cfg: any config.

    Raises:
        ValueError: if no pipeline has a ``LoadImageRobust``.
    """
    settings = cfg.pop('image_loading', None)
    if not settings:
        return
    loaders = list(_loaders(cfg._cfg_dict))
    if not loaders:
        raise ValueError(f'image_loading = {dict(settings)} is read by nothing: no pipeline has a '
                         f'{LOADER}. Put it in place of LoadImageFromFile')
    for loader in loaders:
        loader.update(settings)


def _loaders(node: Any) -> Iterator[ConfigDict]:
    """The loaders in nested dicts and lists."""
    if isinstance(node, dict):
        if node.get('type') == LOADER:
            yield node
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from _loaders(child)
