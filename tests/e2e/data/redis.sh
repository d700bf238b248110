#!/bin/sh
# A redis-server in this directory under load: redis.sh REQUESTS-OF-EACH-KIND [THREADS].  LD_PRELOAD, or $WATCHED in
# front, is for the server alone.
watched=${WATCHED:-env LD_PRELOAD=$LD_PRELOAD}
unset LD_PRELOAD WATCHED
$watched redis-server --port 0 --unixsocket "$PWD/redis.sock" --save '' --appendonly no --io-threads "${2:-2}" \
	--loglevel warning > redis.log 2>&1 &
server=$!
until redis-cli -s redis.sock ping > ping.log 2>&1; do
	kill -0 $server 2> /dev/null || { cat redis.log; exit 1; }
	sleep 0.05
done
redis-benchmark -s redis.sock -t set,get,incr,lpush,rpop,sadd,hset,zadd,mset -n "$1" -c 20 -d 100 -r 1000 -P 4 -q \
	> load.log || exit 1
redis-cli -s redis.sock shutdown nosave
wait $server
