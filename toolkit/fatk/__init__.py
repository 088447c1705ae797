"""fatk, the Final Accounts Toolkit: departmental final accounts (部门决算公开) as open data.

    import fatk

    reading = fatk.read("报表.xlsx")                  # a workbook, a data package (directory or zip) or JSON
    reading.report.value("income", "TOTAL", "total")  # Decimal('386.23')
    fatk.write(reading.report, "report.json")         # the form follows the name
    fatk.validate("report.json").verdict              # 'valid', 'invalid' or 'not_checked'

What is wrong in the data is a finding; what could not be done is a ``FatkError`` with a stable code,
of which ``explain_error`` is the sentence for people.
"""

from fatk.api import read, restate, validate, write
from fatk.check import Result
from fatk.errors import FatkError, Misuse, NotWritten, Refused, WouldLose
from fatk.findings import CellRef, Finding, explain_error
from fatk.limits import Limits
from fatk.model import Report
from fatk.reading import Reading
from fatk.values import Nothing

__version__ = "0.1.0"

__all__ = [
    "CellRef",
    "FatkError",
    "Finding",
    "Limits",
    "Misuse",
    "NotWritten",
    "Nothing",
    "Reading",
    "Refused",
    "Report",
    "Result",
    "WouldLose",
    "explain_error",
    "read",
    "restate",
    "validate",
    "write",
]
