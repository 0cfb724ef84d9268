"""Validation and test on a CPU: images that fit into `image_size`, which the views state."""
_base_ = './evaluation.py'

test_pipeline = [
    _base_.test_pipeline[0],
    dict(type='Resize', scale='image_size', keep_ratio=True),
    _base_.test_pipeline[-1],
]
val_dataloader = dict(
    batch_size=8,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
