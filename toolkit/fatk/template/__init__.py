"""A blank workbook of an edition, for those who publish: the forms as they are printed, to be filled in.

Nothing is laid out here: the pages are those of ``layout`` for a report in which nothing is stated. What is added is how
to fill them in: cells to type in, lists to choose from, sums, and the rules computed while one types. From the
declaration of a rule come its check and its formula alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from fatk import formulas, layout
from fatk.errors import Misuse
from fatk.formats import xlsx
from fatk.formats.xlsx import Formula, Highlight, Sheet, Validation
from fatk.formulas import At, Board, Prepared, Standing, reference
from fatk.grid import a1
from fatk.model import MISSING
from fatk.rounding import usual_step
from fatk.rules.context import Context, load_rules
from fatk.spec import Edition, Field, Spec
from fatk.template.blank import UNNAMED, Order, blank_report
from fatk.template.checks import Checks, Said, code_range, name_range, say
from fatk.template.words import Words
from fatk.values import Nothing

#: Most rows that can be prepared for codes in a list.
MOST_ROWS = 300
#: What the workbook is made for, and its formats and formulas with it.
_SETTLED = {
    "report": ("spec_version", "fiscal_year", "edition", "unit", "decimals", "precision"),
    "tables": ("table", "unit", "decimals"),
}  # fmt: skip


def order(
    spec: Spec, *, edition: str | None, year: int | None, unit: str | None, entity: str | None, rows: int,
    language: str, last_year: int,
) -> Order:  # fmt: skip
    """What is asked for, completed: the year is the last that the edition is of, up to ``last_year``; the edition the national
    one of the year; the unit that of the edition. ``Misuse`` where there is no such edition, unit or number of rows."""
    chosen = spec.edition(edition) if edition else spec.edition_for("", year or last_year)
    if year is None:
        year = max(min(last_year, chosen.last_year or last_year), chosen.first_year) if edition else last_year
    units = spec.tables["report"]["unit"].enum
    if unit is not None and unit not in units:
        raise Misuse("UNIT_UNKNOWN", unit=unit, known=" ".join(units))
    if not 1 <= rows <= MOST_ROWS:
        raise Misuse("TEMPLATE_ROWS", rows=rows, most=MOST_ROWS)
    least = spec.tables["report"]["fiscal_year"].minimum
    if year < (least or 0) or year > 9999:
        raise Misuse("TEMPLATE_YEAR", year=year, least=least)
    unit = unit or chosen.unit
    precision = usual_step(unit, chosen.decimals)
    return Order(chosen, year, unit, precision, (entity or "").strip(), rows, language)


def write(spec: Spec, wanted: Order) -> tuple[bytes, int]:
    """The workbook, and how many rules it computes."""
    template = _Template(spec, wanted)
    return template.write(), len(template.said.families)


class _Template:
    """The making of one workbook."""

    def __init__(self, spec: Spec, wanted: Order) -> None:
        self.spec, self.order = spec, wanted
        self.words = Words(wanted.language)
        self.report = blank_report(spec, wanted)
        self.cover, *self.forms = layout.pages(self.report)
        self.aside: str = spec.root["aside"][wanted.language]
        self.board = self._board()
        self.said: Said = say(load_rules(), self.board, Context(self.report))
        self.sums = formulas.derived(self.said, self.board)
        self.held = self._held()
        self.checks = Checks(self.said, self.board, wanted, self.words, self.aside)

    def write(self) -> bytes:
        """The workbook's bytes."""
        schemes = sorted({str(s.table.scheme) for s in self.board.standings.values() if s.prepared})
        codes, names = self.checks.code_sheet(self.spec, schemes)
        names |= {
            self._marks(standing): formulas.area_reference(
                standing.marks,
                (standing.offset, standing.width, standing.offset + self._height(page), 2 * standing.width),
            )
            for page, standing in self._placed()
        }
        sheets = [
            self.checks.guide_sheet(),
            self._cover_sheet(),
            *(self._form_sheet(page, standing) for page, standing in self._placed()),
            self.checks.rule_sheet(load_rules()),
            self.checks.case_sheet(),
            codes,
            self.checks.mark_sheet(),
        ]
        return xlsx.write_sheets(sheets, self.order.entity + self._title(), names)

    def _title(self) -> str:
        """What the cover shows large behind the entity's name."""
        return layout.cover_title(self.report).removeprefix(self.order.entity or UNNAMED)

    # Where everything stands

    def _board(self) -> Board:
        status = self.spec.tables["tables"]["status"]
        states = {
            cell.shows[1]: reference(self.cover.name, cell.row, cell.column)
            for cell in self.cover.cells
            if cell.shows and cell.shows[0] == "tables" and cell.shows[2] == "status"
        }
        standings: dict[str, Standing] = {}
        offset = 1
        for page in self.forms:
            standing = _standing(
                self.spec, self.order.edition, page, states, self.words("sheet.marks"), offset
            )
            standings[standing.table.id] = standing
            offset += self._height(page) + 1
        words = layout.PRINTED_NOTHING
        return Board(
            self.spec, standings, self.order.precision / 2, self.order.decimals, status.labels["reported"],
            status.labels["empty"], status.labels[MISSING], words[Nothing.NOT_APPLICABLE], words[Nothing.UNDISCLOSED],
        )  # fmt: skip

    def _height(self, page: layout.Page) -> int:
        return max(cell.row + cell.rows for cell in page.cells)

    def _placed(self) -> Iterator[tuple[layout.Page, Standing]]:
        return zip(self.forms, self.board.standings.values(), strict=True)

    def _marks(self, standing: Standing) -> str:
        return f"fatk_marks_{standing.table.id}"

    # The cover

    def _cover_sheet(self) -> Sheet:
        cells: list[layout.Placed] = []
        inputs: set[At] = set()
        found: dict[At, Formula] = {}
        validations: list[Validation] = []
        for cell in self.cover.cells:
            at = cell.row, cell.column
            if cell.role == "cover":
                title = self._title()
                found[at] = Formula(f"{self._name_cell()}&{formulas.text(title)}", self.order.entity + title)
            if cell.shows:
                table, _, name = cell.shows
                field = self.spec.tables[table][name]
                if name not in _SETTLED.get(table, ()):
                    inputs.add(at)
                    validations += _choice(field, at, self.words)
            cells.append(replace(cell, value=None) if cell.value == UNNAMED else cell)
        page = replace(self.cover, cells=tuple(cells))
        return Sheet(page, frozenset(inputs), found, validations=tuple(validations), protected=True)

    def _name_cell(self) -> str:
        """The cell of the cover with the entity's name."""
        (place,) = (
            reference(self.cover.name, c.row, c.column)
            for c in self.cover.cells
            if c.shows == ("entity", "*", "name")
        )
        return place

    def _entity_line(self) -> Formula:
        """The line by which a form says whose it is; blank as long as the cover does not say it."""
        name, printed = self._name_cell(), self.order.edition.entity_line or "{name}"
        before, after = printed.split("{name}")
        line = f"{formulas.text(before)}&{name}" + (f"&{formulas.text(after)}" if after else "")
        value = printed.format(name=self.order.entity) if self.order.entity else ""
        return Formula(f'IF({name}="","",{line})', value)

    # The forms

    def _form_sheet(self, page: layout.Page, standing: Standing) -> Sheet:
        table, prepared = standing.table, standing.prepared
        form = self.order.edition.forms[table.id]
        inputs: set[At] = set()
        found: dict[At, Formula] = {}
        amounts: list[At] = []
        cells: list[layout.Placed] = []
        whose = self._entity_line()
        for cell in page.cells:
            at = cell.row, cell.column
            if cell.role == "entity":
                found[at] = whose
            elif cell.shows is not None and (standing.sheet, at) in self.sums:
                found[at] = Formula(self.sums[standing.sheet, at])
            elif cell.shows is not None and cell.role == "amount":
                inputs.add(at)
                amounts.append(at)
            elif cell.shows is not None and prepared.first <= at[0] <= prepared.last:
                inputs.add(at)
                if cell.role == "name":
                    code = a1(at[0], prepared.code)
                    known = f'IFERROR(VLOOKUP({code}&"",{name_range(str(table.scheme))},2,FALSE),"")'
                    found[at] = Formula(f'IF({code}="","",{known})')
            cells.append(replace(cell, value=None) if at in found else cell)
        validations = [self._amounts(area) for area in formulas.runs(amounts)]
        codes: tuple[tuple[int, int, int, int], ...] = ()
        if prepared:
            codes = (standing.column("code"),)
            message = self.words("message.code", year=self.order.year)
            scheme = code_range(str(table.scheme))
            validations.append(Validation(codes[0], message, range=scheme, strict=False))
        elif any(column.role == "code" for column in form.columns):
            codes = ((0, 0, self._height(page), len(page.widths)),)
        body = [cell.row for cell in page.cells if cell.shows]
        area = (min(body), 0, max(body), len(page.widths) - 1)
        broken = f"INDEX({self._marks(standing)},ROW(),COLUMN())>0"
        return Sheet(
            replace(page, cells=tuple(cells)), frozenset(inputs), found, self._notes(page, standing),
            tuple(validations), (Highlight(area, broken, "bad"),), codes, decimals=self.order.decimals, protected=True,
        )  # fmt: skip

    def _amounts(self, area: tuple[int, int, int, int]) -> Validation:
        """Figures of at most so many decimals, and the printed words for those that are not given."""
        order, board = self.order, self.board
        cell = a1(*area[:2])
        figure = f"IF(ISNUMBER({cell}),ROUND({cell},{order.decimals})={cell},FALSE)"
        message = self.words("message.amount", decimals=order.decimals, unit=order.unit)
        return Validation(
            area, message, accepts=f'OR({figure},{cell}="{board.nothing}",{cell}="{board.undisclosed}")'
        )

    def _notes(self, page: layout.Page, standing: Standing) -> dict[At, str]:
        """What a column or a line means and the rules that hold it, at its header and its label."""
        of_cell, of_field = self.held
        fields: dict[int, str] = {}
        lines: dict[At, str] = {}
        labels: dict[str, At] = {}
        for cell in page.cells:
            if cell.shows and cell.role == "amount":
                fields[cell.column] = cell.shows[2]
                lines[cell.row, cell.column] = cell.shows[1]
            elif cell.shows and cell.role in ("label", "total_label") and cell.shows[1]:
                labels[cell.shows[1]] = cell.row, cell.column
        notes: dict[At, str] = {}
        leaves = {cell.column: cell for cell in page.cells if cell.role == "header" and cell.columns == 1}
        for column, name in fields.items():
            leaf = leaves[column]
            field = standing.table[name]
            title = self.words("note.field", title=field.title, unit=self.order.unit)
            says = [title] if self.words.language == "zh" else [title, field.description]
            notes[leaf.row, leaf.column] = self._note(says, of_field[standing.table.id, name])
        for line, at in labels.items():
            own = [a for (name, _), a in standing.cells.items() if name == line]
            computed = all((standing.sheet, a) in self.sums for a in own)
            if line.rpartition(".")[2].isdigit() and not computed:
                continue  # what holds of each class alike stands at the header
            rules = sorted({r for a in own for r in of_cell[standing.sheet, a]})
            says = [standing.names[line], *([self.words("note.computed")] if computed else [])]
            notes[at] = self._note(says, rules)
        return notes

    def _note(self, says: Iterable[str], rules: Iterable[str]) -> str:
        declared = load_rules()
        found = [f"{r} {declared[r].title[self.words.language]}" for r in rules]
        return "\n".join([*says, *([self.words("note.rules")] if found else []), *found])

    def _held(self) -> tuple[Mapping[tuple[str, At], list[str]], Mapping[tuple[str, str], list[str]]]:
        """The rules that a cell, and that a field, is an operand of."""
        of_cell: dict[tuple[str, At], list[str]] = defaultdict(list)
        of_field: dict[tuple[str, str], list[str]] = defaultdict(list)
        for rule_id, found in self.said.families.items():
            for part in (p for family in found for instance in family.instances[:1] for p in instance.parts):
                fields = of_field[part.standing.table.id, part.field]
                if rule_id not in fields:
                    fields.append(rule_id)
                for at in part.cells:
                    cells = of_cell[part.standing.sheet, at]
                    if rule_id not in cells:
                        cells.append(rule_id)
        return of_cell, of_field


def _standing(
    spec: Spec, edition: Edition, page: layout.Page, states: Mapping[str, str], marks: str, offset: int
) -> Standing:
    """Where a form stands, from its page."""
    shown = [(cell, cell.shows) for cell in page.cells if cell.shows is not None]
    table = spec.tables[shown[0][1][0]]
    form = edition.forms[table.id]
    cells: dict[tuple[str, str], At] = {}
    columns: dict[str, int] = {}
    rows: list[int] = []
    code = -1
    for cell, (_, line, field) in shown:
        if not line:
            rows.append(cell.row)
            if cell.role == "amount":
                columns[field] = cell.column
            elif cell.role == "code":
                code = cell.column
        elif cell.role == "amount":
            cells[line, field] = cell.row, cell.column
    names = {line.line: line.name for block in form.blocks for line in block.lines}
    prepared = Prepared(min(rows), max(rows), code, columns) if rows and code >= 0 else Prepared()
    return Standing(
        table, page.name, states[table.id], cells, names, prepared, marks, offset, len(page.widths) + 1
    )


def _choice(field: Field, at: At, words: Words) -> list[Validation]:
    """The list of a field that has one."""
    area = (*at, *at)
    listed = tuple(field.labels.get(value, value) for value in field.enum)
    if field.type == "boolean":
        listed = tuple(layout.PRINTED_BOOLEAN.values())
    return [Validation(area, words("message.choice"), words=listed)] if listed else []
