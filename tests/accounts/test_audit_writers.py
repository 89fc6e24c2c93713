"""The audit trail under several writers and with the program's own rights."""

import threading

import pytest
from django.db import connection, transaction
from psycopg.errors import InsufficientPrivilege

from accounts import audit, services
from accounts.management.commands.verify_audit import export_rows, verifier
from accounts.models import AuditEntry, AuditLink
from tests.accounts.trail import write_entries


def test_the_programs_roles_hold_no_right_to_change_the_trail(committed_db, as_role):
    write_entries(1)
    for role, statement in (
        ("fp_app", "DELETE FROM accounts_auditentry"),
        ("fp_app", "INSERT INTO accounts_auditlink VALUES (1, '', '', '', 1)"),
        ("fp_sync", "UPDATE accounts_auditlink SET prev = ''"),
        ("fp_sync", "TRUNCATE accounts_auditlink"),
    ):
        with as_role(role) as raw, pytest.raises(InsufficientPrivilege):
            raw.execute(statement)


def test_an_entry_that_commits_after_a_higher_id_is_linked_later_and_never_skipped(committed_db):
    write_entries(1)
    services.link_audit()
    ready, go = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            audit.record(actor=None, action="tests.slow", target_type="thing", target_id=1)
            ready.set()
            go.wait(10)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    ready.wait(10)
    audit.record(actor=None, action="tests.fast", target_type="thing", target_id=2)
    assert services.link_audit() == 1
    go.set()
    thread.join()
    assert services.link_audit() == 1
    actions = list(AuditLink.objects.order_by("n").values_list("entry__action", flat=True))[-2:]
    assert actions == ["tests.fast", "tests.slow"]
    assert not verifier().verify(export_rows()).problems


def test_two_linkers_at_once_make_one_chain(committed_db):
    write_entries(40)
    barrier = threading.Barrier(3)

    def link():
        barrier.wait()
        services.link_audit()
        connection.close()

    threads = [threading.Thread(target=link) for _n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert AuditLink.objects.count() == AuditEntry.objects.count()
    assert not verifier().verify(export_rows()).problems
