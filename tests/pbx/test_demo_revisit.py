"""`hotline demo revisit` on a real system with the rules of production, at whatever hour."""

import json
import os
import subprocess
import sys

from telephony.paths import PROJECT


def demo(system, *arguments):
    environment = {**os.environ, **system.switch.environment, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "telephony", "demo", "revisit", *arguments]
    return subprocess.run(
        command, env=environment, cwd=system.folder, capture_output=True, text=True, timeout=600, check=False
    )


def test_the_demo_of_a_revisit_prints_one_document_whose_verdict_is_the_citizens(system):
    done = demo(system, "--json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert (shown["verdict"], shown["attempts"][0]["state"]) == ("satisfied", "answered")


def test_the_demo_can_be_repeated_and_tells_what_happens(system):
    done = demo(system)
    assert done.returncode == 0, done.stderr
    assert "满意 satisfied" in done.stdout
