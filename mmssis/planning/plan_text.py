"""A plan in words, and as files."""

import filecmp
import os
import shutil
from pathlib import Path
from textwrap import wrap
from typing import List

from mmssis.datasets.checks.account_table import WIDTH, table

from .config_text import config_text
from .plan import Plan


def plan_text(plan: Plan) -> str:
    """The account of the data, the choices with their reasons, and remarks.

    Args:
        plan: what to tell.
    """
    name = plan.base.config.rpartition('/')[2]
    lines = [table(plan.account, 'data.json of the work directory, once it trains'), '', 'Choices',
             f'  {"base":<12}{name:<32}{plan.base.reason}']
    lines += [f'  {choice.name:<12}{choice.shown:<32}{choice.reason}' for choice in plan.choices]
    for word, texts in (('Note', plan.notes), ('Look at this', plan.remarks)):
        for text in texts:
            lines += wrap(f'{word}: {text}', WIDTH, subsequent_indent='  ',
                          break_long_words=False)
    return '\n'.join(lines)


def write_plan(plan: Plan, folder: Path, out: Path, force: bool) -> List[Path]:
    """Write the config, after the annotation files that it names.

    Args:
        plan: from :func:`~mmssis.planning.plan.make_plan`.
        folder: the one that its new annotation files were written to.
        out: path of the config; new annotation files go beside it.
        force: whether to replace other files of the same names.

    Returns:
        The files, the config last.

    Raises:
        ValueError: if a file is there with another content; nothing is written then.
    """
    draft = folder / out.name
    draft.write_text(config_text(plan.base, plan.files.moved(folder, out.parent), plan.choices,
                                 _header(plan)), encoding='utf-8')
    made = [path for path in (plan.files.labeled, plan.files.val, plan.files.unlabeled)
            if path.parent == folder]
    targets = {path: out.parent / path.name for path in (*made, draft)}
    for path, target in targets.items():
        if target.exists() and not force and not filecmp.cmp(path, target, shallow=False):
            raise ValueError(f'{target} is there with another content: give another --out, or '
                             '--force to replace it')
    out.parent.mkdir(parents=True, exist_ok=True)
    for path, target in targets.items():
        shutil.copyfile(path, f'{target}.part')
        os.replace(f'{target}.part', target)
    return list(targets.values())


def _header(plan: Plan) -> str:
    """What the config is for."""
    return (f'By mmssis init. Labeled images: {plan.facts.labeled:,}, unlabeled: '
            f'{plan.facts.unlabeled:,}, classes: {len(plan.account.classes):,}')
