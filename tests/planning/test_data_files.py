"""Paths of a user's data, and how a config names them."""

from pathlib import Path

import pytest

from mmssis.planning.config_text import config_text
from mmssis.planning.data_files import DataFiles, find_files
from mmssis.planning.machine import Machine, choose_base


def files(**changes):
    paths = dict(labeled='/d/labeled.json', images='/d/images', unlabeled='/d/more',
                 unlabeled_images='/d/more', val='/d/val.json', val_images='/d/images')
    return DataFiles(**{name: Path(path) for name, path in dict(paths, **changes).items()})


@pytest.mark.parametrize('changes, expected', [
    pytest.param({}, dict(root='/d', image_dirs='images', unlabeled='more'), id='one folder'),
    pytest.param(dict(val_images='/d/val'),
                 dict(image_dirs=dict(labeled='images', val='val')), id='validation apart'),
    pytest.param(dict(unlabeled='/home/x/list.json'),
                 dict(unlabeled='/home/x/list.json', image_dirs=dict(
                     labeled='images', val='images', unlabeled='more')), id='a list elsewhere'),
    pytest.param(dict(unlabeled='/media/more', unlabeled_images='/media/more'),
                 dict(root='/d', unlabeled='/media/more', image_dirs='images'), id='two disks'),
    pytest.param(dict(labeled='/d/images/labeled.json'), dict(labeled='images/labeled.json'),
                 id='annotations beside the images'),
])
def test_paths_of_data_set(changes, expected):
    found = files(**changes).as_data_set()
    assert {key: found[key] for key in expected} == expected


def test_moved_files_are_named_where_they_will_be():
    found = files(val='/staging/val.json').moved(Path('/staging'), Path('/home'))
    assert (found.val, found.labeled) == (Path('/home/val.json'), Path('/d/labeled.json'))


def test_config_names_paths_letter_by_letter():
    odd = "/d/it's {odd}\n"
    text = config_text(choose_base(Machine()), files(images=odd, val_images='/d/val'))
    values = {}
    exec(text, values)
    assert values['data_set']['image_dirs'] == dict(labeled=odd[3:], val='val')


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'images').mkdir()
    (tmp_path / 'labeled.json').write_text('{}')
    return tmp_path


@pytest.mark.parametrize('changes, words', [
    pytest.param(dict(labeled='no.json'), ('--labeled', 'no.json is not there'), id='missing'),
    pytest.param(dict(labeled='images'), ('--labeled', 'is not a file'), id='a folder'),
    pytest.param(dict(images='no'), ('--images', 'no is not there', 'file_name'), id='no folder'),
    pytest.param(dict(images='labeled.json'), ('--images', 'is not a folder'), id='a file'),
    pytest.param(dict(unlabeled='no'), ('--unlabeled', 'folder of images, or'), id='neither'),
    pytest.param(dict(val='no.json'), ('--val no.json',), id='validation missing'),
    pytest.param(dict(val_images='images'), ('--val-images', 'give --val'), id='without --val'),
])
def test_mistakes_are_named_by_their_option(folder, monkeypatch, changes, words):
    monkeypatch.chdir(folder)
    given = dict(labeled='labeled.json', images='images', unlabeled='images')
    with pytest.raises(ValueError) as error:
        find_files(**dict(given, **changes))
    assert all(word in str(error.value) for word in words)
