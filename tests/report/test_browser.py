"""The page in a browser: it draws, its toggles and hovers work, and it needs no network."""

import pytest
from browser import opened, pixels_of, started

pytestmark = pytest.mark.slow
FIRST = '#gallery .card:first-child'


@pytest.fixture(scope='module')
def browser():
    with started() as found:
        yield found


def toggle(page, name, value=None):
    """Press a button of the gallery's tools, as a mouse does on what covers its input."""
    selector = f'#tools input[name={name}]' + (f'[value="{value}"]' if value else '')
    page.locator(selector).locator('xpath=..').click()


@pytest.mark.parametrize('scheme, width', [('light', 1200), ('dark', 1200), ('light', 380)])
def test_it_draws_everything_in_every_window(browser, page, scheme, width):
    with opened(browser, page, width, scheme) as (shown, faults):
        shown.locator('.plotly .main-svg').first.wait_for()
        for section in ('#quality', '#course', '#gallery', '#wrong', '#data'):
            assert pixels_of(shown.locator(section)).std() > 5, section
        background = pixels_of(shown.locator('header'))[2, 2].mean()
        assert (background > 200) == (scheme == 'light')
        assert shown.evaluate('document.documentElement.scrollWidth') <= width
        assert faults == []


def test_stages_and_what_they_dropped(browser, page):
    with opened(browser, page) as (shown, faults):
        first = shown.locator(FIRST)
        # An untrained model is sure of nothing.
        shown.locator('#tools input[type=range]').fill('0')
        candidates = first.locator('.mask').count()
        toggle(shown, 'stage', '1')
        kept = first.locator('.mask').count()
        toggle(shown, 'dropped')
        assert first.locator('.mask').count() == candidates == 6 and kept < 6
        first.locator('.chips button.off').first.hover()
        assert 'Dropped: ' in first.locator('.say').inner_text()
        shown.locator('#tools input[type=range]').fill('0.95')
        assert first.locator('.mask').count() == 0
        assert 'has a class score of at least 0.95' in first.inner_text() or 'keeps none' in \
            first.inner_text()
        assert faults == []


def test_truth_uncertainty_and_masks_are_toggles(browser, page):
    with opened(browser, page) as (shown, faults):
        first = shown.locator(FIRST)
        toggle(shown, 'masks')
        bare = pixels_of(first.locator('svg'))
        toggle(shown, 'truth')
        assert first.locator('.mask.true').count() == 2
        with_truth = pixels_of(first.locator('svg'))
        assert (with_truth != bare).any()
        toggle(shown, 'truth')
        assert not first.locator('.mask').count()
        toggle(shown, 'uncertainty')
        assert first.locator('.heat image').count() == 1
        assert faults == []


def test_masks_and_names_point_at_each_other(browser, page):
    with opened(browser, page) as (shown, faults):
        shown.locator('#tools input[type=range]').fill('0')
        first = shown.locator(FIRST)
        first.locator('.chips button').first.hover()
        assert first.locator('.mask.on').count() == 1
        # The smallest mask is on top.
        first.locator('.mask').last.dispatch_event('pointerenter')
        words = first.locator('.say').inner_text()
        assert 'class score' in words and 'mask score' in words
        assert faults == []


def test_it_works_by_keyboard_and_remembers(browser, page):
    with opened(browser, page) as (shown, faults):
        shown.locator('#tools input[name=stage][value="0"]').focus()
        shown.keyboard.press('ArrowRight')
        assert shown.locator('#tools input[name=stage][value="1"]').is_checked()
        toggle(shown, 'large')
        shown.reload()
        assert shown.locator('#tools input[name=stage][value="1"]').is_checked()
        assert 'large' in shown.locator('#gallery').get_attribute('class')
        toggle(shown, 'stage', '0')
        shown.locator('#tools input[type=range]').fill('0')
        button = shown.locator(f'{FIRST} .chips button').first
        button.focus()
        assert shown.locator(f'{FIRST} .mask.on').count() == 1
        assert shown.locator(f'{FIRST} .say').inner_text()
        assert faults == []


def test_figures_say_their_values(browser, page):
    with opened(browser, page) as (shown, faults):
        plot = shown.locator('.plotly').first
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        shown.mouse.move(box['x'] + 0.5 * box['width'], box['y'] + 0.5 * box['height'], steps=4)
        shown.locator('.plotly .hoverlayer text').first.wait_for()
        assert faults == []


def test_worst_images_have_truth_beside_prediction(browser, page):
    with opened(browser, page) as (shown, faults):
        card = shown.locator('#worst .card').first
        assert card.locator('svg').count() == 2
        card.locator('.chips button').first.hover()
        assert card.locator('.say').inner_text().startswith('Truth: ')
        assert faults == []
