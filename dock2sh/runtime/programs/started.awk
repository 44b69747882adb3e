# Of lines "A<tab>PATH", those of what a machine starts by itself and a container does not: `system UNIT`, `user UNIT` (what enables a unit
# is a link in a directory of another one; an init script's are in /etc/rc?.d), `cron PATH`. A tab between.
BEGIN { FS = "/"; OFS = "\t" }
/^A\t\/etc\/systemd\/(system|user)\/[^\/]*[.](wants|requires)\/[^\/]+$/ { print $4, $NF }
/^A\t\/etc\/rc[S2345][.]d\/S[0-9][0-9][^\/]+$/ { print "system", substr($NF, 4) ".service" }
/^A\t\/etc\/cron[.](d|hourly|daily|weekly|monthly)\/[^\/.][^\/]*$/ || /^A\t\/var\/spool\/cron\/(crontabs\/)?[^\/]+$/ {
    print "cron", substr($0, 3)
}
