"""本级资金 — money of the issuer's own level, which no document from above can have given."""

from __future__ import annotations

from typing import Any

from accounts.choices import KEY_LENGTH
from povfund.common.phrases import phrase as _

OWN_LEVEL = {length: str(level) for level, length in KEY_LENGTH.items()}
"""Level of money that is an issuer's own, by the length of its key."""


def own_money() -> Any:
    """Where such money is entered (`domain.md` 2.4: one number may carry both)."""
    return _(
        "Money of your own level does not come by the parent document: enter it as a second record of the same "
        "number, without a parent."
    )
