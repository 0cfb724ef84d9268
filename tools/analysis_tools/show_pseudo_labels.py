"""Draw what a teacher's candidates become, one picture per stage, for given images.

    python tools/analysis_tools/show_pseudo_labels.py CONFIG CHECKPOINT IMAGES... --out-dir shown

For each image a PNG with the weak view, the best candidates, the instances after each
pseudo-label hook and the pixel uncertainty; and a line with the number of instances per stage.
The weak view is the config's test-time resize, without flip or crop. Folders are read as in
training, with their sub-folders, which the pictures keep. An image that cannot be read is named,
all others are drawn, and the exit status is 1.
"""

import argparse
import os
from pathlib import Path
from typing import Dict, List, Tuple

import torch
from mmdet.utils import get_test_pipeline_cfg
from mmengine.config import Config, DictAction
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from torch import nn

from mmssis.datasets.checks.coco_validation import shorten
from mmssis.datasets.image_errors import UnreadableImageError
from mmssis.datasets.image_folder import list_folder
from mmssis.engine.trained_model import load_trained_model
from mmssis.evaluation import draw_stages, picture_names, write_picture
from mmssis.offline import image_loader
from mmssis.structures import PseudoLabelContext
from mmssis.utils import load_config


def build_model(cfg: Config, checkpoint: str, device: str) -> Tuple[nn.Module, Tuple[str, ...]]:
    """Build the config's detector with a checkpoint's weights and prepare its hooks.

    Args:
        cfg: config of a semi-supervised detector.
        checkpoint: weights of the whole detector, or of a plain one for student and teacher.
        device: 'cpu', 'cuda:0', ...

    Returns:
        The detector in eval mode and the class names.

    Raises:
        SystemExit: if the checkpoint cannot be read or does not fit.
    """
    try:
        model, classes = load_trained_model(cfg, checkpoint, 'teacher')
    except ValueError as error:
        raise SystemExit(str(error)) from error
    model.prepare(classes)
    return model.to(device).eval(), classes


def set_progress(model: nn.Module, progress: float) -> None:
    """Set the detector's clock to a share of the semi-supervised phase, in [0, 1]."""
    steps = 10_000
    model.end_burn_in(0)
    model.set_clock(round(progress * steps), steps)


def list_images(paths: List[str]) -> List[Path]:
    """The given files, and the images of the given folders as a training lists them.

    Raises:
        FileNotFoundError: if a path does not exist or no image is found.
    """
    found, left_out = [], []
    for path in paths:
        if not os.path.lexists(path):
            raise FileNotFoundError(f'{path} does not exist: give image files or folders')
        if os.path.isdir(path):
            listing = list_folder(path)
            found += listing.paths
            left_out.append(f'{path}: {listing}')
        else:
            found.append(path)
    if not found:
        raise FileNotFoundError(f'no image among {paths} ({"; ".join(left_out)})')
    return [Path(path) for path in dict.fromkeys(map(os.path.abspath, found))]


def stages_of(model: nn.Module, pipeline: Compose, image: Path
              ) -> Tuple[Dict[str, InstanceData], PseudoLabelContext]:
    """Instances of one image after each stage, and the context they were made in."""
    packed = pipeline(dict(img_path=str(image), img_id=0))
    batch = model.data_preprocessor(
        dict(inputs=[packed['inputs']], data_samples=[packed['data_samples']]), False)
    stages = {name: instances[0] for name, instances in
              model.pseudo_label_stages(batch['inputs'], batch['data_samples'])}
    return stages, model.context_of(batch['inputs'], batch['data_samples'])


def draw_image(model: nn.Module, pipeline: Compose, image: Path, classes: Tuple[str, ...],
               out_file: Path, max_candidates: int) -> str:
    """Write the picture of one image.

    Returns:
        A line with the image's name and the number of instances after each stage.
    """
    stages, context = stages_of(model, pipeline, image)
    view = (context.rgb_images()[0] * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    picture = draw_stages(view, stages, classes, max_candidates=max_candidates,
                          img_shape=tuple(context.metas[0]['img_shape'][:2]))
    write_picture(out_file, picture)
    counts = ', '.join(f'{name} {len(instances)}' for name, instances in stages.items())
    return f'{image.name}: {counts} -> {out_file}'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of a semi-supervised detector')
    parser.add_argument('checkpoint', help='its checkpoint')
    parser.add_argument('images', nargs='+', help='image files or folders')
    parser.add_argument('--out-dir', type=Path, default=Path('pseudo_labels'),
                        help='folder of the pictures')
    parser.add_argument('--progress', type=float, default=0.0,
                        help='progress of the semi-supervised phase in [0, 1], which sets the '
                        'weight of CLIP in category correction')
    parser.add_argument('--max-candidates', type=int, default=20,
                        help='how many candidates are drawn, best class score first')
    parser.add_argument('--device', default='cuda:0' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction,
                        help='override settings of the config, key=value')
    args = parser.parse_args()
    if not 0 <= args.progress <= 1:
        parser.error(f'--progress {args.progress}: give a number in [0, 1]')
    return args


def main() -> None:
    """Draw all images."""
    args = parse_args()
    images = list_images(args.images)
    cfg = load_config(args.config, args.cfg_options, check_data=False)
    init_default_scope('mmdet')
    model, classes = build_model(cfg, args.checkpoint, args.device)
    set_progress(model, args.progress)
    steps = get_test_pipeline_cfg(cfg)
    pipeline = Compose([image_loader(steps), *(step for step in steps
                                               if not str(step['type']).startswith('Load'))])
    unreadable = []
    for image, name in picture_names(images).items():
        try:
            print(draw_image(model, pipeline, image, classes, args.out_dir / name,
                             args.max_candidates), flush=True)
        except UnreadableImageError as error:
            print(error, flush=True)
            unreadable.append(str(image))
    if unreadable:
        raise SystemExit(f'{len(unreadable)} of {len(images)} images could not be read: '
                         f'{shorten(unreadable)}. All others are drawn.')


if __name__ == '__main__':
    main()
