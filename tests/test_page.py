"""The page of a result in a real browser: quiet, complete, legible for everyone, and never anything but text of a file."""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import fatk
from conftest import ROOT, required_program
from fatk import __version__, check, formats, page, render, resources
from fatk.errors import Refused
from fatk.model import TOTAL, Report, build, make_row
from fatk.page import checks, sums
from fatk.page.account import LISTED
from fatk.page.operands import Operands
from fatk.page.sheets import SHOWN, sheets_of
from fatk.reading import Reading
from fatk.rules import KINDS
from fatk.rules.context import EXACT, Context, Ref, load_rules
from fatk.spec import load

playwright = pytest.importorskip("playwright.sync_api")

AXE = ROOT / "tests/node/node_modules/axe-core/axe.min.js"
EXAMPLES = ROOT / "datapackages"
VERSIONS = (__version__, load().version)
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 780}
#: What a file may say anywhere, were it meant to be run.
HOSTILE = (
    '</script><script>document.title="run"</script>',
    "<img src=https://example.org/x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "<!--<script>",
    "javascript:alert(1)",
    "]]>&lt;b&gt;\u2028\u202e{{7*7}}",
)


def result_of(report: Report, path: str = "决算.json", **beside: Any) -> check.Result:
    return check.check(Reading(report, path=path, form="json", sha256="0" * 64), **beside)


def example(name: str) -> Report:
    return fatk.read(EXAMPLES / name / "report.json").report


def with_figure(report: Report, ref: Ref, value: str) -> Report:
    """The report with another figure in one cell."""
    table = report.spec.tables[ref.table]
    at, key = table.position[ref.field], table.key_positions[0]
    rows = [
        (*row[:at], Decimal(value), *row[at + 1 :]) if row[key] == ref.row else row
        for row in report.rows(table.id)
    ]
    return build(report.spec, {**report.tables, table.id: rows})


def broken() -> Report:
    """The real example with two digits of a total transposed."""
    return with_figure(example("wuerhe-2022"), Ref("income", TOTAL, "total"), "368.23")


def hostile(report: Report) -> Report:
    """A report whose every free text is meant to be run."""
    count = 0

    def said(value: Any, plain: bool) -> Any:
        nonlocal count
        if not plain or not isinstance(value, str):
            return value
        count += 1
        return HOSTILE[count % len(HOSTILE)]

    tables = {}
    for table in report.spec.tables.values():
        held = {*table.key, *(key.field for key in table.foreign_keys), "spec_version", "edition", "unit"}
        plain = [f.plain and not f.enum and f.name not in held for f in table.fields]
        rows = report.rows(table.id)
        tables[table.id] = [tuple(said(v, p) for v, p in zip(row, plain, strict=True)) for row in rows]
    assert count > 200
    return build(report.spec, tables)


def long(rows: int) -> Report:
    """A report of so many items of expenditure."""
    report = example("minimal")
    table = report.spec.tables["expenditure"]
    found: dict[str, Decimal] = {}
    for n in range(rows):
        code = f"{201 + n // 990}{n // 99 % 10 + 1:02d}{n % 99 + 1:02d}"
        for key in (code, code[:5], code[:3], TOTAL):
            found[key] = found.get(key, Decimal(0)) + Decimal(n % 90 + 1) / 4
    made = [
        make_row(table, code=key, name=f"第{key}项", **dict.fromkeys((f.name for f in table.amounts), Decimal("0.00")) | {"total": v.quantize(Decimal("0.01")), "basic": v.quantize(Decimal("0.01"))})
        for key, v in found.items()
    ]  # fmt: skip
    return build(report.spec, {**report.tables, "expenditure": made})


def rounded() -> Report:
    """A report with a total that only rounding explains."""
    return with_figure(example("full"), Ref("income", TOTAL, "total"), "1820.11")


def refused(path: str = "坏.xlsx") -> dict[str, Any]:
    return render.refusal_document(
        Refused("FILE_UNREADABLE", path=path, reason=OSError(13, "denied")), path, *VERSIONS
    )


def number(report: Report, ref: Ref) -> int:
    found = sheets_of(report).number(*ref)
    assert found is not None
    return found


# The browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    program = required_program("chromium", "chromium-browser", "google-chrome")
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=program, args=root)
        yield opened
        opened.close()


class Opened(NamedTuple):
    """A page that is open, what it said to the console or asked of its policy, and which addresses it asked for."""

    at: Any
    said: list[str]
    asked: list[str]


Open = Callable[..., Any]


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Open:
    @contextmanager
    def opening(data: bytes, size: dict[str, int] = DESKTOP, **options: Any) -> Iterator[Opened]:
        file = tmp_path / "r.html"
        file.write_bytes(data)
        context = browser.new_context(viewport=size, **options)
        said: list[str] = []
        asked: list[str] = []

        def routed(route: Any) -> None:
            asked.append(route.request.url)
            route.continue_() if route.request.url == file.as_uri() else route.abort()

        context.route("**/*", routed)
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective))"
        )
        context.set_default_timeout(5_000)
        at = context.new_page()
        at.on("console", lambda message: said.append(message.text))
        at.on("pageerror", lambda error: said.append(str(error)))
        at.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        at.goto(file.as_uri())
        try:
            yield Opened(at, said, asked)
        finally:
            context.close()

    return opening


def pages() -> dict[str, bytes]:
    """Pages of every kind, by name; each is made once."""
    full, wrong = result_of(example("full")), result_of(broken())
    return {
        "full": page.write([full], *VERSIONS),
        "broken": page.write([wrong], *VERSIONS),
        "rounded": page.write([result_of(rounded())], *VERSIONS),
        "several": page.write([wrong, refused(), full], *VERSIONS),
        "refused": page.write([refused()], *VERSIONS),
        "index": page.write(
            [result_of(with_figure(example("minimal"), Ref("income", TOTAL, "total"), "1.00")), refused()],
            *VERSIONS,
        ),
        "hostile": page.write(
            [result_of(hostile(example("full")), HOSTILE[0]), refused(HOSTILE[1])], *VERSIONS
        ),
        "long": page.write([result_of(long(1200))], *VERSIONS),
        "narrative": page.write(
            [
                check.check(
                    document(lambda said: said.replace("386.23", "368.23", 1).replace("386.23", "386.32"))
                )
            ],
            *VERSIONS,
        ),
        "text": page.write([check.check(formats.read(ROOT / "README.md"))], *VERSIONS),
    }


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return pages()


@pytest.mark.parametrize(
    "name", ["full", "broken", "several", "refused", "hostile", "long", "narrative", "text"]
)
def test_a_page_asks_nobody_and_breaks_no_policy(name: str, made: dict[str, bytes], show: Open) -> None:
    with show(made[name]) as opened:
        for cell in opened.at.locator(".sheet td.n:visible").all()[:2]:
            cell.click()
        opened.at.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        opened.at.click("#switch")
        opened.at.mouse.wheel(0, 4000)
        opened.at.wait_for_timeout(50)
        assert opened.said == []
        assert len(opened.asked) == 1


@pytest.mark.parametrize(
    ("name", "size", "language"),
    [("broken", DESKTOP, "en"), ("index", PHONE, "zh"), ("narrative", PHONE, "zh")],
)
def test_nothing_serious_stands_in_the_way_of_anyone(
    name: str, size: dict[str, int], language: str, made: dict[str, bytes], show: Open
) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci in tests/node")
    with show(made[name], size, bypass_csp=True) as opened:
        opened.at.add_script_tag(path=str(AXE))
        opened.at.evaluate(
            # of long lists that are alike throughout, the first rows speak for the others
            "document.querySelectorAll('details').forEach(d => { d.open = true });"
            "document.querySelectorAll('.list tbody').forEach(b => { while (b.rows.length > 4) b.lastChild.remove() })"
        )
        opened.at.locator(".sheet td.x-error:visible").first.click()
        if language == "en":
            opened.at.click("#switch")
        found = opened.at.evaluate("axe.run(document, {resultTypes: ['violations']})")
        told = [(v["id"], v["impact"], v["nodes"][0]["html"][:200]) for v in found["violations"]]
        assert [one for one in told if one[1] in {"serious", "critical"}] == []


def test_the_policy_is_in_force(made: dict[str, bytes], show: Open) -> None:
    with show(made["broken"]) as opened:
        opened.at.evaluate(
            "const s = document.createElement('script'); s.textContent = 'document.title = 1'; document.body.append(s);"
            "const i = document.createElement('img'); i.src = 'https://example.org/x.png'; document.body.append(i)"
        )
        opened.at.wait_for_timeout(50)
        assert {said.split(" ")[1] for said in opened.said if said.startswith("policy")} == {
            "script-src-elem",
            "img-src",
        }
        assert opened.at.title() != "1"
        assert len(opened.asked) == 1


def test_no_text_of_a_file_is_anything_but_text(made: dict[str, bytes], show: Open) -> None:
    with show(made["hostile"]) as opened:
        opened.at.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        opened.at.locator(".sheet td.n:visible").first.click()
        assert opened.at.locator("script").count() == 2
        assert (
            opened.at.locator("img, iframe, object, embed, link, base, form, [onerror], [onload]").count()
            == 0
        )
        assert opened.at.locator("a[href]:not([href^='#'])").count() == 0
        shown = opened.at.locator("body").inner_text()
        for text in HOSTILE[:5]:
            assert text in shown
        assert "\u202e" not in opened.at.content()
        assert opened.said == []


class Links(HTMLParser):
    """The ids of a page, and the places that its links lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.ids += [told["id"] or ""] if "id" in told else []
        if tag == "a":
            self.targets.add((told["href"] or "").removeprefix("#"))
        for name in ("aria-labelledby", "for"):
            self.targets |= set((told.get(name) or "").split())


@pytest.mark.parametrize("name", ["full", "broken", "several", "hostile", "narrative", "text"])
def test_every_link_leads_somewhere_and_no_id_stands_twice(name: str, made: dict[str, bytes]) -> None:
    links = Links()
    links.feed(made[name].decode("utf-8"))
    assert links.targets <= set(links.ids)
    assert sorted(links.ids) == sorted(set(links.ids))
    assert len(links.targets) > 20


# What it says


def test_the_verdict_and_its_counts_come_first_and_then_the_cause(made: dict[str, bytes], show: Open) -> None:
    with show(made["broken"]) as opened:
        said = opened.at.locator("#s1 section").all_inner_texts()
        assert "不通过" in said[0]
        assert "5错误" in said[0]
        assert "若改为 386.23" in said[1]
        assert "每行本年收入合计等于六项来源之和" in said[2]


def panel(opened: Opened) -> str:
    return str(opened.at.locator("#panel").inner_text()).replace("\t", " ")


def test_a_click_on_a_total_shows_what_it_is_made_of_and_that_it_is_impossible(
    made: dict[str, bytes], show: Open
) -> None:
    with show(made["broken"]) as opened:
        opened.at.click(f"#s1-{number(broken(), Ref('income', TOTAL, 'total'))}", position={"x": 5, "y": 5})
        relation = opened.at.locator("#panel .relation", has_text="INC-01")
        rows = [row.replace("\t", " ") for row in relation.locator("tr").all_inner_texts()]
        assert rows == [
            "财政拨款收入 386.23", "上级补助收入 0.00", "事业收入 0.00", "经营收入 0.00", "附属单位上缴收入 0.00",
            "其他收入 0.00", "合计 386.23", "表中的数 368.23", "相差 -18.00",
        ]  # fmt: skip
        assert "✕ 不符：舍入最多能解释 0.035" in relation.inner_text()
        assert "▲1" in panel(opened)
        relation.locator("button", has_text="财政拨款收入").click()
        assert "财政拨款收入" in opened.at.locator("#panel-title").inner_text()
        assert "它是这些数的一部分" in panel(opened)


@pytest.mark.parametrize(("name", "outcome"), [("full", "exact"), ("rounded", "within_rounding")])
def test_a_click_shows_the_sums_of_the_rules(
    name: str, outcome: str, made: dict[str, bytes], show: Open
) -> None:
    report = rounded() if name == "rounded" else example("full")
    context, sheets = Context(report), sheets_of(report)
    wanted = next(
        s for s in sums.sums(context)
        if s.rule.kind != "compare" and s.check.outcome == outcome and len(s.left) == 1 and len(s.right) > 2 and sheets.number(*s.left[0].operand.ref) is not None
    )  # fmt: skip
    with show(made[name]) as opened:
        opened.at.click(f"#s1-{sheets.number(*wanted.left[0].operand.ref)}")
        relation = opened.at.locator("#panel .relation", has_text=wanted.rule.id).first
        shown = [cell.replace(",", "") for cell in relation.locator("td.n").all_inner_texts()]
        parts = [f.operand for f in wanted.right]
        known = [o for o in parts if o.value or o.ref.row in context.rows_of(o.ref.table)]
        assert shown[: len(known)] == [str(o.value) for o in known]
        total = sum(o.weight * o.value for o in parts)
        assert Decimal(shown[len(known)]) == total
        if outcome == "within_rounding":
            assert "在舍入误差" in relation.inner_text()
            assert Decimal(shown[-1]) == wanted.left[0].operand.value - total
        else:
            assert "✓ 完全相符" in relation.inner_text()


def test_a_sum_that_a_figure_is_a_part_of_is_told_with_its_signs(made: dict[str, bytes], show: Open) -> None:
    report = example("full")
    cell = sheets_of(report).number(*Ref("income_expenditure_summary", "income.current_year", "amount"))
    with show(made["full"]) as opened:
        opened.at.click(f"#s1-{cell}")
        told = opened.at.evaluate(
            """() => [...document.querySelectorAll("#panel .parts .expression")].map((whole) => {
                const sides = [[]]; let before = "";
                for (const node of whole.childNodes) {
                    if (node.nodeType === 3) { before += node.data; if (node.data.includes("=")) { sides.push([]); before = ""; } }
                    else if (node.className === "term") { sides.at(-1).push([before, node.innerText]); before = ""; }
                }
                return sides;
            })"""
        )
    both = [sides for sides in told if len(sides) == 2]
    assert any(len(left) > 1 and len(right) > 1 for left, right in both)
    for sides in both:
        left, right = (
            sum((-1 if "−" in sign else 1) * Decimal(figure.replace(",", "")) for sign, figure in side)
            for side in sides
        )
        assert left == right, sides


def _expanded(data: dict[str, Any], sheets: Any) -> Iterator[tuple[Any, ...]]:
    """Every sum that the data of a page hold, as the script reads them."""

    def items(side: list[Any], move: Callable[[int], int] = lambda n: n) -> tuple[tuple[int, Decimal], ...]:
        pairs = (one if isinstance(one, list) else (one, "1") for one in side)
        return tuple((n if n < 0 else move(n), Decimal(weight)) for n, weight in pairs)

    rules = [rule for rule, *_ in data["rules"]]
    for rule, at, left, right, ranges in data["across"]:
        form = sheets.forms[at]
        for row in (r for first, last in ranges for r in range(first, last + 1)):
            start = form.first + row * form.width
            yield (
                rules[rule],
                items(left, lambda c, s=start: s + c),
                items(right, lambda c, s=start: s + c),
                EXACT,
            )
    for rule, at, left, right, columns in data["down"]:
        form = sheets.forms[at]
        for c in columns:

            def down(r: int, form: Any = form, c: int = c) -> int:
                return int(form.first + r * form.width + c)

            yield rules[rule], items(left, down), items(right, down), EXACT
    for rule, left, right, *more in data["others"]:
        yield rules[rule], items(left), items(right), more[0] if more else EXACT


@pytest.mark.parametrize("report", [example("full"), broken()], ids=["full", "broken"])
def test_the_page_holds_every_sum_that_the_rules_make_of_the_forms(report: Report) -> None:
    context, sheets = Context(report), sheets_of(report)
    data = sums.data_of(context, Operands(context, sheets))
    held = sorted((rule, left, right, outcome) for rule, left, right, outcome in _expanded(data, sheets))
    wanted = []
    for one in sums.sums(context):
        sides = []
        for side in (one.left, one.right):
            cells = [(sheets.number(*f.operand.ref), f.operand) for f in side]
            sides.append([(n, o.weight) for n, o in cells if n is not None])
        if any(sides):
            wanted.append((one.rule.id, *(tuple(s) for s in sides), one.check.outcome))
    placed = [
        (rule, *(tuple((n, w) for n, w in side if n >= 0) for side in (left, right)), outcome)
        for rule, left, right, outcome in held
    ]
    assert sorted(placed) == sorted(wanted)
    assert len(data["across"]) + len(data["down"]) < len(wanted) / 2


KINDS_SHOWN = ("rollup", "linear", "compare", "rate", "agrees")


@pytest.mark.parametrize("report", [example("full"), broken()], ids=["full", "broken"])
def test_the_page_tells_every_check_of_figures_that_a_cell_stands_in(report: Report) -> None:
    """Of each rule just as many cells with just the outcomes that checking comes to, from the rules' own generators."""
    context, sheets = Context(report), sheets_of(report)
    operands = Operands(context, sheets)
    held: Counter[tuple[str, str, int]] = Counter()
    for rule, left, right, outcome in _expanded(sums.data_of(context, operands), sheets):
        held.update({(rule, outcome, n) for n, _ in (*left, *right) if n >= 0})
    data = checks.data_of(context, operands)
    for rule, outcome, cells, *_ in data["checks"]:
        held.update({(data["rules"][rule][0], outcome, n) for n in cells if n >= 0})
    wanted: Counter[tuple[str, str, int]] = Counter()
    for rule in load_rules().values():
        if rule.kind not in KINDS_SHOWN or not rule.built or not context.applies(rule):
            continue
        for one in KINDS[rule.kind](rule, context):
            if one.outcome not in ("not_applicable", "not_checked"):
                numbers = {sheets.number(*ref) for ref in one.refs} - {None}
                wanted.update((rule.id, one.outcome, n) for n in numbers if n is not None)
    assert {one: count for one, count in held.items() if one[1] != "not_checked"} == wanted
    assert {kind for rule, _, _ in wanted for kind in [load_rules()[rule].kind]} == set(KINDS_SHOWN)


def test_a_click_shows_what_else_is_checked_of_a_figure(made: dict[str, bytes], show: Open) -> None:
    report = example("full")
    context, sheets = Context(report), sheets_of(report)
    ref = Ref("income_expenditure_summary", "income.total", "amount")
    wanted = [check for check in checks.checks(context) if ref in check.refs]
    assert {load_rules()[check.rule].kind for check in wanted} == {"rate", "agrees"}
    with show(made["full"]) as opened:
        opened.at.click(f"#s1-{sheets.number(*ref)}")
        also = opened.at.locator("#panel h3", has_text="还有这些核对").locator("xpath=following-sibling::*")
        told = " ".join(also.all_text_contents())
        assert "≤" in told
        assert "没有超过" in told
        for check in wanted:
            assert check.rule in told
            for other in check.refs:
                said = context.value(
                    *other._replace(field="printed" if other.table == "claims" else other.field)
                )
                shown = said if isinstance(said, str) else f"{said:,}"
                assert shown in told, (check.rule, other)
        assert "没有比较数字的规则" not in panel(opened)
        opened.at.click("#switch")
        assert "Also checked" in panel(opened)


def test_every_cell_of_a_form_stands_on_the_page_with_its_figure(made: dict[str, bytes]) -> None:
    report, html = example("full"), made["full"].decode("utf-8")
    sheets = sheets_of(report)
    count = 0
    for table in report.spec.forms:
        for row in report.rows(table.id):
            for field in table.amounts:
                value = row[table.position[field.name]]
                if isinstance(value, Decimal):
                    at = sheets.number(table.id, str(row[table.key_positions[0]]), field.name)
                    assert re.search(rf'<td id="s1-{at}" class="n[^"]*">{value:,}<', html), (
                        table.id,
                        row,
                        field.name,
                    )
                    count += 1
    assert count > 500


def test_the_language_is_a_switch(made: dict[str, bytes], show: Open) -> None:
    with show(made["broken"]) as opened:
        assert "不通过" in opened.at.locator(".verdict").inner_text()
        assert opened.at.title().endswith("决算检查报告")
        opened.at.click("#switch")
        assert opened.at.locator("html").get_attribute("lang") == "en"
        said = opened.at.locator(".verdict").inner_text()
        assert "Invalid" in said
        assert not re.search("[一-鿿]", said)
        assert opened.at.title().endswith("Report on final accounts")
        opened.at.click("#switch")
        assert "不通过" in opened.at.locator(".verdict").inner_text()
    english = page.write([result_of(broken())], *VERSIONS, language="en")
    assert english.startswith(b'<!DOCTYPE html>\n<html lang="en">')


def test_everything_is_within_reach_of_the_keyboard(made: dict[str, bytes], show: Open) -> None:
    with show(made["broken"]) as opened:
        keys, focused = opened.at.keyboard, "document.activeElement.id"
        total = number(broken(), Ref("income", TOTAL, "total"))
        opened.at.locator(f"#s1-{total}").focus()
        assert opened.at.evaluate(focused) == f"s1-{total}"  # the first figure of each form can be tabbed to
        keys.press("ArrowDown")
        keys.press("ArrowRight")
        below = opened.at.evaluate(focused)
        width = next(s.width for s in sheets_of(broken()).forms if s.table.id == "income")
        assert below == f"s1-{total + width + 1}"
        keys.press("Enter")
        assert opened.at.evaluate(focused) == "panel-title"
        assert not opened.at.locator("#panel").is_hidden()
        keys.press("Escape")
        assert opened.at.locator("#panel").is_hidden()
        assert opened.at.evaluate(focused) == below
        keys.press("End")
        keys.press("Home")
        assert opened.at.evaluate(focused) == f"s1-{total + width}"


def test_a_phone_shows_it_whole_and_the_cell_beside_its_panel(made: dict[str, bytes], show: Open) -> None:
    with show(made["broken"], PHONE, has_touch=True, is_mobile=True) as opened:
        assert opened.at.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        cell = opened.at.locator(".sheet td.x-cause")
        cell.tap()
        assert not opened.at.locator("#panel").is_hidden()
        box, over = cell.bounding_box(), opened.at.locator("#panel").bounding_box()
        assert box["y"] + box["height"] <= over["y"]
        assert box["y"] >= 0
        assert over["y"] + over["height"] <= PHONE["height"] + 1
        assert opened.at.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_it_prints_every_form_and_tells_marks_without_colour(made: dict[str, bytes], show: Open) -> None:
    with show(made["broken"]) as opened:
        opened.at.emulate_media(media="print")
        assert not opened.at.locator("#nav").is_visible()
        assert not opened.at.locator("#switch").is_visible()
        assert (
            opened.at.locator(".form table").count() == opened.at.locator(".form table:visible").count() == 9
        )
        marked = opened.at.locator("td.x-error").first
        assert re.search(r"[▲△]\d+", marked.inner_text())
        printed = opened.at.pdf(prefer_css_page_size=True)
        assert printed.startswith(b"%PDF")
        assert 10 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 30


def test_without_its_script_the_page_still_tells_everything_but_the_sums(
    made: dict[str, bytes], show: Open
) -> None:
    with show(made["broken"], java_script_enabled=False) as opened:
        body = opened.at.locator("body").inner_text()
        for said in (
            "不通过",
            "若改为 386.23",
            "INC-01",
            "02" if "02收入" in body else "收入决算表",
            "368.23",
            "钱从哪里来",
        ):
            assert said in body
        assert not opened.at.locator("#switch").is_visible()
        assert opened.at.locator(".form table:visible").count() == 9


def test_several_sources_are_an_index_and_a_refused_one_its_sentence(
    made: dict[str, bytes], show: Open
) -> None:
    with show(made["several"]) as opened:
        rows = [row.split("\t") for row in opened.at.locator("#index tbody tr").all_inner_texts()]
        assert [row[2] for row in rows] == ["不通过", "没有读取", "通过"]
        opened.at.locator("#index a").nth(1).click()
        assert "FILE_UNREADABLE" in opened.at.locator("#s2").inner_text()
        opened.at.locator("#index a").nth(2).click()
        opened.at.locator("#s3 .sheet td.n").first.click()
        assert "1,241.60" in panel(opened)


def test_a_claim_that_differs_leads_to_the_cell_that_it_restates(made: dict[str, bytes], show: Open) -> None:
    with show(made["broken"]) as opened:
        line = opened.at.locator("#s1-text table").first.locator("tr", has_text="本年收入").first
        assert "不符" in line.inner_text()
        line.locator("a[data-n]").click()
        assert "368.23" in panel(opened)
        told = opened.at.locator("#panel .parts li", has_text="NT-02").first.inner_text()
        assert "✕ 不符" in told
        assert "386.23" in told
        opened.at.locator("#s1-text summary", has_text="情况说明").click()
        figure = opened.at.locator("#s1-text .prose a", has_text="386.23").first
        figure.click()
        assert "386.23" in opened.at.locator("#panel .value").inner_text()


def document(text_of: Callable[[str], str] = str) -> Reading:
    """The narrative of the example as Markdown, as it is or with other text, read."""
    text = formats.encoder("md")(example("wuerhe-2022")).decode("utf-8")
    return formats.read_bytes(text_of(text).encode(), name="说明.md")[1]


def test_the_text_of_the_document_itself_is_shown_and_where_it_differs(show: Open) -> None:
    before, after = "2022年度收入总计386.23万元", "2022年度\u3000收入总计368.23万元"
    reading = document(lambda said: said.replace(before, after, 1))
    html = page.write([check.check(reading)], *VERSIONS)
    assert "由 fatk 按本版表样的句式写成" not in html.decode("utf-8")
    with show(html) as opened:
        opened.at.locator("#s1-text summary", has_text="所读文件自己的文字").click()
        prose = opened.at.locator("#s1-text .prose")
        paragraphs = [p.text.strip() for p in reading.passages if p.text.strip()]
        shown = [re.sub("[▲△○◌][0-9]+", "", one).strip() for one in prose.locator("> *").all_text_contents()]
        assert shown == [re.sub(r"\s", " ", one) for one in paragraphs]
        wrong = prose.locator("a.s-differs")
        assert wrong.all_inner_texts() == ["368.23万元"]
        wrong.click()
        assert "386.23" in opened.at.locator("#panel .value").inner_text()
        assert "收入支出决算总表" in panel(opened)
        opened.at.locator("#panel .at-place a").first.click()
        assert opened.at.evaluate("location.hash") == f"#{wrong.get_attribute('id')}"
        opened.at.locator("#s1-text > details > summary", has_text="所读文件自己的文字").click()
        opened.at.locator("#s1-findings a", has_text=re.compile("第[0-9]+段")).first.click()
        assert wrong.evaluate("figure => figure.matches(':target')")
        assert wrong.is_visible()
        sign = prose.locator("a.sign").first
        assert "368.23" in opened.at.locator(sign.get_attribute("href") or "").inner_text()
        assert prose.locator("a[data-n]").count() > 50


def test_a_report_without_a_text_of_its_own_shows_the_one_that_its_figures_make() -> None:
    html = page.write([result_of(example("wuerhe-2022"))], *VERSIONS).decode("utf-8")
    assert "由 fatk 按本版表样的句式写成" in html
    assert "所读文件自己的文字" not in html


def test_of_the_tables_and_a_narrative_together_the_text_is_that_of_the_narrative() -> None:
    text = formats.encoder("md")(example("wuerhe-2022"))
    files = [("表.xlsx", (EXAMPLES / "wuerhe-2022/report.xlsx").read_bytes()), ("说明.md", text)]
    reading = formats.read_several_bytes(files)
    assert [p.text for p in reading.passages] == [p.text for p in document().passages]
    assert "所读文件自己的文字" in page.write([check.check(reading)], *VERSIONS).decode("utf-8")


def test_what_a_document_says_is_only_text(show: Open) -> None:
    payload = "<img src=x onerror=alert(1)>"
    reading = document(
        lambda said: said.replace("386.23万元", f"386.23万元{payload}", 3) + f"\n\n{payload}\n"
    )
    with show(page.write([check.check(reading)], *VERSIONS)) as opened:
        opened.at.locator("#s1-text summary", has_text="所读文件自己的文字").click()
        assert opened.at.locator("#s1-text img").count() == 0


def test_pictures_have_their_figures_as_tables(made: dict[str, bytes], show: Open) -> None:
    with show(made["full"]) as opened:
        assert opened.at.locator("figure svg.drawing").count() == 4
        for figure in opened.at.locator("figure").all():
            figure.locator("summary").click()
            drawn = set(figure.locator("svg text.figure").all_text_contents())
            assert drawn
            listed = {cell.replace(",", "") for cell in figure.locator("td.n").all_inner_texts() if cell}
            sums_ = {Decimal(cell.replace(",", "")) for cell in drawn}
            if (
                figure.locator("h3").get_attribute("id") != "s1-p-functions"
            ):  # a bar there is the sum of its two parts
                assert sums_ <= {Decimal(cell) for cell in listed}


def test_last_year_is_shown_beside_this_one_and_named_in_sums() -> None:
    report = example("full")
    rows = report.rows("report")
    at = report.spec.tables["report"].position["fiscal_year"]
    before = build(
        report.spec, {**report.tables, "report": [(*r[:at], r[at] - 1, *r[at + 1 :]) for r in rows]}
    )

    def others(context: Context) -> set[str]:
        operands = Operands(context, sheets_of(report))
        sums.data_of(context, operands)
        return {of for _, _, of, _ in operands.extras}

    assert others(Context(report, before)) >= {"previous"}
    assert others(Context(report)) <= {""}
    beside = page.write([result_of(report, previous=before)], *VERSIONS, previous=before).decode("utf-8")
    assert 'id="s1-p-years"' in beside


# Long reports


def test_of_a_long_form_only_the_rows_in_sight_are_there(made: dict[str, bytes], show: Open) -> None:
    report = long(1200)
    rows = len(report.rows("expenditure"))
    with show(made["long"]) as opened:
        body = opened.at.locator("table.long tbody")
        assert SHOWN < body.locator("tr").count() < SHOWN + 80
        field = opened.at.locator(".find input")
        field.fill("2020120")
        field.press("Enter")
        line = body.locator("tr", has_text="2020120")
        assert line.is_visible()
        line.locator("td.n").first.click()
        assert "第2020120项" in opened.at.locator("#panel-title").inner_text()
        assert "20201 第20201项" in panel(opened)
        opened.at.keyboard.press("Escape")
        for _step in range(3):
            opened.at.keyboard.press("ArrowDown")
        assert opened.at.evaluate("document.activeElement.closest('tr').innerText").startswith("2020123")
        last = f"s1-{number(report, Ref('expenditure', str(report.rows('expenditure')[-1][0]), 'total'))}"
        opened.at.evaluate(f"location.hash = '#{last}'")
        opened.at.wait_for_timeout(50)
        assert opened.at.locator(f"#{last}").is_visible()
        assert body.locator("tr").count() < SHOWN + 80
        assert f"{rows:,}" in opened.at.locator(".rest").inner_text()


def test_of_a_flood_of_findings_some_are_listed_and_all_are_counted(show: Open) -> None:
    result = result_of(long(1200))  # most of its codes are in no list
    kinds: dict[str, int] = {}
    for finding in result.findings:
        kinds[finding.rule] = kinds.get(finding.rule, 0) + 1
    rule, count = max(kinds.items(), key=lambda kind: kind[1])
    assert count > LISTED
    with show(page.write([result], *VERSIONS)) as opened:
        group = opened.at.locator(".kind", has=opened.at.locator(f"a[href='#s1-r-{rule}']"))
        assert group.locator("li").count() == LISTED
        assert f"还有 {count - LISTED} 条没有列出" in group.inner_text()
        assert f"另有 {count - 5} 条" in group.inner_text()
        assert opened.said == []


def test_a_page_is_small() -> None:
    small, large = (
        page.write([result_of(long(400))], *VERSIONS),
        page.write([result_of(long(1600))], *VERSIONS),
    )
    assert len(small) < 700_000  # the promise is 1.5 MB
    assert (len(large) - len(small)) / 1200 < 300  # bytes that a row costs
    cells = (large.count(b"<td") - small.count(b"<td")) / 1200
    assert cells < 1


# The same bytes


def test_the_same_results_are_the_same_bytes(tmp_path: Path) -> None:
    source = EXAMPLES / "full" / "report.xlsx"
    found = set()
    for seed in ("0", "1"):
        target = tmp_path / f"{seed}.html"
        command = [
            sys.executable,
            "-m",
            "fatk.cli",
            "validate",
            str(source),
            "--format",
            "html",
            "-o",
            str(target),
        ]
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        subprocess.run(command, check=True, cwd=ROOT, env=env)
        found.add(target.read_bytes())
    assert len(found) == 1


def test_the_command_writes_one_page_of_all_its_sources_beside_last_years(tmp_path: Path) -> None:
    report = example("full")
    at = report.spec.tables["report"].position["fiscal_year"]
    rows = [(*r[:at], r[at] - 1, *r[at + 1 :]) for r in report.rows("report")]
    fatk.write(build(report.spec, {**report.tables, "report": rows}), tmp_path / "before.json")
    (tmp_path / "坏.xlsx").write_bytes(b"PK\x03\x04")
    target = tmp_path / "r.html"
    command = [
        sys.executable,
        "-m",
        "fatk.cli",
        "validate",
        "--lang",
        "en",
        "--format",
        "html",
        "-o",
        str(target),
    ]
    command += [
        "--previous",
        str(tmp_path / "before.json"),
        str(EXAMPLES / "full"),
        str(tmp_path / "坏.xlsx"),
    ]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(command, check=False, cwd=ROOT, env=env, capture_output=True)
    assert done.returncode == 3
    html = target.read_text(encoding="utf-8")
    assert '<html lang="en">' in html
    assert ',"previous","' in html  # figures of last year's report stand in sums
    assert re.search(r'<article id="s2" .*class="verdict v-refused"', html)


INCOME = (
    "fiscal_appropriation", "superior_subsidy", "institutional_income", "business_income", "affiliate_remittance",
    "other_income",
)  # fmt: skip


def test_places_are_those_of_the_persons_own_file(tmp_path: Path, show: Open) -> None:
    reading = fatk.read(EXAMPLES / "full" / "report.xlsx")
    result = check.check(replace(reading, path="报表.xlsx"))
    at = number(result.reading.report, Ref("income", "2080505", "total"))
    where = reading.places("income", "2080505", "total")
    with show(page.write([result], *VERSIONS)) as opened:
        opened.at.click(f"#s1-{at}")
        assert f"在您的文件中：{where}" in panel(opened)
        relation = opened.at.locator("#panel .relation", has_text="INC-01").first
        near = relation.locator(".near").all_inner_texts()
        cells = [reading.places("income", "2080505", field) or "" for field in INCOME]
        assert near == [cell.rpartition("!")[2] for cell in cells]


def test_every_sentence_of_the_page_is_said_somewhere() -> None:
    names = set(resources.read_json("notices", "page.json")["sentences"])
    toolkit = ROOT / "toolkit/fatk/page"
    code = "".join(p.read_text(encoding="utf-8") for p in sorted(toolkit.glob("*.py")))
    script = (toolkit / "page.js").read_text(encoding="utf-8")
    said = set(re.findall(r'"([a-z_0-9]+(?:\.[a-z_0-9]+)*)"', code))
    stems = tuple(re.findall(r'f"([a-z_]+\.)\{', code))
    told = set(re.findall(r'"([a-z_]+)"', script)) | {"exact", "within_rounding", "failed", "not_checked", "stated", "derived", "convention", "undisclosed", "previous", "parts"}  # fmt: skip
    for name in names:
        own = name.removeprefix("script.")
        assert (own in told) if name.startswith("script.") else (name in said or name.startswith(stems)), name
