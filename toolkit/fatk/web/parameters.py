"""What a request may ask for beside its files: every parameter declared once, for the API, its description and the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from fatk.errors import Declined
from fatk.spec import edition_ids
from fatk.units import UNITS
from fatk.values import parse_date
from fatk.web import work
from fatk.web.words import LANGUAGES

#: Media type of each form of a report and of a result.
MEDIA_TYPES = {
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "package": "application/zip",
    "parquet": "application/zip",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "sarif": "application/sarif+json",
    "junit": "application/xml",
    "csv": "text/csv; charset=utf-8; header=present",
}
#: Several results as JSON, one a line.
LINES = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: its default, what it may be (``None``: free text, ``bool``: true or false, ``date``: a day), and what it
    means."""

    name: str
    default: Any
    allowed: type[bool | date] | Sequence[str] | None
    meaning: str

    @property
    def forms(self) -> tuple[str, ...]:
        """What it may be written as; nothing where the text is free."""
        if self.allowed is None:
            return ()
        if isinstance(self.allowed, type):
            return ("true", "false") if self.allowed is bool else ("YYYY-MM-DD",)
        return tuple(self.allowed)

    def value(self, text: str) -> Any:
        """The value that a text stands for; ``Declined`` where it stands for none."""
        if self.allowed is bool and text.lower() in _TRUTH:
            return _TRUTH[text.lower()]
        free = self.allowed is None or (self.allowed is date and parse_date(text) is not None)
        if self.allowed is bool or not (free or text in self.forms):
            raise Declined("PARAMETER_VALUE", name=self.name, value=text, allowed=self.forms)
        return text


@dataclass(frozen=True, slots=True)
class Part:
    """A file that a form may hold beside the reports that it is about: its name, whether there may be several, its meaning."""

    name: str
    several: bool
    meaning: str


_TRUTH = {"true": True, "1": True, "on": True, "false": False, "0": False, "": False}

NAME = Parameter(
    "name",
    "",
    None,
    "Name of the file where the body is the file itself; its suffix is a hint for plain text.",
)
EDITION_OF = Parameter(
    "edition",
    None,
    edition_ids(),
    "Check as a report of this edition of the printed forms, whatever the file says.",
)
EDITION = Parameter("edition", None, edition_ids(), "Put the report into this edition of the printed forms.")
TOGETHER = Parameter(
    "together",
    False,
    bool,
    "All files are one report, such as a workbook and its narrative; else each is one.",
)
LANGUAGE = Parameter("lang", "zh", LANGUAGES, "Language of a result that has one.")
FORMAT = Parameter(
    "format",
    None,
    tuple(work.RESULTS),
    "Form of the result; else what Accept asks for, else json. xlsx is a copy of the workbook with the cells in question marked.",
)
TO = Parameter(
    "to",
    "json",
    tuple(work.SUFFIXES),
    "Form to convert to: package is a data package as a zip; parquet is a zip of the rows of each dataset; docx, html, md and txt are the narrative.",
)
UNIT = Parameter("unit", None, UNITS, "Convert amounts to this unit, exactly.")
DERIVE = Parameter(
    "derive_tables", False, bool, "Where there is only a narrative, derive the tables from it."
)
ALLOW_LOSS = Parameter(
    "allow_loss",
    False,
    bool,
    "Let figures be rounded or left out that the unit or the edition has no place for.",
)

AS_OF = Parameter(
    "as_of", None, date, "Judge on this day, YYYY-MM-DD, whether a waiver is in force; else on today's."
)

VALIDATE = (FORMAT, EDITION_OF, TOGETHER, LANGUAGE, AS_OF, NAME)
CONVERT = (TO, EDITION, UNIT, DERIVE, ALLOW_LOSS, NAME)

#: What the files may be checked beside, as further parts of the form.
BESIDE = (
    Part(
        "previous",
        False,
        "The report of the same entity of the year before: opening figures are checked against its closing ones.",
    ),
    Part(
        "with",
        True,
        "The report of a unit that the report consolidates: figures are checked against the sums of all that are given.",
    ),
    Part(
        "waivers",
        False,
        "Findings that an office lets pass, as waivers.schema.json has them: they are told apart and no longer count.",
    ),
)


def values(parameters: Iterable[Parameter], *given: Mapping[str, str]) -> dict[str, Any]:
    """The value of every parameter, from the query or the fields of a form; one that is not given has its default.
    ``Declined`` where one is not known, or has a value that it may not have."""
    known = {parameter.name: parameter for parameter in parameters}
    found = {name: parameter.default for name, parameter in known.items()}
    for source in given:
        for name, text in source.items():
            if name not in known:
                raise Declined("PARAMETER_UNKNOWN", name=name, known=tuple(known))
            if text or known[name].allowed is bool:
                found[name] = known[name].value(text)
    return found
