import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import povfund.common.uid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_unit_successions"),
        ("sync", "0004_quarantine_notes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ChangeOrder",
            fields=[
                (
                    "uid",
                    models.UUIDField(
                        default=povfund.common.uid.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.CharField(db_collation="C", max_length=30, verbose_name="number")),
                ("code", models.CharField(db_collation="C", max_length=20, verbose_name="verification code")),
                ("record_type", models.CharField(db_collation="C", max_length=30)),
                ("line", models.CharField(db_collation="C", max_length=12, verbose_name="line")),
                ("scope_key", models.CharField(blank=True, db_collation="C", max_length=12)),
                ("title", models.CharField(max_length=200, verbose_name="about")),
                ("count", models.PositiveIntegerField(verbose_name="records")),
                ("root", models.CharField(db_collation="C", max_length=64)),
                (
                    "reason_code",
                    models.CharField(
                        choices=[
                            ("amount", "Amount entered wrongly"),
                            ("swapped", "Two lines interchanged on entry"),
                            ("code", "Wrong category, budget item or recipient"),
                            ("duplicate", "Entered twice"),
                            ("import", "A workbook was imported wrongly"),
                            ("document", "The document itself was corrected later"),
                            ("other", "Other"),
                        ],
                        db_collation="C",
                        max_length=20,
                        verbose_name="reason",
                    ),
                ),
                ("reason", models.TextField(verbose_name="explanation")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Being drawn up"),
                            ("signing", "Awaits the second provincial signature"),
                            ("asked", "Awaits the consents"),
                            ("permitted", "Permitted, awaits execution"),
                            ("executing", "Executed, on its way"),
                            ("done", "In force"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn"),
                            ("expired", "Expired"),
                            ("void", "Void"),
                        ],
                        db_collation="C",
                        default="draft",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("drafted_unit", models.CharField(db_collation="C", max_length=30)),
                ("drafted_at", models.DateTimeField(verbose_name="drawn up")),
                ("asked_at", models.DateTimeField(null=True, verbose_name="asked")),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided")),
                ("permit_id", models.UUIDField(editable=False, null=True)),
                ("expires_at", models.DateTimeField(verbose_name="valid until")),
                ("executed_at", models.DateTimeField(null=True, verbose_name="executed")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
                (
                    "closed_for",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("REFUSED", "One of the four units refused."),
                            ("WITHDRAWN", "The province withdrew it."),
                            ("EXPIRED", "Thirty days passed."),
                            ("BASE_MOVED", "The record is no longer at the revision the order is based on."),
                            ("OPEN_ORDER", "Another order on the same record is open."),
                            ("NOT_OWNER", "The record does not belong to the province that asks."),
                        ],
                        db_collation="C",
                        max_length=12,
                        verbose_name="ended because",
                    ),
                ),
                ("closed_text", models.TextField(blank=True)),
                (
                    "drafted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "executed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "node",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="change_orders",
                        to="sync.node",
                        verbose_name="province",
                    ),
                ),
            ],
            options={
                "verbose_name": "change order",
                "verbose_name_plural": "change orders",
                "ordering": ["-drafted_at", "-uid"],
            },
        ),
        migrations.CreateModel(
            name="ChangeMessage",
            fields=[
                (
                    "uid",
                    models.UUIDField(
                        default=povfund.common.uid.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("request", "Order"), ("withdraw", "Withdrawal"), ("remind", "Reminder")],
                        db_collation="C",
                        max_length=10,
                    ),
                ),
                ("payload", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("error", models.TextField(blank=True)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="messages", to="sync.changeorder"
                    ),
                ),
            ],
            options={
                "ordering": ["uid"],
            },
        ),
        migrations.CreateModel(
            name="ChangeItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("n", models.PositiveIntegerField()),
                ("record_uid", models.UUIDField()),
                ("owner", models.CharField(db_collation="C", max_length=30)),
                ("label", models.CharField(max_length=200)),
                ("base_rev", models.PositiveIntegerField()),
                ("base_hash", models.CharField(db_collation="C", max_length=64)),
                ("new_hash", models.CharField(db_collation="C", max_length=64)),
                ("proposed", models.BinaryField()),
                ("fen_before", models.BigIntegerField()),
                ("fen_after", models.BigIntegerField()),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="sync.changeorder",
                    ),
                ),
            ],
            options={
                "ordering": ["order", "n"],
            },
        ),
        migrations.CreateModel(
            name="ChangeEvidence",
            fields=[
                (
                    "uid",
                    models.UUIDField(
                        default=povfund.common.uid.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="file name")),
                ("media_type", models.CharField(db_collation="C", max_length=80)),
                ("size", models.PositiveIntegerField(verbose_name="size")),
                ("sha256", models.CharField(db_collation="C", max_length=64)),
                ("added_at", models.DateTimeField()),
                (
                    "added_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="sync.changeorder"
                    ),
                ),
            ],
            options={
                "verbose_name": "evidence",
                "verbose_name_plural": "evidence",
                "ordering": ["uid"],
            },
        ),
        migrations.CreateModel(
            name="ChangeReminder",
            fields=[
                (
                    "uid",
                    models.UUIDField(
                        default=povfund.common.uid.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "seat",
                    models.CharField(
                        choices=[
                            ("province_unit", "Provincial counterpart"),
                            ("province_finance", "Provincial finance"),
                            ("central_unit", "Central counterpart"),
                            ("central_finance", "Ministry of Finance"),
                        ],
                        db_collation="C",
                        max_length=20,
                        verbose_name="seat",
                    ),
                ),
                ("person_name", models.CharField(max_length=60, verbose_name="person")),
                ("unit_name", models.CharField(max_length=100, verbose_name="unit")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reminders", to="sync.changeorder"
                    ),
                ),
            ],
            options={
                "ordering": ["at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="ChangeSeat",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "seat",
                    models.CharField(
                        choices=[
                            ("province_unit", "Provincial counterpart"),
                            ("province_finance", "Provincial finance"),
                            ("central_unit", "Central counterpart"),
                            ("central_finance", "Ministry of Finance"),
                        ],
                        db_collation="C",
                        max_length=20,
                        verbose_name="seat",
                    ),
                ),
                ("unit_name", models.CharField(max_length=100, verbose_name="unit")),
                ("since", models.DateTimeField(null=True, verbose_name="asked")),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="seats",
                        to="sync.changeorder",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="change_seats",
                        to="accounts.unit",
                        verbose_name="unit",
                    ),
                ),
            ],
            options={
                "ordering": ["order", "pk"],
            },
        ),
        migrations.CreateModel(
            name="ChangeSignature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "seat",
                    models.CharField(
                        choices=[
                            ("province_unit", "Provincial counterpart"),
                            ("province_finance", "Provincial finance"),
                            ("central_unit", "Central counterpart"),
                            ("central_finance", "Ministry of Finance"),
                        ],
                        db_collation="C",
                        max_length=20,
                        verbose_name="seat",
                    ),
                ),
                (
                    "decision",
                    models.CharField(
                        choices=[("sign", "Signed"), ("consent", "Consented"), ("refuse", "Refused")],
                        db_collation="C",
                        max_length=10,
                        verbose_name="decision",
                    ),
                ),
                ("unit_name", models.CharField(max_length=100, verbose_name="unit")),
                ("person_key", models.CharField(db_collation="C", max_length=40)),
                ("person_digest", models.CharField(db_collation="C", max_length=64)),
                ("person_name", models.CharField(max_length=60, verbose_name="person")),
                ("delegated", models.BooleanField(default=False, verbose_name="by delegation")),
                ("proved_by", models.CharField(db_collation="C", max_length=10)),
                ("nonce", models.CharField(db_collation="C", max_length=80)),
                ("comment", models.TextField(blank=True, verbose_name="comment")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signatures",
                        to="sync.changeorder",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.person",
                        verbose_name="person",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.unit",
                        verbose_name="unit",
                    ),
                ),
            ],
            options={
                "verbose_name": "signature",
                "verbose_name_plural": "signatures",
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="OpenChange",
            fields=[
                ("record_uid", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="open_changes", to="sync.changeorder"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SeatDelegation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("valid_from", models.DateField(verbose_name="from")),
                ("valid_to", models.DateField(verbose_name="to")),
                ("reason", models.CharField(max_length=400, verbose_name="reason")),
                ("given_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                (
                    "given_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="given by",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="seat_delegations",
                        to="accounts.person",
                        verbose_name="person",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="seat_delegations",
                        to="accounts.unit",
                        verbose_name="unit",
                    ),
                ),
            ],
            options={
                "verbose_name": "delegation of a seat",
                "verbose_name_plural": "delegations of seats",
                "ordering": ["-valid_from", "-pk"],
            },
        ),
        migrations.AddIndex(
            model_name="changeorder",
            index=models.Index(fields=["state", "-drafted_at"], name="sync_changeorder_todo"),
        ),
        migrations.AddIndex(
            model_name="changeorder",
            index=models.Index(fields=["-drafted_at", "-uid"], name="sync_changeorder_new"),
        ),
        migrations.AddConstraint(
            model_name="changeorder",
            constraint=models.UniqueConstraint(fields=("node", "number"), name="sync_changeorder_one_number"),
        ),
        migrations.AddConstraint(
            model_name="changeorder",
            constraint=models.UniqueConstraint(fields=("code",), name="sync_changeorder_one_code"),
        ),
        migrations.AddConstraint(
            model_name="changeorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("closed_at__isnull", False), ("state__in", ["done", "refused", "withdrawn", "expired", "void"])
                    ),
                    models.Q(
                        models.Q(("state__in", ["done", "refused", "withdrawn", "expired", "void"]), _negated=True),
                        ("closed_at", None),
                    ),
                    _connector="OR",
                ),
                name="sync_changeorder_closed_has_moment",
            ),
        ),
        migrations.AddConstraint(
            model_name="changeorder",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="sync_changeorder_says_why"
            ),
        ),
        migrations.AddConstraint(
            model_name="changeorder",
            constraint=models.CheckConstraint(
                condition=models.Q(("count__gt", 0)), name="sync_changeorder_changes_something"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="changeorder",
            trigger=pgtrigger.compiler.Trigger(
                name="order_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    IF ROW(OLD.uid, OLD.node_id, OLD.number, OLD.code, OLD.record_type, OLD.line, OLD.scope_key, OLD.title, OLD.count, OLD.root, OLD.reason_code, OLD.reason, OLD.drafted_by_id, OLD.drafted_unit, OLD.drafted_at) IS DISTINCT FROM ROW(NEW.uid, NEW.node_id, NEW.number, NEW.code, NEW.record_type, NEW.line, NEW.scope_key, NEW.title, NEW.count, NEW.root, NEW.reason_code, NEW.reason, NEW.drafted_by_id, NEW.drafted_unit, NEW.drafted_at) THEN\n        RAISE EXCEPTION 'order % is as it was drawn up; ask anew for something else', OLD.number USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    IF OLD.state IN ('done', 'refused', 'withdrawn', 'expired', 'void') AND NEW.state <> OLD.state THEN\n        RAISE EXCEPTION 'order % is closed', OLD.number USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    IF current_user = 'fp_app' AND (NEW.permit_id IS DISTINCT FROM OLD.permit_id\n        OR NEW.state <> OLD.state AND NEW.state IN ('permitted', 'executing', 'done')) THEN\n        RAISE EXCEPTION 'order % is permitted and carried out by the transmission alone', OLD.number USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    IF NEW.state IN ('permitted', 'executing', 'done') AND OLD.state <> NEW.state AND 4 <> (\n        SELECT count(*) FROM sync_changesignature s WHERE s.order_id = OLD.uid AND s.decision <> 'refuse') THEN\n        RAISE EXCEPTION 'order % lacks signatures', OLD.number USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    RETURN NEW;\n",
                    hash="11a6e3ed4bcb8f18e5c2876769107986e9c457f0",
                    operation="UPDATE",
                    pgid="pgtrigger_order_moves_ac519",
                    table="sync_changeorder",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="changeorder",
            trigger=pgtrigger.compiler.Trigger(
                name="order_born",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    IF NEW.permit_id IS NOT NULL OR NEW.state NOT IN ('draft', 'asked') THEN\n        RAISE EXCEPTION 'order % begins as a draft, or asked where it arrives', NEW.number USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    RETURN NEW;\n",
                    hash="2d209fc0359c080ad03d260bf574fe50c56a8d69",
                    operation="INSERT",
                    pgid="pgtrigger_order_born_a0a65",
                    table="sync_changeorder",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="changeorder",
            trigger=pgtrigger.compiler.Trigger(
                name="order_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="ac5efe7777828b71d73ebc2e908e5c6b95ff7b2d",
                    operation="DELETE",
                    pgid="pgtrigger_order_stays_51ae3",
                    table="sync_changeorder",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="changemessage",
            index=models.Index(
                condition=models.Q(("sent_at", None)), fields=["uid"], name="sync_changemessage_waiting"
            ),
        ),
        migrations.AddConstraint(
            model_name="changemessage",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "remind"), _negated=True),
                fields=("order", "kind"),
                name="sync_changemessage_once",
            ),
        ),
        migrations.AddIndex(
            model_name="changeitem",
            index=models.Index(fields=["record_uid"], name="sync_changeitem_record"),
        ),
        migrations.AddConstraint(
            model_name="changeitem",
            constraint=models.UniqueConstraint(fields=("order", "n"), name="sync_changeitem_once"),
        ),
        migrations.AddConstraint(
            model_name="changeitem",
            constraint=models.UniqueConstraint(fields=("order", "record_uid"), name="sync_changeitem_one_per_record"),
        ),
        migrations.AddConstraint(
            model_name="changeitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("new_hash", models.F("base_hash")), _negated=True),
                name="sync_changeitem_changes_something",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="changeitem",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    RAISE EXCEPTION 'table % keeps every row: % is refused', TG_TABLE_NAME, TG_OP\n        USING ERRCODE = 'restrict_violation', HINT = 'append a new row instead';\n",
                    hash="ded631d34ef42ac9f9e07d2c30e15cf37d42f0f9",
                    level="STATEMENT",
                    operation="UPDATE OR DELETE OR TRUNCATE",
                    pgid="pgtrigger_append_only_a8f1c",
                    table="sync_changeitem",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="changeevidence",
            constraint=models.UniqueConstraint(fields=("order", "sha256"), name="sync_changeevidence_once"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="changeevidence",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    RAISE EXCEPTION 'table % keeps every row: % is refused', TG_TABLE_NAME, TG_OP\n        USING ERRCODE = 'restrict_violation', HINT = 'append a new row instead';\n",
                    hash="bba08fda58971cadcc983e999a9f93ad5bd32ef3",
                    level="STATEMENT",
                    operation="UPDATE OR DELETE OR TRUNCATE",
                    pgid="pgtrigger_append_only_ad153",
                    table="sync_changeevidence",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="changereminder",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    RAISE EXCEPTION 'table % keeps every row: % is refused', TG_TABLE_NAME, TG_OP\n        USING ERRCODE = 'restrict_violation', HINT = 'append a new row instead';\n",
                    hash="1e8ebac8626b9cbf6bf0066fdf64b56c3a53db5f",
                    level="STATEMENT",
                    operation="UPDATE OR DELETE OR TRUNCATE",
                    pgid="pgtrigger_append_only_1f8ff",
                    table="sync_changereminder",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="changeseat",
            constraint=models.UniqueConstraint(fields=("order", "seat"), name="sync_changeseat_once"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="changeseat",
            trigger=pgtrigger.compiler.Trigger(
                name="seat_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF TG_OP = 'DELETE' OR OLD.since IS NOT NULL OR\n                ROW(OLD.order_id, OLD.seat, OLD.unit_id, OLD.unit_name)\n                IS DISTINCT FROM ROW(NEW.order_id, NEW.seat, NEW.unit_id, NEW.unit_name) THEN\n                RAISE EXCEPTION 'seat % is bound to its unit', OLD.seat USING ERRCODE = 'FP001', HINT = 'art. 12';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="f5526a691c3595c3f4a2042ece7893675ae62400",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_seat_stays_d8324",
                    table="sync_changeseat",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="changesignature",
            constraint=models.UniqueConstraint(fields=("order", "seat"), name="sync_changesignature_one_per_seat"),
        ),
        migrations.AddConstraint(
            model_name="changesignature",
            constraint=models.UniqueConstraint(
                fields=("order", "person_key"), name="sync_changesignature_different_persons"
            ),
        ),
        migrations.AddConstraint(
            model_name="changesignature",
            constraint=models.UniqueConstraint(fields=("order", "person"), name="sync_changesignature_one_per_person"),
        ),
        migrations.AddConstraint(
            model_name="changesignature",
            constraint=models.UniqueConstraint(
                fields=("order", "person_digest"), name="sync_changesignature_nobody_twice"
            ),
        ),
        migrations.AddConstraint(
            model_name="changesignature",
            constraint=models.UniqueConstraint(fields=("nonce",), name="sync_changesignature_one_per_proof"),
        ),
        migrations.AddConstraint(
            model_name="changesignature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decision", "refuse"),
                    models.Q(("decision", "sign"), ("seat__startswith", "province")),
                    models.Q(("decision", "consent"), ("seat__startswith", "central")),
                    _connector="OR",
                ),
                name="sync_changesignature_decision_fits_seat",
            ),
        ),
        migrations.AddConstraint(
            model_name="changesignature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decision", "refuse"), _negated=True),
                    models.Q(("comment", ""), _negated=True),
                    _connector="OR",
                ),
                name="sync_changesignature_refusal_says_why",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="changesignature",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    RAISE EXCEPTION 'table % keeps every row: % is refused', TG_TABLE_NAME, TG_OP\n        USING ERRCODE = 'restrict_violation', HINT = 'append a new row instead';\n",
                    hash="e306167b0261459208d33098482ab598dc461927",
                    level="STATEMENT",
                    operation="UPDATE OR DELETE OR TRUNCATE",
                    pgid="pgtrigger_append_only_c9432",
                    table="sync_changesignature",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="changesignature",
            trigger=pgtrigger.compiler.Trigger(
                name="signature_fits_seat",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE held text; until timestamptz;",
                    func="\n    SELECT state, expires_at INTO held, until FROM sync_changeorder WHERE uid = NEW.order_id FOR NO KEY UPDATE;\n    IF held IN ('done', 'refused', 'withdrawn', 'expired', 'void') OR NEW.at > until THEN\n        RAISE EXCEPTION 'the order is closed' USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    IF NEW.person_id IS NULL THEN\n        IF current_user = 'fp_app' AND NEW.seat LIKE 'central%' THEN\n            RAISE EXCEPTION 'a consent of another node comes by the transmission alone' USING ERRCODE = 'FP001', HINT = 'art. 12';\n        END IF;\n    ELSIF held NOT IN ('draft', 'signing') AND NEW.seat LIKE 'province%'\n        OR held <> 'asked' AND NEW.seat LIKE 'central%' THEN\n        RAISE EXCEPTION 'seat % is not asked now', NEW.seat USING ERRCODE = 'FP001', HINT = 'art. 12';\n    ELSIF NOT EXISTS (SELECT 1 FROM accounts_user u\n        WHERE u.person_id = NEW.person_id AND u.unit_id = NEW.unit_id AND u.is_active) THEN\n        RAISE EXCEPTION 'the person has no account in the unit of seat %', NEW.seat USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    IF NOT EXISTS (\n        WITH RECURSIVE now(unit_id) AS (\n            SELECT unit_id FROM sync_changeseat WHERE order_id = NEW.order_id AND seat = NEW.seat\n            UNION SELECT s.successor_id FROM accounts_unitsuccession s JOIN now ON s.unit_id = now.unit_id\n        ) SELECT 1 FROM now WHERE unit_id = NEW.unit_id) THEN\n        RAISE EXCEPTION 'seat % belongs to another unit', NEW.seat USING ERRCODE = 'FP001', HINT = 'art. 12';\n    END IF;\n    RETURN NEW;\n",
                    hash="6a6044cb88b04f8ac96af62cbe05078b4231a5d5",
                    operation="INSERT",
                    pgid="pgtrigger_signature_fits_seat_7cb4e",
                    table="sync_changesignature",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="openchange",
            trigger=pgtrigger.compiler.Trigger(
                name="open_while_order_is",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF TG_OP = 'UPDATE' OR NOT EXISTS (\n                SELECT 1 FROM sync_changeorder o WHERE o.uid = OLD.order_id AND o.state IN ('done', 'refused', 'withdrawn', 'expired', 'void')) THEN\n                RAISE EXCEPTION 'the order on record % is open', OLD.record_uid USING ERRCODE = 'FP001', HINT = 'art. 12';\n            END IF;\n            RETURN OLD;\n        ",
                    hash="bd7be182e6114068f14edd10895c1a49f30a04af",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_open_while_order_is_f228a",
                    table="sync_openchange",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="seatdelegation",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_to__gte", models.F("valid_from"))), name="sync_seatdelegation_dates_in_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="seatdelegation",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="sync_seatdelegation_says_why"
            ),
        ),
    ]
