"""The command line: for every input one clear sentence, the right exit status, nothing half written, nothing raw.

The first half is one table of what is given, what is asked, and what has to come of it. The second half runs the command as
a person's shell does: in other locales, with pipes that close, on a terminal, with a full disk.
"""

import errno
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fatk import cli, formats
from fatk.model import build, make_row

ROOT = Path(__file__).resolve().parent.parent
MINIMAL = ROOT / "datapackages/minimal"
FATK = [sys.executable, "-m", "fatk.cli"]
needs_posix = pytest.mark.skipif(os.name == "nt", reason="signals, limits and terminals as on POSIX")


@dataclass(frozen=True)
class Ran:
    """What a run of the command came to."""

    status: int
    out: str
    err: str


@pytest.fixture
def fatk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run the command in this process."""

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["fatk", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return Ran(int(ended.value.code or 0), captured.out, captured.err)

    return run


def edited(source: str, edit: Callable[[Any], object]) -> bytes:
    found = json.loads((MINIMAL / source).read_bytes())
    edit(found)
    return json.dumps(found, ensure_ascii=False).encode()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with everything that the table below names."""
    good = (MINIMAL / "report.json").read_bytes()
    for name, data in {
        "好.json": good, "带 空格.json": good, "-横线.json": good, "换\n行\x1b[31m.json": good, "en": good,
        "好.xlsx": (MINIMAL / "report.xlsx").read_bytes(),
        "错.json": edited("report.json", lambda d: d["tables"]["income"]["rows"][0].update(total="五元")),
        "不平.json": edited("report.json", lambda d: d["tables"]["income"]["rows"][0].update(total="6.00")),
        "提醒.json": edited("report.json", lambda d: d["report"].update(edition="atlantis-1999")),
        "缺表.json": edited("report.json", lambda d: d["tables"]["income"].update(status="missing", rows=[])),
        "未来.json": edited("report.json", lambda d: d["report"].update(spec_version="2.0.0")),
        "较新.json": edited("report.json", lambda d: (d["report"].update(spec_version="1.7.0"), d.update(brandnew=1))),
        "多行.json": edited("report.json", lambda d: d["tables"].update(annex=1)),
        "转义.json": edited("report.json", lambda d: d["entity"].update(name="\x1b[31m\u202e站\x07")),
        "长文.json": edited("report.json", lambda d: d["entity"].update(name="长" * 40_000)),
        "没有格.json": edited("report.json", lambda d: d["tables"].update(state_capital={"status": "reported", "rows": [
            {"code": "TOTAL", "name": "合计", "opening_balance": "1.00", "total": "0.00", "basic": "0.00", "project": "0.00"}]})),
        "去年.json": edited("report.json", lambda d: d["report"].update(fiscal_year=2020)),
        "别家去年.json": edited("report.json", lambda d: (d["report"].update(fiscal_year=2020), d["entity"].update(name="别家站"))),
        "空.xlsx": b"", "半.xlsx": (MINIMAL / "report.xlsx").read_bytes()[:5000], "公文.pdf": b"%PDF-1.7", "旧.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "通讯录.csv": "姓名,电话\n张三,1\n".encode(), "网页.xls": b"<html><table>", "注.txt": "说明".encode(), "非数.json": good.replace(b'"5.00"', b"NaN", 1),
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(data)
    shutil.copytree(MINIMAL, tmp_path / "包", ignore=shutil.ignore_patterns("report.json", "report.xlsx"))
    shutil.copytree(tmp_path / "包", tmp_path / "缺文件")
    (tmp_path / "缺文件/income.csv").unlink()
    (tmp_path / "空目录").mkdir()
    (tmp_path / "混").mkdir()
    for name in ("好.json", "去年.json"):
        shutil.copy(tmp_path / name, tmp_path / "混")
    monkeypatch.chdir(tmp_path)
    return tmp_path


#: What of it is refused.
REFUSED = {
    "没有.xlsx",
    "空.xlsx",
    "半.xlsx",
    "公文.pdf",
    "旧.xls",
    "网页.xls",
    "通讯录.csv",
    "注.txt",
    "非数.json",
    "未来.json",
}

#: Arguments · exit status · words on standard output · words on standard error.
TABLE: list[Any] = [
    # what validate finds
    ("validate 好.json", 0, ["好.json", "结论：通过", "没有发现问题"], []),
    ("validate 好.xlsx", 0, ["结论：通过"], []),
    ("validate 包", 0, ["结论：通过"], []),
    ("validate|带 空格.json", 0, ["带 空格.json"], []),
    ("validate ./-横线.json", 0, ["-横线.json"], []),
    ("validate -- -横线.json", 0, ["-横线.json"], []),
    ("validate|换\n行\x1b[31m.json", 0, ["换\\n行\\x1b[31m.json"], []),
    ("validate 提醒.json", 0, ["[警告] STR-10", "atlantis-1999", "/report/edition", "怎么办"], []),
    ("validate 错.json", 1, ["结论：不通过", "[错误] READ-01", "五元", "/tables/income/rows/0/total", "怎么办"], []),
    ("validate 缺文件", 1, ["READ-14", "income.csv"], []),
    ("validate 较新.json", 0, ["READ-50", "1.7.0", "READ-11", "/brandnew"], []),
    ("validate 转义.json", 1, ["READ-07", "\\x1b[31m\\u202e站\\x07"], []),
    ("validate 缺表.json", 0, ["未能全部检查", "STR-15", "收入决算表"], []),
    ("validate --strict 缺表.json", 4, ["未能全部检查"], []),
    ("validate --strict 好.json", 0, ["通过"], []),
    ("validate --strict 错.json", 1, ["不通过"], []),
    # what it refuses
    ("validate 没有.xlsx", 3, [], ["没有.xlsx", "没有找到"]),
    ("validate 空.xlsx", 3, [], ["空.xlsx", "为空", "请重新获取"]),
    ("validate 半.xlsx", 3, [], ["不完整", "请重新下载"]),
    ("validate 公文.pdf", 3, [], ["PDF", "重新获取"]),
    ("validate 旧.xls", 3, [], ["旧格式", "不完整", "请重新下载"]),
    ("validate 网页.xls", 3, [], ["网页", "另存为 .xlsx"]),
    ("validate 注.txt", 3, [], ["注.txt", "JSON"]),
    ("validate 通讯录.csv", 3, [], ["没有认出任何一张决算表", "表名和表头", "WORKBOOK_OTHER"]),
    ("convert 通讯录.csv 新.json", 3, [], ["没有认出任何一张决算表"]),
    ("validate 非数.json", 3, [], ["NaN", "null"]),
    ("validate 未来.json", 3, [], ["2.0.0", "升级"]),
    ("validate 空目录", 3, [], ["空目录", "datapackage.json"]),
    # of several sources the worst counts
    ("validate 好.json 错.json", 1, ["结论：通过", "结论：不通过"], []),
    ("validate 错.json 没有.xlsx 好.json", 3, ["结论：通过", "结论：不通过"], ["没有找到"]),
    ("validate --strict 缺表.json 错.json", 4, [], []),
    ("validate 公文.pdf 没有.xlsx", 3, [], ["公文.pdf", "没有.xlsx"]),
    ("validate 混 好.json", 3, ["结论：通过"], ["混：", "不是同一份报告"]),
    ("validate --format json 混", 3, ['"code": "SOURCES_OTHER_YEAR"'], []),
    # languages and forms of results
    ("validate --lang en 错.json", 1, ["verdict: invalid", "is not a number", "what to do"], []),
    ("validate --lang=en 没有.xlsx", 3, [], ["was not found"]),
    ("validate --format json 错.json", 1, ['"verdict": "invalid"', '"rule": "READ-01"'], []),
    ("validate --format json 公文.pdf", 3, ['"refused"', '"code": "PDF_TRUNCATED"'], []),
    ("validate 好.json -o 结果.txt", 0, [], []),
    ("validate 好.json -o 好.xlsx", 5, [], ["好.xlsx", "--force"]),
    ("validate 好.json -o 没有/结果.txt", 5, [], ["没有", "请先建立"]),
    # wrong usage
    ("", 2, [], ["Usage", "convert"]),
    ("validate", 2, [], ["缺少 SRC", "fatk validate --help"]),
    ("validate --lang en", 2, [], ["SRC is missing", "see: fatk validate --help"]),
    ("convert", 2, [], ["缺少 SRC... DST"]),
    ("convert 好.json", 2, [], ["没有写出目标", "好.json"]),
    ("convert --lang en 好.json", 2, [], ["No target"]),
    ("frob", 2, [], ["没有这个命令", "validate", "fatk --help"]),
    ("schema frob", 2, [], ["没有这个命令", "build"]),
    ("explain income 多余", 2, [], ["参数写多了"]),
    ("validate 好.json --output", 2, [], ["--output 后面要写上值"]),
    ("validate 好.json --as-of 明天", 2, [], ["--as-of", "YYYY-MM-DD"]),
    ("validate --format xml 好.json", 2, [], ["--format 的值不对", "sarif"]),
    ("validate --format xlsx 好.xlsx", 2, [], ["--output", "副本"]),
    ("validate --format xlsx 好.xlsx 好.json -o 副本.xlsx", 2, [], ["一个工作簿"]),
    ("validate --format xlsx 包 -o 副本.xlsx", 3, [], ["package", "不能标出单元格"]),
    ("validate --format xlsx 好.xlsx -o 副本.xlsm", 2, [], ["以 .xlsx 为后缀", "副本.xlsm", "没有写出"]),
    ("validate --format xlsx 好.xlsx -o 副本.xlsx", 0, [], ["已写出 副本.xlsx：通过；错误 0，"]),
    ("validate --format html 不平.json -o 页.html", 1, [], ["已写出 页.html：不通过；错误 "]),
    ("validate --lang en --format json 好.json 不平.json -o out.json", 1, [], ["Wrote out.json: valid 1, invalid 1; "]),
    ("validate --lang fr 好.json", 2, [], ["--lang 的值不对", "zh, en"]),
    ("validate -横线.json", 2, [], ["没有选项", "./"]),
    ("convert 好.json 新.csv", 2, [], ["新.csv", ".json .xlsx .zip"]),
    ("convert 好.json 报告v1.2", 2, [], ["报告v1.2"]),
    ("convert 好.json 别家去年.json 新.xlsx", 3, [], ["好.json 是 2021 年度的", "别家去年.json 是 2020 年度的"]),
    ("convert --unit 美元 好.json 新.json", 2, [], ["--unit"]),
    ("convert --from xlsx 好.json 新.zip", 3, [], ["好.json", "json", "--from"]),
    ("validate 好.json --previous 好.json", 3, [], ["2021", "2020"]),
    ("validate 好.json --previous 别家去年.json", 3, [], ["别家去年.json：", "别家站", "示例县示例站"]),
    ("template --rows 三十 空白.xlsx", 2, [], ["--rows 要写整数。"]),
    ("template --lang en --rows thirty blank.xlsx", 2, [], ["--rows takes a whole number."]),
    ("serve --port 99999", 2, [], ["--port 要写 0 到 65535 的整数。"]),
    ("serve --lang en --port x", 2, [], ["--port takes a whole number from 0 to 65535."]),
    ("batch 甲 乙 --workers x", 2, [], ["--workers 要写整数，至少是 1。"]),
    ("batch a b --lang en --workers 0", 2, [], ["--workers takes a whole number, 1 at least."]),
    ("serve --host=", 2, [], ["--host 不能是“”", "SERVICE_HOST"]),
    ("serve --host http://127.0.0.1", 2, [], ["SERVICE_HOST"]),
    ("serve --host 127.0.0.1:8080", 2, [], ["SERVICE_HOST"]),
    ("serve --host nowhere.invalid", 2, [], ["--host 不能是“nowhere.invalid”", "SERVICE_HOST"]),
    ("serve --host 192.0.2.1", 2, [], ["这台机器没有这个地址", "SERVICE_PORT"]),
    ("serve --lang en --host 192.0.2.1", 2, [], ["this machine has no such address"]),
    ("serve --allow-host https://juesuan.example.cn", 2, [], ["SERVICE_ALLOW_HOST"]),
    ("serve --allow-host juesuan.example.cn:8080", 2, [], ["SERVICE_ALLOW_HOST"]),
    ("serve --origin juesuan.example.cn", 2, [], ["--origin 不能是“juesuan.example.cn”", "SERVICE_ORIGIN"]),
    ("serve --origin https://Juesuan.example.cn", 2, [], ["SERVICE_ORIGIN"]),
    ("serve --origin https://juesuan.example.cn/", 2, [], ["SERVICE_ORIGIN"]),
    ("convert 好.json -", 2, [], ["“-”不是文件名"]),
    ("convert 好.json 新.json --findings -", 2, [], ["“-”不是文件名"]),
    ("validate 好.json --output -", 2, [], ["“-”不是文件名"]),
    ("template -", 2, [], ["“-”不是文件名"]),
    ("explain 收入决算", 2, [], ["收入决算表"]),
    ("explain 没有这个", 2, [], ["没有这个", "income"]),
    ("explain --lang en nothing", 2, [], ["There is no"]),
    # convert
    ("convert 好.json 新.xlsx", 0, [], ["已写出 新.xlsx"]),
    ("convert 好.xlsx 新.json", 0, [], ["已写出 新.json"]),
    ("convert 好.json 新包", 0, [], ["已写出 新包"]),
    ("convert 好.json 空目录", 0, [], ["已写出 空目录"]),
    ("convert 包 新.zip", 0, [], ["已写出 新.zip"]),
    ("convert --to json 好.xlsx 报告v1.2", 0, [], ["已写出 报告v1.2"]),
    ("convert --lang en 好.json 新.xlsx", 0, [], ["wrote 新.xlsx: 0 errors"]),
    ("convert 好.json -- -新.xlsx", 0, [], ["已写出 -新.xlsx"]),
    ("convert|好.json|新\n\x1b[31m.xlsx", 0, [], ["已写出 新\\n\\x1b[31m.xlsx"]),
    ("convert 错.json 新.xlsx", 1, [], ["已写出", "错误 1", "READ-01"]),
    # … one report from several files
    ("convert 好.json 好.xlsx 新.json", 0, [], ["已写出 新.json：错误 0"]),
    ("convert 好.json 错.json 新.xlsx", 1, [], ["已写出", "READ-01", "[错.json]/tables/income/rows/0/total"]),
    ("convert 好.json 没有.xlsx 新.json", 3, [], ["没有找到 没有.xlsx"]),
    ("convert 好.json 半.xlsx 新.json", 3, [], ["半.xlsx：文件不完整"]),
    ("convert --force 好.json 好.xlsx 好.xlsx", 5, [], ["就是输入文件"]),
    # … in another unit
    ("convert --unit 元 好.json 新.json", 0, [], ["已写出 新.json"]),
    ("convert --unit 亿元 好.json 新.json", 0, [], ["已写出 新.json"]),
    ("convert --allow-loss 没有格.json 新.xlsx", 1, [], ["没有写入 1 格"]),
    ("convert --lang en --allow-loss 没有格.json 新.xlsx", 1, [], ["1 cells left out"]),
    ("convert 错.json 新.xlsx --findings 问题.json", 1, [], ["已写出"]),
    ("convert 没有.xlsx 新.json", 3, [], ["没有找到"]),
    ("convert 未来.json 新.xlsx", 3, [], ["2.0.0"]),
    ("convert 长文.json 新.xlsx", 4, [], ["封面!", "40010", "请改用 JSON"]),
    ("convert 没有格.json 新.xlsx", 4, [], ["国有资本经营", "没有这一格", "请改用 JSON"]),
    ("convert 好.json 好.xlsx", 5, [], ["好.xlsx", "已经存在", "--force"]),
    ("convert --force 好.json 好.xlsx", 0, [], ["已写出 好.xlsx"]),
    ("convert 好.json 包", 5, [], ["包", "已经存在"]),
    ("convert --force 好.json 包", 0, [], ["已写出 包"]),
    ("convert 好.json 好.json", 5, [], ["就是输入文件"]),
    ("convert --force 好.json ./好.json", 5, [], ["就是输入文件"]),
    ("convert --force 包 包", 5, [], ["就是输入文件"]),
    ("convert --force 好.json 没有/新.xlsx", 5, [], ["目录 没有 不存在"]),
    ("convert --force --to json 好.xlsx 空目录", 5, [], ["空目录", "不是一类"]),
    ("convert --force 好.json 好.xlsx/新.json", 5, [], ["不存在"]),
    # the blank workbook
    ("template --rows 1 --year 2022 新.xlsx", 0, [], ["已写出 新.xlsx", "national-2020", "2022", "万元"]),
    ("template --rows 1 --edition xinjiang-2022 --unit 元 --lang en 新.xlsx", 0, [], ["wrote 新.xlsx", "xinjiang-2022", "元"]),
    ("template --rows 1 --edition xinjiang-2022 --year 2030 新.xlsx", 0, [], ["已写出", "2030 年度的表样可能不同"]),
    ("template 新.xls", 2, [], ["新.xls", ".xlsx"]),
    ("template --edition atlantis-1999 新.xlsx", 2, [], ["atlantis-1999", "national-2020"]),
    ("template --unit 角 新.xlsx", 2, [], ["角", "万元"]),
    ("template --rows 0 新.xlsx", 2, [], ["1 至"]),
    ("template --year 1980 新.xlsx", 2, [], ["1980", "2000"]),
    ("template 好.xlsx", 5, [], ["好.xlsx", "已经存在", "--force"]),
    ("template --rows 1 --force --year 2022 好.xlsx", 0, [], ["已写出 好.xlsx"]),
    ("template 没有/新.xlsx", 5, [], ["没有", "请先建立"]),
    # the rest
    ("explain income", 0, ["收入决算表", "fiscal_appropriation"], []),
    ("explain 收入决算表", 0, ["income"], []),
    ("explain income.total", 0, ["本年收入合计"], []),
    ("explain 收入决算表.事业收入", 0, ["income.institutional_income"], []),
    ("explain --lang en income.total", 0, ["Total income of the year"], []),
    ("explain national-2020", 0, ["公开01表"], []),
    ("explain 2010301", 0, ["行政运行"], []),
    ("explain read-01", 0, ["不是数字", "怎么办"], []),
    ("explain ZIP_BOMB", 0, ["恶意"], []),
    ("limits", 0, ["file_size", "FILE_TOO_LARGE"], []),
    ("--version", 0, ["fatk 0.", "standard 1."], []),
    ("--help", 0, ["validate", "convert", "explain"], []),
    # what once went wrong
    ("validate 好.json --force -o 好.json", 5, [], ["就是输入文件"]),
    ("validate 包 --force -o 包/income.csv", 5, [], []),
    ("convert --force 好.json 好.xlsx --findings 好.xlsx", 5, [], []),
    (f"convert 好.json {'长' * 100}.json", 5, [], []),
    ("convert --force 好.json .", 5, [], ["目录 .", "不是本工具写出的数据包"]),
    ("validate 好.json --previous 空.xlsx", 3, [], ["空.xlsx：文件为空", "（FILE_EMPTY）"]),
    ("convert 空.xlsx 新.json", 3, [], ["fatk: 空.xlsx：文件为空", "（FILE_EMPTY）"]),
    ("convert 空.xlsx 新.json --lang en", 3, [], ["fatk: 空.xlsx: The file is empty", "(FILE_EMPTY)"]),
    ("convert 没有.xlsx 新.json", 3, [], ["没有找到 没有.xlsx", "（FILE_NOT_FOUND）"]),
    ("schema build", 2, [], []),
    ("convert --lang zh en 好.xlsx", 5, [], ["已经存在"]),
]  # fmt: skip


def named(case: Any) -> Any:
    """The case named after its arguments."""
    values, marks = (case.values, case.marks) if hasattr(case, "values") else (case, ())
    return pytest.param(*values, marks=marks, id=ascii(values[0])[:60].strip("'"))


def split(line: str) -> list[str]:
    """The arguments of a line of the table: parted by `|` where it has one, else by blanks."""
    return line.split("|") if "|" in line else line.split(" ") if line else []


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize(("line", "status", "out", "err"), [*map(named, TABLE)])
def test_what_comes_of_a_command(
    fatk: Callable[..., Ran], here: Path, line: str, status: int, out: list[str], err: list[str]
) -> None:
    before = tree(here)
    ran = fatk(*split(line))
    after = tree(here)
    assert (ran.status, "内部错误" in ran.err or "Traceback" in ran.err) == (status, False), ran
    for words, text in ((out, ran.out), (err, ran.err)):
        assert [word for word in words if word not in text] == [], text
    for text in (ran.out, ran.err):
        assert not [c for c in text if not c.isprintable() and c != "\n"], "raw controls"
    # The source is never changed; what is not written is not there, and what is stays alone.
    assert [name for name in after if ".fatk-" in name] == []
    if status in {2, 3, 4, 5}:
        assert after == before
    if "--force" not in line:
        assert {name: after.get(name) for name in before} == before
    if status in {3, 4, 5} and "--format" not in line and "--strict" not in line:
        refused = sum(name in REFUSED for name in split(line))
        assert len(ran.err.splitlines()) == max(refused, 1), "one sentence for each that was not done"


def test_what_is_written_can_be_read_and_is_the_same_whatever_the_way(
    fatk: Callable[..., Ran], here: Path
) -> None:
    for arguments in (
        ("convert", "好.json", "一.xlsx"), ("convert", "一.xlsx", "二"), ("convert", "二", "三.zip"), ("convert", "三.zip", "四.json"),
    ):  # fmt: skip
        assert fatk(*arguments).status == 0
    assert (here / "四.json").read_bytes() == (here / "好.json").read_bytes()


def test_findings_are_written_as_json_beside_the_result(fatk: Callable[..., Ran], here: Path) -> None:
    assert fatk("convert", "错.json", "新.xlsx", "--findings", "问题.json").status == 1
    found = json.loads((here / "问题.json").read_text(encoding="utf-8"))
    assert (found["verdict"], found["findings"][0]["rule"]) == ("invalid", "READ-01")


def test_that_a_source_was_refused_is_written_among_the_findings(
    fatk: Callable[..., Ran], here: Path
) -> None:
    assert fatk("convert", "空.xlsx", "新.json", "--findings", "问题.json").status == 3
    found = json.loads((here / "问题.json").read_text(encoding="utf-8"))
    assert (found["source"]["path"], found["refused"]["code"]) == ("空.xlsx", "FILE_EMPTY")
    jsonschema.validate(
        found, json.loads((ROOT / "schemas/findings.schema.json").read_text(encoding="utf-8"))
    )
    assert not (here / "新.json").exists()


def test_where_the_findings_cannot_be_written_nothing_is(fatk: Callable[..., Ran], here: Path) -> None:
    assert fatk("convert", "错.json", "新.xlsx", "--findings", "好.json").status == 5
    assert not (here / "新.xlsx").exists()


def test_of_a_result_that_was_written_it_is_told_what_could_not_be_read(
    fatk: Callable[..., Ran], here: Path
) -> None:
    ran = fatk("validate", "--format", "json", "好.json", "空.xlsx", "-o", "结果.json")
    assert ran.status == 3
    assert "已写出 结果.json：通过 1，不能读 1；错误 0，" in ran.err


def test_waivers_that_a_pattern_names_too_are_no_reports(fatk: Callable[..., Ran], here: Path) -> None:
    (here / "好.waivers.json").write_text('{"waivers": []}', encoding="utf-8")
    ran = fatk("validate", "好.json", "好.waivers.json", "--format", "json")
    assert (ran.status, json.loads(ran.out)["source"]["path"]) == (0, "好.json")
    assert "好.waivers.json 是旁边报告的豁免文件" in ran.err
    ran = fatk("validate", here / "好.waivers.json", "好.json", "--lang", "en")
    assert (ran.status, "holds the waivers" in ran.err) == (0, True)
    assert ", by 好.waivers.json." in ran.out
    ran = fatk("validate", "好.waivers.json")
    assert (ran.status, ran.out) == (3, "")
    assert "好.waivers.json：这是豁免文件，不是报告" in ran.err
    ran = fatk("validate", "错.json", "好.waivers.json")
    assert ran.status == 3, "it lies beside none of the reports given"


def test_a_file_of_waivers_that_cannot_be_read_is_named_and_not_the_report(
    fatk: Callable[..., Ran], here: Path
) -> None:
    (here / "好.waivers.json").write_text("{坏", encoding="utf-8")
    for arguments, named, code in (
        (("好.json",), "好.waivers.json", "JSON_MALFORMED"),
        (("好.json", "--waivers", "没有.json"), "没有.json", "FILE_NOT_FOUND"),
    ):
        ran = fatk("validate", *arguments)
        assert (ran.status, ran.out) == (3, "")
        assert named in ran.err
        assert f"（{code}）" in ran.err
        assert "好.json" not in ran.err


def test_the_text_gives_the_id_by_which_a_finding_is_waived(fatk: Callable[..., Ran], here: Path) -> None:
    """What a clerk reads is enough to write the waiver; what cannot be waived has no id there."""
    for lang, word in (("zh", "编号"), ("en", "id")):
        shown = fatk("validate", "不平.json", "--lang", lang).out
        found = json.loads(fatk("validate", "不平.json", "--format", "json").out)["findings"]
        ids = {
            f["id"] for f in found if f["outcome"] == "failed" and not f["rule"].startswith(("READ-", "STR-"))
        }
        assert ids
        assert set(re.findall(rf"{word} ([0-9a-f]{{16}})", shown)) == ids


def test_whether_a_path_can_be_read_is_told_by_who_reads_it(
    fatk: Callable[..., Ran], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What click says of it is that the argument is wrong, and not why."""
    with monkeypatch.context() as closed:
        closed.setattr(os, "access", lambda *_, **__: False)
        assert fatk("validate", "好.json", "--previous", "去年.json").status == 0
        assert fatk("convert", "好.json", "新.json").status == 0


def test_a_source_is_named_once(fatk: Callable[..., Ran], here: Path) -> None:
    for given, count in (("没有.xlsx", 1), ("空.xlsx", 1), ("空目录", 1)):
        assert fatk("validate", given).err.count(given) == count
    assert fatk("validate", "好.json", "--previous", "没有.xlsx").err.count("没有.xlsx") == 1


@pytest.mark.parametrize(
    "wanted", ["income", "income.total", "staffing", "staffing.actual", "READ-01", "IES-02", "2010301"]
)
def test_an_explanation_in_chinese_has_no_english_sentence(fatk: Callable[..., Ran], wanted: str) -> None:
    zh, en = fatk("explain", wanted), fatk("explain", wanted, "--lang", "en")
    assert not re.search(r"[A-Za-z]+ [a-z]+ [a-z]+", zh.out)
    assert re.search(r"[A-Za-z]+ [a-z]+ [a-z]+", en.out)


def test_results_of_several_sources_are_one_document_a_line(fatk: Callable[..., Ran], here: Path) -> None:
    ran = fatk("validate", "--format", "json", "好.json", "没有.xlsx", "错.json")
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert [d.get("verdict") or d["refused"]["code"] for d in found] == ["valid", "FILE_NOT_FOUND", "invalid"]
    assert (ran.status, ran.err) == (3, "")


def test_a_fault_of_ours_is_one_sentence_and_a_status_of_its_own(
    fatk: Callable[..., Ran], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("\x1b[31mgone")

    monkeypatch.setattr("fatk.formats.read", fail)
    ran = fatk("validate", "好.json")
    assert (ran.status, ran.out) == (70, "")
    assert len(ran.err.splitlines()) == 1
    assert "RuntimeError" in ran.err
    assert "\x1b" not in ran.err
    monkeypatch.setenv("FATK_TRACEBACK", "1")
    with pytest.raises(RuntimeError):
        cli.main()


# As a shell runs it


#: Settings of the environment that change what is written; each test chooses its own.
SETTINGS = {
    "LANG",
    "LANGUAGE",
    "NO_COLOR",
    "PYTHONCOERCECLOCALE",
    "PYTHONHASHSEED",
    "PYTHONIOENCODING",
    "PYTHONUTF8",
    "TZ",
}


def shell(
    *arguments: object, cwd: Path, locale: str = "C.UTF-8", text: bool = True, **options: Any
) -> subprocess.CompletedProcess[Any]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("LC_") and k not in SETTINGS}
    env.update({"LC_ALL": locale, **options.pop("env", {})})
    if text:
        options.setdefault("encoding", "utf-8")
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.run([*FATK, *map(str, arguments)], cwd=cwd, env=env, check=False, timeout=60, **options)


#: Where the console is of another encoding: the settings, and what is written there in.
CONSOLES = {
    "UTF-8": ({}, "utf-8"),
    "the console of Chinese Windows": ({"PYTHONIOENCODING": "cp936"}, "cp936"),
    "a locale of GBK, UTF-8 mode off": ({"PYTHONUTF8": "0", "PYTHONIOENCODING": "gbk"}, "gbk"),
    "C, UTF-8 mode off": ({"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}, "utf-8"),
}


@pytest.mark.parametrize("console", CONSOLES)
def test_every_console_shows_what_it_can_and_nothing_fails(here: Path, console: str) -> None:
    env, encoding = CONSOLES[console]
    (here / "bad.json").write_bytes(
        edited("report.json", lambda d: d["report"].update(fiscal_year="😀\xa0\u202e"))
    )
    for arguments, status in (
        (["validate", "bad.json"], 1),
        (["explain", "income"], 0),
        (["limits"], 0),
        (["--help"], 0),
    ):
        ran = shell(*arguments, cwd=here, env=env, text=False)
        assert (ran.returncode, ran.stderr) == (status, b"")
        shown = ran.stdout.decode(encoding)
        assert "年度" in shown or arguments[0] != "validate"


@pytest.mark.parametrize(
    "console",
    [
        "UTF-8",
        "C, UTF-8 mode off",
        *list(CONSOLES)[1:3],
    ],
)
def test_json_is_utf_8_whatever_the_console(here: Path, console: str) -> None:
    (here / "bad.json").write_bytes(
        edited("report.json", lambda d: d["report"].update(fiscal_year="年😀\xa0"))
    )
    ran = shell("validate", "--format", "json", "bad.json", cwd=here, env=CONSOLES[console][0], text=False)
    assert ran.returncode == 1
    found = json.loads(ran.stdout.decode("utf-8"))
    assert found["findings"][0]["cells"][0]["value"] == "年😀\xa0"


def test_written_bytes_depend_on_nothing_but_the_report(
    here: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    seen: dict[str, set[bytes]] = {}
    other = tmp_path_factory.mktemp("elsewhere")
    for number, (env, locale, cwd) in enumerate(
        [
            ({"PYTHONHASHSEED": "0", "TZ": "UTC"}, "C.UTF-8", here),
            ({"PYTHONHASHSEED": "1", "TZ": "Asia/Shanghai"}, "C", other),
            (
                {
                    "PYTHONHASHSEED": "77",
                    "TZ": "America/New_York",
                    "PYTHONUTF8": "0",
                    "PYTHONIOENCODING": "gbk",
                },
                "C.UTF-8",
                other,
            ),
        ]
    ):
        for source, name in (
            (here / "好.json", "o.xlsx"),
            (here / "好.xlsx", "o.json"),
            (here / "包", "o.zip"),
        ):
            target = other / f"{number}-{name}"
            assert (
                shell("convert", source, target, cwd=cwd, locale=locale, env=env, text=False).returncode == 0
            )
            seen.setdefault(name, set()).add(target.read_bytes())
        ran = shell(
            "validate",
            "--format",
            "json",
            here / "错.json",
            cwd=cwd,
            locale=locale,
            env={**env, "PYTHONIOENCODING": "utf-8"},
            text=False,
        )
        seen.setdefault("validate", set()).add(ran.stdout)
    assert {name: len(results) for name, results in seen.items()} == dict.fromkeys(seen, 1)


@needs_posix
def test_a_name_in_another_encoding_is_read_and_shown(here: Path) -> None:
    name = "报表.json".encode("gbk")  # as an archive of Windows leaves it on Linux
    (Path(os.fsdecode(here)) / os.fsdecode(name)).write_bytes((here / "好.json").read_bytes())
    ran = shell("validate", os.fsdecode(name), cwd=here)
    assert ran.returncode == 0
    assert "\\udcb1" in ran.stdout


@needs_posix
def test_a_name_in_another_encoding_can_stand_in_a_result(here: Path) -> None:
    name = os.fsdecode("报表.json".encode("gbk"))
    (here / name).write_bytes((here / "好.json").read_bytes())
    assert shell("validate", "--format", "json", "-o", "结果.json", name, cwd=here).returncode == 0
    json.loads((here / "结果.json").read_bytes())


@needs_posix
@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", "national-2020"],
        ["validate", "好.json"],
    ],
)
def test_a_reader_that_goes_early_changes_no_status_and_sees_no_traceback(
    here: Path, arguments: list[str]
) -> None:
    read, write = os.pipe()
    os.close(read)
    ran = shell(*arguments, cwd=here, stdout=write)
    os.close(write)
    assert ran.stderr == ""
    assert ran.returncode in {0, -signal.SIGPIPE, 128 + signal.SIGPIPE}


@needs_posix
def test_a_reader_that_goes_early_never_sees_a_traceback(here: Path) -> None:
    for arguments in (["explain", "national-2020"], ["validate", "错.json", "没有"], ["limits"], ["--help"]):
        read, write = os.pipe()
        os.close(read)
        ran = shell(*arguments, cwd=here, stdout=write)
        os.close(write)
        assert "Traceback" not in ran.stderr
        assert "内部错误" not in ran.stderr


@needs_posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize(
    "arguments", [["validate", "好.json"], ["validate", "--format", "json", "错.json"], ["limits"]]
)
def test_a_full_disk_behind_standard_output_is_output_not_written(here: Path, arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = shell(*arguments, cwd=here, stdout=full)
    assert ran.returncode == 5
    assert len(ran.stderr.splitlines()) == 1


@needs_posix
def test_without_standard_error_the_status_still_tells(here: Path) -> None:
    for source, status in (("好.json", 0), ("没有", 3)):
        command = f"exec 2>&-; exec {sys.executable} -m fatk.cli validate {source}"
        assert (
            subprocess.run(["sh", "-c", command], cwd=here, stdout=subprocess.DEVNULL, check=False).returncode
            == status
        )


@needs_posix
@pytest.mark.parametrize("target", ["新.json", "新.xlsx", "新包", "好.xlsx", "包"])
def test_a_disk_that_fills_up_leaves_what_was_there(here: Path, target: str) -> None:
    before = tree(here)

    def small() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))

    ran = shell("convert", "--force", "好.json", target, cwd=here, preexec_fn=small)
    assert ran.returncode == 5
    assert f"写入 {target} 失败" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert tree(here) == before


@needs_posix
@pytest.mark.skipif(sys.platform != "linux", reason="/proc is a folder that nobody can write in on Linux")
def test_a_folder_that_cannot_be_written_is_told(here: Path) -> None:
    ran = shell("convert", "好.json", "/proc/报告.json", cwd=here)
    assert (ran.returncode, len(ran.stderr.splitlines())) == (5, 1)
    assert "/proc/报告.json" in ran.stderr


#: The command with a reader that says that it has begun, and does not end.
_WAITING = """
import sys, time
from fatk import cli, formats
def wait(*_, **__):
    print("reading", flush=True)
    time.sleep(60)
formats.read_several = wait
cli.main()
"""


@needs_posix
def test_an_interrupt_ends_it_at_once_and_leaves_nothing(here: Path) -> None:
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)):
        child = subprocess.Popen(
            [sys.executable, "-c", _WAITING, "convert", "好.json", "新.json"],
            cwd=here,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # What runs in the background may have been started deaf to it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  no threads here
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"reading\n"
        child.send_signal(number)
        out, err = child.communicate(timeout=60)
        assert (child.returncode, out) == (status, b"")
        assert b"Traceback" not in err
    assert not (here / "新.json").exists()


def terminal(*arguments: str, cwd: Path, **env: str) -> tuple[int, str]:
    """The command on a terminal: its status and everything that came there."""
    import pty

    master, slave = pty.openpty()
    clean = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    child = subprocess.Popen(
        [*FATK, *arguments], cwd=cwd, stdout=slave, stderr=slave, stdin=slave, env={**clean, **env}
    )
    os.close(slave)
    got: list[bytes] = []

    def drain() -> Iterator[bytes]:
        while True:
            try:
                data = os.read(master, 65536)
            except OSError as error:
                if error.errno == errno.EIO:
                    return
                raise
            if not data:
                return
            yield data

    reader = threading.Thread(target=lambda: got.extend(drain()))
    reader.start()
    status = child.wait(timeout=60)
    reader.join()
    os.close(master)
    return status, b"".join(got).decode("utf-8").replace("\r\n", "\n")


COLOURS = ("\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m", "\x1b[0m", "\r\x1b[2K")


@needs_posix
def test_a_terminal_gets_colours_of_ours_and_nothing_else_raw(here: Path) -> None:
    for name in ("转义.json", "换\n行\x1b[31m.json"):
        status, shown = terminal("validate", name, cwd=here)
        assert status == (1 if name == "转义.json" else 0)
        assert any(colour in shown for colour in COLOURS[:3])
        for colour in COLOURS:
            shown = shown.replace(colour, "")
        assert not [c for c in shown if not c.isprintable() and c != "\n"]
        assert "\u202e" not in shown
        assert "\\x1b[31m" in shown


@needs_posix
def test_a_terminal_is_not_flooded_with_a_page(here: Path) -> None:
    status, shown = terminal("validate", "好.json", "--format", "html", cwd=here)
    assert status == 2
    assert "--output" in shown
    assert "PAGE_OUTPUT" in shown
    assert "<html" not in shown
    assert "<html" in shell("validate", "好.json", "--format", "html", cwd=here).stdout, (
        "to a pipe it goes as before"
    )


@needs_posix
def test_without_colour_a_terminal_gets_none(here: Path) -> None:
    _, shown = terminal("validate", "错.json", cwd=here, NO_COLOR="1")
    assert not any(colour in shown for colour in COLOURS[:5])
    _, shown = terminal("validate", "错.json", "-o", "结果.txt", cwd=here)
    assert "\x1b[3" not in (here / "结果.txt").read_text(encoding="utf-8")


@needs_posix
def test_a_terminal_is_told_what_is_worked_on_and_a_file_is_not(here: Path) -> None:
    _, shown = terminal("validate", "好.json", cwd=here)
    assert "正在处理 好.json" in shown
    assert "正在处理" not in shell("validate", "好.json", cwd=here).stderr


@needs_posix
def test_two_runs_that_write_one_target_leave_one_whole_report(here: Path) -> None:
    commands = [[*FATK, "convert", source, "新.zip"] for source in ("好.json", "提醒.json")]
    children = [subprocess.Popen(c, cwd=here, stderr=subprocess.PIPE) for c in commands]
    said = [child.communicate(timeout=60)[1].decode() for child in children]
    statuses = sorted(child.returncode for child in children)
    assert statuses == [0, 5], said
    assert shell("validate", "新.zip", cwd=here).returncode == 0
    assert [p.name for p in here.iterdir() if p.name.startswith(".fatk-")] == []


@pytest.mark.parametrize("kept", ["tables", "entity", "notes"])
def test_what_has_any_part_of_final_accounts_is_one(kept: str, tmp_path: Path) -> None:
    full = formats.read(MINIMAL.parent / "full/report.json").report
    empty = {t.id: [] for t in full.spec.tables.values()}
    states = [make_row(full.spec.tables["tables"], table=t.id, status="empty") for t in full.spec.forms]
    parts = {
        "tables": {"tables": states},
        "entity": {"entity": full.rows("entity")},
        "notes": {t.id: full.rows(t.id) for t in full.spec.notes},
    }
    formats.write(build(full.spec, {**empty, **parts[kept]}), tmp_path / "部分.xlsx")
    read = formats.read(tmp_path / "部分.xlsx")
    assert formats.accounts(read) is read
