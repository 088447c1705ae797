"""What marks say and how they look: words in both languages, colours, and text as the parts of a workbook hold it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from html import escape
from unicodedata import east_asian_width

from fatk.findings import ERROR, INFO, WARNING, Finding
from fatk.grid import from_a1
from fatk.outputs import is_open

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TYPES = "application/vnd.openxmlformats-officedocument"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "sheet": "检查结果", ERROR: "错误", WARNING: "警告", INFO: "提示", "open": "未检查", "waived": "已豁免",
        "valid": "结论：通过", "invalid": "结论：不通过", "not_checked": "结论：未能全部检查", "colon": "：",
        "source": "文件：{name}", "tool": "标准 {spec} 版，工具 {version} 版",
        "counts": "错误 {errors}，警告 {warnings}，提示 {infos}；读取单元格 {source_cells} 个，未能安置 {unaccounted_cells} 个",
        "copy": "本工作簿是做了标记的副本。请在自己的原文件中改正，再重新检查；不要用副本代替原文件公开。",
        "none": "没有发现问题。", "cause": "可能原因", "explained": "可解释第 {numbers} 条", "and": "、", "related": "一并核对", "advice": "怎么办", "more_places": "另有 {count} 处",
        "more": "另有 {count} 条没有列出；用其他形式（如 csv、json）可以看到全部。", "more_here": "另有 {count} 条，见“{sheet}”。",
        "no_comments": "“{sheet}”原有的批注写法不常见，没有在其中加批注；单元格仍标了颜色。",
        "threaded": "{place} 已有会话批注，没有再加批注；单元格仍标了颜色。",
        "many_comments": "“{sheet}”需要的批注过多，只加了前 {count} 个。",
    },
    "en": {
        "sheet": "Findings", ERROR: "error", WARNING: "warning", INFO: "info", "open": "not checked", "waived": "waived",
        "valid": "Verdict: valid", "invalid": "Verdict: invalid", "not_checked": "Verdict: not fully checked", "colon": ": ",
        "source": "File: {name}", "tool": "standard {spec}, tool {version}",
        "counts": "{errors} errors, {warnings} warnings, {infos} infos; {source_cells} cells read, {unaccounted_cells} unaccounted for",
        "copy": "This workbook is a marked copy. Mend the faults in your own file and check that again; do not publish the copy.",
        "none": "Nothing found.", "cause": "likely cause", "explained": "Would explain no. {numbers}", "and": ", ", "related": "to be checked with it", "advice": "What to do", "more_places": "{count} more",
        "more": "{count} more are not listed here; another form (csv, json) has them all.", "more_here": "{count} more: see “{sheet}”.",
        "no_comments": "The comments that “{sheet}” has are written unusually: none were added there, but its cells are coloured.",
        "threaded": "{place} has a threaded comment: none was added, but the cell is coloured.",
        "many_comments": "“{sheet}” would need too many comments: it has the first {count}.",
    },
}  # fmt: skip
#: Heads of the columns of the list.
COLUMNS = {
    "zh": ("序号", "级别", "规则", "工作表", "单元格", "项目", "问题", "应为", "实为", "相差", "怎么办"),
    "en": ("No.", "Severity", "Rule", "Sheet", "Cell", "Item", "Finding", "Expected", "Found", "Difference", "What to do"),
}  # fmt: skip

#: Fill of a marked cell by its look: that of the cell that a finding is about, and that of the others to be checked with it.
FILLS = {
    ERROR: ("FFFFC7CE", "FFFFE5E8"),
    WARNING: ("FFFFEB9C", "FFFFF6D1"),
    "open": ("FFD9D9D9", "FFEDEDED"),
    INFO: ("FFDDEBF7", "FFEEF5FB"),
}
#: Fill of the word for a likely cause in the list.
CAUSE_FILL = "FFE4DFEC"
LOOKS = tuple(FILLS)


@dataclass(slots=True)
class Mark:
    """What is to be told at a cell: the findings, and whether each is about it or only to be checked with it."""

    told: list[tuple[Finding, bool]] = field(default_factory=list)
    known: set[int] = field(default_factory=set)

    def add(self, finding: Finding, first: bool) -> None:
        """Tell a finding, once."""
        if id(finding) not in self.known:
            self.known.add(id(finding))
            self.told.append((finding, first))

    @property
    def look(self) -> tuple[str, bool]:
        """The worst look of its findings, and whether one of these is about it."""
        looks = [(look_of(f), first) for f, first in self.told]
        worst = min((look for look, _ in looks), key=LOOKS.index)
        return worst, any(first for look, first in looks if look == worst)


def look_of(finding: Finding) -> str:
    return "open" if is_open(finding) else finding.severity


def place_in(location: str | None, sheets: Collection[str]) -> tuple[str | None, tuple[int, int] | None]:
    """The sheet that a location names, and its cell."""
    if location is None or location in sheets:
        return location, None
    sheet, _, name = location.rpartition("!")
    if sheet not in sheets:
        return None, None
    try:
        return sheet, from_a1(name)
    except ValueError:
        return sheet, None


def lines_of(text: str, width: float) -> int:
    """Lines that a text takes in a column of so many Latin characters; a Chinese one is as wide as two."""
    return sum(
        max(-(-sum(2 if east_asian_width(c) in "WFA" else 1 for c in line) // max(int(width), 1)), 1)
        for line in text.split("\n")
    )


_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")


def text_of(text: str) -> str:
    """Text as the content of an element: what Excel would take for an escaped character is escaped itself."""
    said = _CONTROL.sub(lambda m: f"_x{ord(m[0]):04X}_", _ESCAPED.sub("_x005F_", text))
    return escape(said, quote=False)


def attribute_of(text: str) -> str:
    said = text_of(text).replace('"', "&quot;")
    return said.replace("\n", "&#10;").replace("\t", "&#9;")
