"""What labeling says at its end."""

from typing import Any, Dict, Optional

from .doubts import doubts
from .label_statistics import LabelStatistics


def print_report(provenance: Dict[str, Any], labeled: LabelStatistics, box_thr: Optional[float],
                 pixel_thr: Optional[float]) -> None:
    """Print thresholds and counts by class, and what speaks against training on the labels.

    Args:
        provenance: from :func:`~mmssis.offline.annotations.write_annotations`.
        labeled: of the labeled images.
        box_thr: threshold that was set for all classes; None for matched ones.
        pixel_thr: threshold that was set for pixels; None for a matched one.
    """
    thresholds, images = provenance['thresholds'], provenance['num_images']
    print(f'{"class":24} {"threshold":>9} {"labels/image":>12} {"pseudo/image":>12}')
    for name, row in provenance['classes'].items():
        print(f'{name:24} {thresholds["classes"][name]:9.3f} '
              f'{row["labeled"] / images["labeled"]:12.3f} '
              f'{row["annotations"] / images["unlabeled"]:12.3f}')
    lost = [name for name in labeled.classes_without_instance
            if provenance['classes'][name]['detections']]
    if lost and box_thr is None:
        print(f'No labeled instance, so the matched threshold keeps none: {", ".join(lost)}. A '
              'number for --box-thr applies to these classes too.')
    print(f'Pixel threshold {thresholds["pixel"]:.3f}.')
    for doubt in doubts(provenance, box_thr, pixel_thr):
        print(f'WARNING: {doubt}')
