"""The second consent mints the permit, and the end of an order voids what is unused of it, in the database itself."""

from django.db import migrations

MINT = """
CREATE FUNCTION sync_mint_permit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    o sync_changeorder%ROWTYPE;
    permit uuid := gen_random_uuid();
    minted integer;
BEGIN
    SELECT * INTO o FROM sync_changeorder WHERE uid = NEW.order_id FOR NO KEY UPDATE;
    IF o.state <> 'asked' OR 2 <> (
            SELECT count(DISTINCT s.person_id) FROM sync_changesignature s
            WHERE s.order_id = o.uid AND s.decision = 'consent')
        OR 2 <> (SELECT count(*) FROM sync_changesignature s WHERE s.order_id = o.uid AND s.decision = 'sign') THEN
        RETURN NULL;
    END IF;
    INSERT INTO records_permit (permit_id, record_type, record_uid, base_rev, base_hash, new_hash, expires_at)
        SELECT permit, o.record_type, i.record_uid, i.base_rev, i.base_hash, i.new_hash, NEW.at + interval '30 days'
        FROM sync_changeitem i JOIN records_identity d ON d.record_uid = i.record_uid AND d.node = o.node_id
            AND d.rev = i.base_rev AND d.content_hash = i.base_hash
        WHERE i.order_id = o.uid;
    GET DIAGNOSTICS minted = ROW_COUNT;
    IF minted <> o.count THEN
        RAISE EXCEPTION 'a record of order % is no longer at its base', o.number
            USING ERRCODE = 'FP001', HINT = 'art. 12';
    END IF;
    UPDATE sync_changeorder SET state = 'permitted', permit_id = permit, decided_at = NEW.at,
        expires_at = NEW.at + interval '30 days' WHERE uid = o.uid;
    RETURN NULL;
END $$;
CREATE TRIGGER mint_permit AFTER INSERT ON sync_changesignature FOR EACH ROW
    WHEN (NEW.decision = 'consent' AND NEW.person_id IS NOT NULL) EXECUTE FUNCTION sync_mint_permit();

CREATE FUNCTION sync_void_permit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE records_permit SET void_at = NEW.closed_at
        WHERE permit_id = NEW.permit_id AND used_at IS NULL AND void_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER void_permit AFTER UPDATE ON sync_changeorder FOR EACH ROW
    WHEN (NEW.permit_id IS NOT NULL AND NEW.closed_at IS NOT NULL AND OLD.closed_at IS NULL)
    EXECUTE FUNCTION sync_void_permit();
"""
UNDO = "DROP TRIGGER void_permit ON sync_changeorder; DROP FUNCTION sync_void_permit(); DROP TRIGGER mint_permit ON sync_changesignature; DROP FUNCTION sync_mint_permit();"


class Migration(migrations.Migration):
    dependencies = [("sync", "0005_change_orders"), ("records", "0004_permits_for_many")]
    operations = [migrations.RunSQL(MINT, UNDO)]
