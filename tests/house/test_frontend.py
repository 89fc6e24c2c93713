"""浏览器端 — the scripts of the pages: money in 分, the grid's tables, blocks and undo, as Node runs them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"


def test_scripts_of_the_pages_pass_their_own_tests() -> None:
    files = sorted(str(path) for path in (FRONTEND / "src").rglob("*.test.mjs"))
    node = shutil.which("node")
    assert files, "no test of the scripts was found"
    assert node, "Node builds the browser assets: it is here wherever the product is"
    done = subprocess.run([node, "--test", *files], cwd=FRONTEND, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 0" not in done.stdout, done.stdout
