"""Prompts: class names and descriptions as sentences for CLIP's text encoder."""

import json
import warnings
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Union

PHOTO_TEMPLATES = ('a photo of a {}.', )

# The seven templates that OpenAI's CLIP repository (MIT) recommends as a small ensemble.
SIMPLE_TEMPLATES = (
    'itap of a {}.',
    'a bad photo of the {}.',
    'a origami {}.',
    'a photo of the large {}.',
    'a {} in a video game.',
    'art of the {}.',
    'a photo of the small {}.',
)


def class_sentences(classes: Sequence[str], templates: Sequence[str],
                    descriptions: Optional[Union[str, Path]] = None) -> List[List[str]]:
    """Sentences that stand for each class.

    Args:
        classes: K class names; underscores become spaces in a template.
        templates: each with one ``{}`` for the name.
        descriptions: JSON file, class name -> list of sentences that are used as they are.
            Classes without an entry fall back to the templates, with a warning.

    Returns:
        K lists of at least one sentence.

    Raises:
        ValueError: if the file is not such a dict.
        FileNotFoundError: if the file does not exist.
    """
    described = read_descriptions(descriptions) if descriptions else {}
    missing = [name for name in classes if name not in described]
    if described and missing:
        warnings.warn(f'no description of {missing} in {descriptions}: '
                      f'their names are used with {tuple(templates)}')
    return [
        described[name] if name in described else
        [template.format(name.replace('_', ' ')) for template in templates] for name in classes
    ]


def read_descriptions(path: Union[str, Path]) -> Dict[str, List[str]]:
    """Read and check a file of class descriptions, see :func:`class_sentences`."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'descriptions = {str(path)!r} of ClipRegionClassifier does not '
                                'exist: give a JSON file, class name -> list of sentences')
    try:
        described = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'descriptions = {str(path)!r} is not valid JSON: {error}') from error
    if not isinstance(described, dict):
        raise ValueError(f'descriptions = {str(path)!r} holds a {type(described).__name__}: '
                         'give a dict, class name -> list of sentences')
    for name, sentences in described.items():
        if (not isinstance(sentences, list) or not sentences
                or not all(isinstance(s, str) and s.strip() for s in sentences)):
            raise ValueError(f'the entry {name!r} of {path} must be a non-empty list of '
                             f'sentences, got {sentences!r}')
    return described


def check_templates(templates: Sequence[str]) -> None:
    """Raise unless every template has one place for the class name.

    Raises:
        ValueError: otherwise, with the template.
    """
    if isinstance(templates, str) or not templates:
        raise ValueError(f'templates = {templates!r} of ClipRegionClassifier: give a list of at '
                         "least one sentence, such as ['a photo of a {}.']")
    for template in templates:
        if template.count('{}') != 1 or template.count('{') != 1 or template.count('}') != 1:
            raise ValueError(f'template {template!r} of ClipRegionClassifier must contain {{}} '
                             "exactly once, for the class name, such as 'a photo of a {}.'")
