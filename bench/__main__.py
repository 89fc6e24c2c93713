"""`make bench [ARGS="--quick pages seal"]`: each case in a process of its own; without names, all of them."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

from bench.figure import HEAD

CASES = ("entry", "upkeep", "chain", "review", "pages", "seal", "ingest", "changes", "workbooks")


def run_case(name: str, *, quick: bool) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    logging.disable(logging.WARNING)
    from importlib import import_module

    from bench.harness import peak_mib

    for figure in import_module(f"bench.cases.{name}").run(quick=quick):
        print(figure.line(), flush=True)
    print(f"  peak memory of the case, product and floor: {peak_mib()} MiB", flush=True)


def main(arguments: list[str]) -> int:
    if unknown := [name for name in arguments if name not in (*CASES, "--quick", "--case")]:
        print(f"unknown: {' '.join(unknown)}\n{__doc__}\nCases: {', '.join(CASES)}.", file=sys.stderr)
        return 2
    quick = "--quick" in arguments
    chosen = [name for name in arguments if name in CASES]
    if "--case" in arguments:
        run_case(chosen[0], quick=quick)
        return 0
    print(HEAD, flush=True)
    failed = 0
    for name in chosen or CASES:
        command = [sys.executable, "-m", "bench", "--case", name, *(["--quick"] if quick else [])]
        failed += subprocess.run(command, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
