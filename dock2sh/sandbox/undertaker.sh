# Outlives the one who started it, however that one dies, and takes away what he had with an engine:
#   sh undertaker.sh ENGINE CONTAINER [IMAGE]
# Standard input is a pipe from him. It ends when he ends; a line on it first says that all of his own commands have ended. Else
# one of them may be still on its way to the engine, so there is a second round.

trap '' HUP INT TERM

take_away() {
    "$1" rm -f -v "$2"
    [ -z "${3-}" ] || "$1" image rm -f "$3"
}

if read -r said && [ "$said" = "done" ]; then
    take_away "$@"
else
    take_away "$@"
    sleep 2
    take_away "$@"
fi >/dev/null 2>&1
