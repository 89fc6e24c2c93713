"""Sums and deletions of an order are fixed once it is drawn up, like everything it asks for."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0014_effects_of_kept_orders"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="changeorder",
            name="order_moves",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="changeorder",
            trigger=pgtrigger.compiler.Trigger(
                name="order_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    IF ROW(OLD.uid, OLD.node_id, OLD.number, OLD.code, OLD.record_type, OLD.line, OLD.scope_key, OLD.title, OLD.count, OLD.root, OLD.fen_by, OLD.deletions, OLD.reason_code, OLD.reason, OLD.drafted_by_id, OLD.drafted_unit, OLD.drafted_at) IS DISTINCT FROM ROW(NEW.uid, NEW.node_id, NEW.number, NEW.code, NEW.record_type, NEW.line, NEW.scope_key, NEW.title, NEW.count, NEW.root, NEW.fen_by, NEW.deletions, NEW.reason_code, NEW.reason, NEW.drafted_by_id, NEW.drafted_unit, NEW.drafted_at) THEN\n        RAISE EXCEPTION 'order % is as it was drawn up; ask anew for something else', OLD.number USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    IF OLD.state IN ('done', 'refused', 'withdrawn', 'expired', 'void') AND NEW.state <> OLD.state THEN\n        RAISE EXCEPTION 'order % is closed', OLD.number USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    IF current_user = 'fp_app' AND (NEW.permit_id IS DISTINCT FROM OLD.permit_id\n        OR NEW.state <> OLD.state AND NEW.state IN ('permitted', 'executing', 'done')) THEN\n        RAISE EXCEPTION 'order % is permitted and carried out by the transmission alone', OLD.number USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    IF NEW.expires_at <> OLD.expires_at AND (NEW.state = OLD.state OR NEW.state NOT IN ('asked', 'permitted')) THEN\n        RAISE EXCEPTION 'the day on which order % expires follows from its course', OLD.number USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    IF NEW.state = 'asked' AND OLD.state <> NEW.state AND 2 <> (\n        SELECT count(*) FROM sync_changesignature s WHERE s.order_id = OLD.uid AND s.decision = 'sign') THEN\n        RAISE EXCEPTION 'order % lacks signatures', OLD.number USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    IF NEW.state IN ('permitted', 'executing', 'done') AND OLD.state <> NEW.state AND 4 <> (\n        SELECT count(*) FROM sync_changesignature s WHERE s.order_id = OLD.uid AND s.decision <> 'refuse') THEN\n        RAISE EXCEPTION 'order % lacks signatures', OLD.number USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    RETURN NEW;\n",
                    hash="22127995f5df149b1b9456f19251d03525f54030",
                    operation="UPDATE",
                    pgid="pgtrigger_order_moves_ac519",
                    table="sync_changeorder",
                    when="BEFORE",
                ),
            ),
        ),
    ]
