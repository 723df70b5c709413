"""A working folder with packages of our names hides nothing from a worker; tests/packaging runs whole builds in one."""

from __future__ import annotations

from persona_hub.pipelines.runners.run import worker_command


def test_the_command_of_a_worker() -> None:
    command = b"/venv/bin/python -m apache_beam.runners.worker.sdk_worker_main"
    assert worker_command(command) == (
        b"trap '' INT TERM; exec /venv/bin/python -P -m apache_beam.runners.worker.sdk_worker_main"
    )
