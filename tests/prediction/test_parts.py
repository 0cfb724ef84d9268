"""Where models, files and captions come from and go."""

import numpy as np
import pytest
from mmengine.config import Config

from mmssis.prediction import find_model, list_sources
from mmssis.prediction.detector import colours_of, with_test_data
from mmssis.prediction.drawing import find_places


def touch(root, *names):
    """Make files; those that end in .py are configs that mmengine has written."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text('model = dict(\n    type=1)\n' if name.endswith('.py') else '')


FOUND = {
    'the config of the training': (['iter_2.pth', 'c.py'], 'iter_2.pth', 'iter_2.pth', 'c.py'),
    'exported': (['a.pth', 'a.py', 'b.py'], 'a.pth', 'a.pth', 'a.py'),
    'the last': (['iter_2.pth', 'iter_10.pth', 'c.py'], '.', 'iter_10.pth', 'c.py'),
    'the best': (['iter_2.pth', 'best_ap_iter_1.pth', 'c.py'], '.', 'best_ap_iter_1.pth', 'c.py'),
}


@pytest.mark.parametrize('files, given, checkpoint, config', FOUND.values(), ids=FOUND)
def test_model_and_config_are_found(tmp_path, files, given, checkpoint, config):
    touch(tmp_path, *files)
    assert find_model(tmp_path / given) == (tmp_path / checkpoint, str(tmp_path / config))


UNCLEAR = {
    'nothing': ([], 'a.pth', 'does not exist'),
    'no checkpoint': (['c.py'], '.', 'holds no checkpoint'),
    'two best': (['best_a_iter_1.pth', 'best_b_iter_1.pth'], '.', 'several best'),
    'two configs': (['iter_1.pth', 'a.py', 'b.py'], 'iter_1.pth', 'a.py, b.py. Name the config'),
    'no config': (['iter_1.pth'], 'iter_1.pth', 'Beside it: none'),
}


@pytest.mark.parametrize('files, given, message', UNCLEAR.values(), ids=UNCLEAR)
def test_what_is_unclear_is_refused(tmp_path, files, given, message):
    touch(tmp_path, *files)
    with pytest.raises(ValueError, match=message):
        find_model(tmp_path / given)


def test_a_script_beside_a_checkpoint_is_no_config(tmp_path):
    touch(tmp_path, 'iter_1.pth', 'c.py')
    (tmp_path / 'script.py').write_text('raise RuntimeError')
    assert find_model(tmp_path / 'iter_1.pth').config == str(tmp_path / 'c.py')


def test_names_keep_sub_folders_and_differ(tmp_path):
    touch(tmp_path, 'a/1.jpg', 'a/sub/2.jfif', 'b/1.JPG', 'clip.mov', 'a/out/old.png')
    names = [(source.name.as_posix(), source.picture.as_posix())
             for source in list_sources([tmp_path / 'a', tmp_path / 'clip.mov',
                                         tmp_path / 'a/1.jpg'], tmp_path / 'a/out')]
    assert names == [('1.jpg', '1.jpg'), ('sub/2.jfif', 'sub/2.jfif.jpg'),
                     ('clip.mov', 'clip.mov.mp4')]
    both = list_sources([tmp_path / 'a', tmp_path / 'b'], tmp_path / 'a/out')
    assert [source.name.as_posix() for source in both] == ['a/1.jpg', 'a/sub/2.jfif', 'b/1.JPG']


@pytest.mark.parametrize('dataset, expected', [
    pytest.param(dict(metainfo=dict(classes=('a', 'b'), palette=[(1, 2, 3), (4, 5, 6)])),
                 [(1, 2, 3), (4, 5, 6)], id='of the data set'),
    pytest.param(dict(metainfo=dict(classes=('b', 'a'), palette=[(1, 2, 3), (4, 5, 6)])), None,
                 id='of other classes'),
    pytest.param(dict(type='CocoDataset'), None, id='none')])
def test_colours(dataset, expected):
    found = colours_of(Config(dict(test_dataloader=dict(dataset=dataset))), ('a', 'b'))
    assert found == expected or expected is None and len(set(found)) == 2


def test_images_are_read_as_in_validation_or_the_config_is_refused():
    validated = with_test_data(Config(dict(val_dataloader=dict(dataset=dict(type='a')))))
    assert validated.test_dataloader.dataset.type == 'a'
    with pytest.raises(ValueError, match='--config'):
        with_test_data(Config(dict(model=dict())))


def test_captions_hide_no_object_and_no_caption():
    """Two small objects, one above the other, and a large one around them."""
    masks = np.zeros((3, 100, 100), bool)
    masks[0, 40:48, 40:48] = masks[1, 50:58, 40:48] = masks[2, 20:, :] = True
    places = find_places(masks, [(30, 10)] * 3)
    shown = np.zeros((100, 100), int)
    for left, top, right, bottom in places:
        shown[top:bottom, left:right] += 1
    assert shown.sum() == 900 and shown.max() == 1
    assert not (shown[:, :] * (masks[0] | masks[1])).any()


def test_a_caption_without_a_place_is_left_out():
    masks = np.ones((1, 8, 8), bool)
    assert find_places(masks, [(30, 10)]) == [None]
