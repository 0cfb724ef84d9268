"""Draw how a teacher's candidates become pseudo labels: the picture of the README.

    python tools/analysis_tools/draw_method_picture.py configs/demo/mask2former_lite0_demo.py \
        work_dirs/demo/seed0/supervised/iter_200.pth --out docs/images/pldc_demo.jpg

One row per unlabeled image: the weak view, the best candidates, the instances after each
pseudo-label hook, and the truth. A hook that adds pixel weights is drawn as the uncertainty of the
pixels. Truth comes from ``data_set.hidden`` of the config. Without ``--images`` the tool takes
images in which the correction changes classes and the pseudo labels are right in the end: the
picture shows what the hooks do, not how often.
"""

import argparse
import json
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

import cv2
import numpy as np
import torch
from matplotlib.figure import Figure
from method_picture import Row, corrected, draw_picture, masks_of
from mmdet.utils import get_test_pipeline_cfg
from mmengine.config import Config, DictAction
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from pycocotools.coco import COCO
from torch import nn

from mmssis.engine.checkpoint import read_checkpoint
from mmssis.evaluation.teacher import load_teacher, stages_of
from mmssis.utils import load_config


class Data(NamedTuple):
    """Unlabeled images and their true labels, which only the picture shows.

    Attributes:
        folder: of the images.
        names: file names of the unlabeled images.
        truth: the file of the hidden labels.
        image_ids: file name to its image id in that file.
    """

    folder: Path
    names: List[str]
    truth: COCO
    image_ids: Dict[str, int]


def read_data(cfg: Config) -> Data:
    """The unlabeled images of a config and the file of their hidden labels.

    Raises:
        SystemExit: if the config has no hidden labels, or a folder in place of a file of images.
    """
    spec = cfg.data_set
    if 'hidden' not in spec or Path(spec.unlabeled).suffix != '.json':
        raise SystemExit('The picture shows the truth too: give a config with data_set.hidden, '
                         'and with a COCO file as data_set.unlabeled.')
    root, prefix = Path(spec.root), cfg.train_dataloader.dataset.unlabeled.data_prefix
    images = json.loads((root / spec.unlabeled).read_text())['images']
    truth = COCO(str(root / spec.hidden))
    return Data(root / prefix.img, [image['file_name'] for image in images], truth,
                {image['file_name']: image['id'] for image in truth.dataset['images']})


def true_instances(data: Data, name: str, classes: Sequence[str], shape: Tuple[int, int]
                   ) -> InstanceData:
    """Masks and labels of an image, at the size of the view."""
    annotations = data.truth.imgToAnns[data.image_ids[name]]
    masks = np.zeros((len(annotations), *shape), bool)
    for mask, annotation in zip(masks, annotations):
        mask[:] = cv2.resize(data.truth.annToMask(annotation), shape[::-1],
                             interpolation=cv2.INTER_NEAREST)
    names = [data.truth.cats[annotation['category_id']]['name'] for annotation in annotations]
    labels = torch.tensor([list(classes).index(name) for name in names], dtype=torch.long)
    return InstanceData(masks=torch.from_numpy(masks), labels=labels)


def row_of(model: nn.Module, pipeline: Compose, data: Data, name: str, classes: Sequence[str]
           ) -> Row:
    """Run teacher and pseudo-label hooks on an image."""
    stages, context = stages_of(model, pipeline, data.folder / name)
    height, width = context.metas[0]['img_shape'][:2]
    view = (context.rgb_images()[0] * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    return Row(view[:height, :width], stages, true_instances(data, name, classes, (height, width)))


def interest(row: Row) -> Tuple[int, int]:
    """Sort key: corrected classes, then instances, of images whose pseudo labels are all right."""
    last = list(row.stages.values())[-1]
    if not len(last) or len(last) > len(row.truth) or (best_overlaps(row) < 0.6).any():
        return (0, 0)
    return 1 + min(int(corrected(last).sum()), 2), len(last)


def best_overlaps(row: Row) -> np.ndarray:
    """IoU of each final pseudo label with the best true instance of its class, (N,)."""
    last, shape = list(row.stages.values())[-1], row.view.shape[:2]
    found, true = (masks_of(instances, shape).reshape(len(instances), -1).astype(np.float32)
                   for instances in (last, row.truth))
    both = found @ true.T
    either = found.sum(1)[:, None] + true.sum(1)[None] - both
    same = (last.labels.cpu()[:, None] == row.truth.labels[None]).numpy()
    return np.where(same, both / np.maximum(either, 1), 0).max(1, initial=0)


def save(figure: Figure, path: Path) -> None:
    """Write the picture and print its size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_jpeg = path.suffix in ('.jpg', '.jpeg')
    figure.savefig(path, dpi=figure.dpi, pil_kwargs=dict(quality=88) if is_jpeg else None)
    print(f'{path}: {path.stat().st_size / 1000:.0f} kB', flush=True)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of a semi-supervised detector')
    parser.add_argument('checkpoint', help='its checkpoint')
    parser.add_argument('--out', type=Path, default=Path('docs/images/pldc_demo.jpg'),
                        help='picture to write, .png or .jpg')
    parser.add_argument('--images', nargs='+', metavar='NAME',
                        help='file names of unlabeled images, one row each')
    parser.add_argument('--rows', type=int, default=3, help='how many images the tool takes')
    parser.add_argument('--search', type=int, default=200,
                        help='from how many, the first of the file of unlabeled images')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction,
                        help='override settings of the config, key=value')
    return parser.parse_args()


def main() -> None:
    """Write the picture."""
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options, check_data=False)
    init_default_scope('mmdet')
    try:
        model, classes = load_teacher(cfg, args.checkpoint, 'cpu')
    except ValueError as error:
        raise SystemExit(str(error)) from error
    iteration = read_checkpoint(args.checkpoint).get('meta', {}).get('iter', 0)
    model.set_clock(iteration, cfg.train_cfg.max_iters)
    pipeline = Compose([step for step in get_test_pipeline_cfg(cfg)
                        if step['type'] != 'LoadAnnotations'])
    data = read_data(cfg)
    rows = {name: row_of(model, pipeline, data, name, classes)
            for name in args.images or data.names[:args.search]}
    names = args.images or sorted(rows, key=lambda name: interest(rows[name]))[:-args.rows - 1:-1]
    print('images:', *names, flush=True)
    save(draw_picture([rows[name] for name in names], classes), args.out)


if __name__ == '__main__':
    main()
