"""Documents in every form, each read into and written from a ``Document``; what their text means is understood elsewhere.

A module a form, with ``read(data, opened, limits, name) -> Document`` and ``write(document) -> bytes``; they do not know one
another. Readers say what people see and nothing else. What they notice is told by the codes of ``NOTICES``.
"""

from __future__ import annotations

#: What the reader of a document notices → the notice that tells it; the others are those of spreadsheets.
NOTICES = {
    "PAGE_FURNITURE": "READ-110",
    "TEXT_LAYER": "READ-111",
    "HIDDEN_TEXT": "READ-112",
    "FORM_FIELDS": "READ-113",
    "NOT_FOLLOWED": "READ-114",
    "PICTURE_PAGE": "READ-115",
    "UNKNOWN_CHARACTERS": "READ-116",
    "TABLE_UNREAD": "READ-117",
    "TABLE_CONTINUED": "READ-118",
    "SLANTED_TEXT": "READ-119",
    "CHANGES_TRACKED": "READ-100",
    "TEXT_HIDDEN": "READ-101",
    "CONTENTS_SKIPPED": "READ-102",
    "NOTES_APART": "READ-103",
    "TABLE_IN_TABLE": "READ-104",
    "PAGE_NUMBERS": "READ-105",
    "LINES_JOINED": "READ-106",
    "ENCODING_ASSUMED": "READ-107",
    "CONVERTED": "READ-108",
    "PART_APART": "READ-109",
}
