"""From files and a machine to a plan: data, choices, and what should be looked at."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Tuple

from mmssis.datasets.checks.account import Account
from mmssis.datasets.checks.run_data import RunData
from mmssis.utils.config import load_config
from mmssis.utils.reading import read_config

from . import choices, data_facts
from .choices import BaseSettings, Choice
from .config_text import config_text
from .data_facts import DataFacts
from .data_files import DataFiles
from .machine import Base
from .unlabeled_list import list_unlabeled
from .validation_split import split_off_validation

FEW_TO_VALIDATE = 20


@dataclass
class Plan:
    """What a config will say, and why.

    Attributes:
        base: the config to start from.
        files: of the data.
        account: what will be learned and measured.
        facts: the numbers that the choices depend on.
        choices: settings.
        max_iters: updates of the run.
        notes: which files were made of the user's, in words.
        remarks: what should be looked at, in words.
    """

    base: Base
    files: DataFiles
    account: Account
    facts: DataFacts
    choices: List[Choice] = field(default_factory=list)
    max_iters: int = 0
    notes: List[str] = field(default_factory=list)
    remarks: List[str] = field(default_factory=list)


def make_plan(files: DataFiles, base: Base, folder: Path, stem: str) -> Plan:
    """Look at the data and choose.

    Args:
        files: of the data; without ``val``, labeled images are split off.
        base: the config to start from.
        folder: where to write new annotation files.
        stem: start of their names.

    Raises:
        ValueError: if the data cannot be trained on, with the remedy.
        OSError: if a file cannot be read.
    """
    has_val = files.val is not None
    files = files if has_val else split_off_validation(files, folder, stem)
    data, settings = _build(base, files, folder)
    notes = [] if has_val else [_note_of_split(data)]
    kept, known = data_facts.unlabeled_without_known(data)
    if known:
        notes.append(_note_of_known(files, len(kept), known))
        files = list_unlabeled(files, data.sources['unlabeled'], kept, folder, stem)
        data, _ = _build(base, files, folder)
    data_facts.check_data(data)
    account, remarks = data_facts.account_of(data, settings.num_queries)
    plan = Plan(base, files, account, data_facts.facts_of(data), notes=notes, remarks=remarks)
    _choose(plan, settings)
    return plan


def _build(base: Base, files: DataFiles, folder: Path) -> Tuple[RunData, BaseSettings]:
    """The data sets of a config without choices, and the settings of its base."""
    draft = folder / 'draft.py'
    draft.write_text(config_text(base, files), encoding='utf-8')
    settings = choices.settings_of(read_config(draft))
    return data_facts.build_data(load_config(draft)), settings


def _choose(plan: Plan, settings: BaseSettings) -> None:
    """Choose one setting after the other, as each may depend on those before it."""
    facts, base = plan.facts, plan.base
    batch, labeled, unlabeled = choices.choose_batch(facts, settings, base)
    image_size, size = choices.choose_image_size(facts, settings, base, labeled + unlabeled)
    queries, num_queries = choices.choose_num_queries(facts, settings)
    schedule, plan.max_iters = choices.choose_schedule(facts, settings, labeled, unlabeled)
    plan.choices = [image_size, queries, batch, schedule]
    plan.remarks += data_facts.model_remarks(facts, size, num_queries)


def _note_of_split(data: RunData) -> str:
    """How many images are validated on."""
    val, labeled = (len(data.summaries[key].paths)
                    for key in (data_facts.VAL, data_facts.LABELED))
    rough = '; AP on so few is rough, give --val if you can' if val < FEW_TO_VALIDATE else ''
    return f'labeled images split off for validation: {val} of {val + labeled}{rough}.'


def _note_of_known(files: DataFiles, left: int, known: Dict[str, int]) -> str:
    """How many unlabeled images are left out; refuses where none is left."""
    counts = ' and '.join(f'{number} {name}' for name, number in known.items())
    if not left:
        raise ValueError(f'--unlabeled {files.unlabeled} holds nothing but {counts} images: give '
                         'images without labels')
    return f'{files.unlabeled} holds {counts} images; the other {left} are the unlabeled ones.'
