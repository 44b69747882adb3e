# What a run that was killed has left: a process, and mounts.

# end_left_running STATE: ends the step that it left running: else that works beside ours in the same root.
end_left_running() {
    [ -s "$1/pid" ] && [ -s "$1/born" ] || return 0
    left_process=$(cat "$1/pid")
    # a number alone might be another's by now (programs/enter.sh)
    [ "$(sed 's/.*) //' "/proc/$left_process/stat" 2>/dev/null | cut -d ' ' -f 20)" = "$(cat "$1/born")" ] || return 0
    kill -KILL "$left_process" 2>/dev/null
    kill -KILL "-$left_process" 2>/dev/null
    for left_wait in 1 2 3 4 5 6 7 8 9; do
        kill -0 "$left_process" 2>/dev/null || break
        sleep 0.2 2>/dev/null || sleep 1
    done
    : "$left_wait"
}

# unmount_at DIR: what is mounted on it and below it, the last one first.
unmount_at() {
    [ -r /proc/self/mounts ] || return 0
    at=$1 LC_ALL=C awk '$2 == ENVIRON["at"] || index($2, ENVIRON["at"] "/") == 1 { way[++n] = $2 } END { while (n) print way[n--] }' /proc/self/mounts |
        while IFS= read -r overlay_point; do
            overlay_point=$(printf '%b' "$(printf '%s' "$overlay_point" | sed 's/\\\([0-7]\)/\\0\1/g')")
            unmount "$overlay_point"
        done
}

# unmount DIR: what was mounted on it last.
unmount() {
    umount "$1" 2>/dev/null || umount -l "$1"
}
