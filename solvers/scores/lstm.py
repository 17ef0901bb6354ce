"""The seed's network: two layers of long short-term memory, its preprocessing and its four ablations (extra ``lstm``).

Keras' choices are kept: Glorot kernels, orthogonal recurrences, a forget gate that begins open, Adam, ten epochs.
"""

from __future__ import annotations

from enum import StrEnum
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.core.errors import InputError
from fairbound.models.scores.panel import SCORE, SPENDING, WINDOW

if TYPE_CHECKING:
    from fairbound.models.scores.instance import ScoresInstance
    from fairbound.models.scores.panel import Column
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

UNITS, DROPOUT, EPOCHS, BATCH = (64, 80), 0.2, 10, 32


class Ablation(StrEnum):
    """What the network sees in training."""

    ALL = "all"
    SCORES = "scores only"
    BUDGET = "budget only"
    GARBAGE = "garbage"
    """Random numbers in training, real ones in testing: the seed's way."""


def missing() -> str:
    """Why it cannot run here, or an empty text."""
    return "" if find_spec("torch") else 'PyTorch is not installed: pip install "fairbound[lstm]"'


def inputs(instance: ScoresInstance, scale_on_training: bool = False) -> tuple[Floats, Floats, float, float]:
    """Training and test windows (rows, 8 years, functions and the score), scaled to [0, 1]; scale and start of labels.

    The label's own slot holds 1. As in the seed the scale sees the test years, unless it is fitted on training alone.

    Raises
    ------
    InputError
        Where the features are not those of whole windows.
    """
    columns = instance.design.columns
    past = [column for column in columns if column.kind == SCORE]
    budget = [column for column in columns if column.kind == SPENDING]
    if len(past) != WINDOW - 1 or len(budget) % WINDOW:
        raise InputError("the network reads whole windows", wanted="features=all, label_year=yes, functions that vary")
    count = len(budget) // WINDOW
    parts = []
    for test in (False, True):
        rows = len(instance.design.test_labels if test else instance.design.labels)
        table = np.ones((rows, WINDOW, count + 1))
        for place in range(WINDOW):
            for f in range(count):
                table[:, place, f] = _cells(budget[place * count + f], test)
            if place < WINDOW - 1:
                table[:, place, -1] = _cells(past[place], test)
        parts.append(table)
    seen = parts[:1] if scale_on_training else parts
    labels = np.array(
        instance.design.labels if scale_on_training else (*instance.design.labels, *instance.design.test_labels)
    )
    for f in range(count):
        low = min(part[:, :, f].min() for part in seen)
        high = max(part[:, :, f].max() for part in seen)
        for part in parts:
            part[:, :, f] = (part[:, :, f] - low) / (high - low)
    scores = [part[:, :-1, -1] for part in seen]
    low = min(float(labels.min()), *(float(part.min()) for part in scores))
    high = max(float(labels.max()), *(float(part.max()) for part in scores))
    for part in parts:
        part[:, :-1, -1] = (part[:, :-1, -1] - low) / (high - low)
    return parts[0], parts[1], high - low, low


def _cells(column: Column, test: bool) -> Floats:
    return np.array(column.test if test else column.training, dtype=float)


def predictions(instance: ScoresInstance, ablation: Ablation, seed: int, scale_on_training: bool = False) -> Floats:
    """What one trained network says of the test rows, in the label's units. Raises ``InputError`` without PyTorch."""
    if missing():
        raise InputError(missing())
    import torch

    train, test, scale, start = inputs(instance, scale_on_training)
    if ablation is Ablation.SCORES:
        train, test = train[:, :, -1:], test[:, :, -1:]
    elif ablation is Ablation.BUDGET:
        train, test = train[:, :, :-1], test[:, :, :-1]
    elif ablation is Ablation.GARBAGE:
        train = np.random.default_rng(seed).random(train.shape)
    labels = (np.array(instance.design.labels, dtype=float) - start) / scale
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    network = _network(torch, train.shape[2])
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, eps=1e-7)
    rows = torch.tensor(train, dtype=torch.float32), torch.tensor(labels, dtype=torch.float32)
    network.train()
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(labels)).split(BATCH):
            optimiser.zero_grad()
            loss = ((network(rows[0][batch]) - rows[1][batch]) ** 2).mean()
            loss.backward()
            optimiser.step()
    network.eval()
    with torch.no_grad():
        found = network(torch.tensor(test, dtype=torch.float32)).numpy()
    return np.asarray(found * scale + start, dtype=float)


def _network(torch: Any, features: int) -> Any:
    """LSTM 64, dropout, LSTM 80, dropout, one number."""

    class Network(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.LSTM(features, UNITS[0], batch_first=True)
            self.second = torch.nn.LSTM(UNITS[0], UNITS[1], batch_first=True)
            self.drop = torch.nn.Dropout(DROPOUT)
            self.out = torch.nn.Linear(UNITS[1], 1)
            for layer, units in ((self.first, UNITS[0]), (self.second, UNITS[1])):
                for gate in range(4):
                    part = slice(gate * units, (gate + 1) * units)
                    torch.nn.init.orthogonal_(layer.weight_hh_l0.data[part])
                torch.nn.init.xavier_uniform_(layer.weight_ih_l0.data)
                layer.bias_ih_l0.data.zero_()
                layer.bias_hh_l0.data.zero_()
                layer.bias_ih_l0.data[units : 2 * units] = 1.0
            torch.nn.init.xavier_uniform_(self.out.weight)
            self.out.bias.data.zero_()

        def forward(self, rows: Any) -> Any:
            found, _ = self.first(rows)
            found, _ = self.second(self.drop(found))
            return self.out(self.drop(found[:, -1]))[:, 0]

    return Network()
