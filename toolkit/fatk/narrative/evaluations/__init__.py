"""The form 项目支出绩效自评表 both ways: tables and text that has lost its cells into rows of a report, a report into the form."""

from fatk.narrative.evaluations.evaluation import Evaluation, Place, Unread
from fatk.narrative.evaluations.lines import forms_in, read_lines
from fatk.narrative.evaluations.sheets import is_evaluation, read_sheet
from fatk.narrative.evaluations.writing import lay_out

__all__ = [
    "Evaluation",
    "Place",
    "Unread",
    "forms_in",
    "is_evaluation",
    "lay_out",
    "read_lines",
    "read_sheet",
]
