"""What a batch is to do with every source, as data that a process elsewhere can be given."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any

from fatk import __version__
from fatk.batch.sources import Content
from fatk.limits import DEFAULTS, Limits
from fatk.render import rules_digest
from fatk.spec import load

#: What is made: a form of each report, with its suffix, or one store of all.
STORE = "store"
SUFFIXES = {"package": "", "json": ".json", "xlsx": ".xlsx"}


@dataclass(frozen=True)
class Order:
    """What is wanted of every source; ``target`` is the folder that is written, ``to`` what is made in it.

    ``as_of`` is the day on which waivers are judged, as ``2024-05-31``. ``limits`` are those that differ from the defaults.
    """

    target: str
    to: str
    edition: str | None = None
    unit: str | None = None
    allow_loss: bool = False
    as_of: str = ""
    limits: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def bounds(self) -> Limits:
        """The limits in force."""
        return Limits(**{f.name: self.limits.get(f.name, getattr(DEFAULTS, f.name)) for f in fields(Limits)})

    @cached_property
    def digest(self) -> str:
        """Digest of all that decides what becomes of a source beside what it holds: versions, rules, options."""
        decides: list[Any] = [
            __version__,
            load().version,
            rules_digest(),
            asdict(self) | {"target": "", "as_of": ""},
        ]
        if self.to == STORE:
            from fatk.warehouse.datasets import datasets

            decides.append(repr(datasets(load())))
        return _digest(decides)

    def key(self, content: Content) -> str | None:
        """What a source is known by once it is done: the same key, the same outcome. ``None`` where it could not be read."""
        if content.sha256 is None:
            return None
        waived = content.waivers and [content.waivers_sha256, self.as_of]
        return _digest([self.digest, content.sha256, waived])


@dataclass(frozen=True, slots=True)
class Item:
    """One source in a task: its path and place, the digest and size that it had when it was found, the file of its waivers,
    and where its output goes. ``refused`` names the code by which it is refused unread, with the details of its sentence."""

    path: str
    place: str
    sha256: str
    size: int
    folder: bool = False
    waivers: str | None = None
    output: str | None = None
    refused: tuple[str, Mapping[str, int]] | None = None


def _digest(parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]
