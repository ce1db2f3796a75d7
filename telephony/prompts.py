"""Default prompts: spoken by espeak-ng, brought to the switch's form by sox; an operator's recording wins."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from telephony.config import Config, Voice
from telephony.errors import ConfigError
from telephony.paths import Paths
from telephony.texts import say, word
from telephony.yaml_source import visible

FORMAT = ("-r", "8000", "-c", "1", "-b", "16", "-e", "signed-integer")
"""What Asterisk's format_wav plays: 8 kHz, mono, 16 bit."""
BEEP = "beep"
"""The prompt after which a caller speaks."""


def make(paths: Paths, config: Config) -> Iterator[str]:
    """Bring every prompt and the music up to date; yield the names that were made.

    A file is made again only when its text, voice or recording has changed (var/.../made.json remembers).
    """
    paths.sounds.mkdir(parents=True, exist_ok=True)
    memory = paths.sounds / "made.json"
    made = _remembered(memory)
    for name, text in config.prompts.prompts.items():
        recording = paths.config / "prompts" / f"{name}.wav"
        source = _digest(recording, text, config.prompts.voice)
        target = paths.sounds / f"{name}.wav"
        if made.get(name) == source and target.exists():
            continue
        _from_recording(recording, target) if recording.exists() else speak(
            text, config.prompts.voice, target
        )
        made[name] = source
        memory.write_text(json.dumps(made, indent=1))
        yield name
    beep = paths.sounds / f"{BEEP}.wav"
    if not beep.exists():
        _beep(beep)
        yield word("prompts.beep")
    music = paths.asterisk / "data" / "moh" / "hotline" / "waiting.wav"
    if not music.exists():
        _music(music)
        yield word("prompts.music")


def speak(text: str, voice: Voice, target: Path) -> None:
    """Write a text as sound that the switch plays; it appears whole or not at all. Blocks.

    Raise ConfigError if espeak-ng or sox is missing or fails, OSError if the disk is full.
    """
    speech_of = ("espeak-ng", "-v", voice.language, "-s", str(voice.words_per_minute), "--stdout", "--", text)
    speech = _run(speech_of, None)
    with _whole(target) as new:
        _run(("sox", "-t", "wav", "-", *FORMAT, str(new), "norm", "-3"), speech)


def _remembered(memory: Path) -> dict[str, str]:
    try:
        made = json.loads(memory.read_bytes())
    except (FileNotFoundError, ValueError):  # none yet, or cut short by a crash: all are made again
        return {}
    return made if isinstance(made, dict) else {}


def _digest(recording: Path, text: str, voice: Voice) -> str:
    content = recording.read_bytes() if recording.exists() else f"{text}|{voice}".encode()
    return hashlib.sha256(content).hexdigest()


def _from_recording(recording: Path, target: Path) -> None:
    with _whole(target) as new:
        _run(("sox", str(recording), *FORMAT, str(new)), None)


def _beep(target: Path) -> None:
    with _whole(target) as new:
        _run(("sox", "-n", *FORMAT, str(new), "synth", "0.3", "sine", "1000", "gain", "-6"), None)


def _music(target: Path) -> None:
    # Soft broken chords, twelve seconds that loop: our own, so no licence is needed.
    target.parent.mkdir(parents=True, exist_ok=True)
    notes = ("C4", "E4", "G4", "C5", "A3", "C4", "E4", "A4", "F3", "A3", "C4", "F4")
    tone = ("sox", "-n", "-t", "raw", *FORMAT, "-", "synth", "1", "pluck")
    music = b"".join(_run((*tone, note), None) for note in notes)
    with _whole(target) as new:
        _run(("sox", "-t", "raw", *FORMAT, "-", str(new), "norm", "-15"), music)


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    # A file that sox left half written must neither be played nor be taken for made.
    new = target.with_name(f"new-{target.name}")
    yield new
    new.replace(target)


def _run(command: tuple[str, ...], data: bytes | None) -> bytes:
    try:
        return subprocess.run(command, input=data, capture_output=True, check=True).stdout
    except FileNotFoundError as error:
        raise ConfigError(say("prompts.no_program", program=command[0])) from error
    except subprocess.CalledProcessError as error:
        why = visible(error.stderr.decode(errors="replace").strip()[:200])
        raise ConfigError(say("prompts.failed", program=command[0], why=why)) from error
