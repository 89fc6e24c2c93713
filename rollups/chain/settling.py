"""What is left of each line, and what is wrong with an edge; as queries over those of `edges.EDGES`."""

from __future__ import annotations

from accounts.choices import Level
from rollups.chain.ages import MARK, MONTH_OVER
from rollups.choices import CaseKind

LAW_SINCE = 2015
"""Budget year from which money goes on to the next level within 30 days (rule F06)."""

_TAG = ("money_level", "category_id", "item_id")


def _taken(name: str, of: str, depth: int) -> str:
    """
    One step of the settlement: of each group of lines that agree in so many parts of the tag, what is still due is
    taken off in the order of the lines; what was taken too much, because money came back under another tag, returns.
    """
    group = ", ".join(("document", "holder_key", *_TAG[:depth]))
    return f"""
{name} AS (
    SELECT document, holder_key, uid, n, money_level, category_id, item_id, fen,
        (rest - least(rest, greatest(0, due - rest_before))
            + least(fen - rest, greatest(0, -due - taken_after)))::bigint AS rest
    FROM (
        SELECT l.*, coalesce(u.fen, 0) - sum(l.fen - l.rest) OVER same AS due,
            sum(l.rest) OVER onwards - l.rest AS rest_before,
            sum(l.fen - l.rest) OVER backwards - (l.fen - l.rest) AS taken_after
        FROM {of} l LEFT JOIN (SELECT {group}, sum(fen) AS fen FROM used GROUP BY {group}) u USING ({group})
        WINDOW same AS (PARTITION BY {group}), onwards AS (PARTITION BY {group} ORDER BY l.n, l.uid),
            backwards AS (PARTITION BY {group} ORDER BY l.n DESC, l.uid DESC)
    ) step)"""


LEFT = f"""
touched AS (
    SELECT document, holder_key, uid, n, money_level, category_id, item_id, fen, fen AS rest FROM line
    WHERE (document, holder_key) IN (SELECT document, holder_key FROM used)),
{_taken("of_item", "touched", 3)}, {_taken("of_category", "of_item", 2)}, {_taken("of_level", "of_category", 1)},
{_taken("of_edge", "of_level", 0)},
left_over AS (
    SELECT l.*, coalesce(r.rest, l.fen) AS rest FROM line l LEFT JOIN of_edge r USING (uid))
"""
"""
`left_over`: every line with its `rest`. What went on, stayed or was taken back is taken off the lines of the edge:
first where level, category and item agree, then level and category, then level, then whatever is left.
"""

_PASSES_ON = ", ".join(f"'{level}'" for level in (Level.PROVINCE, Level.CITY))

FOUND = f"""
seen AS (SELECT *, given - passed - retained AS unallocated, {MARK} AS mark FROM edge),
found AS (
    SELECT e.document, e.issuer, e.issuer_key, e.holder, e.holder_key, e.since, f.*
    FROM seen e CROSS JOIN LATERAL (VALUES
        ('{CaseKind.TAKEN_ELSEWHERE}', -given, 0, issuer),
        ('{CaseKind.OVER_PASSED}', passed + retained - greatest(given, 0), 0, holder),
        ('{CaseKind.OVER_ARRIVED}', arrived - greatest(given, 0), 0, holder),
        ('{CaseKind.OVER_RETURNED}', -arrived, 0, holder),
        ('{CaseKind.SHORT_ARRIVED}', CASE WHEN reported THEN given - greatest(arrived, 0) END, 0, issuer),
        ('{CaseKind.IDLE}', CASE WHEN mark > 0 THEN unallocated END, mark, holder),
        ('{CaseKind.LATE}', CASE WHEN mark = 0 AND level IN ({_PASSES_ON}) AND year >= {LAW_SINCE} AND {MONTH_OVER}
            THEN unallocated END, 0, holder)
    ) AS f (kind, fen, age, acting) WHERE f.fen > 0)
"""
"""`found`: every case of an edge on this day: by how much (分), how old (1 or 2 years), and the division that acts."""
