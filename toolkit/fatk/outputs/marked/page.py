"""The sheet that lists the findings, each place a link to the cell."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from fatk.check import INVALID, VALID, Cause, Result
from fatk.findings import CellRef, Finding
from fatk.grid import a1, column_letters
from fatk.layout import PRINTED_NOTHING
from fatk.outputs import SENTENCE, advice, cells_of, sentence, shown
from fatk.outputs.marked.cells import Styles
from fatk.outputs.marked.words import (
    CAUSE_FILL,
    COLUMNS,
    DECLARATION,
    FILLS,
    MAIN,
    WORDS,
    attribute_of,
    lines_of,
    look_of,
    place_in,
    text_of,
)
from fatk.render import WORDS as SAID
from fatk.render import explanations, place_of, waived_by, waivers_of
from fatk.values import NOTHINGS

_WIDTHS = (6.0, 9.0, 10.0, 26.0, 9.0, 32.0, 60.0, 14.0, 14.0, 12.0, 44.0)
_LINE = 15.0
_QUOTE = "'"
#: Places of one finding listed, rows of the list, findings that a cause names, rows of causes.
_PLACES, _ROWS, _EXPLAINED, _CAUSES = 8, 5_000, 12, 200


@dataclass(frozen=True, slots=True)
class _Written:
    """A cell of the list: its text, its style, and where it leads to."""

    column: int
    text: str
    style: int
    link: str | None = None


class Page:
    """The sheet that lists the findings."""

    def __init__(self, styles: Styles, sheets: Collection[str], language: str) -> None:
        self.styles, self.sheets, self.language = styles, sheets, language
        self.words = WORDS[language]
        self.rows: list[tuple[float, list[_Written]]] = []

    def write(self, result: Result, notes: Sequence[str], version: str, spec_version: str) -> bytes:
        """The sheet's part."""
        words, plain = self.words, self._style()
        name = PurePath(result.reading.path).name
        colour = {VALID: "FF00642D", INVALID: "FFC00000"}.get(result.verdict, "FF9C5700")
        self._row(words["sheet"], self._style(size=16, bold=True), 24.0)
        self._row(words[result.verdict], self._style(size=12, bold=True, colour=colour), 20.0)
        self._row(words["counts"].format(**result.summary), plain)
        about_it = [
            words["source"].format(name=shown(name)),
            words["tool"].format(spec=spec_version, version=version),
        ]
        if result.as_of is not None:
            about_it.append(waivers_of(result, self.language))
        self._row("　".join(about_it), plain)
        self._row(words["copy"], self._style(bold=True))
        self.rows.append((6.0, []))
        header = len(self.rows) + 1
        self._table(result)
        for note in notes:
            self._row(note, plain)
        return self._markup(header).encode()

    def _table(self, result: Result) -> None:
        words = self.words
        if not result.findings:
            self._row(words["none"], self._style())
            return
        head = self._style(bold=True, fill="FFE8EEF4", border=True, centred=True, wrapped=True)
        self.rows.append((20.0, [_Written(i, said, head) for i, said in enumerate(COLUMNS[self.language])]))
        self._causes(result)
        for number, finding in enumerate(result.findings, 1):
            if len(self.rows) > _ROWS:
                self._row(
                    words["more"].format(count=len(result.findings) - number + 1), self._style(bold=True)
                )
                return
            self._finding(number, finding, result)

    def _causes(self, result: Result) -> None:
        """What may have brought the findings about: each cause with its places and the figures that would reconcile."""
        said = SAID[self.language]
        groups = explanations(result)
        if not groups:
            return
        self._row(said["causes"], self._style(bold=True))
        numbers = {finding.id: number for number, finding in enumerate(result.findings, 1)}
        first = len(self.rows)
        for options in groups:
            for choice, option in enumerate(options):
                for place, cause in enumerate(option):
                    if len(self.rows) < first + _CAUSES:
                        self._cause(cause, said["or"] if choice and not place else "", numbers)
        if result.unexplained:
            self._row(said["unexplained"].format(count=result.unexplained), self._style())

    def _cause(self, cause: Cause, lead: str, numbers: Mapping[str, int]) -> None:
        """A cause's rows: one with its sentence, and one for each further place."""
        words, text = self.words, self._style(border=True, wrapped=True)
        figure = self._style(border=True, right=True, wrapped=True)
        kind = self._style(fill=CAUSE_FILL, border=True, centred=True, wrapped=True)
        known = sorted(numbers[one] for one in cause.explains if one in numbers)
        listed = words["and"].join(map(str, known[:_EXPLAINED])) + (" …" if len(known) > _EXPLAINED else "")
        places = list(zip(cause.cells, cause.would_reconcile, strict=True))
        for row, (cell, wanted) in enumerate(places[:_PLACES]):
            cells = [_Written(i, "", text) for i in range(len(_WIDTHS))]
            if not row:
                cells[1] = _Written(1, words["cause"], kind)
                cells[6] = _Written(6, lead + shown(cause.messages[self.language], SENTENCE), text)
                cells[10] = _Written(10, words["explained"].format(numbers=listed) if known else "", text)
            cells[3:5] = self._place(cell)
            cells[5] = _Written(5, shown(cell.label), text)
            cells[7], cells[8] = _Written(7, shown(wanted), figure), _Written(8, _value(cell), figure)
            self.rows.append((self._height(cells), cells))
        if len(places) > _PLACES:
            cells = [_Written(i, "", text) for i in range(len(_WIDTHS))]
            cells[3] = _Written(3, words["more_places"].format(count=len(places) - _PLACES), text)
            self.rows.append((_LINE, cells))

    def _finding(self, number: int, finding: Finding, result: Result) -> None:
        """A finding's rows: one with all that is said of it, and one for each further place."""
        words, language = self.words, self.language
        waiver = result.waived.get(finding.id)
        remedy = waived_by(waiver, language) if waiver else advice(finding, language)
        message = sentence(finding, language)
        cells = cells_of(finding)
        first = cells[0] if cells else None
        figures = [shown(f) for f in (finding.expected, finding.found, finding.difference)]
        if first is not None and not any(figures):
            figures[1] = _value(first)
        text, figure = (
            self._style(border=True, wrapped=True),
            self._style(border=True, right=True, wrapped=True),
        )
        small = self._style(border=True, centred=True, wrapped=True)
        kind = "waived" if waiver else look_of(finding)
        fill = "FFFFFFFF" if waiver else FILLS[kind][0]
        label = shown(first.label) if first else ""
        row = [
            _Written(0, str(number), small),
            _Written(1, words[kind], self._style(fill=fill, border=True, centred=True, wrapped=True)),
            _Written(2, finding.rule, small),
            *self._place(first),
            _Written(5, label, text),
            _Written(6, message, text),
            *(_Written(7 + i, said, figure) for i, said in enumerate(figures)),
            _Written(10, remedy, text),
        ]
        self.rows.append((self._height(row), row))
        for cell in cells[1:_PLACES]:
            row = [_Written(i, "", text) for i in range(len(_WIDTHS))]
            row[3:5] = self._place(cell)
            row[5], row[8] = _Written(5, shown(cell.label), text), _Written(8, _value(cell), figure)
            self.rows.append((self._height(row), row))
        if len(cells) > _PLACES:
            row = [_Written(i, "", text) for i in range(len(_WIDTHS))]
            row[3] = _Written(3, words["more_places"].format(count=len(cells) - _PLACES), text)
            self.rows.append((_LINE, row))

    def _place(self, cell: CellRef | None) -> list[_Written]:
        """Sheet and cell, or where else something stands; what is there can be gone to."""
        sheet, at = place_in(cell.location if cell else None, self.sheets)
        plain = self._style(border=True, wrapped=True)
        if sheet is None:
            return [_Written(3, place_of(cell, self.language) if cell else "", plain), _Written(4, "", plain)]
        link = self._style(border=True, wrapped=True, link=True)
        to = f"'{sheet.replace(_QUOTE, _QUOTE * 2)}'!"
        if at is None:
            return [_Written(3, shown(sheet), link, to + "A1"), _Written(4, "", plain)]
        return [_Written(3, shown(sheet), plain), _Written(4, a1(*at), link, to + a1(*at))]

    def _row(self, text: str, style: int, height: float = _LINE) -> None:
        self.rows.append((height, [_Written(0, text, style)]))

    def _height(self, row: Sequence[_Written]) -> float:
        return _LINE * min(max(lines_of(cell.text, _WIDTHS[cell.column] * 1.05) for cell in row), 25)

    def _style(
        self,
        *,
        size: int = 10,
        bold: bool = False,
        colour: str = "FF000000",
        fill: str | None = None,
        border: bool = False,
        centred: bool = False,
        right: bool = False,
        wrapped: bool = False,
        link: bool = False,
    ) -> int:
        """A style of the list. Its number format is text, and it says so, so that no edit makes a formula of a text."""
        own = self.styles.own
        paint, line = ("FF0563C1", "<u/>") if link else (colour, "")
        font = own("fonts", f'<font>{"<b/>" if bold else ""}{line}<sz val="{size}"/><color rgb="{paint}"/><name val="宋体"/><family val="3"/><charset val="134"/></font>')  # fmt: skip
        filled = own("fills", f'<fill><patternFill patternType="solid"><fgColor rgb="{fill}"/><bgColor indexed="64"/></patternFill></fill>') if fill else 0  # fmt: skip
        sides = "".join(f'<{side} style="thin"><color rgb="FFBFBFBF"/></{side}>' for side in ("left", "right", "top", "bottom"))  # fmt: skip
        bordered = own("borders", f"<border>{sides}<diagonal/></border>") if border else 0
        across = ' horizontal="center"' if centred else ' horizontal="right"' if right else ""
        wrap = ' wrapText="1"' if wrapped else ""
        return own(
            "cellXfs",
            f'<xf numFmtId="49" fontId="{font}" fillId="{filled}" borderId="{bordered}"{self.styles.parent} quotePrefix="1" applyNumberFormat="1" '
            f'applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1"><alignment{across} vertical="{"top" if wrapped else "center"}"{wrap}/></xf>',
        )  # fmt: skip

    def _markup(self, header: int) -> str:
        lines = [
            f'{DECLARATION}<worksheet xmlns="{MAIN}">',
            '<sheetPr><tabColor rgb="FFC00000"/><pageSetUpPr fitToPage="1"/></sheetPr>',
            '<sheetViews><sheetView showGridLines="0" tabSelected="1" workbookViewId="0">',
            f'<pane ySplit="{header}" topLeftCell="A{header + 1}" activePane="bottomLeft" state="frozen"/>',
            '<selection pane="bottomLeft"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>',
        ]
        lines += [
            f'<col min="{i}" max="{i}" width="{width}" customWidth="1"/>'
            for i, width in enumerate(_WIDTHS, 1)
        ]
        lines.append("</cols><sheetData>")
        links = []
        for number, (height, cells) in enumerate(self.rows):
            lines.append(f'<row r="{number + 1}" ht="{height}" customHeight="1">')
            for cell in cells:
                name = a1(number, cell.column)
                text = text_of(cell.text)
                inside = f'<is><t xml:space="preserve">{text}</t></is>' if text else ""
                kind = ' t="inlineStr"' if text else ""
                lines.append(f'<c r="{name}" s="{cell.style}"{kind}>{inside}</c>')
                if cell.link:
                    links.append(f'<hyperlink ref="{name}" location="{attribute_of(cell.link)}"/>')
            lines.append("</row>")
        lines.append("</sheetData>")
        if links:
            lines.append(f"<hyperlinks>{''.join(links)}</hyperlinks>")
        lines += [
            '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>',
            '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/>',
            f'<ignoredErrors><ignoredError sqref="A1:{column_letters(len(_WIDTHS) - 1)}{len(self.rows)}" numberStoredAsText="1"/></ignoredErrors>',
            "</worksheet>",
        ]  # fmt: skip
        return "".join(lines)


def _value(cell: CellRef) -> str:
    """What a cell says, the ways of having no figure as the printed forms say them."""
    nothing = NOTHINGS.get(cell.value or "")
    return PRINTED_NOTHING[nothing] if nothing else shown(cell.value)
