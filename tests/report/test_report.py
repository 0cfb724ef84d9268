"""The page of a real run of the toy world, and what becomes of it when something is missing."""

import json
import re
import shutil

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from toy import CLASSES, toy_config
from toy_pseudo import pseudo_config

import mmssis.api.reporting as reporting
from mmssis.api import report

pytestmark = pytest.mark.slow
SECTIONS = ('quality', 'course', 'taught', 'wrong', 'data', 'settings')


def section(page, name):
    """The HTML of a section."""
    return re.search(f'<section id="{name}">(.*?)</section>', page.read_text(), re.S)[1]


def data_of(page):
    """What the script of a page draws."""
    return json.loads(re.search(r'id="page-data">(.*?)</script>', page.read_text(), re.S)[1])


def test_every_section_is_there(page):
    assert [name for name in SECTIONS if 'Left out: ' in section(page, name)] == ['settings']
    assert re.findall(r'<span>(.*?)</span>\n *<small>mask AP', section(page, 'quality')) == [
        'teacher', 'student', 'baseline teacher', 'baseline student']
    assert all(name in section(page, 'data') for name in CLASSES)
    assert 'src="http' not in page.read_text() and page.stat().st_size < 10e6


def test_the_gallery_says_what_becomes_of_each_candidate(page):
    gallery = data_of(page)['gallery']
    assert [stage['name'] for stage in gallery['stages']] == ['candidates', 'ddtf', 'pmua']
    assert len(gallery['images']) == 3 and gallery['hidden']
    for image in gallery['images']:
        first, ddtf, pmua = image['stages']
        assert first['count'] == 6 and ddtf['count'] + len(ddtf['dropped']) == 6
        assert pmua['count'] == ddtf['count'] and not pmua['dropped']
        for one in ddtf['dropped']:
            assert re.fullmatch(r'class score 0\.\d+ below ddtf.class_thr 0.4|its mask is empty',
                                one['note'])
            assert image['fates'][str(one['number'])] == f'dropped: {one["note"]}'
        kept = {one['number'] for one in pmua['instances']}
        assert all(image['fates'][str(number)] == 'becomes a pseudo label' for number in kept)
        assert bool(ddtf['why_empty']) == (ddtf['count'] == 0)
        assert len(image['truth']) > 0 and image['uncertainty'].startswith('data:image/png')


def test_the_errors_add_up(page):
    text = section(page, 'wrong')
    worst = data_of(page)['worst']
    assert '2 of 2 validation images' in text and len(worst) <= 2
    assert [image['errors'] for image in worst] == sorted(
        (image['errors'] for image in worst), reverse=True)
    for image in worst:
        wrong = sum(one['type'] != 'Cor' for one in image['found'])
        assert image['errors'] == wrong + sum(one['missed'] for one in image['truth'])


def test_a_second_page_computes_nothing(page, work_dir, monkeypatch):
    monkeypatch.setattr('mmssis.report.trained.load_teacher', None)
    monkeypatch.setattr('mmssis.report.trained.load_trained_model', None)
    before = page.read_text()
    report(work_dir, images=3, val_images=2, baseline=work_dir, device='cpu')
    assert data_of(page)['gallery'] == json.loads(
        re.search(r'id="page-data">(.*?)</script>', before, re.S)[1])['gallery']


def test_nothing_else_of_the_work_directory_changes(work_dir, page):
    names = {path.name for path in work_dir.iterdir()}
    assert {'report.html', 'report_cache'} <= names
    assert {path.name for path in (work_dir / 'report_cache').iterdir()} == {
        'gallery.json', 'val_teacher.json', 'val_student.json', 'val_baseline.json'}


@pytest.fixture
def copied(work_dir, tmp_path):
    """A copy of the run without its cache."""
    return shutil.copytree(work_dir, tmp_path / 'copy', ignore=shutil.ignore_patterns('report*'))


MISSING = [
    pytest.param('*.pth', dict(taught='no checkpoint yet', wrong='no checkpoint yet'),
                 id='no_checkpoint'),
    pytest.param('data.json', dict(data='no data.json'), id='no_account'),
    pytest.param('2*', dict(course='Nothing is logged yet'), id='no_log'),
    pytest.param('*.py', dict(settings='no config', taught='no config'), id='no_config'),
]


@pytest.mark.parametrize('pattern, reasons', MISSING)
def test_what_is_missing_is_said(copied, pattern, reasons):
    for path in copied.glob(pattern):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    page = report(copied, images=1, val_images=1, device='cpu')
    for name, reason in reasons.items():
        assert re.search(f'Left out: .*{reason}', section(page, name)), name


def test_a_damaged_checkpoint_and_no_images_leave_the_rest(copied):
    next(copied.glob('iter_*.pth')).write_bytes(b'torn')
    page = report(copied, images=1, val_images=1, device='cpu')
    assert 'cannot be read safely' in section(page, 'taught')
    assert 'plotly' in section(page, 'course')


def test_a_model_that_sees_nothing(copied, monkeypatch):
    path = next(copied.glob('iter_*.pth'))
    content = torch.load(path, weights_only=False)
    for name, weights in content['state_dict'].items():
        if 'cls_embed.bias' in name:
            weights[:] = torch.tensor([0., 0., 0., 50.])
    torch.save(content, path)
    page = report(copied, images=1, val_images=2, device='cpu')
    image = data_of(page)['gallery']['images'][0]
    assert re.fullmatch(r'ddtf keeps none of 6; the best by class score: class score 0.00 below '
                        r'ddtf.class_thr 0.4.', image['stages'][1]['why_empty'])
    assert image['stages'][2]['why_empty'] == 'Nothing reached pmua: ddtf has no instance.'
    assert 'Missed' in section(page, 'wrong')


@pytest.mark.parametrize('make, reason', [
    pytest.param(lambda root: pseudo_config(root, val=True), 'no unlabeled images',
                 id='plain_detector'),
    pytest.param(lambda root: supervised(toy_config(root, val=True)), 'no unlabeled images',
                 id='supervised_baseline'),
])
def test_runs_without_pseudo_labels(tmp_path, make, reason):
    config = make(tmp_path)
    config['test_dataloader'] = config['val_dataloader']
    work_dir = tmp_path / 'work_dir'
    work_dir.mkdir()
    Config(config).dump(str(work_dir / 'toy.py'))
    torch.save(dict(state_dict=MODELS.build(config['model']).state_dict(), meta={}),
               work_dir / 'iter_3.pth')
    page = report(work_dir, images=1, val_images=2, device='cpu')
    assert reason in section(page, 'taught')
    assert '2 of 2 validation images' in section(page, 'wrong')
    assert 'student' not in section(page, 'quality') or 'teacher' not in section(page, 'quality')


def supervised(config):
    """The baseline of a toy run."""
    del config['train_dataloader']['dataset']['unlabeled']
    config['train_dataloader'].update(
        batch_size=2, batch_sampler=dict(type='SemiBatchSampler', labeled=2))
    config['model'].update(burn_in=4, predict_on='student', pseudo_label_hooks={})
    return config


def test_watching_writes_again_when_the_log_grows(copied, monkeypatch):
    said = []
    log = next(copied.glob('*/vis_data/scalars.json'))

    def sleep(seconds):
        if len(said) == 2:
            raise KeyboardInterrupt
        log.write_text(log.read_text() + json.dumps(
            {'step': 99, 'teacher/coco/segm_mAP': 0.77}) + '\n')

    monkeypatch.setattr(reporting.time, 'sleep', sleep)
    reporting.watch(copied, said.append, images=1, val_images=1, device='cpu')
    assert len(said) == 3 and 'Ctrl-C ends this' in said[0]
    assert '77.0' in section(copied / 'report.html', 'quality')
    assert 'data-reload="20"' in (copied / 'report.html').read_text()
