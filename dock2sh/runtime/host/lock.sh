# A lock on a machine: what the steps get is asked for as everywhere; what stands in the place of the base image is the machine itself.

# lock_base_differs IMAGE: a machine has never just the packages of an image. A tree that was filled from one has.
lock_base_differs() {
    if step_is_on_machine || { [ -n "$stage_now" ] && [ -e "$state/stages/$stage_now/on-host" ]; }; then
        say "what this machine had before is not in the lock of $1, which holds for what the steps get"
    else
        lock_deviates "the packages of $1 here are not those that were locked (made from today's packages? --base names an image)"
    fi
}

# look_lock: apt takes nothing back to an older version by itself, so what is newer here than in the lock cannot become what was locked.
look_lock() {
    [ -n "${lock_mode-}" ] && [ "$way" = merge ] && tool dpkg-query >/dev/null || return 0
    lock_newer=$(look_lock_newer | tr '\n' ';' | sed 's/;$//; s/;/, /g')
    [ -n "$lock_newer" ] || return 0
    if [ "$lock_mode" = strict ]; then
        trouble "versions that are newer here than locked, and apt takes none back: $lock_newer (--way root needs none of them; or a script with --lock prefer)"
    else
        warn "newer here than locked, and left as it is: $lock_newer"
    fi
}

# look_lock_newer: prints `NAME HAS, locked WANTED` for the packages of steps that are to be done.
look_lock_newer() {
    {
        dpkg-query -W -f '${db:Status-Status} ${Package} ${Architecture} ${Version}\n' | sed -n 's/^installed /have /p'
        for lock_step in $due; do
            lock_data "$lock_step"
        done
    } | awk '
        $1 == "have" { have[$2 " " $3] = $4 }
        $1 == "deb" && $4 != "*" && ($2 " " $3) in have && have[$2 " " $3] != $4 && !told[$2]++ { print $2, have[$2 " " $3], $4 }' |
        while read -r lock_name lock_has lock_wants; do
            ! dpkg --compare-versions "$lock_has" gt "$lock_wants" || echo "$lock_name $lock_has (locked $lock_wants)"
        done
}
