"""The parts of an Office Open XML file (ECMA-376 part 2), found through relationships and never by their place in the archive."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from fatk import strictxml
from fatk.archive import Archive, Member
from fatk.errors import Refused
from fatk.limits import Limits
from fatk.strictxml import Attributes, Begin, Parse, Qualify

#: Namespaces of attributes that name a relationship, transitional and strict.
RELATED: Final = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)
_PACKAGE: Final = frozenset({"http://schemas.openxmlformats.org/package/2006/relationships"})
_RELATIONSHIPS: Final = frozenset({"Relationships/Relationship"})


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship: the last word of its type, its target (an absolute part name, or as it stands where external)."""

    kind: str
    target: str
    external: bool


@dataclass(frozen=True, slots=True)
class Package:
    """The parts of an Office Open XML file, and which of them were parsed."""

    archive: Archive
    limits: Limits
    parsed: set[str] = field(default_factory=set)

    def part(self, name: str) -> Member:
        """The part of that name, letter case aside; ``Refused`` where there is none."""
        member = self.archive.find(name)
        if member is None or member.directory:
            raise Refused("XLSX_PART_MISSING", part=name)
        return member

    def main(self) -> Member:
        """The part which the package names as its main document."""
        main = self.one(self._relations("", "_rels/.rels"), "officeDocument")
        if main is None:
            raise Refused("XLSX_PART_MISSING", part="officeDocument")
        return main

    def relationships(self, source: Member) -> dict[str, Relation]:
        """Relationships of a part by id; none where it has no relationships part."""
        folder, _, name = source.name.rpartition("/")
        return self._relations(folder, posixpath.join(folder, "_rels", name + ".rels"))

    def _relations(self, folder: str, part: str) -> dict[str, Relation]:
        member = self.archive.find(part)
        if member is None:
            return {}
        found: dict[str, Relation] = {}
        for _, attributes in self.elements(member, "Relationships", _PACKAGE, _RELATIONSHIPS):
            external = attributes.get("TargetMode") == "External"
            target = attributes.get("Target", "")
            if not external:
                target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            key = attributes.get("Id", "")
            if key in found:
                raise Refused("XLSX_BAD_REFERENCE", place=f"{member.name}#{key}", reason="used_twice")
            found[key] = Relation(attributes.get("Type", "").rpartition("/")[2], target, external)
        return found

    def one(self, related: dict[str, Relation], kind: str) -> Member | None:
        """The part that a relationship of this kind names; ``None`` where there is no such relationship."""
        targets = {r.target for r in related.values() if r.kind == kind and not r.external}
        if len(targets) > 1:
            raise Refused("XLSX_BAD_REFERENCE", place=kind, reason="several")
        return self.part(targets.pop()) if targets else None

    def elements(
        self,
        member: Member,
        root: str,
        namespaces: frozenset[str],
        wanted: frozenset[str],
        keep: Callable[[str, Attributes], bool] | None = None,
    ) -> Sequence[tuple[str, Attributes]]:
        """Path and attributes of the elements at the wanted paths (``parent/child``), at most two levels below the root;
        only those that ``keep`` wants, where it is given: of some elements there are often very many."""
        self.parsed.add(member.name)
        if member.size <= _SMALL:
            whole = (self.archive.read(member),)
            return _known(whole, member.name, self.limits, root, namespaces, wanted, keep)
        pieces = self.archive.pieces(member)
        return _elements(pieces, member.name, self.limits, root, namespaces, wanted, keep)

    def parse(
        self, member: Member, root: str, namespaces: frozenset[str], begin: Begin, mark: bytes = b""
    ) -> None:
        """Run expat over a part whose root element has to be ``root`` in one of the namespaces; there ``begin`` is called to
        set the handlers. The part is fed piece by piece, and the first piece in two, parted behind ``mark``."""
        self.parsed.add(member.name)
        pieces = self.archive.pieces(member)
        strictxml.parse(member.name, pieces, self.limits, root, namespaces, begin, mark=mark)


def _elements(
    pieces: Iterable[bytes],
    part: str,
    limits: Limits,
    root: str,
    namespaces: frozenset[str],
    wanted: frozenset[str],
    keep: Callable[[str, Attributes], bool] | None,
) -> Sequence[tuple[str, Attributes]]:
    found: list[tuple[str, Attributes]] = []

    def begin(parse: Parse, qualify: Qualify) -> None:
        space = qualify("")
        path = [root]

        def start(name: str, attributes: Attributes) -> None:
            local = name.removeprefix(space) if name.startswith(space) else ""
            step = f"{path[-1]}/{local}"
            if step in wanted and len(path) < 3 and (keep is None or keep(local, attributes)):
                found.append((step, attributes))
                if len(found) > limits.styles:
                    raise Refused("XLSX_TOO_MANY_STYLES", part=part, limit=limits.styles)
            path.append(local)
            if len(path) > limits.xml_depth:
                raise Refused("XML_TOO_COMPLEX", part=part, limit=limits.xml_depth)

        def end(name: str) -> None:
            path.pop()

        parse.parser.StartElementHandler = start
        parse.parser.EndElementHandler = end

    strictxml.parse(part, pieces, limits, root, namespaces, begin)
    return found


#: Parts of at most so many bytes are known by what is in them: programs write the same styles and relationships in each file.
_SMALL: Final = 1 << 15
_known: Final = lru_cache(maxsize=32)(_elements)
