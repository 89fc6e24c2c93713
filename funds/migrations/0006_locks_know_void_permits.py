import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("funds", "0005_sums_within_parent"),
        ("records", "0004_permits_for_many"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="funddocument",
            name="record_lock",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="fundline",
            name="child_lock_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="fundline",
            name="child_lock_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="fundline",
            name="child_lock_delete",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="funddocument",
            trigger=pgtrigger.compiler.Trigger(
                name="record_lock",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN ((OLD.state IN ('sealed', 'acknowledged', 'permitted') OR OLD.acked_rev IS NOT NULL) OR NEW.state IN ('sealed', 'acknowledged', 'permitted') OR NEW.acked_rev IS NOT NULL)",
                    func='\n    IF (OLD.state IN (\'sealed\', \'acknowledged\', \'permitted\') OR OLD.acked_rev IS NOT NULL) AND ROW(OLD."uid", OLD."rev", OLD."content_hash", OLD."owner_unit_id", OLD."owner_kind", OLD."division_id", OLD."scope_key", OLD."entered_by_id", OLD."entered_at", OLD."approved_on", OLD."due_on", OLD."deleted", OLD."origin_node", OLD."search_text", OLD."document_no", OLD."document_no_raw", OLD."title", OLD."budget_year", OLD."issue_batch", OLD."issued_on", OLD."received_on", OLD."parent_id", OLD."stated_total", OLD."remark", OLD."total", OLD."line_count") IS DISTINCT FROM ROW(NEW."uid", NEW."rev", NEW."content_hash", NEW."owner_unit_id", NEW."owner_kind", NEW."division_id", NEW."scope_key", NEW."entered_by_id", NEW."entered_at", NEW."approved_on", NEW."due_on", NEW."deleted", NEW."origin_node", NEW."search_text", NEW."document_no", NEW."document_no_raw", NEW."title", NEW."budget_year", NEW."issue_batch", NEW."issued_on", NEW."received_on", NEW."parent_id", NEW."stated_total", NEW."remark", NEW."total", NEW."line_count") THEN\n        IF NOT EXISTS (\n            SELECT 1 FROM records_permit p\n            WHERE p.record_uid = OLD.uid AND p.used_at IS NULL AND p.void_at IS NULL\n              AND p.base_hash = OLD.content_hash AND p.new_hash = NEW.content_hash\n              AND p.permit_id::text = current_setting(\'app.permit_id\', true) AND current_user <> \'fp_app\'\n        ) THEN \n    RAISE EXCEPTION \'record % was sent and is locked\', OLD.uid\n        USING ERRCODE = \'FP001\', HINT = \'art. 12: ask for a change order\';\n\n        END IF;\n    END IF;\n    IF current_user = \'fp_app\' AND (OLD.state IN (\'sealed\', \'acknowledged\', \'permitted\') OR NEW.state IN (\'sealed\', \'acknowledged\', \'permitted\')\n        OR NEW.acked_rev IS DISTINCT FROM OLD.acked_rev OR NEW.acked_hash <> OLD.acked_hash) THEN\n        RAISE EXCEPTION \'record % is sealed and acknowledged by the transmission alone\', OLD.uid\n            USING ERRCODE = \'FP001\', HINT = \'art. 13\';\n    END IF;\n    RETURN NEW;\n',
                    hash="80b53947cd693aadccd252be8e04aaa89e17f54b",
                    operation="UPDATE",
                    pgid="pgtrigger_record_lock_ad860",
                    table="funds_funddocument",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="fundline",
            trigger=pgtrigger.compiler.Trigger(
                name="child_lock_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE locked boolean;",
                    func="\n    EXECUTE $check$ SELECT EXISTS (\n        SELECT 1 FROM funds_funddocument parent JOIN new_rows child ON child.document_id = parent.uid\n        WHERE (parent.state IN ('sealed', 'acknowledged', 'permitted') OR parent.acked_rev IS NOT NULL)\n          AND NOT EXISTS (SELECT 1 FROM records_permit p WHERE p.record_uid = parent.uid\n              AND p.used_at IS NULL AND p.void_at IS NULL\n              AND p.permit_id::text = current_setting('app.permit_id', true)\n              AND current_user <> 'fp_app')) $check$ INTO locked;\n    IF locked THEN\n        RAISE EXCEPTION 'a row of a record that was sent is locked'\n            USING ERRCODE = 'FP001', HINT = 'art. 12: ask for a change order';\n    END IF;\n    RETURN NULL;",
                    hash="a45a25a98bdf406f4e9f3a43ebe8f7cea3430931",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_child_lock_insert_cbff5",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="funds_fundline",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="fundline",
            trigger=pgtrigger.compiler.Trigger(
                name="child_lock_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE locked boolean;",
                    func="\n    EXECUTE $check$ SELECT EXISTS (\n        SELECT 1 FROM funds_funddocument parent JOIN old_rows child ON child.document_id = parent.uid\n        WHERE (parent.state IN ('sealed', 'acknowledged', 'permitted') OR parent.acked_rev IS NOT NULL)\n          AND NOT EXISTS (SELECT 1 FROM records_permit p WHERE p.record_uid = parent.uid\n              AND p.used_at IS NULL AND p.void_at IS NULL\n              AND p.permit_id::text = current_setting('app.permit_id', true)\n              AND current_user <> 'fp_app')) $check$ INTO locked;\n    IF locked THEN\n        RAISE EXCEPTION 'a row of a record that was sent is locked'\n            USING ERRCODE = 'FP001', HINT = 'art. 12: ask for a change order';\n    END IF;\n    \n    EXECUTE $check$ SELECT EXISTS (\n        SELECT 1 FROM funds_funddocument parent JOIN new_rows child ON child.document_id = parent.uid\n        WHERE (parent.state IN ('sealed', 'acknowledged', 'permitted') OR parent.acked_rev IS NOT NULL)\n          AND NOT EXISTS (SELECT 1 FROM records_permit p WHERE p.record_uid = parent.uid\n              AND p.used_at IS NULL AND p.void_at IS NULL\n              AND p.permit_id::text = current_setting('app.permit_id', true)\n              AND current_user <> 'fp_app')) $check$ INTO locked;\n    IF locked THEN\n        RAISE EXCEPTION 'a row of a record that was sent is locked'\n            USING ERRCODE = 'FP001', HINT = 'art. 12: ask for a change order';\n    END IF;\n    RETURN NULL;",
                    hash="078a768f09f2c2f9ceeb996e6e27f26e093dd2a7",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_child_lock_update_e3209",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="funds_fundline",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="fundline",
            trigger=pgtrigger.compiler.Trigger(
                name="child_lock_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE locked boolean;",
                    func="\n    EXECUTE $check$ SELECT EXISTS (\n        SELECT 1 FROM funds_funddocument parent JOIN old_rows child ON child.document_id = parent.uid\n        WHERE (parent.state IN ('sealed', 'acknowledged', 'permitted') OR parent.acked_rev IS NOT NULL)\n          AND NOT EXISTS (SELECT 1 FROM records_permit p WHERE p.record_uid = parent.uid\n              AND p.used_at IS NULL AND p.void_at IS NULL\n              AND p.permit_id::text = current_setting('app.permit_id', true)\n              AND current_user <> 'fp_app')) $check$ INTO locked;\n    IF locked THEN\n        RAISE EXCEPTION 'a row of a record that was sent is locked'\n            USING ERRCODE = 'FP001', HINT = 'art. 12: ask for a change order';\n    END IF;\n    RETURN NULL;",
                    hash="1feccd2feacd5be34d8c62e055dd0114e100e720",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_child_lock_delete_f2979",
                    referencing="REFERENCING OLD TABLE AS old_rows ",
                    table="funds_fundline",
                    when="AFTER",
                ),
            ),
        ),
    ]
