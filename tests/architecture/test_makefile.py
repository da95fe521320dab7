"""What the Makefile and CI promise."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()


def test_help_lists_every_target_for_people() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    for target in ("run", "test", "demo", "bench", "lint", "types", "format", "schema", "pins", "clean", "help"):
        assert re.search(rf"^  {target} +\S", done.stdout, re.MULTILINE), target


def test_help_lists_every_argument_with_what_it_is_when_left_out() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("PORT", "MAKEFLAGS")}
    done = subprocess.run(
        ["make", "help"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    told = dict(re.findall(r"^  ([A-Z]+)=(\S*) +\w", done.stdout, re.MULTILINE))
    settable = dict(re.findall(r"^([A-Z]+) +\?= *(.*)$", MAKEFILE, re.MULTILINE))
    assert told == {name: value for name, value in settable.items() if name != "PYTHON"}
    for name in told:
        assert f"$({name})" in MAKEFILE, name


def test_what_is_said_of_the_demonstration_can_be_given() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.demo", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told = [re.findall(r'demo ARGS="([^"]*)"', text) for text in (MAKEFILE, (ROOT / "README.md").read_text())]
    assert told[0] == told[1] != []
    options = re.findall(r"--[a-z]+", told[0][0])
    assert len(options) == 2
    assert [option for option in options if option not in done.stdout] == []


def test_every_target_that_is_a_name_is_phony() -> None:
    phony = set(" ".join(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)).split())
    targets = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))
    assert targets == phony


def test_ci_runs_the_same_as_people_do() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o100
    assert re.search(r"^(exec )?make test$", script.read_text(), re.MULTILINE)


def test_pins_have_hashes() -> None:
    for name in ("base", "dev"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        pins = re.findall(r"^[a-z0-9][^=\s]*==\S+.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
        assert pins
        assert all("--hash=sha256:" in pin for pin in pins)
