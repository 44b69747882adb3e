# ROOT DIRECTORY UID NAME=VALUE... -- COMMAND...: into the root and the directory, down to the user, the command.
my ($root, $directory, $uid) = splice @ARGV, 0, 3;
%ENV = ();
while ((my $pair = shift) ne '--') {
    my ($name, $value) = split /=/, $pair, 2;
    $ENV{$name} = $value;
}
(chroot $root and chdir $directory) or do { print STDERR "$directory: $!\n"; exit 1 };
($<, $>) = ($uid, $uid);
exec { $ARGV[0] } @ARGV or do { print STDERR "$ARGV[0]: $!\n"; exit($! == 2 ? 127 : 126) };
