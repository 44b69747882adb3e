# A private tree in its versions. A new one is made beside the one that the service runs in:
#
#   rootfs        what the service is started in; and where the steps work while a run lasts
#   rootfs.old    while a run lasts that makes a new one: the one before
#   rootfs.part   a new one whose steps failed; the next run goes on with it
#   rootfs.gone   what nobody needs any more

# tree_is_missing: has it nothing of its base image yet? There may be no step that wants one (FROM, ENV and CMD alone).
tree_is_missing() {
    [ "$way" = root ] && [ ! -e "$service_place/filled" ]
}

# tree_resume: goes on with a tree that was not finished: first of all, since a step of it may be in place in part.
tree_resume() {
    [ "$way" = root ] || return 0
    rm -rf "$service_place/rootfs.gone"
    [ ! -d "$service_place/rootfs.part" ] || { tree_aside && mv "$service_place/rootfs.part" "$service_place/rootfs"; }
}

# tree_begin: a tree whose steps are not those of this script is made anew.
tree_begin() {
    [ "$way" = root ] && [ -n "$due_stale" ] || return 0
    [ -z "$host_only" ] || missing "a tree of this version of the Dockerfile, to do step $host_only in: without --only all its steps are done"
    tree_aside
    rm -f "$service_place/done" "$service_place/filled"
    host_due
}

# tree_aside: makes room for a new one. Where the one that the service runs in is aside already, what is here was never finished.
tree_aside() {
    if [ -d "$service_place/rootfs.old" ]; then
        rm -rf "$service_place/rootfs"
    elif [ -d "$service_place/rootfs" ]; then
        mv "$service_place/rootfs" "$service_place/rootfs.old"
    fi
}

# tree_back: the steps of a new one have failed: until they are done the service is started in the old one. Where the new one was not
# even begun (its base image is not here) an empty one stands for it.
tree_back() {
    [ "$way" = root ] && [ -d "$service_place/rootfs.old" ] || return 0
    mkdir -p "$service_place/rootfs"
    mv "$service_place/rootfs" "$service_place/rootfs.part" && mv "$service_place/rootfs.old" "$service_place/rootfs" &&
        say "$service_name goes on in the tree that it had"
}

# tree_settled: the new one is complete.
tree_settled() {
    [ "$way" = root ] && [ -z "$host_only" ] && [ -d "$service_place/rootfs.old" ] || return 0
    mv "$service_place/rootfs.old" "$service_place/rootfs.gone"
}
