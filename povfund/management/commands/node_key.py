"""`node_key`: this node's public key and its fingerprint."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from sync import keys


class Command(BaseCommand):
    """Show the name, public key and fingerprint of this node's key; the first one is made here."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        signer = keys.ensure_own_key()
        self.stdout.write(signer.key_id)
        self.stdout.write(signer.public.hex())
        self.stdout.write(f"fingerprint {keys.fingerprint(signer.public)}")
