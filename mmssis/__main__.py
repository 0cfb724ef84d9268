"""``python -m mmssis VERB ...``, the same as ``mmssis VERB ...``."""

from mmssis.commands import main

if __name__ == '__main__':
    main()
