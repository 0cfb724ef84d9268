"""Split a data set: ``make_semi_splits.py ANN_FILE --percents 10``, as ``mmssis split`` does."""

from mmssis.commands import run_verb


def main() -> None:
    """Split."""
    run_verb('split')


if __name__ == '__main__':
    main()
