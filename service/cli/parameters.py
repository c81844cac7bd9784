"""Commands from annotated functions: each parameter's type, default and help stand in the function's signature.

``Annotated[Path | None, Option(metavar="FILE", help="...")]`` is an option. A parameter is text, a number, a Path,
a member of a StrEnum, a flag (bool), or a list of one of these; what is not given and has no default is None.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Any, Final, TypeAlias, get_args, get_origin, get_type_hints

import click
from click.shell_completion import CompletionItem

from service.cli.help_text import PlainArgument, PlainCommand
from service.cli.values import Choice, Number, WholeNumber

Completion: TypeAlias = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
CommandFunction: TypeAlias = Callable[..., int | None]
_NO_DEFAULT: Final = inspect.Parameter.empty


class Argument:
    """An annotation: this parameter is an argument, named ``metavar`` in the help."""

    def __init__(self, metavar: str, *, help: str, complete: Completion | None = None) -> None:  # noqa: A002
        self._attributes: dict[str, Any] = {
            "metavar": metavar,
            "help": help,
            "shell_complete": complete,
        }

    def parameter(self, name: str, hint: Any, default: Any) -> click.Parameter:
        """The argument for the function's parameter ``name`` of the type ``hint``."""
        kind, is_list = _kind_of(hint)
        return PlainArgument(
            [name],
            type=_value_type(kind),
            nargs=-1 if is_list else 1,
            callback=_listed if is_list else None,
            **self._attributes,
            **_default(default),
        )


class Option:
    """An annotation: this parameter is an option; without ``names``, it is named like the parameter."""

    def __init__(
        self,
        *names: str,
        help: str,  # noqa: A002
        metavar: str | None = None,
        bounds: tuple[int, int] | None = None,
        complete: Completion | None = None,
    ) -> None:
        self._names = names
        self._bounds = bounds
        self._attributes: dict[str, Any] = {
            "metavar": metavar,
            "help": help,
            "shell_complete": complete,
        }

    def parameter(self, name: str, hint: Any, default: Any) -> click.Parameter:
        """The option for the function's parameter ``name`` of the type ``hint``."""
        kind, is_list = _kind_of(hint)
        is_flag = kind is bool
        return click.Option(
            [name, *(self._names or [f"--{name.replace('_', '-')}"])],
            type=None if is_flag else _value_type(kind, self._bounds),
            is_flag=is_flag,
            multiple=is_list,
            callback=_listed if is_list else None,
            show_default=default not in (None, _NO_DEFAULT),
            **self._attributes,
            **_default(default),
        )


def command(
    name: str | None = None,
    *,
    epilog: str | None = None,
    short_help: str | None = None,
    takes_more: bool = False,
) -> Callable[[CommandFunction], PlainCommand]:
    """A decorator that makes a command of a function; the function's docstring is the help.

    The command is named like the function unless it has another ``name``; the function returns the exit code. If it
    ``takes_more`` arguments than it declares, they are in ``click.get_current_context().args``.
    """

    def declared(function: CommandFunction) -> PlainCommand:
        return PlainCommand(
            name or function.__name__,
            callback=function,
            params=list(parameters_of(function)),
            help=inspect.getdoc(function),
            short_help=short_help,
            epilog=epilog,
            context_settings={"allow_extra_args": takes_more},
        )

    return declared


def parameters_of(function: CommandFunction) -> Iterator[click.Parameter]:
    """The parameters of the command that ``function`` is, in the order of its signature."""
    hints = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        hint, annotation = get_args(hints[name])
        yield annotation.parameter(name, hint, parameter.default)


def _default(default: Any) -> dict[str, Any]:
    if default is _NO_DEFAULT:
        return {"required": True}
    # The help shows a default as users type it, not as Python names it.
    shown = default.value if isinstance(default, StrEnum) else default
    return {"required": False, "default": shown}


def _kind_of(hint: Any) -> tuple[Any, bool]:
    """The type of one value, and whether there may be several: ``list[str] | None`` is ``str, True``."""
    if NoneType in get_args(hint):
        hint = next(one for one in get_args(hint) if one is not NoneType)
    return (get_args(hint)[0], True) if get_origin(hint) is list else (hint, False)


def _value_type(kind: Any, bounds: tuple[int, int] | None = None) -> click.ParamType[Any]:
    if issubclass(kind, StrEnum):
        return Choice(kind)
    if kind is Path:
        return click.Path(readable=False, path_type=Path)
    if bounds is not None:
        return WholeNumber(*bounds)
    return Number() if kind is float else click.STRING


def _listed(_context: click.Context, _parameter: click.Parameter, values: Any) -> list[Any] | None:
    """The values of a repeatable parameter; None if there are none."""
    return list(values) if values else None
