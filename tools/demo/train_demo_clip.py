"""Train the demo's small CLIP: an image and a text tower, contrastively, on crops with captions.

    python tools/demo/train_demo_clip.py work_dirs/demo/clip

writes ``demo_clip.json`` (an open_clip model config) and ``demo_clip.pt`` (its weights), which
``ClipRegionClassifier(model='.../demo_clip.json', pretrained='.../demo_clip.pt')`` loads. Its
images come from scenes of their own, none of which the detector sees; all categories are equally
frequent in them. It stands for a CLIP of the world's images: one that knows the categories from
elsewhere.
"""

import argparse
import json
import math
import time
from pathlib import Path
from typing import Iterator, List, NamedTuple

import cv2
import numpy as np
import open_clip
import torch
import torch.nn.functional as F
from demo_shapes import SHAPE_CLASSES, category_frequencies, render_scene
from demo_shapes_coco import scene_generator
from open_clip.loss import ClipLoss
from torch import Tensor, nn

from mmssis.models.clip.lite0_weights import load_efficientnet_lite0

MODEL_NAME = 'demo_clip'
CROP_SIZE = 64
# EfficientNet-Lite0 starts from ImageNet: minutes on a CPU are too short to start from scratch. 77
# tokens, as CLIP has, would be mostly padding.
MODEL_CONFIG = dict(
    embed_dim=64,
    vision_cfg=dict(image_size=CROP_SIZE, timm_model_name='tf_efficientnet_lite0',
                    timm_model_pretrained=False, timm_pool='avg', timm_proj='linear'),
    text_cfg=dict(context_length=20, vocab_size=49408, width=64, heads=2, layers=2))


class CaptionedCrops(NamedTuple):
    """Crops with what their captions are made of.

    Args:
        images: (N, 3, S, S) uint8, RGB.
        categories: (N,) indices into ``SHAPE_CLASSES``.
        colours, textures: names, one for each crop.
    """

    images: Tensor
    categories: np.ndarray
    colours: List[str]
    textures: List[str]


def cut_crop(image: np.ndarray, box: np.ndarray, context: float) -> np.ndarray:
    """Cut the square around a box, as far as the image reaches, as the region classifier does.

    Args:
        image: (H, W, 3) uint8 BGR.
        box: (4,), x1, y1, x2, y2 in pixels.
        context: side of the square over the longer side of the box.

    Returns:
        (S, S, 3) uint8 RGB; at the border of the image a rectangle is stretched to the square.
    """
    centre = (box[:2] + box[2:]) / 2
    side = context * (box[2:] - box[:2]).max()
    low = np.maximum(centre - side / 2, 0)
    high = np.minimum(centre + side / 2, image.shape[1::-1])
    scale = CROP_SIZE / (high - low)
    # OpenCV's coordinates are 0 at the centre of the first pixel, those of the box at its edge.
    shift = (0.5 - low) * scale - 0.5
    matrix = np.array([[scale[0], 0, shift[0]], [0, scale[1], shift[1]]])
    crop = cv2.warpAffine(image, matrix, (CROP_SIZE, CROP_SIZE), flags=cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)
    return cv2.cvtColor(crop, cv2.COLOR_BGR2RGB)


def render_crops(seed: int, stream: str, num_scenes: int, image_size: int) -> CaptionedCrops:
    """Draw scenes and cut out their objects, boxes a little off as a detector's are.

    Args:
        seed: seed of the scenes.
        stream: name of the set; other names give other scenes.
        num_scenes: how many, about 4.5 objects each.
        image_size: side of a scene in pixels, as the detector sees it.

    Returns:
        The crops, a few fewer or more from seed to seed.
    """
    equal = category_frequencies(0.0)
    crops, categories, colours, textures = [], [], [], []
    for index in range(num_scenes):
        rng = scene_generator(seed, stream, index)
        scene = render_scene(rng, image_size, equal)
        for instance in scene.instances:
            x1, y1, x2, y2 = instance.box
            slack = 0.12 * max(x2 - x1, y2 - y1)
            box = np.array([x1, y1, x2, y2]) + rng.uniform(-slack, slack, 4)
            crops.append(cut_crop(scene.image, box, context=rng.uniform(1.0, 1.4)))
            categories.append(instance.category)
            colours.append(instance.colour)
            textures.append(instance.texture)
        if (index + 1) % 200 == 0 or index + 1 == num_scenes:
            print(f'CLIP data: {index + 1}/{num_scenes} scenes', flush=True)
    images = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).contiguous()
    return CaptionedCrops(images, np.array(categories), colours, textures)


def write_caption(rng: np.random.Generator, name: str, colour: str, texture: str) -> str:
    """A caption that names the category and, each once in four times, colour and texture.

    More often, the colour would be an easier way to tell the captions apart than the shape.
    """
    words = [word for word in (colour, texture) if rng.random() < 0.25]
    phrase = ' '.join([*words, name])
    return f'{rng.choice(["a photo of a", "a picture of a", "an image with a", "a"])} {phrase}.'


def distinct_groups(rng: np.random.Generator, categories: np.ndarray, num_groups: int
                    ) -> Iterator[np.ndarray]:
    """Draw groups of one crop of every category, without end.

    A contrastive loss takes every other caption of its batch as wrong. In a batch of many crops
    most categories occur several times and their captions agree; within a group of distinct
    categories no caption is right for two crops, and every look-alike is there to be told apart.

    Args:
        rng: source of the draws.
        categories: (N,) category of each crop; each must occur.
        num_groups: groups in one batch.

    Yields:
        (num_groups, K) indices of crops.
    """
    pools = [np.flatnonzero(categories == k) for k in range(len(SHAPE_CLASSES))]
    while True:
        yield np.stack([rng.choice(pool, num_groups) for pool in pools], axis=1)


def normalise(images: Tensor) -> Tensor:
    """CLIP's own normalisation of uint8 RGB images (N, 3, S, S)."""
    mean = torch.tensor(open_clip.OPENAI_DATASET_MEAN).view(3, 1, 1)
    std = torch.tensor(open_clip.OPENAI_DATASET_STD).view(3, 1, 1)
    return (images.float() / 255 - mean) / std


def turn_and_flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Turn each image of (N, 3, S, S) by a random angle and mirror half of them."""
    angles = 2 * math.pi * torch.rand(len(images), generator=generator)
    mirror = 1 - 2 * torch.randint(0, 2, (len(images),), generator=generator)
    cos, sin, zero = angles.cos(), angles.sin(), torch.zeros_like(angles)
    matrices = torch.stack([torch.stack([mirror * cos, -sin, zero], dim=1),
                            torch.stack([mirror * sin, cos, zero], dim=1)], dim=1)
    grid = F.affine_grid(matrices, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode='reflection', align_corners=False)


def contrastive_loss(image_features: Tensor, text_features: Tensor, scale: Tensor,
                     num_groups: int) -> Tensor:
    """CLIP's loss within each group of distinct captions, averaged over groups.

    Args:
        image_features, text_features: (G * K, D), unit length, group after group.
        scale: the learned logit scale.
        num_groups: G.
    """
    loss = ClipLoss()
    pairs = zip(image_features.chunk(num_groups), text_features.chunk(num_groups))
    return torch.stack([loss(images, texts, scale) for images, texts in pairs]).mean()


def create_clip(config_path: Path) -> nn.Module:
    """Build the CLIP of a config file, the image tower with its ImageNet weights."""
    open_clip.add_model_config(config_path)
    model = open_clip.create_model(config_path.stem)
    weights = load_efficientnet_lite0()
    trunk = model.visual.trunk
    trunk.load_state_dict({name: weights[name] for name in trunk.state_dict()})
    # Depthwise convolutions on a CPU take half the time in this layout.
    return model.to(memory_format=torch.channels_last)


def train_clip(model: nn.Module, crops: CaptionedCrops, steps: int, num_groups: int,
               learning_rate: float, seed: int) -> None:
    """Train a CLIP in place: AdamW, short warm-up, cosine decay.

    Args:
        model: an open_clip model.
        crops: training data; every category must occur.
        steps: number of updates, >= 1.
        num_groups: a batch has this many crops of every category.
        learning_rate: the highest.
        seed: of batches, captions and views.
    """
    tokenizer = open_clip.get_tokenizer(MODEL_NAME)
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.02)
    batches = distinct_groups(rng, crops.categories, num_groups)
    start = time.time()
    model.train()
    for step in range(steps):
        warm_up, cosine = (step + 1) / 20, 0.5 * (1 + math.cos(math.pi * step / steps))
        optimizer.param_groups[0]['lr'] = learning_rate * min(warm_up, cosine)
        index = next(batches).ravel()
        captions = [write_caption(rng, SHAPE_CLASSES[crops.categories[i]], crops.colours[i],
                                  crops.textures[i]) for i in index]
        views = turn_and_flip(normalise(crops.images[index]), generator)
        features = model(views.contiguous(memory_format=torch.channels_last),
                         tokenizer(captions))
        loss = contrastive_loss(*features, num_groups)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, math.log(100))
        if (step + 1) % 20 == 0 or step + 1 == steps:
            left = (time.time() - start) / (step + 1) * (steps - step - 1)
            print(f'CLIP training: step {step + 1}/{steps}, loss {loss.item():.3f}, '
                  f'{left:.0f} s left', flush=True)


@torch.no_grad()
def zero_shot_accuracy(model: nn.Module, crops: CaptionedCrops) -> float:
    """Share of crops whose nearest text "a photo of a {category}." is right."""
    model.eval()
    texts = open_clip.get_tokenizer(MODEL_NAME)([f'a photo of a {c}.' for c in SHAPE_CLASSES])
    text_features = model.encode_text(texts, normalize=True)
    predicted = torch.cat([
        (model.encode_image(normalise(images), normalize=True) @ text_features.T).argmax(1)
        for images in crops.images.split(256)
    ])
    return float((predicted.numpy() == crops.categories).mean())


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('out', type=Path, help='folder to write')
    parser.add_argument('--seed', type=int, default=1000, help='default: 1000')
    parser.add_argument('--scenes', type=int, default=1200, help='training scenes')
    parser.add_argument('--size', type=int, default=128, help='side of a scene in pixels')
    parser.add_argument('--steps', type=int, default=300, help='number of updates')
    parser.add_argument('--groups', type=int, default=10,
                        help='a batch has this many crops of each category')
    parser.add_argument('--lr', type=float, default=1e-3, help='highest learning rate')
    return parser.parse_args()


def main() -> None:
    """Render, train, measure, write."""
    args = parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    config_path = args.out / f'{MODEL_NAME}.json'
    config_path.write_text(json.dumps(MODEL_CONFIG, indent=2))
    torch.manual_seed(args.seed)
    model = create_clip(config_path)
    train_clip(model, render_crops(args.seed, 'clip train', args.scenes, args.size), args.steps,
               args.groups, args.lr, args.seed)
    held_out = render_crops(args.seed, 'clip val', max(args.scenes // 8, 1), args.size)
    accuracy = zero_shot_accuracy(model, held_out)
    print(f'CLIP: {100 * accuracy:.1f} % of {len(held_out.images)} held-out crops right')
    torch.save(model.state_dict(), args.out / f'{MODEL_NAME}.pt')


if __name__ == '__main__':
    main()
