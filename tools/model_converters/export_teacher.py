"""Export the teacher: ``export_teacher.py CONFIG CHECKPOINT OUT.pth``, as ``mmssis export``."""

from mmssis.commands import run_verb


def main() -> None:
    """Export."""
    run_verb('export')


if __name__ == '__main__':
    main()
