"""The options of a command line: each must name something that is read."""

import inspect
from typing import Any, Dict, Iterator, List, Optional, Tuple

from mmengine.config import Config

from .keys import ALIASES, OPEN, OWN_KEYS, RUNNER_KEYS
from .nearest import nearest_path
from .signatures import accepts, parameter_names
from .sizes import KEYS as SIZE_KEYS

# Who writes a key, for an option that would be overwritten.
WRITERS = {
    'train_cfg.max_iters': 'schedule.max_iters', 'model.burn_in': 'schedule.burn_in',
    'train_cfg.val_interval': 'schedule.val_interval',
    'default_hooks.checkpoint.interval': 'schedule.val_interval',
    'default_hooks.statistics.hidden_ann_file': 'data_set.hidden',
}
WRITERS_BY_NAME = dict(
    ann_file='the files of data_set', data_root='data_set.root', metainfo='data_set.classes',
    classes='data_set.classes', palette='data_set.palette', data_prefix='data_set.image_dirs',
    img='data_set.image_dirs', num_classes='data_set.classes', type='data_set',
    num_things_classes='data_set.classes', num_queries='num_queries', num_kernels='num_queries',
    max_per_image='num_queries', max_per_img='num_queries')
HOOKS = ('model.pseudo_label_hooks', 'default_hooks')
MMENGINE_HOOKS = ('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler',
                  'checkpoint')


class Options:
    """Options of a command line.

    Args:
        values: by dotted key; a dict without a ``type`` counts as its entries.
    """

    def __init__(self, values: Dict[str, Any]) -> None:
        self.values = dict(_flat(values))
        self.schedule = {key.partition('.')[2]: value for key, value in self.values.items()
                         if key.partition('.')[0] == 'schedule'}
        if '' in self.schedule:
            raise ValueError(f'schedule = {self.schedule[""]!r}: give schedule.max_iters, '
                             'schedule.burn_in or schedule.val_interval')

    def starting_with(self, key: str) -> List[str]:
        """The options at or below a key."""
        return [option for option in self.values if f'{option}.'.startswith(f'{key}.')]

    def merge(self, cfg: Config) -> None:
        """Check the options and merge them into a config, in place; ``schedule`` comes later.

        Raises:
            ValueError: if nothing reads an option, with the nearest key that is read.
        """
        chosen = {key: value for key, value in self.values.items()
                  if key.partition('.')[0] not in ('schedule', 'supervised')}
        # Types first: they say which settings there are.
        types = {key: value for key, value in chosen.items() if key.endswith('.type')}
        for part in (types, {key: chosen[key] for key in chosen if key not in types}):
            for key, value in part.items():
                self.check(cfg, key, value)
            cfg.merge_from_dict({key: _copy(value) for key, value in part.items()})

    def merge_supervised(self, cfg: Config, supervised: bool) -> None:
        """Merge the options ``supervised.*``, in place.

        Raises:
            ValueError: if the run is not supervised, or nothing reads an option.
        """
        for key in self.starting_with('supervised'):
            if not supervised:
                raise ValueError(f'{key} is read by nothing: it changes the supervised baseline, '
                                 'which --supervised trains')
            self.check(cfg, key.partition('.')[2], self.values[key])
            cfg.merge_from_dict({key: _copy(self.values[key])})

    def merge_final(self, cfg: Config, key: str) -> None:
        """Write the options below a key again, in place, after others were computed from it."""
        chosen = self.starting_with(key)
        if chosen:
            cfg.merge_from_dict({option: _copy(self.values[option]) for option in chosen})

    def check(self, cfg: Config, path: str, value: Any) -> None:
        """Refuse an option that nothing reads, or a text for a number."""
        top, _, rest = path.partition('.')
        if top in OWN_KEYS:
            return
        if top not in RUNNER_KEYS:
            self._refuse(cfg, path)
        if not rest or cfg.get(top) is None:
            return
        node, names, place = cfg[top], rest.split('.'), top
        for i, name in enumerate(names):
            is_last = i == len(names) - 1
            if isinstance(node, (list, tuple)):
                if not (name.isdigit() and int(name) < len(node)):
                    self._refuse(cfg, path, f'{place} is a list of {len(node)}')
                node = node[int(name)]
            elif not isinstance(node, dict):
                self._refuse(cfg, path, f'{place} = {node!r}')
            elif name not in node:
                if not self._may_be_new(node, place, name, value if is_last else None):
                    self._refuse(cfg, path, self._names_there(node, place))
                return
            else:
                node = node[name]
            place = f'{place}.{name}'
        _check_kind(path, node, value)

    def check_result(self, cfg: Config) -> None:
        """Refuse options that the resolution of the config has overwritten.

        Raises:
            ValueError: with the key that writes the value.
        """
        for path, value in self.values.items():
            if path.partition('.')[0] in OWN_KEYS or value in SIZE_KEYS:
                continue
            found = cfg._cfg_dict
            for name in path.split('.'):
                found = (found[int(name)] if isinstance(found, (list, tuple))
                         else found.get(name, found) if isinstance(found, dict) else found)
            if not isinstance(value, dict) and _plain(found) != _plain(value):
                writer = WRITERS.get(path) or WRITERS_BY_NAME.get(path.rpartition('.')[2])
                raise ValueError(f'{path} = {value!r} is overwritten with {found!r}: '
                                 f'set {writer or "the key that stands for it"} instead')

    def _may_be_new(self, node: Dict[str, Any], place: str, name: str, value: Any) -> bool:
        """Whether a dict reads a key that it does not have yet."""
        if place in HOOKS:
            is_hook = isinstance(value, dict) and 'type' in value
            if place == 'default_hooks' and value is None and name in MMENGINE_HOOKS:
                return True
            return is_hook or f'{place}.{name}.type' in self.values
        if name in RUNNER_KEYS.get(place, ()):
            return True
        if 'type' in node:
            return accepts(node, name) or name == 'priority' or (
                place.startswith('model.pseudo_label_hooks.') and name in ('only', 'before'))
        if place.endswith('_dataloader'):
            from torch.utils.data import DataLoader
            return name in ('dataset', 'sampler', 'batch_sampler',
                            *inspect.signature(DataLoader.__init__).parameters)
        return place.rpartition('.')[2] in OPEN

    @staticmethod
    def _names_there(node: Dict[str, Any], place: str) -> str:
        """What a dict has, in words, for dicts whose entries are named by the user."""
        if place in HOOKS:
            return f'the hooks of {place} are {", ".join(node)}; a new one needs a type'
        return ''

    @staticmethod
    def _refuse(cfg: Config, path: str, reason: str = '') -> None:
        """Refuse an option, naming the nearest key that is read."""
        near = None if reason else nearest_key(path, cfg)
        raise ValueError(f'`{path}` is read by nothing' + (f' ({reason})' if reason else '')
                         + (f': did you mean `{near}`?' if near else ''))


def nearest_key(path: str, cfg: Config) -> Optional[str]:
    """The key that was probably meant: of mmssis, of the config, or a parameter of its classes."""
    own = [f'{key}.{name}' if name else key
           for key, names in OWN_KEYS.items() for name in ('', *names)]
    if path in ALIASES:
        return ALIASES[path]
    if '.' not in path and path in {key.rpartition('.')[2] for key in own}:
        return nearest_path(path, own)
    return nearest_path(path, own + [child for key in cfg if key in RUNNER_KEYS
                                     for child in _paths(cfg[key], key)])


def _paths(node: Any, place: str) -> Iterator[str]:
    """Dotted keys of nested dicts and lists, and of the parameters of their classes."""
    yield place
    if isinstance(node, dict):
        for name, child in node.items():
            yield from _paths(child, f'{place}.{name}')
        for name in parameter_names(node) if 'type' in node else ():
            if name not in node:
                yield f'{place}.{name}'
    elif isinstance(node, (list, tuple)):
        for i, child in enumerate(node):
            if isinstance(child, (dict, list, tuple)):
                yield from _paths(child, f'{place}.{i}')


def _flat(values: Dict[str, Any], place: str = '') -> Iterator[Tuple[str, Any]]:
    """Values by dotted key; a dict that replaces another is one value."""
    for key, value in values.items():
        path = f'{place}.{key}' if place else key
        if isinstance(value, dict) and value and not {'type', '_delete_'} & set(value):
            yield from _flat(value, path)
        else:
            yield path, value


def _check_kind(path: str, old: Any, new: Any) -> None:
    """Refuse a text for a number, and a single value for a dict."""
    is_number = isinstance(old, (int, float)) and not isinstance(old, bool)
    if is_number and isinstance(new, str) and new not in SIZE_KEYS:
        raise ValueError(f'{path} = {new!r}: give a number, such as {old!r}')
    if isinstance(old, dict) and not (new is None or isinstance(new, dict)):
        raise ValueError(f'{path} = {new!r}: it is a dict with the keys {", ".join(old)}; set one '
                         'of these, or None')


def _copy(value: Any) -> Any:
    """A value that merging cannot change for the caller."""
    if isinstance(value, dict):
        return {key: _copy(child) for key, child in value.items()}
    return value


def _plain(value: Any) -> Any:
    """The same with lists for tuples."""
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    return [_plain(child) for child in value] if isinstance(value, (list, tuple)) else value
