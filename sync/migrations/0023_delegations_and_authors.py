"""Orders say who drew them up, at either end; a seat is delegated for at most a year."""

import django.db.models.expressions
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


AUTHORS = """
    UPDATE sync_changeorder o SET drafted_key = o.node_id || ':' || p.id, drafted_name = p.name
    FROM accounts_user u JOIN accounts_person p ON p.id = u.person_id WHERE u.id = o.drafted_by_id
"""
ONE_YEAR = "UPDATE sync_seatdelegation SET valid_to = valid_from + 365 WHERE valid_to >= valid_from + 366"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_successions_lead_on"),
        ("sync", "0022_withdrawals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="changeorder",
            name="order_moves",
        ),
        migrations.AddField(
            model_name="changeorder",
            name="drafted_key",
            field=models.CharField(blank=True, db_collation="C", db_default="", default="", max_length=40),
        ),
        migrations.AddField(
            model_name="changeorder",
            name="drafted_name",
            field=models.CharField(blank=True, db_default="", default="", max_length=60),
        ),
        migrations.RunSQL(AUTHORS, migrations.RunSQL.noop),
        pgtrigger.migrations.AddTrigger(
            model_name="changeorder",
            trigger=pgtrigger.compiler.Trigger(
                name="order_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    IF ROW(OLD.uid, OLD.node_id, OLD.number, OLD.code, OLD.record_type, OLD.line, OLD.scope_key, OLD.title, OLD.count, OLD.root, OLD.fen_by, OLD.deletions, OLD.reason_code, OLD.reason, OLD.drafted_by_id, OLD.drafted_unit, OLD.drafted_key, OLD.drafted_name, OLD.drafted_at) IS DISTINCT FROM ROW(NEW.uid, NEW.node_id, NEW.number, NEW.code, NEW.record_type, NEW.line, NEW.scope_key, NEW.title, NEW.count, NEW.root, NEW.fen_by, NEW.deletions, NEW.reason_code, NEW.reason, NEW.drafted_by_id, NEW.drafted_unit, NEW.drafted_key, NEW.drafted_name, NEW.drafted_at) THEN\n        RAISE EXCEPTION 'order % is as it was drawn up; ask anew for something else', OLD.number USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    IF OLD.state IN ('done', 'refused', 'withdrawn', 'expired', 'void') AND NEW.state <> OLD.state THEN\n        RAISE EXCEPTION 'order % is closed', OLD.number USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    IF current_user = 'fp_app' AND (NEW.permit_id IS DISTINCT FROM OLD.permit_id\n        OR NEW.state <> OLD.state AND NEW.state IN ('permitted', 'executing', 'done')) THEN\n        RAISE EXCEPTION 'order % is permitted and carried out by the transmission alone', OLD.number USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    IF NEW.expires_at <> OLD.expires_at AND (NEW.state = OLD.state OR NEW.state NOT IN ('asked', 'permitted')) THEN\n        RAISE EXCEPTION 'the day on which order % expires follows from its course', OLD.number USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    IF NEW.state = 'asked' AND OLD.state <> NEW.state AND 2 <> (\n        SELECT count(*) FROM sync_changesignature s WHERE s.order_id = OLD.uid AND s.decision = 'sign') THEN\n        RAISE EXCEPTION 'order % lacks signatures', OLD.number USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    IF NEW.state IN ('permitted', 'executing', 'done') AND OLD.state <> NEW.state AND 4 <> (\n        SELECT count(*) FROM sync_changesignature s WHERE s.order_id = OLD.uid AND s.decision <> 'refuse') THEN\n        RAISE EXCEPTION 'order % lacks signatures', OLD.number USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    RETURN NEW;\n",
                    hash="dc60fcc2325b60242a56d1fd17d93bb42a2b3bf5",
                    operation="UPDATE",
                    pgid="pgtrigger_order_moves_ac519",
                    table="sync_changeorder",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.RunSQL(ONE_YEAR, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="seatdelegation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "valid_to__lt",
                        django.db.models.expressions.CombinedExpression(models.F("valid_from"), "+", models.Value(366)),
                    )
                ),
                name="sync_seatdelegation_at_most_a_year",
            ),
        ),
    ]
