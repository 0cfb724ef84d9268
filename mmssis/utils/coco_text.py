"""Why a file cannot be read as JSON, in words."""

import codecs
import json
import math
import re
from typing import Any, Iterator, Optional, Tuple

# What a file begins with, what it is then, and how to make it readable.
BEGINNINGS = (
    (codecs.BOM_UTF8, 'begins with a byte order mark, which mmdet and pycocotools do not read',
     "Save it as UTF-8 without one: sed -i '1s/^\\xEF\\xBB\\xBF//' FILE"),
    (codecs.BOM_UTF32_LE, 'is UTF-32', 'Make it UTF-8: iconv -f UTF-32 -t UTF-8 FILE > NEW'),
    (codecs.BOM_UTF32_BE, 'is UTF-32', 'Make it UTF-8: iconv -f UTF-32 -t UTF-8 FILE > NEW'),
    (codecs.BOM_UTF16_LE, 'is UTF-16', 'Make it UTF-8: iconv -f UTF-16 -t UTF-8 FILE > NEW'),
    (codecs.BOM_UTF16_BE, 'is UTF-16', 'Make it UTF-8: iconv -f UTF-16 -t UTF-8 FILE > NEW'),
    (b'\x1f\x8b', 'is compressed with gzip', 'Unpack it: gunzip -c FILE > NEW.json'),
    (b'PK\x03\x04', 'is a zip archive', 'Unpack it.'),
    (b'\x80', 'is a pickle or another binary file', 'Export the data set as COCO JSON.'),
    (b'version https://git-lfs', 'is a pointer of git-lfs, not the file', 'Fetch it: git lfs pull'),
    (b'<', 'is XML or a web page', 'Download or export the COCO JSON itself.'))
CHUNK = 1 << 20
# Python reads no longer numbers; of such a one a piece is met at every STEP bytes.
ENDLESS, PIECE, STEP = re.compile(rb'[0-9]{4301}'), re.compile(rb'[0-9]{300}'), 2000
MAX_DIGITS = 300


def check_text(path: str, data: bytes) -> None:
    """Refuse a file that is no UTF-8 text.

    Args:
        path: where it is.
        data: its bytes.

    Raises:
        ValueError: with the likely cause and the remedy.
    """
    if not data.strip():
        raise ValueError(f'{path} is empty. Write or download it again.')
    for beginning, what, remedy in BEGINNINGS:
        if data.startswith(beginning):
            raise ValueError(f'{path} {what}. {remedy}')
    if b'\0' in data[:4]:
        raise ValueError(f'{path} is UTF-16, UTF-32 or no text. Save it as UTF-8.')
    offset = None if data.isascii() else _first_foreign_byte(data)
    if offset is not None:
        raise ValueError(
            f'{path} is not UTF-8: byte {data[offset]:#04x} at offset {offset} '
            f'({_around(data, offset)}). If it is Latin-1 (Windows), make it UTF-8: '
            'iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW')
    for place in range(0, len(data), STEP):
        if PIECE.match(data, place) and _is_endless(data, place):
            raise ValueError(f'{path} has a number of thousands of digits at offset {place}. '
                             'Correct it.')


def unreadable(path: str, data: bytes, error: Exception) -> ValueError:
    """The error that says why UTF-8 text is no JSON that mmdet and we read alike.

    Args:
        path: where it is.
        data: its bytes.
        error: what the parser said.

    Returns:
        To be raised.
    """
    if isinstance(error, RecursionError):
        return ValueError(f'{path} is nested too deeply to be read. Take what is not COCO out.')
    try:
        content = plain_json(data)
    except json.JSONDecodeError as fault:
        return ValueError(f'{path} is no valid JSON: {fault}. {_likely_cause(data, fault)}')
    for place, value in _leaves(content, '$'):
        if isinstance(value, float) and not math.isfinite(value):
            return ValueError(f'{path}: {place} is {value}, not a finite number. Correct it, or '
                              'leave the entry out.')
        if isinstance(value, str) and _is_half(value):
            return ValueError(f'{path}: {place} is {value!r}, half a character (a lone surrogate). '
                              'Name the file or class in UTF-8.')
    return ValueError(f'{path} is no valid JSON: {error}.')


def plain_json(data: bytes) -> Any:
    """JSON as plain values, with all that Python takes: NaN, and infinity for endless numbers."""
    return json.loads(
        data, parse_int=lambda text: int(text) if len(text) < MAX_DIGITS else float(text))


def _likely_cause(data: bytes, fault: json.JSONDecodeError) -> str:
    """What to do about text that is no JSON."""
    rest = fault.doc[fault.pos:].strip()
    if fault.msg.startswith('Extra data'):
        if rest.startswith(('{', '[')):
            return ('It holds several JSON values, as JSON lines do: a COCO file is one object '
                    'with lists under "images" and "annotations".')
        return f'Take out what follows the end: {rest[:40]!r}.'
    if not rest or fault.msg.startswith('Unterminated string'):
        return 'It ends too early: copy or download it again, completely.'
    if b"'" in data[:200] and fault.pos < 200:
        return 'It looks like printed Python: write it with json.dump.'
    return f'Correct it there: {rest[:40]!r}.'


def _first_foreign_byte(data: bytes) -> Optional[int]:
    """Offset of the first byte that is not UTF-8; in pieces, to save memory."""
    decoder = codecs.getincrementaldecoder('utf-8')()
    for start in range(0, len(data), CHUNK):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(data[start:start + CHUNK], final=start + CHUNK >= len(data))
        except UnicodeDecodeError as error:
            return start - pending + error.start
    return None


def _is_endless(data: bytes, place: int) -> bool:
    """Whether the digits at a place are a number too long for Python; in a text they are none."""
    start = len(data[:place].rstrip(b'0123456789'))
    return ENDLESS.match(data, start) is not None and data[start - 1:start] in b':,[- \t\r\n'


def _around(data: bytes, offset: int) -> str:
    """The text around a byte."""
    return repr(data[max(offset - 20, 0):offset + 20].decode('latin-1'))


def _leaves(node: Any, place: str) -> Iterator[Tuple[str, Any]]:
    """Texts and numbers of JSON with their places; keys count as texts."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield f'a key of {place}', key
            yield from _leaves(value, f'{place}.{key}')
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _leaves(value, f'{place}[{index}]')
    else:
        yield place, node


def _is_half(text: str) -> bool:
    """Whether a text holds a surrogate, which UTF-8 cannot write."""
    return any('\ud800' <= letter <= '\udfff' for letter in text)
