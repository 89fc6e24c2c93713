"""Password hashing that does not slow the suite down."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class CheapArgon2(Argon2PasswordHasher):
    """The product's hasher with the smallest cost."""

    time_cost, memory_cost, parallelism = 1, 8, 1
