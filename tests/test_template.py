"""The blank workbook: what a clerk fills in is read as the report, and what it computes is what the standard says.

LibreOffice is the spreadsheet program: it computes every formula anew, openpyxl types the figures in.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import fatk
from fatk import check, cli, formats, layout, ooxml, template, transcription
from fatk.errors import Misuse
from fatk.findings import FAILED, Places
from fatk.grid import a1, from_a1
from fatk.model import Report, build, row_name
from fatk.reading import Reading
from fatk.rules import run
from fatk.rules.context import Context, load_rules
from fatk.spec import edition_ids, load
from fatk.values import Nothing, Value
from test_round_trip import differences

ROOT = Path(__file__).resolve().parent.parent
SPEC = load()
#: Tables of a report that the workbook has a place for.
HELD = ("report", "entity", "tables", *(form.id for form in SPEC.forms))

#: What the cover says already.
SETTLED = ("spec_version", "fiscal_year", "edition", "unit", "decimals", "precision")

Recalculate = Callable[[Mapping[str, bytes]], dict[str, bytes]]


def example(name: str) -> Report:
    return fatk.read(ROOT / "datapackages" / name / "report.json").report


def held(report: Report) -> Report:
    """The part of a report that the workbook has a place for, its lines called as its edition prints them."""
    tables = {name: list(report.rows(name)) for name in HELD}
    for table, form in report.edition.forms.items():
        printed = {line.line: line.name for block in form.blocks for line in block.lines}
        at = SPEC.tables[table].position["name"]
        tables[table] = [(*r[:at], printed.get(str(r[0]), r[at]), *r[at + 1 :]) for r in tables[table]]
    return build(SPEC, tables)


def in_yuan(report: Report) -> Report:
    """The report in 元, to the cent."""
    tables = {name: list(rows) for name, rows in report.tables.items()}
    for table in SPEC.forms:
        amounts = {table.position[field.name] for field in table.amounts}
        tables[table.id] = [
            tuple(
                (v * 10_000).quantize(Decimal("0.01")) if i in amounts and isinstance(v, Decimal) else v
                for i, v in enumerate(row)
            )
            for row in tables[table.id]
        ]
    about = SPEC.tables["report"].position
    (row,) = tables["report"]
    changed = {about["unit"]: "元", about["precision"]: Decimal(0)}
    tables["report"] = [tuple(changed.get(i, v) for i, v in enumerate(row))]
    return build(SPEC, tables)


def blank(report: Report, rows: int) -> bytes:
    """The blank workbook for a report."""
    about = report.one("report")
    wanted = template.order(
        SPEC, edition=str(about["edition"]), year=report.fiscal_year, unit=report.unit, entity=None, rows=rows,
        language="zh", last_year=2025,
    )  # fmt: skip
    return template.write(SPEC, wanted)[0]


def typed(value: Value) -> Any:
    """A value as a clerk types it."""
    if isinstance(value, Nothing):
        return layout.PRINTED_NOTHING[value]
    if isinstance(value, bool):
        return layout.PRINTED_BOOLEAN[value]
    return float(value) if isinstance(value, Decimal) else value


def addresses(report: Report, data: bytes) -> Iterator[tuple[str, str, Any]]:
    """Sheet, cell and value of everything that the report has to be typed in: of lists in the prepared rows, one by one."""
    places = formats.read_bytes(data)[1].places
    for table in SPEC.forms:
        form = report.form(table.id)
        opened = form is not None and any(b.open and not any(c.line for c in b.columns) for b in form.blocks)
        lower = 0
        for row in report.rows(table.id):
            name = row_name(table, row)
            listed = opened and name != "TOTAL"
            lower += listed
            for field in (f for f in table.fields if f.amount or (listed and f.name == "code")):
                place = places(table.id, "TOTAL" if listed else name, field.name)
                sheet, _, cell = str(place).partition("!")
                at, column = from_a1(cell)
                value = row[table.position[field.name]]
                if value is not None:
                    yield sheet, a1(at + lower * listed, column), typed(value)
    yield from cover(report, data, places)


def cover(report: Report, data: bytes, places: Places) -> Iterator[tuple[str, str, Any]]:
    """What is typed into the cover: beside the title of each field, and into the list of tables."""
    sheet = next(s for s in ooxml.read_book(data).sheets if s.name == "封面")
    beside = {cell.text: a1(row, 1) for (row, column), cell in sheet.cells.items() if column == 0}
    for table_id in ("report", "entity"):
        for field in SPEC.tables[table_id].fields:
            value = report.one(table_id).get(field.name)
            if value is not None and field.name not in SETTLED:
                yield "封面", beside[field.title], typed(field.labels.get(str(value), value))
    listed = SPEC.tables["tables"]
    for row in report.rows("tables"):
        for field, value in zip(listed.fields[1:], row[1:], strict=True):
            if value is not None:
                _, _, cell = str(places("tables", str(row[0]), field.name)).partition("!")
                yield "封面", cell, typed(field.labels.get(str(value), value))


def fill(book: openpyxl.Workbook, cells: Iterable[tuple[str, str, Any]], *, over: bool = False) -> None:
    """Type values into a workbook; what is computed stays a formula, unless it is typed ``over``."""
    for sheet, cell, value in cells:
        if book[sheet][cell].protection.locked and not over:
            assert str(book[sheet][cell].value).startswith("="), (sheet, cell)
        else:
            book[sheet][cell] = value


def saved(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def recalculate(soffice: list[str], tmp_path_factory: pytest.TempPathFactory) -> Recalculate:
    """Let LibreOffice compute workbooks anew, all at once, since starting it is most of the work."""

    def run(named: Mapping[str, bytes]) -> dict[str, bytes]:
        folder = tmp_path_factory.mktemp("template")
        for name, data in named.items():
            (folder / f"{name}.xlsx").write_bytes(data)
        sources = [str(folder / f"{name}.xlsx") for name in named]
        command = [*soffice, "--convert-to", "xlsx", "--outdir", str(folder / "made"), *sources]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
        return {name: (folder / "made" / f"{name}.xlsx").read_bytes() for name in named}

    return run


def overtyped(report: Report, data: bytes, read: Report) -> Iterator[tuple[str, str, Any]]:
    """Sums that the report has otherwise than they are computed, as typed over once the protection is lifted: of economic
    classes whose items are withheld or not listed."""
    places = formats.read_bytes(data)[1].places
    for table in SPEC.forms:
        computed = {row_name(table, row): row for row in read.rows(table.id)}
        for row in report.rows(table.id):
            name = row_name(table, row)
            for field in table.amounts:
                at = table.position[field.name]
                if name not in computed or row[at] != computed[name][at]:
                    assert table.id == "general_budget_basic_expenditure", (table.id, name, field.name)
                    sheet, _, cell = str(places(table.id, name, field.name)).partition("!")
                    yield sheet, cell, typed(row[at])


#: What is filled in: the report, and how many rows are prepared for its codes.
FILLED: dict[str, tuple[Callable[[], Report], int]] = {
    "minimal": (lambda: held(example("minimal")), 4),
    "minimal in 元": (lambda: held(in_yuan(example("minimal"))), 4),
    "full": (lambda: held(example("full")), 30),
    "wuerhe in 元": (lambda: held(in_yuan(example("wuerhe-2022"))), 9),
}
#: Which one is changed, at which table, row and field, to what: each breaks something else.
CHANGED: dict[str, tuple[str, str, str, str, Any]] = {
    "a figure of an item": ("wuerhe in 元", "income", "2010301", "fiscal_appropriation", 3000000),
    "another code": ("wuerhe in 元", "expenditure", "2080505", "code", "2080501"),
    "within rounding": ("minimal", "general_budget_expenditure", "TOTAL", "basic", 4.99),
    "a cent in 元": ("minimal in 元", "income_expenditure_summary", "income.institutional", "amount", 0.01),
    "a cent in 万元": ("minimal", "income_expenditure_summary", "income.institutional", "amount", 0.01),
    "a negative balance": ("minimal", "income_expenditure_summary", "income.opening_balance", "amount", -1),
    "more than the budget": ("wuerhe in 元", "three_public_expenses", "reception", "budget", 1),
    "a blank": ("minimal", "fiscal_appropriation_summary", "income.government_fund", "total", None),
    "withheld": ("minimal", "expenditure", "TOTAL", "basic", "未公开"),
    "a table that is missing": ("minimal", "tables", "government_fund", "status", "未提供"),
}


@dataclass(frozen=True)
class Computed:
    """A workbook that LibreOffice computed, as fatk reads it, and the values of its cells by sheet."""

    data: bytes
    reading: Reading
    sheets: Mapping[str, Mapping[tuple[int, int], str]]

    @classmethod
    def of(cls, data: bytes) -> Computed:
        book = ooxml.read_book(data)
        sheets = {s.name: {at: c.text for at, c in s.cells.items()} for s in book.sheets}
        return cls(data, transcription.transcribe(book, SPEC), sheets)

    def rows(self, sheet: str, first: int) -> Iterator[dict[int, str]]:
        """The rows of a sheet, from the first on, down to a blank one."""
        cells = self.sheets[sheet]
        for row in count(first):
            if (row, 0) not in cells:
                return
            yield {column: cells.get((row, column), "") for column in range(10)}


@pytest.fixture(scope="module")
def computed(recalculate: Recalculate) -> dict[str, Computed]:
    """Every workbook of ``FILLED`` and ``CHANGED``, and the blank ones, computed anew."""
    wanted = {name: make() for name, (make, _) in FILLED.items()}
    blanks = {name: blank(wanted[name], rows) for name, (_, rows) in FILLED.items()}
    books = {name: opened(data) for name, data in blanks.items()}
    untouched = {f"blank {name}": saved(books[name]) for name in BLANK}
    for name, book in books.items():
        fill(book, addresses(wanted[name], blanks[name]))
    filled = {name: saved(book) for name, book in books.items()}
    first = recalculate({**filled, **untouched})
    readings = {name: formats.read_bytes(first[name])[1] for name in FILLED}
    changed: dict[str, bytes] = {}
    for name, book in books.items():
        over = list(overtyped(wanted[name], blanks[name], readings[name].report))
        if over:
            fill(book, over, over=True)
            changed[name] = saved(book)
        for change, (base, table, row, field, value) in CHANGED.items():
            if base == name:
                sheet, _, cell = str(readings[name].places(table, row, field)).partition("!")
                before = book[sheet][cell].value
                fill(book, [(sheet, cell, value)], over=True)
                changed[change] = saved(book)
                book[sheet][cell] = before
    return {name: Computed.of(data) for name, data in {**first, **recalculate(changed)}.items()}


#: Of these the blank workbook is computed, too: one of each edition.
BLANK = ("minimal", "wuerhe in 元")
STATES = {"不符": "failed", "未填": "not_checked", "舍入": "within_rounding", "相符": "exact"}


def opened(data: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(data))


def states(done: Computed) -> dict[str, str]:
    """What the sheet says of each rule."""
    return {row[0]: row[7] for row in done.rows("勾稽", 4)}


def cases(done: Computed) -> dict[str, Counter[str]]:
    """By rule, how many of its cases are in which state."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in done.rows("勾稽明细", 3):
        if row[9]:
            found[row[0]][STATES[row[9]]] += 1
    return found


@pytest.mark.parametrize("name", FILLED)
def test_what_is_filled_in_is_the_report(name: str, computed: dict[str, Computed]) -> None:
    report, reading = FILLED[name][0](), computed[name].reading
    assert differences(report, reading.report) == []
    assert reading.report == report
    assert reading.findings == ()
    assert reading.unaccounted_cells == 0
    assert check.check(reading).summary["errors"] == 0
    assert check.check(reading).verdict == check.check(Reading(report)).verdict


@pytest.mark.parametrize("to", ["ods", "fods", "xls", "html"])
def test_what_is_filled_in_and_saved_in_another_form_is_the_report(
    to: str, convert_files: Callable[..., Path], tmp_path: Path
) -> None:
    make, rows = FILLED["minimal"]
    report = make()
    empty = blank(report, rows)
    book = opened(empty)
    fill(book, addresses(report, empty))
    typed_in = tmp_path / "填好.xlsx"
    typed_in.write_bytes(saved(book))
    reading = formats.read(convert_files(to, [typed_in]) / f"填好.{to}")
    if to == "xls":  # a line of sums that are 0 cannot be told from one that shows nothing
        zeros = {
            (table.id, row[0])
            for table in SPEC.forms
            for row in report.rows(table.id)
            if {v for v in row[1:] if isinstance(v, Decimal)} == {0}
        }
        for table in SPEC.forms:
            kept = [r for r in report.rows(table.id) if (table.id, r[0]) not in zeros]
            assert [r for r in reading.report.rows(table.id) if (table.id, r[0]) not in zeros] == kept
    else:
        assert differences(report, reading.report) == []
    assert reading.unaccounted_cells == 0
    assert {f.rule for f in reading.findings} <= {"READ-61", "READ-68"}
    assert ("READ-68" in {f.rule for f in reading.findings}) is (to == "xls")


@pytest.mark.parametrize("name", [*FILLED, *CHANGED])
def test_every_rule_on_the_sheet_stands_as_validate_says(name: str, computed: dict[str, Computed]) -> None:
    result = check.check(computed[name].reading)
    shown, counted = states(computed[name]), cases(computed[name])
    assert len(shown) >= 59
    for rule, state in shown.items():
        wanted = Counter({o: n for o, n in result.ran.get(rule, {}).items() if o != "not_applicable" and n})
        assert counted[rule] == wanted, rule
        worst = next((state for state, outcome in STATES.items() if wanted[outcome]), "不适用")
        assert state == worst, rule


#: What each change breaks, and what it leaves to rounding or unchecked.
@pytest.mark.parametrize(
    ("change", "state", "rules"),
    [
        ("a figure of an item", "不符", {"INC-03"}),
        ("within rounding", "舍入", {"X-14"}),
        ("a cent in 元", "不符", {"IES-05", "X-01", "X-02"}),
        ("a cent in 万元", "舍入", {"IES-05", "X-01", "X-02"}),
        ("a negative balance", "不符", {"ALL-01", "IES-05"}),
        ("another code", "不符", {"X-15"}),
        ("more than the budget", "不符", {"TPE-03"}),
        ("a blank", "未填", {"FAS-01", "X-06", "X-10"}),
        ("withheld", "未填", {"EXP-01", "EXP-02"}),
        ("a table that is missing", "未填", {"X-10", "X-15"}),
    ],
)
def test_a_change_is_seen_where_it_matters(
    change: str, state: str, rules: set[str], computed: dict[str, Computed]
) -> None:
    before, after = states(computed[CHANGED[change][0]]), states(computed[change])
    assert rules <= {rule for rule in after if after[rule] == state != before[rule]}


@pytest.mark.parametrize("name", [*FILLED, *CHANGED])
def test_the_cells_that_turn_red_are_those_of_the_checks_that_fail(
    name: str, computed: dict[str, Computed], marks: dict[str, dict[str, tuple[str, tuple[int, int]]]]
) -> None:
    reading = computed[name].reading
    report, shown = reading.report, states(computed[name])
    failed = {
        ref
        for one in run(load_rules(), Context(report))
        if one.outcome == FAILED and one.rule in shown
        for ref in one.refs
        if ref.table
    }
    wanted = {
        str(reading.places(*ref))
        for ref in failed
        if any(row_name(SPEC.tables[ref.table], row) == ref.row for row in report.rows(ref.table))
    }
    base = name if name in FILLED else CHANGED[name][0]
    assert {place for place, mark in marks[base].items() if stands(computed[name], mark)} == wanted


def stands(done: Computed, mark: tuple[str, tuple[int, int]]) -> bool:
    """Whether a mark is set."""
    sheet, at = mark
    return done.sheets[sheet].get(at, "0") != "0"


@pytest.fixture(scope="module")
def marks(computed: dict[str, Computed]) -> dict[str, dict[str, tuple[str, tuple[int, int]]]]:
    """By workbook and cell, the mark by which its conditional format turns it red, as LibreOffice saved it."""
    return {name: dict(marks_of(computed[name])) for name in FILLED}


def marks_of(done: Computed) -> Iterator[tuple[str, tuple[str, tuple[int, int]]]]:
    """What the conditional formats look up on the sheet of marks, by the row and column of each cell."""
    book = opened(done.data)
    for sheet in (s for s in book if s.title[:2].isdigit()):
        (highlight,) = sheet.conditional_formatting
        said = re.fullmatch(r"INDEX\((\w+),ROW\(\),COLUMN\(\)\)>0", highlight.rules[0].formula[0])
        assert said
        ((title, area),) = book.defined_names[said[1]].destinations
        top, left = from_a1(area.replace("$", "").partition(":")[0])
        (shown,) = highlight.sqref.ranges
        for row in range(shown.min_row - 1, shown.max_row):
            for column in range(shown.min_col - 1, shown.max_col):
                yield f"{sheet.title}!{a1(row, column)}", (title, (top + row, left + column))


@pytest.mark.parametrize("name", BLANK)
def test_a_workbook_that_was_never_computed_says_what_it_would(
    name: str, computed: dict[str, Computed]
) -> None:
    report, rows = FILLED[name][0](), FILLED[name][1]
    data = blank(report, rows)
    seen = 0
    for sheet in ooxml.read_book(data).sheets:
        anew = computed[f"blank {name}"].sheets[sheet.name]
        for at, cell in sheet.cells.items():
            if cell.formula is not None:
                assert cell.text == anew.get(at, ""), (sheet.name, a1(*at), cell.formula)
                seen += 1
    assert seen > 5000


@pytest.mark.parametrize("unit", ["万元", "元"])
@pytest.mark.parametrize("edition", edition_ids())
def test_a_blank_workbook_reads_as_blank(edition: str, unit: str) -> None:
    chosen = SPEC.edition(edition)
    wanted = template.order(
        SPEC, edition=edition, year=None, unit=unit, entity="示例局", rows=3, language="zh", last_year=2025
    )  # fmt: skip
    data, _ = template.write(SPEC, wanted)
    assert template.write(SPEC, wanted)[0] == data
    reading = formats.read_bytes(data)[1]
    report = reading.report
    assert reading.findings == ()
    assert reading.edition_certainty == "certain"
    assert report.one("report")["unit"] == unit
    assert report.one("report")["precision"] == (Decimal(0) if unit == "元" else Decimal("0.01"))
    assert report.one("entity")["name"] == "示例局"
    assert report.edition.id == edition
    assert chosen.covers(report.fiscal_year)
    assert not report.rows("extras")
    for table in SPEC.forms:
        figures = [row[table.position[f.name]] for row in report.rows(table.id) for f in table.amounts]
        assert [value for value in figures if value is not None] == []
        assert {row_name(table, row) for row in report.rows(table.id)} <= {"TOTAL"}


def test_what_may_be_typed_is_listed_and_what_is_computed_is_locked() -> None:
    book = opened(blank(held(example("minimal")), 4))
    amounts = Counter(str(rule.type) for sheet in book for rule in sheet.data_validations.dataValidation)
    assert set(amounts) == {"custom", "list"}
    listed = {
        rule.formula1: rule.errorStyle
        for sheet in book
        for rule in sheet.data_validations.dataValidation
        if rule.type == "list"
    }
    status = SPEC.tables["tables"]["status"].labels
    assert f'"{",".join(status.values())}"' in listed
    assert (
        listed["fatk_functional"] == "warning"
    )  # a code of the department's own is asked about, not forbidden
    assert {style for name, style in listed.items() if name != "fatk_functional"} <= {None, "stop"}
    ((title, area),) = book.defined_names["fatk_functional"].destinations
    codes = [cell.value for (cell,) in book[title][area]]
    assert codes == [c for c in sorted(SPEC.codes("functional")) if SPEC.code("functional", c, 2021)]
    for sheet in book:
        assert sheet.protection.sheet
        assert sheet.protection.password is None
        for cell in (c for line in sheet.iter_rows() for c in line):
            if cell.data_type == "f" and not str(cell.value).endswith('FALSE),""))'):
                assert cell.protection.locked, (sheet.title, cell.coordinate)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_template_is_named_in_either_language(language: str) -> None:
    wanted = template.order(
        SPEC, edition=None, year=2022, unit=None, entity=None, rows=1, language=language, last_year=2025
    )  # fmt: skip
    data, rules = template.write(SPEC, wanted)
    assert rules >= 59
    assert wanted.edition.id == "national-2020"
    reading = formats.read_bytes(data)[1]
    assert reading.findings == ()
    assert reading.report.rows("extras") == ()


def test_a_rule_is_computed_or_says_why_not() -> None:
    rows = opened(blank(held(example("minimal")), 1))["勾稽"].iter_rows(
        min_row=5, max_col=4, values_only=True
    )
    told = {
        re.sub(r'=HYPERLINK\(.*"([^"]+)"\)', r"\1", str(row[0])): str(row[3] or "") for row in rows if row[0]
    }
    rules = load_rules()
    assert set(rules) <= set(told)
    computed = {rule for rule in rules if told[rule].startswith("=")}
    assert all(rules[rule].built and rules[rule].kind in ("linear", "rollup", "compare") for rule in computed)
    reasons = {told[rule] for rule in rules if rule not in computed}
    assert "" not in reasons
    assert {reason.partition("：")[0] for reason in reasons} == {
        "要有上年的报告", "要有所属单位的报告", "要用情况说明里的数，模板只有九张表", "不是金额的加减和比较", "尚未实现",
        "本表样没有它要的表、栏或年度",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("EDITION_UNKNOWN", {"edition": "atlantis-1999"}),
        ("UNIT_UNKNOWN", {"unit": "角"}),
        ("TEMPLATE_ROWS", {"rows": 301}),
        ("TEMPLATE_YEAR", {"year": 1999}),
    ],
)
def test_what_makes_no_sense_is_not_made(code: str, asked: dict[str, Any]) -> None:
    usual = {"edition": None, "year": None, "unit": None, "entity": None, "rows": 30, "language": "zh"}
    with pytest.raises(Misuse) as refused:
        template.order(SPEC, **{**usual, **asked}, last_year=2025)
    assert refused.value.code == code


def test_a_template_is_a_workbook_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["fatk", "template", str(tmp_path / "表.ods")])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == Misuse("TEMPLATE_NOT_XLSX").exit_status
    assert not list(tmp_path.iterdir())
