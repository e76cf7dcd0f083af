import sys

from evals.speed.machine import peak_memory_mb, run_process

TELL = "from evals.speed.machine import peak_memory_mb; print(peak_memory_mb())"


def test_the_peak_of_a_process_is_its_own_and_not_that_of_whoever_started_it() -> None:
    held = bytearray(600_000_000)
    held[::4096] = b"x" * len(held[::4096])
    assert peak_memory_mb() > 600
    assert 10 < float(run_process([sys.executable, "-c", TELL]).stdout) < 300
