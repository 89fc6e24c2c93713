"""`make bench [ARGS="--quick"]`: each case in a process of its own, with its peak memory."""

from __future__ import annotations

import os
import subprocess
import sys

CASES = ("entry", "review", "pages", "seal", "ingest")


def run_case(name: str, *, quick: bool) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from importlib import import_module

    from bench.harness import peak_mib

    for figure in import_module(f"bench.cases.{name}").run(quick=quick):
        print(figure.line(), flush=True)
    print(f"{'':<52} peak memory of the case {peak_mib()} MiB", flush=True)


def main(arguments: list[str]) -> int:
    quick = "--quick" in arguments
    chosen = [name for name in arguments if name in CASES]
    if "--case" in arguments:
        run_case(chosen[0], quick=quick)
        return 0
    failed = 0
    for name in chosen or CASES:
        command = [sys.executable, "-m", "bench", "--case", name, *(["--quick"] if quick else [])]
        failed += subprocess.run(command, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
