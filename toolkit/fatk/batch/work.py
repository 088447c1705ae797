"""What is done with each source of a batch: read, check, write; and the line by which the journal remembers it.

An error in a source is an outcome like any other. What only the whole run can do nothing about, a target without room, is
raised.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

from fatk import check, editions, files, formats, units, waivers
from fatk.batch.orders import STORE, Item, Order
from fatk.errors import FatkError, NotWritten, Refused
from fatk.findings import INFO
from fatk.outcome import Outcome, Refusal
from fatk.spec import load

#: What a journal remembers of one source.
Line = dict[str, Any]
REFUSED = "refused"


def do(order: Order, items: Sequence[Item], begun: Callable[[int], object] = lambda _: None) -> list[Line]:
    """Read, check and write so many sources; ``begun`` is called with the number of each before it is read.

    The lines of the journal, in the order of the items. For a store the rows of all of them are one spool file, which is
    whole on the disk when this returns. ``NotWritten`` where a spool cannot be written.
    """
    if order.to == STORE:
        return _spooled(order, items, begun)
    with files.lasting_together():
        return [_written(order, item, outcome) for item, outcome in _outcomes(order, items, begun)]


def _outcomes(
    order: Order, items: Sequence[Item], begun: Callable[[int], object]
) -> Iterator[tuple[Item, Outcome]]:
    for number, item in enumerate(items):
        begun(number)
        yield item, outcome_of(order, item)


def outcome_of(order: Order, item: Item) -> Outcome:
    """What becomes of one source; nothing but want of memory is raised."""
    started = perf_counter()
    result, refused = None, None
    try:
        result = _checked(order, item)
    except FatkError as error:
        refused = Refusal.of(error)
    except OSError as error:
        refused = Refusal.of(Refused("FILE_UNREADABLE", path=item.path, reason=error))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  a fault of ours in one file must not be the end of all others
        refused = Refusal.of(FatkError("READER_FAULT", kind=type(error).__name__, text=str(error)))
    form = result.reading.form if result else None
    return Outcome(item.path, item.sha256, item.size, form, result, refused, perf_counter() - started)


def _checked(order: Order, item: Item) -> check.Result:
    if item.refused is not None:
        raise _unread(item.path, *item.refused)
    place = Path(item.place)
    reading = formats.accounts(formats.read(place, limits=order.bounds))
    if not item.folder and reading.sha256 != item.sha256:
        raise Refused("FILE_CHANGED", path=item.path)
    reading = replace(reading, path=item.path)
    if order.edition is not None:
        reading = editions.into(reading, load().edition(order.edition), allow_loss=order.allow_loss)
    result = check.check(reading)
    if item.waivers is None:
        return result
    declared = Path(item.waivers)
    return waivers.apply(
        result, waivers.read(declared, order.bounds), date.fromisoformat(order.as_of), declared.name
    )


def _unread(path: str, code: str, details: Mapping[str, int]) -> Refused:
    """Why a source is not read: its folder cannot be looked into, or it ended the process which read it."""
    if code == "FOLDER_UNREADABLE":
        number = details.get("errno", 0)
        return Refused("FOLDER_UNREADABLE", path=path, reason=OSError(number, os.strerror(number)))
    limit = details.get("limit", 0)
    if code == "READER_TIMEOUT":
        return Refused("READER_TIMEOUT", limit=limit)
    if code == "RESOURCE_LIMIT":
        return Refused("RESOURCE_LIMIT", limit=limit)
    return Refused("READER_CRASHED", status=details.get("status", 0))


# What is written


def _spooled(order: Order, items: Sequence[Item], begun: Callable[[int], object]) -> list[Line]:
    from fatk.warehouse import parts

    lines: list[Line] = []
    gathered: list[Mapping[str, list[tuple[Any, ...]]]] = []
    for item, read in _outcomes(order, items, begun):
        outcome, made = _with_rows(read)
        line = line_of(item, outcome)
        line |= {"part": parts.part_of(line["fiscal_year"], line["division"]), "row": len(gathered)}
        gathered.append(made)
        lines.append(line)
    spool = parts.spool(Path(order.target), gathered)
    return [line | {"spool": spool} for line in lines]


def _with_rows(outcome: Outcome) -> tuple[Outcome, Mapping[str, list[tuple[Any, ...]]]]:
    """An outcome and its rows; one that none can be made of is a fault of ours, and told as such."""
    from fatk.warehouse.rows import rows

    try:
        return outcome, rows(outcome)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  as in outcome_of
        fault = Refusal.of(FatkError("READER_FAULT", kind=type(error).__name__, text=str(error)))
        outcome = replace(outcome, result=None, refused=fault)
        return outcome, rows(outcome)


def _written(order: Order, item: Item, outcome: Outcome) -> Line:
    """The line of a source whose report is written as a file or folder of its own."""
    line = line_of(item, outcome)
    if outcome.result is None:
        return line
    try:
        _write(order, Path(order.target, item.output or ""), outcome.result)
    except FatkError as error:
        return line | _status(line, Refusal.of(error))
    except OSError as error:
        return line | _status(line, Refusal.of(NotWritten("OUTPUT_FAILED", path=item.output, reason=error)))
    return line | {"output": item.output}


def _write(order: Order, target: Path, result: check.Result) -> None:
    report = result.reading.report
    if order.unit is not None:
        report = units.convert(report, order.unit, allow_loss=order.allow_loss).report
    target.parent.mkdir(parents=True, exist_ok=True)
    if order.to == "package" and target.is_dir():
        shutil.rmtree(
            target
        )  # a table that is gone leaves no file behind; what is half done is known not to be done
    formats.write(report, target, form=order.to, force=True, allow_loss=order.allow_loss)


def _status(line: Line, why: Refusal) -> Line:
    return {"unwritten": _said(why), "status": worst([line["status"], why.exit_status])}


def line_of(item: Item, outcome: Outcome) -> Line:
    """What is remembered of an outcome: enough to sum up a run without reading anything again."""
    line: Line = {
        "path": outcome.path, "sha256": outcome.sha256, "size": outcome.size, "form": outcome.form,
        "verdict": REFUSED, "fiscal_year": None, "division": None, "edition": None, "errors": 0, "warnings": 0,
        "unaccounted_cells": 0, "rules": {}, "status": 0, "seconds": round(outcome.seconds, 3),
    }  # fmt: skip
    if outcome.refused is not None:
        return line | {"refused": _said(outcome.refused), "status": outcome.refused.exit_status}
    result = outcome.result
    assert result is not None  # noqa: S101  for the type checker
    report = result.reading.report
    year, edition = report.one("report").get("fiscal_year"), report.one("report").get("edition")
    division = report.one("entity").get("administrative_division")
    rules = Counter(f.rule for f in result.findings if f.severity != INFO and f.id not in result.waived)
    return line | {
        "verdict": result.verdict, "fiscal_year": year, "division": division, "edition": edition,
        "errors": result.summary["errors"], "warnings": result.summary["warnings"],
        "unaccounted_cells": result.summary["unaccounted_cells"], "rules": dict(sorted(rules.items())),
        "status": 1 if result.summary["errors"] else 0,
    }  # fmt: skip


def _said(refusal: Refusal) -> dict[str, Any]:
    return {"code": refusal.code, "message": refusal.message, "message_en": refusal.message_en}


def worst(statuses: Sequence[int]) -> int:
    """Of several exit statuses the one that counts."""
    return next((status for status in _WORST if status in statuses), 0)


_WORST = (70, 3, 2, 5, 4, 1)
