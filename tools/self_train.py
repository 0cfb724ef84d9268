"""Offline self-training: ``python tools/self_train.py CONFIG``, as ``mmssis self-train`` does."""

from mmssis.commands import run_verb


def main() -> None:
    """Train a teacher, write its pseudo labels, train a student."""
    run_verb('self-train')


if __name__ == '__main__':
    main()
