"""A narrative written from a report says what its tables say, and is read back to the same facts and claims."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given

from fatk import api, formats
from fatk.document import Document, Paragraph
from fatk.explain import explain
from fatk.model import Report, build, make_row
from fatk.narrative.completing import completed
from fatk.narrative.homes import ClaimHome, called, home, kind_of
from fatk.narrative.reading import read_document
from fatk.narrative.tables import taken_out
from fatk.narrative.values import values_of
from fatk.narrative.writing import narrative_of, sentences_of
from fatk.values import Nothing
from fatk.wording.folding import run
from fatk.wording.grammar import load_wording, wording_for, wording_ids
from fatk.wording.reading import understand
from fatk.wording.slots import TEXTS
from fatk.wording.writing import sentence_text
from narratives import told_reports
from strategies import SPEC, about

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


def written(report: Report) -> Document:
    """The narrative of a report, tables and all."""
    return narrative_of(report)[0]


@given(report=told_reports())
def test_whatever_a_narrative_says_is_what_the_report_says(report: Report) -> None:
    values = values_of(completed(report))
    _, text = taken_out(written(report))
    running = run(text.paragraphs)
    understood = understand(running, wording_for(report.edition.id), kind_of)
    assert [running.text[a:b] for a, b in understood.rest] == []
    said = [(one.path, one.value, one.printed) for one in understood.said if ".sub_terms[" not in one.path]
    usual = {BASE: USUAL_BASE.get(report.edition.id)}
    assert [
        (path, value, printed, values.value(path))
        for path, value, printed in said
        if not path.startswith("meta.part_titles")
        and not same(values.value(path) or usual.get(path, values.value(path)), value)
    ] == []


BASE = "three_public.budget_base"
#: What the sentences of an edition compare the three public expenses with where the report does not say.
USUAL_BASE = {"xinjiang-2022": "annual_budget", "shanghai-2024": "initial_budget"}


def same(one: object, other: object) -> bool:
    """Whether two values are one; a blank that only lays a text out is none of it."""
    if isinstance(one, str) and isinstance(other, str):
        return "".join(one.split()).rstrip("。") == "".join(other.split()).rstrip("。")
    return one == other and (not isinstance(one, Decimal) or str(one) == str(other))


def test_what_is_said_only_where_it_is_not_zero_is_no_lack_where_all_is_zero() -> None:
    declared = SPEC.tables["three_public_expenses"]
    items = ("total", "overseas_travel", "vehicles", "vehicle_purchase", "vehicle_operation", "reception")
    rows = [make_row(declared, line=item, budget=Decimal("0.00"), final=Decimal("0.00")) for item in items]
    states = [make_row(SPEC.tables["tables"], table=declared.id, status="reported")]
    about_it = about("shanghai-2024", "万元")
    report = build(SPEC, {**about_it, "tables": states, declared.id: rows})
    document, lacking = narrative_of(report)
    assert "" not in lacking
    text = "".join(paragraph.text for paragraph in document.paragraphs)
    assert "年初预算为0.00万元，支出决算为0.00万元" in text
    assert "“三公”经费支出决算中" not in text


@given(report=told_reports())
def test_a_narrative_read_back_has_the_same_tables_facts_and_claims(report: Report) -> None:
    reading = read_document(written(report), SPEC, "说明")
    after = reading.report
    assert [f.message() for f in reading.findings if f.severity != "info"] == []
    for form in report.spec.forms:
        assert after.rows(form.id) == report.rows(form.id), form.id
    assert after.edition.id == report.edition.id or reading.edition_certainty != "certain"
    again = read_document(written(after), SPEC, "说明").report
    for table in (*SPEC.notes, SPEC.tables["claims"], *SPEC.forms):
        assert again.rows(table.id) == after.rows(table.id), table.id


@given(report=told_reports())
def test_what_is_read_can_be_written_again_word_for_word(report: Report) -> None:
    _, text = taken_out(written(report))
    running = run(text.paragraphs)
    wording = wording_for(report.edition.id)
    understood = understand(running, wording, kind_of)
    values = values_of(completed(report))
    for section, reads in understood.sections:
        for sentence, read in zip(section.heading.sentences, reads, strict=True):
            if read:
                again = sentence_text(sentence, values, wording, kind_of, read.choices)
                assert run_of(again) == running.text[read.start : read.end]


def run_of(text: str) -> str:
    from fatk.document import Paragraph

    return run([Paragraph(line) for line in text.split("\n")]).text


@pytest.mark.parametrize("wording_id", wording_ids())
def test_every_slot_of_a_wording_has_a_home_and_a_kind(wording_id: str) -> None:
    from fatk.wording.grammar import Choice, Each, Maybe, Slot, Those

    wording = load_wording(wording_id)

    def walk(nodes: object) -> None:
        for node in nodes:  # type: ignore[attr-defined]
            if isinstance(node, Slot):
                assert kind_of(node.path, node.kind) in {*wording.kinds, *TEXTS}
                for path in (node.path, *node.also, *node.then):
                    assert home(path)
                    name, thing = called(path)
                    assert name != path
                    assert explain(SPEC, thing)
                if node.then:
                    assert kind_of(node.path, node.kind).startswith(("amount", "rate"))
            elif isinstance(node, Choice):
                for one in node.alternatives:
                    walk(one.nodes)
                    assert all(home(path) for path in (*one.means, *one.sets, *one.unless))
            elif isinstance(node, Maybe):
                walk(node.nodes)
            elif isinstance(node, Those):
                walk(node.between)
                for item in node.items:
                    walk(item.nodes)
                    assert all(home(path) for path in item.unless)
            elif isinstance(node, Each):
                walk(node.element(1))
                walk(node.element(2))

    for sentence in wording.titles:
        walk(sentence.nodes)
    for heading in wording.headings:
        walk(heading.tail)
        for sentence in heading.sentences:
            walk(sentence.nodes)


def test_claims_that_restate_a_cell_are_written_from_the_cell() -> None:
    assert isinstance(home("overall.income.total"), ClaimHome)


def test_a_figure_that_a_table_withholds_is_not_given_away_by_the_text() -> None:
    report = api.read(
        Path(__file__).resolve().parents[1] / "datapackages" / "wuerhe-2022" / "report.json"
    ).report
    table = report.spec.tables["three_public_expenses"]
    at, line = table.position["final"], table.position["line"]
    rows = tuple(
        (*row[:at], Nothing.UNDISCLOSED, *row[at + 1 :]) if row[line] in ("total", "reception") else row
        for row in report.rows(table.id)
    )
    withheld = build(report.spec, {**report.tables, table.id: rows})
    assert values_of(report).value("three_public.reception.amount") == Decimal("12.53")
    for path in (
        "three_public.reception.amount",
        "three_public.details.reception.amount",
        "three_public.total.amount",
    ):
        assert values_of(withheld).value(path) is None
    told = "\n".join(paragraph.text for paragraph in written(withheld).paragraphs)
    assert "公务接待费12.53万元" not in told
    assert "支出决算42.86万元" not in told


def test_what_is_lacking_for_a_sentence_is_called_as_people_and_the_standard_call_it() -> None:
    assert called("overview.functions[]") == ("主要职能", "functions")
    assert called("overview.offices.count") == ("机构设置·下设处室数", "organisation.office_count")
    assert called("three_public.reception.amount")[1] == "three_public_expenses.final"
    assert called("general_public_budget.vs_initial_budget.budget") == (
        "一般公共预算财政拨款支出·年初预算数·基数",
        "changes.base_amount",
    )


@pytest.mark.parametrize("code", ["2080803", "2110105", "2120110"])
@pytest.mark.parametrize("edition", ["national-2020", "xinjiang-2022", "shanghai-2024"])
def test_a_subject_whose_name_has_a_mark_of_lists_in_it_is_read(edition: str, code: str) -> None:
    names = [SPEC.codes("functional")[code[:length]][-1].name for length in (3, 5, 7)]
    assert "、" in names[2]
    said = f"1.{names[0]}（类）{names[1]}（款）{names[2]}（项）：支出决算数为5.00万元，比上年增加1.00万元，增长25.00%。"
    lines = ("某市某局", "2022年度部门决算公开说明", "（三）一般公共预算财政拨款支出决算具体情况", said)
    read = read_document(Document(tuple(map(Paragraph, lines))), SPEC, "", edition).report
    assert [row["code"] for row in read.records("general_budget_items")] == [code]
    assert [row["value"] for row in read.records("claims") if str(row["path"]).endswith("actual")] == [5]


COST = "2023年度机关运行经费支出"
NOTED = [
    (f"{COST}30.00万元，比上年增加30.00万元，增长100.00%。", "zero_base_100"),
    (f"{COST}0.00万元，比上年增加0.00万元，增长0.00%。", "zero_zero_0"),
    (f"{COST}30.00万元，比上年增加15.00万元，增长100.00%。", None),
    (f"{COST}30.00万元，比上年增加0.00万元，增长0.00%。", None),
    (f"{COST}0.00万元，比上年减少30.00万元，下降100.00%。", None),
    (f"{COST}30.00万元，比上年增加30.00万元，增长50.00%。", None),
]


@pytest.mark.parametrize(("sentence", "note"), NOTED)
def test_how_a_rate_without_a_base_is_printed_is_a_fact_of_its_comparison(
    sentence: str, note: str | None
) -> None:
    lines = ("某市某局", "2023年度部门决算公开说明", "（一）机关运行经费支出情况", sentence)
    reading = read_document(Document(tuple(map(Paragraph, lines))), SPEC, "")
    (change,) = reading.report.records("changes")
    assert change["rate_note"] == note
    if note:
        assert reading.places("changes", "other_matters.operating_cost/previous_year", "rate_note")


def test_of_the_real_text_every_comparison_is_as_its_report_has_it() -> None:
    report = formats.read(
        Path(__file__).resolve().parent.parent / "datapackages/wuerhe-2022/report.json"
    ).report
    read = read_document(narrative_of(report)[0], SPEC, "").report
    assert read.rows("changes") == report.rows("changes")


#: The words of the other budget, and the places where a narrative compares the three public expenses with one.
OTHER_BASE = {"initial_budget": ("全年预算", "调整预算"), "annual_budget": ("年初预算",)}
OF_THREE = ("“三公”经费", "因公出国", "公务用车", "公务接待")


def sentences_of_three(report: Report) -> list[str]:
    """The sentences of the narrative that compare the three public expenses with a budget; no notes of printed forms."""
    blocks = sentences_of(report, lambda _path, text: text).blocks
    lines = [one.text for one in blocks if isinstance(one, Paragraph) and not one.level]
    return [line for line in lines if any(words in line for words in OF_THREE) and "预算" in line]


def based(report: Report, edition: str, base: str | None) -> Report:
    """The report in another edition, with its three public expenses compared with that budget."""
    about = {**report.one("report"), "edition": edition}
    counted = {**report.one("three_public_activity"), "budget_base": base}
    reasons = [
        make_row(SPEC.tables["changes"], subject=f"three_public.{item}", base=of, reason=f"{of}{item}")
        for item in (
            "total",
            "overseas_travel",
            "vehicles",
            "vehicle_purchase",
            "vehicle_operation",
            "reception",
        )
        for of in ("annual_budget", "initial_budget")
    ]
    tables = {
        **report.tables, "report": [make_row(SPEC.tables["report"], **about)], "changes": reasons,
        "three_public_activity": [make_row(SPEC.tables["three_public_activity"], **counted)],
    }  # fmt: skip
    return build(SPEC, tables)


EDITIONS = ("national-2020", "xinjiang-2022", "shanghai-2024")


@pytest.mark.parametrize("base", sorted(OTHER_BASE))
@pytest.mark.parametrize("last", EDITIONS)
@pytest.mark.parametrize("first", EDITIONS)
def test_the_base_of_a_budget_is_kept_from_one_wording_to_another(first: str, last: str, base: str) -> None:
    report = formats.read(Path(__file__).resolve().parent.parent / "datapackages/full/report.json").report
    read = read_document(narrative_of(based(report, first, base))[0], SPEC, "", first).report
    assert read.one("three_public_activity")["budget_base"] == base
    reworded = based(read, last, str(read.one("three_public_activity")["budget_base"]))
    sentences = sentences_of_three(reworded)
    assert sentences
    assert [s for s in sentences for words in OTHER_BASE[base] if words in s] == []
    again = read_document(narrative_of(reworded)[0], SPEC, "", last).report
    assert again.one("three_public_activity")["budget_base"] == base
    of = "vs_initial_budget" if base == "initial_budget" else "vs_annual_budget"
    against = {
        row["path"]
        for row in again.records("claims")
        if ".vs_" in str(row["path"]) and "three" in row["path"]
    }
    assert f"three_public.{of}.total.budget" in against
    assert {path.split(".")[1] for path in against} == {of}


@pytest.mark.parametrize(
    ("edition", "words"),
    [
        ("national-2020", "财政拨款）预算为"),
        ("xinjiang-2022", "与全年预算数相比情况：“三公”经费支出全年预算数"),
        ("shanghai-2024", "财政拨款）年初预算为"),
    ],
)
def test_a_report_that_says_no_base_is_written_as_its_edition_usually_says(edition: str, words: str) -> None:
    report = formats.read(Path(__file__).resolve().parent.parent / "datapackages/full/report.json").report
    assert words in "".join(sentences_of_three(based(report, edition, None)))


def test_words_that_say_no_base_are_read_as_none() -> None:
    lines = ("某市某局", "2023年度部门决算公开说明", "（一）“三公”经费财政拨款支出决算总体情况说明",
             "2023年度“三公”经费支出预算为12.00万元，支出决算为9.30万元，完成预算的77.50%。")  # fmt: skip
    report = read_document(Document(tuple(map(Paragraph, lines))), SPEC, "").report
    assert report.one("three_public_activity").get("budget_base") is None
    assert "three_public.vs_annual_budget.total.budget" in {row["path"] for row in report.records("claims")}
