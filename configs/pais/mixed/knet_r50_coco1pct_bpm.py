"""PAIS on K-Net with Noisy Boundaries' boundary-preserving map in the mask losses, COCO 1 %.

    bash tools/dist_train.sh configs/pais/mixed/knet_r50_coco1pct_bpm.py 4

No published AP. The map weighs the cross-entropy of the masks of all rounds, labeled ones too.
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../knet_r50_coco1pct.py'

boundary_map = dict(scale=3.0)
model = dict(
    detector=dict(
        kernel_head=dict(boundary_map=boundary_map),
        update_head=dict(boundary_map=boundary_map)))
