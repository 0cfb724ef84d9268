"""What converters to COCO write."""

import json
from pathlib import Path
from typing import Union


def write_coco(path: Union[str, Path], content: dict) -> None:
    """Write a COCO file and say what is in it.

    Args:
        path (str | Path): File to write.
        content (dict): ``images``, ``annotations``, ``categories``.
    """
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(content, file)
    print(f'{path}: {len(content["images"])} images, {len(content["annotations"])} instances')
