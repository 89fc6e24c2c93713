"""Nodes of the demo world: the centre and Sichuan know each other's public keys."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from accounts.models import Division, User
from sync import keys
from sync.models import Node, NodeKey
from sync.services import confirm_key, propose_key
from sync.windows.schedule import make_windows

PROVINCE, CENTRE = "P51", "C"


def node(code: str, name: str, division: str, *, sends: bool) -> Node:
    place = Division.objects.by_code(division)
    found, _made = Node.objects.get_or_create(code=code, defaults={"name": name, "division": place, "sends": sends})
    return found


def public_key(code: str) -> tuple[str, bytes]:
    """Key name and public bytes of another node of this machine, from its folder."""
    path = next((Path(settings.CLUSTER_HOME) / code.lower() / "keys").glob("*.pub"))
    return path.stem.replace("_", "/"), bytes.fromhex(path.read_text().strip())


def know_each_other() -> None:
    """Register both nodes here; at the centre two persons of the Ministry enter and confirm the province's key."""
    province = node(PROVINCE, "四川省", "510000", sends=True)
    centre = node(CENTRE, "中央", "000000", sends=False)
    if settings.NODE == PROVINCE:
        key_id, public = public_key(CENTRE)
        keys.trust(node=centre, key_id=key_id, public=public)
    else:
        key_id, public = public_key(PROVINCE)
        if not NodeKey.objects.filter(pk=key_id).exists():
            first, second = (_administrator(name) for name in ("000000.sysadmin", "000000.sysadmin2"))
            key = propose_key(actor=first, node=province, key_id=key_id, public=public)
            confirm_key(actor=second, key=key, fingerprint=keys.fingerprint(public))
    make_windows()


def _administrator(name: str) -> User:
    return User.objects.select_related("person", "unit__division").get(username=name)
