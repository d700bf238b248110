# mariadbd under sysbench: a fixed number of transactions, then the contents of the tables.
server() { mariadb --no-defaults -S "$PWD/sock" "$@"; }
mkdir db
$watch mariadbd --no-defaults --datadir="$PWD/db" --socket="$PWD/sock" --pid-file="$PWD/pid" --user="$(id -un)" \
	--skip-networking --skip-grant-tables --innodb-buffer-pool-size=32M > server.log 2>&1 &
pid=$!
until server -e 'select 1' > client.log 2>&1; do
	kill -0 $pid 2> /dev/null || { tail server.log; exit 1; }
	sleep 0.1
done
server -e 'create database sbtest'
bench() {
	sysbench oltp_read_write --db-driver=mysql --mysql-socket="$PWD/sock" --mysql-user="$(id -un)" --rand-seed=7 \
		--tables=2 --table-size=2000 --threads="$1" --events="$2" --time=0 --report-interval=0 "$3"
}
bench 1 0 prepare > prepare.log 2>&1 || { cat prepare.log; exit 1; }
server sbtest -e 'create table own (id int primary key, a int, b varchar(200), key (a)) engine=innodb;
	insert into own select seq, seq * 7919 % 1009, repeat(md5(seq), 1 + seq % 6) from seq_1_to_5000;
	checksum table own; select a % 10, count(*), max(b) from own group by 1 order by 1'
bench 1 300 run > run1.log 2>&1 || { cat run1.log; exit 1; }
grep -E '^ +(read|write|other|total|transactions|ignored errors):' run1.log | sed 's/(.*//'
server sbtest -e 'select count(*) from sbtest1; check table sbtest1, sbtest2 extended'
bench 4 300 run > run4.log 2>&1 || { cat run4.log; exit 1; }
grep -E 'transactions:' run4.log | sed 's/(.*//'
server sbtest -e 'select count(*) from sbtest1; checksum table own; shutdown'
wait $pid
