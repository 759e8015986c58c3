"""The container files, as far as they can be checked without a container engine."""

import re

from cli.places import CHECKOUT
from cli.verbs import parser

COMPOSE = (CHECKOUT / "docker-compose.yml").read_text()


def test_every_process_has_a_service_and_every_service_runs_a_verb_that_exists() -> None:
    services = COMPOSE[COMPOSE.index("\nservices:\n") : COMPOSE.index("\nvolumes:\n")]

    names = set(re.findall(r"^  ([a-z]+):$", services, flags=re.MULTILINE))
    commands = re.findall(r'^    command: \["([a-z]+)"(?:, ([^\]]*))?\]$', services, flags=re.MULTILINE)

    assert names == {"postgres", "broker", "prometheus", "migrate", "api", "worker", "projector", "simulator"}
    assert {verb for verb, _ in commands} == names - {"postgres", "broker", "prometheus"}
    for verb, arguments in commands:
        asked, _ = parser().parse_known_args([verb, *re.findall(r'"([^"]*)"', arguments)])
        assert asked.verb == verb


def test_settings_in_the_compose_file_are_settings_that_exist() -> None:
    documented = set(re.findall(r"`(PSA_LEDGER_[A-Z_]+)`", (CHECKOUT / "docs" / "runbook.md").read_text()))

    used = set(re.findall(r"\b(PSA_LEDGER_[A-Z_]+):", COMPOSE))

    assert used <= documented


def test_the_image_installs_only_locked_packages_and_does_not_run_as_root() -> None:
    dockerfile = (CHECKOUT / "Dockerfile").read_text()

    installs = re.findall(r"pip install .*", dockerfile)

    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
    assert re.search(r"^USER \d+$", dockerfile, flags=re.MULTILINE)
