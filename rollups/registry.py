"""Lists of the app that may be taken out as files."""

from django.utils.translation import gettext_lazy as _

from records.registry import ListType

CASES = ListType(
    key="chain_case", label=_("Cases of the fund chain"), plural="cases", sheet_path="rollups.chain.lists.CASE_FILE"
)
BALANCES = ListType(
    key="chain_balance",
    label=_("Unallocated balances"),
    plural="balances",
    sheet_path="rollups.chain.lists.BALANCE_FILE",
)
