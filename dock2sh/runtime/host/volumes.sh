# A VOLUME's place on the machine: filled once from the image, with the image's owners and modes.

# volumes_fill: what the image has at a VOLUME is copied once to where the service keeps it.
# `service_volumes` has lines: the directory here, the path in the image.
volumes_fill() {
    [ -n "$service_volumes" ] && [ -n "$host_unit" ] || return 0
    printf '%s\n' "$service_volumes" >"$state/volumes"
    while read -r volume_here volume_path <&8; do
        volume_root=''
        [ "$way" = merge ] || volume_root=$target_root
        resolve_in "$volume_root" "$volume_path" || fail "VOLUME $volume_path: too many links"
        [ "$way" = root ] || made_directories "$resolved"
        mkdir -p "$volume_root$resolved"
        [ ! -d "$volume_here" ] || continue
        mkdir -p "$volume_here.new"
        cp -a "$volume_root$resolved/." "$volume_here.new/" || fail "VOLUME $volume_path cannot be copied to $volume_here"
        mv "$volume_here.new" "$volume_here"
        (cd "${volume_here%/*}" && find "./${volume_here##*/}" -print0) | labels_set "${volume_here%/*}"
    done 8<"$state/volumes"
    volumes_keep
}

# volumes_keep: at each start systemd gives a StateDirectory= the mode 0755, and all that is in it to the service's user. Docker leaves a
# volume the mode and the owner that it has, or that the program gives it (postgres refuses data that others may read).
volumes_keep() {
    volume_part=/etc/systemd/system/$service_name.service.d/volumes.conf
    [ ! -e "$volume_part" ] || return 0
    made_directories "${volume_part%/*}"
    file_keep "$volume_part"
    printf '%s\n' "# Made by dock2sh: systemd is to leave owners and modes to the volumes of $service_name, as docker does." '[Service]' \
        'StateDirectory=' >"$volume_part"
    printf './%s\0' "${volume_part#/}" >"$state/list.put"
    labels_set '' <"$state/list.put"
    record_sums '' "$state/list.put"
    host_changed=$((host_changed + 1))
}
