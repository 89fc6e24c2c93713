"""Proof that the person at the keyboard is the one who signs: given anew for each signature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FRESH = timedelta(minutes=5)
"""How long a proof is good; a token younger than this proves one signature."""


@dataclass(frozen=True, slots=True)
class Proof:
    """
    再次验证 — the account proved itself `at` this moment, for one signature.

    `means` is password, otp (password and second factor) or token. `nonce` names the proof: of two
    signatures with one nonce the second is a repetition.
    """

    user_id: int
    means: str
    nonce: str
    at: datetime
