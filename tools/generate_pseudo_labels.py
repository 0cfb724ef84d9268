"""Label images: ``generate_pseudo_labels.py CONFIG CHECKPOINT``, the same as ``mmssis label``."""

from mmssis.commands import run_verb


def main() -> None:
    """Write pseudo labels."""
    run_verb('label')


if __name__ == '__main__':
    main()
