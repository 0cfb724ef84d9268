"""The run-length encoding of Label Studio's brush masks.

A stream of bits: 32 for the number of values, 5 for the bits of a value - 1, 4 x 4 for the four
sizes of lengths - 1; then blocks: 1 bit says whether a value is repeated, 2 bits which size its
length - 1 is written in, the length - 1, and the value, or as many values. The values are the RGBA
bytes of the image, row by row, all four alike.
"""

from typing import Iterator, List, Sequence

import numpy as np

VALUE_BITS = 8
LENGTH_BITS = (3, 4, 8, 16)
CHANNELS = 4


def encode_brush(mask: np.ndarray) -> List[int]:
    """Encode a mask.

    Args:
        mask: (H, W), bool.

    Returns:
        Bytes of the stream.
    """
    values = np.repeat(mask.ravel(), CHANNELS)
    ends = np.flatnonzero(np.diff(values)) + 1
    starts = np.concatenate([[0], ends]) if values.size else []
    bits = [f'{values.size:032b}', f'{VALUE_BITS - 1:05b}', *(f'{n - 1:04b}' for n in LENGTH_BITS)]
    for start, end in zip(starts, [*ends, values.size]):
        bits += _repeated(255 * int(values[start]), int(end - start))
    text = ''.join(bits)
    text += '0' * (-len(text) % 8)
    return [int(text[i:i + 8], 2) for i in range(0, len(text), 8)]


def _repeated(value: int, length: int) -> Iterator[str]:
    """Blocks of one value; a length of more than 16 bits takes several."""
    most = 1 << LENGTH_BITS[-1]
    while length:
        part = min(length, most)
        size = next(i for i, bits in enumerate(LENGTH_BITS) if part - 1 < 1 << bits)
        yield f'1{size:02b}{part - 1:0{LENGTH_BITS[size]}b}{value:0{VALUE_BITS}b}'
        length -= part


def decode_brush(stream: Sequence[int], height: int, width: int) -> np.ndarray:
    """Decode a mask.

    Args:
        stream: bytes of the stream.
        height: rows of the image.
        width: columns of the image.

    Returns:
        (H, W), bool: where the opacity is not 0.

    Raises:
        ValueError: if the stream is damaged or of another size.
    """
    bits = _Bits(stream)
    count = bits.read(32)
    if count != height * width * CHANNELS:
        raise ValueError(f'a brush mask holds {count} values, and an image of {width} x {height} '
                         f'has {height * width * CHANNELS}')
    value_bits = bits.read(5) + 1
    lengths = [bits.read(4) + 1 for _ in range(4)]
    values = np.zeros(count, np.int64)
    at = 0
    while at < count:
        is_repeated = bits.read(1)
        end = at + 1 + bits.read(lengths[bits.read(2)])
        if is_repeated:
            values[at:end] = bits.read(value_bits)
        else:
            values[at:end] = [bits.read(value_bits) for _ in range(at, end)]
        at = end
    return values.reshape(height, width, CHANNELS)[..., -1] > 0


class _Bits:
    """Reads a stream of bits."""

    def __init__(self, stream: Sequence[int]) -> None:
        self.text = ''.join(f'{byte:08b}' for byte in stream)
        self.at = 0

    def read(self, count: int) -> int:
        """The next bits as a number."""
        part = self.text[self.at:self.at + count]
        if len(part) < count:
            raise ValueError('a brush mask ends too early')
        self.at += count
        return int(part, 2)
