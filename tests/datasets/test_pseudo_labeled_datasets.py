"""Pseudo labels from disk: scores beside instances, and the two sources of a plain detector."""

import json
from itertools import islice

import pytest
import torch
from mmdet.registry import DATASETS
from mmengine.runner import Runner
from toy import CLASSES, write_coco
from toy_pseudo import pseudo_config, scored_pipeline, source, write_pseudo

from mmssis.datasets import LabeledPseudoConcatDataset, SemiConcatDataset
from mmssis.datasets.samplers import StreamIndex


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
    return dict(type='LabeledPseudoConcatDataset', datasets=[
        dict(source(root, 'labeled', pipeline), **dict(labeled)),
        dict(source(root, 'pseudo', pipeline), **dict(pseudo))], **settings)


def test_images_without_pseudo_label_are_dropped_by_the_filter_alone(world):
    cfg = source(world, 'pseudo', [])
    assert [info['img_id'] for info in DATASETS.build(cfg)] == [2, 3, 4]
    assert len(DATASETS.build(dict(cfg, filter_cfg=None))) == 4


@pytest.mark.parametrize('annotations', [
    pytest.param([], id='none'),
    pytest.param([dict(id=1, image_id=2, category_id=1, bbox=[1, 1, 0, 5], area=0, iscrowd=0)],
                 id='one without area'),
])
@pytest.mark.parametrize('filter_cfg', [None, dict(filter_empty_gt=True)])
def test_a_file_without_any_pseudo_label_is_refused(world, annotations, filter_cfg):
    edit(world, lambda _: annotations)
    with pytest.raises(ValueError, match='no pseudo label on 4 images.*[Ll]ower the thresholds'):
        DATASETS.build(dict(source(world, 'pseudo', []), filter_cfg=filter_cfg))
    with pytest.raises(ValueError, match='pseudo_labels.json.*[Ll]ower the(ir)? *thresholds'):
        DATASETS.build(both(world, pseudo=dict(filter_cfg=filter_cfg)))


@pytest.mark.parametrize('pseudo_only', [True, False])
def test_missing_pseudo_labels_name_the_command_that_makes_them(world, pseudo_only):
    (world / 'pseudo_labels.json').unlink()
    cfg = source(world, 'pseudo', []) if pseudo_only else both(world)
    with pytest.raises(FileNotFoundError, match='pseudo_labels.json.*tools/self_train.py'):
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


def test_only_the_scores_differ_from_mmdets_data_set(world):
    ours, theirs = (DATASETS.build(dict(source(world, 'pseudo', []), type=kind))
                    for kind in ('PseudoLabeledCocoDataset', 'CocoDataset'))
    assert ours.metainfo == theirs.metainfo and len(ours) == len(theirs)
    for one, other in zip(ours, theirs):
        for instance in one['instances']:
            assert (instance.pop('score'), instance.pop('mask_score')) == (0.5, 0.8)
        assert one == other


@pytest.mark.parametrize('name', ['score', 'mask_score'])
@pytest.mark.parametrize('value', [-0.1, 1.5, 'high', None, float('nan')])
def test_wrong_scores_are_named(world, name, value):
    edit(world, lambda annotations: [dict(annotations[3], **{name: value})])
    with pytest.raises(ValueError, match=rf'annotation with id 6 has "{name}": .*\[0, 1\]'):
        DATASETS.build(source(world, 'pseudo', []))


def test_both_sources_give_samples_with_labels(world):
    dataset = DATASETS.build(both(world))
    assert isinstance(dataset, SemiConcatDataset) and len(dataset) == 7
    assert dataset.metainfo['classes'] == CLASSES
    for index in range(7):
        sample = dataset[index]
        assert sample['inputs'].shape == (3, 64, 64)
        assert len(sample['data_samples'].gt_instances) > 0


def test_a_batch_holds_two_labeled_images_for_each_pseudo_labeled_one(world):
    loader = Runner.build_dataloader(pseudo_config(world, write=False)['train_dataloader'], seed=3)
    for batch in islice(loader, 5):
        folders = [sample.img_path.split('/')[-2] for sample in batch['data_samples']]
        assert folders == ['labeled', 'labeled', 'unlabeled']


def test_augmentation_depends_on_the_position_in_the_stream_alone(world):
    cfg = both(world)
    for dataset in cfg['datasets']:
        dataset['pipeline'] = scored_pipeline(middle=[dict(type='OneOfDistortion')])
    dataset = DATASETS.build(cfg)
    first = dataset[StreamIndex(5, 8, 1, 0)]['inputs']
    torch.manual_seed(11)
    again = dataset[StreamIndex(5, 8, 1, 0)]['inputs']
    others = [dataset[StreamIndex(5, place, 1, 0)]['inputs'] for place in range(6)]
    assert torch.equal(first, again)
    assert any(not torch.equal(first, other) for other in others)


def test_an_unreadable_image_is_replaced_within_its_source(world):
    (world / 'unlabeled/unlabeled_002.png').write_text('no image')
    with pytest.raises(OSError, match='unlabeled_002.png'):
        DATASETS.build(both(world))[4]
    sample = DATASETS.build(both(world, on_unreadable='skip'))[4]
    assert sample['data_samples'].img_path.split('/')[-2] == 'unlabeled'


BRANCHES = dict(type='MultiBranch', branch_field=['sup'], sup=[dict(type='PackDetInputs')])


@pytest.mark.parametrize('settings, message', [
    pytest.param(dict(pseudo=dict(metainfo=dict(classes=('disc', 'square', 'bar')))),
                 'name different classes', id='class order of the config'),
    pytest.param(dict(pseudo=dict(pipeline=[*scored_pipeline()[:-1], BRANCHES])),
                 r'pseudo-labeled pipeline\[4\] \(MultiBranch\)', id='branches, pseudo'),
    pytest.param(dict(labeled=dict(pipeline=[*scored_pipeline()[:-1], BRANCHES])),
                 r' labeled pipeline|^labeled pipeline', id='branches, labeled'),
    pytest.param(dict(pseudo=dict(type='UnlabeledCocoDataset', filter_cfg=None)),
                 'is a UnlabeledCocoDataset, whose images have no labels', id='no labels'),
    pytest.param(dict(on_unreadable='hope'), 'LabeledPseudoConcatDataset.on_unreadable',
                 id='policy'),
])
def test_wrong_sources_are_refused(world, settings, message):
    with pytest.raises(ValueError, match=message):
        DATASETS.build(both(world, **settings))


def test_pseudo_categories_in_another_order_are_refused(world):
    path = world / 'pseudo_labels.json'
    content = json.loads(path.read_text())
    content['categories'].reverse()
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match='pseudo_labels.json.*order'):
        DATASETS.build(both(world))


def test_the_number_of_sources_is_checked(world):
    with pytest.raises(ValueError, match='LabeledPseudoConcatDataset.datasets'):
        LabeledPseudoConcatDataset([source(world, 'labeled', [])])
