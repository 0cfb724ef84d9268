"""VOC and SBD converter, on a generated tree of both."""

import json
from pathlib import Path
from typing import Callable, Dict, List, Sequence, Tuple

import numpy as np
import pytest
from mmdet.datasets import CocoDataset
from PIL import Image
from pycocotools import mask as coco_mask
from scipy.io import savemat

from mmssis.datasets.coco_validation import validate_coco_json
from mmssis.datasets.voc import CLASSES, instances_of

TOOL = 'dataset_converters/voc_to_coco.py'
SIZE = (8, 12)
Region = Tuple[Tuple[int, int], Tuple[int, int], int]


def canvas(*regions: Region) -> np.ndarray:
    """Pixels painted by (rows, columns, value), one over the other."""
    pixels = np.zeros(SIZE, np.uint8)
    for rows, columns, value in regions:
        pixels[slice(*rows), slice(*columns)] = value
    return pixels


def write_png(path: Path, pixels: np.ndarray) -> None:
    """A palette image, as VOC's."""
    path.parent.mkdir(exist_ok=True)
    image = Image.fromarray(pixels, 'P')
    image.putpalette([value for index in range(256) for value in (index, 0, 0)])
    image.save(path)


def write_voc(root: Path, name: str, classes: np.ndarray, ids: np.ndarray) -> None:
    write_png(root / f'VOC2012/SegmentationClass/{name}.png', classes)
    write_png(root / f'VOC2012/SegmentationObject/{name}.png', ids)


def write_sbd(root: Path, name: str, ids: np.ndarray, categories: Sequence[int]) -> None:
    struct = dict(Segmentation=ids,
                  Categories=np.array(categories, np.uint8).reshape(-1, 1))
    savemat(root / f'dataset/inst/{name}.mat', dict(GTinst=struct), do_compression=True)


# Two cats beside one another and a person, in a frame of void pixels.
CLASS_PNG = canvas(((0, 6), (0, 8), 255), ((1, 5), (1, 7), 8), ((6, 8), (9, 12), 15))
OBJECT_PNG = canvas(((0, 6), (0, 8), 255), ((1, 5), (1, 4), 1), ((1, 5), (4, 7), 2),
                    ((6, 8), (9, 12), 3))
VOC_OBJECTS = [(8, 12, [1, 1, 3, 4]), (8, 12, [4, 1, 3, 4]), (15, 6, [9, 6, 3, 2])]
SBD_IDS = canvas(((0, 4), (0, 6), 1), ((5, 8), (0, 2), 3))
SBD_OBJECTS = [(3, 24, [0, 0, 6, 4]), (20, 6, [0, 5, 2, 3])]


@pytest.fixture
def root(tmp_path: Path) -> Path:
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


def convert(run_tool: Callable, root: Path) -> Dict[str, dict]:
    """Run the tool; content of both files."""
    run_tool(TOOL, root / 'VOC2012', root / 'dataset')
    return {name: json.loads((root / f'VOC2012/annotations/instances_{name}.json').read_text())
            for name in ('val', 'train_sbd')}


def objects(content: dict, file_name: str) -> List[tuple]:
    [image_id] = [i['id'] for i in content['images'] if i['file_name'] == file_name]
    return [(a['category_id'], a['area'], a['bbox']) for a in content['annotations']
            if a['image_id'] == image_id]


def test_nothing_in_nothing_out() -> None:
    assert instances_of(canvas(), {}) == []


def test_an_object_without_a_pixel_is_left_out() -> None:
    assert [a['category_id'] for a in instances_of(SBD_IDS, {1: 3, 2: 5, 3: 20})] == [3, 20]


def test_sets_do_not_overlap(run_tool: Callable, root: Path) -> None:
    """SBD's val holds VOC's validation image b."""
    contents = convert(run_tool, root)
    names = {key: [i['file_name'] for i in value['images']] for key, value in contents.items()}
    assert names == dict(val=['b.jpg'], train_sbd=['a.jpg', 'c.jpg', 'd.jpg'])


@pytest.mark.parametrize('split, name, expected', [
    pytest.param('val', 'b.jpg', VOC_OBJECTS, id='val of VOC'),
    pytest.param('train_sbd', 'a.jpg', VOC_OBJECTS, id='in both: labels of VOC'),
    pytest.param('train_sbd', 'c.jpg', SBD_OBJECTS, id='in SBD alone'),
    pytest.param('train_sbd', 'd.jpg', [], id='no object'),
])
def test_objects(run_tool: Callable, root: Path, split: str, name: str,
                 expected: List[tuple]) -> None:
    assert objects(convert(run_tool, root)[split], name) == expected


def test_masks_are_the_objects_without_void(run_tool: Callable, root: Path) -> None:
    annotations = convert(run_tool, root)['val']['annotations']
    drawn = sum(coco_mask.decode(a['segmentation']) * (i + 1) for i, a in enumerate(annotations))
    assert np.array_equal(drawn, np.where(OBJECT_PNG == 255, 0, OBJECT_PNG))
    assert all(a['iscrowd'] == 0 for a in annotations)


def test_mmdet_reads_the_files(run_tool: Callable, root: Path,
                               capsys: pytest.CaptureFixture) -> None:
    convert(run_tool, root)
    assert '3 images, 5 instances' in capsys.readouterr().out
    path = str(root / 'VOC2012/annotations/instances_train_sbd.json')
    assert validate_coco_json(path, CLASSES) == []
    dataset = CocoDataset(ann_file=path, data_prefix=dict(img=str(root / 'VOC2012/JPEGImages')),
                          metainfo=dict(classes=CLASSES))
    assert [i['bbox_label'] for i in dataset.get_data_info(0)['instances']] == [7, 7, 14]


def test_pixels_on_which_the_files_disagree_are_nothing(run_tool: Callable, root: Path) -> None:
    classes = CLASS_PNG.copy()
    classes[1, 1], classes[2, 1] = 255, 3
    write_voc(root, 'b', classes, OBJECT_PNG)
    assert objects(convert(run_tool, root)['val'], 'b.jpg')[0] == (8, 10, [1, 1, 3, 4])


@pytest.mark.parametrize('change, message', [
    pytest.param(((1, 5), (1, 3), 3), r'object 1 .*\[3, 8\]', id='two classes in an object'),
    pytest.param(((6, 8), (9, 12), 0), r'object 3 .*\[0\]', id='an object of background'),
    pytest.param(((6, 8), (9, 12), 21), r'object 3 .*\[21\]', id='no class of VOC'),
])
def test_class_png_that_disagrees(run_tool: Callable, root: Path, change: Region,
                                  message: str) -> None:
    classes = np.where(canvas(change) + canvas((*change[:2], 1)) > 0, change[2], CLASS_PNG)
    write_voc(root, 'b', classes.astype(np.uint8), OBJECT_PNG)
    with pytest.raises(ValueError, match=f'SegmentationClass/b.png gives {message}'):
        convert(run_tool, root)


@pytest.mark.parametrize('ids, categories, message', [
    pytest.param(SBD_IDS, [3, 5], r'objects up to 3 with the classes \[3, 5\]', id='no class'),
    pytest.param(SBD_IDS, [3, 5, 21], r'c.mat .*1 to 20', id='no class of VOC'),
    pytest.param(SBD_IDS[:4], [3], r'labels of c are \(4, 12\)', id='another size'),
])
def test_mat_that_does_not_fit(run_tool: Callable, root: Path, ids: np.ndarray,
                               categories: List[int], message: str) -> None:
    write_sbd(root, 'c', ids, categories)
    with pytest.raises(ValueError, match=message):
        convert(run_tool, root)


def half(path: Path) -> None:
    """Keep the first half of a file."""
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])


@pytest.mark.parametrize('damage', [
    pytest.param(half, id='half'), pytest.param(Path.unlink, id='missing'),
    pytest.param(lambda path: path.write_bytes(b''), id='empty'),
    pytest.param(lambda path: path.write_bytes(b'nothing of the kind' * 20), id='another kind'),
])
@pytest.mark.parametrize('place', [
    'dataset/inst/c.mat', 'VOC2012/SegmentationClass/b.png', 'VOC2012/SegmentationObject/a.png'])
def test_damaged_labels_are_named(run_tool: Callable, root: Path, place: str,
                                  damage: Callable[[Path], None]) -> None:
    damage(root / place)
    with pytest.raises(ValueError, match=f'{place} cannot be read: missing'):
        convert(run_tool, root)


def test_a_mat_of_something_else_is_named(run_tool: Callable, root: Path) -> None:
    savemat(root / 'dataset/inst/c.mat', dict(GTcls=np.ones(2)))
    with pytest.raises(ValueError, match='c.mat cannot be read'):
        convert(run_tool, root)


@pytest.mark.parametrize('pixels, message', [
    pytest.param(np.zeros((*SIZE, 3), np.uint8), 'palette', id='colours'),
    pytest.param(np.zeros((4, 4), np.uint8), r'\(8, 12\), SegmentationObject \(4, 4\)',
                 id='another size'),
])
def test_pngs_that_do_not_fit(run_tool: Callable, root: Path, pixels: np.ndarray,
                              message: str) -> None:
    Image.fromarray(pixels).save(root / 'VOC2012/SegmentationObject/b.png')
    with pytest.raises(ValueError, match=message):
        convert(run_tool, root)


def test_missing_images_are_listed(run_tool: Callable, root: Path) -> None:
    for name in 'cd':
        (root / f'VOC2012/JPEGImages/{name}.jpg').unlink()
    with pytest.raises(ValueError, match='2 of 3 images are not in .*c.jpg.*d.jpg.*those of VOC'):
        convert(run_tool, root)


@pytest.mark.parametrize('place', ['VOC2012/ImageSets/Segmentation/val.txt', 'dataset/train.txt'])
@pytest.mark.parametrize('damage', [
    pytest.param(Path.unlink, id='missing'), pytest.param(lambda path: path.write_text('\n'),
                                                          id='empty')])
def test_missing_lists_are_named(run_tool: Callable, root: Path, place: str,
                                 damage: Callable[[Path], None]) -> None:
    damage(root / place)
    with pytest.raises(ValueError, match=place):
        convert(run_tool, root)
