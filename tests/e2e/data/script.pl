use strict;
use warnings;

my %count;
for my $i (1 .. 4000) {
	my $key = join '-', map { $i % $_ } 2 .. 6;
	push @{ $count{$key} }, "value $i";
}
my @keys = sort { @{ $count{$b} } <=> @{ $count{$a} } || $a cmp $b } keys %count;
print scalar(@keys), " keys, first $keys[0], last $keys[-1]\n";
my $text = join ' ', map { "w$_" } 1 .. 2000;
$text =~ s/w(\d+)/$1 % 3 ? "x$1" : uc "y$1"/ge;
print length($text), " ", substr($text, 100, 20), "\n";
exit 3;
