"""The sheets beside the forms: the rules as they stand while one types, each of their cases, marks, codes, and a guide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fatk import formulas, layout
from fatk.formats.xlsx import Formula, Highlight, Sheet
from fatk.formulas import At, Board, Family, Instance, Match, Part, Unsaid, reference
from fatk.grid import a1
from fatk.rules.context import Context, Rule
from fatk.spec import Spec
from fatk.template.blank import Order
from fatk.template.words import Words

#: First row of cases and of rules, below title, remark and header.
_CASES, _RULES = 3, 4
#: Columns of the sheet of cases.
_ID, _PLACE, _ROW, _FIELD, _LEFT, _RIGHT, _UNKNOWN, _DIFFERENCE, _TOLERANCE, _STATE = range(10)
#: States, worst first; the last is that of a rule without a case.
_STATES = ("fails", "blank", "rounding", "agrees", "none")
_LOOKS = {"fails": "bad", "blank": "blank", "rounding": "near", "agrees": "good", "none": "blank"}


@dataclass(frozen=True, slots=True)
class Said:
    """The rules of the standard on one workbook: the cases of each that can be said, and why the others cannot."""

    families: Mapping[str, tuple[Family, ...]]
    reasons: Mapping[str, str]

    def __iter__(self) -> Iterator[Family]:
        return (family for found in self.families.values() for family in found)


def say(rules: Mapping[str, Rule], board: Board, context: Context) -> Said:
    """Every rule as formulas, or the reason why not."""
    found: dict[str, tuple[Family, ...]] = {}
    reasons: dict[str, str] = {}
    for rule in rules.values():
        if not rule.built:
            reasons[rule.id] = "not_built"
        elif not context.applies(rule):
            reasons[rule.id] = formulas.NOT_PRINTED
        else:
            try:
                found[rule.id] = formulas.families(rule, board)
            except Unsaid as unsaid:
                reasons[rule.id] = str(unsaid.args[0])
    return Said(found, reasons)


@dataclass(frozen=True, slots=True)
class _Case:
    """A row of the sheet of cases: what it says in a blank workbook."""

    family: Family
    instance: Instance
    row: int
    state: str
    left: Decimal
    right: Decimal


class Checks:
    """The rules on one workbook, laid out on sheets of their own."""

    def __init__(self, said: Said, board: Board, order: Order, words: Words, aside: str) -> None:
        self.said, self.board, self.order, self.words, self.aside = said, board, order, words, aside
        self.cases: dict[str, list[_Case]] = {}
        row = _CASES
        for rule_id, found in said.families.items():
            cases = self.cases[rule_id] = []
            for family in found:
                for instance in family.instances:
                    cases.append(self._case(family, instance, row))
                    row += 1
        self.end = row

    def _case(self, family: Family, instance: Instance, row: int) -> _Case:
        """A case, and what it comes to as long as nothing is filled in."""
        left, right = (
            sum((t for t in side if isinstance(t, Decimal)), Decimal(0))
            for side in (instance.left, instance.right)
        )
        if not all(met for _, met in instance.there):
            return _Case(family, instance, row, "", left, right)
        unknown = {p.unknown(self.board): p.blank_unknown for p in instance.parts}
        state = "blank" if any(unknown.values()) else "" if instance.some else "agrees"
        if state == "blank" and family.rule.body.get("unknown"):
            state = ""
        return _Case(family, instance, row, state, left, right)

    def title(self, name: str, **details: object) -> str:
        """The title of a sheet that is no part of the report."""
        return self.words("helper", title=self.words(name, **details), aside=self.aside)

    # Every case

    def case_sheet(self) -> Sheet:
        """The sheet with a row for each case of each rule."""
        words, board = self.words, self.board
        name = words("sheet.cases")
        cells = [
            layout.Placed(0, 0, self.title("cases.title"), "list_title", columns=10),
            layout.Placed(1, 0, words("cases.remark"), "remark", columns=10),
        ]
        heads = (
            "id",
            "place",
            "row",
            "field",
            "left",
            "right",
            "unknown",
            "difference",
            "tolerance",
            "state",
        )
        cells += [layout.Placed(2, i, words(f"head.{head}"), "header") for i, head in enumerate(heads)]
        found: dict[At, Formula] = {}
        for cases in self.cases.values():
            for case in cases:
                self._case_row(case, cells, found)
        widths = (10.0, 44.0, 30.0, 18.0, 16.0, 16.0, 8.0, 14.0, 12.0, 9.0)
        page = layout.Page(name, tuple(cells), widths, ((0, 26.0),), (2, 3), landscape=True)
        area = (_CASES, _STATE, self.end - 1, _STATE)
        return Sheet(
            page, formulas=found, highlights=self._highlights(area), filter=(2, 0, self.end - 1, _STATE),
            decimals=board.decimals, protected=True,
        )  # fmt: skip

    def _case_row(self, case: _Case, cells: list[layout.Placed], found: dict[At, Formula]) -> None:
        board, instance, row = self.board, case.instance, case.row
        decimals = board.decimals
        shown = not instance.there or all(met for _, met in instance.there)
        zero, fine = Decimal(0).scaleb(-decimals), Decimal(0).scaleb(-decimals - 1)
        c, e, f, g, h, i = (
            reference("", row, column).replace("''!", "").replace("$", "")
            for column in (_ROW, _LEFT, _RIGHT, _UNKNOWN, _DIFFERENCE, _TOLERANCE)
        )
        first = instance.first
        place, title = "", ""
        if first is not None:
            standing, field, at = first
            place, title = f"{standing.sheet}!{a1(*at)}", standing.table[field].title
        cells.append(layout.Placed(row, _ID, case.family.rule.id, "key"))
        cells.append(layout.Placed(row, _PLACE, place, "link"))
        if place:
            target = f"#{formulas.quoted(first[0].sheet)}!{a1(*first[2])}" if first else ""
            found[row, _PLACE] = Formula(f'HYPERLINK("{target}","{place}")', place)
        name = f'{instance.code}&""' if instance.code else formulas.text(instance.label)
        there = formulas.there(instance)
        cells.append(layout.Placed(row, _ROW, instance.label, "text"))
        if there:
            found[row, _ROW] = Formula(f'IF({there},{name},"")', instance.label if shown else "")
        cells.append(layout.Placed(row, _FIELD, title, "text"))

        def compute(
            column: int, text: str, value: int | Decimal | str, role: str, look: Decimal | None
        ) -> None:
            cells.append(layout.Placed(row, column, look, role))
            found[row, column] = Formula(f'IF({c}="","",{text})', value if shown else "")

        compute(_LEFT, f"ROUND({formulas.total(instance.left)},{decimals})", case.left, "amount", zero)
        compute(_RIGHT, f"ROUND({formulas.total(instance.right)},{decimals})", case.right, "amount", zero)
        unknown = sum({p.unknown(board): p.blank_unknown for p in instance.parts}.values())
        compute(_UNKNOWN, formulas.unknown(instance, board), unknown, "figure", Decimal(0))
        compute(_DIFFERENCE, f"ROUND({e}-{f},{decimals})", case.left - case.right, "amount", zero)
        compute(_TOLERANCE, formulas.tolerance(instance, board), 0, "amount", fine)
        states = {state: self.words(f"state.{state}") for state in _STATES}
        blank = "" if case.family.rule.body.get("unknown") else states["blank"]
        none = f"{h}<=0" if case.family.rule.kind == "compare" else f"{h}=0"
        within = h if case.family.rule.kind == "compare" else f"ABS({h})"
        state = f'IF({within}<={i},"{states["rounding"]}","{states["fails"]}")'
        state = f'IF({none},"{states["agrees"]}",{state})'
        for count in instance.some:
            state = f'IF({count}=0,"",{state})'
        state = f'IF({g}>0,"{blank}",{state})'
        compute(_STATE, state, states.get(case.state, ""), "mark", None)

    def _highlights(self, area: tuple[int, int, int, int]) -> tuple[Highlight, ...]:
        first = reference("", area[0], area[1]).replace("''!", "").replace("$", "")
        return tuple(
            Highlight(area, f'{first}="{self.words(f"state.{state}")}"', look)
            for state, look in _LOOKS.items()
        )

    def _span(self, cases: Sequence[_Case], column: int) -> str:
        return formulas.area_reference(
            self.words("sheet.cases"), (cases[0].row, column, cases[-1].row, column)
        )

    # Every rule

    def rule_sheet(self, rules: Mapping[str, Rule]) -> Sheet:
        """The sheet with a row for each rule, and those that are not computed."""
        words, board = self.words, self.board
        cells = [
            layout.Placed(0, 0, self.title("rules.title"), "list_title", columns=10),
            layout.Placed(1, 0, words("rules.remark"), "remark", columns=10),
        ]
        found: dict[At, Formula] = {}
        heads = (
            "id",
            "rule",
            "severity",
            "left",
            "right",
            "difference",
            "tolerance",
            "state",
            "count",
            "place",
        )
        cells += [layout.Placed(3, i, words(f"head.{head}"), "header") for i, head in enumerate(heads)]
        row = _RULES
        states: list[str] = []
        for rule_id, cases in self.cases.items():
            states.append(self._rule_row(rules[rule_id], cases, row, cells, found))
            row += 1
        end = row - 1
        self._summary(states, end, cells, found)
        row += 1
        cells.append(layout.Placed(row, 0, words("rules.unsaid"), "section", columns=10))
        row += 1
        cells.append(layout.Placed(row, 0, words("head.id"), "header"))
        cells.append(layout.Placed(row, 1, words("head.rule"), "header"))
        cells.append(layout.Placed(row, 2, words("head.severity"), "header"))
        cells.append(layout.Placed(row, 3, words("head.reason"), "header", columns=7))
        widths = (10.0, 68.0, 8.0, 16.0, 16.0, 13.0, 12.0, 9.0, 11.0, 44.0)
        heights = [(0, 26.0), (1, 32.0)]
        for rule_id, reason in self.said.reasons.items():
            row += 1
            rule = rules[rule_id]
            why = words(f"reason.{reason}", reason=_why(rule, words.language))
            cells.append(layout.Placed(row, 0, rule_id, "key"))
            cells.append(layout.Placed(row, 1, rule.title[words.language], "text"))
            cells.append(layout.Placed(row, 2, words(f"severity.{rule.severity}"), "unit_cell"))
            cells.append(layout.Placed(row, 3, why, "text", columns=7))
        heights += layout.row_heights((c for c in cells if c.row > 1 and c.role == "text"), widths)
        page = layout.Page(words("sheet.rules"), tuple(cells), widths, tuple(heights), (3, 4), landscape=True)
        return Sheet(
            page, formulas=found, highlights=self._highlights((_RULES, 7, end, 7)),
            decimals=board.decimals, protected=True,
        )  # fmt: skip

    def _rule_row(
        self, rule: Rule, cases: Sequence[_Case], row: int, cells: list[layout.Placed], found: dict[At, Formula]
    ) -> str:  # fmt: skip
        words, decimals = self.words, self.board.decimals
        states = {state: words(f"state.{state}") for state in _STATES}
        known = {case.state for case in cases}
        now = next((s for s in _STATES if s in known), "none")
        first = next((case for case in cases if case.state == now), None)
        listed = self._span(cases, _STATE)
        text = f'"{states["none"]}"'
        for state in reversed(_STATES[:-1]):
            text = f'IF(COUNTIF({listed},"{states[state]}")>0,"{states[state]}",{text})'
        state_at = f"$H{row + 1}"
        zero, fine = Decimal(0).scaleb(-decimals), Decimal(0).scaleb(-decimals - 1)

        def picked(column: int) -> str:
            return f'IFERROR(INDEX({self._span(cases, column)},MATCH({state_at},{listed},0)),"")'

        cells.append(layout.Placed(row, 0, rule.id, "link"))
        target = f"#{formulas.quoted(words('sheet.cases'))}!A{cases[0].row + 1}"
        found[row, 0] = Formula(f'HYPERLINK("{target}","{rule.id}")', rule.id)
        cells.append(layout.Placed(row, 1, rule.title[words.language], "text"))
        cells.append(layout.Placed(row, 2, words(f"severity.{rule.severity}"), "unit_cell"))
        values = (
            (3, _LEFT, zero, first.left if first else ""),
            (4, _RIGHT, zero, first.right if first else ""),
            (5, _DIFFERENCE, zero, first.left - first.right if first else ""),
            (6, _TOLERANCE, fine, 0 if first else ""),
        )
        for column, source, look, value in values:
            cells.append(layout.Placed(row, column, look, "amount"))
            found[row, column] = Formula(picked(source), value)
        cells.append(layout.Placed(row, 7, states[now], "mark"))
        found[row, 7] = Formula(text, states[now])
        counted = sum(case.state == now for case in cases), sum(case.state != "" for case in cases)
        cells.append(layout.Placed(row, 8, "", "unit_cell"))
        among = f'COUNTIF({listed},"?*")'
        found[row, 8] = Formula(
            f'IF({among}=0,"",COUNTIF({listed},{state_at})&" / "&{among})',
            f"{counted[0]} / {counted[1]}" if counted[1] else "",
        )
        cells.append(layout.Placed(row, 9, "", "link"))
        place = first.instance.first if first else None
        shown = f"{place[0].sheet}!{a1(*place[2])}" if place else ""
        where = f"INDEX({self._span(cases, _PLACE)},MATCH({state_at},{listed},0))"
        linked = f"""HYPERLINK("#'"&SUBSTITUTE({where},"!","'!"),{where})"""
        found[row, 9] = Formula(f'IFERROR({linked},"")', shown)
        return now

    def _summary(
        self, states: Sequence[str], end: int, cells: list[layout.Placed], found: dict[At, Formula]
    ) -> None:
        """How many rules are in which state."""
        area = f"$H${_RULES + 1}:$H${end + 1}"
        pieces, now = [], []
        for state in _STATES:
            word = self.words(f"state.{state}")
            pieces.append(f'"{word} "&COUNTIF({area},"{word}")')
            now.append(f"{word} {states.count(state)}")
        cells.append(layout.Placed(2, 0, " · ".join(now), "summary", columns=10))
        found[2, 0] = Formula('&" · "&'.join(pieces), " · ".join(now))

    # Marks

    def mark_sheet(self) -> Sheet:
        """The hidden sheet that says of each figure whether it is stated, and in how many broken rules it takes part."""
        board = self.board
        cells = [layout.Placed(0, 0, self.title("marks.title"), "list_title")]
        found: dict[At, Formula] = {}
        broken = self._broken()
        for standing in board.standings.values():
            named = {at: line for (line, _), at in standing.cells.items()}
            prepared = standing.prepared
            places = list(standing.cells.values())
            places += [
                (row, column)
                for row in range(prepared.first, prepared.last + 1)
                for column in prepared.columns.values()
            ]
            for at in places:
                line = named.get(at)
                whole = line is not None and standing.optional
                formula = self._stated(standing, at, standing.row(line) if whole and line else [])
                mark = (at[0] + standing.offset, at[1])
                found[mark] = Formula(formula, 2 if whole else 1)
                counted = standing.broken(at)
                takes = "+".join(broken.get((standing.sheet, at), ())) or "0"
                found[counted] = Formula(f"IF({a1(*mark)}=2,0,{takes})", 0)
                cells += [layout.Placed(*mark, None, "figure"), layout.Placed(*counted, None, "figure")]
        page = layout.Page(self.words("sheet.marks"), tuple(cells), ())
        return Sheet(page, formulas=found, protected=True, hidden=True)

    def _stated(self, standing: formulas.Standing, at: At, row: Sequence[At]) -> str:
        board = self.board
        cell = reference(standing.sheet, *at)
        text = f'IF(ISNUMBER({cell}),0,IF({cell}="{board.nothing}",0,1))'
        if row:
            anything = "+".join(f'({reference(standing.sheet, *one)}<>"")' for one in row)
            text = f"IF({anything}=0,2,{text})"
        return f'IF({standing.state}="{board.empty}",0,IF({standing.state}="{board.missing}",1,{text}))'

    def _broken(self) -> dict[tuple[str, At], list[str]]:
        """For each cell, when it takes part in a rule that fails."""
        found: dict[tuple[str, At], list[str]] = defaultdict(list)
        fails = f'="{self.words("state.fails")}"'
        name = self.words("sheet.cases")
        for cases in self.cases.values():
            by_family: dict[int, list[_Case]] = defaultdict(list)
            for case in cases:
                by_family[id(case.family)].append(case)
            for group in by_family.values():
                for case in group:
                    state = reference(name, case.row, _STATE)
                    for part in case.instance.parts:
                        for at in part.cells:
                            found[part.standing.sheet, at].append(f"({state}{fails})")
                for part in group[0].instance.parts:
                    if part.match is not None:
                        self._matched(part, part.match, group, fails, found)
        return found

    def _matched(
        self,
        part: Part,
        match: Match,
        group: Sequence[_Case],
        fails: str,
        found: dict[tuple[str, At], list[str]],
    ) -> None:
        """The prepared rows that a case takes by their code: those that match a case that fails."""
        standing, prepared = part.standing, part.standing.prepared
        of = group[0].family.of
        key = of.codes if part.own and of is not None else part.key
        states = self._span(group, _STATE) + fails
        for row in range(prepared.first, prepared.last + 1):
            code = reference(standing.sheet, row, prepared.code)
            term = f"SUMPRODUCT({match.of(code, key)}*({states}))"
            found[standing.sheet, (row, prepared.columns[part.field])].append(term)

    # Codes and guide

    def code_sheet(self, spec: Spec, schemes: Sequence[str]) -> tuple[Sheet, dict[str, str]]:
        """The hidden sheet with the codes of the year, and names for the ranges: of codes, and of codes with names."""
        words = self.words
        cells = [
            layout.Placed(
                0, 0, self.title("codes.title", scheme=", ".join(schemes), year=self.order.year), "list_title"
            )
        ]
        names: dict[str, str] = {}
        for number, scheme in enumerate(schemes):
            column = 3 * number
            cells.append(layout.Placed(1, column, words("head.code"), "header"))
            cells.append(layout.Placed(1, column + 1, words("head.name"), "header"))
            row = 2
            for code in sorted(spec.codes(scheme)):
                entry = spec.code(scheme, code, self.order.year)
                if entry is not None:
                    cells.append(layout.Placed(row, column, code, "code"))
                    cells.append(layout.Placed(row, column + 1, entry.name, "name"))
                    row += 1
            sheet = words("sheet.codes")
            names[code_range(scheme)] = formulas.area_reference(sheet, (2, column, row - 1, column))
            names[name_range(scheme)] = formulas.area_reference(sheet, (2, column, row - 1, column + 1))
        page = layout.Page(words("sheet.codes"), tuple(cells), (12.0, 50.0, 4.0) * len(schemes))
        return Sheet(page, protected=True, hidden=True), names

    def guide_sheet(self) -> Sheet:
        """The first sheet: how to fill in the others."""
        words, order = self.words, self.order
        details = {
            "unit": order.unit, "decimals": order.decimals, "sheet": words("sheet.rules"), "aside": self.aside
        }  # fmt: skip
        cells = [layout.Placed(0, 0, self.title("guide.title"), "list_title", columns=2)]
        lines = [name for name in words.all("guide.") if name != "guide.title"]
        samples = {"guide.input": "typed", "guide.computed": "computed", "guide.check": "broken"}
        for number, name in enumerate(lines, 1):
            cells.append(layout.Placed(number, 0, None, samples.get(name, "text")))
            cells.append(layout.Placed(number, 1, words(name, **details), "text"))
        widths = (5.0, 96.0)
        tall = dict(layout.row_heights(cells[1:], widths))
        heights = ((0, 30.0), *((row, tall.get(row, 16.0) + 6.0) for row in range(1, len(lines) + 1)))
        page = layout.Page(words("sheet.guide"), tuple(cells), widths, heights, landscape=True)
        return Sheet(page, protected=True)


def code_range(scheme: str) -> str:
    """The name of the range with the codes of a scheme."""
    return f"fatk_{scheme}"


def name_range(scheme: str) -> str:
    """The name of the range with the codes of a scheme and their names."""
    return f"fatk_{scheme}_names"


def _why(rule: Rule, language: str) -> str:
    declared = rule.body.get("not_built")
    return str(declared[language]) if declared else ""
