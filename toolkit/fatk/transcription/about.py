"""What the forms, and what is printed around them, say of the report: its edition, year, entity and unit.

What a list says counts; where the forms say otherwise, that is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from typing import Final

from fatk.captions import says_withheld
from fatk.findings import CellRef, notify
from fatk.model import EMPTY, MISSING, REPORTED, Row, make_row
from fatk.rounding import usual_step
from fatk.spec import Edition, Form, Table
from fatk.transcription.ledger import Ledger, PrintedForm, note_year, one, printed_as
from fatk.values import Value, clean_text
from fatk.vocabulary import code_levels, fold, fold_title, is_cut_title, strip_ordinal, title_of

#: A cover's large line: whose final accounts, of which year.
_COVER: Final = re.compile(r"(.*?)(20[0-9]{2})年(?:度)?(?:部门|单位)?决算.*")
_COVER_CELLS: Final = 200
#: A title stands so many rows above the header at most.
_ABOVE: Final = 8
_BUDGET: Final = re.compile(r"预算(?:公开|总表|表)|年度?(?:部门|单位)?预算$|部门预算|单位预算")


@dataclass(frozen=True, slots=True)
class _Fit:
    """How far a workbook is printed as an edition prints: marks alike, marks that differ, and the tables that do."""

    likenesses: int
    differences: int
    tables: tuple[str, ...]


def edition_of(ledger: Ledger, about: Mapping[str, Value]) -> tuple[Edition, str]:
    """The edition that the workbook names; else the one whose titles and headers fit best, with how sure that is."""
    named = about.get("edition")
    year = about.get("fiscal_year")
    if isinstance(named, str):
        return ledger.spec.edition_for(named, year if isinstance(year, int) else 0), "certain"
    if not isinstance(year, int):
        year = _likely_year(ledger) or 0
    fits = {e.id: _fit(ledger, e, year) for e in ledger.spec.editions}
    best = min(fits, key=lambda i: (fits[i].differences, -fits[i].likenesses, i))
    fit = fits[best]
    rivals = [i for i, other in fits.items() if i != best and other.differences <= fit.differences]
    exact = [i for i, other in fits.items() if not other.tables]
    if exact == [best] and not fit.differences:
        certainty = "certain"
    else:
        certainty = "guessed" if rivals or fit.differences > fit.likenesses else "probable"
    if certainty != "certain" and ledger.forms:
        also = sorted({*rivals, *exact} - {best})
        titles = "、".join(ledger.spec.tables[table].title for table in fit.tables)
        ledger.findings.append(
            notify("READ-72", CellRef("report", "*", "edition", value=best), edition=best,
                   differing=titles or "—", rivals=", ".join(also) or "—")
        )  # fmt: skip
    return ledger.spec.edition(best), certainty


def _fit(ledger: Ledger, edition: Edition, year: int) -> _Fit:
    """How the forms are printed beside how an edition prints them. ``year`` is 0 where nothing says it. Other names of a
    line, and a code in one column or in several, are no difference: they vary within an edition."""
    likenesses, differences = 0, int(year > 0 and not edition.covers(year))
    tables = []
    for table_id, printed in edition.forms.items():
        form = ledger.forms.get(table_id)
        paths = tuple(form.heading.paths.values()) if form else ()
        alike, other = _known_columns(printed, paths) if _is_short(paths) else _same_columns(printed, paths)
        title = fold_title(strip_ordinal(form.title)) if form and form.title else ""
        same = [title == fold_title(printed.title), form is not None and form.number == printed.number]
        wrong = other + same.count(False) if form else 1
        likenesses += alike + same.count(True)
        differences += wrong
        if wrong:
            tables.append(table_id)
    beyond = [table_id for table_id in ledger.forms if table_id not in edition.forms]
    return _Fit(likenesses, differences + len(beyond), (*tables, *beyond))


#: Headers of more columns or characters are none that are kept.
_COLUMNS: Final = 200
_CHARACTERS: Final = 4000


def _is_short(paths: Sequence[tuple[str, ...]]) -> bool:
    return len(paths) <= _COLUMNS and sum(map(len, chain.from_iterable(paths))) <= _CHARACTERS


def _same_columns(printed: Form, paths: Sequence[tuple[str, ...]]) -> tuple[int, int]:
    """How many columns a header has that a form is printed with, and how many only one of them has: a code in several columns
    is one, and a line goes by any of its names."""
    lines = [line for block in printed.blocks for line in block.lines]
    names = {fold(alias): fold(line.name) for line in lines for alias in line.aliases}
    own = {tuple([fold(h) for h in column.header]) for column in printed.columns}
    whole = [p[:-1] if len(p) > 1 and p[-1] in code_levels() else p for p in paths]
    found = {tuple([names.get(word, word) for word in path]) for path in whole}
    return len(own & found), len(own ^ found)


_known_columns: Final = lru_cache(maxsize=1024)(_same_columns)


def _likely_year(ledger: Ledger) -> int | None:
    """The year that most places tell; of equals the first."""
    votes = Counter(year for _, year in ledger.told.years)
    return votes.most_common(1)[0][0] if votes else None


def read_covers(ledger: Ledger) -> None:
    """Take year and entity from sheets that hold no table, as covers do, where lists say neither: 某局2022年度部门决算."""
    for pane in ledger.panes:
        if pane.regions:
            continue
        cells = ((r, c, cell) for r, line in pane.sheet.rows.items() for c, cell in line.items())
        for row, column, cell in islice(cells, _COVER_CELLS):
            found = _COVER.fullmatch(fold(cell.text)) if cell.kind == "text" else None
            if found:
                note_year(ledger, pane.sheet.place(row, column), f"{found[2]}年")
                if found[1]:
                    ledger.told.entities[clean_text(cell.text)[: len(found[1])]] += 1
    folder, _, name = ledger.name.rpartition("/")
    note_year(ledger, ledger.name, name)
    if not ledger.told.years:  # a folder is often named after the year of publication
        note_year(ledger, ledger.name, folder)


def warn_of_budget(ledger: Ledger) -> None:
    """Say that this is a budget where a cell says so and nothing says that it is final accounts."""
    said = _budget_line(ledger)
    if said is not None:
        ledger.findings.append(notify("READ-95", said, place=said.location, text=said.value))


def _budget_line(ledger: Ledger) -> CellRef | None:
    """The cell that says that this is a budget, where nothing says that it is final accounts."""
    said: CellRef | None = None
    for pane in ledger.panes:
        for row, line in pane.sheet.rows.items():
            for column, cell in line.items():
                if cell.kind != "text":
                    continue
                if "决算" in cell.text:
                    return None
                if said is None and _BUDGET.search(fold(cell.text)):
                    where = pane.sheet.place(row, column)
                    said = CellRef(location=where, value=clean_text(cell.text))
    return None if "决算" in ledger.name else said


def describe(ledger: Ledger, edition: Edition, decimals: int) -> None:
    """Complete ``report``, ``entity`` and ``tables`` from what is printed around the forms."""
    spec = ledger.spec
    if not ledger.forms and "report" not in ledger.rows:
        return
    about = one(ledger, "report")
    said = about.get("unit")
    said = said if isinstance(said, str) else None
    unit = said or _usual_unit(ledger)
    if not about:
        year = _likely_year(ledger)
        if unit is None and ledger.forms:
            ledger.findings.append(notify("READ-38", CellRef("report", "*", "unit")))
        ledger.rows["report"] = [
            make_row(
                spec.tables["report"], spec_version=spec.version, fiscal_year=year, edition=edition.id, unit=unit,
                decimals=decimals, precision=usual_step(unit, decimals),
            )
        ]  # fmt: skip
        if year is None:
            ledger.findings.append(notify("READ-39", CellRef("report", "*", "fiscal_year")))
    elif unit != said:
        ledger.rows["report"][0] = make_row(spec.tables["report"], **{**about, "unit": unit})
        ledger.findings.append(notify("READ-86", CellRef("report", "*", "unit", value=unit), unit=unit))
    if "entity" not in ledger.rows and ledger.told.entities:
        ledger.rows["entity"] = [
            make_row(spec.tables["entity"], name=ledger.told.entities.most_common(1)[0][0])
        ]
    _compare_titles(ledger, edition)
    _compare_units(ledger, said, unit)
    _unknown_units(ledger)
    _compare_years(ledger)
    _compare_item_units(ledger)
    _compare_entities(ledger, edition)
    if "tables" not in ledger.rows:
        ledger.rows["tables"] = [_listed(ledger, table) for table in spec.forms]


def _listed(ledger: Ledger, table: Table) -> Row:
    """The line of ``tables`` for a form that was, or was not, found."""
    declared = ledger.spec.tables["tables"]
    form = ledger.forms.get(table.id)
    if form is None:
        return make_row(declared, table=table.id, status=MISSING)
    rows = ledger.rows.get(table.id, [])
    filled = any(v is not None for row in rows for f, v in zip(table.fields, row, strict=True) if f.amount)
    status = REPORTED if filled or (rows and form.statement is None) else EMPTY
    if status == EMPTY:
        ledger.rows[table.id] = []
        if form.statement and says_withheld(form.statement):
            return make_row(
                declared, table=table.id, status=MISSING, reason=form.statement, printed_title=form.title,
                printed_number=form.number,
            )  # fmt: skip
    unit = one(ledger, "report").get("unit")
    return make_row(
        declared, table=table.id, status=status, statement=form.statement, printed_title=form.title,
        printed_number=form.number, unit=form.unit if form.unit != unit else None,
    )  # fmt: skip


def _compare_titles(ledger: Ledger, edition: Edition) -> None:
    """Say where a form that is known by its header and its sheet's name has no title or that of something else, or where its
    title is another than the workbook's own list of tables says, by leaving it out that of the edition."""
    at = ledger.spec.tables["tables"].position["printed_title"]
    listed = {row[0]: row[at] for row in ledger.rows.get("tables", ())}
    budget = any(finding.rule == "READ-95" for finding in ledger.findings)  # then every title is one's
    for table_id, form in ledger.forms.items():
        region, title, printed = form.region, form.title, edition.forms.get(table_id)
        where = region.title or (region.header, min(form.pane.rows[region.header]))
        place = form.pane.sheet.place(*where)
        cell = CellRef(table_id, location=place, value=title)
        details = {"place": place, "text": title, "title": region.table.title}
        wanted = listed.get(table_id) or (printed.title if printed and listed else None)
        above = (
            form.pane.rows.get(number, {}) for number in range(max(region.header - _ABOVE, 0), region.header)
        )
        if wanted and any(fold(cell.text) == fold(str(wanted)) for line in above for cell in line.values()):
            continue  # whatever it is, the workbook calls the form so
        if title is not None and title_of(title) and fold_title(title) == fold_title(str(wanted or title)):
            continue
        named = title_of(title or "") == table_id
        if title is None or not (named or region.titled or fold_title(title).endswith("表")):
            if not form.pane.sheet.plain:  # the name of a text file is its title
                ledger.findings.append(notify("READ-88", cell, **details))
        elif named:
            if not is_cut_title(title):
                ledger.findings.append(notify("READ-89", cell, **details, listed=wanted))
        elif title not in printed_as(ledger, table_id) and not region.titled and not budget:
            form.pane.told[where[0]].add(where[1])
            ledger.findings.append(notify("READ-87", cell, **details))


def _usual_unit(ledger: Ledger) -> str | None:
    """The unit that most forms are printed in; where none says it, the one that stands beside most amounts of lists."""
    known = ledger.spec.tables["report"]["unit"].enum
    units = Counter(form.unit for form in ledger.forms.values() if form.unit) or Counter(
        printed for _, declared, _, printed in ledger.told.units if declared.amount and printed in known
    )
    return units.most_common(1)[0][0] if units else None


def _compare_units(ledger: Ledger, said: str | None, usual: str | None) -> None:
    """Say where a form is printed in another unit than the cover (``said``) or the list of tables say; where neither says
    it, in another than most are (``usual``), and which forms name none."""
    at = ledger.spec.tables["tables"].position
    listed = ledger.rows.get("tables", [])
    own = {row[at["table"]]: row[at["unit"]] for row in listed}
    silent = []
    for table_id, form in ledger.forms.items():
        wanted = own.get(table_id) or said
        if form.unit is None and form.other_unit is None and wanted is None:
            silent.append(form.region.table)
        if form.unit is None or form.unit == (wanted or usual):
            continue
        place = next(place for unit, place in form.units if unit == form.unit)
        cell = CellRef(table_id, location=place, value=form.unit)
        told = {"place": place, "title": form.region.table.title, "printed": form.unit}
        if wanted is not None:
            ledger.findings.append(notify("READ-49", cell, **told, said=wanted))
            continue
        ledger.findings.append(notify("READ-80", cell, **told, usual=usual))
        for n, row in enumerate(listed):
            if row[at["table"]] == table_id:
                listed[n] = (*row[: at["unit"]], form.unit, *row[at["unit"] + 1 :])
    if usual and silent:
        cells = [CellRef(table.id) for table in silent]
        titles = "、".join(table.title for table in silent)
        ledger.findings.append(notify("READ-83", *cells, count=len(silent), titles=titles, unit=usual))


def _unknown_units(ledger: Ledger) -> None:
    """Say which forms name a unit that no report is in: nobody can know what their figures mean."""
    named: dict[str, list[PrintedForm]] = {}
    for form in ledger.forms.values():
        if form.other_unit:
            named.setdefault(form.other_unit[0], []).append(form)
    for text, forms in named.items():
        places = [form.other_unit[1] for form in forms if form.other_unit]
        cells = [
            CellRef(form.region.table.id, location=place, value=text)
            for form, place in zip(forms, places, strict=True)
        ]
        titles = "、".join(form.region.table.title for form in forms)
        ledger.findings.append(notify("READ-62", *cells, place=places[0], text=text, titles=titles))


def _compare_years(ledger: Ledger) -> None:
    """Say where another year is named than the one that the report was read for."""
    said = one(ledger, "report").get("fiscal_year")
    others: dict[int, str] = {}
    for place, year in ledger.told.years if isinstance(said, int) else ():
        if year != said:
            others.setdefault(year, place)
    for year, place in others.items():
        cell = CellRef("report", "*", "fiscal_year", place, value=str(year))
        ledger.findings.append(notify("READ-97", cell, place=place, printed=str(year), said=str(said)))


def _compare_item_units(ledger: Ledger) -> None:
    """Say where the unit beside an item is another than the one that its figure is read in."""
    about = one(ledger, "report").get("unit")
    for table, declared, place, printed in ledger.told.units:
        said = about if declared.amount else declared.unit
        if declared.amount and said is None:
            continue  # that the report has no unit is told already
        if printed and printed != (said or ""):
            cell = CellRef(table.id, "*", declared.name, place, declared.title, printed)
            ledger.findings.append(
                notify("READ-54", cell, place=place, field=declared.title, printed=printed, said=said or "")
            )


def _compare_entities(ledger: Ledger, edition: Edition) -> None:
    """Say where a form names another entity than the cover, or than most forms."""
    said = str(one(ledger, "entity").get("name") or "")
    fits = {fold(said), fold((edition.entity_line or "").format(name=said))}
    others: dict[str, list[CellRef]] = {}
    for table_id, place, line, name in ledger.told.named if said else ():
        if fits.isdisjoint((fold(line), fold(name))):
            others.setdefault(name, []).append(CellRef(table_id, location=place, value=name))
    for name, cells in others.items():
        ledger.findings.append(notify("READ-55", *cells, place=cells[0].location, printed=name, said=said))
