"""Which lines reach the terminal, and how."""

import io
import logging
import os
import sys
import types
import warnings
from contextlib import contextmanager, redirect_stdout

import pytest
from mmengine.logging import MMLogger, print_log
from rich.text import Text

from mmssis.engine.terminal import Terminal, ignore_library_warnings, open_terminal, take_over
from mmssis.import_noise import NOISE, without_import_noise


class Screen(io.StringIO):
    """An output that says it is a terminal."""

    def isatty(self):
        return True


def module(name):
    """A module with functions that print and log."""
    found = types.ModuleType(name)
    exec('def say(text): print(text)\ndef log(logger, text, level): logger.log(level, text)\n'
         'def print_log_to(print_log, text): print_log(text, "current")', vars(found))
    return found


@contextmanager
def opened(tmp_path):
    """A logger of a run whose console is taken over, its file, and the output."""
    stream = io.StringIO()
    with redirect_stdout(stream):
        logger = MMLogger.get_instance(str(tmp_path), log_file=str(tmp_path / 'a.log'))
        with open_terminal(verbose=False) as terminal:
            take_over(terminal, logger)
            yield logger, tmp_path / 'a.log', stream


@pytest.mark.parametrize('name, level, text, shown', [
    ('mmengine.runner.runner', logging.INFO, 'Config: ...', False),
    ('mmssis.engine.hooks.preflight_hook', logging.INFO, 'The data of this run', True),
    ('my_hooks', logging.INFO, 'of the user', True),
    ('mmssis.engine.hooks.pseudo_label_statistics_hook', logging.INFO, 'each class', False),
    ('mmssis.engine.hooks.pseudo_label_statistics_hook', logging.WARNING, 'a fault', True),
    ('mmengine.runner.checkpoint', logging.WARNING, 'does not match', True),
    ('mmengine.fileio', logging.WARNING, '"FileClient" will be deprecated in future.', False),
    ('my_hooks', logging.WARNING, 'this is deprecated', True),
    ('mmdet.models', logging.ERROR, 'deprecated and broken', True),
], ids=['config', 'account', 'user', 'details', 'warning-of-details', 'warning-of-library',
        'deprecated-in-library', 'deprecated-in-user-code', 'error'])
def test_lines_of_the_log(tmp_path, name, level, text, shown):
    with opened(tmp_path) as (logger, file, stream):
        module(name).log(logger, text, level)
    mark = {logging.WARNING: 'Warning: ', logging.ERROR: 'Error: '}.get(level, '')
    assert stream.getvalue() == (f'{mark}{text}\n' if shown else '')
    assert text in file.read_text()


def test_the_speaker_is_looked_for_behind_print_log(tmp_path):
    with opened(tmp_path) as (_, file, stream):
        module('mmengine.optim').print_log_to(print_log, 'paramwise_options')
        module('mmssis.engine').print_log_to(print_log, 'burn-in has ended')
    assert stream.getvalue() == 'burn-in has ended\n'
    assert 'paramwise_options' in file.read_text()


def test_what_libraries_print_goes_to_the_log(tmp_path):
    with opened(tmp_path) as (_, file, stream):
        module('pycocotools.coco').say('creating index...')
        module('mmssis.engine.run').say('No GPU found')
    assert stream.getvalue() == 'No GPU found\n'
    assert 'creating index' in file.read_text() and 'No GPU' not in file.read_text()


def test_without_a_log_yet_nothing_is_lost(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr('sys.stdout', stream)
    with pytest.raises(KeyError), open_terminal(verbose=False):
        module('pycocotools.coco').say('loading')
        print('unfinished', end='')
        raise KeyError
    assert stream.getvalue() == 'loading\nunfinished\n'
    assert sys.stdout is stream


def test_verbose_leaves_everything_as_it_is(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr('sys.stdout', stream)
    with open_terminal(verbose=True) as terminal:
        assert terminal is None and sys.stdout is stream


def test_other_ranks_tell_errors_alone(tmp_path):
    with opened(tmp_path) as (logger, _, stream):
        for handler in logger.handlers:
            handler.setLevel(logging.ERROR)
        module('mmssis.engine').log(logger, 'a warning', logging.WARNING)
    assert stream.getvalue() == ''


@pytest.mark.parametrize('term, colored', [('xterm', True), ('dumb', False)])
def test_a_bar_where_it_can_be_redrawn(monkeypatch, term, colored):
    monkeypatch.setenv('TERM', term)
    monkeypatch.delenv('NO_COLOR', raising=False)
    screen = Screen()
    terminal = Terminal(screen)
    terminal.draw(lambda: Text('bar'), at_once=True)
    terminal.say('line', logging.WARNING)
    terminal.remove_bar()
    text = screen.getvalue()
    assert ('\x1b' in text, 'bar' in text) == (colored, colored) and 'line\n' in text


def test_a_pipe_gets_no_bar_and_no_escape_codes(monkeypatch):
    monkeypatch.setenv('FORCE_COLOR', '1')
    stream = io.StringIO()
    terminal = Terminal(stream)
    terminal.draw(lambda: pytest.fail('drawn'), at_once=True)
    terminal.say('[bold]not markup[/bold] ' + 'x' * 200, logging.WARNING)
    assert stream.getvalue() == 'Warning: [bold]not markup[/bold] ' + 'x' * 200 + '\n'


def test_a_worker_writes_without_the_bar(monkeypatch):
    screen = Screen()
    terminal = Terminal(screen)
    monkeypatch.setattr(os, 'getpid', lambda: -1)
    terminal.say('from a worker')
    assert screen.getvalue() == 'from a worker\n'


def test_one_line_of_an_import_is_dropped():
    stream = io.StringIO()
    with redirect_stdout(stream), without_import_noise():
        print('before')
        print(NOISE)
        print('\nafter')
    assert stream.getvalue() == 'before\n\nafter\n'


def test_warnings_of_libraries_are_ignored_and_others_are_not():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        ignore_library_warnings()
        warnings.warn('old', FutureWarning)
        warnings.warn('Setting OMP_NUM_THREADS environment variable for each process')
        warnings.warn('wrong')
    assert [str(each.message) for each in caught] == ['wrong']
