"""Why images of a data set are not where they were looked for."""

import os
from typing import Optional, Sequence

SKIP = ('Restore them, or set on_unreadable="skip" in train_dataloader.dataset and load with '
        'LoadImageRobust.')
# A look into other folders may take as long as listing so many.
MAX_FOLDERS = 2000


def missing_images_remedy(missing: Sequence[str], num_images: int) -> str:
    """What to do about images that are missing or unreadable.

    Args:
        missing: their paths, at least one.
        num_images: number of images of the set.

    Returns:
        The likely cause and its remedy.
    """
    slashes = [path for path in missing if '\\' in path
               and os.path.isfile(path.replace('\\', '/'))]
    if slashes:
        return (f'"file_name" has back-slashes, as on Windows, in {len(slashes)} of them: write '
                f'/ instead, as in {slashes[0]!r}, which is there with /.')
    if len(missing) < num_images or any(map(os.path.exists, missing)):
        return SKIP
    folder = os.path.commonpath([os.path.dirname(path) or '.' for path in missing])
    found = _found_elsewhere(missing[0], folder)
    text = (f'Not one image is there, so the folder is likely wrong: {folder} was looked in, which '
            f'data_set.root and data_set.image_dirs make with "file_name"')
    if found is None:
        return f'{text}. Correct data_set.image_dirs.'
    return (f'{text}; {os.path.basename(found)} is in {os.path.dirname(found)}. Correct '
            'data_set.image_dirs.')


def _found_elsewhere(path: str, folder: str) -> Optional[str]:
    """A file of the same name below the nearest folder that there is, or None."""
    top = folder
    while not os.path.isdir(top) and os.path.dirname(top) != top:
        top = os.path.dirname(top) or '.'
    name = os.path.basename(path.replace('\\', '/'))
    for start in dict.fromkeys((top, os.path.dirname(top) or top)):
        for number, (inner, folders, names) in enumerate(os.walk(start)):
            if name in names:
                return os.path.join(inner, name)
            if number >= MAX_FOLDERS:
                break
            folders.sort()
    return None
