"""Three-way calls with sound: how fast, what the citizen misses, what many cost: `python -m bench.threeway`.

Citizen, agent and unit are phones in this process, each with a pitch of its own; units answer at once and
press the key as soon as they are asked. "All hear" is heard: the packet with which the last of the three
hears both others. First one call after the other while eight are up, then many at once beside as many
plain rooms. A room without its three, a party that hears too little or a wrong voice, a channel or a room
that is left after everybody has hung up: each is an error, and its table is not printed.
"""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from bench import threeway_load, threeway_moves
from bench.markdown import percentile, print_load, print_table
from bench.threeway_load import Many, plain

SAMPLES = 100
WHAT = {threeway_moves.EMERGENCY: "emergency, no key", "unit": "unit, with question and key"}


def say(text):
    """Tell how far it is; the tables are on standard output."""
    print(text, file=sys.stderr, flush=True)


def parts_table(times):
    """Print ms from the command to each part, and the service's own share of them."""
    rows = []
    for kind, parts in times.items():
        asked = [
            accepted - answered
            for answered, accepted in zip(parts["answered"], parts["accepted"], strict=True)
        ]
        own = [heard - key for heard, key in zip(parts["all hear"], asked, strict=True)]
        for part, samples in {**parts, "all hear, but question and key": own}.items():
            shown = [f"{percentile(samples, share):.0f}" for share in (0.5, 0.99)]
            rows.append((WHAT[kind], part, len(samples), *shown, f"{max(samples):.0f}"))
    print_table(("", "from the command until", "samples", "p50 ms", "p99 ms", "most ms"), rows)


def gaps_table(gaps):
    """Print the longest silence of each move and the longest time between two packets."""
    rows = []
    for move, samples in gaps.items():
        for at, what in enumerate(("silence", "between two packets")):
            found = [sample[at] for sample in samples]
            shown = [f"{percentile(found, share):.0f}" for share in (0.5, 0.99)]
            rows.append((move, what, len(found), *shown, f"{max(found):.0f}"))
    print_table(("the citizen is moved", "longest", "samples", "p50 ms", "p99 ms", "most ms"), rows)


def costs_table(bare, ours):
    """Print what rooms cost without and with the service."""
    rows = []
    for base, cost in zip(bare, ours, strict=True):
        whole = cost.switch_cpu + cost.service_cpu
        shares = [base.switch_cpu, cost.switch_cpu, cost.service_cpu]
        sizes = [base.switch_mib, cost.switch_mib, cost.service_mib]
        ratio = f"{whole / base.switch_cpu:.2f}"
        rows.append(
            (cost.rooms, *(f"{100 * share:.1f} %" for share in shares), ratio, *map("{:.0f}".format, sizes))
        )
    cpu = ("plain switch CPU", "our switch CPU", "service CPU", "ratio")
    print_table(("rooms of three", *cpu, "plain switch MiB", "our switch MiB", "service MiB"), rows)


def many(folder):
    """Measure what many cost, begin all at once, and kill the service; print what came of it."""
    bare = plain(folder / "plain")
    crowd = Many(folder / "ours", say)
    try:
        crowd.crowd.start()
        ours = crowd.costs()
        crowd.at_once()
        crowd.in_the_middle()
        rooms = crowd.numbers()
    finally:
        crowd.crowd.stop()
    costs_table(bare, ours)
    count, seconds = crowd.begun[-1]
    print(f"{count} at once: all in their rooms {seconds:.1f} s after the first command, none failed.")
    print(
        f"Of all {rooms} rooms no two had the same number; nothing was left after the hang-ups and kills.\n"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--samples", type=int, default=SAMPLES, help="calls one after the other, of each kind"
    )
    parser.add_argument("--seconds", type=float, default=threeway_load.SECONDS, help="of each CPU figure")
    parser.add_argument("--only", choices=("moves", "many"), help="one of the two halves")
    options = parser.parse_args()
    threeway_load.SECONDS = options.seconds
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends what we started
    begun = time.monotonic()
    print_load()
    with tempfile.TemporaryDirectory(
        prefix="hotline-bench-", dir="/tmp", ignore_cleanup_errors=True
    ) as folder:
        if options.only != "many":
            gaps, times = threeway_moves.measure(Path(folder) / "moves", options.samples, say)
            parts_table(times)
            gaps_table(gaps)
            print_load()
        if options.only != "moves":
            many(Path(folder))
    print(f"took {time.monotonic() - begun:.0f} s; all phones ran on the same cores")


if __name__ == "__main__":
    main()
