"""The library's three verbs: read, write, validate."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from fatk import editions, formats
from fatk.beside import Beside, Other, checked
from fatk.check import Result
from fatk.limits import DEFAULTS, Limits
from fatk.model import Report
from fatk.reading import Reading


def read(path: str | Path, *, limits: Limits = DEFAULTS) -> Reading:
    """Read a report from a workbook, a CSV, a data package (directory or zip), a JSON document, or a folder or zip of them
    that is one report; its content decides which.

    The reading holds the report, what was noticed (findings), and where each cell stood. ``Refused`` is raised where the
    file cannot or must not be read or is of something else, and where the files of a folder are of several reports. Nothing
    is fetched, executed or written.
    """
    return formats.accounts(formats.read(path, limits=limits))


def write(report: Report, path: str | Path, *, force: bool = False) -> None:
    """Write a report in the form that the name says: ``.xlsx``, ``.json``, ``.zip``, or no suffix for a package directory.

    The target appears whole or not at all. ``NotWritten`` is raised where it exists and ``force`` is not given;
    ``WouldLose`` where the form cannot hold the report.
    """
    formats.write(report, path, force=force)


def restate(report: Report, edition: str, *, allow_loss: bool = False) -> Report:
    """The same report in another edition of the printed forms, by its id: the edition's titles, numbers, lines and columns.

    What the source printed as titles and numbers moves to ``extras``, and back when the report returns to its edition.
    ``WouldLose`` is raised where figures have no place in the edition's forms; with ``allow_loss`` they are left out.
    ``Misuse`` is raised where there is no such edition.
    """
    return editions.restate(report, report.spec.edition(edition), allow_loss=allow_loss).report


def validate(
    source: str | Path | Reading | Report,
    *,
    previous: str | Path | Report | None = None,
    parts: Iterable[str | Path | Report] = (),
    waivers: str | Path | None = None,
    as_of: date | None = None,
    edition: str | None = None,
    limits: Limits = DEFAULTS,
) -> Result:
    """Check a report: a file, one that was read, or one made in memory. The result's ``verdict`` is ``valid``,
    ``invalid`` or ``not_checked``; its findings are sorted, the worst first.

    ``previous`` is last year's report and ``parts`` those of the units that it consolidates; ``Refused`` is raised where one of
    them does not belong to it. ``waivers`` is a file of what an office lets pass, judged on the day ``as_of`` (today). With
    ``edition``, the id of one, the report is checked as one of that.
    """
    declared = None
    if waivers is not None:
        from fatk import waivers as waiving

        declared = waiving.read(Path(waivers), limits)
    beside = Beside(
        None if previous is None else _other(previous, limits),
        tuple(_other(part, limits) for part in parts),
        declared,
        "" if waivers is None else Path(waivers).name,
        as_of,
    )
    if isinstance(source, Report):
        source = Reading(source)
    return checked(source if isinstance(source, Reading) else read(source, limits=limits), beside, edition)


def _other(source: str | Path | Report, limits: Limits) -> Other:
    return (
        Other("", source)
        if isinstance(source, Report)
        else Other(str(source), read(source, limits=limits).report)
    )
