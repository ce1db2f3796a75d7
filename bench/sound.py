"""How many calls with sound one process of simulated phones holds: `python -m bench.sound`.

Each leg speaks and hears 50 packets a second; the other side is a process of its own that only sends, so what
is measured is the simulated phones alone. CPU is a share of one core. "Heard" is sound, not the
silence that stands for a packet that did not come; "apart" is the time between two packets of one leg.
"""

import argparse
import itertools
import multiprocessing
import socket
import time

from bench.markdown import percentile, print_load, print_table
from telephony.peers import tone
from telephony.peers.media import HEADER, Media
from telephony.peers.tone import RATE

LEGS = (30, 60, 120, 180, 240)
SECONDS = 8
SWITCH, PHONES = "127.0.0.1", "127.0.0.2"
FRAME_SECONDS = tone.FRAME / RATE


def speak(ports, over):
    """Send a tone to every leg, at the pace of a switch, until it is over."""
    speaking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    frames, due, number = tone.sine(300), time.monotonic(), 0
    while not over.is_set():
        packet = HEADER.pack(0x80, 8, number & 0xFFFF, number * tone.FRAME, 1) + frames[number % len(frames)]
        for port in ports:
            speaking.sendto(packet, (PHONES, port))
        due, number = due + FRAME_SECONDS, number + 1
        time.sleep(max(0, due - time.monotonic()))  # the pace is what this process is for


def witness(here, answer, over):
    """Say how far apart the packets of one leg came."""
    here.settimeout(0.5)
    times = []
    while not over.is_set():
        try:
            here.recv(2048)
        except TimeoutError:
            continue
        times.append(time.monotonic())
    answer.send([after - before for before, after in itertools.pairwise(times)])


def heard_seconds(phone):
    """Return how much sound a phone has heard so far."""
    whole = phone.hears(None)
    return (len(whole) - whole.count(tone.SILENCE) * tone.FRAME) / RATE


def measure(legs, seconds):
    """Return the CPU's share, the share of sound, and the ms between packets of one leg (p99, most)."""
    context = multiprocessing.get_context("fork")
    over, (ours, theirs) = context.Event(), context.Pipe()
    watched, deaf = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    for each in (watched, deaf):
        each.bind((SWITCH, 0))
    phones = [Media(PHONES, 0, 425) for _ in range(legs)]
    others = [
        context.Process(target=speak, args=([phone.port for phone in phones], over)),
        context.Process(target=witness, args=(watched, theirs, over)),
    ]
    for each in others:
        each.start()
    for number, phone in enumerate(phones):
        phone.start((watched if number == 0 else deaf).getsockname())
    time.sleep(1)  # the start is not what is measured
    heard = sum(map(heard_seconds, phones))
    cpu, began = time.process_time(), time.monotonic()
    time.sleep(seconds)
    lasted = time.monotonic() - began
    share = (time.process_time() - cpu) / lasted
    heard = sum(map(heard_seconds, phones)) - heard
    over.set()
    apart = ours.recv()
    for each in others:
        each.join()
    for phone in phones:
        phone.stop()
    return share, heard / lasted / legs, percentile(apart, 0.99) * 1000, max(apart) * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--legs", type=int, nargs="*", default=LEGS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args()
    print_load()
    rows = []
    for legs in options.legs:
        share, heard, p99, most = measure(legs, options.seconds)
        rows.append((legs, f"{share:.0%}", f"{heard:.1%}", f"{p99:.1f}", f"{most:.1f}"))
    print_table(("legs", "CPU", "heard", "apart, p99 ms", "most ms"), rows)


if __name__ == "__main__":
    main()
