"""Merge COCO splits of one data set into one annotation file, e.g. val and test.

    python tools/dataset_converters/merge_coco_splits.py data/animals val test

reads ``annotations/instances_{val,test}.json`` with images in ``val/`` and ``test/``, and
writes ``annotations/instances_val+test.json``, whose file names are relative to the root.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import List

from mmssis.datasets.checks.coco_validation import read_checked


def merge(root: Path, splits: List[str]) -> dict:
    """Join the splits' images and annotations under new, running ids.

    Args:
        root: folder of the data set.
        splits: names of the splits.

    Returns:
        A COCO dictionary.

    Raises:
        ValueError: if a file has faults, or the splits do not share their categories.
    """
    merged = dict(images=[], annotations=[], categories=None)
    for split in splits:
        coco = read_checked(str(root / f'annotations/instances_{split}.json'), masks=False)
        if merged['categories'] not in (None, coco['categories']):
            raise ValueError(f'{split} has other categories than {splits[0]}')
        merged['categories'] = coco['categories']
        new_ids = {}
        for image in coco['images']:
            new_ids[image['id']] = len(merged['images']) + 1
            merged['images'].append(dict(image, id=new_ids[image['id']],
                                         file_name=f'{split}/{image["file_name"]}'))
        for annotation in coco['annotations']:
            merged['annotations'].append(dict(annotation, id=len(merged['annotations']) + 1,
                                              image_id=new_ids[annotation['image_id']]))
    return merged


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('root', type=Path, help='folder of the data set')
    parser.add_argument('splits', nargs='+', help='splits to merge')
    args = parser.parse_args()
    out = args.root / f'annotations/instances_{"+".join(args.splits)}.json'
    merged = merge(args.root, args.splits)
    out.write_text(json.dumps(merged))
    print(f'{out}: {len(merged["images"])} images, {len(merged["annotations"])} instances')


if __name__ == '__main__':
    try:
        main()
    except ValueError as error:
        sys.exit(f'merge_coco_splits: {error}')
