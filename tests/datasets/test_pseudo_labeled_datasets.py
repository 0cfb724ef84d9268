"""Pseudo labels from disk: scores beside instances, and the two sources of a plain detector."""

import json
from itertools import islice

import pytest
from mmdet.registry import DATASETS
from mmengine.runner import Runner
from toy import write_coco
from toy_pseudo import pseudo_config, scored_pipeline, source, write_pseudo


@pytest.fixture
def world(tmp_path):
    """4 labeled and 4 pseudo-labeled images, one of them without pseudo labels."""
    write_coco(tmp_path, 'labeled', 4, seed=1)
    write_coco(tmp_path, 'unlabeled', 4, seed=2)
    write_pseudo(tmp_path, without=[1])
    return tmp_path


def edit(root, change):
    """Change the annotations of the pseudo-label file."""
    path = root / 'pseudo_labels.json'
    content = json.loads(path.read_text())
    content['annotations'] = change(content['annotations'])
    path.write_text(json.dumps(content))


def both(root, labeled=(), pseudo=(), **settings):
    """Config of the two sources, with changes."""
    pipeline = scored_pipeline()
    return dict(type='SemiDataset',
                labeled=dict(source(root, 'labeled', pipeline), **dict(labeled)),
                pseudo=dict(source(root, 'pseudo', pipeline), **dict(pseudo)), **settings)


def test_images_without_pseudo_label_are_dropped_by_the_filter_alone(world):
    cfg = source(world, 'pseudo', [])
    assert [info['img_id'] for info in DATASETS.build(cfg)] == [2, 3, 4]
    assert len(DATASETS.build(dict(cfg, filter_cfg=None))) == 4


@pytest.mark.parametrize('annotations', [
    pytest.param([], id='none'),
    pytest.param([dict(id=1, image_id=2, category_id=1, bbox=[1, 1, 0, 5], area=0, iscrowd=0)],
                 id='one without area'),
])
def test_a_file_without_any_pseudo_label_is_refused(world, annotations):
    edit(world, lambda _: annotations)
    with pytest.raises(ValueError, match='no pseudo label on 4 images.*[Ll]ower the thresholds'):
        DATASETS.build(source(world, 'pseudo', []))
    with pytest.raises(ValueError, match='pseudo_labels.json.*[Ll]ower the(ir)? *thresholds'):
        DATASETS.build(both(world))


@pytest.mark.parametrize('pseudo_only', [True, False])
def test_missing_pseudo_labels_name_the_command_that_makes_them(world, pseudo_only):
    (world / 'pseudo_labels.json').unlink()
    cfg = source(world, 'pseudo', []) if pseudo_only else both(world)
    with pytest.raises(FileNotFoundError, match='pseudo_labels.json.*mmssis self-train'):
        DATASETS.build(cfg)


def test_scores_stay_with_their_instances_where_mmdet_leaves_some_out(world):
    def mixed(annotations):
        kept = [dict(annotations[i], image_id=2, id=i, score=i / 10) for i in range(5)]
        kept[1].update(bbox=[1, 1, 0, 9])
        kept[2].update(iscrowd=1)
        kept[3].pop('score')
        kept[4].update(category_id=99)
        return kept

    edit(world, mixed)
    content = json.loads((world / 'pseudo_labels.json').read_text())
    instances = DATASETS.build(source(world, 'pseudo', []))[0]['instances']
    expected = [content['annotations'][i] for i in (0, 2, 3)]
    assert [i['score'] for i in instances] == [0.0, 0.2, 1.0]
    assert [i['ignore_flag'] for i in instances] == [0, 1, 0]
    assert [i['mask'] for i in instances] == [a['segmentation'] for a in expected]


@pytest.mark.parametrize('name, value', [
    ('score', -0.1), ('mask_score', 1.5), ('score', None), ('mask_score', float('nan'))])
def test_wrong_scores_are_named(world, name, value):
    edit(world, lambda annotations: [dict(annotations[3], **{name: value})])
    with pytest.raises(ValueError, match=rf'annotation with id 6 has "{name}": .*\[0, 1\]'):
        DATASETS.build(source(world, 'pseudo', []))


def test_a_batch_holds_two_labeled_images_for_each_pseudo_labeled_one(world):
    loader = Runner.build_dataloader(pseudo_config(world, write=False)['train_dataloader'], seed=3)
    for batch in islice(loader, 5):
        folders = [sample.img_path.split('/')[-2] for sample in batch['data_samples']]
        assert folders == ['labeled', 'labeled', 'unlabeled']
        assert all(len(sample.gt_instances) > 0 for sample in batch['data_samples'])


BRANCHES = dict(type='MultiBranch', branch_field=['sup'], sup=[dict(type='PackDetInputs')])


@pytest.mark.parametrize('settings, message', [
    pytest.param(dict(pseudo=dict(metainfo=dict(classes=('disc', 'square', 'bar')))),
                 'dataset.pseudo stand in the order', id='class order of the config'),
    pytest.param(dict(pseudo=dict(pipeline=[*scored_pipeline()[:-1], BRANCHES])),
                 r'dataset.pseudo.pipeline\[4\] \(MultiBranch\)', id='branches, pseudo'),
    pytest.param(dict(pseudo=dict(type='UnlabeledCocoDataset', filter_cfg=None)),
                 'pseudo is a UnlabeledCocoDataset, whose images have no labels', id='no labels'),
])
def test_wrong_sources_are_refused(world, settings, message):
    with pytest.raises(ValueError, match=message):
        DATASETS.build(both(world, **settings))
