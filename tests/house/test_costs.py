"""Lists cost the same number of queries for two rows and for forty: those no test of their app asks."""

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import services
from accounts.choices import Duty
from povfund.common import clock
from records.models import Attachment
from records.services import enqueue
from sync.models import Batch, Node, Receipt, TransmissionWindow
from tests.documents import draft
from tests.people import account, division, encoded_password, unit

pytestmark = pytest.mark.django_db
SYSADMIN, SECURITY, AUDITOR = "510000.sysadmin", "510000.security", "510000.audit"


def cost(who, address):
    client = Client()
    client.force_login(account(who))
    assert client.get(address).status_code == 200
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return len(queries)


def people(first, last):
    """Persons with accounts in one unit; each leaves entries in the audit trail."""
    seat = unit("511921.finance")
    for n in range(first, last):
        person = services.create_person(
            None, unit=seat, name=f"示例{n}", personnel_class="staff", office_phone="0827-12345678"
        )
        services.create_account(
            None,
            person=person,
            unit=seat,
            username=f"seat{n}",
            duties=[Duty.ENTRY],
            encoded_password=encoded_password(),
            is_demo=True,
        )


@pytest.mark.parametrize(
    ("who", "name", "arguments"),
    [
        (SYSADMIN, "accounts:units", ()),
        (SYSADMIN, "accounts:unit", ("511921.finance",)),
        (SYSADMIN, "accounts:accounts", ()),
        (SECURITY, "accounts:accounts", ()),
        (SYSADMIN, "accounts:locks", ()),
        (AUDITOR, "accounts:audit", ()),
    ],
)
def test_pages_of_the_administrators(who, name, arguments):
    people(0, 2)
    few = cost(who, reverse(name, args=arguments))
    people(2, 40)
    assert cost(who, reverse(name, args=arguments)) == few


def test_the_page_of_jobs():
    def fill(first, last):
        for n in range(first, last):
            enqueue(kind="sync.ingest", key=str(n), payload={"batch": str(n)}, queue="sync")

    fill(0, 2)
    few = cost(SYSADMIN, reverse("records:jobs"))
    fill(2, 40)
    assert cost(SYSADMIN, reverse("records:jobs")) == few


def test_the_attachments_of_a_record():
    document = draft()
    address = f"{reverse('attachments-list')}?record_type=fund_document&record={document.pk}"

    def fill(first, last):
        for n in range(first, last):
            Attachment.objects.create(
                record_type="fund_document",
                record_uid=document.pk,
                name=f"{n}.pdf",
                sha256=f"{n:064x}",
                size=1,
                media_type="application/pdf",
                added_by=account("511921.finance.entry"),
                added_at=clock.now(),
            )

    fill(0, 2)
    few = cost("511921.finance.entry", address)
    fill(2, 40)
    assert cost("511921.finance.entry", address) == few


@pytest.mark.parametrize("name", ["batches-list", "receipts-list", "windows-list"])
def test_the_lists_of_transmission_in_the_api(name):
    node = Node.objects.create(code="P51", name="四川省", division=division("510000"))

    def fill(first, last):
        for n in range(first, last):
            day = date(2016, 1 + n // 2 % 12, 16 if n % 2 else 1).replace(year=2016 + n // 24)
            window = TransmissionWindow.objects.create(node=node, nominal=day, due=day, starts_at=clock.now())
            batch = Batch.objects.create(
                direction="out", node=node, epoch=1, seq=n + 1, kind="data", trigger="schedule", window=window,
                state="applied", prev="0" * 64, lines=1, applied=1, created_at=clock.now(), applied_at=clock.now(),
            )  # fmt: skip
            Receipt.objects.create(batch=batch, kind="applied", body=b"{}", signature=b"", key_id="C/1", at=clock.now())

    fill(0, 2)
    few = cost("510000.finance.head", reverse(name))
    fill(2, 40)
    assert cost("510000.finance.head", reverse(name)) == few
