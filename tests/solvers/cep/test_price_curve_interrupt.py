"""Ctrl-C on ``price_curve``: what is known is kept."""

from __future__ import annotations

import signal

from fairbound.solvers.cep import price_curve
from fairbound.solvers.core.result import Progress, Settings, Termination
from general_meals import with_meals


def test_ctrl_c_keeps_plan_and_bound() -> None:
    sent = []

    def interrupt(moment: Progress) -> None:
        if moment.dual is not None and not sent:
            sent.append(moment)
            signal.raise_signal(signal.SIGINT)

    result = price_curve.METHOD.run(with_meals("five"), "reimbursement", Settings(), interrupt)
    assert sent
    assert result.termination is Termination.INTERRUPTED
    assert result.primal_bound is not None
    assert result.dual_bound is not None
    assert result.certificate is not None
