"""Loading the divisions of the country and their units, set-wise and repeatably."""

from __future__ import annotations

import csv
from pathlib import Path

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.choices import Level, UnitKind

FILE = Path(__file__).parent / "data" / "divisions.csv"
COLUMNS = ("code", "level", "name", "former_name", "parent", "valid_from", "valid_to", "successor", "local", "note")
NEEDED = ("code", "level", "name", "parent")
ABOVE = {
    Level.PROVINCE: Level.CENTRAL,
    Level.CITY: Level.PROVINCE,
    Level.COUNTY: Level.CITY,
    Level.TOWNSHIP: Level.COUNTY,
    Level.VILLAGE: Level.TOWNSHIP,
}
SEGMENT = {
    Level.PROVINCE: slice(0, 2),
    Level.CITY: slice(2, 4),
    Level.COUNTY: slice(4, 6),
    Level.TOWNSHIP: slice(6, 9),
    Level.VILLAGE: slice(9, 12),
}

_STAGE = """
DROP TABLE IF EXISTS pg_temp.division_stage;
CREATE TEMPORARY TABLE division_stage (code text, level text, name text, former_name text,
    parent_level text, parent text, valid_from date, valid_to date, successor text, local boolean, note text,
    scope_key text) ON COMMIT DROP"""

_MERGE = """
INSERT INTO accounts_division AS d
    (code, level, name, former_name, parent_id, scope_key, valid_from, valid_to, local, note)
SELECT s.code, s.level, s.name, s.former_name, p.id, s.scope_key, s.valid_from, s.valid_to, s.local, s.note
FROM division_stage s LEFT JOIN accounts_division p ON p.code = s.parent AND p.level = s.parent_level
WHERE s.level = %s
ON CONFLICT ON CONSTRAINT accounts_division_one_key DO UPDATE SET name = excluded.name,
    former_name = excluded.former_name, parent_id = excluded.parent_id, valid_from = excluded.valid_from,
    valid_to = excluded.valid_to, local = excluded.local, note = excluded.note
WHERE (d.name, d.former_name, d.parent_id, d.valid_from, d.valid_to, d.local, d.note) IS DISTINCT FROM
    (excluded.name, excluded.former_name, excluded.parent_id, excluded.valid_from, excluded.valid_to,
     excluded.local, excluded.note)"""

_SUCCESSORS = """
UPDATE accounts_division d SET successor_id = n.id
FROM division_stage s LEFT JOIN accounts_division n ON n.code = s.successor AND n.level = s.level
WHERE d.code = s.code AND d.level = s.level AND d.successor_id IS DISTINCT FROM n.id"""

_UNITS = """
INSERT INTO accounts_unit (division_id, kind, active)
SELECT d.id, k.kind, true FROM accounts_division d CROSS JOIN unnest(%s::text[]) AS k(kind)
WHERE d.level NOT IN ('township', 'village')
  AND NOT EXISTS (SELECT FROM accounts_division h WHERE h.code = d.code AND h.scope_key < d.scope_key)
ON CONFLICT DO NOTHING"""
"""Where one code stands at two levels (东莞, 中山, 儋州), the units are the higher level's: keys stay unique."""


def scope_keys(rows: list[dict[str, str]]) -> dict[tuple[str, str], str]:
    """(level, code) -> path of 2+2+2 characters, built from the parent chain. Raises KeyError for an orphan."""
    keys: dict[tuple[str, str], str] = {}
    for row in rows:
        level = Level(row["level"])
        if level == Level.CENTRAL:
            keys[level, row["code"]] = ""
        else:
            keys[level, row["code"]] = keys[ABOVE[level], row["parent"]] + row["code"][SEGMENT[level]]
    return keys


def read_divisions(path: Path = FILE) -> list[dict[str, str]]:
    """Rows of the file, parents before children; lines beginning with `#` name the sources."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def read_more(path: Path, national: list[dict[str, str]]) -> list[dict[str, str]]:
    """
    Rows of a province's own file: townships, villages, bodies without a national code. Raises FileFault.

    The same columns; `code`, `level`, `name` and `parent` are needed. No row of the national file is written anew.
    """
    try:
        rows = read_divisions(path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileFault(_("The file cannot be read: %(why)s.") % {"why": error}) from None
    taken = {row["code"] for row in national}
    known = {(row["level"], row["code"]) for row in national}
    depth = list(ABOVE)
    found = []
    for n, row in enumerate(rows, 1):
        lacking = [name for name in NEEDED if not row.get(name)]
        told = {"n": n, "code": row.get("code", "")}
        if lacking or row["level"] not in ABOVE:
            what = ", ".join(lacking) or "level"
            raise FileFault(_("Row %(n)s (%(code)s): not filled in or not known: %(what)s.") % (told | {"what": what}))
        if row["code"] in taken:
            raise FileFault(_("Row %(n)s: the code %(code)s is taken.") % told)
        taken.add(row["code"])
        found.append({name: row.get(name) or "" for name in COLUMNS})
    found.sort(key=lambda row: depth.index(Level(row["level"])))
    for row in found:
        level = Level(row["level"])
        start, length = SEGMENT[level].start, max(SEGMENT[level].stop, 6)
        fits = len(row["code"]) == length and row["code"][:start] == row["parent"][:start]
        if not fits or (ABOVE[level], row["parent"]) not in known:
            raise FileFault(
                _("%(code)s %(name)s: the parent is not known one level above, or the code does not begin as its code.")
                % row
            )
        known.add((level, row["code"]))
    return found


class FileFault(ValueError):
    """A file of further divisions that cannot be taken; nothing is stored."""


@transaction.atomic
def load_divisions(more: Path | None = None) -> tuple[int, int]:
    """
    行政区划装载 — divisions of the country and all five units of each code, with those of a province's own file
    (`more`) below; returns (divisions, new units). Townships and villages have no units.

    Safe to repeat: only rows that differ are written, nothing is deleted. Raises FileFault.
    """
    rows = read_divisions()
    rows += read_more(more, rows) if more else []
    keys = scope_keys(rows)
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        with cursor.copy("COPY division_stage FROM STDIN") as copy:
            for row in rows:
                copy.write_row(_staged(row, keys))
        for level in (Level.CENTRAL, *ABOVE):
            cursor.execute(_MERGE, [level])
        cursor.execute(_SUCCESSORS)
        cursor.execute(_UNITS, [list(UnitKind.values)])
        return len(rows), cursor.rowcount


def _staged(row: dict[str, str], keys: dict[tuple[str, str], str]) -> tuple[object, ...]:
    level = Level(row["level"])
    return (
        row["code"],
        level,
        row["name"],
        row["former_name"],
        ABOVE.get(level),
        row["parent"],
        row["valid_from"] or None,
        row["valid_to"] or None,
        row["successor"] or None,
        bool(row["local"]),
        row["note"],
        keys[level, row["code"]],
    )
