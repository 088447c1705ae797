"""A report written as a narrative: the sentences of its edition's wording, with every figure from the tables."""

from __future__ import annotations

from collections.abc import Sequence

from fatk.document import Block, Document
from fatk.model import Report
from fatk.narrative import forms
from fatk.narrative.completing import completed
from fatk.narrative.homes import kind_of
from fatk.narrative.tables import laid_out
from fatk.narrative.values import values_of
from fatk.wording.grammar import wording_for
from fatk.wording.writing import Told, Written, write


def narrative_of(report: Report) -> tuple[Document, tuple[str, ...]]:
    """The narrative of a report, and the paths of what it lacks for sentences that were left out."""
    wording = wording_for(report.edition.id)
    inserts: dict[str, Sequence[Block]] = {
        "tables": tuple(laid_out(report)),
        "evaluations": tuple(forms.laid_out(report)),
    }
    written = write(wording, values_of(completed(report)), kind_of, inserts)
    return Document(tuple(written.blocks)), tuple(dict.fromkeys(written.lacking))


def sentences_of(report: Report, told: Told) -> Written:
    """The sentences alone, without tables and forms; ``told`` may mark the text of each slot, whose path it is given."""
    return write(wording_for(report.edition.id), values_of(completed(report)), kind_of, {}, told)
