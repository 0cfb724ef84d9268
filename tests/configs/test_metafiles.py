"""Every row of every table, and every config: resolved, and built without network or data."""

import json
import re
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Dict

import pytest
import torch
import yaml
from mmdet.models.detectors import semi_base
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from shipped import (CONFIGS, METAFILES, MISSING, ROOT, ROWS, SHIPPED, distinct, docstring,
                     every_run, found, run_of)
from torch import nn

from mmssis.datasets.checks.training_data import check_filtered

KEYS = {'Name', 'Table', 'Config', 'Options', 'TeacherOptions', 'Supervised', 'Tool', 'Published',
        'Run'}


@lru_cache(maxsize=None)
def _built(cfg: str) -> nn.Module:
    settings = ConfigDict(json.loads(cfg))
    # These read numbers of tensors, to be built or to run, which the meta device has not.
    backbone = settings['backbone']
    reads = backbone['type'] in ('mmpretrain.ConvNeXt', 'SwinTransformer') or 'dcn' in backbone
    device = 'cpu' if reads else 'meta'
    with torch.device(device):
        return MODELS.build(settings)


def built(cfg: Dict[str, Any]) -> nn.Module:
    """A detector without numbers in its parameters; those of equal configs are built once."""
    return _built(json.dumps(cfg, sort_keys=True))


def test_every_model_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no run trains on pseudo labels that nothing filters; AssignToBoxes keeps one a box."""
    monkeypatch.setattr(semi_base, 'MODELS', SimpleNamespace(build=built))
    for name, cfg in every_run().items():
        if 'detector' not in cfg.model:
            built(cfg.model)
            continue
        with torch.device('meta'):
            hooks = MODELS.build(cfg.model).pseudo_label_hooks.values()
        filters = sum(hook.filters or type(hook).__name__ == 'AssignToBoxes' for hook in hooks)
        assert not check_filtered(filters, cfg.model.burn_in, cfg.train_cfg.max_iters), name


def test_backbones_give_what_the_heads_read() -> None:
    for cfg in distinct(cfg.model.get('detector', cfg.model) for cfg in every_run().values()):
        backbone = built(cfg).backbone
        backbone.eval()
        with torch.no_grad():
            device = next(backbone.parameters()).device
            features = backbone(torch.empty(1, 3, 64, 64, device=device))
        reader = cfg.get('panoptic_head', cfg.get('neck'))
        assert [feature.shape[1] for feature in features] == list(reader['in_channels'])


def test_gap_2_35_number_of_classes_is_consistent() -> None:
    for name, cfg in every_run().items():
        classes = {len(names) for names in found(cfg.train_dataloader.dataset, 'classes')} or {80}
        counts = [*found(cfg.model, 'num_things_classes'), *found(cfg.model, 'num_classes')]
        assert set(counts) == classes, name
        assert set(found(cfg.model, 'num_stuff_classes')) <= {0}, name
        weights = {len(weight) - 1 for weight in found(cfg.model, 'class_weight')}
        assert weights <= classes, name


def test_clip_is_freed_by_the_threshold_of_the_filter_before_it() -> None:
    for name, cfg in every_run().items():
        hooks = cfg.model.get('pseudo_label_hooks', {})
        if 'class_thr' in (hooks.get('dicc') or {}):
            first = next(hook for hook in hooks.values() if hook and hook.type.endswith('Filter'))
            expected = dict(CoupledThresholdFilter=first.get('score_thr'),
                            AdaptiveThresholdFilter=0.7).get(first.type, first.get('class_thr'))
            assert hooks.dicc.class_thr == expected, name


def test_rows_are_complete() -> None:
    index = yaml.safe_load((CONFIGS / 'model-index.yml').read_text())
    assert index['Import'] == [f'configs/{folder}/metafile.yml' for folder in METAFILES]
    # No name twice, and each row has a config or a reason.
    assert len(ROWS) + len(MISSING) == sum(
        len(content['Rows']) for content in METAFILES.values())
    # MMEngine reads `Models` whenever it looks up a path `mmssis::...`.
    assert all({*content} == {'Collection', 'Paper', 'Models', 'Rows'}
               for content in METAFILES.values())
    for name, row in ROWS.items():
        assert {'Name', 'Table', 'Config'} <= {*row} <= KEYS, name
        assert (ROOT / row.get('Run', 'docs/results.md')).exists(), name
    for name, row in MISSING.items():
        assert {*row} == {'Name', 'Table', 'Published', 'Missing'}, name
        assert all(row.values()), name


@pytest.mark.parametrize('row, separate, released_weights', [
    ('K-Net, COCO 10 %', False, True),
    ('K-Net, COCO 10 %, Eq. 5: weights and divisors as the paper prints them', True, False),
    ('alpha = beta = 2', True, False),
    ('K-Net, animals 2 %', True, False),
    ('Mask R-CNN, COCO 5 %', True, False),
    ('Mask R-CNN, COCO 10 %, settings of the released code', False, True),
])
def test_a_preset_of_pais_has_weights_and_divisors_of_one_kind(row: str, separate: bool,
                                                               released_weights: bool) -> None:
    model = run_of(f'pais: {row}').model
    references = [key for key in model.pseudo_label_hooks.da_loss if 'reference' in key]
    assert model.candidates.separate_negatives == separate
    assert bool(references) == released_weights


def test_supervised_rows_of_pais_without_its_views_have_one_size() -> None:
    row = 'pais: K-Net, COCO 1 %, supervised: one size and flips (sizes are not said)'
    pipeline = run_of(row).train_dataloader.dataset.labeled.pipeline
    assert (pipeline[2].scale, pipeline[2].ratio_range) == ((1333, 800), (1.0, 1.0))
    assert pipeline[5].sup[0].names == ['identity']


def test_published_numbers_are_those_of_the_docstrings() -> None:
    whole = {}
    for row in ROWS.values():
        if not row.get('Options') and not row.get('Supervised'):
            whole.setdefault(ROOT / row['Config'], row.get('Published', {}).get('mask AP'))
    for path in SHIPPED:
        number = re.search(r'Published: (\d+\.\d)', docstring(path))
        if number:
            assert f'{whole[path]}' == number.group(1), path
