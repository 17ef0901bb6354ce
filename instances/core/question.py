"""From a name, a file or an instance, and changed parameters, to the instance that is asked about."""

from __future__ import annotations

from collections.abc import Mapping

from fairbound.instances.core import catalogue
from fairbound.models.core.errors import InputError
from fairbound.models.core.problem import Instance
from fairbound.models.core.registry import find_problem


def load(
    instance: str | Instance, parameters: Mapping[str, object] | None = None, problem: str | None = None
) -> Instance:
    """Load an instance by catalogue name or file, with some parameters changed.

    Whether data and parameters together can be answered is asked after the parameters are changed, because a
    parameter may make acceptable what the data alone are not.

    Parameters
    ----------
    parameters
        Values as text are read as exact decimals or ratios; so ``"0.40"``, never ``0.40``.
    problem
        The problem of a file that does not tell.

    Raises
    ------
    InputError
        One line that says what is wrong, where, and what was wanted.
    """
    loaded = catalogue.load(instance, problem) if isinstance(instance, str) else instance
    if parameters:
        kind = find_problem(loaded.problem)
        given = {name: str(value) for name, value in parameters.items()}
        kind.check_parameters(given)
        loaded = kind.with_parameters(loaded, given)
    try:
        loaded.check_question()
    except InputError as error:
        raise InputError(str(error), file=instance if isinstance(instance, str) else None) from None
    return loaded
