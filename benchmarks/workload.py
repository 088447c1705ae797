"""The departments that are measured: right by construction, of any number of rows, and the same in every run."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice, product
from pathlib import Path

from fatk.model import EMPTY, REPORTED, Report, build, make_row
from fatk.spec import load

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import strategies as facts

#: Rows of the forms that are fixed, or that economic items have, whatever the number of functional items.
_STANDING = 150
#: Two digits number the sections of a class and the items of a section.
_MOST = 99
#: How an amount in cents is made: most are of one item, some are nothing.
_GREATEST = 50_000_000


def department(rows: int, *, invented: bool = False) -> Report:
    """A consolidated department whose nine forms have about so many rows together, all figures in 元 and every sum right.

    Its functional items are those of the official list, which suffice for some thousands of rows; ``invented`` ones are as many
    as two digits number, and more than the list knows.
    """
    draw = random.Random(rows)
    codes = list(_invented() if invented else _listed(draw))
    found: list[facts.Item] = []
    keys: list[set[str]] = [set(), set(), set()]
    for code in codes:
        if sum(map(len, keys)) >= max(rows - _STANDING, 12):
            break
        found.append(_item(code, draw))
        fund = facts.fund_of(code)
        for n, kept in enumerate(keys):
            if n < 2 or fund in found[-1].basic:
                kept.update((code[:3], code[:5], code))
    return _report(_year(found, draw))


def _listed(draw: random.Random) -> Iterator[str]:
    codes = list(facts.item_codes())
    draw.shuffle(codes)
    special = [next(c for c in codes if facts.fund_of(c) == fund) for fund in facts.FUNDS]
    yield from special
    yield from (code for code in codes if code not in special)


def _invented() -> Iterator[str]:
    """Codes as long as those of items, section by section of every class of the general budget, one of each other budget first."""
    yield from ("2120801", "2230101")
    classes = sorted({code for code, _ in facts.official("functional", 3)} - {"223"})
    digits = ["".join(two) for two in islice(product("0123456789", repeat=2), 1, None)]
    for section, klass in product(digits, classes):
        if klass + section not in facts.FUND_SECTIONS:
            yield from (klass + section + item for item in digits)


def _item(code: str, draw: random.Random) -> facts.Item:
    fund = facts.fund_of(code)

    def cents(share: float = 1.0) -> int:
        return draw.randrange(_GREATEST) if draw.random() < share else 0

    basic = cents() if fund == facts.FUNDS[0] else 0
    project, opening, closing = cents(0.8), cents(0.3), cents(0.3)
    opening = min(opening, basic + project + closing)
    income = basic + project + closing - opening
    return facts.Item(
        code, {fund: income}, {fund: opening}, {fund: basic}, {fund: project}, cents(0.1), cents(0.1),
        {source: cents(0.1) for source in facts.SOURCES}, {kind: cents(0.05) for kind in facts.KINDS},
    )  # fmt: skip


def _year(items: list[facts.Item], draw: random.Random) -> facts.Facts:
    """The year of these items: basic expenditure by every economic item, the three public expenses by theirs."""
    fixed = [
        code
        for code, _ in facts.official("economic_department", 5)
        if code[:3] in ("301", "302", "303", "310")
    ]
    left = sum(item.basic.get(facts.FUNDS[0], 0) for item in items)
    economic = {code: left // len(fixed) for code in fixed}
    economic[fixed[0]] += left - sum(economic.values())
    three = {}
    for line, code in facts.PUBLIC_ITEMS.items():
        final = economic.get(code, 0)
        three[line] = (final + draw.randrange(_GREATEST), final)
    spent = sum(i.other_basic + i.other_project + sum(i.kinds.values()) for i in items)
    earned = sum(sum(i.sources.values()) for i in items)
    return facts.Facts(tuple(items), economic, three, max(spent - earned, 0), 0, 0)


def _report(year: facts.Facts) -> Report:
    spec = load()
    rows = facts.printed_by("national-2020", facts.as_rows(spec, facts.tables_of(year), _yuan))
    states = [
        make_row(spec.tables["tables"], table=t.id, status=REPORTED if rows.get(t.id) else EMPTY)
        for t in spec.forms
    ]
    return build(spec, {**rows, **facts.about("national-2020", "元"), "tables": states})


def _yuan(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
