"""Small faults of a module of Python, each of them one node of its syntax tree exchanged for another.

The kinds are those of Offutt's selective mutation, brought to Python: relations, arithmetic, connectives, constants,
statements left out. What another kind subsumes is left out too: whatever tells ``a and b`` from ``a`` and from ``b`` also
tells it from ``a or b``, and who notices that a condition always holds or never does notices that it is reversed. Messages,
docstrings, annotations, imports and decorators stay as they are.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from itertools import pairwise
from types import CodeType
from typing import Any

#: The nearest relation, which differs at the boundary alone.
BOUNDARIES = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
CONTRARIES = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
ARITHMETIC = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
#: Names, of functions and of methods, that are taken for each other.
TWINS = {"min": "max", "any": "all", "startswith": "endswith", "removeprefix": "removesuffix"}
TWINS |= {other: one for one, other in TWINS.items()}
#: What changes a value and not its type, as a function around it and as a method of it.
AROUND = {"abs", "sorted", "reversed"}
BEHIND = {"strip", "normalize", "replace", "removeprefix", "removesuffix"}
#: Functions whose arguments may stand in any order, or where another order is an error at once.
ANY_ORDER = {"min", "max", "isinstance"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Mutant:
    """One fault: ``change`` says it, ``function`` and ``line`` where; line numbers are no part of what it is known by.

    ``statement`` is the number of the line on which the statement that it is in begins; ``index`` is where in ``field`` of
    ``parent`` the node stands, if there are several.
    """

    module: str
    function: str
    line: str
    change: str
    statement: int
    parent: ast.AST
    field: str
    index: int | None
    node: ast.AST

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What a survivor is listed under."""
        return self.module, self.function, self.line, self.change

    def compiled(self, tree: ast.Module, path: str) -> CodeType:
        """The code of the module with this fault; the tree is as it was afterwards."""
        was = self._put(self.node)
        try:
            return compile(tree, path, "exec", dont_inherit=True)
        finally:
            self._put(was)

    def _put(self, node: Any) -> Any:
        place = getattr(self.parent, self.field)
        if self.index is None:
            setattr(self.parent, self.field, node)
            return place
        was, place[self.index] = place[self.index], node
        return was


def mutants(module: str, source: str, tree: ast.Module) -> list[Mutant]:
    """Every fault of a module, in the order of its text; of several that read the same, the later ones are numbered."""
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for mutant in _below(tree, module, source.splitlines(), (), None, 0):
        seen[mutant.key] += 1
        number = seen[mutant.key]
        found.append(mutant if number == 1 else replace(mutant, change=f"{mutant.change} ({number})"))
    return found


def watched(source: str, path: str) -> CodeType:
    """The code of a module that calls ``hit(line)`` before each statement."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                setattr(node, field, [part for statement in value for part in _watched(statement)])
    return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


def _watched(statement: ast.stmt) -> list[ast.stmt]:
    match statement:
        case ast.ImportFrom(module="__future__") | ast.Expr(value=ast.Constant()):
            return [statement]  # a call before it would be an error, or a docstring none
    call = ast.Expr(ast.Call(ast.Name("hit", ast.Load()), [ast.Constant(statement.lineno)], []))
    return [ast.copy_location(call, statement), statement]


def _below(
    parent: ast.AST,
    module: str,
    lines: list[str],
    path: tuple[str, ...],
    function: Function | None,
    statement: int,
    decided: bool = False,
) -> Iterator[Mutant]:
    for field, index, node in _children(parent):
        inner, within, at = path, function, statement
        if isinstance(node, ast.stmt):
            at = node.lineno
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            inner = (*path, node.name)
            within = None if isinstance(node, ast.ClassDef) else node
        decides = _decides(parent, field, function) or (decided and _passes_on(parent))
        for change, other in _alternatives(node, parent, field, function, decides):
            placed = ast.fix_missing_locations(ast.copy_location(copy(other), node))
            line = lines[node.lineno - 1].strip()
            yield Mutant(module, ".".join(path), line, change, at, parent, field, index, placed)
        yield from _below(node, module, lines, inner, within, at, decides)


def _decides(parent: ast.AST, field: str, function: Function | None) -> bool:
    """Whether what stands here is a condition, or the answer of a function that answers yes or no."""
    if isinstance(parent, ast.Return):
        return (
            function is not None and isinstance(function.returns, ast.Name) and function.returns.id == "bool"
        )
    return field in {"test", "ifs"}


def _passes_on(parent: ast.AST) -> bool:
    """Whether a condition is made of what stands below it, so that faults of the whole tell of the part."""
    return isinstance(parent, ast.BoolOp) or (
        isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not)
    )


def _children(parent: ast.AST) -> Iterator[tuple[str, int | None, Any]]:
    """What stands right below a node and may be at fault."""
    if isinstance(parent, ast.JoinedStr | ast.Raise | ast.Assert):
        return  # messages
    for field, value in ast.iter_fields(parent):
        if field in {"annotation", "returns", "decorator_list", "ops", "op", "ctx", "bases", "type"}:
            continue
        several = value if isinstance(value, list) else [value]
        for number, node in enumerate(several):
            if isinstance(node, ast.AST) and not isinstance(node, ast.Import | ast.ImportFrom):
                yield field, number if isinstance(value, list) else None, node


def _alternatives(
    node: ast.AST, parent: ast.AST, field: str, function: Function | None, decides: bool
) -> Iterator[tuple[str, ast.AST]]:
    """Every node that may stand in the place of this one, with what is said of it."""
    if isinstance(node, ast.stmt):
        yield from _statements(node, function)
    elif isinstance(node, ast.ExceptHandler):
        if not (len(node.body) == 1 and isinstance(node.body[0], ast.Raise)):
            yield "except: raise", _with(node, body=[ast.Raise()])
    elif isinstance(node, ast.expr):
        text = ast.unparse(node)
        others = [*_expressions(node, function), *_contraries(node, parent, decides)]
        if _decides(parent, field, function) and not isinstance(node, ast.Constant):
            others += (ast.Constant(True), ast.Constant(False))
        if isinstance(parent, ast.For | ast.comprehension) and field == "iter":
            others.append(ast.Tuple([], ast.Load()))
        for other in others:
            yield f"{text} → {ast.unparse(other)}", other


def _contraries(node: ast.expr, parent: ast.AST, decides: bool) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(ops=[relation]) if type(relation) in CONTRARIES and not decides:
            yield _with(node, ops=[CONTRARIES[type(relation)]()])
        case ast.UnaryOp(op=ast.Not()) if not decides:
            yield node.operand
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=str() as name) if isinstance(parent, ast.Call):
            looks_up = isinstance(parent.func, ast.Attribute) and parent.func.attr == "get"
            if looks_up and parent.args[0] is node:
                yield ast.Constant(name + "?")


def _expressions(node: ast.expr, function: Function | None) -> Iterator[ast.expr]:
    match node:
        case ast.Compare():
            for i, relation in enumerate(node.ops):
                if type(relation) in BOUNDARIES:
                    yield _with(node, ops=[*node.ops[:i], BOUNDARIES[type(relation)](), *node.ops[i + 1 :]])
        case ast.BoolOp():
            for i in range(len(node.values)):
                rest = node.values[:i] + node.values[i + 1 :]
                yield rest[0] if len(rest) == 1 else _with(node, values=rest)
        case ast.UnaryOp(op=ast.USub()):
            yield node.operand
        case ast.BinOp():
            # What joins types in an alias is no arithmetic, nor is what joins texts, lists and tuples.
            alias = isinstance(node.op, ast.BitOr) and function is None
            joined = any(
                isinstance(part, ast.JoinedStr | ast.List | ast.Tuple)
                or (isinstance(part, ast.Constant) and isinstance(part.value, str))
                for part in (node.left, node.right)
            )
            if type(node.op) in ARITHMETIC and not alias and not joined:
                yield _with(node, op=ARITHMETIC[type(node.op)]())
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            yield ast.Constant(value + 1)
        case ast.Call():
            yield from _calls(node)


def _calls(node: ast.Call) -> Iterator[ast.expr]:
    called = node.func
    if isinstance(called, ast.Name):
        if called.id in TWINS:
            yield _with(node, func=ast.copy_location(ast.Name(TWINS[called.id], ast.Load()), called))
        if called.id in AROUND and node.args:
            yield node.args[0]
    elif isinstance(called, ast.Attribute):
        if called.attr in TWINS:
            yield _with(node, func=_with(called, attr=TWINS[called.attr]))
        if called.attr in BEHIND:
            yield called.value
    for i, (one, other) in enumerate(pairwise(node.args)):
        fixed = isinstance(called, ast.Name) and called.id in ANY_ORDER
        alike = type(one) is type(other) and ast.dump(one) != ast.dump(other)
        if alike and not isinstance(one, ast.Constant | ast.Starred) and not fixed:
            yield _with(node, args=[*node.args[:i], other, one, *node.args[i + 2 :]])
    for i, keyword in enumerate(node.keywords):
        if keyword.arg is not None and not isinstance(keyword.value, ast.Lambda):
            yield _with(node, keywords=node.keywords[:i] + node.keywords[i + 1 :])


def _statements(node: ast.stmt, function: Function | None) -> Iterator[tuple[str, ast.stmt]]:
    match node:
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            if not _decides(node, "value", function):
                yield "return None", ast.Return(ast.Constant(None))
        case ast.Expr(value=value) if not isinstance(value, ast.Constant):
            yield "removed", ast.Pass()
        case ast.Raise() | ast.AugAssign():
            yield "removed", ast.Pass()
        case ast.Assign(targets=[target, *_]) if function is not None and _lives_on(target, function):
            yield "removed", ast.Pass()
        case ast.Continue():
            yield "continue → break", ast.Break()
        case ast.Break():
            yield "break → continue", ast.Continue()


def _lives_on(target: ast.expr, function: Function) -> bool:
    """Whether what is assigned to has a value without it: else no test could pass, and nothing would be proved."""
    if not isinstance(target, ast.Name):
        return isinstance(target, ast.Attribute | ast.Subscript)
    stored = [
        name
        for name in ast.walk(function)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store) and name.id == target.id
    ]
    arguments = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    return len(stored) > 1 or any(argument.arg == target.id for argument in arguments)


def _with(node: Any, **changes: Any) -> Any:
    """A copy of a node with some fields changed."""
    other = copy(node)
    for field, value in changes.items():
        setattr(other, field, value)
    return other
