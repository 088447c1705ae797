"""Whether anything can be opened once a PDF was read: called by name, in a confined process."""

import os

from fatk.documents import pdfium


def attempt(data: bytes) -> dict[str, object]:
    """Read, then try what Python's audit does not see."""
    found = pdfium.read(data, {"pages": 9, "page_characters": 99, "page_drawings": 99})
    try:
        os.dup(1)
    except OSError as error:
        return {"pages": len(found["pages"]), "opened": type(error).__name__}
    return {"pages": len(found["pages"]), "opened": "done"}
