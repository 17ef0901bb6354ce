"""A local search for transfers: Gauss-Newton on the ratios, one convex QP over the moves at a step.

The rules of a plan are linear, so the segment from a plan to the QP's answer keeps them all, and a
line search on it can only improve. The result is a start for exact methods, never a proof.
"""

from __future__ import annotations

import highspy
import numpy as np
import scipy.sparse as sp
from fairbound.models.district_transfer import TransferInstance
from fairbound.models.district_transfer.terms import Amount, ratios
from numpy.typing import NDArray

Floats = NDArray[np.float64]
STEPS = 30
DAMPING = 1e-7
ENOUGH = 1e-7


class LocalSearch:
    """Prepared data of one instance and one unweighted objective of squares."""

    def __init__(self, instance: TransferInstance, objective: str) -> None:
        self.arcs = list(instance.arcs)
        self.source = np.array([i for i, _ in self.arcs], dtype=int)
        self.target = np.array([j for _, j in self.arcs], dtype=int)
        self.S = np.array([float(size) for size in instance.sizes])
        self.low, self.high = (np.array([float(b[k]) for b in instance.size_bounds]) for k in (0, 1))
        self.budget = float(instance.p * instance.total)
        parts = ratios(instance, objective)
        self.weights = np.array([float(part.weight) for part in parts])
        self.goals = np.array([float(part.target) for part in parts])
        self.tops = [_floats(part.numerator) for part in parts]
        self.bottoms = [_floats(part.denominator) for part in parts]
        # A move between two districts is measured by the smaller: both rows then see it alike.
        self.unit = np.minimum(self.S[self.source], self.S[self.target])

    def _held(self, amount: tuple[Floats, Floats | None], moves: Floats) -> Floats:
        today, rates = amount
        if rates is None:
            return today
        held = today.copy()
        np.add.at(held, self.target, moves * rates[self.source])
        np.subtract.at(held, self.source, moves * rates[self.source])
        return held

    def residuals(self, moves: Floats) -> tuple[Floats, Floats, Floats]:
        """Weighted residuals, shape (ratios, districts), with numerators and denominators."""
        top = np.array([self._held(amount, moves) for amount in self.tops])
        bottom = np.array([self._held(amount, moves) for amount in self.bottoms])
        return np.sqrt(self.weights)[:, None] * (top / bottom - self.goals[:, None]), top, bottom

    def _jacobian(self, top: Floats, bottom: Floats) -> Floats:
        """Derivatives of the residuals by the moves in units; shape (ratios * districts, arcs)."""
        count, arcs = len(self.weights), np.arange(len(self.arcs))
        jacobian = np.zeros((count, len(self.S), len(self.arcs)))
        for k in range(count):
            ends = ((self.target, 1.0), (self.source, -1.0))
            for district, sign in ends:
                slope = np.zeros(len(self.arcs))
                if self.tops[k][1] is not None:
                    slope += self.tops[k][1][self.source] / bottom[k][district]  # type: ignore[index]
                if self.bottoms[k][1] is not None:
                    slope -= self.bottoms[k][1][self.source] * top[k][district] / bottom[k][district] ** 2  # type: ignore[index]
                jacobian[k, district, arcs] += sign * np.sqrt(self.weights[k]) * slope * self.unit
        return jacobian.reshape(count * len(self.S), -1)

    def improve(self, students: Floats) -> tuple[float, Floats]:
        """From moves in the order of ``arcs`` to a value and moves that are at least as good."""
        moves = np.maximum(students, 0.0)
        residual, top, bottom = self.residuals(moves)
        value = float((residual**2).sum())
        for _ in range(STEPS):
            jacobian = self._jacobian(top, bottom)
            hessian = jacobian.T @ jacobian + DAMPING * np.eye(len(self.arcs))
            gradient = jacobian.T @ residual.ravel() - hessian @ (moves / self.unit)
            answer = self._qp(gradient, hessian)
            if answer is None:
                break
            step, share = answer * self.unit - moves, 1.0
            while share > 1e-3:
                trial = np.maximum(moves + share * step, 0.0)
                residual, top, bottom = self.residuals(trial)
                if float((residual**2).sum()) < value:
                    break
                share /= 2
            else:
                break
            better = float((residual**2).sum())
            done = value - better < ENOUGH * value
            value, moves = better, trial
            if done:
                break
        return value, moves

    def _qp(self, gradient: Floats, hessian: Floats) -> Floats | None:
        """Minimise the model of the squares over the rules of a plan."""
        highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in (("output_flag", False), ("threads", 1), ("time_limit", 10.0)):
            highs.setOptionValue(name, value)
        count, infinity = len(self.arcs), highspy.kHighsInf
        empty = np.zeros(0, dtype=np.int32)
        highs.addCols(
            count, gradient, np.zeros(count), np.full(count, infinity), 0, np.zeros(count, np.int32), empty, np.zeros(0)
        )
        for j, size in enumerate(self.S):
            leaving, arriving = np.flatnonzero(self.source == j), np.flatnonzero(self.target == j)
            if not len(leaving):
                continue
            highs.addRow(-infinity, 1.0, len(leaving), leaving.astype(np.int32), self.unit[leaving] / size)
            both = np.concatenate([arriving, leaving])
            values = np.concatenate([self.unit[arriving], -self.unit[leaving]]) / size
            highs.addRow(self.low[j] / size - 1, self.high[j] / size - 1, len(both), both.astype(np.int32), values)
        scale = len(self.S) / self.S.sum()
        highs.addRow(-infinity, self.budget * scale, count, np.arange(count, dtype=np.int32), self.unit * scale)
        lower = sp.csc_array(np.tril(hessian))
        highs.passHessian(
            count, int(lower.nnz), int(highspy.HessianFormat.kTriangular),
            lower.indptr.astype(np.int32), lower.indices.astype(np.int32), lower.data,
        )  # fmt: skip
        highs.run()
        if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return np.asarray(highs.getSolution().col_value)


def _floats(amount: Amount) -> tuple[Floats, Floats | None]:
    rates = None if amount.rates is None else np.array([float(rate) for rate in amount.rates])
    return np.array([float(value) for value in amount.today]), rates
