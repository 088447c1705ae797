"""From the cells of a workbook to the rows of a report, with a place for every value and an account of every cell.

Lists are read first, since they say what the forms cannot; then the forms; then what is left is kept as it is.
"""

from __future__ import annotations

from functools import partial

from fatk.grid import Book
from fatk.model import build
from fatk.reading import Reading, check_version
from fatk.spec import Spec
from fatk.transcription.about import describe, edition_of, read_covers, warn_of_budget
from fatk.transcription.forms import leave_out, read_form, read_head, surroundings
from fatk.transcription.ledger import (
    Told,
    find_place,
    line_names,
    one,
    opened,
    pass_on_notices,
    rest,
    table_decimals,
)
from fatk.transcription.lists import read_list


def transcribe(book: Book, spec: Spec, name: str = "", told: Told | None = None) -> Reading:
    """The report that a workbook holds; ``name`` is that of its file, ``told`` what is known of the report from elsewhere."""
    ledger = opened(spec, book, name, told)
    shown_first = sorted(ledger.panes, key=lambda pane: pane.sheet.hidden)  # what is published counts
    for pane in shown_first:
        for region in pane.regions:
            if region.table.kind != "form":
                read_list(ledger, pane, region)
    about = one(ledger, "report")
    check_version(about.get("spec_version"), spec)
    names = line_names(ledger)
    for pane in shown_first:
        for region in pane.regions:
            if region.table.kind == "form":
                read_head(ledger, pane, region, names.get(str(region.table.scheme), {}))
    for form in ledger.forms.values():
        surroundings(ledger, form, names.get(str(form.region.table.scheme), {}))
    if ledger.forms and "report" not in ledger.rows:
        read_covers(ledger)
        warn_of_budget(ledger)
    edition, certainty = edition_of(ledger, about)
    decimals = about.get("decimals")
    decimals = decimals if isinstance(decimals, int) else edition.decimals
    for form in ledger.forms.values():
        table = form.region.table
        own = table_decimals(ledger, table.id, decimals)
        read_form(ledger, form, own, names.get(str(table.scheme), {}))
    leave_out(ledger, edition)
    describe(ledger, edition, decimals)
    total = sum(pane.sheet.size for pane in ledger.panes)
    accounted = rest(ledger)
    pass_on_notices(ledger)
    return Reading(
        build(spec, ledger.rows), tuple(ledger.findings), partial(find_place, ledger),
        edition_certainty=certainty, source_cells=total, unaccounted_cells=total - accounted,
    )  # fmt: skip
