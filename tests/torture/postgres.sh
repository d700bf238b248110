# postgres under pgbench: a fixed number of transactions, then the contents of the tables.  It refuses to run as root.
bin=$(echo /usr/lib/postgresql/*/bin | sed 's/.* //')
as() { "$@"; }
if [ "$(id -u)" = 0 ]; then
	as() { setpriv --reuid=postgres --regid=postgres --clear-groups env HOME="$PWD" "$@"; }
	chmod 755 .. .
	mkdir -p "$run" db sock
	chown postgres "$run" db sock
fi
as "$bin/initdb" -D "$PWD/db" -A trust -N > initdb.log 2>&1 || { tail initdb.log; exit 1; }
as $watch "$bin/postgres" -D "$PWD/db" -k "$PWD/sock" -c listen_addresses= -c fsync=off > server.log 2>&1 &
pid=$!
until as psql -h "$PWD/sock" -d postgres -c 'select 1' > client.log 2>&1; do
	kill -0 $pid 2> /dev/null || { tail server.log; exit 1; }
	sleep 0.1
done
as pgbench -h "$PWD/sock" -i -q -s 1 postgres > init.log 2>&1 || { tail init.log; exit 1; }
as pgbench -h "$PWD/sock" -n -c 4 -j 2 -t 100 --random-seed=7 postgres > run.log 2>&1 || { tail run.log; exit 1; }
grep -E 'actually processed|failed' run.log
as psql -h "$PWD/sock" -d postgres -At -c 'select count(*) from pgbench_history' \
	-c 'select sum(abalance) = (select sum(delta) from pgbench_history) from pgbench_accounts' \
	-c 'select count(*), sum(length(md5(aid::text))) from pgbench_accounts' \
	-c 'set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0; select sum(hashint4(aid)::bigint) from pgbench_accounts'
as "$bin/pg_ctl" -D "$PWD/db" -m fast stop > stop.log 2>&1
wait $pid
