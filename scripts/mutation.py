"""Mutation testing of the engine of rules: small faults are put into it one by one, and a test must notice each.

A process with everything imported runs the tests once to learn which statements each of them runs. For each fault it forks
a child, which gives the functions of the module their faulty code and runs the tests that come by there, quickest first,
until one fails. A fault in what runs while modules are imported has a child that imports them all anew. What no test
notices must be listed in ``tests/data/mutants.csv`` with the reason. It runs on Linux, where a process can be forked and
its memory limited.
"""

from __future__ import annotations

import argparse
import ast
import csv
import functools
import gc
import importlib.machinery
import importlib.util
import json
import os
import resource
import signal
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
from mutants import Mutant, mutants, watched

ROOT = Path(__file__).resolve().parent.parent
LISTED = ROOT / "tests/data/mutants.csv"
TOLD = ROOT / "build/mutants.csv"
COLUMNS = ["module", "function", "line", "change", "reason"]

#: What is tested without asking.
ENGINE = ["values", "rounding", "rules", "rules.context", "rules.terms", "rules.linear", "rules.report"]
#: What tests it: in this process, each in a fraction of a second.
TESTS = ["rounding", "values", "rules_engine", "rules_words", "rules_narrative", "rules_laws", "conformance"]
#: The share of faults that must be noticed.
GOAL = 0.95

#: What a faulty test may use beyond its own: seconds and multiples of its time, and memory.
SECONDS, TIMES, MEMORY = 3.0, 5, 2 << 30
#: What is said of a fault instead of the test that noticed it.
SURVIVED, NOT_RUN, STOPPED, ANEW = "survived", "run by no test", "stopped", "import anew"

#: What ``functools.cache`` makes of a function.
CACHE = type(functools.cache(print))


class Session:
    """A plugin of pytest that lets ``work`` have the collected tests instead of running them all."""

    def __init__(self, work: Callable[[Session], Any]) -> None:
        self.work = work
        self.answer: Any = None
        self.items: dict[str, pytest.Item] = {}
        self.failed = False

    def pytest_collection(self) -> None:
        """Called by pytest before the tests are imported."""
        import hypothesis  # not sooner: pytest wants to import its plugins itself

        # The same examples for every fault, few, and none kept or made smaller.
        hypothesis.settings.register_profile(
            "mutation", derandomize=True, database=None, deadline=None, max_examples=25,
            phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
            suppress_health_check=list(hypothesis.HealthCheck),
        )  # fmt: skip
        hypothesis.settings.load_profile("mutation")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Called by pytest once all is collected."""
        self.items = {item.nodeid: item for item in session.items}
        self.failed = bool(session.testsfailed)
        self.answer = self.work(self)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest after each part of a test."""
        self.failed |= report.failed

    def passes(self, test: str) -> bool:
        """Whether a test passes."""
        self.failed = False
        item = self.items[test]
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        return not self.failed

    def first_failure(self, tests: Sequence[str], limits: dict[str, float]) -> str:
        """The first of these tests that fails; one that takes too long ends the process."""
        for test in tests:
            signal.setitimer(signal.ITIMER_PROF, limits[test])
            if not self.passes(test):
                return test
        signal.setitimer(signal.ITIMER_PROF, 0)
        return SURVIVED


def collected(work: Callable[[Session], Any]) -> Any:
    """What ``work`` makes of the tests; ``None`` where they can't even be collected."""
    session = Session(work)
    options = ["-s", "-p", "no:cacheprovider", "-p", "no:terminal", "-o", "addopts="]
    pytest.main([*options, *(str(ROOT / f"tests/test_{name}.py") for name in TESTS)], plugins=[session])
    return session.answer


def in_child(work: Callable[[], Any]) -> Any:
    """What ``work`` returns in a child of limited memory; ``STOPPED`` where there is no answer."""

    def limited() -> Any:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return work()

    answer = begun(limited)()
    return STOPPED if answer is None else answer


def begun(work: Callable[[], Any]) -> Callable[[], Any]:
    """Begin some work in a child of this process; what comes back waits for what it returns, ``None`` where it failed."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if not child:
        os.close(reader)
        try:
            with os.fdopen(writer, "w") as pipe:
                json.dump(work(), pipe)
        except BaseException:  # noqa: BLE001 - whatever it is, the parent goes on from here
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writer)

    def ended() -> Any:
        with os.fdopen(reader) as pipe:
            answer = pipe.read()
        os.waitpid(child, 0)
        return json.loads(answer) if answer else None

    return ended


def shared(workers: int, work: Callable[[Fault], str], faults: Sequence[Fault]) -> list[str]:
    """Share the faults out among so many children; the outcomes in the faults' order."""
    begun_all = [begun(lambda i=i: [work(fault) for fault in faults[i::workers]]) for i in range(workers)]
    outcomes = [""] * len(faults)
    for i, ended in enumerate(begun_all):
        outcomes[i::workers] = ended()
    return outcomes


class Module:
    """A module under test, as text, tree and faults."""

    def __init__(self, name: str) -> None:
        path = ROOT / "toolkit/fatk" / name.replace(".", "/")
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        self.name = f"fatk.{name}"
        self.path = str(file)
        self.source = file.read_text(encoding="utf-8")
        self.tree = ast.parse(self.source)
        self.mutants = mutants(name, self.source, self.tree)

    def code(self, mutant: Mutant | None) -> CodeType:
        """The code of the module with a fault in it, or as it is."""
        if mutant is None:
            return compile(self.tree, self.path, "exec", dont_inherit=True)
        return mutant.compiled(self.tree, self.path)

    def watched(self) -> CodeType:
        """The code of the module that tells of each statement that it runs."""
        return watched(self.source, self.path)


#: A module and what is wrong with it; nothing where that is to be tried too.
Fault = tuple[Module, Mutant | None]


class Loader(importlib.machinery.SourceFileLoader):
    """Imports a module with other code than that of its file, as finder and as loader; ``hit`` is a name that it knows."""

    def __init__(self, module: Module, code: CodeType, hit: Callable[[int], None] | None = None) -> None:
        super().__init__(module.name, module.path)
        self.code, self.hit = code, hit

    def find_spec(self, name: str, *_: Any) -> Any:
        """Called by Python for every import."""
        mine = name == self.name
        return importlib.util.spec_from_file_location(name, self.path, loader=self) if mine else None

    def get_code(self, _: str) -> CodeType:
        """Called by Python to import the module."""
        return self.code

    def exec_module(self, module: Any) -> None:
        """Called by Python to import the module."""
        module.hit = self.hit
        super().exec_module(module)


# In a process that has imported everything


class Warm:
    """What a process knows that has collected and run the tests: which statements each runs, and how long it takes."""

    def __init__(self, session: Session, modules: Sequence[Module], hits: Mapping[str, set[int]]) -> None:
        self.session = session
        self.imported = {path: frozenset(lines) for path, lines in hits.items()}
        self.functions: dict[tuple[str, str, int], list[FunctionType]] = defaultdict(list)
        everything = gc.get_objects()
        for function in everything:
            if type(function) is FunctionType and function.__code__.co_filename in hits:
                self.functions[_place(function.__code__)].append(function)
        caches = [o for o in everything if type(o) is CACHE]
        self.caches = [o for o in caches if o.__module__.startswith(("fatk.rules", "test_"))]
        self.statements: dict[str, dict[str, frozenset[int]]] = {}
        self.limits: dict[str, float] = {}
        for test in session.items:
            for lines in hits.values():
                lines.clear()
            for cache in self.caches:
                if cache.__module__.startswith("fatk."):
                    cache.cache_clear()
            start = time.process_time()
            if not session.passes(test):
                print(f"left out, since it fails without any fault: {test}", flush=True)
                continue
            self.limits[test] = SECONDS + TIMES * (time.process_time() - start)
            self.statements[test] = {path: frozenset(lines) for path, lines in hits.items()}
        self.order = sorted(self.limits, key=self.limits.__getitem__)
        for module in modules:
            self._give(module.code(None))

    def outcome(self, module: Module, mutant: Mutant | None) -> str:
        """The test that notices a fault, or why none does."""
        tests = self.order
        if mutant is not None:
            if mutant.statement in self.imported[module.path]:
                return ANEW
            tests = [test for test in self.order if mutant.statement in self.statements[test][module.path]]
            if not tests:
                return NOT_RUN
        code = module.code(mutant)
        answer: str = in_child(lambda: self._try(code, tests))
        prefer(self.order, answer)
        if mutant is not None and answer in {SURVIVED, STOPPED}:
            print(answer, *mutant.key, sep=" | ", flush=True)
        return answer

    def _try(self, code: CodeType, tests: Sequence[str]) -> str:
        if not self._give(code):
            return ANEW
        for cache in self.caches:
            cache.cache_clear()
        return self.session.first_failure(tests, self.limits)

    def _give(self, code: CodeType) -> bool:
        """Give every function of a module the code that it has here; whether that can be."""
        for part in parts(code):
            for function in self.functions.get(_place(part), ()):
                if function.__code__.co_freevars != part.co_freevars:
                    return False
                function.__code__ = part
        return True


def prefer(order: list[str], test: str) -> None:
    """Let the test that noticed a fault be the first to be run on the next, which is often much the same."""
    if test in order:
        order.remove(test)
        order.insert(0, test)


def _place(code: CodeType) -> tuple[str, str, int]:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def parts(code: CodeType) -> Iterator[CodeType]:
    """The code of everything that is defined within."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from parts(constant)


def warm(modules: Sequence[Module], faults: Sequence[Fault], workers: int) -> Any:
    """What becomes of every fault; then the tests, quickest first, and the seconds that each may take."""
    hits: dict[str, set[int]] = {module.path: set() for module in modules}
    for module in modules:
        sys.meta_path.insert(0, Loader(module, module.watched(), hits[module.path].add))  # type: ignore[arg-type]

    def work(session: Session) -> tuple[list[str], list[str], dict[str, float]]:
        if session.failed:
            raise RuntimeError("the tests can't be collected")
        known = Warm(session, modules, hits)
        if known.outcome(modules[0], None) != SURVIVED:
            raise RuntimeError("a test fails without any fault in a child")
        return shared(workers, lambda fault: known.outcome(*fault), faults), known.order, known.limits

    return collected(work)


# In a process that imports everything anew


def anew(fault: Fault, tests: list[str], limits: dict[str, float]) -> str:
    """The test that notices a fault in what runs while modules are imported, or why none does."""

    def work(session: Session) -> str:
        if session.failed or any(test not in session.items for test in tests):
            return "tests::cannot be collected"
        return session.first_failure(tests, limits)

    module, mutant = fault
    loader = Loader(module, module.code(mutant))

    def child() -> str:
        signal.setitimer(signal.ITIMER_PROF, 10 * SECONDS)
        sys.meta_path.insert(0, loader)  # type: ignore[arg-type]
        return collected(work) or "tests::cannot be collected"

    answer: str = in_child(child)
    prefer(tests, answer)
    return answer


def main() -> int:
    """Try every fault; 1 where too few are noticed or one that isn't is not listed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("modules", nargs="*", default=ENGINE, help="such as values or rules.linear")
    parser.add_argument("--workers", type=int, default=1, help="how many faults are tried at a time")
    given = parser.parse_args()
    start = time.monotonic()
    sys.path.insert(0, str(ROOT / "toolkit"))
    os.chdir(ROOT)
    modules = [Module(name) for name in given.modules]
    faults = [(module, mutant) for module in modules for mutant in module.mutants]
    answer = begun(lambda: warm(modules, faults, given.workers))()
    if answer is None:
        return 1
    outcomes, order, limits = answer
    if anew((modules[0], None), order[:100], limits) != SURVIVED:
        raise RuntimeError("a test fails without any fault where everything is imported anew")
    left = [i for i, outcome in enumerate(outcomes) if outcome == ANEW]
    again = shared(given.workers, lambda fault: anew(fault, order, limits), [faults[i] for i in left])
    for i, outcome in zip(left, again, strict=True):
        outcomes[i] = outcome
    minutes = (time.monotonic() - start) / 60
    print(
        f"{len(faults)} faults, {len(order)} tests, {minutes:.0f} minutes; what noticed each is in {TOLD.relative_to(ROOT)}"
    )
    return judged([mutant for _, mutant in faults], outcomes)


def judged(faults: Sequence[Mutant], outcomes: Sequence[str]) -> int:
    """Hold what no test noticed against what is listed; 1 where that is not in order."""
    with LISTED.open(encoding="utf-8", newline="") as file:
        listed = {tuple(row[c] for c in COLUMNS[:4]): row["reason"] for row in csv.DictReader(file)}
    TOLD.parent.mkdir(exist_ok=True)
    with TOLD.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            (*m.key, o) for m, o in zip(faults, outcomes, strict=True)
        )
    survivors = {m.key: o for m, o in zip(faults, outcomes, strict=True) if o in {SURVIVED, NOT_RUN}}
    total = Counter(mutant.module for mutant in faults)
    lived = Counter(key[0] for key in survivors)
    for module, count in total.items():
        print(f"{module}: {count - lived[module]} of {count} noticed, {1 - lived[module] / count:.1%}")
    share = 1 - len(survivors) / len(faults)
    print(
        f"together: {len(faults) - len(survivors)} of {len(faults)} noticed, {share:.1%}; the goal is {GOAL:.0%}"
    )
    writer = csv.writer(sys.stdout, lineterminator="\n")
    unlisted = [key for key in survivors if not listed.get(key)]
    if unlisted:
        print("Not noticed and not listed: write a test, or add to tests/data/mutants.csv with the reason:")
        writer.writerows((*key, "" if survivors[key] == SURVIVED else survivors[key]) for key in unlisted)
    there = {mutant.key for mutant in faults}
    # What stops is slower than it was, here; elsewhere it may not be slow enough to be stopped.
    slow = {mutant.key for mutant, outcome in zip(faults, outcomes, strict=True) if outcome == STOPPED}
    stale = [key for key in listed if key[0] in total and key not in survivors and key not in slow]
    if stale:
        print("Listed, but noticed now or no longer there: remove from tests/data/mutants.csv:")
        writer.writerows((*key, "noticed" if key in there else "gone") for key in stale)
    return 1 if unlisted or share < GOAL else 0


if __name__ == "__main__":
    sys.exit(main())
