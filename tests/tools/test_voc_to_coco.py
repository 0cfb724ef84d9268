"""VOC and SBD converter, on a generated tree of both."""

import json

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from scipy.io import savemat

from mmssis.datasets.checks.coco_validation import validate_coco_json
from mmssis.datasets.converters.voc import CLASSES, instances_of

TOOL = 'dataset_converters/voc_to_coco.py'
SIZE = (8, 12)


def canvas(*regions):
    """Pixels painted by (rows, columns, value), one over the other."""
    pixels = np.zeros(SIZE, np.uint8)
    for rows, columns, value in regions:
        pixels[slice(*rows), slice(*columns)] = value
    return pixels


def write_png(path, pixels):
    """A palette image, as VOC's."""
    path.parent.mkdir(exist_ok=True)
    image = Image.fromarray(pixels, 'P')
    image.putpalette([value for index in range(256) for value in (index, 0, 0)])
    image.save(path)


def write_voc(root, name, classes, ids):
    write_png(root / f'VOC2012/SegmentationClass/{name}.png', classes)
    write_png(root / f'VOC2012/SegmentationObject/{name}.png', ids)


def write_sbd(root, name, ids, categories):
    struct = dict(Segmentation=ids, Categories=np.array(categories, np.uint8).reshape(-1, 1))
    savemat(root / f'dataset/inst/{name}.mat', dict(GTinst=struct), do_compression=True)


# Two cats beside one another and a person, in a frame of void pixels.
CLASS_PNG = canvas(((0, 6), (0, 8), 255), ((1, 5), (1, 7), 8), ((6, 8), (9, 12), 15))
OBJECT_PNG = canvas(((0, 6), (0, 8), 255), ((1, 5), (1, 4), 1), ((1, 5), (4, 7), 2),
                    ((6, 8), (9, 12), 3))
VOC_OBJECTS = [(8, 12, [1, 1, 3, 4]), (8, 12, [4, 1, 3, 4]), (15, 6, [9, 6, 3, 2])]
SBD_IDS = canvas(((0, 4), (0, 6), 1), ((5, 8), (0, 2), 3))
SBD_OBJECTS = [(3, 24, [0, 0, 6, 4]), (20, 6, [0, 5, 2, 3])]


@pytest.fixture
def root(tmp_path):
    """VOC: train a, val b. SBD: train a, c; val b, d, of which d has no object."""
    lists = {'VOC2012/ImageSets/Segmentation': ('a', 'b'), 'dataset': ('ac', 'bd')}
    for folder, (train, val) in lists.items():
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / 'train.txt').write_text('\n'.join(train) + '\n')
        (tmp_path / folder / 'val.txt').write_text('\n'.join(val) + '\n')
    (tmp_path / 'VOC2012/JPEGImages').mkdir()
    (tmp_path / 'dataset/inst').mkdir()
    for name in 'abcd':
        Image.new('RGB', SIZE[::-1]).save(tmp_path / f'VOC2012/JPEGImages/{name}.jpg')
        write_sbd(tmp_path, name, SBD_IDS if name != 'd' else canvas(),
                  [3, 5, 20] if name != 'd' else [])
    for name in 'ab':
        write_voc(tmp_path, name, CLASS_PNG, OBJECT_PNG)
    return tmp_path


def convert(run_tool, root):
    """Run the tool; content of both files."""
    run_tool(TOOL, root / 'VOC2012', root / 'dataset')
    return {name: json.loads((root / f'VOC2012/annotations/instances_{name}.json').read_text())
            for name in ('val', 'train_sbd')}


def objects(content, file_name):
    [image_id] = [i['id'] for i in content['images'] if i['file_name'] == file_name]
    return [(a['category_id'], a['area'], a['bbox']) for a in content['annotations']
            if a['image_id'] == image_id]


def test_nothing_in_nothing_out():
    assert instances_of(canvas(), {}) == []
    # Object 2 has no pixel.
    assert [a['category_id'] for a in instances_of(SBD_IDS, {1: 3, 2: 5, 3: 20})] == [3, 20]


def test_sets_do_not_overlap(run_tool, root, capsys):
    """SBD's val holds VOC's validation image b."""
    contents = convert(run_tool, root)
    names = {key: [i['file_name'] for i in value['images']] for key, value in contents.items()}
    assert names == dict(val=['b.jpg'], train_sbd=['a.jpg', 'c.jpg', 'd.jpg'])
    assert '3 images, 5 instances' in capsys.readouterr().out
    assert validate_coco_json(str(root / 'VOC2012/annotations/instances_val.json'), CLASSES) == []


@pytest.mark.parametrize('split, name, expected', [
    pytest.param('val', 'b.jpg', VOC_OBJECTS, id='val of VOC'),
    pytest.param('train_sbd', 'a.jpg', VOC_OBJECTS, id='in both: labels of VOC'),
    pytest.param('train_sbd', 'c.jpg', SBD_OBJECTS, id='in SBD alone'),
    pytest.param('train_sbd', 'd.jpg', [], id='no object'),
])
def test_objects(run_tool, root, split, name, expected):
    assert objects(convert(run_tool, root)[split], name) == expected


def test_masks_are_the_objects_without_void(run_tool, root):
    annotations = convert(run_tool, root)['val']['annotations']
    drawn = sum(coco_mask.decode(a['segmentation']) * (i + 1) for i, a in enumerate(annotations))
    assert np.array_equal(drawn, np.where(OBJECT_PNG == 255, 0, OBJECT_PNG))
    assert all(a['iscrowd'] == 0 for a in annotations)


def test_pixels_on_which_the_files_disagree_are_nothing(run_tool, root):
    classes = CLASS_PNG.copy()
    classes[1, 1], classes[2, 1] = 255, 3
    write_voc(root, 'b', classes, OBJECT_PNG)
    assert objects(convert(run_tool, root)['val'], 'b.jpg')[0] == (8, 10, [1, 1, 3, 4])


def write_classes(root, rows, columns, value):
    """Give a part of image b another class."""
    classes = CLASS_PNG.copy()
    classes[slice(*rows), slice(*columns)] = value
    write_voc(root, 'b', classes, OBJECT_PNG)


def write_objects(root, *shape):
    Image.fromarray(np.zeros(shape, np.uint8)).save(root / 'VOC2012/SegmentationObject/b.png')


MAT = 'dataset/inst/c.mat'


@pytest.mark.parametrize('damage, message', [
    pytest.param(lambda root: write_classes(root, (1, 5), (1, 3), 3),
                 r'SegmentationClass/b.png gives object 1 .*\[3, 8\]', id='two classes'),
    pytest.param(lambda root: write_objects(root, *SIZE, 3), 'palette', id='colours'),
    pytest.param(lambda root: write_objects(root, 4, 4),
                 r'\(8, 12\), SegmentationObject \(4, 4\)', id='pngs of two sizes'),
    pytest.param(lambda root: write_sbd(root, 'c', SBD_IDS, [3, 5]),
                 r'objects up to 3 with the classes \[3, 5\]', id='objects without class'),
    pytest.param(lambda root: write_sbd(root, 'c', SBD_IDS[:4], [3]), r'labels of c are \(4, 12\)',
                 id='mat of another size'),
    pytest.param(lambda root: savemat(root / MAT, dict(GTcls=np.ones(2))),
                 f'{MAT} cannot be read: missing', id='mat of something else'),
    pytest.param(lambda root: (root / MAT).write_bytes((root / MAT).read_bytes()[:200]),
                 f'{MAT} cannot be read', id='half a mat'),
    pytest.param(lambda root: (root / 'VOC2012/SegmentationClass/b.png').write_bytes(b''),
                 'SegmentationClass/b.png cannot be read', id='empty png'),
    pytest.param(lambda root: [(root / f'VOC2012/JPEGImages/{name}.jpg').unlink() for name in 'cd'],
                 '2 of 3 images are not in .*c.jpg.*d.jpg.*those of VOC', id='images'),
    pytest.param(lambda root: (root / 'dataset/train.txt').write_text('\n'), 'dataset/train.txt',
                 id='empty list'),
])
def test_damage_is_named(run_tool, root, damage, message):
    damage(root)
    with pytest.raises(ValueError, match=message):
        convert(run_tool, root)
