"""The compiled form of fatk is made of modules that are there, and where it is tested it is it that is tested."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest
from compiled import MODULES

TOOLKIT = Path(__file__).resolve().parent.parent / "toolkit" / "fatk"


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_is_compiled(name: str) -> None:
    assert (TOOLKIT / f"{name}.py").is_file()
    module = importlib.import_module(f"fatk.{name}".replace("/", ".").removesuffix(".__init__"))
    assert module.__file__ is not None
    is_compiled = not module.__file__.endswith(".py")
    assert is_compiled == ("FATK_COMPILED" in os.environ)


@pytest.mark.parametrize("name", MODULES)
def test_nothing_in_it_is_kept_by_a_decorator_that_the_compiler_takes_for_a_property(name: str) -> None:
    assert "cached_property" not in (TOOLKIT / f"{name}.py").read_text(encoding="utf-8")
