"""A command of seatrial: a task of invoke whose parameters can be given as words without a flag.

The `seatrial` program reads a command line itself. Under ``invoke`` the commands are tasks of a project, next to its
own; invoke reads the command line then, and `seatrial.tasks.invoke_line` reads it first.
"""

from __future__ import annotations

import inspect
import sys
from functools import cached_property, partial
from itertools import count
from typing import TYPE_CHECKING, Any, Callable

from invoke.parser.argument import Argument
from invoke.tasks import Task, task

from seatrial.tasks.command_line import SHORT, Parameter
from seatrial.tasks.console import PRESENTATION, Presentation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from invoke.program import Program


SHARED = Presentation._fields
"""The flags that every command takes."""


class CommandTask(Task[Callable[..., Any]]):
    """A task whose parameters ``words`` can be given as words without a flag, in this order.

    A word for ``part`` that begins like a version is taken for ``version``.
    """

    def __init__(self, body: Callable[..., Any], *, words: Iterable[str] = (), **options: Any) -> None:
        """``options``: those of invoke's tasks."""
        self.words = tuple(words)
        self._texts = {name.replace("-", "_"): text for name, text in (options.get("help") or {}).items()}
        super().__init__(body, auto_shortflags=False, **options)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters of the command, in their order."""
        # Loaded here because a listing does not need it.

        empty = inspect.Parameter.empty
        parameters = list(inspect.signature(self.body).parameters.values())[1:]
        defaults = {parameter.name: parameter.default for parameter in parameters}
        return tuple(
            Parameter(
                name=name,
                default=() if name in self.iterable else None if default is empty else default,
                help=self._texts.get(name, ""),
                takes_many=name in self.iterable,
            )
            for name, default in defaults.items()
        )

    @cached_property
    def _arguments(self) -> list[Argument]:
        # invoke removes the help texts from the task, so this can be called only once.
        arguments = super().get_arguments()
        for argument in arguments:
            if argument.name in SHORT:
                argument.names = (*argument.names, SHORT[argument.name])
        return arguments

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:  # noqa: ARG002, FBT001 - as invoke calls it
        """Return the parameters as invoke's parser takes them.

        invoke has no optional positional parameters: its parser takes a word only for a parameter whose value is None,
        and reports one that is None in the end (``ParserContext.missing_positional_args``). So a parameter is
        positional only if the command line has a word for it.
        """
        program = _invoke_with_words()
        if program is None:
            return self._arguments
        # Loaded here because a listing does not need it.
        from seatrial.tasks.invoke_line import as_positional, read_invoke_line  # noqa: PLC0415

        arguments = [*self._arguments, *map(_flag_argument, SHARED)]
        return as_positional(arguments, read_invoke_line(program).get(self, ()))

    def __call__(self, *args: Any, **values: Any) -> Any:
        """Run the command with a context, as invoke calls a task. Raises `Exit` if invoke is to run nothing."""
        if args[0].config.get("run", {}).get("dry"):
            # Loaded here because only a mistake needs it.
            from seatrial.tasks.invoke_line import dry_refusal  # noqa: PLC0415

            raise dry_refusal(self)
        for parameter in self.parameters:
            if parameter.takes_many:
                names = (f"{parameter.name}_{number}" for number in count(1))
                values[parameter.name] = [*values.get(parameter.name, ()), *_taken(values, names)]
        PRESENTATION.set(Presentation(**{name: values.pop(name, False) for name in SHARED}))
        return super().__call__(*args, **values)


command = partial(task, klass=CommandTask)
"""Makes a command of a function, as ``invoke.tasks.task`` makes a task."""


def _flag_argument(name: str) -> Argument:
    """Return a flag as invoke's parser takes it."""
    dashed = name.replace("_", "-")
    names = (dashed, SHORT[name]) if name in SHORT else (dashed,)
    return Argument(names=names, kind=bool, default=False, attr_name=name if name != dashed else None)


def _taken(values: dict[str, Any], names: Iterable[str]) -> Iterable[Any]:
    """Remove values by their names, up to the first name that is missing, and yield them."""
    for name in names:
        if name not in values:
            return
        yield values.pop(name)


def _invoke_with_words() -> Program | None:
    """Return invoke's own program if it runs and its command line names a task, else None."""
    program: Program | None = getattr(sys.modules.get("invoke.main"), "program", None)
    try:
        return program if program and (program.core.unparsed or program.args.help.value) else None
    except AttributeError:
        # It is loaded, but does not run.
        return None
