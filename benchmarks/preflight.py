"""The checks of the data before training, beside mmdet's own reading of them.

    python benchmarks/preflight.py

Writes a COCO file of 20,000 images with polygons (seeded) and reads it in fresh processes: with
mmdet's ``CocoDataset`` alone, and with every check of the preflight that looks at data after it.
Goal: no more time than ``CocoDataset``, no more extra memory than the file is large.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict

import numpy as np
from mmdet.datasets import CocoDataset
from mmengine.utils import mkdir_or_exist

from mmssis.datasets.checks import run_data
from mmssis.utils.coco_file import scan_coco

CLASSES = tuple(f'class {i}' for i in range(80))
HEIGHT, WIDTH = 480, 640


def write_data(folder: Path, num_images: int) -> None:
    """Write an annotation file, about 5 kB for each image, and files in place of its images.

    Args:
        folder: where; ``labeled.json`` and ``images/`` are made.
        num_images: number of images, with 0 to 14 instances each.
    """
    rng = np.random.default_rng(0)
    mkdir_or_exist(folder / 'images')
    images, annotations = [], []
    for image_id in range(1, num_images + 1):
        name = f'{image_id:012d}.jpg'
        (folder / 'images' / name).write_bytes(b'0')
        images.append(dict(id=image_id, file_name=name, height=HEIGHT, width=WIDTH))
        for _ in range(rng.integers(0, 15)):
            annotations.append(dict(_instance(rng), id=len(annotations) + 1, image_id=image_id))
    categories = [dict(id=i, name=name) for i, name in enumerate(CLASSES, 1)]
    content = dict(images=images, annotations=annotations, categories=categories)
    (folder / 'labeled.json').write_text(json.dumps(content))


def _instance(rng: np.random.Generator) -> Dict[str, object]:
    """A round outline of 3 to 60 points somewhere on the image."""
    radius = rng.uniform(4, 100)
    centre = rng.uniform(radius, [WIDTH - radius, HEIGHT - radius])
    angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 61)))
    points = (centre + radius * np.stack([np.cos(angles), np.sin(angles)], 1)).round(2)
    low, size = points.min(0), np.ptp(points, axis=0)
    return dict(
        category_id=int(rng.integers(1, len(CLASSES) + 1)), iscrowd=0,
        bbox=[float(value) for value in (*low, *size.round(2))],
        area=float((size[0] * size[1]).round(2)), segmentation=[points.flatten().tolist()])


def read(folder: Path, checks: bool) -> Dict[str, float]:
    """Read the data as a run does.

    Args:
        folder: what :func:`write_data` made.
        checks: whether to check them as well.

    Returns:
        Seconds of processor time of the data set and of the checks, peak memory in MB.
    """
    path = folder / 'labeled.json'
    start = time.process_time()
    if checks:
        scan_coco(path)
    scanned = time.process_time()
    dataset = CocoDataset(
        ann_file=str(path), data_prefix=dict(img=str(folder / 'images')),
        metainfo=dict(classes=CLASSES), filter_cfg=dict(filter_empty_gt=True), pipeline=[])
    built = time.process_time()
    if checks:
        data = run_data.RunData(dict(labeled=dataset), None, CLASSES)
        problems = [problem for check in (
            run_data.check_annotation_files, run_data.check_masks, run_data.check_categories,
            run_data.check_overlap, run_data.check_images) for problem in check(data)]
        run_data.account_for(data, {})
        assert not problems, problems
    checked = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return dict(dataset=built - scanned, checks=scanned - start + checked - built, peak=peak)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--images', type=int, default=20_000, help='number of images')
    parser.add_argument('--read', choices=['alone', 'checked'], help=argparse.SUPPRESS)
    parser.add_argument('--folder', type=Path, help='where the data lie, or are to be written')
    args = parser.parse_args()
    if args.read:
        print(json.dumps(read(args.folder, args.read == 'checked')))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        if not (folder / 'labeled.json').exists():
            write_data(folder, args.images)
        alone, checked = (json.loads(subprocess.run(
            [sys.executable, __file__, '--folder', str(folder), '--read', way],
            check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])
            for way in ('alone', 'checked'))
        size = (folder / 'labeled.json').stat().st_size / 2**20
    print(f'file of {size:.0f} MB, {args.images} images')
    print(f'CocoDataset: {alone["dataset"]:.1f} s of processor time, peak {alone["peak"]:.0f} MB')
    ratio, more = checked['checks'] / checked['dataset'], checked['peak'] - alone['peak']
    print(f'checks:      {checked["checks"]:.1f} s ({ratio:.2f} of CocoDataset in that process), '
          f'peak {checked["peak"]:.0f} MB (+{more:.0f} MB)')


if __name__ == '__main__':
    main()
