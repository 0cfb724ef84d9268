"""Missing images: the remedy fits the cause."""

import pytest

from mmssis.datasets.checks.missing_images import missing_images_remedy


@pytest.fixture
def images(tmp_path):
    (tmp_path / 'data' / 'images' / 'train').mkdir(parents=True)
    for name in ('a.png', 'b.png'):
        (tmp_path / 'data' / 'images' / 'train' / name).touch()
    return tmp_path / 'data' / 'images'


@pytest.mark.parametrize('names, num_images, texts', [
    pytest.param(['a.png', 'b.png'], 2, ['images was looked in', 'a.png is in ', 'images/train'],
                 id='a sub-folder was left out'),
    pytest.param(['val/a.png', 'val/b.png'], 2, ['images/val was looked in', 'images/train'],
                 id='a folder that is not there'),
    pytest.param(['c.png', 'd.png'], 2, ['images was looked in', 'Correct data_set.image_dirs'],
                 id='nowhere'),
    pytest.param(['a.png'], 3, ['on_unreadable="skip"'], id='some'),
    pytest.param(['train/a.png'], 1, ['on_unreadable="skip"'], id='damaged, not missing'),
    pytest.param(['train\\a.png', 'train\\b.png'], 2, ['back-slashes', 'write / instead'],
                 id='back-slashes'),
])
def test_remedies(images, names, num_images, texts):
    remedy = missing_images_remedy([f'{images}/{name}' for name in names], num_images)
    assert all(text in remedy for text in texts), remedy
    assert ('skip' in remedy) == ('skip' in texts[0])
