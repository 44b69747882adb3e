# The names (./name, one a line) that match a wildcard, as base/name. The ERE sees the base too.
BEGIN { wanted = bytes(ENVIRON["ere"]) }
{
    path = ENVIRON["base"] substr($0, 3)
    if (path ~ wanted) print path
}
