"""A result made ready for its page: cells and findings numbered, what marks each cell, and what the script is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fatk import outputs
from fatk.check import Result
from fatk.findings import ERROR, INFO, WARNING, Finding
from fatk.layout import cover_title
from fatk.model import Report
from fatk.page import checks, retold, sums
from fatk.page.elements import Markup, el
from fatk.page.operands import Operands
from fatk.page.sheets import SHOWN, Marks, Sheets, form_data, printed, sheets_of
from fatk.render import explanations
from fatk.rules.context import Context
from fatk.values import visible

#: Findings of one kind that a page lists; all are counted.
LISTED = 200
#: What stands beside a cell or a finding, so that it is seen in print too.
SIGNS = {ERROR: "▲", WARNING: "△", INFO: "○", "open": "◌", "cause": "◆"}

#: How findings look, the worst first; those that are waived come after all.
LOOKS = (ERROR, WARNING, INFO, "open")
WAIVED = len(LOOKS)


@dataclass(slots=True)
class Account:
    """A result being shown: the numbers of its cells, of its findings, and what marks each cell.

    ``kinds`` are the findings by rank and rule, each with its number; ``numbers`` has the first of each fingerprint, and
    ``listed`` those that stand on the page. ``standard`` is where rules can be looked up, if anywhere;
    ``claims`` are those that stand in the document's own text, by number.
    """

    result: Result
    prefix: str
    context: Context
    sheets: Sheets
    standard: str = ""
    marks: Marks = field(default_factory=Marks)
    told: dict[int, list[int]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    kinds: dict[tuple[int, str], list[tuple[int, Finding]]] = field(default_factory=dict)
    listed: set[int] = field(default_factory=set)
    claims: dict[str, int] = field(default_factory=dict)

    @property
    def report(self) -> Report:
        return self.result.reading.report


def look_of(finding: Finding) -> str:
    """How a finding looks: its severity or, where it tells what could not be checked, ``open``."""
    return "open" if outputs.is_open(finding) else finding.severity


def opened(
    result: Result, prefix: str, previous: Report | None, parts: Sequence[Report], standard: str = ""
) -> Account:
    """A result with its cells and findings numbered; ``prefix`` tells its ids from those of other sources."""
    report = result.reading.report
    account = Account(result, prefix, Context(report, previous, parts), sheets_of(report), standard)
    account.claims.update(retold.claimed(result.reading.passages, account.context))
    for number, finding in enumerate(result.findings, 1):
        account.numbers.setdefault(finding.id, number)
        waived = finding.id in result.waived
        kind = (WAIVED, "") if waived else (LOOKS.index(look_of(finding)), finding.rule)
        account.kinds.setdefault(kind, []).append((number, finding))
        if len(account.kinds[kind]) <= LISTED:
            account.listed.add(number)
        look = look_of(finding) if finding.id not in result.waived else INFO
        sign = el(
            "a", f"{SIGNS[look]}{number}", href=f"#{prefix}f{number}", class_="sign", lang="zh"
        ) if number in account.listed else Markup("")  # fmt: skip
        for i, cell in enumerate(finding.cells):
            at = account.sheets.number(cell.table, cell.row, cell.field, cell.again)
            if at is None:
                continue
            account.told.setdefault(at, []).append(number)
            if i == 0:
                account.marks.add(at, f"x-{look}", sign)
            elif look in (ERROR, WARNING):
                account.marks.add(at, "x-also")
    for options in explanations(result):
        for cause in (cause for option in options for cause in option):
            for cell in cause.cells:
                at = account.sheets.number(cell.table, cell.row, cell.field, cell.again)
                if at is not None and "x-cause" not in account.marks.classes.get(at, []):
                    sign = el("a", SIGNS["cause"], href=f"#{prefix}causes", class_="sign")
                    account.marks.add(at, "x-cause", sign)
    return account


def name_of(result: Result) -> str:
    """Whose accounts, and of which year; the file's path where the report does not say."""
    report = result.reading.report
    known = report.fiscal_year and report.one("entity").get("name")
    return visible(cover_title(report) if known else result.reading.path, 200)


# What the script is told


def data_of(account: Account) -> dict[str, Any]:
    """A source as the script needs it."""
    places = account.result.reading.places
    forms = []
    for sheet in account.sheets.forms:
        factor = account.context.scale(sheet.table.id)[0]
        scaled = {"f": format(factor, "f")} if factor != 1 else {}
        forms.append({**form_data(sheet, places), **scaled})
    operands = Operands(account.context, account.sheets, places)
    restated: dict[int, list[list[Any]]] = {}
    for one in retold.stated(account.context, account.result.findings):
        at = account.sheets.number(*one.cell) if one.cell is not None else None
        if at is not None:
            row = account.context.rows_of("claims").get(one.claim.ref.row)
            said = row[account.context.spec.tables["claims"].position["printed"]] if row is not None else None
            words = said if isinstance(said, str) else printed(one.claim.value)
            restated.setdefault(at, []).append(
                [one.claim.entry.name, visible(words, 120), one.state, operands.of_cell(one.claim.ref)]
            )
    return {
        "forms": forms,
        "sums": sums.data_of(account.context, operands),
        "checks": checks.data_of(account.context, operands),
        "extras": [list(extra) for extra in operands.extras],
        "texts": {at: account.claims[row] for at, row in operands.claims.items() if row in account.claims},
        "told": account.told,
        "marks": _unseen(account),
        "about": retold.about_cells(account.report, account.sheets),
        "restated": restated,
    }


def _unseen(account: Account) -> dict[int, str]:
    """The classes of marked cells beyond the rows that are markup."""
    found = {}
    for sheet in account.sheets.forms:
        if len(sheet.rows) > SHOWN:
            seen = sheet.first + SHOWN * sheet.width
            found.update({n: " ".join(c) for n, c in account.marks.classes.items() if seen <= n < sheet.end})
    return found
