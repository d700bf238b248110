# mariadbd under sysbench: a fixed number of transactions, then what is in the tables.
server() { mariadb --no-defaults -S "$PWD/sock" "$@"; }
mkdir data
$watch mariadbd --no-defaults --datadir="$PWD/data" --socket="$PWD/sock" --pid-file="$PWD/pid" --user="$(id -un)" \
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
server sbtest -e 'checksum table sbtest1, sbtest2'
bench 1 300 run > run1.log 2>&1 || { cat run1.log; exit 1; }
grep -E '^ +(read|write|other|total|transactions|ignored errors):' run1.log | sed 's/(.*//'
server sbtest -e 'select count(*), sum(id), sum(k) from sbtest1; checksum table sbtest1, sbtest2'
bench 4 300 run > run4.log 2>&1 || { cat run4.log; exit 1; }
grep -E 'transactions:' run4.log | sed 's/(.*//'
server sbtest -e 'select count(*) from sbtest1; shutdown'
wait $pid
