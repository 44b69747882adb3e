# Outlives the one who started it, however that one dies, and takes away what he had with an engine:
#   sh undertaker.sh ENGINE CONTAINER [IMAGE]
# Standard input is a pipe from him. It ends when he ends; a line on it first says that all of his own commands have ended. Else
# one of them may be still on its way to the engine, so there is a second round.

trap '' HUP INT TERM
engine=$1 container=$2 image=${3-}

take_away() {
    "$engine" rm -f -v "$container"
    [ -z "$image" ] || "$engine" image rm -f "$image"
}

# podman that was killed in the middle of a start has no first process on record, and forgets a container whose conmon and `runc
# init` wait for the rest. conmon's words have the container's name and number, the others' control group has the number.
strays() {
    grep -l -- "$container" /proc/[0-9]*/cmdline | while IFS= read -r words; do
        case $(readlink "${words%/cmdline}/exe") in
        */conmon) stray "${words%/cmdline}" "$(tr '\0' '\n' <"$words" | sed -n '/^-c$/ { n; p; q; }')" ;;
        esac
    done
}

# stray CONMON NUMBER
stray() {
    kill -KILL "${1#/proc/}"
    for runtime in runc crun; do
        "$runtime" delete --force "$2"
    done
    for place in /proc/[0-9]*; do
        ! grep -q "/libpod-$2" "$place/cgroup" || kill -KILL "${place#/proc/}"
    done
}

if read -r said && [ "$said" = "done" ]; then
    take_away
else
    take_away
    sleep 2
    take_away
    case $engine in *podman) strays ;; esac
fi >/dev/null 2>&1
