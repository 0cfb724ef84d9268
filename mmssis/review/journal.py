"""What was done to the data of a review, step by step."""

import datetime
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Dict, List, Optional

import msgspec

from mmssis.engine.atomic_backend import AtomicBackend

from .paths import relative

JOURNAL = 'journal.json'


@dataclass
class Base:
    """The data before the first step; paths are relative to the folder of the review.

    Attributes:
        labeled: COCO file of the labeled images.
        labeled_images: folder that its file names are relative to.
        unlabeled: list of the unlabeled images, a COCO file without annotations.
        unlabeled_images: folder that its file names are relative to.
    """

    labeled: str
    labeled_images: str
    unlabeled: str
    unlabeled_images: str


@dataclass
class Step:
    """One change; its files are in the folder of the review, and stay when it is taken back.

    Attributes:
        number: from 1.
        time: when, ISO 8601.
        source: file that was applied or imported.
        labeled: COCO file of all labeled images after the step.
        unlabeled: list of the images that are unlabeled after it.
        to_annotate: COCO file of the images that have to be labeled by hand; None for an import.
        images: file names that became labeled.
        undone: whether the step was taken back.
    """

    number: int
    time: str
    source: str
    labeled: str
    unlabeled: str
    to_annotate: Optional[str]
    images: List[str]
    undone: bool = False


@dataclass
class Journal:
    """The steps of a review.

    Attributes:
        folder: of the review.
        base: the data before the first step.
        steps: all steps, those that were taken back, too.
    """

    folder: Path
    base: Base
    steps: List[Step] = field(default_factory=list)

    @property
    def active(self) -> List[Step]:
        """Steps that were not taken back."""
        return [step for step in self.steps if not step.undone]

    @property
    def labeled(self) -> Path:
        """The labeled file after the last step."""
        return self.folder / (self.active[-1] if self.active else self.base).labeled

    @property
    def unlabeled(self) -> Path:
        """The list of unlabeled images after the last step."""
        return self.folder / (self.active[-1] if self.active else self.base).unlabeled

    @property
    def to_annotate(self) -> Optional[Path]:
        """Images to be labeled by hand, of the last decisions; None before any."""
        files = [step.to_annotate for step in self.active if step.to_annotate]
        return self.folder / files[-1] if files else None

    def name_for_labeled(self, file_name: str) -> str:
        """The name of an unlabeled image in the labeled file.

        Args:
            file_name: relative to the folder of the unlabeled images.

        Returns:
            The same file, relative to the folder of the labeled images.
        """
        path = (self.folder / self.base.unlabeled_images).resolve() / file_name
        start = self.folder / self.base.labeled_images
        return relative(path, start)

    def check_config(self, labeled: Path) -> None:
        """Refuse a config of other data.

        Args:
            labeled: the config's file of labeled images.

        Raises:
            ValueError: if it is neither the one that the review began with, nor one of its steps.
        """
        known = [self.base.labeled, *(step.labeled for step in self.steps)]
        if labeled.resolve() not in [(self.folder / name).resolve() for name in known]:
            raise ValueError(
                f'{self.folder} reviews other data: it began with '
                f'{self.folder / self.base.labeled}, and the config has {labeled}. Give the config '
                'of the review, or its folder with --out')

    def add(self, source: Path, contents: Dict[str, Optional[dict]], images: List[str]) -> Step:
        """Write the files of a step, and then the journal, which makes them count.

        Args:
            source: file that was applied.
            contents: ``labeled``, ``unlabeled`` and ``to_annotate`` (or None) to their contents.
            images: file names that became labeled.

        Returns:
            The step.

        Raises:
            WriteError: if a file cannot be written; the journal is as before.
        """
        number = len(self.steps) + 1
        names = {part: f'{part}.{number}.json' if content is not None else None
                 for part, content in contents.items()}
        for part, content in contents.items():
            if content is not None:
                text = json.dumps(content, ensure_ascii=False)
                AtomicBackend().put_text(text, self.folder / names[part])
        step = Step(number, datetime.datetime.now().isoformat(timespec='seconds'),
                    str(source), images=images, **names)
        self.steps.append(step)
        self.write()
        return step

    def undo(self) -> Step:
        """Take the last step back; its files stay where they are.

        Returns:
            The step.

        Raises:
            ValueError: if there is none.
        """
        if not self.active:
            raise ValueError(f'{self.folder / JOURNAL} has no step to take back')
        step = self.active[-1]
        step.undone = True
        self.write()
        return step

    def write(self) -> None:
        """Write the journal; it is whole, or as it was before."""
        content = dict(base=asdict(self.base), steps=[asdict(step) for step in self.steps])
        text = json.dumps(content, indent=1, ensure_ascii=False)
        AtomicBackend().put_text(text, self.folder / JOURNAL)


def read_journal(folder: Path) -> Journal:
    """Read the journal of a review.

    Args:
        folder: of the review.

    Returns:
        The journal.

    Raises:
        ValueError: if there is none, or it is damaged.
    """
    path = folder / JOURNAL
    if not path.is_file():
        raise ValueError(f'{folder} holds no review ({JOURNAL}): begin one with mmssis review '
                         'CONFIG CHECKPOINT, or name its folder with --out')
    try:
        content = msgspec.json.decode(path.read_bytes(), type=_Content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f'{path} is damaged ({error}): put a copy of it back; the files of each '
                         'step are beside it, numbered') from error
    return Journal(folder, content.base, content.steps)


class _Content(msgspec.Struct):
    """The file."""

    base: Base
    steps: List[Step]
