"""Frozen CLIP that names regions of an image."""

from typing import Dict, Optional, Sequence, Tuple

import open_clip
import torch
import torch.nn.functional as F
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmssis.ops import sigmoid_class_probs

from .crops import RegionCropper, has_region
from .mask_pooling import check_dense_tower, mask_pooled_features
from .open_clip_names import check_pretrained, load_tokenizer, register_model
from .open_clip_weights import load_clip
from .region_classifier import RegionClassifier, silence
from .templates import PHOTO_TEMPLATES, check_templates, class_sentences

TEXT_BATCH = 64


@MODELS.register_module()
class ClipRegionClassifier(RegionClassifier):
    """Class probabilities of regions by CLIP (PL-DC Eq. 6).

    ``softmax(s * cos(x, t_k))`` over the classes k, with the embedding x of the region, t_k of
    the class's text and CLIP's logit scale s, at most 100. The paper's setting is the default:
    OpenAI's RN50, crops of 224 x 224. The released code's is ``mode='mask_pool'`` with
    ``model='convnext_large_d_320'``, ``pretrained='laion2b_s29b_b131k_ft_soup'``, five sentences
    per class in ``descriptions``, ``sentence_pooling='softmax'`` and ``normalize=False``.

    A model with a logit bias b, such as SigLIP, was trained with independent sigmoids: its scores
    ``sigmoid(s * cos(x, t_k) + b)``, with s as it is, are divided by their sum.

    Args:
        model: name of an open_clip model, or path of a model config in open_clip's JSON format.
        pretrained: tag of open_clip's weights, or path of a local file.
        tag: for a local file of a model whose weights differ in activation or mean colour: the
            tag of open_clip that they are or were fine-tuned from.
        templates: prompts with ``{}`` for the class name.
        descriptions: JSON file, class name -> list of sentences that replace the templates.
        sentence_pooling: 'mean' averages the L2-normalised text embeddings of a class; 'softmax'
            weighs the logit of each sentence l_j by softmax(l)_j (released code).
        mode: 'crop' embeds one crop per region; 'mask_pool' pools one dense forward of the whole
            image under the masks, see :mod:`.mask_pooling`.
        context: crop: factor by which a box grows, >= 1.
        square: crop: grow a box to a square instead of squeezing it into one; CLIP was trained
            with the aspect ratio kept.
        mask_out: crop: fill the surroundings of the mask with CLIP's mean colour.
        min_size: crop: smallest side of a box in pixels of the network input.
        largest_part: crop: take the box of the largest connected part of a mask; stray pixels
            blow the tight box up.
        normalize: normalise the input with CLIP's statistics. False feeds raw 0-255 values as
            the released code does, probably by mistake.
        batch_size: crops that run through CLIP at once.
        dtype: 'float32', 'bfloat16', or 'auto': bfloat16 on GPUs that have it.
    """

    def __init__(self,
                 model: str = 'RN50',
                 pretrained: str = 'openai',
                 templates: Sequence[str] = PHOTO_TEMPLATES,
                 descriptions: Optional[str] = None,
                 sentence_pooling: str = 'mean',
                 mode: str = 'crop',
                 context: float = 1.0,
                 square: bool = True,
                 mask_out: bool = False,
                 min_size: float = 8.0,
                 normalize: bool = True,
                 batch_size: int = 256,
                 dtype: str = 'auto',
                 largest_part: bool = False,
                 tag: Optional[str] = None) -> None:
        super().__init__(dtype)
        check_pretrained(model, pretrained, tag)
        check_templates(templates)
        for name, value, choices in (('mode', mode, ('crop', 'mask_pool')),
                                     ('sentence_pooling', sentence_pooling, ('mean', 'softmax'))):
            if value not in choices:
                raise ValueError(f'{name} = {value!r} of ClipRegionClassifier: give one of '
                                 f'{choices}')
        if mode == 'mask_pool' and (context != 1 or not square or mask_out or largest_part):
            raise ValueError('context, square, mask_out and largest_part of ClipRegionClassifier '
                             "need mode='crop': mode='mask_pool' crops nothing")
        self.model = model
        self.pretrained = pretrained
        self.tag = tag
        self.templates = tuple(templates)
        self.descriptions = descriptions
        self.sentence_pooling = sentence_pooling
        self.mode = mode
        self.normalize = normalize
        self.cropper = RegionCropper(context, square, mask_out, min_size, batch_size,
                                     largest_part)

    def load(self, classes: Tuple[str, ...]) -> Tuple[nn.Module, Dict[str, Tensor]]:
        """Load CLIP, embed the classes and keep only the image tower."""
        clip = load_clip(self.model, self.pretrained, self.tag).eval()
        if self.mode == 'mask_pool':
            check_dense_tower(clip.visual)
        text, described = self.embed_classes(clip, classes)
        statistics = open_clip.get_model_preprocess_cfg(clip)
        size = statistics['size']
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        return clip.visual, dict(
            text=text, described=described, **_logit_constants(clip),
            mean=torch.tensor(statistics['mean']), std=torch.tensor(statistics['std']),
            covers=torch.ones(len(classes), dtype=torch.bool))

    @torch.no_grad()
    def embed_classes(self, clip: nn.Module, classes: Sequence[str]) -> Tuple[Tensor, Tensor]:
        """Embed the sentences of each class.

        Args:
            clip: the model with its text tower.
            classes: K names.

        Returns:
            L2-normalised embeddings (K, J, D), zero where a class has fewer than J sentences,
            and which of them exist, bool (K, J). J is 1 for ``sentence_pooling='mean'``.
        """
        sentences = class_sentences(classes, self.templates, self.descriptions)
        tokenizer = load_tokenizer(register_model(self.model))
        tokens = tokenizer([text for texts in sentences for text in texts])
        features = torch.cat([
            clip.encode_text(chunk, normalize=True) for chunk in tokens.split(TEXT_BATCH)])
        per_class = features.float().split([len(texts) for texts in sentences])
        if self.sentence_pooling == 'mean':
            per_class = [F.normalize(each.mean(0, keepdim=True), dim=-1) for each in per_class]
        described = nn.utils.rnn.pad_sequence(
            [torch.ones(len(each), dtype=torch.bool) for each in per_class], batch_first=True)
        return nn.utils.rnn.pad_sequence(list(per_class), batch_first=True), described

    def classify(self, network: nn.Module, images: Tensor,
                 instances: Sequence[InstanceData]) -> Tensor:
        """Class probabilities (N, K); uniform for an empty mask."""
        if self.mode == 'crop':
            crops = self.cropper.batches(images, instances, self.size, self.constants['mean'])
            features = torch.cat([_embed(network, self.preprocess(batch)) for batch in crops])
            has_opinion = has_region(instances)
        else:
            features = mask_pooled_features(network, self.preprocess(images), instances)
            has_opinion = torch.cat([found.masks.flatten(1).any(1) for found in instances])
        return silence(self.class_probs(features), has_opinion)

    def preprocess(self, images: Tensor) -> Tensor:
        """Bring RGB images in [0, 1] to CLIP's input range."""
        if not self.normalize:
            return images * 255
        mean, std = (self.constants[name].view(3, 1, 1) for name in ('mean', 'std'))
        return (images - mean) / std

    def class_probs(self, features: Tensor) -> Tensor:
        """Compare region embeddings (N, D) with the text of the classes, to (N, K)."""
        text, described = self.constants['text'], self.constants['described']
        with torch.autocast(features.device.type, enabled=False):
            features = F.normalize(features.float(), dim=-1)
            logits = self.constants['logit_scale'] * torch.einsum('nd,kjd->nkj', features, text)
            shares = logits.masked_fill(~described, float('-inf')).softmax(dim=-1)
            logits = (logits * shares).sum(-1)
            if 'logit_bias' in self.constants:
                return sigmoid_class_probs(logits + self.constants['logit_bias'])
            return logits.softmax(dim=-1)


def _logit_constants(clip: nn.Module) -> Dict[str, Tensor]:
    """Logit scale, at most 100 as in CLIP's paper, or scale and bias of a sigmoid model."""
    trained = dict(clip.named_parameters())
    scale = clip.logit_scale.detach().float().exp()
    if 'logit_bias' not in trained:
        return dict(logit_scale=scale.clamp(max=100))
    return dict(logit_scale=scale, logit_bias=trained['logit_bias'].detach().float())


def _embed(tower: nn.Module, images: Tensor) -> Tensor:
    """Image embeddings (n, D), as ``encode_image`` gives them without normalisation."""
    features = tower(images)
    # CoCa's tower returns its tokens beside the embedding.
    return features[0] if isinstance(features, tuple) else features
