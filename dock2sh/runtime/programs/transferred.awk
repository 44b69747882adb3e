# Ends with 0 if one of the paths (one a line) matches one of the expressions in the file `needed`.
BEGIN { while ((getline line < ENVIRON["needed"]) > 0) wanted[++count] = bytes(line) }
{
    for (i = 1; i <= count; i++) if ($0 ~ wanted[i]) {
        found = 1
        exit
    }
}
END { exit !found }
