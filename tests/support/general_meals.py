"""Small CEP instances whose meals are not proportional to enrolment."""

from fairbound.benchmarks.cep.tiny import MEALS as ROWS
from fairbound.benchmarks.cep.tiny import with_meals

__all__ = ["ROWS", "with_meals"]
