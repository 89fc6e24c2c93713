"""What is shipped: lock files, compose file, settings document, environment."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PARTS = {"postgres", "redis", "migrate", "web", "worker-work", "worker-sync", "ticker", "proxy"}


def compose() -> dict:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_lock_files_pin_every_package_with_hashes_and_name_no_host(lock):
    text = lock.read_text("utf-8")
    pins = re.findall(r"^[\w.\-\[\]]+==\S+ \\$", text, re.MULTILINE)
    assert pins
    assert len(re.findall(r"^[\w.\-\[\]]+==", text, re.MULTILINE)) == len(pins)
    assert not re.search(r"://|--index-url|--find-links|--trusted-host", text)


def test_every_direct_requirement_has_its_reason_in_the_documentation():
    reasons = (ROOT / "docs" / "dependencies.md").read_text("utf-8").lower()
    for source in (ROOT / "requirements").glob("*.in"):
        for line in source.read_text("utf-8").splitlines():
            name = re.split(r"[\[<>=]", line.strip())[0].lower()
            if name and not line.startswith(("#", "-")):
                assert name in reasons, name


def test_every_environment_variable_is_in_the_settings_document():
    document = (ROOT / "docs" / "operations" / "settings.md").read_text("utf-8")
    sources = [ROOT / "povfund" / "settings" / "env.py", ROOT / "povfund" / "run.py"]
    names = {
        name for path in sources for name in re.findall(r'"(POVFUND_[A-Z_]+|[A-Z]+_PORT)"', path.read_text("utf-8"))
    }
    assert not {name for name in names if f"`{name}`" not in document}


def test_only_the_environment_module_and_the_start_of_both_sites_read_the_environment():
    reading = re.compile(r"environ\.get\(|environ\[|getenv\(")
    readers = {
        path.relative_to(ROOT).as_posix()
        for app in ("povfund", "accounts", "records", "funds", "sync", "rollups")
        for path in (ROOT / app).rglob("*.py")
        if reading.search(path.read_text("utf-8"))
    }
    assert readers <= {"povfund/settings/env.py", "povfund/run.py", "povfund/common/crashpoint.py"}


def test_compose_file_has_all_parts_with_pinned_images_health_checks_and_no_default_secret():
    services = compose()["services"]
    assert set(services) == PARTS
    for name, service in services.items():
        assert re.fullmatch(r"[\w./-]+:\d+(\.\d+)+[\w.-]*", service["image"]), name
        assert "healthcheck" in service, name
        for key, value in (service.get("environment") or {}).items():
            if re.search(r"PASSWORD|SECRET|KEY", key):
                assert re.search(r"\$\{\w+:\?", str(value)), (name, key)


def test_compose_services_are_one_database_role_each():
    services = compose()["services"]
    for name, role in (("web", "app"), ("worker-work", "app"), ("worker-sync", "sync"), ("ticker", "sync")):
        environment = services[name]["environment"]
        assert environment["POVFUND_DB_ROLE"] == role
        assert f"//fp_{role}:" in environment["POVFUND_DATABASE_URL"]
        assert "POVFUND_OWNER_DATABASE_URL" not in environment


def _compose_command() -> list[str] | None:
    if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ["docker", "compose"]
    return None


@pytest.mark.skipif(_compose_command() is None, reason="docker compose is not installed")
def test_docker_compose_accepts_the_file_and_refuses_it_without_secrets(tmp_path):
    names = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text("utf-8")))
    env_file = tmp_path / "site.env"
    env_file.write_text("".join(f"{name}=value\n" for name in names))
    command = [*_compose_command(), "--env-file", str(env_file), "config", "-q"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0
    env_file.write_text("")
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert refused.returncode != 0
    assert "POVFUND_" in refused.stderr
