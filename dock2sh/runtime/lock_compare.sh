# A lock, compared: what the root has of packages, before and after a step, and what of it is not as it was locked (lock.sh).

# lock_installed: prints the packages that the root's databases know: deb NAME ARCH VERSION; apk and rpm NAME ARCH VERSION CHECKSUM.
lock_installed() {
    {
        for lock_database in /var/lib/dpkg/status /lib/apk/db/installed /usr/lib/apk/db/installed; do
            resolve "$lock_database"
            [ ! -f "$root$resolved" ] || LC_ALL=C awk "$(program_installed)" "$root$resolved"
        done
        ! lock_copy_rpms || lock_rpms
    } | LC_ALL=C sort -u
}

# lock_copy_rpms: rpm's database, in $state/rpms; where there is one, and an rpm to read it. Only what is a file: a step may have
# put a link there that leads out of the root.
lock_copy_rpms() {
    rm -rf "$state/rpms"
    for lock_database in /var/lib/rpm /usr/lib/sysimage/rpm /root/.rpmdb; do # the last is that of Debian's rpm and dnf
        resolve "$lock_database"
        for lock_file in "$root$resolved"/rpmdb.sqlite* "$root$resolved"/Packages*; do
            if [ ! -f "$lock_file" ] || [ -L "$lock_file" ]; then continue; fi
            mkdir -p "$state/rpms"
            cp "$lock_file" "$state/rpms"
        done
        [ ! -d "$state/rpms" ] || break
    done
    [ -d "$state/rpms" ] && lock_has_tool rpm
}

# lock_rpms: no tool of the machine reads rpm's databases, of which there are three kinds: the root's own rpm is asked, in a RUN of
# its own. A copy is read, because who only asks changes files, too.
# Only for a subshell: what the words have set for the step is otherwise here.
lock_rpms() {
    user=root cwd=/ cwd_text=/ run_mounts='' run_network='' run_security='' run_script='' run_placer=lock_rpms_place run_after=''
    : "$user$cwd$cwd_text$run_mounts$run_network$run_security$run_script$run_after"
    run_wanted sh -c "$(program_lock_rpms)" sh /dev/dock2sh
}

lock_rpms_place() {
    place_point /dev/dock2sh directory
    if [ "$mode" = plain ]; then
        swap_cache "$state/rpms" "$place"
    else
        mount_word place_bind "$state/rpms" "$place" ''
    fi
}

# lock_compare: prints a line for each package that is not as it was locked, and for those that apk and rpm brought besides
# (apt's are looked at before they are unpacked).
lock_compare() {
    lock_installed | LC_ALL=C awk '
        FILENAME == ARGV[1] {
            key = $1 " " $2 " " $3
            if ($1 == "asks") asked[$2]
            if ($1 != "deb" && $1 != "apk" && $1 != "rpm") next
            asked[$1]; known[key]
            if ($4 != "*" && $6 != "gone") want[key " " $4] = $5
            next
        }
        FILENAME == ARGV[2] { before[$0]; next }
        {
            key = $1 " " $2 " " $3
            have[key] = $4; sum[key " " $4] = $5
            if (!($0 in before) && !(key in known) && $1 != "deb" && $1 in asked)
                print "the package " $2 " " $4 " came with the step, but is not locked"
        }
        END {
            for (row in want) {
                split(row, part, " ")
                key = part[1] " " part[2] " " part[3]
                if (row in sum) {
                    if (part[1] != "deb" && want[row] != "-" && sum[row] != "-" && sum[row] != want[row])
                        print "the package " part[2] " has another checksum than locked"
                } else if (key in have) print "the package " part[2] " is " have[key] ", locked is " part[4]
                else print "the package " part[2] " is not installed, but locked"
            }
        }' "$lock_home/lock" "$state/installed" - | LC_ALL=C sort
    lock_compare_pip
    lock_compare_places
}

lock_compare_pip() {
    grep -q '^pip ' "$lock_home/lock" || return 0
    lock_fetched_by_pip | awk '
        FILENAME == ARGV[1] { if ($1 == "pip") want[$5] = $4; next }
        $1 != "fetched" || $2 in told { next }
        { told[$2] = 1 }
        !($2 in want) { print "pip took " $2 ", which is not locked"; next }
        $3 != "-" && want[$2] != "-" && want[$2] != $3 { print $2 " is not the file that was locked (sha256 " $3 ", locked is " want[$2] ")" }' "$lock_home/lock" -
}

# lock_conflicts: prints a line for each version that pip could not have: its index has lost it, or something wants another one.
lock_conflicts() {
    sed -n 's/.*The user requested (constraint) \([^ ]*\).*/pip cannot have \1, which is locked: is it gone from the index?/p' \
        "$lock_home/step/pip.log" | LC_ALL=C sort -u
}

# lock_compare_places: what is known by a place in the root: `at PATH NAME VERSION`, and `npm PATH VERSION`.
lock_compare_places() {
    while read -r lock_kind lock_place lock_name lock_version _; do
        case $lock_kind in at | npm) resolve "$lock_place" ;; *) continue ;; esac
        if [ ! -e "$root$resolved" ]; then
            echo "$lock_name ${lock_version:-} is locked, but there is no $lock_place"
        elif [ "$lock_kind" = npm ]; then
            lock_version_is "$root$resolved/package.json" || echo "$lock_place is not version $lock_name, which is locked"
        fi
    done <"$lock_home/lock"
}

# npm writes a package.json as its author did: the first "version" of the outermost object is the one.
lock_version_is() {
    [ -f "$1" ] && [ ! -L "$1" ] && LC_ALL=C tr -d '\n' <"$1" | grep -q "\"version\"[[:space:]]*:[[:space:]]*\"$lock_name\""
}
