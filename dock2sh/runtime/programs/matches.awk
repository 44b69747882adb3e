# The names (./name, one a line) that match a wildcard, as base/name. The ERE sees the base too.
{
    path = ENVIRON["base"] substr($0, 3)
    if (path ~ ENVIRON["ere"]) print path
}
