"""Mutations of a config."""

from typing import Any, Callable, Dict, List, NamedTuple, Tuple

from hypothesis import strategies as st

NAN, INF = float('nan'), float('inf')
KINDS = ['value', 'value', 'value', 'number', 'number', 'misspelt', 'text']
# Parts of the toy world that are not settings of a run.
FIXED = ('custom_imports', 'work_dir', 'log_level', 'experiment_name')
NUMBERS = [NAN, INF, -1, 0, 1, 0.5, 1e300, 10**20, -10**20, 7]
OTHERS = [None, 'x', '', '0.5', True, [], {}, [0.5], dict(a=1), (1, 2, 3), ['a'], [None]]
TEXTS = [
    'model = dict(', 'x = y', '1 / 0', 'import nosuch', "_base_ = 'nosuch.py'", '_base_ = 3',
    "_base_ = './mine.py'", "_base_ = ['./mine.py']", "_base_ = 'mmssis::pldc/nosuch.py'",
    "_base_ = 'mmdet::nosuch/nosuch.py'", "_base_ = 'nosuch::a/b.py'", '', '# nothing', '\0',
    'model = {{nosuch}}', '  model = 3', "raise ValueError('no')", 'model = dict(a=1, a=2)',
    'def f(): return g()\nmodel = f()', "model = dict(type='nosuch')", 'class A', '_base_ = None',
    "_base_ = ''", '{{ _base_.nosuch }}', '"\\u"', "custom_imports = dict(imports=['nosuch'])",
    'é = 3; è(2)', "data_set = dict(root='x')", "model = {'type': 'FCOS'", '[' * 300]


class ConfigInput(NamedTuple):
    """A changed config.

    Attributes:
        label: what was done to it.
        text: the file, after its line of ``_base_`` unless ``is_whole``.
        is_whole: whether ``text`` is the whole file.
        place: the key that was set, None otherwise.
        value: its value.
        old: the value that it had; ``...`` for a new key.
    """

    label: str
    text: str
    is_whole: bool = False
    place: Tuple[Any, ...] = ()
    value: Any = None
    old: Any = ...


@st.composite
def config_inputs(draw: Callable, config: Dict[str, Any]) -> ConfigInput:
    """A config that differs from another one at one place, or whose text is damaged."""
    kind = draw(st.sampled_from(KINDS))
    if kind == 'text':
        text = draw(st.sampled_from(TEXTS))
        return ConfigInput(f'text {text[:40]!r}', text, True)
    places = [place for place in _places(config) if kind != 'number' or _is_number(
        _at(config, place))]
    place = draw(st.sampled_from(places))
    old = _at(config, place)
    if kind == 'misspelt' and isinstance(place[-1], str):
        place, value, old = (*place[:-1], f'{place[-1]}x'), old, ...
    else:
        value = draw(st.sampled_from(NUMBERS + OTHERS))
    return ConfigInput(f'{kind}: {dotted(place)} = {value!r:.60}',
                       _assignment(place, value, config), False, place, value, old)


def dotted(place: Tuple[Any, ...]) -> str:
    """A place as a dotted key."""
    return '.'.join(map(str, place))


def _places(node: Any, place: Tuple[Any, ...] = ()) -> List[Tuple[Any, ...]]:
    """Every place of a config."""
    items = node.items() if isinstance(node, dict) else (
        enumerate(node) if isinstance(node, list) else ())
    return [found for key, child in items if key not in FIXED
            for found in ((*place, key), *_places(child, (*place, key)))]


def _at(node: Any, place: Tuple[Any, ...]) -> Any:
    """The value at a place."""
    for key in place:
        node = node[key]
    return node


def _is_number(value: Any) -> bool:
    """Whether a value is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _assignment(place: Tuple[Any, ...], value: Any, config: Dict[str, Any]) -> str:
    """Lines of a config that set a value; a list is written out, since mmengine merges dicts."""
    if isinstance(value, dict):
        value = dict(value, _delete_=True)
    for i, key in reversed(list(enumerate(place[1:], 1))):
        if isinstance(key, int):
            value = [value if j == key else child for j, child in enumerate(_at(config, place[:i]))]
        else:
            value = {key: value}
    return f'{place[0]} = {_spelled(value)}'


def _spelled(value: Any) -> str:
    """A value as Python code."""
    if isinstance(value, dict):
        return '{' + ', '.join(f'{k!r}: {_spelled(v)}' for k, v in value.items()) + '}'
    if isinstance(value, (list, tuple)):
        inner = ''.join(f'{_spelled(child)}, ' for child in value)
        return f'[{inner}]' if isinstance(value, list) else f'({inner})'
    return f'float({str(value)!r})' if value != value or value in (INF, -INF) else repr(value)
