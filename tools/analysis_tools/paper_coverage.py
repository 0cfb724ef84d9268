"""Write docs/coverage.md: every row of every table of the papers, from configs/*/metafile.yml.

    python tools/analysis_tools/paper_coverage.py

A row has its published number, the command that runs it, and whether we ran it; or the reason why
it cannot be run here. Run it after a change of a metafile: a test compares the page with them.
"""

import argparse
import os
import re
import shlex
from collections import defaultdict
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs' / 'coverage.md'
PAPERS = ('PL-DC', 'PAIS', 'Noisy Boundaries', 'BoxTeacher', 'Rank statistics')
"""Collections that are one of the five papers, in the order of the page."""
NO_TABLE = 'in no table'
TABLE = re.compile(r'(supplement )?(\d+)([a-z]?)')

HEAD = """\
# Coverage of the papers' tables

Every row of every table of the papers, and what we added to them; a remark at the head of a section
says what is not listed. `python tools/analysis_tools/paper_coverage.py` writes this page from
`configs/<method>/metafile.yml`.

Put `python tools/` before a command. An option that is a dict in a metafile is one option for each
of its keys here. Published numbers are mask AP in percent unless another name stands before them;
they are the papers', not ours. Most columns besides mask AP are left out: AP50, AP75, AP of small,
medium and large objects, box AP. A row of several tables stands in each of them; a row that can be
run in several forms is listed, and counted, once for each. "ran" links to what we measured, on
small data, in part with earlier code and other lengths, as that page says; we ran no row at the
papers' scale.
"""


class Place(NamedTuple):
    """Where a row stands: the paper (or collection), the heading, and its part of the table."""

    paper: str
    heading: str
    part: str


class Entry(NamedTuple):
    """A row in one table: its part there, the collection of its metafile, and the row."""

    part: str
    collection: str
    row: Dict[str, Any]


Tables = Dict[str, List[Entry]]


def places_of(collection: str, table: str) -> List[Place]:
    """The tables that a row belongs to.

    Args:
        collection: of the row's metafile.
        table: its ``Table``: ``'3, 4a, PAIS 2'`` is Table 3 and part a of Table 4 of the
            collection's paper, and Table 2 of PAIS. Other texts are headings of their own.
    """
    items = table.split(', ')
    if collection not in PAPERS and not any(item.startswith(PAPERS) for item in items):
        items = [table]
    places = []
    for item in items:
        paper = next((name for name in PAPERS if item.startswith(f'{name} ')), collection)
        item = item.removeprefix(f'{paper} ')
        found = TABLE.fullmatch(item)
        heading = item or NO_TABLE
        if found:
            heading = f'{"Supplementary " if found[1] else ""}Table {found[2]}'
        places.append(Place(paper, heading, found[3] if found else ''))
    return places


def order_of(heading: str) -> Tuple[int, int, str]:
    """Sort key of a heading: tables by number, then those of a supplement, then the others."""
    number = int((re.search(r'Table (\d+)', heading) or [0, 0])[1])
    kinds = (heading.startswith('Table'), heading.startswith('Supplementary'), heading != NO_TABLE)
    return (kinds.index(True) if any(kinds) else len(kinds)), number, heading


def options_of(options: Dict[str, Any]) -> Iterator[str]:
    """Options of a metafile as arguments of ``--cfg-options``; a dict is one for each key."""
    for key, value in options.items():
        if isinstance(value, dict) and value:
            yield from options_of({f'{key}.{name}': each for name, each in value.items()})
        else:
            yield shlex.quote(f'{key}={text_of(value)}')


def text_of(value: Any) -> str:
    """A value as mmengine's ``DictAction`` reads it."""
    if isinstance(value, (list, tuple)):
        return f'[{",".join(map(text_of, value))}]'
    return str(value)


def command_of(row: Dict[str, Any]) -> str:
    """What runs a row, behind ``python tools/``; ``Tool`` names one that does not train."""
    options, teacher = row.get('Options') or {}, row.get('TeacherOptions') or {}
    # Pseudo labels are made before training in Noisy Boundaries alone.
    two_stages = (row['Config'].startswith('configs/noisy_boundaries/')
                  and not row.get('Supervised') and options.get('self_training', {}) is not None)
    words = [row.get('Tool', 'self_train.py' if two_stages else 'train.py'), row['Config'],
             *(['--supervised'] if row.get('Supervised') else []),
             *(['--cfg-options'] if options else []), *options_of(options),
             *(['--teacher-cfg-options'] if teacher else []), *options_of(teacher)]
    return ' '.join(words)


def published_of(row: Dict[str, Any]) -> str:
    """The published numbers of a row; mask AP has no name."""
    return '; '.join(f'{value}' if name == 'mask AP' else f'{name} {value}'
                     for name, value in row.get('Published', {}).items())


def line_of(entry: Entry, paper: str) -> str:
    """A row of a table in Markdown.

    Args:
        entry: the row and where it stands.
        paper: the collection of the section.
    """
    row, name = entry.row, entry.row['Name']
    if entry.part and not name.startswith(f'{entry.part}, '):
        name = f'{entry.part}, {name}'
    if entry.collection != paper:
        name = f'{entry.collection}: {name}'
    runs = f'`{command_of(row)}`' if 'Config' in row else f'not here: {row["Missing"]}'
    ran = f'[ran]({os.path.relpath(row["Run"], "docs")})' if 'Run' in row else ''
    return table_line(name, published_of(row), runs, ran)


def table_line(*cells: Any) -> str:
    """Cells as a line of a table in Markdown."""
    return '| ' + ' | '.join(str(cell).replace('|', r'\|') for cell in cells) + ' |'


def comment_of(metafile: str) -> str:
    """The remarks at the head of a metafile."""
    lines = metafile.partition('Collection:')[0].splitlines()
    return '\n'.join(line.removeprefix('#').strip() for line in lines)


def page_of(metafiles: List[str]) -> str:
    """The whole page.

    Args:
        metafiles: their texts.
    """
    tables: Dict[str, Tables] = defaultdict(lambda: defaultdict(list))
    heads = {}
    for text in metafiles:
        content = yaml.safe_load(text)
        collection = content['Collection']
        heads[collection] = (content['Paper'], comment_of(text))
        for row in content['Rows']:
            for place in places_of(collection, row['Table']):
                tables[place.paper][place.heading].append(Entry(place.part, collection, row))
    names = [*(name for name in PAPERS if name in tables),
             *(name for name in tables if name not in PAPERS)]
    return '\n'.join([HEAD, *summary_of({name: tables[name] for name in names if name in PAPERS}),
                      *(section_of(name, *heads[name], tables[name]) for name in names)])


def summary_of(papers: Dict[str, Tables]) -> Iterator[str]:
    """How many rows the tables of each paper have, and what became of them."""
    yield table_line('rows of the paper', 'in all', 'with a command', 'not here', 'ran by us')
    yield '|---|---|---|---|---|'
    for name, tables in papers.items():
        rows = list({id(entry.row): entry.row for heading, entries in tables.items()
                     for entry in entries if heading != NO_TABLE}.values())
        yield table_line(name, len(rows), *(sum(key in row for row in rows)
                                            for key in ('Config', 'Missing', 'Run')))


def section_of(name: str, paper: str, comment: str, tables: Tables) -> str:
    """One paper, or one collection without a paper of its own here.

    Args:
        name: of the collection.
        paper: link or title.
        comment: remarks at the head of its metafile.
        tables: heading to its rows.
    """
    lines = ['', f'## {name}', '', paper, '', comment]
    for heading in sorted(tables, key=order_of):
        entries = sorted(tables[heading], key=lambda entry: (
            entry.part, entry.collection != name))
        lines += ['', f'### {name}: {heading}', '',
                  table_line('row', 'published', 'command', 'ran by us'), '|---|---|---|---|',
                  *(line_of(entry, name) for entry in entries)]
    return '\n'.join(lines) + '\n'


def shipped() -> List[str]:
    """The texts of all metafiles."""
    return [path.read_text(encoding='utf-8')
            for path in sorted((ROOT / 'configs').glob('*/metafile.yml'))]


def main() -> None:
    """Write the page."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    PAGE.write_text(page_of(shipped()), encoding='utf-8')
    print(f'Written to {PAGE}')


if __name__ == '__main__':
    main()
