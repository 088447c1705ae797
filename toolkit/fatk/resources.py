"""Where the standard's data lies: beside this package when installed, in the repository's ``schemas/`` when developed."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any


@cache
def schemas_directory() -> Path:
    """The directory of the hand-written standard."""
    package = Path(__file__).resolve().parent
    installed = package / "schemas"
    return installed if installed.is_dir() else package.parent.parent / "schemas"


def read_json(*parts: str) -> Any:
    """One JSON file of the standard, by its path below ``schemas/``."""
    return json.loads(schemas_directory().joinpath(*parts).read_bytes())


def read_text(*parts: str) -> str:
    """One text file of the standard, by its path below ``schemas/``."""
    return schemas_directory().joinpath(*parts).read_text(encoding="utf-8")


@cache
def specification(name: str, language: str) -> str:
    """The text of the standard in ``zh`` or ``en``: ``specification`` or ``versioning``."""
    package = Path(__file__).resolve().parent
    installed = package / "specification"
    directory = installed if installed.is_dir() else package.parent.parent / "spec"
    return (directory / f"{name}{'' if language == 'zh' else '.en'}.md").read_text(encoding="utf-8")


def names(directory: str, suffix: str) -> tuple[str, ...]:
    """Names, without suffix and sorted, of the files of one directory of the standard."""
    return tuple(sorted(p.name[: -len(suffix)] for p in (schemas_directory() / directory).glob(f"*{suffix}")))
