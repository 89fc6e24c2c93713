"""What a page without a filter is asked: a parameter it does not know is refused by name."""

from __future__ import annotations

import pytest

from tests.people import SECURITY_ADMIN, account

pytestmark = pytest.mark.django_db

PAGES = (
    ("/sync/", "510000.finance.head"),
    ("/sync/stops/", "510000.finance.head"),
    ("/nodes/", "510000.sysadmin"),
    ("/administration/locks/", SECURITY_ADMIN),
    ("/administration/calendar/", "510000.sysadmin"),
)


@pytest.mark.parametrize(("path", "reader"), PAGES)
def test_a_page_without_a_filter_refuses_a_parameter(client, path, reader):
    client.force_login(account(reader))
    assert client.get(path).status_code == 200
    answer = client.get(f"{path}?yaer=2016")
    assert answer.status_code == 400
    assert "yaer" in answer.content.decode()
