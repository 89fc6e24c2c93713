"""Models of the funds app."""

from funds.models.codes import BudgetItem, DatedCode, FundCategory
from funds.models.document import FundDocument, FundLine

__all__ = ["BudgetItem", "DatedCode", "FundCategory", "FundDocument", "FundLine"]
