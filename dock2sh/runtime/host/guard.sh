# What is harmless in a container and not on a machine that has other tasks, too.

# guard_apt: for the time of a step apt is told what a container's base image tells it, and never to remove by itself what this
# machine had before.
guard_apt() {
    guard_policy
    [ -d "$root/etc/apt/apt.conf.d" ] || return 0
    {
        echo 'APT::AutoRemove::SuggestsImportant "false";' # as in docker's images of Debian and Ubuntu
        echo 'Acquire::Languages "none";'
        echo 'DPkg::Options:: "--force-unsafe-io";' # nothing of a step counts before its end
        sed 's/[][\\.*+?(){}|^$"]/\\&/g; s/.*/APT::NeverAutoRemove:: "^&$";/' "$service_place/packages" 2>/dev/null
    } >"$root/etc/apt/apt.conf.d/99dock2sh"
}

guard_apt_off() {
    step_is_on_machine || return 0
    rm -f "$step_root/etc/apt/apt.conf.d/99dock2sh"
    ! [ "$(cat "$state/policy" 2>/dev/null)" = ours ] || rm -f "$step_root/usr/sbin/policy-rc.d"
}

# guard_policy: as in docker's images, no init script is started by a package.
guard_policy() {
    echo theirs >"$state/policy"
    [ -x "$root/usr/sbin/invoke-rc.d" ] && [ ! -e "$root/usr/sbin/policy-rc.d" ] || return 0
    echo ours >"$state/policy"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 0755 "$root/usr/sbin/policy-rc.d"
}

# guard_packages_before: what was installed before the first step of all.
guard_packages_before() {
    [ "$way" = merge ] && [ ! -f "$service_place/packages" ] || return 0
    packages_in '' >"$service_place/packages.new"
    mv "$service_place/packages.new" "$service_place/packages"
}

# guard_packages: fails if the step has removed packages that were here before. Nothing of it has reached the machine.
guard_packages() {
    packages_in '' >"$state/packages.now"
    LC_ALL=C comm -12 "$state/packages.now" "$service_place/packages" >"$state/packages.had"
    packages_in "$step_root" >"$state/packages.have"
    guard_lost=$(LC_ALL=C comm -23 "$state/packages.had" "$state/packages.have" | tr '\n' ' ')
    [ -n "$guard_lost" ] || return 0
    [ -z "$host_removal" ] || { warn "this step removes packages that were here before: $guard_lost" && return; }
    fail "the step would remove packages that this machine had before: ${guard_lost% }. Nothing of it was put in place. \
--allow-removal lets it, --way root sets $service_name up in a tree of its own"
}

# guard_services: in a container nothing starts what a package brings. Here it would at the next boot, or at a user's next login: such
# units are masked. What cron will run stays and is named: there is no mask for it.
guard_services() {
    [ -z "$host_services" ] || return 0
    each_layer record_changes >"$state/delta"
    rewind_seen "$state/delta" | LC_ALL=C awk "$(program_started)" | LC_ALL=C sort -u >"$state/started"
    [ -s "$state/started" ] || return 0
    while IFS='	' read -r guard_kind guard_what; do
        case $guard_kind in
        cron) guard_cron "$guard_what" ;;
        *) guard_mask "$guard_kind" "$guard_what" ;;
        esac
    done <"$state/started"
    changes_find
}

# guard_cron PATH
guard_cron() {
    tool cron >/dev/null || tool crond >/dev/null || tool anacron >/dev/null || return 0
    say "$guard_what: this machine's cron will run it; in a container nothing does"
}

# guard_mask system|user UNIT: its file in /etc, if it has one there, cannot be masked: then what enables it goes.
guard_mask() {
    case $2 in "$service_name.service" | "$service_name"-health.timer) return 0 ;; esac
    guard_place=$step_root/etc/systemd/$1/$2
    if ! [ -e "$guard_place" ] && ! [ -L "$guard_place" ]; then
        ln -s /dev/null "$guard_place"
        say "masked: $2 came with a package; in a container nothing starts it (--allow-services leaves it enabled)"
    elif [ "$(readlink "$guard_place")" != /dev/null ]; then
        rm -f "$step_root/etc/systemd/$1/"*.wants/"$2" "$step_root/etc/systemd/$1/"*.requires/"$2"
        say "disabled: $2 came with a package; in a container nothing starts it (--allow-services leaves it enabled)"
    fi
}
