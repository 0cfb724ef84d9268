"""Unlabeled images: a plain folder, a list file, or a COCO JSON."""

import pytest
from PIL import Image
from toy_data import coco_content, write_images, write_json

from mmssis.datasets import UnlabeledCocoDataset, UnlabeledFolderDataset, UnreadableImageError


def names(dataset):
    return [dataset.get_data_info(i)['img_path'].split('/')[-1] for i in range(len(dataset))]


@pytest.fixture
def folder(tmp_path):
    """Two images, one more in a sub-folder, and files that are none."""
    write_images(tmp_path / 'a', 2)
    write_images(tmp_path / 'a' / 'b', 1, start=2)
    (tmp_path / 'a' / 'notes.txt').write_text('no image')
    (tmp_path / 'a' / '.hidden.png').write_text('no image')
    return tmp_path / 'a'


def test_gap_2_34_folder_needs_no_annotation_file(folder):
    dataset = UnlabeledFolderDataset(str(folder))
    assert names(dataset) == ['0.png', '1.png', '2.png']
    info = dataset.get_data_info(0)
    assert (info['img_id'], info['height'], info['width'], info['instances']) == (0, 24, 32, [])
    assert 'classes' not in dataset.metainfo


@pytest.mark.parametrize('settings, expected', [
    pytest.param(dict(recursive=False), ['0.JPG', '1.png'], id='not recursive'),
    pytest.param(dict(suffixes=('.jpg', )), ['0.JPG'], id='suffixes of files in any case'),
    pytest.param(dict(suffixes=('.JPG', )), ['0.JPG'], id='given suffixes in any case'),
    pytest.param(dict(indices=[2]), ['2.png'], id='indices'),
    pytest.param(dict(list_file='list.txt'), ['0.JPG', '2.png'], id='comments and repeats'),
])
def test_which_images(folder, monkeypatch, settings, expected):
    monkeypatch.chdir(folder.parent)
    (folder / '0.png').rename(folder / '0.JPG')
    (folder.parent / 'list.txt').write_text('# mine\nb/2.png\n\n0.JPG\nb/2.png\n')
    assert names(UnlabeledFolderDataset(str(folder), **settings)) == expected


def test_building_opens_no_image(folder):
    (folder / '0.png').write_text('no image')
    dataset = UnlabeledFolderDataset(str(folder))
    assert len(dataset) == 3
    with pytest.raises(UnreadableImageError, match='0.png'):
        dataset.get_data_info(0)


@pytest.mark.parametrize('listed', [False, True], ids=['empty_file', 'missing_file'])
def test_missing_and_empty_files(folder, tmp_path, listed):
    settings = dict(data_root=str(folder))
    if listed:
        (tmp_path / 'list.txt').write_text('0.png\ngone.png\n')
        settings['list_file'] = str(tmp_path / 'list.txt')
    else:
        (folder / 'gone.png').touch()
    with pytest.raises(ValueError, match='1 unlabeled images are missing or empty: .*gone.png'):
        UnlabeledFolderDataset(**settings)
    dataset = UnlabeledFolderDataset(**settings, on_unreadable='skip')
    assert 'gone.png' not in names(dataset) and dataset.left_out['missing or empty'] == 1


def test_gap_2_34_size_is_that_of_the_image_as_shown(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 8
    Image.new('RGB', (32, 24)).save(tmp_path / 'rotated.jpg', exif=exif)
    info = UnlabeledFolderDataset(str(tmp_path)).get_data_info(0)
    assert (info['height'], info['width']) == (32, 24)


@pytest.mark.parametrize('settings, message', [
    pytest.param(dict(data_root='absent'), 'absent', id='no_folder'),
    pytest.param(dict(suffixes=('.webp', )), r'No unlabeled image .*a \(data_set.unlabeled\): 3 '
                 'files end in .png, 1 files end in .txt', id='no_image'),
    pytest.param(dict(on_unreadable='hope'), 'on_unreadable', id='policy'),
])
def test_folder_errors_are_clear(folder, settings, message):
    with pytest.raises(ValueError, match=message):
        UnlabeledFolderDataset(**{'data_root': str(folder), **settings})


def coco(path, content, **settings):
    return UnlabeledCocoDataset(
        ann_file=write_json(path / 'u.json', content), data_prefix=dict(img=str(path)), **settings)


@pytest.mark.parametrize('dropped', [
    pytest.param(('annotations', ), id='no_annotations'),
    pytest.param(('annotations', 'categories'), id='images_only'),
])
def test_coco_keeps_all_images_and_no_annotation(tmp_path, dropped):
    content = coco_content(['b.png', 'a.png'])
    dataset = coco(tmp_path, {k: v for k, v in content.items() if k not in dropped})
    assert names(dataset) == ['b.png', 'a.png']
    info = dataset.get_data_info(1)
    assert info['instances'] == [] and (info['height'], info['width']) == (24, 32)
    assert 'classes' not in dataset.metainfo
    assert coco(tmp_path, content, metainfo=dict(classes=('x', ))).metainfo['classes'] == ('x', )


def test_coco_min_size(tmp_path):
    content = coco_content(['a.png', 'b.png'])
    content['images'][0]['height'] = 5
    assert names(coco(tmp_path, content, filter_cfg=dict(min_size=6))) == ['b.png']


@pytest.mark.parametrize('field', ['file_name', 'height', 'width'])
def test_gap_2_18_missing_image_fields(tmp_path, field):
    content = coco_content(['a.png'])
    del content['images'][0][field]
    with pytest.raises(ValueError, match=field):
        coco(tmp_path, content)


def test_gap_2_18_empty_unlabeled_set(tmp_path):
    with pytest.raises(ValueError, match='lists no image'):
        coco(tmp_path, dict(images=[]))


def test_gap_2_18_filter_by_ground_truth(tmp_path):
    with pytest.raises(ValueError, match='filter_empty_gt'):
        coco(tmp_path, coco_content(['a.png']), filter_cfg=dict(filter_empty_gt=True))
