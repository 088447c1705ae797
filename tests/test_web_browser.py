"""The service in a real browser: what people do there works, looks after itself, and talks to nobody else."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from conftest import ROOT, missing, required_program
from fatk import formats
from serving import Serving, serving

WORKBOOK = ROOT / "datapackages/wuerhe-2022/report.xlsx"
AXE = ROOT / "tests/node/node_modules/axe-core/axe.min.js"
HOSTILE = "<script>window.pwned=1</script><img src=x onerror=window.pwned=1>"
LIMIT = 1 << 20


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(
        tmp_path_factory.mktemp("served"), "--limit", f"upload_size={LIMIT}", "--limit", "requests=10000"
    ) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = required_program("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def page(served: Serving, browser: Browser) -> Iterator[Page]:
    """A page of a browser of its own; afterwards nothing was complained of, and nobody else was asked."""
    context = browser.new_context(
        base_url=served.url, locale="zh-CN", reduced_motion="reduce", viewport={"width": 1280, "height": 900}
    )
    context.set_default_timeout(15_000)
    complaints: list[str] = []
    asked: list[str] = []

    def watch(one: Page) -> None:
        one.on(
            "console",
            lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None,
        )
        one.on("pageerror", lambda error: complaints.append(str(error)))
        one.on("dialog", lambda dialog: complaints.append(dialog.message))

    context.on("page", watch)
    context.on("request", lambda request: asked.append(request.url))
    context.add_init_script(
        "addEventListener('securitypolicyviolation', e => console.error('policy', e.violatedDirective, e.blockedURI))"
    )
    yield context.new_page()
    expected = [c for c in complaints if re.search("status of 4(04|13|15)", c)]  # of pages that tell an error
    assert [c for c in complaints if c not in expected] == []
    assert [url for url in asked if not url.startswith((served.url + "/", "data:", "blob:"))] == []
    assert context.cookies() == []
    context.close()


def serious(page: Page) -> list[str]:
    """What axe finds on a page that is serious or worse."""
    if not AXE.is_file():
        missing("axe-core is not installed; `make test` does it")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{v['id']}: {v['nodes'][0]['html'][:200]} {v['nodes'][0].get('failureSummary', '')[:300]}"
        for v in found["violations"]
        if v["impact"] in {"serious", "critical"}
    ]


def give(page: Page, *files: Any) -> None:
    """Give files to the first page, and wait for what comes of them."""
    page.goto("/zh/")
    page.set_input_files("#file", list(files))
    page.wait_for_url("**/results/*")


def test_a_file_is_given_read_about_and_taken_home(page: Page, tmp_path: Path) -> None:
    give(page, WORKBOOK)
    assert page.get_by_role("heading", name="report.xlsx").is_visible()
    assert page.locator(".verdict").inner_text() == "未能全部检查"
    with page.expect_popup() as opened:
        page.get_by_role("link", name="看完整的报告").click()
    report = opened.value
    report.wait_for_load_state()
    assert "fatk" in report.content()
    assert serious(report) == []
    report.close()
    for name, suffix in (("工作簿 .xlsx", ".xlsx"), ("数据包 .zip", ".zip"), ("报告 JSON", ".json"), ("情况说明 Word", ".docx"), ("情况说明 网页", ".html"), ("发现 SARIF", ".sarif")):  # fmt: skip
        with page.expect_download() as taken:
            page.get_by_role("link", name=name).click()
        target = tmp_path / f"taken{suffix}"
        taken.value.save_as(target)
        assert taken.value.suggested_filename == f"report{suffix}"
        assert target.stat().st_size > 1000
    assert json.loads((tmp_path / "taken.sarif").read_bytes())["version"] == "2.1.0"
    assert (tmp_path / "taken.json").read_bytes() == WORKBOOK.with_suffix(".json").read_bytes()
    page.get_by_label("改用表样").select_option("shanghai-2024")
    with page.expect_download() as taken:
        page.get_by_role("button", name="下载工作簿").click()
    taken.value.save_as(tmp_path / "other.xlsx")
    assert formats.read(tmp_path / "other.xlsx").report.one("report")["edition"] == "shanghai-2024"
    page.get_by_role("button", name="现在删除").click()
    page.get_by_text("已从内存中删除").wait_for()  # the page's script shows it
    page.go_back()
    page.reload()
    assert page.get_by_text("RESULT_GONE").is_visible()


def test_a_finding_leads_to_its_rule_in_both_languages(page: Page) -> None:
    page.goto("/zh/")
    page.get_by_role("button", name="有一处数字颠倒").click()
    page.wait_for_url("**/results/*")
    assert page.locator(".verdict").inner_text() == "不通过"
    with page.expect_popup() as opened:
        page.get_by_role("link", name="INC-01", exact=True).click()
    rule = opened.value
    rule.wait_for_url("**/zh/standard/rules#INC-01")
    assert rule.locator("#INC-01 h3").is_visible()
    assert rule.evaluate("document.querySelector('#INC-01').getBoundingClientRect().top < innerHeight")
    rule.get_by_role("link", name="English").click()
    rule.wait_for_url("**/en/standard/rules#INC-01")
    assert "total income" in rule.locator("#INC-01").inner_text().lower()
    page.get_by_role("link", name="English").click()
    page.wait_for_url("**/en/results/*")
    assert page.locator(".verdict").inner_text() == "invalid"


def test_a_file_is_checked_beside_last_years_and_with_waivers(page: Page, tmp_path: Path) -> None:
    document = json.loads(WORKBOOK.with_suffix(".json").read_bytes())
    document["report"]["fiscal_year"] -= 1
    (tmp_path / "去年.json").write_text(json.dumps(document), encoding="utf-8")
    (tmp_path / "豁免.json").write_text('{"waivers": []}', encoding="utf-8")
    page.goto("/zh/")
    page.get_by_text("对照与豁免").click()
    page.get_by_label("上一年度的报告").set_input_files(tmp_path / "去年.json")
    page.get_by_label("豁免文件").set_input_files(tmp_path / "豁免.json")
    page.set_input_files("#file", WORKBOOK)
    assert page.url.endswith("/zh/"), "with more to choose, one says when it is enough"
    page.get_by_role("button", name="校验", exact=True).click()
    page.wait_for_url("**/results/*")
    assert page.get_by_text("上一年度：去年.json").is_visible()
    assert page.get_by_text("豁免：豁免.json").is_visible()
    assert page.get_by_text("CY-03").first.is_visible()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="看完整的报告").click()
    report = opened.value
    report.locator(".sheet td.x-warning:visible").first.click()
    assert "上年报告" in report.locator("#panel").inner_text()
    report.close()


def test_a_requirement_is_found_in_the_text_of_the_standard(page: Page) -> None:
    page.goto("/en/standard")
    page.get_by_label("Find text, tables").fill("S5.3-2")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="S5.3-2").click()
    page.wait_for_url("**/en/standard/specification#S5.3-2")
    assert "MUST be cumulative" in page.locator("[id='S5.3-2']").inner_text()
    page.get_by_role("link", name="中文").click()
    page.wait_for_url("**/zh/standard/specification#S5.3-2")
    assert page.locator("[id='S5.3-2']").is_visible()


def test_several_files_make_a_list_and_a_bad_one_says_why(page: Page) -> None:
    bad = {"name": "扫描.xlsx", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + b"x" * 99}
    good = {"name": "report.xlsx", "mimeType": "application/zip", "buffer": WORKBOOK.read_bytes()}
    give(page, good, bad)
    assert page.locator("table.list tbody tr").count() == 2
    assert page.get_by_role("cell", name="NOT_A_TABLE_IMAGE").is_visible()
    card = page.locator("#file-2")
    assert "不能读取" in card.inner_text()
    card.get_by_role("link").click()
    page.wait_for_url("**/zh/standard/notices#NOT_A_TABLE_IMAGE")
    assert page.locator("#NOT_A_TABLE_IMAGE").is_visible()


def test_too_large_a_file_is_told_before_it_is_sent(page: Page, served: Serving) -> None:
    page.goto("/zh/")
    large = {"name": "大.xlsx", "mimeType": "application/zip", "buffer": b"x" * (LIMIT + 1)}
    page.set_input_files("#file", [large])
    assert "大.xlsx 太大了" in page.get_by_role("alert").inner_text()
    page.get_by_role("button", name="校验", exact=True).click()
    assert page.url == f"{served.url}/zh/"
    # Whoever sends it all the same comes to read the answer.
    status = page.evaluate(
        "fetch('/api/v1/validate', {method: 'POST', body: new Blob(['x'.repeat(5 << 20)])}).then(r => r.status)"
    )
    assert status == 413
    page.evaluate("document.querySelector('form.give').dataset.most = 1e9")


def test_files_can_be_dropped(page: Page) -> None:
    page.goto("/zh/")
    drop = """bytes => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], '拖来的.json'));
      document.querySelector('[data-drop]').dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
    }"""
    page.evaluate(drop, list((ROOT / "datapackages/minimal/report.json").read_bytes()))
    page.wait_for_url("**/results/*")
    assert page.get_by_role("heading", name="拖来的.json").is_visible()


def test_what_a_file_says_is_never_run(page: Page) -> None:
    book = openpyxl.load_workbook(WORKBOOK)
    for number, sheet in enumerate(book):
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and not isinstance(cell, openpyxl.cell.cell.MergedCell):
                    cell.value = f"{cell.value}{HOSTILE}" if number % 2 else HOSTILE
        sheet["Z99"] = HOSTILE
    target = io.BytesIO()
    book.save(target)
    hostile = {"name": f"{HOSTILE}.xlsx", "mimeType": "application/zip", "buffer": target.getvalue()}
    document = json.loads((ROOT / "datapackages/minimal/report.json").read_bytes())
    document["entity"]["name"] += HOSTILE
    for one in document["tables"].values():
        for row in one["rows"]:
            row["name"] = HOSTILE
    known = {"name": "known.json", "mimeType": "application/json", "buffer": json.dumps(document).encode()}
    give(page, hostile, known)
    assert page.evaluate("window.pwned") is None
    assert page.locator("main script, main img").count() == 0
    for link in page.get_by_role("link", name="看完整的报告").all():
        with page.expect_popup() as opened:
            link.click()
        report = opened.value
        report.wait_for_load_state()
        assert report.evaluate("window.pwned") is None
        assert report.locator("img[src=x]").count() == 0
        report.close()
    page.goto(f"/zh/standard?q={HOSTILE}")
    assert page.evaluate("window.pwned") is None


def test_the_standard_is_searched_and_filtered(page: Page) -> None:
    page.goto("/zh/standard")
    page.get_by_label("查找正文、表、字段、规则、提示、代码").fill("2010301")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="2010301").click()
    page.wait_for_url("**/standard/codes/functional#2010301")
    assert page.locator("[id='2010301']").is_visible()
    page.goto("/zh/standard/rules")
    page.get_by_label("在本页中筛选").fill("三公")
    shown = page.locator("[data-entry]:visible")
    assert 1 <= shown.count() < 60
    assert "显示" in page.locator(".filter [role=status]").inner_text()


@pytest.mark.parametrize("width", [1280, 360])
def test_every_page_is_accessible_and_fits(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    give(page, WORKBOOK)
    result = page.url
    paths = [
        "/zh/",
        "/en/",
        "/zh/standard?q=INC",
        "/zh/standard/tables",
        "/en/standard/editions",
        "/zh/templates",
        "/zh/api",
        result,
    ]
    if width > 1000:
        paths += ["/zh/standard/specification", "/en/standard/versioning"]
        paths += ["/en/standard/rules", "/zh/standard/codes/change_bases", "/zh/nothing"]
    for path in paths:
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        assert serious(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_it_works_without_scripts_and_by_keyboard(served: Serving, browser: Browser) -> None:
    context = browser.new_context(base_url=served.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/en/")
    page.set_input_files("#file", [WORKBOOK])
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Check", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/results/*")
    assert page.locator(".verdict").inner_text() == "not fully checked"
    context.close()
