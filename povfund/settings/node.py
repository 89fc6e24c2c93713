"""Which node this is: edition, code, division, and its folders."""

import re

from django.core.exceptions import ImproperlyConfigured

from povfund.settings import env

PRODUCTION = env.PRODUCTION
EDITION = env.EDITION
NODE = env.NODE
CENTRAL_URL = env.CENTRAL_URL
WINDOW_TIME = env.WINDOW_TIME
DISK_RESERVE = env.DISK_RESERVE
"""Percent of the disk that batches of other nodes never use up, where batches are received."""
NODE_CALLS = env.NODE_CALLS
"""Calls of one node in a minute."""
NODE_UPLOADS = env.NODE_UPLOADS
"""Bodies of one node taken at once."""
EXPORT_ALONE, EXPORT_PERSONAL_ALONE = env.EXPORT_ALONE, env.EXPORT_PERSONAL_ALONE
SHEET_DAYS = env.SHEET_DAYS
CHANGE_WAITS_DAYS = env.CHANGE_WAITS_DAYS
"""Working days after which a change order that nobody acts on is an alarm."""
CHANGE_EXPIRES_DAYS = env.CHANGE_EXPIRES_DAYS
"""Working days before its last day from which an open change order is an alarm."""
FAKE_NOW = env.FAKE_NOW
DEMO_PASSWORD = env.DEMO_PASSWORD

NODE_CODE = re.compile(r"[A-Z]{1,2}[0-9A-Z]{0,12}")


def division_of(node: str) -> str:
    """Division code a node code stands for: C and R2 → 000000, P51 → 510000, S511921 → 511921."""
    digits = node.lstrip("PS") if node[0] in "PS" else ""
    return digits.ljust(6, "0")


if not NODE_CODE.fullmatch(NODE):
    raise ImproperlyConfigured(f"POVFUND_NODE is “{NODE}”; write a node code such as C, P51 or S511921.")

NODE_DIVISION = env.NODE_DIVISION or division_of(NODE)

BASE_DIR = env.BASE_DIR
CLUSTER_HOME = env.POVFUND_HOME
"""Where the embedded PostgreSQL of all nodes of this machine lives."""
HOME = env.POVFUND_HOME / NODE.lower()
"""Folder of this node: sync/, attachments/, keys/, broker/ and its secrets."""
