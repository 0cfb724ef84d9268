"""What the views of PAIS have in common on every data set (released code, base_weight.py).

Labeled images get one of nine colour changes; the teacher's view none; the student's view one
colour change, one change of geometry and one to four erased squares, in any order. The squares
erase pixels, not the pseudo labels: those are moved into the view later. mmdet's RandomErasing
includes both ends of `n_patches`. Shear takes the tangent of the angle, the released code the
hyperbolic tangent.
"""
pais_color = dict(type='OneOfColor')
pais_geometry = dict(
    type='RandomChoice',
    transforms=[
        [dict(type='UniformTranslateX', max_mag=0.1, img_border_value=125)],
        [dict(type='UniformTranslateY', max_mag=0.1, img_border_value=125)],
        [dict(type='EdgeRotate', max_mag=30.0, img_border_value=125)],
        [
            dict(type='EdgeShearX', max_mag=30.0, img_border_value=125),
            dict(type='EdgeShearY', max_mag=30.0, img_border_value=125),
        ],
    ])
pais_erasing = dict(
    type='RandomErasing', n_patches=(1, 4), ratio=(0.0, 0.2), img_border_value=125)
