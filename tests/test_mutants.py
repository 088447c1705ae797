"""The small faults of mutation testing: which there are of a piece of code, and that each is one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from mutants import mutants, watched

ROOT = Path(__file__).resolve().parent.parent

#: A function, and what may be wrong with it.
FAULTS = [
    ("def f(a): return a < 1", ["return None", "a < 1 → a <= 1", "1 → 2"]),
    ("def f(a) -> bool: return a >= b", ["a >= b → a > b", "a >= b → True", "a >= b → False"]),
    ("def f(a):\n    if a == b: return", ["a == b → True", "a == b → False"]),
    ("def f(a):\n    c = a == b", ["a == b → a != b"]),
    ("def f(a):\n    c = not a", ["not a → a"]),
    ("def f(a) -> bool: return not a and b", ["not a and b → b", "not a and b → not a", "not a and b → True",
                                              "not a and b → False"]),
    ("def f(a, b, c) -> bool: return a or b or c", ["a or b or c → b or c", "a or b or c → a or c",
                                                    "a or b or c → a or b", "a or b or c → True", "a or b or c → False"]),
    ("def f(a):\n    c = a + b * -d", ["a + b * -d → a - b * -d", "b * -d → b / -d", "-d → d"]),
    ("def f(a):\n    c = 'a' + b + [c]", []),
    ("def f(a):\n    c = [x for x in a if x]", ["a → ()", "x → True", "x → False"]),
    ("def f(a):\n    for x in a:\n        continue", ["a → ()", "continue → break"]),
    ("def f(a):\n    while a:\n        break", ["a → True", "a → False", "break → continue"]),
    ("def f(a):\n    g(a)", ["removed"]),
    ("def f(a):\n    yield a", ["removed"]),
    ("def f(a):\n    c = a", []),
    ("def f(a):\n    a = c", ["removed"]),
    ("def f(a):\n    c = 0\n    c += a", ["removed", "0 → 1", "removed"]),
    ("def f(a):\n    a.b = c", ["removed"]),
    ("def f(a):\n    c = g(a, b, 'c')", ["g(a, b, 'c') → g(b, a, 'c')"]),
    ("def f(a):\n    c = g(a, a, b.c)", []),
    ("def f(a):\n    c = max(a, b)", ["max(a, b) → min(a, b)"]),
    ("def f(a):\n    c = abs(a.b())", ["abs(a.b()) → a.b()"]),
    ("def f(a):\n    c = a.strip(b)", ["a.strip(b) → a"]),
    ("def f(a):\n    c = a.startswith(b)", ["a.startswith(b) → a.endswith(b)"]),
    ("def f(a):\n    c = g(b=a)", ["g(b=a) → g()"]),
    ("def f(a):\n    c = a.get('b', 'c')", ["'b' → 'b?'"]),
    ("def f(a):\n    try:\n        g()\n    except E:\n        h()", ["removed", "except: raise", "removed"]),
    ("def f(a):\n    raise E(a + 1)", ["removed"]),
    ("def f(a: int | None = 2, *, b=True) -> int:\n    'Says 1 + 1.'", ["True → False", "2 → 3"]),
    ("@g(1)\ndef f(a):\n    c = f'{a + 1}'", []),
    ("A = B | C\n__all__ = ['A']\nimport d", []),
]  # fmt: skip


@pytest.mark.parametrize(("source", "changes"), FAULTS)
def test_the_faults_of_a_piece_of_code(source: str, changes: list[str]) -> None:
    assert [mutant.change for mutant in mutants("m", source, ast.parse(source))] == changes


def test_a_fault_is_known_by_where_it_stands_and_not_by_line_numbers() -> None:
    source = "class C:\n    def f(self, a):\n        g(1, 1)\n"
    keys = [mutant.key for mutant in mutants("m", source, ast.parse(source))]
    moved = "\n\n# Moved.\n" + source
    assert keys == [mutant.key for mutant in mutants("m", moved, ast.parse(moved))]
    assert keys == [
        ("m", "C.f", "g(1, 1)", "removed"), ("m", "C.f", "g(1, 1)", "1 → 2"), ("m", "C.f", "g(1, 1)", "1 → 2 (2)"),
    ]  # fmt: skip


def test_the_statement_of_a_fault_is_known_by_its_first_line() -> None:
    source = "def f(a):\n    if (\n        a and\n        b\n    ):\n        g(\n            1\n        )\n"
    found = {mutant.change: mutant.statement for mutant in mutants("m", source, ast.parse(source))}
    assert found == {
        "a and b → b": 2,
        "a and b → a": 2,
        "a and b → True": 2,
        "a and b → False": 2,
        "removed": 6,
        "1 → 2": 6,
    }


def test_a_watched_module_tells_of_each_statement_that_it_runs() -> None:
    source = "'''Text.'''\nfrom __future__ import annotations\ndef f(a):\n    '''Text.'''\n    if a:\n        return 1\n    elif not a:\n        return 2\n"
    lines: list[int] = []
    space = {"hit": lines.append}
    exec(watched(source, "m"), space)  # noqa: S102 - what the module is for
    assert (space["__doc__"], space["f"].__doc__, lines) == ("Text.", "Text.", [3])
    assert (space["f"](0), lines[1:]) == (2, [5, 7, 8])


@pytest.mark.parametrize("name", ["values", "rules/linear"])
def test_each_fault_is_another_module_and_leaves_the_tree_as_it_was(name: str) -> None:
    source = (ROOT / f"toolkit/fatk/{name}.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    sound = compile(tree, name, "exec", dont_inherit=True)
    found = mutants(name, source, tree)
    assert len({mutant.key for mutant in found}) == len(found)
    assert [mutant.key for mutant in found if mutant.compiled(tree, name) == sound] == []
    assert compile(tree, name, "exec", dont_inherit=True) == sound
