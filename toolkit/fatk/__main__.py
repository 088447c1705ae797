"""``python -m fatk`` is the command ``fatk``."""

from fatk.cli import main

if __name__ == "__main__":
    main()
