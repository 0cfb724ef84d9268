"""Strong augmentation of the student of Noisy Boundaries (released code, `*_instance_pl.py`).

Labeled and pseudo-labeled images get the same: in 7 of 8 cases one distortion of the colours, then
1 to 5 erased rectangles of the listed (width, height), filled with the mean; labels stay as they
are. The teacher sees neither.
"""
distortion = dict(type='OneOfDistortion')
cutout = dict(
    type='CutOut',
    n_holes=(1, 5),
    cutout_shape=[(0, 0), (33, 20), (66, 40), (132, 80), (198, 120), (264, 160)],
    fill_in=(103.53, 116.28, 123.675))
