"""Which share of the labels is used, written once in a config."""

from string import Formatter

from mmengine.config import Config, ConfigDict

from .data_set_spec import train_sources
from .options import Options

KEYS = ('percent', 'fold')
EXAMPLE = 'split = dict(percent=10, fold=1)'
ENDINGS = dict(labeled='.json', unlabeled='-unlabeled.json')


def apply_split(cfg: Config, options: Options) -> None:
    """Write the files of ``cfg.split`` to ``cfg.data_set``, in place, and take the split out.

    ``data_set.splits = 'semi_anns/instances_train2017.{fold}@{percent}'`` says how the files of a
    split are named: the labeled ones end in ``.json``, the unlabeled ones in
    ``-unlabeled.json``. Files that ``data_set`` names itself are kept.

    Args:
        cfg: any config.
        options: those of the command line.

    Raises:
        ValueError: if a key is unknown or missing, or an option ``split`` would be read by nothing.
    """
    spec, split = cfg.get('data_set') or {}, cfg.pop('split', None)
    splits = spec.get('splits')
    unnamed = [part for part in ENDINGS if part not in spec and _is_wanted(cfg, part)]
    if splits is None or not unnamed:
        for option in options.starting_with('split'):
            raise ValueError(f'{option} is read by nothing: {_reason(splits)}')
    elif split is not None:
        _check(split, splits)
        for part in unnamed:
            spec[part] = splits.format(**split) + ENDINGS[part]


def _is_wanted(cfg: Config, part: str) -> bool:
    """Whether the run reads a part of the data; pseudo labels are made of unlabeled images."""
    sources = train_sources(cfg)
    return part in sources or (part == 'unlabeled' and 'pseudo' in sources)


def _reason(splits: object) -> str:
    """Why no split is read."""
    if splits is None:
        return 'data_set.splits does not say how the files of a split are named'
    return 'data_set names the files itself, in data_set.labeled and data_set.unlabeled'


def _check(split: ConfigDict, splits: str) -> None:
    """Refuse unknown and missing keys, and values that are no part of a name."""
    if not isinstance(split, dict):
        raise ValueError(f'split = {split!r}: write {EXAMPLE}')
    for key, value in split.items():
        if key not in KEYS:
            raise ValueError(f'split has no key {key!r}: use {", ".join(KEYS)}')
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f'split.{key} = {value!r}: give a number')
    wanted = {name for _, name, _, _ in Formatter().parse(splits) if name is not None}
    if wanted - set(KEYS):
        raise ValueError(f'data_set.splits = {splits!r}: use {{fold}} and {{percent}} alone')
    for key in sorted(wanted - set(split)):
        raise ValueError(f'split lacks {key!r}: write {EXAMPLE}')
