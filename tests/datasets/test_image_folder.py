"""Which files of a folder are images, and what is said of the others."""

import os
from pathlib import Path

import pytest
from mmengine.dataset import BaseDataset

from mmssis.datasets import UnlabeledFolderDataset
from mmssis.datasets.image_folder import list_folder
from mmssis.offline import list_images


@pytest.fixture
def folder(tmp_path):
    """Images at three places, copies that programs keep, and other files."""
    root = tmp_path / '.data'
    for name in ('b.png', 'a.JPG', 'c.jfif', 'night/1.png', 'x.png/2.png', 'new.jp2', 'old.gif',
                 'notes.txt', 'README', '.b.png', '.DS_Store', '.ipynb_checkpoints/b.png',
                 '__MACOSX/a.png', '@eaDir/deep/a.png'):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b'content')
    return root


ALL = ['a.JPG', 'b.png', 'c.jfif', 'night/1.png', 'x.png/2.png']


def found(folder, listing):
    return [os.path.relpath(path, folder) for path in listing.paths]


def test_hidden_files_and_other_endings_are_counted(folder):
    listing = list_folder(str(folder))
    assert found(folder, listing) == ALL and not listing.problems
    assert listing.left_out == {'hidden folder': 3, 'hidden file': 1, 'other file ending': 2}
    assert listing.endings == {'.jp2': 1, '.gif': 1, '.txt': 1, '': 1}


def test_only_this_folder(folder):
    listing = list_folder(str(folder), ('.jp2', '.PNG'), recursive=False)
    assert found(folder, listing) == ['b.png', 'new.jp2']
    assert listing.left_out == {'hidden file': 1, 'other file ending': 3}


@pytest.mark.parametrize('links', [
    pytest.param({'all': '.'}, id='to_itself'),
    pytest.param({'a': 'night', 'night/back': '..'}, id='before_what_it_leads_to'),
    pytest.param({'a': 'night', 'x.png/b': '../night'}, id='two_to_one_folder'),
])
def test_a_folder_is_read_once_under_its_own_name(folder, links):
    for name, target in links.items():
        (folder / name).symlink_to(target)
    listing = list_folder(str(folder))
    assert found(folder, listing) == ALL
    assert listing.left_out['visited already'] == len(links)


def test_a_folder_elsewhere_is_read_once(folder, tmp_path):
    (tmp_path / 'more' / 'deep').mkdir(parents=True)
    (tmp_path / 'more' / 'deep' / '3.png').write_bytes(b'content')
    (folder / 'c').symlink_to(tmp_path / 'more' / 'deep')
    (folder / 'd').symlink_to(tmp_path / 'more')
    assert found(folder, list_folder(str(folder))) == ['a.JPG', 'b.png', 'c.jfif', 'c/3.png',
                                                       *ALL[3:]]


UNUSABLE = {
    'pipe.png': (os.mkfifo, 'not a regular file'),
    'zero.png': (lambda path: path.symlink_to('/dev/zero'), 'not a regular file'),
    'loop.png': (lambda path: path.symlink_to(path), 'missing or empty'),
    'gone.png': (lambda path: path.symlink_to('nowhere'), 'missing or empty'),
    'empty.png': (Path.touch, 'missing or empty'),
}


def test_what_is_no_file_with_content_is_named_by_training_and_generation(folder):
    for name, (make, _) in UNUSABLE.items():
        make(folder / name)
    expected = {str(folder / name): problem for name, (_, problem) in UNUSABLE.items()}
    assert list_folder(str(folder)).problems == expected
    with pytest.raises(ValueError, match='5 unlabeled images are missing or empty: .*; not a reg'):
        UnlabeledFolderDataset(str(folder))
    dataset = UnlabeledFolderDataset(str(folder), on_unreadable='skip')
    assert dataset.left_out == {'hidden folder': 3, 'hidden file': 1, 'other file ending': 2,
                                'missing or empty': 3, 'not a regular file': 2}
    trained = [BaseDataset.get_data_info(dataset, i)['img_path'] for i in range(len(dataset))]
    assert [os.path.relpath(path, folder) for path in trained] == ALL
    generated = [info['path'] for info in list_images(folder)]
    assert [path for path in generated if path not in expected] == trained


def test_a_file_without_permission(folder, monkeypatch):
    monkeypatch.setattr(os, 'access', lambda path, mode: not path.endswith('b.png'))
    assert list_folder(str(folder)).problems == {str(folder / 'b.png'): 'no read permission'}


def test_a_folder_that_cannot_be_listed_is_named(folder, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if path.endswith('night'):
            raise PermissionError(13, 'Permission denied')
        return scandir(path)

    monkeypatch.setattr(os, 'scandir', refuse)
    with pytest.raises(ValueError, match='night cannot be listed: Permission denied'):
        list_folder(str(folder))


@pytest.mark.parametrize('name, message', [
    pytest.param('1.jp2', '1 files end in .jp2', id='other_ending'),
    pytest.param('.git/1.png', 'hidden folder: 1', id='hidden'),
    pytest.param(None, 'there is no file in it', id='empty'),
])
def test_no_image_at_all_says_what_is_there(tmp_path, name, message):
    if name:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b'content')
    for read, key in ((UnlabeledFolderDataset, 'data_set.unlabeled'), (list_images, '--unlabeled')):
        with pytest.raises(ValueError, match=f'{key}.*{message}.*.webp'):
            read(str(tmp_path))
