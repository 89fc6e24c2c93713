"""Models of the funds app."""

from funds.models.codes import BudgetItem, FundCategory
from funds.models.document import FundDocument, FundLine

__all__ = ["BudgetItem", "FundCategory", "FundDocument", "FundLine"]
