"""The scripts' own tests: amounts, blocks, kinds of columns, undo."""

import subprocess

import pytest

from povfund.settings.env import BASE_DIR

NODE = BASE_DIR / ".build-venv" / "bin" / "node"


@pytest.mark.skipif(not NODE.exists(), reason="Node is not installed: `make assets` does it")
def test_the_scripts_pass_their_own_tests():
    done = subprocess.run(
        [NODE, "--test", "src/**/*.test.mjs"], cwd=BASE_DIR / "frontend", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
