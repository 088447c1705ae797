"""Batches: whatever is in the sources and whenever a run is ended, the target is what an undisturbed run makes of them."""

import hashlib
import json
import os
import pty
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

import many
from fatk import cli, formats
from fatk.batch.places import outputs
from fatk.batch.sources import find
from fatk.warehouse import parts

ROOT = Path(__file__).resolve().parent.parent
MINIMAL = ROOT / "datapackages/minimal"
FATK = [sys.executable, "-m", "fatk.cli", "batch"]


@dataclass(frozen=True)
class Ran:
    """What a run came to."""

    status: int
    out: str
    err: str
    summary: Mapping[str, Any]


@pytest.fixture
def batch(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Ran]:
    """Run the command in this process, with one process that works."""

    def run(*arguments: object) -> Ran:
        summary = tmp_path / "summary.json"
        summary.unlink(missing_ok=True)
        given = ("fatk", "batch", *arguments, "--workers", 1, "--summary", summary)
        monkeypatch.setattr(sys, "argv", [str(word) for word in given])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        said = json.loads(summary.read_bytes()) if summary.exists() else {}
        return Ran(int(ended.value.code or 0), captured.out, captured.err, said)

    return run


def code_of(ran: Ran) -> str:
    """The code of the only source that was refused or not written."""
    (code,) = ran.summary["refusals"]
    return str(code)


@pytest.fixture
def src(tmp_path: Path) -> Path:
    """Three workbooks in two folders, a JSON document, a file that is none and one that is no report's."""
    folder = tmp_path / "src"
    for number in range(3):
        place = folder / ("甲" if number < 2 else "乙") / f"{number}.xlsx"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(many.workbook(number))
    shutil.copy(MINIMAL / "report.json", folder / "报告.json")
    (folder / "坏.xlsx").write_text("bad", encoding="utf-8")
    (folder / "图.png").write_bytes(b"\x89PNG")
    return folder


def contents(folder: Path) -> dict[str, str]:
    """The files of a target, less what differs from run to run, by the digest of what they hold."""
    return {
        place.relative_to(folder).as_posix(): hashlib.sha256(place.read_bytes()).hexdigest()
        for place in sorted(folder.rglob("*"))
        if place.is_file() and place.name not in {"lock", "journal.jsonl", "store.duckdb"}
    }


def rows(store: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(store / "store.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


# Trees of files


def test_a_tree_is_mirrored_and_a_bad_file_is_only_told(
    src: Path, tmp_path: Path, batch: Callable[..., Ran]
) -> None:
    ran = batch(src, tmp_path / "out", "--to", "json")
    assert ran.status == 3
    assert sorted(contents(tmp_path / "out")) == ["乙/2.json", "报告.json", "甲/0.json", "甲/1.json"]
    for name in ("甲/0", "乙/2"):
        expected = formats.encoder("json")(formats.read(src / f"{name}.xlsx").report)
        assert (tmp_path / "out" / f"{name}.json").read_bytes() == expected
    assert ran.summary["verdicts"] == {"valid": 4, "not_checked": 0, "invalid": 0, "refused": 1}
    assert ran.summary["failed"][0]["path"] == "坏.xlsx"
    assert "坏.xlsx" in ran.out
    assert ran.summary["run"]["passed_over"] == 1


@pytest.mark.parametrize(("to", "name"), [("package", "甲/0/datapackage.json"), ("xlsx", "甲/0.xlsx")])
def test_packages_and_workbooks_hold_the_same_report(
    src: Path, tmp_path: Path, batch: Callable[..., Ran], to: str, name: str
) -> None:
    (src / "坏.xlsx").unlink()
    assert batch(src, tmp_path / "out", "--to", to, "--unit", "元").status == 0
    report = formats.read(tmp_path / "out" / name).report
    assert report.one("report")["unit"] == "元"
    assert report.one("entity")["name"] == "样本单位000000"


def test_what_is_unchanged_is_left_alone_and_the_rest_follows(
    src: Path, tmp_path: Path, batch: Callable[..., Ran]
) -> None:
    out = tmp_path / "out"
    batch(src, out, "--to", "json")
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*.json")}
    again = batch(src, out, "--to", "json")
    assert again.summary["run"] | {"seconds": 0} == {
        "passed_over": 1, "copies": 0, "unchanged": 5, "unseen": 0, "done": 0, "gone": 0, "compared": 0, "seconds": 0,
    }  # fmt: skip
    assert again.status == 3, "what was refused before counts as before"
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*.json")} == before
    (src / "甲/0.xlsx").write_bytes(many.workbook(9))
    shutil.rmtree(src / "乙")
    (out / "报告.json").unlink()
    third = batch(src, out, "--to", "json")
    assert third.summary["run"]["done"] == 2
    assert third.summary["run"]["gone"] == 1
    assert sorted(contents(out)) == ["报告.json", "甲/0.json", "甲/1.json"]
    assert not (out / "乙").exists()
    assert "样本单位000009" in (out / "甲/0.json").read_text(encoding="utf-8")
    assert batch(src, out, "--to", "json", "--edition", "national-2023").summary["run"]["done"] == 4


def test_nothing_is_overwritten_that_we_did_not_write(
    src: Path, tmp_path: Path, batch: Callable[..., Ran]
) -> None:
    out = tmp_path / "out"
    (out / "甲").mkdir(parents=True)
    (out / "甲/0.json").write_text("mine", encoding="utf-8")
    (src / "坏.xlsx").unlink()
    for _ in range(2):
        ran = batch(src, out, "--to", "json")
        assert ran.status == 5
        assert code_of(ran) == "OUTPUT_EXISTS"
        assert (out / "甲/0.json").read_text(encoding="utf-8") == "mine"
    assert batch(src, out, "--to", "json", "--force").status == 0
    assert (out / "甲/0.json").read_text(encoding="utf-8") != "mine"


def test_outputs_never_share_a_name() -> None:
    assert outputs(["a.xlsx", "A.xls", "b/c.xlsx", "b.xlsx", "d"], "package") == {
        "a.xlsx": "a.xlsx", "A.xls": "A.xls", "b/c.xlsx": "b/c", "b.xlsx": "b.xlsx", "d": "d",
    }  # fmt: skip
    assert outputs(["a.xlsx", "a.xls", "a.xls.csv"], "json") == {
        "a.xlsx": "a.xlsx.json", "a.xls": "a.xls_.json", "a.xls.csv": "a.xls.json",
    }  # fmt: skip


def test_waivers_beside_a_report_are_used_and_their_change_is_one_of_the_report(
    tmp_path: Path, batch: Callable[..., Ran]
) -> None:
    src = tmp_path / "src"
    src.mkdir()
    document = json.loads((MINIMAL / "report.json").read_bytes())
    document["tables"]["income"]["rows"][0]["total"] = "1.00"
    (src / "报告.json").write_text(json.dumps(document), encoding="utf-8")
    ran = batch(src, tmp_path / "out", "--to", "json", "--as-of", "2024-01-01")
    assert ran.status == 1
    assert ran.summary["rules"]["INC-01"] == 1
    waiver = {
        "finding": {"rule": "INC-01", "table": "income", "row": "TOTAL", "field": "total"},
        "reason": "核实", "office": "某局", "accepted_on": "2023-01-01", "expires_on": "2024-06-30",
    }  # fmt: skip
    (src / "报告.waivers.json").write_text(json.dumps({"waivers": [waiver]}), encoding="utf-8")
    ran = batch(src, tmp_path / "out", "--to", "json", "--as-of", "2024-01-01")
    assert ran.summary["run"]["done"] == 1
    assert "INC-01" not in ran.summary["rules"]
    assert (
        batch(src, tmp_path / "out", "--to", "json", "--as-of", "2024-07-01").summary["rules"]["INC-01"] == 1
    )


# What is a source


def test_a_folder_of_one_table_each_is_one_report(tmp_path: Path) -> None:
    for name in ("收入决算表.xlsx", "某局支出决算表.xlsx"):
        for folder in ("不是", "是"):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / (name if folder == "不是" else f"某局{name.removeprefix('某局')}")).touch()
    (tmp_path / "不是/另一局.xlsx").touch()
    (tmp_path / "包").mkdir()
    (tmp_path / "包/datapackage.json").touch()
    (tmp_path / "包/report.json").touch()
    (tmp_path / ".隐藏.xlsx").touch()
    (tmp_path / "README.md").touch()
    found = find(str(tmp_path), without=tmp_path / "out")
    assert [(s.path, s.folder) for s in found.sources] == [
        ("不是/另一局.xlsx", False), ("不是/收入决算表.xlsx", False), ("不是/某局支出决算表.xlsx", False), ("包", True), ("是", True),
    ]  # fmt: skip
    found = find(str(tmp_path), without=tmp_path / "包", per_folder=True)
    assert [(s.path, s.folder) for s in found.sources] == [("不是", True), ("是", True)]


def test_lists_patterns_and_single_files(src: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(src)
    (src / "list.txt").write_text("甲/0.xlsx\n\n图.png\n乙\n../elsewhere.xlsx\n", encoding="utf-8-sig")
    above = src.parent.as_posix().removeprefix("/")
    for given in ("@list.txt", "list.txt"):
        assert [s.path for s in find(given, without=src / "out").sources] == [
            *([f"{above}/elsewhere.xlsx"]), "乙", "图.png", "甲/0.xlsx",
        ]  # fmt: skip
    for pattern, expected in (
        ("*/*.xlsx", ["乙/2.xlsx", "甲/0.xlsx", "甲/1.xlsx"]),
        (f"{src}/**/0.*", ["甲/0.xlsx"]),
        ("甲*", ["甲/0.xlsx", "甲/1.xlsx"]),
        ("报告.json", ["报告.json"]),
    ):
        assert [s.path for s in find(pattern, without=src / "out").sources] == expected


def test_two_files_of_one_name_in_a_list_are_two_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "0.json"
    inside = tmp_path / "here" / str(outside).removeprefix("/")
    inside.parent.mkdir(parents=True)
    for place in (outside, inside):
        shutil.copy(MINIMAL / "report.json", place)
    monkeypatch.chdir(tmp_path / "here")
    relative = str(outside).removeprefix("/")
    (tmp_path / "list.txt").write_text(f"{outside}\n{relative}\n{inside}\n", encoding="utf-8")
    found = find(f"@{tmp_path}/list.txt", without=tmp_path / "out").sources
    assert sorted(s.path for s in found) == sorted([relative, f"{relative}~2"])
    assert {s.place.resolve() for s in found} == {outside, inside}


def test_a_narrative_is_no_list_and_a_line_that_is_no_path_is_told(
    src: Path, tmp_path: Path, batch: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(src)
    report = formats.read(MINIMAL / "report.json").report
    formats.write(report, tmp_path / "说明.txt")
    (source,) = find(str(tmp_path / "说明.txt"), without=tmp_path / "out").sources
    assert source.place == tmp_path / "说明.txt"
    (src / "list.txt").write_text("甲/0.xlsx\n" + "长" * 100 + "\n甲/\x00\n", encoding="utf-8")
    ran = batch("list.txt", tmp_path / "out", "--to", "json")
    assert (ran.status, ran.summary["sources"], ran.summary["refusals"]) == (
        3, 3, {"FILE_NOT_FOUND": 1, "FILE_UNREADABLE": 1},
    )  # fmt: skip


@pytest.mark.parametrize("to", ["json", "store"])
def test_a_folder_that_cannot_be_opened_is_told_and_what_was_read_of_it_stays(
    src: Path, tmp_path: Path, batch: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    shutil.copy(src / "甲/0.xlsx", src / "龙.xlsx")  # in a store a copy of what is out of sight later
    before = batch(src, tmp_path / "out", "--to", to)
    held, scan = contents(tmp_path / "out"), os.scandir

    def denied(place: Any = ".") -> Any:
        if str(place) == str(src / "甲"):
            raise PermissionError(13, "denied", str(place))
        return scan(place)

    with monkeypatch.context() as closed:
        closed.setattr(os, "scandir", denied)
        ran = batch(src, tmp_path / "out", "--to", to)
    assert ran.status == 3
    assert {one["path"]: one["code"] for one in ran.summary["failed"]} == {
        "坏.xlsx": "TEXT_UNKNOWN", "甲": "FOLDER_UNREADABLE"
    }  # fmt: skip
    assert "打不开目录 甲：没有权限" in ran.out
    assert ran.summary["run"]["gone"] == 0
    assert ran.summary["run"]["unseen"] == 2
    assert "有 2 份在这次打不开的目录里" in ran.out
    assert ran.summary["sources"] == before.summary["sources"] + 1
    if to == "store":
        assert rows(tmp_path / "out", "select rule from findings where file = '甲'") == [
            ("FOLDER_UNREADABLE",)
        ]
        assert rows(tmp_path / "out", "select count(*) from reports where file like '甲/%'") == [(2,)]
    else:
        assert contents(tmp_path / "out") == held
    again = batch(src, tmp_path / "out", "--to", to)
    assert again.summary["run"]["gone"] == 1, "the folder is no source once it is open"
    assert contents(tmp_path / "out") == held


def test_a_source_that_cannot_be_opened_at_all_is_told(
    src: Path, tmp_path: Path, batch: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(place: Any = ".") -> Any:
        raise PermissionError(13, "denied", str(place))

    with monkeypatch.context() as closed:
        closed.setattr(os, "scandir", denied)
        ran = batch(src, tmp_path / "out")
    assert (ran.status, ran.summary) == (3, {})
    assert "FILE_UNREADABLE" in ran.err


@pytest.mark.parametrize("given", ["src", "src/甲", "src/*/*.xlsx"])
def test_a_file_that_cannot_even_be_looked_at_is_refused_and_no_end_of_the_run(
    src: Path, tmp_path: Path, batch: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    stat = os.stat

    def denied(place: Any, *arguments: Any, **options: Any) -> Any:
        if Path(str(place)) == src / "甲/0.xlsx":  # as in a folder that may be listed and not entered
            raise PermissionError(13, "denied", str(place))
        return stat(place, *arguments, **options)

    with monkeypatch.context() as closed:
        closed.setattr(os, "stat", denied)
        ran = batch(tmp_path / given, tmp_path / "out", "--to", "json")
    assert ran.status == 3
    assert "0.xlsx" in {one["path"].rpartition("/")[2] for one in ran.summary["failed"]}
    assert ran.summary["verdicts"]["valid"] >= 1


def test_a_copy_is_told_with_what_it_is_a_copy_of(
    src: Path, tmp_path: Path, batch: Callable[..., Ran]
) -> None:
    shutil.copy(src / "甲/0.xlsx", src / "甲/抄.xlsx")
    ran = batch(src, tmp_path / "out")
    assert ran.summary["copies"] == [{"path": "甲/抄.xlsx", "of": "甲/0.xlsx"}]
    assert ran.summary["run"]["copies"] == 1


def test_a_report_without_year_and_edition_is_counted_as_unknown(
    src: Path, tmp_path: Path, batch: Callable[..., Ran]
) -> None:
    said = json.loads((many.ROOT / "datapackages/minimal/report.json").read_bytes())
    del said["report"]["fiscal_year"], said["report"]["edition"]
    (src / "无年度.json").write_text(json.dumps(said), encoding="utf-8")
    ran = batch(src, tmp_path / "out", "--to", "json")
    assert ran.summary["editions"]["unknown"] == ran.summary["fiscal_years"]["unknown"] == 1
    assert "看不出是哪一版表样的 1 份。" in ran.out
    assert "None" not in ran.out


def test_a_file_of_something_else_is_refused_and_no_report(
    src: Path, tmp_path: Path, batch: Callable[..., Ran]
) -> None:
    before = batch(src, tmp_path / "before", "--to", "json").summary
    (src / "通讯录.csv").write_text("姓名,电话\n张三,1\n", encoding="utf-8")
    after = batch(src, tmp_path / "out", "--to", "json").summary
    assert after["refusals"] == before["refusals"] | {"WORKBOOK_OTHER": 1}
    assert after["editions"] == before["editions"]


def test_who_interrupts_is_told_how_to_go_on(
    src: Path, tmp_path: Path, batch: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fatk.batch import run

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as early:
        early.setattr(run._Batch, "publish", interrupted)
        ran = batch(src, tmp_path / "out")
    assert (ran.status, ran.summary) == (130, {})
    assert "再次运行" in ran.err
    assert batch(src, tmp_path / "out").summary["run"]["done"] == 0, "what was done stays done"


def test_a_name_as_long_as_can_be_is_read(src: Path, tmp_path: Path, batch: Callable[..., Ran]) -> None:
    shutil.copy(src / "甲/0.xlsx", src / "乙" / ("长" * 83 + ".xlsx"))
    ran = batch(src / "乙", tmp_path / "out", "--to", "json")
    assert ran.summary["sources"] == 2
    assert (tmp_path / "out/2.json").is_file()
    assert batch(src / "乙", tmp_path / "store").summary["verdicts"]["valid"] == 2


def test_a_summary_overwrites_nothing_but_a_summary_and_is_no_source(
    src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(summary: Path) -> tuple[int, str]:
        given = ("fatk", "batch", src, tmp_path / "out", "--to", "json", "--workers", 1, "--summary", summary)
        monkeypatch.setattr(sys, "argv", [str(word) for word in given])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), capsys.readouterr().err

    report = src / "报告.json"
    before = report.read_bytes()
    status, told = run(report)
    assert (status, "SUMMARY_EXISTS" in told) == (5, True)
    assert report.read_bytes() == before
    assert not (tmp_path / "out").exists(), "told before the work"
    (src / "汇总.json").touch()  # as mktemp leaves one
    assert run(src / "汇总.json")[0] == 3
    output = tmp_path / "out/报告.json"
    assert run(output)[0] == 5
    assert output.read_bytes() == before
    assert run(src / "汇总.json")[0] == 3, "a summary is written over"
    held = json.loads((src / "汇总.json").read_bytes())
    assert held["sources"] == 5
    assert [one["path"] for one in held["failed"]] == ["坏.xlsx"], "the summary itself is no source"


def test_a_summary_that_cannot_be_written_is_told_before_the_work(src: Path, tmp_path: Path) -> None:
    given = (src, tmp_path / "out", "--summary", tmp_path / "none/summary.json")
    ran = subprocess.run(
        [sys.executable, "-m", "fatk", "batch", *map(str, given)], capture_output=True, check=False
    )
    assert (ran.returncode, (tmp_path / "out").exists()) == (5, False)


# A store


def test_a_store_follows_its_sources(src: Path, tmp_path: Path, batch: Callable[..., Ran]) -> None:
    store, query = (
        tmp_path / "store",
        "select file, fiscal_year, division, verdict from sources order by file",
    )
    shutil.copy(src / "甲/0.xlsx", src / "甲/又.xlsx")
    ran = batch(src, store)
    assert ran.status == 3
    assert ran.summary["run"]["copies"] == 1
    assert [row[0] for row in rows(store, query) if row[0].endswith(".xlsx")].count("甲/又.xlsx") == 0
    assert rows(store, "select file, rule from findings where verdict = 'refused'") == [
        ("坏.xlsx", "TEXT_UNKNOWN")
    ]
    assert rows(store, "select distinct file from reports order by file") == [("乙/2.xlsx",), ("报告.json",), ("甲/0.xlsx",), ("甲/1.xlsx",)]  # fmt: skip
    assert batch(src, store).summary["run"]["done"] == 0
    (src / "甲/0.xlsx").unlink()  # its copy takes its place
    (src / "甲/1.xlsx").write_bytes(many.workbook(401))
    (src / "坏.xlsx").write_bytes(many.workbook(3))
    (src / "报告.json").unlink()
    ran = batch(src, store)
    assert ran.status == 0
    assert (ran.summary["run"]["done"], ran.summary["run"]["gone"]) == (3, 2)
    assert batch(src, tmp_path / "fresh").status == 0
    assert contents(store) == contents(tmp_path / "fresh")
    assert rows(store, "select entity from reports order by 1") == [
        ("样本单位000000",), ("样本单位000002",), ("样本单位000003",), ("样本单位000401",),
    ]  # fmt: skip


def test_rows_of_many_groups_keep_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part with many groups of rows is made again of its file and of spools as one with few is."""
    from fatk.batch import work
    from fatk.batch.orders import Item, Order

    items = [
        Item(f"{n}.xlsx", str(tmp_path / f"{n}.xlsx"), hashlib.sha256(many.workbook(n)).hexdigest(), 1)
        for n in range(6)
    ]
    for n in range(6):
        (tmp_path / f"{n}.xlsx").write_bytes(many.workbook(n))
    stores = [tmp_path / "small", tmp_path / "steps"]
    lines = [work.do(Order(str(store), "store", as_of="2024-01-01"), items) for store in stores]
    members = [[(x["path"], x["sha256"], x["spool"], x["row"]) for x in some] for some in lines]
    monkeypatch.setattr(parts, "_GROUP", 2_000)
    parts.publish(str(stores[0]), {"a/b/c": members[0]})
    monkeypatch.setattr(parts, "_PIECES", 2)
    parts.publish(str(stores[1]), {"a/b/c": members[1][1:5:2]})
    kept = [(*member[:2], None, 0) for member in members[1][1:5:2]]
    parts.publish(str(stores[1]), {"a/b/c": [*kept, members[1][0], *members[1][2:5:2], members[1][5]]})
    files = [{k: v for k, v in contents(store).items() if ".fatk" not in k} for store in stores]
    assert files[0] == files[1]
    assert len(files[0]) > 10
    parts.publish(str(stores[0]), {"a/b/c": []})
    assert {k for k in contents(stores[0]) if ".fatk" not in k} == set()


#: Makes a part of so many sources, half of them first and then all, in a process of its own: the most bytes that Arrow has had at
#: once there, and the most pieces that a group was of.
_HELD = """
import sys
from pathlib import Path

import pyarrow as pa

from fatk import formats
from fatk.warehouse import parts
from fatk.warehouse.rows import rows
from stores import outcome_of

store, count, parts._GROUP, pieces = sys.argv[1], int(sys.argv[2]), 1 << 20, [0]
made = rows(outcome_of(formats.read(Path(sys.argv[3])).report, "x"))
joined = parts._joined


def counted(group):
    pieces[0] = max(pieces[0], len(group))
    return joined(group)


parts._joined = counted
members = []
for start in range(0, count, 4):
    named = [(f"{n:06}", f"{n:06}.xlsx") for n in range(start, start + 4)]
    held = [{d: [(*names, *row[2:]) for row in made[d]] for d in ("reports", "cells")} for names in named]
    spool = parts.spool(Path(store), held)
    members += [(path, sha256, spool, n) for n, (sha256, path) in enumerate(named)]
parts.publish(store, {"a/b/c": members[::2]})
kept = [(path, sha256, None if n % 2 == 0 else spool, at) for n, (path, sha256, spool, at) in enumerate(members)]
parts.publish(store, {"a/b/c": kept})
assert len(list(Path(store).glob("*/a/b/c.parquet"))) == 2
print(pa.default_memory_pool().max_memory(), pieces[0])
"""


def test_what_is_held_of_a_part_does_not_grow_with_its_sources(tmp_path: Path) -> None:
    def held(count: int) -> tuple[int, int]:
        command = [sys.executable, "-c", _HELD, str(tmp_path / str(count)), str(count)]
        ran = subprocess.run(
            [*command, str(many.ROOT / "datapackages/wuerhe-2022/report.json")],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "ARROW_DEFAULT_MEMORY_POOL": "system"},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        size, pieces = map(int, ran.stdout.split())
        return size, pieces

    (few, _), (many_more, pieces) = held(32), held(128)
    assert many_more <= 1.25 * few  # what a file says of its groups grows, by very little
    assert pieces == parts._PIECES


def test_a_task_of_parts_is_of_so_many_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    from fatk.batch import run

    monkeypatch.setattr(run, "_MEMBERS", 5)
    member: parts.Member = ("a", "b", None, 0)
    sources = {f"{n:02}": [member] * size for n, size in enumerate((2, 3, 1, 7, 0, *[0] * 80))}
    tasks = list(run._shared(sources, 1))
    assert {part: members for task in tasks for part, members in task.items()} == sources
    assert [sum(map(len, task.values())) for task in tasks[:3]] == [5, 1, 7]
    assert max(map(len, tasks)) == run._PARTS
    assert len(next(iter(run._shared({part: [] for part in "abcdefgh"}, 1)))) == 2


# Interruptions


def _remembered(target: Path) -> int:
    """The lines of a target's journal."""
    journal = target / ".fatk/journal.jsonl"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


#: How far a run is when it is killed, however fast the machine: nothing is done yet, some is, and a store is being put together.
_MOMENTS: Mapping[str, tuple[Callable[[Path], bool], ...]] = {
    "store": (
        lambda target: _remembered(target) >= 1,
        lambda target: _remembered(target) >= 9,
        lambda target: next(target.glob("*/fy=*/*/*.parquet"), None) is not None,
    ),
    "json": (lambda target: _remembered(target) >= 5,),
}


def test_a_run_killed_at_any_moment_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    rng = random.Random(20240531)
    src = tmp_path / "src"
    list(many.tree(src, 30))
    (src / "坏.xlsx").write_text("bad", encoding="utf-8")
    for to, moments in _MOMENTS.items():
        command = [*FATK, str(src), str(tmp_path / to), "--to", to, "--workers", "2"]
        killed = 0
        for reached in moments:
            run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while run.poll() is None and not reached(tmp_path / to):
                time.sleep(0.002)
            try:
                run.wait(timeout=rng.uniform(0, 0.05))
            except subprocess.TimeoutExpired:
                run.send_signal(signal.SIGKILL)
                run.wait()
                killed += 1
        assert killed
        assert subprocess.run(command, capture_output=True, check=False).returncode == 3
        fresh = [*FATK, str(src), str(tmp_path / f"fresh-{to}"), "--to", to, "--workers", "1"]
        assert subprocess.run(fresh, capture_output=True, check=False).returncode == 3
        assert contents(tmp_path / to) == contents(tmp_path / f"fresh-{to}")
    for dataset in ("income", "findings", "reports"):
        query = f"select * from {dataset} order by all"  # noqa: S608
        found = rows(tmp_path / "store", query)
        assert found == rows(tmp_path / "fresh-store", query)
        assert found
    assert rows(tmp_path / "store", "select count(*), count(distinct source) from reports") == [(30, 30)]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{\n", "BATCH_JOURNAL"),
        (b"[]\n", "BATCH_JOURNAL"),
        (b"\xff\xfe\n", "BATCH_JOURNAL"),
        (b'{"path": "a.xlsx"}\n', "BATCH_JOURNAL"),
        (b'{"path": ["a"], "key": null, "sha256": ""}\n', "BATCH_JOURNAL"),
    ],
)
@pytest.mark.parametrize("to", ["store", "json"])
def test_a_damaged_journal_is_told_and_nothing_is_touched(
    src: Path, tmp_path: Path, batch: Callable[..., Ran], to: str, line: bytes, told: str
) -> None:
    batch(src, tmp_path / "out", "--to", to)
    journal = tmp_path / "out/.fatk/journal.jsonl"
    first, _, rest = journal.read_bytes().partition(b"\n")
    before = contents(tmp_path / "out")
    for damaged, number in ((first + b"\n" + line + rest, 2), (line + rest, 1)):
        journal.write_bytes(damaged)
        ran = batch(src, tmp_path / "out", "--to", to)
        assert (ran.status, told in ran.err, f"第 {number} 行" in ran.err) == (3, True, True), ran.err
        assert journal.read_bytes() == damaged
        assert contents(tmp_path / "out") == before


def test_a_journal_of_another_version_is_told(src: Path, tmp_path: Path, batch: Callable[..., Ran]) -> None:
    batch(src, tmp_path / "store")
    journal = tmp_path / "store/.fatk/journal.jsonl"
    later = journal.read_bytes().replace(b'{"journal":1,', b'{"journal":2,', 1)
    journal.write_bytes(later)
    ran = batch(src, tmp_path / "store")
    assert (ran.status, "BATCH_JOURNAL_VERSION" in ran.err) == (3, True), ran.err
    assert journal.read_bytes() == later


@pytest.mark.parametrize("to", ["json", "package"])
def test_a_link_in_the_target_is_not_followed(
    src: Path, tmp_path: Path, batch: Callable[..., Ran], to: str
) -> None:
    (src / "坏.xlsx").unlink()
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    batch(src, out, "--to", to)
    shutil.move(out / "甲", elsewhere)
    (out / "甲").symlink_to(elsewhere, target_is_directory=True)
    before = contents(elsewhere)
    (src / "甲/0.xlsx").write_bytes(many.workbook(9))
    (src / "甲/1.xlsx").unlink()
    for force in ((), ("--force",)):
        ran = batch(src, out, "--to", to, *force)
        assert (ran.status, code_of(ran)) == (5, "OUTPUT_LINK")
        assert contents(elsewhere) == before


def test_lists_as_windows_writes_them(
    src: Path, tmp_path: Path, batch: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(src)
    (src / "有“引号”的.xlsx").write_bytes(many.workbook(3))
    (src / '"真.xlsx"').write_bytes(many.workbook(4))
    lines = '"甲/0.xlsx"\r\n乙/2.xlsx\r\n有“引号”的.xlsx\r\n"真.xlsx"\r\n'
    for encoding in ("gb18030", "utf-8", "utf-8-sig"):
        (src / "list.txt").write_bytes(lines.encode(encoding))
        for given in ("@list.txt", "list.txt"):
            found = find(given, without=tmp_path / "out").sources
            assert [s.path for s in found] == ['"真.xlsx"', "乙/2.xlsx", "有“引号”的.xlsx", "甲/0.xlsx"], (
                encoding
            )
    named = os.fsdecode("名".encode("gb18030"))  # a file whose name itself is in another encoding
    (src / f"{named}.xlsx").write_bytes(many.workbook(5))
    (src / "list.txt").write_bytes(os.fsencode(f"{named}.xlsx") + b"\n")
    (source,) = find("@list.txt", without=tmp_path / "out").sources
    assert source.place.is_file()


def test_a_workbook_is_no_list(src: Path, tmp_path: Path, batch: Callable[..., Ran]) -> None:
    ran = batch(f"@{src}/甲/0.xlsx", tmp_path / "out", "--to", "json")
    assert (ran.status, "BATCH_LIST" in ran.err) == (3, True)
    assert not (tmp_path / "out").exists()


def test_a_link_to_nothing_is_told_and_not_passed_over(
    src: Path, tmp_path: Path, batch: Callable[..., Ran]
) -> None:
    (src / "坏.xlsx").unlink()
    (src / "甲/失.xlsx").symlink_to(tmp_path / "gone.xlsx")
    (src / "甲/环.xlsx").symlink_to(src / "甲/环.xlsx")
    (src / "甲/失.png").symlink_to(tmp_path / "gone.png")
    for given in (src, f"{src}/*/*", f"{src}/**/*"):
        ran = batch(given, tmp_path / "out", "--to", "json", "--force")
        failed = {one["path"].rpartition("/")[2] for one in ran.summary["failed"]}
        assert (ran.status, failed) == (3, {"失.xlsx", "环.xlsx"}), given
    assert batch(src, tmp_path / "out", "--to", "json").summary["run"]["passed_over"] == 2


def test_a_journal_cut_in_a_line_is_read_up_to_it(
    src: Path, tmp_path: Path, batch: Callable[..., Ran]
) -> None:
    batch(src, tmp_path / "store")
    journal = tmp_path / "store/.fatk/journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole[: whole.rindex(b"\n", 0, -1) - 40])
    ran = batch(src, tmp_path / "store")
    assert ran.summary["run"]["done"] == 2
    assert ran.summary["sources"] == 5
    assert journal.read_bytes().count(b"\n") == whole.count(b"\n")
    batch(src, tmp_path / "fresh")
    assert contents(tmp_path / "store") == contents(tmp_path / "fresh")


def test_what_a_dead_process_left_is_swept_whoever_has_its_number(
    src: Path, tmp_path: Path, batch: Callable[..., Ran]
) -> None:
    from fatk import files

    batch(src, tmp_path / "out", "--to", "json")
    left = tmp_path / f"out/甲/.fatk-{os.getpid()}-{files._machine()}.0a0a0a0a-0"
    left.mkdir()
    (left / "a.csv").touch()
    other = tmp_path / f"out/甲/.fatk-{os.getpid()}-000000.0a0a0a0a-1.json"
    other.touch()
    assert batch(src, tmp_path / "out", "--to", "json").summary["run"]["done"] == 0
    assert not left.exists()
    assert other.exists(), "another machine may be at work at it"


def test_only_the_guilty_file_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: Callable[..., Ran]
) -> None:
    src, patched = tmp_path / "src", tmp_path / "patched"
    patched.mkdir()
    (patched / "sitecustomize.py").write_text("import failing_readers\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(patched))
    list(many.tree(src, 4))
    for number, name in enumerate(("crash", "once", "slow", "large", "fault"), 10):
        (src / f"0000/{name}.xlsx").write_bytes(many.workbook(number))
    ran = batch(src, tmp_path / "out", "--limit", "batch_seconds=1")
    assert ran.status == 70
    assert {one["path"]: one["code"] for one in ran.summary["failed"]} == {
        "0000/crash.xlsx": "READER_CRASHED", "0000/slow.xlsx": "READER_TIMEOUT", "0000/large.xlsx": "RESOURCE_LIMIT",
        "0000/fault.xlsx": "READER_FAULT",
    }  # fmt: skip
    assert rows(tmp_path / "out", "select count(*) from reports") == [(5,)]
    assert rows(tmp_path / "out", "select rule from findings where verdict = 'refused' order by rule") == [
        ("READER_CRASHED",), ("READER_FAULT",), ("READER_TIMEOUT",), ("RESOURCE_LIMIT",),
    ]  # fmt: skip
    assert batch(src, tmp_path / "out", "--limit", "batch_seconds=1").summary["run"]["done"] == 0


def test_a_target_without_room_ends_the_run_and_the_next_takes_it_up(
    src: Path, tmp_path: Path, batch: Callable[..., Ran]
) -> None:
    if os.geteuid() == 0:
        spools = tmp_path / "store" / parts.SPOOLS  # nobody is refused anything: stand in its way
        spools.parent.mkdir(parents=True)
        spools.write_text("", encoding="utf-8")
    else:
        (tmp_path / "store/.fatk/spools").mkdir(parents=True)
        (tmp_path / "store/.fatk/spools").chmod(0o500)
    ran = batch(src, tmp_path / "store")
    assert ran.status == 5
    assert "store" in ran.err
    if os.geteuid() == 0:
        spools.unlink()
    else:
        (tmp_path / "store/.fatk/spools").chmod(0o700)
    assert batch(src, tmp_path / "store").summary["verdicts"]["valid"] == 4


# What is told


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (["{empty}", "{out}"], 2, "BATCH_NOTHING"),
        (["{src}/none", "{out}"], 3, "FILE_NOT_FOUND"),
        (["@{src}/none", "{out}"], 3, "FILE_NOT_FOUND"),
        (["{src}", "{src}/报告.json"], 5, "OUTPUT_IS_INPUT"),
        (["{src}", "{src}/图.png"], 5, "OUTPUT_OTHER_KIND"),
        (["{src}", "{src}"], 5, "OUTPUT_IS_INPUT"),
        (["{src}/甲", "{src}", "--to", "json", "--force"], 5, "OUTPUT_IS_INPUT"),
        (["{src}/*", "{src}", "--to", "package", "--force"], 5, "OUTPUT_IS_INPUT"),
        (["{full}", "{full}/in/it", "--to", "json"], 5, "OUTPUT_IS_INPUT"),
        (["{src}/甲", "{full}"], 5, "BATCH_NOT_A_STORE"),
        (["{src}", "{store}", "--to", "json"], 2, "BATCH_OTHER_TARGET"),
        (["{src}", "{out}", "--unit", "元"], 2, "BATCH_UNIT"),
        (["{src}", "{out}", "--limit", "pages=many"], 2, "LIMIT_VALUE"),
        (["{src}", "{out}", "--limit", "none=1"], 2, "LIMIT_UNKNOWN"),
        (["{src}", "{out}", "--edition", "none"], 2, "EDITION_UNKNOWN"),
    ],
)
def test_what_cannot_be_done_is_told(
    src: Path, tmp_path: Path, batch: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, arguments: list[str],
    status: int, code: str,
) -> None:  # fmt: skip
    told: list[str] = []
    explain = cli.explain_error
    monkeypatch.setattr(
        cli, "explain_error", lambda error, language: told.append(error.code) or explain(error, language)
    )
    (tmp_path / "empty").mkdir()
    (tmp_path / "store/.fatk").mkdir(parents=True)
    (tmp_path / "store/.fatk/journal.jsonl").write_text('{"journal":1,"to":"store"}\n', encoding="utf-8")
    places = {
        "src": src,
        "empty": tmp_path / "empty",
        "out": tmp_path / "out",
        "store": tmp_path / "store",
        "full": tmp_path / "full",
    }
    shutil.copytree(MINIMAL, tmp_path / "full")
    ran = batch(*(word.format(**places) for word in arguments))
    assert (ran.status, told) == (status, [code])


def test_two_runs_at_once_are_told_apart(src: Path, tmp_path: Path, batch: Callable[..., Ran]) -> None:
    from fatk.batch.journal import Journal
    from fatk.errors import NotWritten

    journal = Journal(tmp_path / "out", "json")
    with pytest.raises(NotWritten) as told:
        Journal(tmp_path / "out", "json")
    assert told.value.code == "BATCH_BUSY"
    assert batch(src, tmp_path / "out", "--to", "json").status == 5
    journal.close()
    assert batch(src, tmp_path / "out", "--to", "json").status == 3


def test_lines_for_programs(src: Path, tmp_path: Path, batch: Callable[..., Ran]) -> None:
    ran = batch(src, tmp_path / "out", "--log", "jsonl", "--lang", "en")
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert [e["phase"] for e in events if e["event"] == "phase"] == [
        "looking",
        "working",
        "storing",
        "comparing",
    ]
    sources = {e["path"]: e for e in events if e["event"] == "source"}
    assert set(sources) == {"乙/2.xlsx", "坏.xlsx", "报告.json", "甲/0.xlsx", "甲/1.xlsx"}
    assert sources["坏.xlsx"]["refused"]["code"] == "TEXT_UNKNOWN"
    assert events[-1]["event"] == "summary"
    assert {k: v for k, v in events[-1].items() if k not in {"event", "run"}} == {
        k: v for k, v in ran.summary.items() if k != "run"
    }
    assert "5 reports" in ran.err


def test_lines_for_programs_tell_of_copies_and_of_what_is_gone(
    src: Path, tmp_path: Path, batch: Callable[..., Ran]
) -> None:
    batch(src, tmp_path / "out")
    shutil.copy(src / "甲/0.xlsx", src / "甲/抄.xlsx")
    (src / "乙/2.xlsx").unlink()
    events = [json.loads(line) for line in batch(src, tmp_path / "out", "--log", "jsonl").out.splitlines()]
    told = [e for e in events if e["event"] not in {"phase", "summary"}]
    assert told == [
        {"event": "copy", "path": "甲/抄.xlsx", "of": "甲/0.xlsx"},
        {"event": "gone", "path": "乙/2.xlsx"},
    ]


def test_a_terminal_shows_how_far_it_is(src: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    run = subprocess.Popen(
        [*FATK, str(src), str(tmp_path / "out"), "--workers", "1"], stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    try:
        while more := os.read(ours, 1 << 16):
            shown += more
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert run.stdout is not None
    out = run.stdout.read().decode()
    run.stdout.close()
    assert run.wait() == 3
    text = shown.decode()
    assert "处理：0/5" in text
    assert "还要" in text
    assert text.endswith("\r\x1b[2K")
    assert "通过 4" in out


def test_what_is_wrong_with_a_machine_is_told(
    src: Path, tmp_path: Path, batch: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fatk.batch import command, hands, work
    from fatk.batch.orders import Item, Order
    from fatk.errors import FatkError, NotWritten
    from fatk.limits import DEFAULTS

    order = Order(str(tmp_path), "json", as_of="2024-01-01")
    changed = Item("a.xlsx", str(src / "甲/0.xlsx"), "0" * 64, 1, output="a.json")
    refused = work.outcome_of(order, changed).refused
    assert refused is not None
    assert refused.code == "FILE_CHANGED"

    def die(*_: object) -> None:
        raise hands.Died(0, "READER_CRASHED", {"status": -9})

    with monkeypatch.context() as dying:
        dying.setattr(hands.Hand, "ask", die)
        with pytest.raises(FatkError) as told:
            hands.do(hands.Hand(DEFAULTS), order, [changed])
    assert told.value.code == "BATCH_NO_ANSWER"
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no such program"))
    with pytest.raises(NotWritten) as told:
        hands.do(hands.Hand(DEFAULTS), order, [changed])
    assert told.value.code == "BATCH_NO_PROCESS"
    monkeypatch.setattr(command, "find_spec", lambda _: None)
    ran = batch(src, tmp_path / "out")
    assert ran.status == 2
    assert "fatk[warehouse]" in ran.err, "WAREHOUSE_NOT_INSTALLED"
    monkeypatch.setitem(sys.modules, "distributed", None)
    ran = batch(src, tmp_path / "out", "--to", "json", "--scheduler", "tcp://127.0.0.1:9")
    assert ran.status == 2
    assert "fatk[cluster]" in ran.err, "CLUSTER_NOT_INSTALLED"
