"""What is wrong with a command as it was given, in the language of the reader; click says it in English only."""

from __future__ import annotations

from typing import Any

from fatk import resources
from fatk.findings import fill

#: What click calls the types of whole numbers.
_NUMBERS = frozenset({"int", "int range", "integer", "integer range"})


def told(error: Any, language: str = "zh") -> str | None:
    """The sentence of a usage error of click and where to read on; ``None`` for an exception that is none.

    Which library raised it does not matter, click itself or what typer keeps of it: kinds are told by their names.
    """
    if type(error).__name__ == "NoArgsIsHelpError":
        return str(error.format_message())
    kind = next((base.__name__ for base in type(error).__mro__ if base.__name__ in _texts()), None)
    if kind is None:
        return None
    context, parameter = error.ctx, getattr(error, "param", None)
    commands = _commands(context)
    if kind == "UsageError" and commands:  # whatever is given to a group of commands is one
        kind = "NoSuchCommand"
    declared = getattr(parameter, "type", None)
    least, most = getattr(declared, "min", None), getattr(declared, "max", None)
    if kind == "BadParameter" and getattr(declared, "name", "") in _NUMBERS:
        kind = "number" if least is None else "least" if most is None else "between"
    details = {
        "name": _name(parameter) if parameter else getattr(error, "option_name", ""),
        "help": getattr(parameter, "help", None) or "",
        "least": least,
        "most": most,
        "allowed": ", ".join(commands or _allowed(parameter)),
    }
    lines = [f"fatk: {fill(_texts()[kind][language], details, 400)}"]
    if context is not None:
        lines.append(fill(_texts()["help"][language], {"command": context.command_path}))
    return "\n".join(lines)


def _texts() -> Any:
    return resources.read_json("notices", "command.json")["usage"]


def _commands(context: Any) -> list[str]:
    """The commands of a group; none where the context is of a command."""
    return list(getattr(getattr(context, "command", None), "commands", ()))


def _name(parameter: Any) -> str:
    """An option by its longest name, an argument as its usage shows it."""
    if parameter.param_type_name == "option":
        return str(max(parameter.opts, key=len))
    return str(parameter.metavar or parameter.human_readable_name)


def _allowed(parameter: Any) -> list[str]:
    """What a parameter takes: its choices, or the form of a date."""
    kind = getattr(parameter, "type", None)
    choices = [str(getattr(choice, "value", choice)) for choice in getattr(kind, "choices", ())]
    return choices or [form.replace("%Y-%m-%d", "YYYY-MM-DD") for form in getattr(kind, "formats", ())]
