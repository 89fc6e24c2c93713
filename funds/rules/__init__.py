"""Rules of fund documents (F01–F11); `docs/rules/` has each calculation."""

from __future__ import annotations

from collections.abc import Sequence

from funds.rules import amounts, chain, codes, kinds, matching, numbers, passing, timing
from funds.rules.context import FundContext
from povfund.common.errors import Finding
from records.registry import Row
from records.rules import Rule, run_rules

RULES = (
    Rule(id="SHAPE", article="9", check=codes.check_known),
    Rule(id="BAD_AMOUNT", article="2", check=amounts.check_amounts),
    Rule(id="STATED_TOTAL", article="9", check=amounts.check_stated),
    Rule(id="BAD_DATE", article="9", check=timing.check_dates),
    Rule(id="F01", article="2", check=codes.check_in_force),
    Rule(id="F02", article="9", check=numbers.check_number),
    Rule(id="F03", article="9", check=numbers.check_once),
    Rule(id="F04", article="9", check=chain.check_parent),
    Rule(id="F04", article="9", check=amounts.check_recovery),
    Rule(id="F04", article="9", check=kinds.check_kinds),
    Rule(id="F05", article="9", check=timing.check_late),
    Rule(id="F06", article="9", check=passing.check_within_a_month),
    Rule(id="F07", article="9", check=chain.check_arrived),
    Rule(id="F08", article="2", check=matching.check_matching),
    Rule(id="F09", article="9", check=passing.check_idle),
    Rule(id="F10", article="9", check=codes.check_line_in_charge),
    Rule(id="F11", article="9", check=codes.check_recipient),
)


def check(rows: Sequence[Row], stage: str) -> list[list[Finding]]:
    """Findings of every rule per row; a fixed number of queries for any number of rows."""
    return examine(rows, stage)[0]


def examine(rows: Sequence[Row], stage: str) -> tuple[list[list[Finding]], FundContext]:
    """The same, with what was fetched for it: whoever stores the rows next needs the codes again."""
    context = FundContext.load(rows)
    return run_rules(RULES, rows, context=context, stage=stage), context
