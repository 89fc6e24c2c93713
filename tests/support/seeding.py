"""Records both ends hold as acknowledged, stored set-wise: what a test begins with, not what it is about."""

from __future__ import annotations

from django.db import connection
from django.test import override_settings

from povfund.scale import seed_scale
from tests.support.servers import RunningSite, Servers

KNOWN = """
INSERT INTO records_identity (record_uid, record_type, node, rev, content_hash, batch, deleted)
SELECT uid, 'fund_document', 'P51', rev, content_hash, NULL, false FROM funds_funddocument
"""


def acknowledged_documents(servers: Servers, count: int, *, year: int, times: int = 1) -> None:
    """
    `count` fund documents of 四川's poverty office, one line each, of that budget year, entered in March; `times` as
    high as they should be. Alike at province and centre, tables analysed as a server that is in use has them.
    """
    for server in (servers.province, servers.central):
        _seed(server, count, year=year, times=times)


def _seed(server: RunningSite, count: int, *, year: int, times: int) -> None:
    with server.database(), override_settings(NODE="P51", FAKE_NOW=f"{year}-03-10T09:00"):
        seed_scale(lines=count, per=1, times=times, years=range(year, year + 1), province="51", line="poverty")
        with connection.cursor() as cursor:
            if server.site.edition == "central":
                cursor.execute(KNOWN)
            cursor.execute("ANALYZE")
