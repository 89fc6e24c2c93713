"""A fresh province knows itself and the centre through its pages' services alone, by two persons."""

from __future__ import annotations

import pytest

from povfund.common.errors import RuleViolation
from povfund.common.verdict import Refused
from sync import keys
from sync.models import Node
from sync.services import confirm_key, propose_key, register_node
from tests.people import account, division

pytestmark = pytest.mark.django_db


def test_two_administrators_of_a_province_register_the_centre_and_its_key_counts_then():
    first, second = account("510000.sysadmin"), account("510000.finance.sysadmin")
    Node.objects.filter(pk="C").delete()
    centre = register_node(actor=first, code="C", name="中央", division=division("000000"), sends=False)
    public = bytes(range(32))
    key = propose_key(actor=first, node=centre, key_id="C/2026a", public=public)
    with pytest.raises(Refused):
        confirm_key(actor=first, key=key, fingerprint=keys.fingerprint(public))
    confirm_key(actor=second, key=key, fingerprint=keys.fingerprint(public))
    assert keys.active_key(key_id="C/2026a", node="C").public == public


@pytest.mark.parametrize("code", ["", "c", "D", "P5", "p51", "51P", "C51 ", "P5123456789AB"])
def test_a_node_bears_a_code_of_the_agreed_form(code):
    with pytest.raises(RuleViolation):
        register_node(actor=account("510000.sysadmin"), code=code, name="x", division=division("510000"), sends=True)
