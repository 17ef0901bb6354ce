"""``plot()`` of answers. What draws stands above this floor and is found by name, when a picture is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Pictured:
    """An answer that can be drawn."""

    def plot(self, instance: Any = None) -> Figure:
        """A Matplotlib figure of the answer; ``fairbound.plotting.plot`` says of what."""
        figure: Figure = import_module("fairbound.plotting").plot(self, instance)
        return figure
