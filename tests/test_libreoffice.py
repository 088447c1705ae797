"""LibreOffice as the other office program: what it re-saves reads back equal, what it shows and prints is the report.

It rewrites a workbook entirely: its own shared strings, styles, number formats and merged ranges. What it may change is a
figure of more than fifteen digits, which it shortens when it saves, as spreadsheet programs do.
"""

from __future__ import annotations

import csv
import re
import subprocess
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from lxml import etree

import fatk
from conftest import required_program
from fatk import formats, layout, transcription
from fatk.decoding import decode
from fatk.delimited import read_delimited
from fatk.grid import Book, from_a1
from fatk.limits import DEFAULTS
from fatk.model import REPORTED, Report, Row, absent_fields, build, has_cell, make_row, row_name
from fatk.values import Nothing, Value
from strategies import FUNDS, KINDS, SOURCES, SPEC, Facts, Item, about, as_rows, in_yuan, reports, tables_of
from test_round_trip import differences

TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
EXAMPLES = Path(__file__).resolve().parent.parent / "datapackages"

#: What an office program takes for a formula, a link, a number or a date when it is typed in.
AWKWARD = (
    "=1+1", "=SUM(A1:A3)", '=HYPERLINK("http://127.0.0.1/","点")', "=cmd|' /C calc'!A0", "{=1+1}", "@SUM(A1)", "+1+1", "-1-1",
    "'=1+1", "https://example.org/", "mailto:a@example.org", "1e5", "00123", "12%", "TRUE", "2022-01-01", "_x0041_", "两行\n文字",
)  # fmt: skip

Convert = Callable[..., Path]


# The reports


def with_rows(report: Report, /, **tables: list[Row]) -> Report:
    return build(SPEC, {**report.tables, **tables})


def with_awkward_texts(report: Report) -> Report:
    """The report with its offices called by the awkward texts, and with one that names a row of a form and its code."""
    offices, income = SPEC.tables["offices"], SPEC.tables["income"]
    named = [make_row(offices, no=n, name=text) for n, text in enumerate(AWKWARD, 1)]
    at = income.position["name"]
    renamed = [(*r[:at], AWKWARD[0], *r[at + 1 :]) if r[0] == "2060404" else r for r in report.rows("income")]
    return with_rows(report, offices=named, income=renamed)


def forms_only(report: Report) -> Report:
    """The report without what explains its nine tables."""
    kept = {"report", "entity", "tables", *(form.id for form in SPEC.forms)}
    return build(SPEC, {table: rows for table, rows in report.tables.items() if table in kept})


def billions() -> Report:
    """A large department that discloses in 元: some six billion of income."""
    cents = 123_456_789_012

    def item(code: str, fund: str) -> Item:
        basic = cents // 2 if fund == FUNDS[0] else 0
        return Item(
            code, {fund: cents}, {fund: 0}, {fund: basic}, {fund: cents - basic}, 0, 0,
            dict.fromkeys(SOURCES, cents // 7), dict.fromkeys(KINDS, cents // 9),
        )  # fmt: skip

    three = ("overseas_travel", "vehicle_purchase", "vehicle_operation", "reception")
    year = Facts(
        tuple(map(item, ("2010301", "2120801", "2230105"), FUNDS)),
        {"30101": cents // 4, "30201": cents // 2 - cents // 4},
        dict.fromkeys(three, (cents // 5000, cents // 6000)),
        0, 0, 0,
    )  # fmt: skip
    states = [make_row(SPEC.tables["tables"], table=form.id, status=REPORTED) for form in SPEC.forms]
    rows = as_rows(SPEC, tables_of(year), in_yuan)
    return build(SPEC, {**rows, **about("xinjiang-2022", "元"), "tables": states})


def sixteen_digits() -> Report:
    """A report with one figure of more digits than a spreadsheet program keeps."""
    income = SPEC.tables["income"]
    states = [
        make_row(SPEC.tables["tables"], table=f.id, status=REPORTED if f is income else "missing")
        for f in SPEC.forms
    ]
    row = make_row(income, code="TOTAL", name="合计", total=Decimal("1234567890123.456"))
    return build(SPEC, {**about("xinjiang-2022", "元"), "tables": states, "income": [row]})


def made_up(number: int) -> Iterator[Report]:
    """The richest of a few reports of anything that the standard allows, but for what LibreOffice shortens."""
    found: list[Report] = []

    @settings(
        max_examples=12, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck)
    )
    @given(report=reports())
    def collect(report: Report) -> None:
        figures = (
            v for rows in report.tables.values() for row in rows for v in row if isinstance(v, Decimal)
        )
        if all(len(v.normalize().as_tuple().digits) != 16 for v in figures):
            found.append(report)

    collect()
    yield from sorted(found, key=lambda r: sum(map(len, r.tables.values())))[-number:]


def example(name: str) -> Report:
    return fatk.read(EXAMPLES / name / "report.json").report


# Running LibreOffice: one start for each test, since starting it is most of the work


@pytest.fixture(scope="session")
def convert(convert_files: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Convert:
    """Write reports as workbooks, let LibreOffice convert all of them at once; the folder of what it made, by their names."""

    def run(to: str, named: dict[str, Report]) -> Path:
        folder = tmp_path_factory.mktemp("libreoffice")
        for name, report in named.items():
            fatk.write(report, folder / f"{name}.xlsx")
        return convert_files(to, [folder / f"{name}.xlsx" for name in named])

    return run


# Re-saved


def test_a_workbook_that_libreoffice_saved_is_the_same_report_and_has_no_formula(convert: Convert) -> None:
    full = example("full")
    reports_before = {
        "full": full,
        "minimal": example("minimal"),
        "wuerhe-2022": example("wuerhe-2022"),
        "awkward": with_awkward_texts(full),
        "shanghai": fatk.restate(full, "shanghai-2024"),
        "national": fatk.restate(full, "national-2020", allow_loss=True),
        **{f"made {n}": report for n, report in enumerate(made_up(2), 1)},
    }
    folder = convert("xlsx", reports_before)
    for name, before in reports_before.items():
        parts = members(folder / f"{name}.xlsx")
        assert b"LibreOffice" in parts["docProps/app.xml"]
        sheets = [data for part, data in parts.items() if part.startswith("xl/worksheets/sheet")]
        assert len(sheets) > 3
        assert not any(re.search(b"<f[ >]|<hyperlink", sheet) for sheet in sheets), name
        reading = fatk.read(folder / f"{name}.xlsx")
        assert differences(before, reading.report) == [], name
        assert reading.report == before, name
        assert [f.message() for f in reading.findings if f.severity != "info"] == [], name
        assert reading.unaccounted_cells == 0, name
        assert reading.edition_certainty == "certain", name


def test_a_figure_longer_than_libreoffice_keeps_survives_as_text(convert: Convert) -> None:
    before = sixteen_digits()
    folder = convert("xlsx", {"book": before})
    assert differences(before, fatk.read(folder / "book.xlsx").report) == []


# Saved in another form

FORMS = {
    "ods": "ods",
    "fods": "ods",
    "html:HTML (StarCalc)": "html",
}


def in_all_forms() -> dict[str, Report]:
    full = example("full")
    return {
        "full": full,
        "minimal": example("minimal"),
        "wuerhe-2022": example("wuerhe-2022"),
        "awkward": with_awkward_texts(full),
        "national": fatk.restate(full, "national-2020", allow_loss=True),
        "shanghai": fatk.restate(full, "shanghai-2024"),
    }


@pytest.mark.parametrize("to", FORMS)
def test_a_workbook_that_libreoffice_saved_in_another_form_is_the_same_report(
    to: str, convert: Convert
) -> None:
    folder = convert(to, in_all_forms())
    for name, before in in_all_forms().items():
        made = folder / f"{name}.{to.partition(':')[0]}"
        reading = fatk.read(made.rename(made.with_suffix(".xls")))  # the name decides nothing
        assert reading.form == FORMS[to]
        assert differences(before, reading.report) == [], name
        assert reading.report == before, name
        assert [f.message() for f in reading.findings if f.severity != "info"] == [], name
        assert reading.unaccounted_cells == 0, name
        assert reading.edition_certainty == "certain", name


def test_xml_of_2003_as_libreoffice_makes_it_is_the_same_report(convert: Convert) -> None:
    """Its style sheet runs here without it, since not every LibreOffice has the filter that runs it."""
    sheets = sorted(
        Path("/usr").glob("lib*/libreoffice/share/xslt/export/spreadsheetml/ooo2spreadsheetml.xsl")
    )
    if not sheets:
        pytest.skip("LibreOffice came without its style sheet for XML of 2003")
    style = etree.XSLT(etree.parse(str(sheets[0])))
    folder = convert("fods", in_all_forms())
    for name, before in in_all_forms().items():
        source = etree.parse(str(folder / f"{name}.fods"))
        for element in list(
            source.iter(f"{{{TABLE}}}table-cell", f"{{{TABLE}}}table-row", f"{{{TABLE}}}table-column")
        ):
            times = element.get(
                f"{{{TABLE}}}number-columns-repeated", element.get(f"{{{TABLE}}}number-rows-repeated", "1")
            )
            if int(times) > 1000:  # blanks up to the edge of the sheet, one template call each
                element.getparent().remove(element)
        form, reading = formats.read_bytes(bytes(style(source)))
        assert form == "xml-2003"
        for table in SPEC.forms:
            assert reading.report.rows(table.id) == before.rows(table.id), (name, table.id)
            assert reading.report.status(table.id)["status"] == before.status(table.id)["status"]
        assert [f.message() for f in reading.findings if f.severity == "error"] == [], name


def test_sheets_that_libreoffice_saved_as_csv_are_the_same_figures(convert: Convert) -> None:
    for code, encoding in ((76, "utf-8"), (85, "gb18030")):
        options = f"csv:Text - txt - csv (StarCalc):44,34,{code},1,,0,false,true,false,false,false,-1"
        named = {"full": example("full"), "wuerhe-2022": example("wuerhe-2022")}
        folder = convert(options, named)
        for name, before in named.items():
            files = sorted(folder.glob(f"{name}-*.csv"))
            used = {decode(path.read_bytes(), path.name).encoding for path in files}
            assert used - {"utf-8"} == {encoding} - {"utf-8"}  # one in ASCII is UTF-8 too
            sheets = tuple(read_delimited(path.read_bytes(), path.name, DEFAULTS) for path in files)
            reading = transcription.transcribe(Book(sheets), SPEC)
            for table in SPEC.forms:
                assert reading.report.rows(table.id) == before.rows(table.id), (name, table.id)
                assert reading.report.status(table.id)["status"] == before.status(table.id)["status"]
            assert [f.message() for f in reading.findings if f.severity == "error"] == [], name


def test_totals_that_libreoffice_computed_are_read(
    convert_files: Callable[..., Path], tmp_path: Path
) -> None:
    """Totals as formulas, which no program has computed yet: LibreOffice computes them when it saves."""
    before = example("full")
    source = tmp_path / "formulas.xlsx"
    fatk.write(before, source)
    book = openpyxl.load_workbook(source)
    changed = 0
    places = fatk.read(source).places
    for row in before.records("income"):
        if row["code"] == "TOTAL":
            continue
        names = [f.name for f in SPEC.tables["income"].amounts]
        cells = [str(places("income", str(row["code"]), name)).rpartition("!") for name in names]
        if all(isinstance(row[name], Decimal) for name in names):
            sheet, _, total = cells[0]
            book[sheet][total] = "=" + "+".join(cell for _, _, cell in cells[1:])
            changed += 1
    assert changed > 3
    book.save(source)
    for to in ("ods", "html:HTML (StarCalc)"):
        (made,) = convert_files(to, [source]).iterdir()
        reading = fatk.read(made)
        assert reading.report.rows("income") == before.rows("income"), to
        assert [f.message() for f in reading.findings if f.severity == "error"] == [], to


def members(workbook: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(workbook) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# Shown


def test_libreoffice_shows_every_figure_as_the_report_has_it_and_evaluates_no_text(convert: Convert) -> None:
    report = with_awkward_texts(example("full"))
    # UTF-8, cells as shown, every sheet in a file of its own.
    options = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1"
    sheets = {}
    for path in convert(options, {"book": report}).glob("book-*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            sheets[path.stem.removeprefix("book-")] = list(csv.reader(file))
    places = formats.read_bytes(formats.encoder("xlsx")(report))[1].places
    seen = 0
    for table, row, field, value in figures(report):
        sheet, _, cell = str(places(table, row, field)).rpartition("!")
        line, column = from_a1(cell)
        assert sheets[sheet][line][column] == printed(value), (table, row, field)
        seen += 1
    assert seen > 700
    assert [line[1] for line in sheets["下设处室"][2:]] == list(AWKWARD)
    assert [line[1] for line in sheets["02收入决算表"] if line[0] == "2060404"] == ["=1+1"]


def figures(report: Report) -> Iterator[tuple[str, str, str, Value]]:
    """Every cell of the nine tables that is not blank: table, row, field and value."""
    for table in report.spec.forms:
        absent = absent_fields(report, table)
        for row in report.rows(table.id):
            for field in table.amounts:
                value = row[table.position[field.name]]
                if value is not None and has_cell(field, absent, row[table.key_positions[0]]):
                    yield table.id, row_name(table, row), field.name, value


def printed(value: Value) -> str:
    return layout.PRINTED_NOTHING[value] if isinstance(value, Nothing) else f"{value:,}"


# Printed


def pages_of(report: Report, convert: Convert) -> list[str]:
    """The text of each page that LibreOffice prints of a report's workbook."""
    pdf = convert("pdf", {"book": report}) / "book.pdf"
    command = [required_program("pdftotext"), "-layout", "-enc", "UTF-8", str(pdf), "-"]
    text = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=60).stdout
    return text.removesuffix("\f").split("\f")


PRINTED = {
    "xinjiang-2022": lambda: with_awkward_texts(example("full")),
    **{
        edition: lambda edition=edition: forms_only(fatk.restate(example("full"), edition, allow_loss=True))
        for edition in ("national-2020", "national-2023", "shanghai-2024")
    },
    "billions": billions,
    "wuerhe-2022": lambda: forms_only(example("wuerhe-2022")),
}


@pytest.mark.parametrize(
    "name",
    [
        "xinjiang-2022",
        "national-2020",
        "national-2023",
        "shanghai-2024",
        "billions",
        "wuerhe-2022",
    ],
)
def test_each_form_is_printed_on_its_page_with_every_figure_and_each_list_begins_another(
    name: str, convert: Convert
) -> None:
    report = PRINTED[name]()
    cover, *rest = pages_of(report, convert)
    assert tight(cover).startswith(tight(layout.cover_title(report)))
    for page, (table, form) in zip(rest[:9], report.edition.forms.items(), strict=True):
        assert tight(page).startswith(tight(str(report.status(table).get("printed_title") or form.title)))
        assert tight(form.number or "") in tight(page)
        entity = (report.edition.entity_line or "").format(name=report.one("entity")["name"])
        assert tight(entity + report.edition.unit_line.format(unit=report.unit)) in tight(page)
        assert tight(form.footnotes[0]) in tight(page)
        # A column that is too narrow shows ### and no figure.
        wanted = Counter(
            printed(v) for t, _, _, v in figures(report) if t == table and isinstance(v, Decimal)
        )
        assert Counter(re.findall(r"-?[0-9][0-9,]*\.[0-9]{2}(?![0-9])", page)) == wanted, table
    assert not any("##" in page for page in rest)
    lists = [page for page in layout.pages(report) if page.cells[0].role == "list_title"]
    begun = 0
    for text in map(tight, rest[9:]):
        if begun < len(lists) and text.startswith(tight(str(lists[begun].cells[0].value))):
            begun += 1
            continue
        # A list that goes on repeats its header.
        header = "".join(str(cell.value) for cell in lists[begun - 1].cells if cell.role == "header")
        assert text.startswith(tight(header)), text[:80]
    assert begun == len(lists)
    if name == "xinjiang-2022":
        (page,) = (tight(page) for page in rest if tight(page).startswith("下设处室"))
        # Between the lines of a text stands what is beside them.
        assert [text for text in AWKWARD if any(tight(line) not in page for line in text.split("\n"))] == []


def tight(text: str) -> str:
    """A text without blanks: where a line breaks is the printer's choice."""
    return re.sub(r"\s+", "", text)
