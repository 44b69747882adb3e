# A private tree in its versions. A new one is made beside the one that the service is started in, and takes its place when it is complete:
#
#   rootfs        what the service is started in
#   rootfs.part   a new one, in which the steps work; `done` and `filled` are about it. After a failure the next run goes on with it
#   rootfs.old    while the new one takes its place: the one before
#   rootfs.gone   what nobody needs any more

# tree_is_missing: has it nothing of its base image yet? There may be no step that wants one (FROM, ENV and CMD alone).
tree_is_missing() {
    [ "$way" = root ] && [ ! -e "$service_place/filled" ]
}

# tree_place: sets `target_root`. A step that is new behind those that are done is done in the tree that is there.
tree_place() {
    target_root=$service_place/rootfs
    [ ! -d "$service_place/rootfs.part" ] && [ -e "$service_place/filled" ] || target_root=$service_place/rootfs.part
}

# tree_resume: what a run has left that was killed while a new one took its place.
tree_resume() {
    [ "$way" = root ] || return 0
    rm -rf "$service_place/rootfs.gone"
    tree_restore
    tree_place
}

# tree_restore: the one before is back; the new one waits.
tree_restore() {
    [ -d "$service_place/rootfs.old" ] || return 1
    [ ! -d "$service_place/rootfs" ] || mv "$service_place/rootfs" "$service_place/rootfs.part"
    mv "$service_place/rootfs.old" "$service_place/rootfs"
}

# tree_begin: a tree whose steps are not those of this script is made anew.
tree_begin() {
    [ "$way" = root ] && [ -n "$due_stale" ] || return 0
    [ -z "$host_only" ] || missing "a tree of this version of the Dockerfile, to do step $host_only in: without --only all its steps are done"
    rm -f "$service_place/done" "$service_place/filled"
    tree_place
    rm -rf "$target_root"
    host_from=0 from_step=1 # all of them
    host_due
}

# tree_arrives: the new one takes its place. (With --only it may not be complete.)
tree_arrives() {
    [ "$way" = root ] && [ "$target_root" != "$service_place/rootfs" ] && [ -e "$service_place/filled" ] || return 0
    [ -z "$host_only" ] || [ ! -d "$service_place/rootfs" ] || return 0
    [ ! -d "$service_place/rootfs" ] || mv "$service_place/rootfs" "$service_place/rootfs.old"
    mv "$target_root" "$service_place/rootfs" || fail "$service_place/rootfs cannot be put in place"
    target_root=$service_place/rootfs
}

# tree_back: the steps of a new one have failed, or what starts it could not be installed.
tree_back() {
    [ "$way" = root ] && [ -d "$service_place/rootfs" ] || return 0
    tree_restore || [ "$target_root" != "$service_place/rootfs" ] || return 0
    say "$service_name goes on in the tree that it had"
}

# tree_settled: nobody goes back to the one before.
tree_settled() {
    [ "$way" = root ] && [ -d "$service_place/rootfs.old" ] || return 0
    mv "$service_place/rootfs.old" "$service_place/rootfs.gone"
}
