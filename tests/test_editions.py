"""Editions: a report in any of them is the same report, a workbook is known to be of one or said not to be known for
certain, and what an edition expects can be asked for."""

import io
import json
import random
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fatk
from fatk import editions, explain, formats
from fatk.cli import main
from fatk.grid import from_a1
from fatk.model import Report, build, unprinted_cells
from fatk.spec import edition_ids, load
from fatk.values import Value
from strategies import SPEC, reports
from test_openpyxl import HABITS, foreign
from test_round_trip import differences

EXAMPLES = Path(__file__).resolve().parent.parent / "datapackages"
NAMES = ("full", "minimal", "wuerhe-2022")
EDITIONS = edition_ids()
#: Editions whose form of state capital prints expenditure only.
NARROW = tuple(
    i for i in EDITIONS if "opening_balance" not in load().edition(i).forms["state_capital"].fields
)


@cache
def example(name: str) -> Report:
    return fatk.read(EXAMPLES / name / "report.json").report


def of_year(report: Report, year: int) -> Report:
    at = report.spec.tables["report"].position["fiscal_year"]
    rows = tuple((*row[:at], year, *row[at + 1 :]) for row in report.rows("report"))
    return build(report.spec, {**report.tables, "report": rows})


@cache
def printed(name: str, edition: str) -> Report:
    """An example in an edition, without the figures that it has no place for."""
    return fatk.restate(example(name), edition, allow_loss=True)


def amounts(report: Report) -> Mapping[tuple[str, Value], tuple[Value, ...]]:
    """Every row of the nine tables."""
    return {(table.id, row[0]): row for table in report.spec.forms for row in report.rows(table.id)}


# In another edition


@given(report=reports(), edition=st.sampled_from(EDITIONS))
def test_a_report_that_loses_nothing_returns_from_another_edition_as_it_was(
    report: Report, edition: str
) -> None:
    home = str(report.one("report")["edition"])
    moved = editions.named(report, SPEC.edition(edition))
    lost = [cell for table in SPEC.forms for cell in unprinted_cells(moved, table)]
    if lost:
        assert edition in NARROW
        assert home not in NARROW
        with pytest.raises(fatk.WouldLose) as refused:
            fatk.restate(report, edition)
        assert refused.value.code == "EDITION_LACKS_CELLS"
        assert len(refused.value.details["cells"]) == len(lost)  # type: ignore[arg-type]
        return
    there = fatk.restate(report, edition)
    assert there.one("report")["edition"] == edition
    assert amounts(there) == amounts(report)
    assert differences(report, fatk.restate(there, home)) == []
    assert fatk.restate(there, home) == report


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("name", NAMES)
def test_a_workbook_of_another_edition_is_printed_and_read_as_one(name: str, edition: str) -> None:
    report = printed(name, edition)
    data = formats.encoder("xlsx")(report)
    assert formats.read_bytes(data)[1].report == report
    book = openpyxl.load_workbook(io.BytesIO(data))
    forms = load().edition(edition).forms.values()
    assert [sheet["A1"].value for sheet in book.worksheets[1:10]] == [form.title for form in forms]
    for sheet, form in zip(book.worksheets[1:10], forms, strict=True):
        numbers = {f.forms[form.table].number for f in load().editions} - {None}
        above = {cell.value for row in sheet.iter_rows(max_row=3) for cell in row}
        assert above & numbers == ({form.number} if form.number else set())


def test_what_the_source_printed_is_kept_and_comes_back() -> None:
    before = example("full")
    there = fatk.restate(before, "shanghai-2024")
    assert {row[name] for row in there.records("tables") for name in ("printed_title", "printed_number")} == {
        None
    }
    kept = {row["cell"]: row for row in there.records("extras") if row["sheet"] == "xinjiang-2022"}
    assert kept["/tables/income/printed_number"]["text"] == "公开02表"
    assert kept["/tables/income/printed_number"]["table"] == "income"
    around = fatk.restate(there, "xinjiang-2022")
    assert around == before
    # by way of a third edition too, but for what was left out there
    assert fatk.restate(fatk.restate(there, "national-2023", allow_loss=True), "xinjiang-2022").records(
        "tables"
    ) == before.records("tables")


def test_figures_without_place_are_named_and_left_out_only_when_asked() -> None:
    before = example("full")
    with pytest.raises(fatk.WouldLose, match="EDITION_LACKS_CELLS"):
        fatk.restate(before, "national-2023")
    restated = editions.restate(before, SPEC.edition("national-2023"), allow_loss=True)
    gone = [(f.cells, dict(f.details)) for f in restated.findings if f.rule == "READ-71"]
    ((cells, details),) = gone
    assert details["count"] == str(len(cells)) == "12"
    assert {cell.field for cell in cells} == {"opening_balance", "income", "closing_balance"}
    assert {cell.table for cell in cells} == {"state_capital"}
    kept = {key: row for key, row in amounts(before).items() if key[0] != "state_capital"}
    assert {key: row for key, row in amounts(restated.report).items() if key[0] != "state_capital"} == kept
    assert fatk.validate(restated.report).verdict == "valid"


def test_a_line_that_a_form_of_lines_in_columns_lacks_has_no_place() -> None:
    # Each of its figures would be lost without a word: no edition has such a form yet.
    table = SPEC.tables["three_public_expenses"]
    report = example("full")
    assert list(unprinted_cells(report, table)) == []
    stranger = build(
        SPEC,
        {**report.tables, table.id: [(*("meetings", "会议费"), *r[2:]) for r in report.rows(table.id)[:1]]},
    )
    assert [field.name for _, field in unprinted_cells(stranger, table)] == ["budget", "final"]


def test_lines_of_the_two_sides_stand_level_and_totals_where_the_edition_puts_them() -> None:
    report = printed("full", "shanghai-2024")
    places = formats.read_bytes(formats.encoder("xlsx")(report))[1].places

    def row(table: str, line: str, field: str) -> int:
        return from_a1(str(places(table, line, field)).rpartition("!")[2])[0]

    for table, field in (("income_expenditure_summary", "amount"), ("fiscal_appropriation_summary", "total")):
        for end in ("current_year", "total"):
            assert row(table, f"income.{end}", field) == row(table, f"expenditure.{end}", field)
        assert row(table, "income.total", field) > row(table, "income.opening_balance", field)
    basic = "general_budget_basic_expenditure"
    assert row(basic, "personnel", "amount") == row(basic, "operating", "amount")
    # a grand total that the form does not know stands below
    assert row(basic, "TOTAL", "amount") == row(basic, "personnel", "amount") + 1
    codes = [str(r[0]) for r in report.rows("general_budget_expenditure")]
    heights = {code: row("general_budget_expenditure", code, "total") for code in codes}
    assert max(heights, key=lambda code: heights[code]) == "TOTAL"
    assert (
        min({c: row("income", c, "total") for c in ("TOTAL", "206", "208")}.items(), key=lambda x: x[1])[0]
        == "TOTAL"
    )


# Recognised


def undressed(report: Report, *, year: bool, titles: str | None = None, numbers: str | None = None) -> bytes:
    """The nine forms of a report as somebody else's workbook, in any order: no cover, no lists. ``year``: told in the titles.
    Titles or numbers may be those of another edition."""
    book = openpyxl.load_workbook(io.BytesIO(formats.encoder("xlsx")(report)))
    forms = list(report.edition.forms.values())
    sheets = book.worksheets[1:10]
    for sheet in [book.worksheets[0], *book.worksheets[10:]]:
        book.remove(sheet)
    for number, (sheet, form) in enumerate(zip(sheets, forms, strict=True)):
        title = load().edition(titles or report.edition.id).forms[form.table].title
        sheet["A1"].value = f"{report.fiscal_year}年度{title}" if year else title
        if numbers is not None and form.number:
            sheet["A2"].value = load().edition(numbers).forms[form.table].number
        sheet.title = f"附{number}"
    random.Random(3).shuffle(book._sheets)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_every_edition_is_known_by_its_forms_in_its_years() -> None:
    for edition in EDITIONS:
        report = of_year(printed("full", edition), max(2022, SPEC.edition(edition).first_year))
        reading = formats.read_bytes(undressed(report, year=True))[1]
        assert reading.report.one("report")["edition"] == edition
        assert reading.edition_certainty == "certain"
        assert "READ-72" not in {f.rule for f in reading.findings}


@pytest.mark.parametrize("year", [True, False])
@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("name", NAMES)
def test_an_example_in_an_edition_is_known_or_said_not_to_be_certain(
    name: str, edition: str, year: bool
) -> None:
    report = printed(name, edition)
    reading = formats.read_bytes(undressed(report, year=year))[1]
    found = reading.report.one("report")["edition"]
    told = [f for f in reading.findings if f.rule == "READ-72"]
    assert found == edition
    assert bool(told) == (reading.edition_certainty != "certain")
    if year and not SPEC.edition(edition).covers(report.fiscal_year):
        assert reading.edition_certainty == "probable"
    assert amounts(reading.report) == amounts(report)


def pairs() -> Iterator[tuple[str, str]]:
    """Editions whose titles differ."""
    for one in EDITIONS:
        for other in EDITIONS:
            ours, theirs = SPEC.edition(one).forms, SPEC.edition(other).forms
            if any(ours[t].title != theirs[t].title for t in ours):
                yield one, other


@pytest.mark.parametrize(("edition", "titles"), list(pairs()))
def test_a_mix_of_two_editions_is_never_certain_and_its_figures_are_right(edition: str, titles: str) -> None:
    report = of_year(printed("full", edition), 2024)
    reading = formats.read_bytes(undressed(report, year=True, titles=titles))[1]
    assert reading.edition_certainty in ("probable", "guessed")
    (told,) = (f for f in reading.findings if f.rule == "READ-72")
    assert dict(told.details)["differing"] != "—"
    assert amounts(reading.report) == amounts(report)


def test_numbers_of_another_edition_are_enough_not_to_be_certain() -> None:
    report = of_year(printed("full", "national-2023"), 2023)
    reading = formats.read_bytes(undressed(report, year=True, numbers="xinjiang-2022"))[1]
    assert reading.edition_certainty != "certain"
    assert "READ-72" in {f.rule for f in reading.findings}
    assert amounts(reading.report) == amounts(report)


def test_a_table_that_several_editions_print_alike_leaves_a_guess_that_names_them() -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(undressed(of_year(printed("full", "xinjiang-2022"), 2022), year=True))
    )
    for sheet in [s for s in book.worksheets if s["A1"].value != "2022年度收入决算表"]:
        book.remove(sheet)
    buffer = io.BytesIO()
    book.save(buffer)
    reading = formats.read_bytes(buffer.getvalue())[1]
    assert reading.edition_certainty == "guessed"
    (told,) = (f for f in reading.findings if f.rule == "READ-72")
    assert {str(reading.report.one("report")["edition"]), *dict(told.details)["rivals"].split(", ")} == {
        "national-2020",
        "xinjiang-2022",
    }
    assert reading.report.rows("income") == example("full").rows("income")


@pytest.mark.parametrize("habit", ["as printed", "merges lost", "blank rows and columns", "all on one sheet"])
@pytest.mark.parametrize("edition", ["national-2023", "shanghai-2024"])
def test_figures_are_read_right_however_somebody_draws_an_edition(edition: str, habit: str) -> None:
    # Drawn with the lines that the edition's forms fix and with their names: whoever prints it has no others.
    report = of_year(printed("full", edition), 2024)
    rows = {}
    for table, form in report.edition.forms.items():
        if not any(block.open for block in form.blocks):
            fixed = {line.line: line.name for block in form.blocks for line in block.lines}
            rows[table] = [(row[0], fixed[row[0]], *row[2:]) for row in report.rows(table) if row[0] in fixed]
    report = build(SPEC, {**report.tables, **rows})
    reading = formats.read_bytes(foreign(report, HABITS[habit]))[1]
    assert amounts(reading.report) == amounts(report)
    assert reading.report.one("report")["edition"] == edition
    assert reading.unaccounted_cells == 0


# Asked for


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "报表.json").write_bytes((EXAMPLES / "full/report.json").read_bytes())
    (tmp_path / "别处.xlsx").write_bytes(
        undressed(printed("full", "shanghai-2024"), year=False, titles="national-2023")
    )
    return tmp_path


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["fatk", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out, said.err


def test_convert_puts_a_report_into_an_edition(
    at: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, capsys, "convert", "报表.json", "上海.xlsx", "--edition", "shanghai-2024")[0] == 0
    book = openpyxl.load_workbook(at / "上海.xlsx")
    assert book["07财政拨款三公经费支出决算表"]["A3"].value == "财政拨款“三公”经费"
    assert run(monkeypatch, capsys, "convert", "上海.xlsx", "又.json", "--edition", "xinjiang-2022")[0] == 0
    assert (at / "又.json").read_bytes() == (at / "报表.json").read_bytes()
    # whatever a workbook was taken for
    _, _, told = run(monkeypatch, capsys, "convert", "别处.xlsx", "再.xlsx", "--edition", "xinjiang-2022")
    assert "READ-72" not in told
    assert openpyxl.load_workbook(at / "再.xlsx")["07财政拨款三公经费支出决算表"]["A2"].value == "公开07表"


def test_convert_refuses_what_would_be_lost_and_names_it(
    at: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, told = run(
        monkeypatch, capsys, "convert", "报表.json", "全国.json", "--edition", "national-2023"
    )
    assert status == 4
    assert told.count("年初结转和结余") == 4
    assert "--allow-loss" in told
    assert not (at / "全国.json").exists()
    status, _, told = run(
        monkeypatch, capsys, "convert", "报表.json", "全国.json", "--edition", "national-2023", "--allow-loss"
    )
    assert status == 0
    assert "READ-71" in told
    assert json.loads((at / "全国.json").read_bytes())["report"]["edition"] == "national-2023"


def test_an_unknown_edition_is_wrong_usage_before_anything_is_read(
    at: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["convert", "没有.xlsx", "x.json"], ["validate", "报表.json"]):
        status, _, told = run(monkeypatch, capsys, *command, "--edition", "atlantis-1999")
        assert status == 2
        assert all(edition in told for edition in EDITIONS)  # EDITION_UNKNOWN


def test_validate_takes_a_workbook_for_the_edition_that_is_named(
    at: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, said, _ = run(monkeypatch, capsys, "validate", "别处.xlsx")
    assert "READ-72" in said
    _, said, _ = run(
        monkeypatch, capsys, "validate", "别处.xlsx", "--edition", "shanghai-2024", "--format", "json"
    )
    document = json.loads(said)
    assert (document["source"]["edition"], document["source"]["edition_certainty"]) == (
        "shanghai-2024",
        "certain",
    )
    assert "READ-72" not in said


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("edition", EDITIONS)
def test_an_edition_explains_what_it_prints_and_how_sure_that_is(edition: str, language: str) -> None:
    told = explain.explain(SPEC, edition, language)
    found = SPEC.edition(edition)
    assert found.source in told
    for form in found.forms.values():
        assert f"{form.title} [{form.table}]" in told
        assert form.source in told
        for column in form.columns:
            assert " > ".join(column.header) in told
        for block in form.blocks:
            assert block.open or all(line.label in told for line in block.lines)
    sure = {
        form.certainty_of(p) for form in found.forms.values() for p in ("title", "order", "number", "columns")
    }
    words = {
        "seen": ("见于公开资料", "seen in published"),
        "corroborated": ("多处资料印证", "corroborated"),
        "background": ("待核", "draft"),
    }
    assert all(words[level][language == "en"] in told for level in sure)


def test_a_table_explains_how_each_edition_prints_it() -> None:
    told = explain.explain(SPEC, "three_public_expenses")
    places = {line.split()[0]: line for line in told.splitlines() if line.strip().startswith(EDITIONS)}
    assert set(places) == set(EDITIONS)
    assert "第 9 张" in places["national-2023"]
    assert "第 7 张" in places["shanghai-2024"]
    assert "不印表号" in places["shanghai-2024"]
    assert "财政拨款“三公”经费 > 合计 > 预算数" in told
    assert "栏目同 " in told


def test_what_is_known_of_a_part_is_of_its_own_edition() -> None:
    # Titles of the central departments were summarised for FY2023; those of Xinjiang were seen. Neither is inherited.
    assert SPEC.edition("xinjiang-2022").forms["income"].certainty_of("title") == "seen"
    assert SPEC.edition("national-2023").forms["income"].certainty_of("title") == "corroborated"
    assert SPEC.edition("xinjiang-2022").forms["income"].certainty_of("columns") == "background"
