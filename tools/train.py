"""Train a model: ``python tools/train.py CONFIG [options]``, the same as ``mmssis train``.

``tools/dist_train.sh`` starts it on several GPUs.
"""

from mmssis.commands import run_verb


def main() -> None:
    """Train."""
    run_verb('train')


if __name__ == '__main__':
    main()
