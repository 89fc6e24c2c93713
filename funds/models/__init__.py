"""Models of the funds app."""

from funds.models.arrival import Arrival
from funds.models.codes import BudgetItem, DatedCode, FundCategory
from funds.models.document import FundDocument, FundLine, SumsDue

__all__ = ["Arrival", "BudgetItem", "DatedCode", "FundCategory", "FundDocument", "FundLine", "SumsDue"]
