"""`node_key`: this node's public key and its fingerprint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from sync import keys


class Command(BaseCommand):
    """Show the name, public key and fingerprint of this node's key; the first one is made here."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        signer = keys.ensure_own_key()
        public = signer.public.hex()
        (Path(settings.HOME) / "keys" / f"{signer.key_id.replace('/', '_')}.pub").write_text(f"{public}\n")
        self.stdout.write(f"{signer.key_id}\n{public}\nfingerprint {keys.fingerprint(signer.public)}")
