"""What the terminal shows of a run that ``mmssis train`` or ``mmssis test`` started.

It is attached by :mod:`mmssis.api`, and no hook of a config: a script that builds MMEngine's
``Runner`` from the same config sees MMEngine's own output, and what the terminal shows is no
setting of a run that its checkpoints would have to remember. Everything that is left out goes to
the log file as MMEngine writes it.
"""

from .attached import build_runner
from .evaluation_progress_hook import EvaluationProgressHook
from .output import open_terminal, take_over
from .terminal import Terminal
from .train_progress_hook import TrainProgressHook
from .warnings_of_others import ignore_library_warnings

__all__ = ['EvaluationProgressHook', 'Terminal', 'TrainProgressHook', 'build_runner',
           'ignore_library_warnings', 'open_terminal', 'take_over']
