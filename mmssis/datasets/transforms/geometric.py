"""Rotation, shear and translation with homographies that agree with the pixels."""

import numpy as np
from mmcv.transforms.utils import cache_randomness
from mmdet.datasets.transforms import Rotate, ShearX, ShearY, TranslateX, TranslateY
from mmdet.datasets.transforms.augment_wrappers import _MAX_LEVEL
from mmdet.registry import TRANSFORMS

# From indices of pixels, the first one at 0, to edge coordinates, its centre at 0.5.
INDEX_TO_EDGE = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])


class _EdgeHomography:
    """Turns the homography of a transform of mmdet from pixel indices into edge coordinates.

    mmdet's Resize, RandomFlip and RandomCrop record positions for which the image spans
    [0, w] x [0, h]; Rotate and Shear record those of pixel indices, for which it spans
    [-0.5, w - 0.5]. Multiplied together they are off by up to 0.37 pixels at 30 degrees. The
    pixels move as in mmdet; the recorded matrix, and the boxes that follow it, are put right.
    """

    def _get_homography_matrix(self, results: dict, mag: float) -> np.ndarray:
        """Homography (3, 3) in edge coordinates, float32."""
        of_indices = super()._get_homography_matrix(results, mag)
        return (INDEX_TO_EDGE @ of_indices @ np.linalg.inv(INDEX_TO_EDGE)).astype(np.float32)


class _UniformMagnitude:
    """Draws the magnitude of a transform of mmdet evenly.

    mmdet rounds magnitudes to one decimal: of shifts between 0 and 0.1 of the width, only 0 and
    0.1 are left.
    """

    @cache_randomness
    def _get_mag(self) -> float:
        """Magnitude in [min_mag, max_mag], negative with probability 1 - reversal_prob."""
        share = np.random.random() if self.level is None else self.level / _MAX_LEVEL
        mag = self.min_mag + share * (self.max_mag - self.min_mag)
        return -mag if np.random.random() > self.reversal_prob else mag


@TRANSFORMS.register_module()
class EdgeRotate(_EdgeHomography, Rotate):
    """mmdet's ``Rotate`` about the centre of the image, homography in edge coordinates.

    Settings as in :class:`mmdet.datasets.transforms.Rotate`; ``max_mag`` is the largest angle in
    degrees, in [0, 180]. Boxes become the hulls of their turned corners, clipped to the image, as
    in mmdet; those that left it have no area.
    """


@TRANSFORMS.register_module()
class EdgeShearX(_EdgeHomography, ShearX):
    """mmdet's ``ShearX``, ``x -> x + tan(angle) y``, homography in edge coordinates.

    Settings as in :class:`mmdet.datasets.transforms.ShearX`; ``max_mag`` is the largest angle in
    degrees, in [0, 90). PAIS's released code takes the hyperbolic tangent of the angle instead:
    slopes up to 0.48 at 30 degrees, where the tangent gives 0.58.
    """


@TRANSFORMS.register_module()
class EdgeShearY(_EdgeHomography, ShearY):
    """mmdet's ``ShearY``, ``y -> y + tan(angle) x``, homography in edge coordinates.

    Settings as in :class:`EdgeShearX`.
    """


@TRANSFORMS.register_module()
class UniformTranslateX(_UniformMagnitude, TranslateX):
    """mmdet's ``TranslateX`` by whole pixels, with shifts drawn evenly.

    Settings as in :class:`mmdet.datasets.transforms.TranslateX`; ``max_mag`` is the largest shift
    as a fraction of the width, in [0, 1].
    """


@TRANSFORMS.register_module()
class UniformTranslateY(_UniformMagnitude, TranslateY):
    """mmdet's ``TranslateY`` by whole pixels, with shifts drawn evenly.

    Settings as in :class:`UniformTranslateX`, as a fraction of the height.
    """
