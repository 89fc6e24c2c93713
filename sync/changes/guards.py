"""What the database itself refuses of change orders, for raw SQL and future code alike. SQLSTATE FP001."""

from __future__ import annotations

import pgtrigger

CLOSED = "('done', 'refused', 'withdrawn', 'expired', 'void')"
FIXED = (
    "uid, node_id, number, code, record_type, line, scope_key, title, count, root, fen_by, deletions, reason_code, "
    "reason, drafted_by_id, drafted_unit, drafted_key, drafted_name, drafted_at"
)


def _row(name: str) -> str:
    return ", ".join(f"{name}.{column.strip()}" for column in FIXED.split(","))


def _raise(message: str, *arguments: str) -> str:
    values = "".join(f", {argument}" for argument in arguments)
    return f"RAISE EXCEPTION '{message}'{values} USING ERRCODE = 'FP001', HINT = 'art. 12';"


_ORDER_MOVES = f"""
    IF ROW({_row("OLD")}) IS DISTINCT FROM ROW({_row("NEW")}) THEN
        {_raise("order % is as it was drawn up; ask anew for something else", "OLD.number")}
    END IF;
    IF OLD.state IN {CLOSED} AND NEW.state <> OLD.state THEN
        {_raise("order % is closed", "OLD.number")}
    END IF;
    IF current_user = 'fp_app' AND (NEW.permit_id IS DISTINCT FROM OLD.permit_id
        OR NEW.state <> OLD.state AND NEW.state IN ('permitted', 'executing', 'done')) THEN
        {_raise("order % is permitted and carried out by the transmission alone", "OLD.number")}
    END IF;
    IF NEW.expires_at <> OLD.expires_at AND (NEW.state = OLD.state OR NEW.state NOT IN ('asked', 'permitted')) THEN
        {_raise("the day on which order % expires follows from its course", "OLD.number")}
    END IF;
    IF NEW.state = 'asked' AND OLD.state <> NEW.state AND 2 <> (
        SELECT count(*) FROM sync_changesignature s WHERE s.order_id = OLD.uid AND s.decision = 'sign') THEN
        {_raise("order % lacks signatures", "OLD.number")}
    END IF;
    IF NEW.state IN ('permitted', 'executing', 'done') AND OLD.state <> NEW.state AND 4 <> (
        SELECT count(*) FROM sync_changesignature s WHERE s.order_id = OLD.uid AND s.decision <> 'refuse') THEN
        {_raise("order % lacks signatures", "OLD.number")}
    END IF;
    RETURN NEW;
"""

_ORDER_BORN = f"""
    IF NEW.permit_id IS NOT NULL OR NEW.state NOT IN ('draft', 'asked') THEN
        {_raise("order % begins as a draft, or asked where it arrives", "NEW.number")}
    END IF;
    RETURN NEW;
"""


def order_guards() -> list[pgtrigger.Trigger]:
    """
    An order keeps what it asks for, is never deleted, never leaves a closed state, is asked with two signatures,
    and becomes permitted, executing or done only with four and never by `fp_app`. Its last day moves only
    when it is asked and when it is permitted.
    """
    return [
        pgtrigger.Trigger(name="order_moves", when=pgtrigger.Before, operation=pgtrigger.Update, func=_ORDER_MOVES),
        pgtrigger.Trigger(name="order_born", when=pgtrigger.Before, operation=pgtrigger.Insert, func=_ORDER_BORN),
        pgtrigger.Protect(name="order_stays", operation=pgtrigger.Delete),
    ]


def open_change_guard() -> pgtrigger.Trigger:
    """The claim of an order on its records ends with the order, never before."""
    return pgtrigger.Trigger(
        name="open_while_order_is",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            IF TG_OP = 'UPDATE' OR NOT EXISTS (
                SELECT 1 FROM sync_changeorder o WHERE o.uid = OLD.order_id AND o.state IN {CLOSED}) THEN
                {_raise("the order on record % is open", "OLD.record_uid")}
            END IF;
            RETURN OLD;
        """,
    )


def seat_guard() -> pgtrigger.Trigger:
    """A seat stays bound to its unit; only the moment at which it is asked is filled in."""
    return pgtrigger.Trigger(
        name="seat_stays",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            IF TG_OP = 'DELETE' OR OLD.since IS NOT NULL OR
                ROW(OLD.order_id, OLD.seat, OLD.unit_id, OLD.unit_name)
                IS DISTINCT FROM ROW(NEW.order_id, NEW.seat, NEW.unit_id, NEW.unit_name) THEN
                {_raise("seat % is bound to its unit", "OLD.seat")}
            END IF;
            RETURN NEW;
        """,
    )


def withdrawal_guard() -> pgtrigger.Trigger:
    """What was said of a withdrawal stays; only that it was refused is added, once."""
    return pgtrigger.Trigger(
        name="withdrawal_stays",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            IF TG_OP = 'DELETE' OR OLD.refused_at IS NOT NULL OR
                ROW(OLD.order_id, OLD.asked_by_id, OLD.person_name, OLD.unit_name, OLD.reason, OLD.at)
                IS DISTINCT FROM
                ROW(NEW.order_id, NEW.asked_by_id, NEW.person_name, NEW.unit_name, NEW.reason, NEW.at) THEN
                {_raise("the withdrawal of order % is kept as it was asked", "OLD.order_id")}
            END IF;
            RETURN NEW;
        """,
    )


_SIGNED = f"""
    SELECT state, expires_at INTO held, until FROM sync_changeorder WHERE uid = NEW.order_id FOR NO KEY UPDATE;
    IF held IN {CLOSED} OR NEW.at > until THEN
        {_raise("the order is closed")}
    END IF;
    IF NEW.person_id IS NULL THEN
        IF current_user = 'fp_app' AND NEW.seat LIKE 'central%' THEN
            {_raise("a consent of another node comes by the transmission alone")}
        END IF;
    ELSIF held NOT IN ('draft', 'signing') AND NEW.seat LIKE 'province%'
        OR held <> 'asked' AND NEW.seat LIKE 'central%' THEN
        {_raise("seat % is not asked now", "NEW.seat")}
    ELSIF NOT EXISTS (SELECT 1 FROM accounts_user u
        WHERE u.person_id = NEW.person_id AND u.unit_id = NEW.unit_id AND u.is_active) THEN
        {_raise("the person has no account in the unit of seat %", "NEW.seat")}
    END IF;
    IF NOT EXISTS (
        WITH RECURSIVE now(unit_id) AS (
            SELECT unit_id FROM sync_changeseat WHERE order_id = NEW.order_id AND seat = NEW.seat
            UNION SELECT s.successor_id FROM accounts_unitsuccession s JOIN now ON s.unit_id = now.unit_id
        ) SELECT 1 FROM now WHERE unit_id = NEW.unit_id) THEN
        {_raise("seat % belongs to another unit", "NEW.seat")}
    END IF;
    RETURN NEW;
"""


def signature_guard() -> pgtrigger.Trigger:
    """
    A signature is given by a person with an account in the unit of the seat (or in the unit that
    succeeded it), while the order waits for that seat; deciding locks the order's row.
    """
    return pgtrigger.Trigger(
        name="signature_fits_seat",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        declare=[("held", "text"), ("until", "timestamptz")],
        func=_SIGNED,
    )
