"""What a trained model gets wrong on labeled images, what it costs, and what to do about it."""

from .advice import Advice, advise
from .error_costs import ERRORS, Costs, error_costs
from .facts import Facts
from .threshold_table import Row, suggest, threshold_table

__all__ = [
    'Advice', 'Costs', 'ERRORS', 'Facts', 'Row', 'advise', 'error_costs', 'suggest',
    'threshold_table'
]
