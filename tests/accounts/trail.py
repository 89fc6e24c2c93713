"""Entries to chain."""

from accounts import audit
from tests import people


def write_entries(count):
    clerk = people.county_clerk()
    for number in range(count):
        audit.record(
            actor=clerk,
            action="tests.thing.change",
            target_type="thing",
            target_id=number,
            before={"amount": "1.00", "名称": None},
            after={"amount": f"{number}.00", "名称": "“𠮷”\u001f\\"},
            comment="理由",
        )
