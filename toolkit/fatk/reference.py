"""The same report before validators that are not ours: frictionless on the package, jsonschema on the JSON document.

They check what Table Schema and JSON Schema can say, which is less than ours: where they find a fault, ours must have
found one too.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fatk import resources
from fatk.formats import json as json_form
from fatk.formats import package
from fatk.model import Report


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one validator says of a report: its name and version, and its errors as sentences."""

    validator: str
    errors: tuple[str, ...]

    @property
    def valid(self) -> bool:
        """Whether it found nothing."""
        return not self.errors


def opinions(report: Report) -> tuple[Opinion, ...]:
    """The opinions of frictionless and jsonschema on a report."""
    return (_frictionless(report), _jsonschema(report))


def _frictionless(report: Report) -> Opinion:
    import frictionless

    with tempfile.TemporaryDirectory(prefix="fatk-") as directory:
        for name, data in package.write(report).items():
            Path(directory, name).write_bytes(data)
        # Its own opinion: where our plug-in is installed, its errors are left out.
        result = frictionless.validate(str(Path(directory, package.DESCRIPTOR)), skip_errors=["fatk-rule"])
    errors = [e.message for e in result.errors] + [e.message for task in result.tasks for e in task.errors]
    return Opinion(f"frictionless {version('frictionless')}", tuple(sorted(errors)))


def _jsonschema(report: Report) -> Opinion:
    from jsonschema import Draft202012Validator

    schema: dict[str, Any] = resources.read_json("generated", "report.schema.json")
    document = json.loads(json_form.write(report))
    found = Draft202012Validator(schema).iter_errors(document)
    errors = sorted(f"/{'/'.join(str(p) for p in e.absolute_path)}: {e.message[:200]}" for e in found)
    return Opinion(f"jsonschema {version('jsonschema')}", tuple(errors))
