"""The same report in another edition of the printed forms: what follows the form, what stays, what has no place there.

A figure is of the report and stays; how it is printed is of the edition. What the source printed as its own titles and
numbers goes to ``extras`` under the edition it stood in, and comes back with it: there and back is the same report.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fatk.errors import WouldLose
from fatk.findings import CellRef, Finding, notify
from fatk.model import Report, Row, build, make_row, printed_row, row_name, unprinted_cells
from fatk.reading import Reading
from fatk.spec import Edition, Field, Table
from fatk.values import Value, show

#: What ``tables`` says of how one edition prints a form.
_PRINTED = ("printed_title", "printed_number")


@dataclass(frozen=True, slots=True)
class Restated:
    """A report in another edition, and what was noticed on the way."""

    report: Report
    findings: tuple[Finding, ...] = ()


def named(report: Report, edition: Edition) -> Report:
    """The report as one whose source is printed in that edition, whatever it says or was taken for."""
    return _with(
        report, report=tuple(_changed(report, "report", r, edition=edition.id) for r in report.rows("report"))
    )


def restate(report: Report, edition: Edition, *, allow_loss: bool = False) -> Restated:
    """The report as the edition prints it: its titles and numbers, its lines and columns. Figures, the names of rows and
    what declares a table empty stay as they are.

    Figures that the edition's forms have no place for raise ``WouldLose``, which names them all; with ``allow_loss`` they
    are left out and told.
    """
    former = report.one("report").get("edition")
    if former == edition.id:
        return Restated(report)
    moved = named(report, edition)
    lost = [(t, row, f) for t in report.spec.forms for row, f in unprinted_cells(moved, t)]
    if lost and not allow_loss:
        cells = tuple(f"{t.title} {printed_row(t, row)} {f.title}" for t, row, f in lost)
        raise WouldLose("EDITION_LACKS_CELLS", edition=edition.id, count=len(lost), cells=cells)
    findings = []
    if lost:
        moved = _without(moved, lost)
        cells_lost = [
            CellRef(t.id, row_name(t, row), f.name, label=f.title, value=show(row[t.position[f.name]]))
            for t, row, f in lost
        ]
        findings.append(notify("READ-71", *cells_lost, edition=edition.id, count=len(lost)))
    moved, kept = _titles(moved, str(former or ""), edition.id)
    if kept:
        where = CellRef("report", "*", "edition", value=edition.id)
        findings.append(notify("READ-70", where, former=former, edition=edition.id, count=kept))
    return Restated(moved, tuple(findings))


def taken_for(reading: Reading, edition: Edition) -> Reading:
    """A reading of what is printed in that edition, as somebody says who knows better than what was recognised."""
    return replace(
        reading, report=named(reading.report, edition), findings=_sure(reading), edition_certainty="certain"
    )


def into(reading: Reading, edition: Edition, *, allow_loss: bool = False) -> Reading:
    """A reading with its report restated in that edition, which it then is for certain, and with what was noticed."""
    restated = restate(reading.report, edition, allow_loss=allow_loss)
    findings = (*_sure(reading), *restated.findings)
    return replace(reading, report=restated.report, findings=findings, edition_certainty="certain")


def _sure(reading: Reading) -> tuple[Finding, ...]:
    """What was noticed, but for doubts about the edition."""
    return tuple(f for f in reading.findings if f.rule != "READ-72")


def _titles(report: Report, former: str, edition: str) -> tuple[Report, int]:
    """Exchange what the source prints as titles and numbers: that of the former edition goes to ``extras``, that of the new
    one comes from there. Also how many went."""
    extras = list(report.rows("extras"))
    at, text_at = report.spec.tables["tables"].position, report.spec.tables["extras"].position["text"]
    went, rows = 0, []
    for row in report.rows("tables"):
        changes: dict[str, Value] = {}
        for member in _PRINTED:
            text = row[at[member]]
            if isinstance(text, str):
                extras.append(_kept(report, former, str(row[0]), member, text))
                went += 1
            back = _find(report, extras, edition, str(row[0]), member)
            changes[member] = None if back is None else extras.pop(back)[text_at]
        rows.append(_changed(report, "tables", row, **changes))
    return _with(report, tables=tuple(rows), extras=tuple(extras)), went


def _kept(report: Report, edition: str, table: str, member: str, text: str) -> Row:
    place = f"/tables/{table}/{member}"
    return make_row(report.spec.tables["extras"], sheet=edition or None, cell=place, table=table, text=text)


def _find(report: Report, extras: list[Row], edition: str, table: str, member: str) -> int | None:
    """Where ``extras`` keeps what the source printed in an edition."""
    at = report.spec.tables["extras"].position
    places = [at[name] for name in ("sheet", "cell", "table")]
    wanted = _kept(report, edition, table, member, "")
    return next((i for i, row in enumerate(extras) if all(row[p] == wanted[p] for p in places)), None)


def _without(report: Report, lost: list[tuple[Table, Row, Field]]) -> Report:
    """The report without some figures and without what ``cells`` says of them."""
    names = {(t.id, row_name(t, row), f.name) for t, row, f in lost}
    tables = {}
    for table in {t.id: t for t, _, _ in lost}.values():
        tables[table.id] = tuple(
            tuple(
                None if (table.id, row_name(table, row), f.name) in names else value
                for f, value in zip(table.fields, row, strict=True)
            )
            for row in report.rows(table.id)
        )
    tables["cells"] = tuple(row for row in report.rows("cells") if row[:3] not in names)
    return _with(report, **tables)


def _changed(report: Report, table: str, row: Row, /, **values: Value) -> Row:
    names = report.spec.tables[table].fields
    return tuple(values.get(f.name, value) for f, value in zip(names, row, strict=True))


def _with(report: Report, /, **tables: tuple[Row, ...]) -> Report:
    return build(report.spec, {**report.tables, **tables})
