# Prints the environment that a file of shell text sets, a NUL after each.   env -i sh -c "$(program_variables)" sh FILE ENV-PROGRAM
set -a
# shellcheck source=/dev/null
. "$1"
exec "$2" -0
