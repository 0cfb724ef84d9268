"""What converters to COCO print and write."""

import json
from pathlib import Path
from typing import Union


def print_progress(done: int, total: int) -> None:
    """One line that counts the images.

    Args:
        done (int): Images converted so far.
        total (int): All images.
    """
    if done % 25 == 0 or done == total:
        print(f'\r{done}/{total} images', end='' if done < total else '\n', flush=True)


def write_coco(path: Union[str, Path], content: dict) -> None:
    """Write a COCO file and say what is in it.

    Args:
        path (str | Path): File to write.
        content (dict): ``images``, ``annotations``, ``categories``.
    """
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(content, file)
    print(f'{path}: {len(content["images"])} images, {len(content["annotations"])} instances')
