# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154  # the parts share their variables
#
# Messages, the lock, the log and running long commands. Sourced by build.sh, and by harness/os/packages.sh,
# which keeps what it fetches beside the emulator.

# Variables that the other parts use.
# shellcheck disable=SC2034
base_package='' base_series='' base_suites='' base_seen='' base_meson=''
cache='' log='' child='' scratch=''
locked=false

# Who speaks, and the folder of the cache.
speaker=${speaker:-emulator}

say() {
    printf '%s: %s\n' "$speaker" "$*"
}

# die STATUS SENTENCE
die() {
    local status=$1
    shift
    trap - EXIT HUP INT TERM
    cleanup
    printf '%s: %s\n' "$speaker" "$*" >&2
    exit "$status"
}

cleanup() {
    stop_child
    end_progress
    if $locked; then
        drop_scratch
        rm -rf "$cache"/*.part
    fi
}

read_base() {
    local key value
    [[ -r $here/base ]] || die 3 "$here/base cannot be read"
    while IFS='=' read -r key value; do
        case $key in
        package | series | suites | seen | meson) printf -v "base_$key" '%s' "$value" ;;
        '' | '#'*) ;;
        *) die 3 "$here/base: unknown key '$key'" ;;
        esac
    done <"$here/base"
    for key in package series suites seen meson; do
        value=base_$key
        [[ -n ${!value} ]] || die 3 "$here/base: the key '$key' is missing"
    done
}

find_cache() {
    local top=${AMDVI_CHECK_CACHE:-}
    if [[ -z $top ]]; then
        [[ -n ${XDG_CACHE_HOME:-} || -n ${HOME:-} ]] ||
            die 3 "no place for the cache: neither HOME nor AMDVI_CHECK_CACHE is set"
        top=${XDG_CACHE_HOME:-$HOME/.cache}/amdvi-check
    fi
    [[ $top == /* ]] || top=$PWD/$top
    # White space would break QEMU's own build, colons apt's and the shell's search paths.
    [[ $top != *[[:space:]:]* ]] ||
        die 3 "the cache folder '$top' has a blank or colon in its name; set AMDVI_CHECK_CACHE to another one"
    cache=$top/$speaker
    log=$cache/build.log
}

# One build at a time in one cache. The commands started below inherit the lock, so that even after
# "kill -9" of this script nobody touches a tree in which an orphan still compiles.
lock_cache() {
    local owner=''
    mkdir -p "$cache" 2>/dev/null || die 3 "cannot create the cache folder $cache"
    [[ -w $cache ]] || die 3 "the cache folder $cache is not writable"
    exec 9>>"$cache/lock" || die 3 "cannot open the lock file $cache/lock"
    if ! flock -n 9; then
        read -r owner <"$cache/lock.pid" 2>/dev/null || true
        say "another build (process ${owner:-unknown}) uses $cache, waiting for it"
        flock -w "${AMDVI_CHECK_LOCK_WAIT:-900}" 9 ||
            die 3 "another build (process ${owner:-unknown}) still holds $cache/lock after ${AMDVI_CHECK_LOCK_WAIT:-900} s; stop it or try later"
    fi
    locked=true
    echo "$$" >"$cache/lock.pid" || true
    trap 'die 3 "interrupted; the next run goes on from here"' HUP INT TERM
    trap 'on_exit $?' EXIT
    # What an interrupted run left half-written.
    rm -rf "$cache"/*.part
}

# Ends the script when set -e or set -u did, which no check foresaw: still one sentence.
on_exit() {
    local status=$1
    trap - EXIT
    cleanup
    ((status == 0)) && return
    if disk_is_full; then
        printf '%s: the disk is full in %s; make room and run it again\n' "$speaker" "$cache" >&2
    else
        printf '%s: %s stopped unexpectedly; the log is %s\n' "$speaker" "${0##*/}" "$log" >&2
    fi
    exit 3
}

begin_log() {
    [[ -e $log ]] && mv -f "$log" "$log.old"
    printf 'recipe %s, %s\n' "$RECIPE" "$(date -u +%FT%TZ)" >"$log" ||
        die 3 "cannot write the log $log (disk full or not writable)"
}

# Free space in MiB below the cache.
free_mib() {
    local kib
    kib=$(df -Pk "$cache" | awk 'NR == 2 { print $4 }')
    REPLY=$((kib / 1024))
}

disk_is_full() {
    grep -qs 'No space left on device\|Disk quota exceeded' "$log" && return 0
    free_mib
    ((REPLY < 8))
}

ensure_space() {
    local need=$1
    free_mib
    ((REPLY >= need)) ||
        die 3 "not enough free space in $cache: $need MiB are needed and $REPLY MiB are free; make room or set AMDVI_CHECK_CACHE to another folder"
}

# need_tool COMMAND PACKAGE
need_tool() {
    command -v "$1" >/dev/null 2>&1 ||
        die 3 "the tool '$1' is missing: install the Debian package $2 (apt-get install $2)"
}

# ---- long commands ---------------------------------------------------------------------------------

progress_width=0

end_progress() {
    ((progress_width == 0)) && return
    printf '\r%*s\r' "$progress_width" ''
    progress_width=0
}

# show_progress TITLE SECONDS: "TITLE [n/m]", live on a terminal, seldom elsewhere.
show_progress() {
    local title=$1 seconds=$2 last='' line
    last=$(tail -c 400 "$log" 2>/dev/null | grep -ao '^\[[0-9]*/[0-9]*\]' | tail -n 1) || last=''
    if [[ -t 1 ]]; then
        line="$speaker: $title ${last:-...} ${seconds} s"
        printf '\r%-*s' "$progress_width" "$line"
        progress_width=${#line}
    elif ((seconds > 0 && seconds % 30 == 0 && seconds != progress_said)); then
        progress_said=$seconds
        say "$title ${last:-...} after $seconds s"
    fi
}

# run TITLE LIMIT COMMAND...: into the log, in a process group of its own, for at most LIMIT seconds.
# Returns the command's status, or 124 when the time was over.
run() {
    local title=$1 limit=$2 start=$SECONDS status=0 elapsed
    local progress_said=-1
    shift 2
    printf '\n+ %s\n' "$*" >>"$log" || true
    [[ -t 1 ]] || say "$title"
    setsid "$@" >>"$log" 2>&1 </dev/null &
    child=$!
    while kill -0 "$child" 2>/dev/null; do
        elapsed=$((SECONDS - start))
        if ((elapsed >= limit)); then
            stop_child
            end_progress
            printf 'stopped after %s s\n' "$limit" >>"$log" || true
            return 124
        fi
        show_progress "$title" "$elapsed"
        sleep 0.2
    done
    wait "$child" || status=$?
    child=''
    end_progress
    return "$status"
}

stop_child() {
    local pid=$child i
    [[ -n $pid ]] || return 0
    child=''
    kill -TERM -- "-$pid" 2>/dev/null || return 0
    for ((i = 0; i < 50; i++)); do
        kill -0 -- "-$pid" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL -- "-$pid" 2>/dev/null || true
}

# What the last command said, on standard error, for a person to see the cause above the sentence.
show_log_tail() {
    local lines=${1:-15}
    end_progress
    awk '/^\+ / { n = 0; next } { line[n++] = $0 } END { for (i = 0; i < n; i++) print line[i] }' "$log" |
        tail -n "$lines" >&2 || true
}
