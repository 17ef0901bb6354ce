"""The certificate of an answer to several objectives: a tree for each, and the one plan whose values they prove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairbound.solvers.checker import stages as checker
from fairbound.solvers.checker import tree
from fairbound.solvers.core.bound import Level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fairbound.models.core.problem import Instance

FORMAT = checker.FORMAT
LEVEL = Level.L4
CHECKER = checker


def joined(instance: Instance, trees: Sequence[Mapping[str, Any] | None]) -> dict[str, Any] | None:
    """One certificate of the trees of all stages, in order; ``None`` where a stage has none."""
    found = [dict(document) for document in trees if document is not None and document["format"] == tree.FORMAT]
    if len(found) < max(2, len(trees)):
        return None
    return {
        "format": FORMAT,
        "instance": instance.name,
        "digest": instance.digest,
        "data": instance.canonical(),
        "objective": ",".join(document["objective"] for document in found),
        "solution": found[-1]["solution"],
        "bound": found[-1]["bound"],
        "stages": [{name: document[name] for name in ("objective", "steps", "tree")} for document in found],
    }
