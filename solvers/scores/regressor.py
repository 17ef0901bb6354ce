"""``fit`` and ``predict`` in the manner of scikit-learn, with the proof in hand."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from fairbound.models.core.errors import InputError
from fairbound.models.scores.instance import BEST_SUBSET, LAD, ScoresInstance
from fairbound.models.scores.panel import Column, Design
from fairbound.solvers.core.result import Settings
from fairbound.solvers.core.solve import solve

if TYPE_CHECKING:
    from fairbound.solvers.core.result import Result
    from numpy.typing import ArrayLike, NDArray

DIGITS = 6
LARGEST = 2**53


class CertifiedRegressor:
    """A linear model whose fit is proven to be the best one.

    Parameters
    ----------
    objective
        ``lad``, ``sparse_lad`` or ``best_subset``.
    k
        Features that the last two may use.
    ridge
        Weight of squared coefficients in ``best_subset``, in standard deviations.
    digits
        Numbers are rounded to so many digits of each column's largest; what is proven is about these.
    time_limit
        Seconds.

    Attributes
    ----------
    coef_ : ndarray, shape (p,)
    intercept_ : float
    feature_names_in_ : ndarray of str, shape (p,)
    result_
        Status, exact value, bounds, level and certificate.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0, 1], [1, 0], [2, 5], [3, 2], [4, 4]])
    >>> model = CertifiedRegressor("lad").fit(x, 2 * x[:, 0] + 1)
    >>> model.predict([[10, 0]]).tolist(), model.result_.status.value
    ([21.0], 'optimal')
    """

    def __init__(
        self,
        objective: str = BEST_SUBSET,
        k: int = 3,
        ridge: float = 0.001,
        digits: int = DIGITS,
        time_limit: float | None = None,
    ) -> None:
        self.objective, self.k, self.ridge, self.digits, self.time_limit = objective, k, ridge, digits, time_limit

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - scikit-learn asks it so
        """The parameters, as scikit-learn clones an estimator."""
        return {name: getattr(self, name) for name in ("objective", "k", "ridge", "digits", "time_limit")}

    def set_params(self, **changes: Any) -> Self:
        """Change parameters; raises ``InputError`` for a name that is none."""
        for name, value in changes.items():
            if name not in self.get_params():
                raise InputError("unknown parameter", found=name, wanted=", ".join(self.get_params()))
            setattr(self, name, value)
        return self

    def fit(self, X: Any, y: ArrayLike) -> Self:
        """Fit to features (n, p) and labels (n,).

        Raises
        ------
        InputError
            For shapes that do not match, numbers that are not finite, or fewer features than k.
        """
        names = [str(name) for name in getattr(X, "columns", range(np.asarray(X).shape[-1]))]
        table, labels = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
        if table.ndim != 2 or labels.shape != table.shape[:1]:
            raise InputError("X and y", found=f"{table.shape} and {labels.shape}", wanted="(n, p) and (n,)")
        if not np.isfinite(table).all() or not np.isfinite(labels).all():
            raise InputError("X or y", found="a number that is not finite", wanted="finite numbers")
        columns = tuple(self._column(name, table[:, j]) for j, name in enumerate(names))
        label = self._column("label", labels)
        ridge, k = Fraction(str(self.ridge)), 1 if self.objective == LAD else self.k
        instance = ScoresInstance("regression", Design(columns, label.training, (), label.unit), k=k, ridge=ridge)
        instance.check_question()
        self.result_: Result = solve(instance, self.objective, None, Settings(time_limit=self.time_limit))
        model = self.result_.solution
        if model is None:
            raise InputError("no model was found within the time limit", found=self.time_limit)
        each = {column.name: float(b) for column, b in zip(instance.design.columns, model.coefficients, strict=True)}
        self.coef_: NDArray[np.float64] = np.array([each.get(name, 0.0) for name in names])
        self.intercept_ = float(model.intercept)
        self.feature_names_in_ = np.array(names, dtype=object)
        self.n_features_in_ = len(names)
        return self

    def _column(self, name: str, values: NDArray[np.float64]) -> Column:
        """Values in whole numbers of a power of ten."""
        largest = float(np.abs(values).max(initial=0.0))
        power = 0 if not largest else self.digits - 1 - int(np.floor(np.log10(largest)))
        unit = Fraction(10) ** -power
        whole = np.round(values / float(unit)).astype(object) if largest / float(unit) < LARGEST else values
        return Column(name, "", unit, tuple(int(x) for x in whole), ())

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Predictions (n,) of features (n, p)."""
        return np.asarray(np.asarray(X, dtype=float) @ self.coef_ + self.intercept_)

    def score(self, X: Any, y: ArrayLike) -> float:
        """Share of the labels' variance that is explained."""
        labels = np.asarray(y, dtype=float)
        return float(1 - ((labels - self.predict(X)) ** 2).sum() / ((labels - labels.mean()) ** 2).sum())
