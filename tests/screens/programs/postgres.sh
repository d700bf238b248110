# A server answers pgbench's four clients.  It refuses to run as root.
set -e
directory=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
as=
if [ "$(id -u)" = 0 ]; then
	as="runuser -u postgres --"
	chown postgres .
fi
$as "$directory/initdb" -D data.pg -A trust -U postgres > initdb.log
$as $WATCHED "$directory/postgres" -D data.pg -k "$PWD" -c listen_addresses= > postgres.log 2>&1 &
server=$!
until psql -q -h "$PWD" -U postgres -c 'select 1' > psql.log 2>&1; do
	kill -0 $server 2> /dev/null || { cat postgres.log; exit 1; }
	sleep 0.1
done
pgbench -h "$PWD" -U postgres -i -q postgres > pgbench.log 2>&1
pgbench -h "$PWD" -U postgres -c 4 -t 100 -n postgres >> pgbench.log 2>&1
$as "$directory/pg_ctl" -D data.pg -m fast -W stop > stop.log
wait $server
