"""The cells that are marked: a style of their own with another fill, on cells that may not be there yet."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence

from fatk.errors import WouldLose
from fatk.grid import a1, column_index
from fatk.limits import Limits
from fatk.outputs.marked.opc import RELATIONSHIPS, Parts
from fatk.outputs.marked.splice import Change, Element, by_path, elements, with_attribute
from fatk.outputs.marked.words import DECLARATION, FILLS, MAIN, TYPES, Mark

TRUE = frozenset({"1", "true", "on"})
#: Most that Excel takes, and what is kept free for its own use.
_STYLES = 64_000
#: What stands behind ``legacyDrawing`` in a worksheet (ECMA-376 part 4, CT_Worksheet).
_BEHIND = frozenset(
    {"legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems", "tableParts", "extLst"}
)  # fmt: skip


class Styles:
    """The styles part with what is added to its lists."""

    _LISTS = ("fonts", "fills", "borders", "cellXfs")
    _ITEMS = ("fonts/font", "fills/fill", "borders/border", "cellXfs/xf")

    def __init__(self, parts: Parts, workbook: str) -> None:
        self.parts = parts
        relation = next((r for r in parts.relations(workbook).values() if r.kind == "styles"), None)
        if relation is None:
            usual = "xl/styles.xml"  # some readers know no other name
            name = "xl/styles{}.xml" if parts.find(usual) else usual
            self.part = parts.add(name, _PLAIN_STYLES, f"{TYPES}.spreadsheetml.styles+xml")
            parts.relate(workbook, "styles", self.part)
        else:
            self.part = parts.find(relation.target) or relation.target
        self.data = parts.get(self.part)
        self.root, found = elements(
            self.data, self.part, parts.limits, {*self._LISTS, *self._ITEMS, "fonts/font/color"}
        )
        self.lists = {name: by_path(found).get(name) for name in self._LISTS}
        if not all(self.lists.values()):
            raise WouldLose("MARKED_UNUSUAL", part=self.part)
        self.items = {path: [e for e in found if e.path == path] for path in self._ITEMS}
        self.colours = {id(e.inside): e for e in found if e.path == "fonts/font/color"}
        self.parent = ' xfId="0"' if b"cellStyleXfs" in self.data else ""
        self.more: dict[str, dict[bytes, int]] = {name: {} for name in self._LISTS}

    def add(self, name: str, markup: bytes) -> int:
        """The index of an entry of a list, put there when it is first asked for."""
        known = self.more[name]
        if markup not in known:
            known[markup] = len(self.items[self._ITEMS[self._LISTS.index(name)]]) + len(known)
            if name == "cellXfs" and known[markup] > _STYLES:
                raise WouldLose("MARKED_UNUSUAL", part=self.part)
        return known[markup]

    def own(self, name: str, markup: str) -> int:
        """The same for markup of ours, written without prefix."""
        return self.add(name, re.sub("<(/?)", rf"<\1{self.root.prefix}", markup).encode())

    def marked(self, base: str | None, look: tuple[str, bool]) -> int:
        """The style of a marked cell: its own, with another fill and no white on it."""
        styles = self.items["cellXfs/xf"]
        index = int(base) if base and re.fullmatch("[0-9]{1,9}", base) else 0
        if index >= len(styles):
            return self.own("cellXfs", f'<xf numFmtId="0" fontId="0" fillId="{self._fill(look)}" borderId="0"{self.parent} applyFill="1"/>')  # fmt: skip
        style = styles[index]
        tag = self.data[style.start : style.opened]
        tag = with_attribute(with_attribute(tag, "fillId", str(self._fill(look))), "applyFill", "1")
        dark = self._dark(style.number("fontId"))
        if dark is not None:
            tag = with_attribute(with_attribute(tag, "fontId", str(dark)), "applyFont", "1")
        return self.add("cellXfs", tag + self.data[style.opened : style.end])

    def _fill(self, look: tuple[str, bool]) -> int:
        colour = FILLS[look[0]][0 if look[1] else 1]
        return self.own("fills", f'<fill><patternFill patternType="solid"><fgColor rgb="{colour}"/><bgColor indexed="64"/></patternFill></fill>')  # fmt: skip

    def _dark(self, index: int) -> int | None:
        """The same font in black, where it is so light that it would be lost on our fills."""
        fonts = self.items["fonts/font"]
        colour = self.colours.get(id(fonts[index])) if index < len(fonts) else None
        if colour is None or not _is_light(colour.attributes):
            return None
        font = fonts[index]
        black = f'<{self.root.prefix}color rgb="FF000000"/>'.encode()
        return self.add(
            "fonts", self.data[font.start : colour.start] + black + self.data[colour.end : font.end]
        )

    def done(self) -> None:
        """Put the part with its longer lists in its place."""
        change = Change(self.data)
        for (name, element), path in zip(self.lists.items(), self._ITEMS, strict=True):
            more = b"".join(self.more[name])
            if element is None or not more:
                continue
            tag = self.data[element.start : element.opened]
            if "count" in element.attributes:
                tag = with_attribute(tag, "count", str(len(self.items[path]) + len(self.more[name])))
            if element.empty:
                closing = f"</{self.root.prefix}{name}>".encode()
                change.replace(element.start, element.opened, tag[:-2].rstrip() + b">" + more + closing)
            else:
                change.replace(element.start, element.opened, tag)
                change.replace(element.inner, element.inner, more)
        self.parts.put(self.part, change.done())


_PLAIN_STYLES = (
    f'{DECLARATION}<styleSheet xmlns="{MAIN}">'
    '<fonts count="1"><font><sz val="11"/><name val="宋体"/><family val="3"/><charset val="134"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
).encode()


def _is_light(colour: Mapping[str, str]) -> bool:
    """Whether a colour is white or near it: by value, by place in the palette, or as the paper of the theme."""
    value = colour.get("rgb", "")
    if re.fullmatch("[0-9A-Fa-f]{8}", value):
        return sum(int(value[i : i + 2], 16) for i in (2, 4, 6)) > 3 * 176
    return colour.get("theme") in {"0", "2"} or colour.get("indexed") in {"1", "9"}


class Sheet:
    """A sheet's part: the elements that marks need, and the changes that they make."""

    def __init__(self, data: bytes, part: str, limits: Limits, marks: Mapping[tuple[int, int], Mark]) -> None:
        self.part, self.marks, self.change = part, marks, Change(data)
        self.rows: dict[int, list[int]] = defaultdict(list)  # row → columns of its marks
        for row, column in sorted(marks):
            self.rows[row].append(column)
        self.row = self.column = -1
        self.starts: list[tuple[int, int]] = []  # number and offset of every row
        self.row_at: dict[int, Element] = {}
        self.cell_at: dict[int, dict[int, Element]] = defaultdict(dict)
        numbers: dict[int, tuple[int, int]] = {}

        def wanted(path: str, attributes: dict[str, str], offset: int) -> bool:
            # Rows and cells are counted, since they need not tell where they are.
            if path == "sheetData/row":
                self.row = int(attributes["r"]) - 1 if "r" in attributes else self.row + 1
                self.column = -1
                self.starts.append((self.row, offset))
            elif path == "sheetData/row/c" and self.row in self.rows:
                letters = attributes.get("r", "").rstrip("0123456789")
                self.column = column_index(letters) if letters else self.column + 1
            else:
                return "/" not in path or path in {"sheetViews/sheetView", "cols/col"}
            numbers[offset] = self.row, self.column
            return self.row in self.rows

        self.root, self.found = elements(data, part, limits, wanted)
        for element in self.found:
            if element.path == "sheetData/row":
                self.row_at.setdefault(numbers[element.start][0], element)
            elif element.path == "sheetData/row/c":
                row, column = numbers[element.start]
                self.cell_at[row].setdefault(column, element)
        self.starts.sort()
        self.columns = [(c.number("min") - 1, c.number("max") - 1, c.attributes) for c in self.of("cols/col")]

    def of(self, path: str) -> list[Element]:
        """The elements at a path."""
        return [e for e in self.found if e.path == path]

    def column_said(self, column: int) -> Mapping[str, str]:
        """What the sheet says of a column."""
        return next((said for first, last, said in self.columns if first <= column <= last), {})

    def colour(self, styles: Styles) -> None:
        """Give every marked cell its style; make the cells and rows that are not there."""
        prefix, tail = self.root.prefix, b""

        def made(at: tuple[int, int], base: str | None) -> bytes:
            return f'<{prefix}c r="{a1(*at)}" s="{styles.marked(base, self.marks[at].look)}"/>'.encode()

        for number, columns in self.rows.items():
            row = self.row_at.get(number)
            own = row.attributes.get("s") if row and row.attributes.get("customFormat") in TRUE else None
            new: list[tuple[int, bytes]] = []
            for column in columns:
                at = number, column
                cell = self.cell_at[number].get(column)
                if cell is None:
                    new.append((column, made(at, own or self.column_said(column).get("style"))))
                else:
                    style = styles.marked(cell.attributes.get("s"), self.marks[at].look)
                    self.change.attribute(cell, "s", str(style))
            if row is not None:
                self._add_cells(row, number, new)
                continue
            inside = b"".join(markup for _, markup in new)
            markup = (
                f'<{prefix}row r="{number + 1}">'.encode() + inside + f"</{prefix}row>".encode()
            )  # fmt: skip
            after = bisect_right(self.starts, (number, len(self.change.data)))
            if after == len(self.starts):
                tail += markup
            else:
                offset = self.starts[after][1]
                self.change.replace(offset, offset, markup)
        if tail:
            self.change.append(self.of("sheetData")[0], tail)

    def _add_cells(self, row: Element, number: int, new: Sequence[tuple[int, bytes]]) -> None:
        """Put cells between those of a row; its hint at the columns in use would be wrong then, and goes."""
        if not new:
            return
        tag = with_attribute(self.change.data[row.start : row.opened], "spans", None)
        if row.empty:
            inside = b"".join(markup for _, markup in new)
            closing = f"</{self.root.prefix}row>".encode()
            self.change.replace(row.start, row.opened, tag[:-2].rstrip() + b">" + inside + closing)
            return
        self.change.replace(row.start, row.opened, tag)
        there = sorted((column, cell.start) for column, cell in self.cell_at[number].items())
        for column, markup in new:
            after = next((start for other, start in there if other > column), row.inner)
            self.change.replace(after, after, markup)

    def refer(self, element: str, key: str) -> None:
        """Put an element that names a relationship where the order of a worksheet has it."""
        markup = f'<{self.root.prefix}{element} xmlns:r="{RELATIONSHIPS}" r:id="{key}"/>'.encode()
        data = self.of("sheetData")[0]
        after = next(
            (e for e in self.found if e.start > data.start and (e.path in _BEHIND or e.path[0] == "~")), None
        )
        at = after.start if after else self.root.element.inner
        self.change.replace(at, at, markup)
