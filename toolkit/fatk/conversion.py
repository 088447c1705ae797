"""What stands between reading a report and writing it: put into another edition or unit, derived from its text, checked."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fatk import check, editions
from fatk.model import Report
from fatk.reading import Reading
from fatk.spec import load


@dataclass(frozen=True, slots=True)
class Converted:
    """The report to write, the result of checking it, and how many amounts were rounded (of which none unless allowed)."""

    report: Report
    result: check.Result
    rounded: int = 0


def convert(
    reading: Reading,
    *,
    edition: str | None = None,
    unit: str | None = None,
    derive_tables: bool = False,
    allow_loss: bool = False,
) -> Converted:
    """A reading made ready to be written: tables derived from its text, another edition of the forms, checked, another unit.

    ``Misuse`` where there is no such edition or unit, ``WouldLose`` where something has no place in the edition or the unit
    and ``allow_loss`` is not given.
    """
    into = None if edition is None else load().edition(edition)
    if derive_tables:
        from fatk.derive import derive_tables as derived

        report, found = derived(reading.report)
        reading = replace(reading, report=report, findings=(*reading.findings, *found))
    if into is not None:
        reading = editions.into(reading, into, allow_loss=allow_loss)
    result = check.check(reading)
    if unit is None:
        return Converted(result.reading.report, result)
    from fatk import units

    converted = units.convert(result.reading.report, unit, allow_loss=allow_loss)
    return Converted(converted.report, result, converted.rounded)
