"""Evaluate: ``python tools/test.py CONFIG CHECKPOINT [options]``, the same as ``mmssis test``.

``tools/dist_test.sh`` starts it on several GPUs.
"""

from mmssis.commands import run_verb


def main() -> None:
    """Evaluate."""
    run_verb('test')


if __name__ == '__main__':
    main()
