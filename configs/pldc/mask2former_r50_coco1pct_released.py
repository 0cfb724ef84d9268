"""PL-DC, Mask2Former R50, COCO 1 %, with the settings of the released code where they differ.

    bash tools/dist_train.sh configs/pldc/mask2former_r50_coco1pct_released.py 4

Published: 25.2 mask AP on val2017 (README of the released code; the paper's Table 1 has 25.1).
Preset: released. 10 decoder layers; CLIP ConvNeXt-L at 320 with features pooled under the mask and
pixels that are not normalised. Its five sentences per class are not ours to ship: give a file of
your own as `descriptions`; without one the class names are used.
Hardware: eight GPUs in its README; hours unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco1pct.py'

model = dict(
    detector=dict(panoptic_head=dict(transformer_decoder=dict(num_layers=10))),
    pseudo_label_hooks=dict(
        dicc=dict(
            classifier=dict(
                model='convnext_large_d_320',
                pretrained='laion2b_s29b_b131k_ft_soup',
                mode='mask_pool',
                sentence_pooling='softmax',
                normalize=False))))
