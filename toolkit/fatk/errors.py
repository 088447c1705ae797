"""What could not be done.

An exception here means that fatk did not do what was asked: it carries a stable code and the details that its
message needs, never prose. The sentences for people stand in ``schemas/notices/refusals.json``; faults *in the data* are
findings, not exceptions.
"""

from __future__ import annotations


class FatkError(Exception):
    """Something asked for was not done; ``code`` is stable, ``details`` fill the sentence for people."""

    exit_status = 70

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details

    def __str__(self) -> str:
        return self.code + "".join(f" {name}={value!r}" for name, value in self.details.items())


class Misuse(FatkError):
    """The request itself makes no sense (unknown form, unknown edition, contradictory options): exit status 2."""

    exit_status = 2


class Refused(FatkError):
    """The input cannot or must not be read: exit status 3."""

    exit_status = 3


class WouldLose(FatkError):
    """The output could not hold everything that the report holds, so nothing was written: exit status 4."""

    exit_status = 4


class NotWritten(FatkError):
    """The output could not be put in its place; what stood there before is untouched: exit status 5."""

    exit_status = 5


class Declined(FatkError):
    """The web service does not do what was asked of it, or not now."""

    exit_status = 2
