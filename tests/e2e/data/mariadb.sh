#!/bin/sh
# A MariaDB server with its data in this directory answers queries: mariadb.sh ROUNDS.  LD_PRELOAD, or $WATCHED in front, is
# for the server alone.
watched=${WATCHED:-env LD_PRELOAD=$LD_PRELOAD}
unset LD_PRELOAD WATCHED
mkdir mariadb.data
$watched mariadbd --no-defaults --datadir="$PWD/mariadb.data" --socket="$PWD/mariadb.sock" \
	--pid-file="$PWD/mariadb.pid" --user="$(id -un)" --skip-networking --skip-grant-tables \
	--innodb-buffer-pool-size=16M --innodb-log-file-size=8M --innodb-flush-log-at-trx-commit=2 > mariadb.log 2>&1 &
server=$!
until mariadb --no-defaults -S mariadb.sock -e 'select 1' > client.log 2>&1; do
	kill -0 $server 2> /dev/null || { tail mariadb.log; exit 1; }
	sleep 0.05
done
{
	echo "create database d; use d;
	      create table t (id int primary key auto_increment, a int, b varchar(100), key (a)) engine=innodb;"
	i=0
	while [ $i -lt "$1" ]; do
		echo "insert into t (a, b) values ($i % 17, concat('x', $i)), ($i % 13, repeat('y', 50));
		      select a, count(*), group_concat(b order by b limit 3) from t where a < 9
		          group by a having count(*) > 1 order by 2;
		      update t set b = left(concat(b, 'z'), 99) where id = $i;
		      select * from t t1 join t t2 using (a) where t1.id = $i limit 5;"
		i=$((i + 1))
	done
	echo "shutdown;"
} | mariadb --no-defaults -S mariadb.sock > client.log 2>&1 || { tail -3 client.log; exit 1; }
wait $server
