"""A report checked beside what belongs to it: last year's, those of the units that it consolidates, and its waivers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from fatk import check, editions
from fatk.errors import Refused
from fatk.model import Report
from fatk.reading import Reading
from fatk.spec import load


class Other(NamedTuple):
    """Another report, under the name that a person knows it by."""

    name: str
    report: Report


@dataclass(frozen=True, slots=True)
class Beside:
    """What a report is checked beside. Waivers are judged on the day ``as_of``, today where none is given; ``source`` is the
    file that they are of."""

    previous: Other | None = None
    parts: tuple[Other, ...] = ()
    waivers: tuple[check.Waiver, ...] | None = None
    source: str = ""
    as_of: date | None = None

    @property
    def before(self) -> Report | None:
        """Last year's report."""
        return self.previous.report if self.previous else None

    @property
    def units(self) -> tuple[Report, ...]:
        """The reports of the units."""
        return tuple(part.report for part in self.parts)


ALONE = Beside()


def checked(reading: Reading, beside: Beside = ALONE, edition: str | None = None) -> check.Result:
    """The result for a report, as one of an edition if one is given. ``Refused`` where another report does not belong to it;
    the refusal names that one as its ``source``."""
    if edition is not None:
        reading = editions.taken_for(reading, load().edition(edition))
    for other in (*((beside.previous,) if beside.previous else ()), *beside.parts):
        try:
            check.belongs(reading.report, other.report, previous=other is beside.previous)
        except Refused as refusal:
            if other.name:
                refusal.details["source"] = other.name
            raise
    result = check.check(reading, previous=beside.before, parts=beside.units)
    if beside.waivers is None:
        return result
    from fatk import waivers  # most reports have none

    day = beside.as_of or date.today()  # noqa: DTZ011  the day where the person is
    return waivers.apply(result, beside.waivers, day, beside.source)
