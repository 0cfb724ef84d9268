"""What is read of a work directory: resumed runs, torn lines, missing files."""

import json

import pytest

from mmssis.report.curves import ap_keys, figures_of, series
from mmssis.report.work_dir import read_scalars, read_work_dir, signature


def log(folder, name, lines):
    path = folder / name / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text('\n'.join(lines))
    return path


def lines_of(steps, value):
    return [json.dumps({'step': step, 'sup_loss_cls': value, 'sup_d0.loss_mask': 1.0})
            for step in steps]


@pytest.mark.parametrize('starts, expected', [
    pytest.param({}, [], id='no_log'),
    pytest.param({'1': lines_of([10, 20, 30], 1)}, [(10, 1), (20, 1), (30, 1)], id='one_start'),
    pytest.param({'1': lines_of([10, 20, 30], 1), '2': lines_of([20, 40], 2)},
                 [(10, 1), (20, 2), (40, 2)], id='resumed_before_the_last_log'),
    pytest.param({'1': lines_of([10], 1), '2': []}, [(10, 1)], id='second_start_logged_nothing'),
    pytest.param({'1': [*lines_of([10], 1), '{"step": 20, "sup']}, [(10, 1)], id='torn_line'),
    pytest.param({'1': ['{"lr": 1}']}, [], id='line_without_step'),
])
def test_logs_of_all_starts(tmp_path, starts, expected):
    for name, lines in starts.items():
        log(tmp_path, name, lines)
    assert [(line['step'], line['sup_loss_cls']) for line in read_scalars(tmp_path)] == expected


def test_folders_that_are_none_are_refused(tmp_path):
    with pytest.raises(ValueError, match='nothing is no folder: give the work directory'):
        read_work_dir(tmp_path / 'nothing')
    with pytest.raises(ValueError, match='holds neither the config of a training'):
        read_work_dir(tmp_path)
    log(tmp_path, '1', lines_of([10], 1))
    (tmp_path / 'data.json').write_text('{')
    with pytest.raises(ValueError, match=r'data.json is no valid JSON .*: move it away'):
        read_work_dir(tmp_path)


def test_newest_checkpoint_and_what_changes_the_signature(tmp_path):
    file = log(tmp_path, '1', lines_of([10], 1))
    for name in ('iter_9.pth', 'iter_10.pth', 'best_teacher_iter_5.pth', '.iter_11.pth.x.partial'):
        (tmp_path / name).touch()
    assert read_work_dir(tmp_path).checkpoint.name == 'iter_10.pth'
    before = signature(tmp_path)
    (tmp_path / 'report.html').touch()
    assert signature(tmp_path) == before
    file.write_text(file.read_text() + '\n' + lines_of([20], 1)[0])
    assert signature(tmp_path) != before


def figure(scalars, title, **settings):
    found = {item['title']: json.loads(item['figure']) for item in figures_of(scalars, **settings)}
    return found[title] if title in found else None


def test_figures_have_what_the_log_has():
    scalars = [
        {'step': 10, 'sup_loss_cls': 1.0, 'sup_d0.loss_mask': 2.0, 'unsup_loss_cls': 4.0,
         'pseudo/instances_per_image': 0.5, 'pseudo/kept/ddtf': 0.1, 'pseudo/kept/dicc': 1.0,
         'pseudo/class/cat': 2.0},
        {'step': 10, 'teacher/coco/segm_mAP': 0.25, 'student/coco/segm_mAP': 0.2,
         'teacher/coco/segm_mAP_50': 0.5}]
    losses = figure(scalars, 'Losses')
    assert [trace['y'] for trace in losses['data']] == [[3.0], [4.0]]
    assert [trace['name'] for trace in figure(scalars, 'Share that passes each hook')['data']] == [
        'ddtf']
    per_image = figure(scalars, 'Pseudo labels per unlabeled image', labels_per_image=2.5)
    assert per_image['layout']['shapes'][0]['y1'] == 2.5
    assert 'shapes' not in figure(scalars, 'Pseudo labels per unlabeled image')['layout']
    assert figure(scalars, 'Against the hidden truth') is None
    assert figure(scalars, 'Pseudo labels by class', colors=dict(cat='#ff0000'))['data'][0][
        'marker']['color'] == ['#ff0000']


@pytest.mark.parametrize('baseline, ap', [
    pytest.param([{'step': 5, 'student/coco/segm_mAP': 0.1}], [10.0], id='supervised'),
    pytest.param([{'step': 5, 'coco/segm_mAP': 0.3}], [30.0], id='plain_detector'),
])
def test_baseline_is_drawn_beside(baseline, ap):
    own = [{'step': 5, 'teacher/coco/segm_mAP': 0.2}]
    drawn = {trace['name']: trace['y'] for trace in
             figure(own, 'Mask AP', baseline=baseline)['data']}
    assert drawn == dict(teacher=[20.0], baseline=ap)


def test_burn_in_is_marked_once_it_is_over():
    scalars = [{'step': 10, 'coco/segm_mAP': 0.1}]
    assert len(figure(scalars, 'Mask AP', burn_in=10)['layout']['shapes']) == 1
    assert 'shapes' not in figure(scalars, 'Mask AP', burn_in=11)['layout']
    assert ap_keys(scalars) == {'': 'coco/segm_mAP'}
    assert series(scalars, 'nothing') == ([], [])
