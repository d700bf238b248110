#!/bin/sh
# A redis-server in this directory answers some commands and is ended by SIGTERM.  $WATCHED is for the server alone.  What
# depends on time or chance is left out: its log of slow commands, and skip lists.
watched=$WATCHED
unset WATCHED
$watched /usr/bin/redis-server --port 0 --unixsocket redis.sock --save '' --appendonly no --loglevel warning --slowlog-log-slower-than -1 > redis.log 2>&1 &
server=$!
until redis-cli -s redis.sock ping > ping.log 2>&1; do
	kill -0 $server 2> /dev/null || { cat redis.log; exit 1; }
	sleep 0.05
done
i=0
while [ $i -lt 100 ]; do
	echo "SET key$i value$i
RPUSH list$((i % 7)) $i
HSET hash$((i % 5)) f$i $i
ZADD ranks $i m$i
SADD set $i
DEL key$((i / 2))"
	i=$((i + 1))
done | redis-cli -s redis.sock > answers.log
kill -TERM $server
wait $server
