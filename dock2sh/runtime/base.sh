# Base images: where the files come from that a root begins with.

# image_fill IMAGE DIR: fills the empty DIR from the first place that has IMAGE.
image_fill() {
    [ "$1" = scratch ] || image_find_and_fill "$1" "$2"
    root_directory "$2"
}

# root_directory DIR: docker leaves the root directory as it makes it, 0755 and root's, whatever the tar's ./ says. (Five digits:
# with four GNU chmod leaves a setgid bit of a directory where it is.)
root_directory() {
    [ "$(stat -c '%a %u:%g' "$1")" = '755 0:0' ] || { chown 0:0 "$1" && chmod 00755 "$1"; }
}

image_find_and_fill() {
    fill_source=$(base_given "$1")
    if is_named_context "$1"; then
        context_fill "$1" "$2"
    elif [ -n "$fill_source" ]; then
        source_fill "$fill_source" "$2"
    elif image_is_target "$1" && [ -z "${target_begun-}" ] && ! target_is_empty; then
        copy_root "$target_root" "$2"
    elif [ -d "$state/pristine" ] && image_is_target "$1"; then
        copy_root "$state/pristine" "$2"
    elif context_among "$1" "${git_contexts-}"; then
        say "fetching the build context $1"
        git_context "$1" "$2"
    elif context_known "$1"; then
        missing "the named context $1: give it with --build-context $1=SOURCE"
    elif fill_engine=$(engine_with "$1"); then
        engine_fill "$fill_engine" "$1" "$2"
    else
        bootstrap_fill "$1" "$2" || missing "the base image $1. Name it with --base $(quote "$1")=SOURCE, where SOURCE is a \
directory, a tar of its root file system, the output of \`docker save\`, or docker-image://NAME"
    fi
}

# image_root IMAGE: prints a root with the files of an image that no stage begins with (COPY --from=IMAGE).
image_root() {
    image_place=$state/images/$(digest "$1")
    if [ ! -d "$image_place/root" ]; then
        rm -rf "$image_place"
        mkdir -p "$image_place/new"
        image_fill "$1" "$image_place/new"
        root_arrives "$image_place"
    fi
    printf '%s\n' "$image_place/root"
}

# full_reference IMAGE: one spelling for each image: debian is docker.io/library/debian:latest.
full_reference() {
    reference=${1#docker-image://}
    reference=${reference#index.}
    reference=${reference#docker.io/}
    reference=${reference#library/}
    tagged "$reference"
}

# base_given IMAGE: prints the SOURCE of a --base for it.
base_given() {
    (
        base_wanted=$(full_reference "$1")
        eval "set -- $bases"
        for base_pair in "$@"; do
            [ "$(full_reference "${base_pair%%=*}")" != "$base_wanted" ] || printf '%s\n' "${base_pair#*=}"
        done | tail -n 1
    )
}

# The top half names the target's own image in `target_image` where it needs other images, too: `other_images`.
image_is_target() {
    [ -n "${target_image-}" ] && [ "$(full_reference "$target_image")" = "$(full_reference "$1")" ]
}

target_is_empty() {
    [ -n "$target_root" ] && [ -z "$(ls -A "$target_root")" ]
}

# image_is_shared: is the target's image another stage's, too?
image_is_shared() {
    for shared_image in ${other_images-}; do
        ! image_is_target "$shared_image" || return 0
    done
    return 1
}

# Before the target's first step: its files are another stage's base, too.
target_keep_pristine() {
    image_is_shared && [ "$from_step" -eq 1 ] && [ -z "$only_step" ] && ! target_is_empty || return 0
    rm -rf "$state/pristine"
    mkdir "$state/pristine"
    copy_root "$target_root" "$state/pristine"
}

# source_fill SOURCE DIR: the SOURCE of a --base.
source_fill() {
    case $1 in
    oci-layout://*)
        layout_fill "${1#*://}" "$2"
        return ;;
    docker-image://*)
        fill_engine=$(engine_with "${1#*://}") || missing "the image ${1#*://}: neither docker nor podman has it"
        engine_fill "$fill_engine" "${1#*://}" "$2"
        return ;;
    esac
    if [ -f "$1/oci-layout" ] || [ -f "$1/manifest.json" ]; then
        layers_fill "$1" "$2"
    elif [ -d "$1" ]; then
        copy_root "$(cd -P -- "$1" && pwd -P)" "$2"
    elif [ -f "$1" ]; then
        archive_fill "$1" "$2"
    else
        missing "the base $1: no such directory or file"
    fi
}

# layout_fill DIR[:TAG][@DIGEST] ROOT: the image of a layout that has just one.
layout_fill() {
    layout_at=${1%@*} layout_tag=''
    [ -d "$layout_at" ] || layout_tag=${layout_at##*:} layout_at=${layout_at%:*}
    [ -f "$layout_at/index.json" ] || missing "the image layout $1: $layout_at has no index.json"
    grep -q -F -e "$layout_tag\"" "$layout_at/index.json" || missing "the image $layout_tag in the layout $layout_at"
    layers_fill "$layout_at" "$2"
}

# archive_fill TAR DIR: the tar of a root file system, or what `docker save` wrote. (A shell of busybox has a tar of its own, which looks
# at no compression when it lists.)
archive_fill() {
    fill_unpacks=$(decompressor "$1")
    if "$fill_unpacks" <"$1" 2>/dev/null | tar -tf - 2>/dev/null | grep -qxE '(\./)?(manifest\.json|oci-layout)'; then
        rm -rf "$state/archive"
        mkdir "$state/archive"
        unpack "$1" "$state/archive"
        layers_fill "$state/archive" "$2"
        rm -rf "$state/archive"
    else
        unpack "$1" "$2"
    fi
}

# unpack TAR DIR: everything as it is in there. GNU tar finds the compression itself (zstd needs the program of that name).
unpack() {
    if gnu_tar; then
        # a colon in a name is no host's
        "$(tool tar)" --no-unquote --force-local -xpf "$1" -C "$2" --same-owner --numeric-owner \
            --xattrs --xattrs-include='*' --warning=no-timestamp
    else
        unpack_by=$(decompressor "$1")
        "$unpack_by" <"$1" | tar -xpf - -C "$2"
    fi || missing "a way to unpack $1 (is it a tar, is the program for its compression here, and is there room?)"
}

# decompressor FILE: prints the program that makes it a tar, by the first bytes.
decompressor() {
    case $(head -c 4 "$1" | od -An -tx1 | tr -d ' ') in
    1f8b*) echo zcat ;;
    425a68*) echo bzcat ;;
    fd377a58) echo xzcat ;;
    28b52ffd) echo zstdcat ;;
    *) echo cat ;;
    esac
}

gnu_tar() {
    tool tar >/dev/null || return 1
    case $("$(tool tar)" --version 2>/dev/null) in *'GNU tar'*) ;; *) return 1 ;; esac
}

# engine_with IMAGE: prints docker or podman, whichever has the image or can get it.
engine_with() {
    for engine in docker podman; do
        tool "$engine" >/dev/null || continue
        if "$engine" image inspect "$1" >/dev/null 2>&1 || "$engine" pull "$1" >&2; then
            echo "$engine"
            return
        fi
    done
    return 1
}

# engine_fill ENGINE IMAGE DIR: by its layers. `export` of a container would be one tar, but not the image: docker adds
# /.dockerenv and /etc/mtab and covers /etc/hosts, /etc/hostname and /etc/resolv.conf.
engine_fill() {
    say "taking $2 from $1"
    rm -rf "$state/archive"
    mkdir "$state/archive"
    "$1" save "$(tagged "$2")" >"$state/archive.tar" || missing "the image $2: $1 save failed"
    unpack "$state/archive.tar" "$state/archive"
    rm -f "$state/archive.tar"
    layers_fill "$state/archive" "$3"
    rm -rf "$state/archive"
}

# tagged IMAGE: without a tag `docker save` would give every image of that name.
tagged() {
    case ${1##*/} in
    *@* | *:*) printf '%s\n' "$1" ;;
    *) printf '%s\n' "$1:latest" ;;
    esac
}

# bootstrap_fill IMAGE DIR: Debian, made from its packages.
bootstrap_fill() {
    bootstrap_name=$(full_reference "$1")
    case $bootstrap_name in debian:*) ;; *) return 1 ;; esac
    bootstrap_name=${bootstrap_name#debian:}
    case ${bootstrap_name%-slim} in
    10* | buster) set -- buster "$2" ;;
    11* | bullseye) set -- bullseye "$2" ;;
    12* | bookworm) set -- bookworm "$2" ;;
    13* | trixie) set -- trixie "$2" ;;
    sid | testing | stable) set -- "${bootstrap_name%-slim}" "$2" ;;
    *) return 1 ;;
    esac
    for bootstrap in mmdebstrap debootstrap; do
        tool "$bootstrap" >/dev/null || continue
        warn "no engine has debian:$bootstrap_name: $bootstrap makes it from today's packages, much like the image, not the same"
        "$bootstrap" --variant=minbase "$1" "$2" >&2 || missing "the base image debian:$bootstrap_name: $bootstrap failed"
        return
    done
    return 1
}

# base_env_found: prints the environment of the current stage's base, as quoted words.
base_env_found() {
    [ "$stage_image" != scratch ] || return 0
    if [ -z "$stage_now" ] && [ -z "$target_root" ]; then
        caller_environment
    elif env_engine=$(engine_with "$stage_image" 2>/dev/null); then
        # printf with \001 between: a value may have newlines in it
        "$env_engine" image inspect -f '{{range .Config.Env}}{{printf "%s\x01" .}}{{end}}' "$stage_image" | tr '\001\n' '\n\001' |
            awk '/=/ { gsub(/\047/, "\047\\\047\047"); gsub(/\001/, "\n"); printf " \047%s\047", $0 }'
    elif image_is_target "$stage_image" && [ -z "$target_root" ]; then
        caller_environment
    else
        warn "the environment of $stage_image is not known here: the steps get PATH alone"
    fi
}
