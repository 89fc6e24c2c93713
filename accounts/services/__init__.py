"""Every change to who and where, by topic; each is checked, saved and audited in one transaction."""

from accounts.services.chain import chain_head, link_audit, unlinked_since
from accounts.services.grants import end_grant, expire_grants, give_grant
from accounts.services.locks import tidy_sign_ins, unlock
from accounts.services.passwords import (
    change_password,
    confirm_second_factor,
    encode_password,
    reset_password,
    reset_second_factor,
)
from accounts.services.people import (
    change_duties,
    change_person,
    close_unused_accounts,
    create_account,
    create_person,
    deactivate,
    leave,
    reactivate,
)
from accounts.services.tokens import find_token, issue_token, proof_of_token, revoke_tokens, user_of_token
from accounts.services.units import close_unit, open_unit, succeed_unit

__all__ = [
    "chain_head",
    "change_duties",
    "change_password",
    "change_person",
    "close_unit",
    "close_unused_accounts",
    "confirm_second_factor",
    "create_account",
    "create_person",
    "deactivate",
    "encode_password",
    "end_grant",
    "expire_grants",
    "find_token",
    "give_grant",
    "issue_token",
    "leave",
    "link_audit",
    "open_unit",
    "proof_of_token",
    "reactivate",
    "reset_password",
    "reset_second_factor",
    "revoke_tokens",
    "succeed_unit",
    "tidy_sign_ins",
    "unlinked_since",
    "unlock",
    "user_of_token",
]
