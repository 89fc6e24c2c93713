"""Answers to "may I?", with the reason a person can act on."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.utils.functional import Promise

type_text = str | Promise


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    判定 — truthy when allowed; otherwise says why not, by which article and who can change it.

    `article` is the number of the regulation's article ("12"), empty where none applies; `url` the page of what
    stands in the way, where there is one.
    """

    allowed: bool
    reason: type_text = ""
    article: str = ""
    ask_whom: type_text = ""
    url: str = ""

    def __bool__(self) -> bool:
        return self.allowed


ALLOWED = Verdict(True)


def denied(reason: type_text, *, article: str = "", ask_whom: type_text = "", url: str = "") -> Verdict:
    return Verdict(False, reason, article, ask_whom, url)


class Refused(PermissionDenied):
    """A verdict said no. Pages show it as the refusal page (403), the API as 403 with the reason."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(str(verdict.reason))
        self.verdict = verdict


def require(verdict: Verdict) -> None:
    """Raise Refused unless the verdict allows."""
    if not verdict:
        raise Refused(verdict)
