"""Validation images are split off without loss."""

import pytest

from mmssis.planning.validation_split import draw_validation


def content(*categories, crowd=()):
    """An image for each list of categories; images without any list stay empty."""
    images = [dict(id=i, file_name=f'{i}.png') for i in range(len(categories))]
    annotations = [dict(image_id=i, category_id=category, iscrowd=int(i in crowd))
                   for i, found in enumerate(categories) for category in found]
    return dict(images=images, annotations=annotations)


@pytest.mark.parametrize('num, expected', [
    pytest.param(5, 1, id='the fewest'),
    pytest.param(14, 3, id='a fifth'),
    pytest.param(2000, 200, id='never more than 200'),
])
def test_number_of_images(num, expected):
    assert len(draw_validation(content(*[[1]] * num), 'labels.json', 0)) == expected


def test_every_class_keeps_an_image_to_learn_from():
    rare = content([1], [2], [1], [1, 3], [1], [1])
    for seed in range(20):
        assert {1, 3}.isdisjoint(draw_validation(rare, 'labels.json', seed))


def test_images_without_objects_are_not_validated_on():
    half = content(*[[1], []] * 10)
    assert all(image_id % 2 == 0 for image_id in draw_validation(half, 'labels.json', 0))


def test_the_draw_follows_from_the_seed():
    many = content(*[[1]] * 40)
    first, again, other = (draw_validation(many, 'labels.json', seed) for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize('given, words', [
    pytest.param(content([1], [1], [1], [1]), '4 images', id='too few'),
    pytest.param(content(*[[]] * 9), '0 images', id='no annotation'),
    pytest.param(content(*[[1]] * 6, crowd=range(6)), 'iscrowd', id='crowd regions only'),
    pytest.param(content([1], [2], [3], [4], [5]), 'the only one of a class', id='none to spare'),
])
def test_what_cannot_be_split_is_refused_with_the_remedy(given, words):
    with pytest.raises(ValueError, match=words) as error:
        draw_validation(given, 'labels.json', 0)
    assert 'labels.json' in str(error.value) and '--val' in str(error.value)
