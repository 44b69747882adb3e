#!/bin/sh
# What installs rpms, as it is; but dnf, of all packages, sees those alone that were locked (dnf.conf(5), includepkgs). prefer does
# without that where it fails so. microdnf and zypper cannot be told.
. /dev/dock2sh/common
name=${0##*/}
real "$name"
brings='' elsewhere=''

words() {
    for word; do
        case $name:$word in
        microdnf:--installroot* | dnf*:--installroot* | yum:--installroot* | zypper:--root* | zypper:-R | zypper:--installroot*) elsewhere=yes ;;
        esac
        case $word in
        install | reinstall | upgrade | update | upgrade-* | update-* | up | distro-sync | dsync | distribution-synchronization | \
            downgrade | dg | group* | builddep | build-dep | swap | module | localinstall | in | rei) brings=yes ;;
        esac
    done
}

installed() {
    sh "$lock/rpms"
}

# held_rpms: prints those of the step as dnf writes them, NAME-EPOCH:VERSION-RELEASE.ARCH; NAME where it may move.
held_rpms() {
    while read -r kind its_name its_architecture its_version _; do
        case $kind:$its_version in
        rpm:\*) printf '%s\n' "$its_name" ;;
        rpm:*:*) printf '%s\n' "$its_name-$its_version.$its_architecture" ;;
        rpm:*) printf '%s\n' "$its_name-0:$its_version.$its_architecture" ;;
        esac
    done <"$lock/lock"
}

# lost: those of them that the repositories do not have.
lost() {
    held_rpms | sort -u >"$held"
    # shellcheck disable=SC2046 # words without blanks
    "$real" -q --setopt=includepkgs= repoquery $(cat "$held") 2>/dev/null | sort -u >"$held.known"
    while read -r package; do
        case $package in *:*) grep -q -x -F -e "$package" "$held.known" || printf '%s ' "$package" ;; esac
    done <"$held"
    rm -f "$held" "$held.known"
}

# as_locked WORD...
as_locked() {
    only=$(held_rpms | tr '\n' ',')
    noting "--setopt=includepkgs=${only:-nothing-is-locked}" "$@" && return
    status=$?
    held=$lock/step/rpms.$$
    lost=$(lost)
    [ -z "$lost" ] || deviates "$name cannot have ${lost% }: locked, but gone from its repositories"
    [ "$lock_mode" = prefer ] || return "$status"
    noting "$@"
}

words "$@"
case $name in microdnf | zypper) brings='' ;; esac
if [ -n "$elsewhere" ]; then
    unlocked "$name" "$@"
elif [ -n "$brings" ] && { locks rpm || locks asks rpm; }; then
    as_locked "$@"
    exit
fi
noting "$@"
