"""Every number of PL-DC's Tables 1 to 5, typed from the paper, is a row of some metafile."""

import pytest
from shipped import ALL_ROWS

COCO, CITY = ('COCO 1 %', 'COCO 2 %', 'COCO 5 %', 'COCO 10 %', 'COCO 100 %'), tuple(
    f'Cityscapes {percent} %' for percent in (5, 10, 20, 30))
# The paper's row: the metafile's row with {} for the column, and the columns; None is "-".
MAIN = {
    'Table 1': (COCO, {
        # The paper has 9.3 at 2 %, Noisy Boundaries, from which it is quoted, 9.4.
        'noisy_boundaries: {}, supervised (the teacher)': (3.5, 9.4, 17.3, 22.0, 34.5),
        'pldc: supervised, {}': (13.5, 20.0, 26.0, 30.5, 43.5),
        'noisy_boundaries: {}, Data Distillation': (3.8, 11.8, 20.4, 24.2, 35.7),
        'noisy_boundaries: {}': (7.7, 16.3, 24.9, 29.2, 38.6),
        'mean_teacher: Polite Teacher, {}': (18.3, 22.3, 26.5, 30.8, None),
        'pais: Mask R-CNN, {}': (21.1, None, 29.3, 31.0, 39.5),
        'guided_distillation: {}': (21.5, 25.3, 29.9, 35.0, None),
        'pldc: {}': (25.1, 29.2, 33.0, 36.5, 48.8)}),
    'Table 2': (CITY, {
        'noisy_boundaries: {}, supervised with the same augmentation': (11.3, 16.4, 22.6, 26.6),
        'pldc: supervised, {}': (12.1, 18.8, 27.4, 29.6),
        'noisy_boundaries: {}, Data Distillation': (13.7, 19.2, 24.6, 27.4),
        'noisy_boundaries: {}': (17.1, 22.1, 29.0, 32.4),
        'pais: Mask R-CNN, {}': (18.0, 22.9, 29.2, 32.8),
        'guided_distillation: {}': (23.0, 30.8, 33.1, 35.6),
        'pldc: {}': (27.6, 33.1, 35.8, 37.6)}),
    'Table 5': (('COCO 1 %', 'COCO 5 %', 'COCO 10 %'), {
        'pais: Mask R-CNN, {}': (21.1, 29.3, 31.0),
        'guided_distillation: {}': (21.5, 29.9, 35.0),
        'pldc: {}': (25.1, 33.0, 36.5),
        'guided_distillation: a, predicted mask IoU, {}': (21.7, 30.5, 35.6),
        'guided_distillation: b, DDTF, {}': (23.5, 30.9, 35.7),
        "guided_distillation: c, Noisy Boundaries' map, {}": (22.4, 30.7, 35.5),
        'guided_distillation: d, PMUA, {}': (23.1, 31.3, 35.7),
        'guided_distillation: e, PLePI, {}': (23.8, 31.2, 35.7),
        'guided_distillation: f, DICC, {}': (24.5, 31.6, 35.9),
        'guided_distillation: g, PAIS and PLePI, {}': (23.3, 30.5, 33.6),
        'guided_distillation: h, PAIS and DICC, {}': (24.1, 30.8, 34.0)}),
}
ELSEWHERE = {
    'STAC': (11.9, 18.2, 22.9, 29.0), 'CSD': (14.1, 17.9, 24.6, 27.5),
    'CCT': (15.2, 18.6, 24.7, 26.5), 'Dual-branch': (13.9, 18.9, 24.0, 28.9),
    'Unbiased Teacher': (16.0, 20.0, 27.1, 28.0)}
SHORT = {
    '3': (21.6, 21.1, 20.8, 20.4, 20.7),
    '4': (21.1, 20.3, 20.4, 21.1, 21.5, 21.6, 20.1),
    '4b': (19.9, 20.0, 20.0, 20.2, 21.0, 19.1), '4c': (21.1, 18.6, 10.0, 6.6)}


@pytest.mark.parametrize('table', MAIN)
def test_tables_of_systems(table: str) -> None:
    columns, systems = MAIN[table]
    for name, numbers in systems.items():
        for column, number in zip(columns, numbers):
            if number is not None:
                row = ALL_ROWS[name.format(column)]
                assert row['Published']['mask AP'] == number, (name, column)
                place = table.replace('Table', 'PL-DC' if name[:4] != 'pldc' else '').strip()
                assert place in row['Table'].split(', '), (name, column)


def test_systems_that_are_not_here() -> None:
    for system, numbers in ELSEWHERE.items():
        published = ALL_ROWS[f'noisy_boundaries: Cityscapes, {system}']['Published']
        assert tuple(published[f'mask AP at {n} %'] for n in (5, 10, 20, 30)) == numbers


@pytest.mark.parametrize('table', SHORT)
def test_ablations(table: str) -> None:
    """Each number as often as the paper has it; the full method stands in '3, 4' alone."""
    rows = [row['Published']['mask AP'] for name, row in ALL_ROWS.items()
            if name.startswith('pldc: ') and any(
                each == table or (table == '4' and each == '4a')
                for each in str(row['Table']).split(', '))]
    assert sorted(rows) == sorted(SHORT[table])
