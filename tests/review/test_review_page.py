"""The page of a review in a real browser: keys and buttons make the decisions they say."""

import json

import numpy as np
import pytest
from browser import opened, pixels_of, started
from PIL import Image
from toy_review import CLASSES, write_toy_review

from mmssis.review.applying import apply_decisions
from mmssis.review.decisions import PROPOSALS, review_id
from mmssis.review.order import Place
from mmssis.review.page_file import write_review_page


@pytest.fixture(scope='module')
def browser():
    with started() as found:
        yield found


@pytest.fixture
def journal(tmp_path):
    """A review with its page."""
    journal = write_toy_review(tmp_path)
    proposals = json.loads((journal.folder / PROPOSALS).read_text(encoding='utf-8'))
    for image in proposals['images']:
        path = tmp_path / 'more' / image['file_name']
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((30, 40, 3), 120, np.uint8)).save(path)
    places = [Place(image['file_name'], 2.5, 0.5, 1.0, 0.25) for image in proposals['images']]
    write_review_page(journal.folder / 'index.html', 'bolts <review>',
                      review_id(journal.folder / PROPOSALS), proposals, tmp_path / 'more', places,
                      [(255, 0, 0), (0, 90, 255)])
    return journal


def downloaded(page, folder):
    """The decisions that the page gives."""
    with page.expect_download() as download:
        page.keyboard.press('s')
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


ACCEPTED, REJECTED = dict(decision='accept'), dict(decision='reject')


@pytest.mark.slow
@pytest.mark.parametrize('keys, expected', [
    pytest.param('', [], id='nothing'),
    pytest.param('a r', [('a.jpg', 'complete', {'1': ACCEPTED, '2': REJECTED})], id='a and r'),
    pytest.param('a', [('a.jpg', 'open', {'1': ACCEPTED})], id='one is open'),
    pytest.param('A', [('a.jpg', 'complete', {'1': ACCEPTED, '2': ACCEPTED})], id='the rest'),
    pytest.param('2 2', [('a.jpg', 'complete', {
        '1': dict(decision='accept', category=CLASSES[1]), '2': ACCEPTED})], id='another class'),
    pytest.param('j r', [('a.jpg', 'open', {'2': REJECTED})], id='choose a label'),
    pytest.param('a m', [('a.jpg', 'incomplete', {'1': ACCEPTED})], id='missed something'),
    pytest.param('m m', [('a.jpg', 'open', {})], id='nothing missed after all'),
    pytest.param('a r n a', [('a.jpg', 'complete', {'1': ACCEPTED, '2': REJECTED}),
                             ('sub/b.jpg', 'complete', {'3': ACCEPTED})], id='next image'),
    pytest.param('ArrowRight ArrowRight a', [('empty.jpg', 'complete', {})], id='no object'),
    pytest.param('n n n n r', [], id='nothing to reject'),
    pytest.param('a n u r', [('a.jpg', 'open', {'1': REJECTED})], id='undo goes back'),
    pytest.param('u u a u', [], id='undo all'),
    pytest.param('3 9 x', [], id='keys without a meaning'),
])
def test_keys(browser, journal, tmp_path, keys, expected):
    with opened(browser, journal.folder / 'index.html') as (page, faults):
        for key in keys.split():
            page.keyboard.press(key if len(key) > 1 or key.islower() else f'Shift+{key}')
        path = downloaded(page, tmp_path)
        assert faults == []
    content = json.loads(path.read_text(encoding='utf-8'))
    assert content['images'] == [
        dict(file_name=name, status=status, instances=instances)
        for name, status, instances in expected]
    if any(status == 'complete' for _, status, _ in expected):
        assert apply_decisions(journal, path).images == [
            name for name, status, _ in expected if status == 'complete']


@pytest.mark.slow
def test_decisions_are_kept_and_drawn(browser, journal, tmp_path):
    with opened(browser, journal.folder / 'index.html') as (page, faults):
        assert pixels_of(page.locator('#card svg')).std() > 5
        before = pixels_of(page.locator('#card svg'))
        page.locator('[data-key=r]').click()
        assert (pixels_of(page.locator('#card svg')) != before).any()
        page.locator('[data-key=h]').click()
        assert not page.locator('#card .masks').is_visible()
        page.locator('#labels button').nth(1).hover()
        assert page.locator('.say').inner_text() == f'{CLASSES[1]}: class score 0.90.'
        page.select_option('#classes', '0')
        assert 'is nut "M4"' in page.locator('#labels').inner_text()
        assert '1 complete' in page.locator('#progress').inner_text()
        page.reload()
        assert '1 complete' in page.locator('#progress').inner_text()
        page.locator('[data-key=n]').click()
        page.reload()
        assert 'Image 2 of 3' in page.locator('#progress').inner_text()
        assert faults == []


@pytest.mark.slow
@pytest.mark.parametrize('scheme, width', [('light', 1200), ('dark', 400)])
def test_it_fits_the_window(browser, journal, scheme, width):
    with opened(browser, journal.folder / 'index.html', width, scheme) as (page, faults):
        assert page.evaluate('document.documentElement.scrollWidth') <= width
        assert page.locator('h1').inner_text() == 'bolts <review>'
        assert faults == []
