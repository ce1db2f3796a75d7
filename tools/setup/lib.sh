# Shared by the set-up steps; sourced, not run. Each step is short and leaves at once when nothing is to be done.
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
var=$(realpath -m "${HOTLINE_VAR:-$project/var}")
venv=$var/venv
mkdir -p "$var/log"
# A check that imports our code must not leave compiled files in the source folders.
export PYTHONPYCACHEPREFIX=$var/cache/python

say() { printf '%s\n' "$*"; }

fail() {
    printf 'set-up: %s\n' "$*" >&2
    exit 1
}

# Two set-ups at once would build in the same places; the kernel drops the lock with its holder, however that ends.
one_at_a_time() {
    exec 9>"$var/setup.lock"
    flock --nonblock 9 && return
    say "another set-up is at work in $var; waiting for it"
    flock 9
}

# slowly LOG WHAT COMMAND...: run a long command with its output in var/log/setup-LOG.log, show that it lives,
# and on failure show the end of that log.
slowly() {
    local log=$var/log/setup-$1.log what=$2 reporter status=0
    shift 2
    say "$what ..."
    # The command stays in the foreground, so that Ctrl-C reaches it; only the reporter is in the background.
    report_progress "$what" "$$" "$log" 9>&- &
    reporter=$!
    # It inherits the lock: should only this shell be killed, the next set-up waits for what is still writing.
    "$@" >"$log" 2>&1 </dev/null || status=$?
    kill "$reporter" 2>/dev/null || true
    wait "$reporter" 2>/dev/null || true
    if ((status != 0)); then
        tail -n 15 "$log" | sed 's/^/  | /' >&2
        fail "$what failed; all of its output is in $log"
    fi
    say "$what: done"
}

report_progress() {
    local began=$SECONDS
    # A sleep that outlives us must not hold a pipe that somebody reads to its end.
    while sleep 5 >/dev/null 2>&1 && kill -0 "$2" 2>/dev/null; do
        say "  $1: $((SECONDS - began)) s, $(tail -c 300 "$3" | tr '\r' '\n' | grep . | tail -n 1 | cut -c -90)"
    done
}

# The Python that the virtual environment is made with: 3.11 or newer, and able to make one.
usable_python() {
    local python
    for python in ${PYTHON:-} python3.11 python3 /usr/bin/python3; do
        if "$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
    return 1
}

# asterisk_found [FOLDER]: is there an Asterisk that fits? The program itself answers, so there is one rule;
# that part of it needs no more than the standard library. A tree is asked for its version where it is named.
asterisk_found() {
    local python=$venv/bin/python
    [[ -x $python ]] || python=$(usable_python) || return 1
    (cd "$project" && "$python" - "${1:-$var}" "${1:-}") <<'PYTHON'
import subprocess, sys
from pathlib import Path
from telephony.errors import HotlineError
from telephony.pbx.binary import LEAST_VERSION, find, parse_version
try:
    command = find(Path(sys.argv[1])).command
except HotlineError:
    sys.exit(1)
if sys.argv[2]:
    answer = subprocess.run([*command, "-V"], stdout=subprocess.PIPE, text=True)
    print(answer.stdout.strip())
    sys.exit(parse_version(answer.stdout) < LEAST_VERSION)
PYTHON
}
